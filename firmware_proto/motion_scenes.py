"""A person's training as a script: walking up, getting in position, the repetitions, getting out.

The hip's height follows the posture, so that lying down, kneeling and squatting move the sensor as they do in life.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from firmware_proto.motion_model import UPRIGHT_DEG, Script, Stroke, edges
from firmware_proto.motion_plan import SetPlan
from firmware_proto.motion_truth import Cycle, Movement

_SHARPNESS = np.linspace(1.0, 2.0, 21)


@dataclass(slots=True)
class Scene:
    """A script being written, with the notes that become the truth."""

    plan: SetPlan
    rng: np.random.Generator
    script: Script = field(default_factory=Script)
    cycles: list[Cycle] = field(default_factory=list)
    movements: list[Movement] = field(default_factory=list)

    def about(self, value: float, spread: float = 0.2) -> float:
        """`value` give or take a share, uniform."""
        return float(value * self.rng.uniform(1.0 - spread, 1.0 + spread))

    def note(self, kind: str, start_s: float) -> None:
        """Write down that what happened since `start_s` must not count."""
        self.movements.append(Movement(kind=kind, start_s=start_s, end_s=self.script.now_s))


def write_sets(plan: SetPlan, rng: np.random.Generator) -> Scene:
    """The whole plan: in, sets with their rests, out."""
    scene = Scene(plan, rng)
    if not plan.set_up:
        _begin_in_position(scene)
    scene.script.wait(plan.still_s)
    for number in range(1, plan.sets + 1):
        if plan.set_up and (number == 1 or plan.between_sets == "leave"):
            for _ in range(plan.pick_ups if number == 1 else 0):
                pick_up(scene)
            get_in(scene)
        _write_reps(scene, number)
        last = number == plan.sets
        if (last and plan.step_off) or (not last and plan.between_sets == "leave"):
            get_out(scene)
        scene.script.wait(plan.still_s if last else plan.rest_s)
    return scene


# --- getting in and out -------------------------------------------------------------------------------------------


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


def _begin_in_position(scene: Scene) -> None:
    """The recording begins in the posture from which the first repetition starts."""
    low, high = scene.plan.ends_deg
    at = low if scene.plan.kind.starts_low else high
    scene.script.pose["pitch"] = scene.script.initial["pitch"] = at


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
    script.move(about(0.9), pitch=scene.plan.ends_deg[1], z=0.0)
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
    script.move(about(1.1), pitch=high, z=z)
    script.wait(about(2.0, 0.4))


def _let_go(scene: Scene) -> None:
    """Put the weight down, if it is not there yet, and stand up."""
    script, about, kind = scene.script, scene.about, scene.plan.kind
    low, high = scene.plan.ends_deg
    if not kind.starts_low:
        script.move(about(1.3), pitch=high - about(0.42, 0.1) * (high - low), z=script.pose["z"] - 0.35)
        script.wait(about(0.8, 0.4))
    script.move(about(1.1), pitch=UPRIGHT_DEG, z=0.0, x=script.pose["x"] + kind.hip_back_m)


# --- repetitions --------------------------------------------------------------------------------------------------


def _write_reps(scene: Scene, number: int) -> None:
    """One set: full repetitions, with shallow attempts where the plan has them."""
    plan = scene.plan
    count = 1 if plan.kind.static else plan.reps
    for rep in range(1, count + 1):
        _write_rep(scene, number, rep, last=rep == count)
        if rep in plan.partial_after and rep < count:
            _write_rep(scene, number, rep, last=False, share=plan.partial_share)


def _write_rep(scene: Scene, number: int, rep: int, *, last: bool, share: float = 1.0) -> None:
    """One cycle, with its hold after it unless it is the set's last."""
    plan, rng, script = scene.plan, scene.rng, scene.script
    tired = 1.0 + plan.slowdown * (rep - 1) / max(plan.reps - 1, 1)
    spread = np.exp(rng.normal(0.0, plan.timing_spread, 4)) * (1.0 if share == 1.0 else 0.75)
    lower_s, bottom_s, lift_s, top_s = np.array(plan.tempo_s) * spread * (1.0, 1.0, tired, 1.0)
    low, high = np.array(plan.ends_deg) + rng.normal(0.0, plan.range_spread_deg, 2)
    high += -plan.slouched_first_deg * (rep == 1) + plan.overextended_last_deg * last
    bounce = rep in plan.bounced and share == 1.0
    bottom_s = 0.0 if bounce else bottom_s
    if share < 1.0:
        low, high = _shallow(scene, low, high, share)
    work = lift_s + lower_s
    ease = {"top": _easing(top_s / work), "bottom": _easing(bottom_s / work)}
    stall = plan.stall_s if rep in plan.stalled and share == 1.0 else 0.0
    notes = [text for text, true in (("bounced", bounce), ("stalled lift", stall > 0)) if true]
    if plan.kind.starts_low:
        lift, lift_tail = _stroke(scene, high, lift_s, ease["bottom"], ease["top"], stall)
        lower_lead = _lead(plan, lower_s, ease["top"], ease["bottom"])
        _hold_top(scene, top_s - lift_tail - lower_lead)
        lower, tail = _stroke(scene, low, lower_s, ease["top"], ease["bottom"], hurried=bounce)
        first, second, rest = lift, lower, bottom_s - tail - _lead(plan, lift_s, ease["bottom"], ease["top"])
        if bounce and plan.rebound_deg:
            _rebound(scene)
    else:
        lower, tail = _stroke(scene, low, lower_s, ease["top"], ease["bottom"], hurried=bounce)
        if bounce and plan.rebound_deg:
            _rebound(scene)
        script.wait(bottom_s - tail - _lead(plan, lift_s, ease["bottom"], ease["top"]))
        lift, tail = _stroke(scene, high, lift_s, ease["bottom"], ease["top"], stall)
        first, second, rest = lower, lift, top_s - tail - _lead(plan, lower_s, ease["top"], ease["bottom"])
    scene.cycles.append(
        Cycle(set=number, first=first, second=second, complete=share == 1.0, last=last, note=", ".join(notes))
    )
    script.wait(0.0 if last else rest)


