"""What a person does around a set, as a script: walking, plates, getting in position and out of it.

The hip's height follows the posture, so that lying down, kneeling and squatting move the sensor as they do in life.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from firmware_proto.motion_model import UPRIGHT_DEG, Script
from firmware_proto.motion_plan import SetPlan
from firmware_proto.motion_truth import Cycle, Movement


@dataclass(slots=True)
class Scene:
    """A script being written, with the notes that become the truth.

    `aside` is a stream of random numbers for what is not in every plan: drawing from it leaves all else as it was.
    """

    plan: SetPlan
    rng: np.random.Generator
    script: Script = field(default_factory=Script)
    cycles: list[Cycle] = field(default_factory=list)
    movements: list[Movement] = field(default_factory=list)
    aside: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.aside = self.rng.spawn(1)[0]

    def about(self, value: float, spread: float = 0.2) -> float:
        """`value` give or take a share, uniform."""
        return float(value * self.rng.uniform(1.0 - spread, 1.0 + spread))

    def note(self, kind: str, start_s: float) -> None:
        """Write down that what happened since `start_s` must not count."""
        self.movements.append(Movement(kind=kind, start_s=start_s, end_s=self.script.now_s))


def walk(scene: Scene, seconds: float, turn_deg: float = 0.0) -> None:
    """Walk for a while."""
    start = scene.script.now_s
    step_hz, speed = float(scene.rng.uniform(1.6, 2.1)), float(scene.rng.uniform(0.7, 1.3))
    scene.script.walk(seconds, step_hz=step_hz, speed_mps=speed, turn_deg=turn_deg)
    scene.note("walk", start)


def pick_up(scene: Scene) -> None:
    """Bend for a plate with bent knees, take hold, come up, carry it a few steps."""
    script, about, start = scene.script, scene.about, scene.script.now_s
    height, side = script.pose["z"], float(scene.rng.uniform(-12, 12))
    script.move(about(1.2), pitch=about(45.0), z=height - about(0.35), tilt=side)
    script.wait(about(0.8, 0.5))
    script.move(about(1.1), pitch=UPRIGHT_DEG, z=height, tilt=0.0)
    scene.note("pick-up", start)
    walk(scene, about(3.0, 0.4), float(scene.rng.choice([-90.0, 90.0, 180.0])))
    script.wait(about(1.0, 0.5))


def begin_in_position(scene: Scene) -> None:
    """The recording begins in the posture from which the first repetition starts."""
    scene.script.pose["pitch"] = scene.script.initial["pitch"] = scene.plan.ready_deg


def get_in(scene: Scene) -> None:
    """Walk up and take the starting posture."""
    walk(scene, scene.about(4.0, 0.4), float(scene.rng.uniform(-120, 120)))
    scene.script.wait(scene.about(1.0, 0.5))
    start = scene.script.now_s
    {"bench": _onto_bench, "floor": _onto_floor, "rack": _under_bar, "ground": _down_to_bar}[scene.plan.kind.support](
        scene
    )
    scene.note("set-up", start)


def get_out(scene: Scene) -> None:
    """Leave the position, upright again, and walk off."""
    scene.script.wait(scene.about(0.9, 0.6))
    start = scene.script.now_s
    support = scene.plan.kind.support
    {"bench": _off_bench, "floor": _off_floor, "rack": _rack_bar, "ground": _let_go}[support](scene)
    scene.note("step-off", start)
    walk(scene, scene.about(3.0, 0.4), float(scene.rng.uniform(-150, 150)))


def _onto_bench(scene: Scene) -> None:
    """Lean on the pads, shift about until it fits, then hang."""
    script, about, rng = scene.script, scene.about, scene.rng
    low, high = scene.plan.ends_deg
    lean = min(high + float(rng.uniform(-12, 8)), 70.0)
    script.move(about(0.9), pitch=70.0 + float(rng.uniform(-5, 8)), z=about(0.05), tilt=float(rng.uniform(-8, 8)))
    script.wait(about(0.5, 0.5))
    script.move(about(1.4), pitch=lean, x=script.pose["x"] + about(0.2), tilt=float(rng.uniform(-3, 3)), fall=2.5)
    for _ in range(int(rng.integers(1, 4))):
        twist, shift = float(rng.uniform(-6, 6)), float(rng.uniform(-5, 5))
        script.move(about(0.6), pitch=lean + shift, twist=twist, z=float(rng.uniform(-0.02, 0.05)))
        script.wait(about(0.4, 0.5))
    script.move(about(0.5), pitch=lean, twist=0.0, tilt=0.0)
    script.wait(about(0.6, 0.6))
    script.move(about(2.0, 0.4), pitch=low)
    script.wait(about(1.5, 0.6))


def _off_bench(scene: Scene) -> None:
    """Push up past the top, climb off."""
    script, about = scene.script, scene.about
    script.move(about(1.6), pitch=scene.plan.ends_deg[1] + float(scene.rng.uniform(-5, 15)), tilt=about(3.0))
    script.wait(about(0.3, 0.8))
    script.move(about(1.2), pitch=UPRIGHT_DEG, z=0.0, tilt=0.0, twist=0.0)


def _onto_floor(scene: Scene) -> None:
    """Kneel, go on the hands, lie down prone."""
    script, about = scene.script, scene.about
    script.move(about(1.4), pitch=72.0, z=-about(0.45, 0.1))
    script.wait(about(0.5, 0.6))
    script.move(about(1.3), pitch=22.0 + float(scene.rng.uniform(-6, 6)), z=-about(0.50, 0.05), tilt=about(4.0))
    script.wait(about(0.4, 0.6))
    script.move(about(1.6), pitch=scene.plan.ends_deg[0], z=-0.85, tilt=0.0)
    script.wait(about(2.0, 0.5))


def _off_floor(scene: Scene) -> None:
    """Push up on hands and knees, kneel, stand."""
    script, about = scene.script, scene.about
    script.move(about(1.2), pitch=20.0 + float(scene.rng.uniform(-6, 6)), z=-0.50)
    script.move(about(1.3), pitch=75.0, z=-0.45, tilt=about(4.0))
    script.wait(about(0.4, 0.6))
    script.move(about(1.4), pitch=UPRIGHT_DEG, z=0.0, tilt=0.0)


def _under_bar(scene: Scene) -> None:
    """Duck under the bar or take it from the pins, step back, stand tall."""
    script, about = scene.script, scene.about
    script.move(about(0.9), pitch=about(76.0, 0.05), z=-about(0.12))
    script.wait(about(0.8, 0.5))
    script.move(about(0.9), pitch=scene.plan.ready_deg, z=0.0)
    script.wait(about(0.8, 0.5))
    walk(scene, about(1.5))
    script.wait(about(1.5, 0.5))


def _rack_bar(scene: Scene) -> None:
    """Step forward and set the bar down on its pins."""
    script, about = scene.script, scene.about
    walk(scene, about(1.5))
    script.move(about(0.9), pitch=about(77.0, 0.05), z=-about(0.10))
    script.wait(about(0.5, 0.5))
    script.move(about(0.8), pitch=UPRIGHT_DEG, z=0.0)


def _down_to_bar(scene: Scene) -> None:
    """Bend to the bar; where a repetition starts at the top, bring the weight up with bent knees."""
    script, about, kind = scene.script, scene.about, scene.plan.kind
    low, high = scene.plan.ends_deg
    x, z = script.pose["x"], script.pose["z"]
    if kind.starts_low:
        script.move(about(1.6), pitch=low, x=x - kind.hip_back_m, z=z - kind.hip_drop_m)
        script.wait(about(1.8, 0.5))
        return
    script.move(about(1.3), pitch=high - about(0.42, 0.1) * (high - low), z=z - about(0.35))
    script.wait(about(1.5, 0.4))
    script.move(about(1.1), pitch=scene.plan.ready_deg, z=z)
    script.wait(about(2.0, 0.4))


def _let_go(scene: Scene) -> None:
    """Put the weight down, if it is not there yet, and stand up."""
    script, about, kind = scene.script, scene.about, scene.plan.kind
    low, high = scene.plan.ends_deg
    if not kind.starts_low:
        script.move(about(1.3), pitch=high - about(0.42, 0.1) * (high - low), z=script.pose["z"] - 0.35)
        script.wait(about(0.8, 0.4))
    script.move(about(1.1), pitch=UPRIGHT_DEG, z=0.0, x=script.pose["x"] + kind.hip_back_m)
