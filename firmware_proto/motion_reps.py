"""The repetitions themselves, with everything that makes real ones uneven, and the sets they form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from firmware_proto.motion_daily import do_daily
from firmware_proto.motion_model import Stroke, edges
from firmware_proto.motion_plan import SetPlan
from firmware_proto.motion_scenes import Scene, begin_in_position, get_in, get_out, pick_up
from firmware_proto.motion_truth import Cycle

_SHARPNESS: list[float] = np.linspace(1.0, 2.0, 21).tolist()
_LONGEST_STALL_S = 2.3
"""Between the edges on both sides of a stall; by edge10 a stall of more than 2.5 s would end the stroke."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ask:
    """One cycle as it is to be done; the times by definition edge10, the ends in degrees.

    Attributes:
        top_ease, bottom_ease: Velocity exponents at the two ends.
        stall_s, lower_stall_s: How long the lift and the lowering stop on their way; 0 for not at all.
        double: The bottom has two dips.
    """

    lift_s: float
    top_s: float
    lower_s: float
    bottom_s: float
    low: float
    high: float
    top_ease: float
    bottom_ease: float
    stall_s: float = 0.0
    lower_stall_s: float = 0.0
    bounce: bool = False
    double: bool = False
    complete: bool = True

    @property
    def note(self) -> str:
        """What is special."""
        special = {
            "bounced": self.bounce,
            "double bottom": self.double,
            "stalled lift": self.stall_s > 0,
            "stalled lowering": self.lower_stall_s > 0,
        }
        return ", ".join(name for name, is_so in special.items() if is_so)


@dataclass(frozen=True, slots=True)
class _Shape:
    """How one stroke's rate rises and falls, and with that how long it moves before and after its edges."""

    seconds: float
    rise: float
    fall: float

    @property
    def whole_s(self) -> float:
        """From standstill to standstill."""
        start, end = edges(self.rise, self.fall)
        return self.seconds / (end - start)

    @property
    def lead_s(self) -> float:
        """Time it moves before its start by edge10."""
        return self.whole_s * edges(self.rise, self.fall)[0]

    @property
    def tail_s(self) -> float:
        """Time it moves after its end by edge10."""
        return self.whole_s * (1.0 - edges(self.rise, self.fall)[1])


def write_sets(plan: SetPlan, rng: np.random.Generator) -> Scene:
    """The whole plan: in, sets with their rests, out."""
    scene = Scene(plan, rng)
    if not plan.set_up:
        begin_in_position(scene)
    scene.script.wait(plan.still_s)
    for number in range(1, plan.sets + 1):
        last, leaves = number == plan.sets, plan.between_sets == "leave"
        if plan.set_up and number == 1:
            for _ in range(plan.pick_ups):
                pick_up(scene)
            scene.script.wait(scene.about(8.0, 0.3) if plan.pick_ups else 0.0)  # loading, getting ready
        if number == 1 and plan.set_up:
            _daily(scene, 0)
        if (plan.set_up and number == 1) or (number > 1 and leaves):
            get_in(scene)
        if number == 1 and plan.straight_hold_s:
            _hold_straight(scene)
        _write_reps(scene, number)
        if plan.step_off if last else leaves:
            get_out(scene)
            _daily(scene, number)
        scene.script.wait(plan.still_s if last else plan.rest_s)
    return scene


def _hold_straight(scene: Scene) -> None:
    """Hold the body in one straight line, and go back to where the first repetition begins."""
    plan, script, start = scene.plan, scene.script, scene.script.now_s
    _move_trunk(scene, plan.ends_deg[1], 2.0, 2.0, 2.0)
    script.wait(plan.straight_hold_s)
    _move_trunk(scene, plan.ready_deg, 2.0, 2.0, 2.0)
    script.wait(1.5)
    scene.note("straight-line hold", start)