def _shallow(scene: Scene, low: float, high: float, share: float) -> tuple[float, float]:
    """The ends of a partial attempt, which begins where the trunk is."""
    here = scene.script.pose["pitch"]
    if scene.plan.kind.starts_low:
        return here, here + share * (high - low)
    return here - share * (high - low), here


def _easing(hold_share: float) -> float:
    """Velocity exponent at an end whose hold lasts `hold_share` of lift + lower: 2, or less if that needs sharper."""
    tails = [edges(e, e)[0] / (edges(e, e)[1] - edges(e, e)[0]) for e in _SHARPNESS]
    return float(np.interp(hold_share, tails, _SHARPNESS))


def _exponents(plan: SetPlan, rise: float, fall: float) -> tuple[float, float]:
    """Skewed velocity exponents, kept where the acceleration stays finite."""
    return max(1.0, rise * float(np.exp(plan.skew))), max(1.0, fall * float(np.exp(-plan.skew)))


def _lead(plan: SetPlan, seconds: float, rise: float, fall: float) -> float:
    """How long a stroke of `seconds` moves before its start by definition."""
    start, end = edges(*_exponents(plan, rise, fall))
    return seconds * start / (end - start)


def _stroke(
    scene: Scene,
    to_deg: float,
    seconds: float,
    rise: float,
    fall: float,
    stall_s: float = 0.0,
    *,
    hurried: bool = False,
) -> tuple[Stroke, float]:
    """One stroke that lasts `seconds` by edge10; returns it and how long it still moves after its end by edge10."""
    script, kind = scene.script, scene.plan.kind
    rise, fall = _exponents(scene.plan, rise, fall)
    rise, fall = (rise + 1.0, fall) if hurried else (rise, fall)
    start, end = edges(rise, fall)
    whole = seconds / (end - start)
    begin, before = script.now_s, script.pose["pitch"]
    if stall_s:
        share = float(scene.rng.uniform(0.35, 0.65))
        halfway = before + share * (to_deg - before)
        _move_trunk(scene, halfway, whole * share, rise, 2.0)
        script.wait(stall_s)
        _move_trunk(scene, to_deg, whole * (1.0 - share), 2.0, fall)
    else:
        _move_trunk(scene, to_deg, whole, rise, fall)
    del kind
    return Stroke(begin, script.now_s, before, to_deg), whole * (1.0 - end)


def _move_trunk(scene: Scene, to_deg: float, seconds: float, rise: float, fall: float) -> None:
    """Move the pitch, and the hip with it as the exercise has it."""
    plan, script = scene.plan, scene.script
    low, high = plan.ends_deg
    share = (script.pose["pitch"] - to_deg) / (high - low)
    x, z = script.pose["x"] - share * plan.kind.hip_back_m, script.pose["z"] - share * plan.kind.hip_drop_m
    script.move(seconds, rise=rise, fall=fall, pitch=to_deg, x=x, z=z)


def _hold_top(scene: Scene, seconds: float) -> None:
    """Hold; a static hold sinks slowly."""
    plan, script = scene.plan, scene.script
    if plan.kind.static and plan.sag_deg and seconds > 0:
        script.move(seconds, pitch=script.pose["pitch"] - plan.sag_deg, rise=1.0, fall=1.0)
    else:
        script.wait(seconds)


def _rebound(scene: Scene) -> None:
    """Spring back up a little and settle again."""
    low = scene.script.pose["pitch"]
    scene.script.move(0.22, pitch=low + scene.plan.rebound_deg, rise=1.5)
    scene.script.move(0.25, pitch=low, rise=1.5)
