"""What people do that is not training: stretches without a single repetition, however much the trunk bends."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from firmware_proto.motion_model import UPRIGHT_DEG
from firmware_proto.motion_plan import SetPlan
from firmware_proto.motion_scenes import Scene, pick_up, walk


def write_daily(kind: str, seconds: float, plan: SetPlan, rng: np.random.Generator) -> Scene:
    """Repeat one activity, or all of them by turns (`mixed`), for at least `seconds`.

    Raises:
        ValueError: There is no such activity; the message lists those that exist.
    """
    if kind != "mixed":
        _check(kind)
    scene = Scene(plan, rng)
    scene.script.wait(plan.still_s)
    while scene.script.now_s < seconds:
        start = scene.script.now_s
        name = str(rng.choice(list(DAILY))) if kind == "mixed" else kind
        DAILY[name](scene)
        scene.note(name, start)
        scene.script.wait(scene.about(2.0, 0.8))
    return scene


def do_daily(scene: Scene, name: str) -> None:
    """One activity beside a set, upright before and after, drawn from the scene's `aside`.

    Raises:
        ValueError: There is no such activity.
    """
    _check(name)
    own = Scene(scene.plan, scene.aside, script=scene.script, movements=scene.movements)
    scene.script.wait(own.about(7.5, 0.6))  # getting one's breath back
    start = scene.script.now_s
    DAILY[name](own)
    own.note(name, start)
    scene.script.wait(own.about(2.0, 0.5))


def _check(kind: str) -> None:
    if kind not in DAILY:
        raise ValueError(f"There is no activity {kind!r}; use one of: {', '.join([*DAILY, 'mixed'])}")


def _walking(scene: Scene) -> None:
    walk(scene, scene.about(10.0, 0.5), float(scene.rng.uniform(-120, 120)))


def _standing(scene: Scene) -> None:
    scene.script.wait(scene.about(12.0, 0.5))


def _chair(scene: Scene) -> None:
    """Sit down, sit a while (upright or leaning back), stand up: the trunk leans forward both times."""
    script, about = scene.script, scene.about
    lean, back = about(52.0, 0.2), float(scene.rng.uniform(85, 108))
    script.move(about(0.7), pitch=lean, z=-about(0.15), x=script.pose["x"] - 0.10)
    script.move(about(0.9), pitch=back, z=-0.45, x=script.pose["x"] - 0.15, rise=1.5)
    script.wait(about(14.0, 0.5))
    script.move(about(0.8), pitch=lean, z=-0.42)
    script.move(about(0.9), pitch=UPRIGHT_DEG, z=0.0, x=script.pose["x"] + 0.25, rise=1.5)
    script.wait(about(9.0, 0.5))


def _turning(scene: Scene) -> None:
    """Turn on the spot."""
    script, about = scene.script, scene.about
    turn = float(scene.rng.choice([-180.0, -90.0, 90.0, 180.0]))
    script.move(about(1.6), yaw=script.pose["yaw"] + turn, tilt=float(scene.rng.uniform(-4, 4)))
    script.move(about(0.5), tilt=0.0)
    script.wait(about(2.0, 0.6))


def _lying(scene: Scene) -> None:
    """Lie down on the back or the belly by way of sitting or kneeling, and get up again."""
    script, about = scene.script, scene.about
    supine = bool(scene.rng.integers(2))
    script.move(about(1.5), pitch=70.0, z=-0.45)
    script.wait(about(0.5, 0.6))
    script.move(about(1.8), pitch=100.0 if supine else 25.0, z=-0.8 if supine else -0.5, tilt=about(6.0))
    script.move(about(1.8), pitch=about(176.0, 0.02) if supine else about(2.0, 1.0), z=-0.85, tilt=0.0)
    script.wait(about(12.0, 0.5))
    script.move(about(1.8), pitch=100.0 if supine else 25.0, z=-0.8 if supine else -0.5, tilt=-about(6.0))
    script.move(about(1.6), pitch=70.0, z=-0.45, tilt=0.0)
    script.move(about(1.5), pitch=UPRIGHT_DEG, z=0.0)
    script.wait(about(8.0, 0.4))


def _plates(scene: Scene) -> None:
    """Pick a plate up, carry it off."""
    pick_up(scene)
    walk(scene, scene.about(11.0, 0.3), float(scene.rng.choice([-90.0, 90.0, 180.0])))


def _side_bends(scene: Scene) -> None:
    """Bend to both sides, not without some flexion."""
    script, about = scene.script, scene.about
    for side in (-1.0, 1.0) * int(scene.rng.integers(2, 5)):
        script.move(about(1.1), tilt=side * about(28.0, 0.3), pitch=UPRIGHT_DEG - about(6.0, 0.9))
        script.wait(about(0.5, 0.8))
        script.move(about(1.1), tilt=0.0, pitch=UPRIGHT_DEG)
        script.wait(about(0.4, 0.9))


def _twists(scene: Scene) -> None:
    """Turn the trunk to both sides over still feet."""
    script, about = scene.script, scene.about
    for side in (-1.0, 1.0) * int(scene.rng.integers(2, 5)):
        script.move(about(0.9), yaw=script.pose["yaw"] + side * about(45.0, 0.0), pitch=UPRIGHT_DEG - about(4.0, 0.9))
        script.wait(about(0.4, 0.8))
        script.move(about(0.9), yaw=script.pose["yaw"] - side * about(45.0, 0.0), pitch=UPRIGHT_DEG)
        script.wait(about(0.3, 0.9))


DAILY: dict[str, Callable[[Scene], None]] = {
    "walking": _walking,
    "standing": _standing,
    "chair": _chair,
    "turning": _turning,
    "lying": _lying,
    "pick-ups": _plates,
    "side-bends": _side_bends,
    "twists": _twists,
}
"""The activities `write_daily` knows."""