def _daily(scene: Scene, place: int) -> None:
    """What the plan has around the sets, by turns."""
    around = scene.plan.around
    if around:
        do_daily(scene, around[place % len(around)])


def _write_reps(scene: Scene, number: int) -> None:
    """One set: full repetitions, with shallow attempts where the plan has them."""
    plan = scene.plan
    count = 1 if plan.kind.static else plan.reps
    for rep in range(1, count + 1):
        _write_rep(scene, number, _full(scene, rep, count), last=rep == count)
        if rep in plan.partial_after and rep < count:
            _write_rep(scene, number, _shallow(scene), last=False)


def _full(scene: Scene, rep: int, count: int) -> _Ask:
    """A full repetition with its own deviations from the plan."""
    plan = scene.plan
    spread = np.clip(scene.rng.normal(0.0, 1.0, 6), -2.0, 2.0)
    times = np.array(plan.tempo_s) * np.exp(plan.timing_spread * spread[:4])
    lower_s, bottom_s, lift_s, top_s = (float(t) for t in times)
    lift_s *= 1.0 + plan.slowdown * (rep - 1) / max(count - 1, 1)
    low, high = (float(v) for v in np.array(plan.ends_deg) + plan.range_spread_deg * spread[4:])
    high += plan.overextended_last_deg * (rep == count) - plan.slouched_first_deg * (rep == 1 and plan.kind.starts_low)
    bounce = rep in plan.bounced
    bottom_s = 0.0 if bounce else bottom_s
    return _Ask(
        lift_s=lift_s,
        top_s=top_s,
        lower_s=lower_s,
        bottom_s=bottom_s,
        low=low,
        high=high,
        top_ease=_easing(top_s / (lift_s + lower_s)),
        bottom_ease=_easing(bottom_s / (lift_s + lower_s)),
        stall_s=plan.stall_s if rep in plan.stalled else 0.0,
        lower_stall_s=plan.stall_s if rep in plan.lower_stalled else 0.0,
        bounce=bounce,
        double=rep in plan.double_bottom and not bounce,
    )


def _shallow(scene: Scene) -> _Ask:
    """A partial attempt from where the trunk is, a little quicker than a full repetition."""
    plan, here = scene.plan, scene.script.pose["pitch"]
    reach = plan.partial_share * (plan.ends_deg[1] - plan.ends_deg[0])
    low, high = (here, here + reach) if plan.kind.starts_low else (here - reach, here)
    lower_s, bottom_s, lift_s, top_s = (0.75 * t for t in plan.tempo_s)
    return _Ask(
        lift_s=lift_s,
        top_s=top_s,
        lower_s=lower_s,
        bottom_s=bottom_s,
        low=low,
        high=high,
        top_ease=_easing(top_s / (lift_s + lower_s)),
        bottom_ease=_easing(bottom_s / (lift_s + lower_s)),
        complete=False,
    )


def _write_rep(scene: Scene, number: int, ask: _Ask, *, last: bool) -> None:
    """One cycle, with the hold after it unless it is the set's last."""
    plan, script = scene.plan, scene.script
    lift = _shape(plan, ask.lift_s, ask.bottom_ease, ask.top_ease)
    lower = _shape(plan, ask.lower_s, ask.top_ease, ask.bottom_ease, hurried=ask.bounce)
    at_top = ask.top_s - lift.tail_s - lower.lead_s
    at_bottom = ask.bottom_s - lower.tail_s - lift.lead_s
    if plan.kind.starts_low:
        first = _lift(scene, ask, lift)
        _hold_top(scene, at_top)
        second, rest = _lower(scene, ask, lower), at_bottom
    else:
        first = _lower(scene, ask, lower)
        script.wait(at_bottom)
        second, rest = _lift(scene, ask, lift), at_top
    scene.cycles.append(Cycle(set=number, first=first, second=second, complete=ask.complete, last=last, note=ask.note))
    script.wait(0.0 if last else rest)


def _easing(hold_share: float) -> float:
    """Velocity exponent at an end whose hold lasts `hold_share` of lift + lower: 2, or less if that needs sharper."""
    tails = [edges(e, e)[0] / (edges(e, e)[1] - edges(e, e)[0]) for e in _SHARPNESS]
    return float(np.interp(hold_share, tails, _SHARPNESS))


def _shape(plan: SetPlan, seconds: float, rise: float, fall: float, *, hurried: bool = False) -> _Shape:
    """Skew the exponents, kept where the acceleration stays finite; a hurried stroke peaks late."""
    rise, fall = max(1.0, rise * float(np.exp(plan.skew))), max(1.0, fall * float(np.exp(-plan.skew)))
    return _Shape(seconds, rise + 1.0 if hurried else rise, fall)


def _lift(scene: Scene, ask: _Ask, shape: _Shape) -> Stroke:
    """Lift to the top, in two parts if it stalls."""
    begin, low = scene.script.now_s, scene.script.pose["pitch"]
    _stroke(scene, ask.high, shape, ask.stall_s, scene.rng)
    return Stroke(begin, scene.script.now_s, low, ask.high)


def _lower(scene: Scene, ask: _Ask, shape: _Shape) -> Stroke:
    """Lower to the bottom, in two parts if it stalls; a bounced one may spring back, and the bottom may have a hump."""
    plan, script = scene.plan, scene.script
    begin, high = script.now_s, script.pose["pitch"]
    _stroke(scene, ask.low, shape, ask.lower_stall_s, scene.aside)
    stroke = Stroke(begin, script.now_s, high, ask.low)
    if ask.bounce and plan.rebound_deg:
        script.move(0.22, pitch=ask.low + plan.rebound_deg, rise=1.5)
        script.move(0.25, pitch=ask.low, rise=1.5)
    if ask.double:
        script.move(0.5 * plan.hump_s, pitch=ask.low + plan.hump_deg)
        script.move(0.5 * plan.hump_s, pitch=ask.low)
    return stroke


def _stroke(scene: Scene, to_deg: float, shape: _Shape, stall_s: float, rng: np.random.Generator) -> None:
    """Move to an end, with a stop on the way if there is to be one."""
    if not stall_s:
        _move_trunk(scene, to_deg, shape.whole_s, shape.rise, shape.fall)
        return
    start = scene.script.pose["pitch"]
    share = float(rng.uniform(0.35, 0.65))
    soft_s = shape.whole_s * edges(2.0, 2.0)[0]
    _move_trunk(scene, start + share * (to_deg - start), shape.whole_s * share, shape.rise, 2.0)
    scene.script.wait(min(stall_s, _LONGEST_STALL_S - soft_s))
    _move_trunk(scene, to_deg, shape.whole_s * (1.0 - share), 2.0, shape.fall)


def _move_trunk(scene: Scene, to_deg: float, seconds: float, rise: float, fall: float) -> None:
    """Move the pitch, and with it the hip and the side bend as exercise and person have it."""
    plan, script = scene.plan, scene.script
    low, high = plan.ends_deg
    depth = (script.pose["pitch"] - to_deg) / (high - low)
    x, z = script.pose["x"] - depth * plan.kind.hip_back_m, script.pose["z"] - depth * plan.kind.hip_drop_m
    tilt = script.pose["tilt"] + depth * plan.lean_deg
    script.move(seconds, rise=rise, fall=fall, pitch=to_deg, x=x, z=z, tilt=tilt)


def _hold_top(scene: Scene, seconds: float) -> None:
    """Hold; a static hold sinks slowly."""
    plan, script = scene.plan, scene.script
    if plan.kind.static and plan.sag_deg and seconds > 0:
        script.move(seconds, pitch=script.pose["pitch"] - plan.sag_deg, rise=1.0, fall=1.0)
    else:
        script.wait(seconds)
