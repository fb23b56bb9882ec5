"""What really happened in a simulated set: each repetition's phases by definition edge10, and what must not count."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from firmware_proto.motion_model import EDGE, Script, Stroke

NAN = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueRep:
    """One cycle as prescribed, on the device's clock.

    Where the exercise starts at the bottom a cycle is lift, top hold, lowering, and the bottom hold after it; where it
    starts at the top: lowering, bottom hold, lift, and the top hold after it. The hold after the last cycle of a set
    has no end and is nan. `bottom_s` is the middle of the time at the lowest pitch (its beginning where the set ends
    there); where the exercise starts at the bottom it lies after `end_s`, which excludes the hold. `top_deg` is where
    the lift ends, `bottom_deg` where the lowering ends.

    Attributes:
        set, rep: Counted from 1; `rep` is 0 in a partial attempt.
        complete: False in a partial (shallow) attempt, which must not count.
        note: What was special, such as `bounced` or `stalled lift`.
    """

    set: int
    rep: int
    start_s: float
    end_s: float
    bottom_s: float
    lower_start_s: float
    lower_end_s: float
    lift_start_s: float
    lift_end_s: float
    top_hold_s: float
    bottom_hold_s: float
    top_deg: float
    bottom_deg: float
    peak_lift_dps: float
    peak_lower_dps: float
    complete: bool = True
    note: str = ""

    @property
    def lift_s(self) -> float:
        """Duration of the lift."""
        return self.lift_end_s - self.lift_start_s

    @property
    def lower_s(self) -> float:
        """Duration of the lowering."""
        return self.lower_end_s - self.lower_start_s

    @property
    def rom_deg(self) -> float:
        """Range of the pitch."""
        return self.top_deg - self.bottom_deg


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """A stretch that must not count: `kind` is set-up, step-off, pick-up, partial, walk, turn, chair and the like."""

    kind: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Everything true about a recording.

    Attributes:
        reps: All cycles in order of time, partial ones among them with `complete` false.
        movements: Stretches that must not count, partial attempts among them.
    """

    reps: tuple[TrueRep, ...] = ()
    movements: tuple[Movement, ...] = ()
    definition: str = "edge10"

    @property
    def counted(self) -> tuple[TrueRep, ...]:
        """The repetitions that count."""
        return tuple(r for r in self.reps if r.complete)

    def rows(self) -> list[dict[str, object]]:
        """One row per cycle and per other movement, in order of time, ready for a table."""
        rows: list[dict[str, object]] = []
        for rep in self.reps:
            row: dict[str, object] = {f.name: getattr(rep, f.name) for f in fields(rep)}
            rows.append(
                row | {"lift_s": rep.lift_s, "lower_s": rep.lower_s, "kind": "rep" if rep.complete else "partial"}
            )
        rows += [
            {"kind": m.kind, "start_s": m.start_s, "end_s": m.end_s, "complete": False}
            for m in self.movements
            if m.kind != "partial"
        ]
        return sorted(rows, key=lambda row: float(str(row["start_s"])))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """What a scene notes of one cycle: its two strokes in the order done."""

    set: int
    first: Stroke
    second: Stroke
    complete: bool = True
    last: bool = False
    note: str = ""


def truth_of(script: Script, cycles: list[Cycle], movements: list[Movement], clock: float = 1.0) -> Truth:
    """Measure the prescribed motion by edge10; `clock` is device seconds per true second."""
    reps, number, current = [], 0, 0
    for i, cycle in enumerate(cycles):
        number = 0 if cycle.set != current else number
        current = cycle.set
        number += cycle.complete
        after = cycles[i + 1].first if i + 1 < len(cycles) and not cycle.last else None
        reps.append(_rep(script, cycle, after, number if cycle.complete else 0, clock))
    partial = [Movement(kind="partial", start_s=r.start_s, end_s=r.end_s) for r in reps if not r.complete]
    others = [replace(m, start_s=m.start_s * clock, end_s=m.end_s * clock) for m in movements]
    return Truth(reps=tuple(reps), movements=tuple(sorted(partial + others, key=lambda m: m.start_s)))


def _rep(script: Script, cycle: Cycle, after: Stroke | None, number: int, clock: float) -> TrueRep:
    """One cycle's row; `after` is the stroke that follows it in the same set."""
    first, second = stroke_edges(script, cycle.first), stroke_edges(script, cycle.second)
    between = second[0] - first[1]
    then = stroke_edges(script, after)[0] - second[1] if after else NAN
    lift_first = cycle.first.to_deg > cycle.first.from_deg
    lift, lower = (first, second) if lift_first else (second, first)
    down = cycle.second if lift_first else cycle.first
    rise = after if lift_first else cycle.second
    return TrueRep(
        set=cycle.set,
        rep=number,
        start_s=first[0] * clock,
        end_s=second[1] * clock,
        bottom_s=(0.5 * (down.end_s + rise.start_s) if rise else down.end_s) * clock,
        lower_start_s=lower[0] * clock,
        lower_end_s=lower[1] * clock,
        lift_start_s=lift[0] * clock,
        lift_end_s=lift[1] * clock,
        top_hold_s=(between if lift_first else then) * clock,
        bottom_hold_s=(then if lift_first else between) * clock,
        top_deg=(cycle.first if lift_first else cycle.second).to_deg,
        bottom_deg=down.to_deg,
        peak_lift_dps=lift[2] / clock,
        peak_lower_dps=lower[2] / clock,
        complete=cycle.complete,
        note=cycle.note,
    )


def stroke_edges(script: Script, stroke: Stroke) -> tuple[float, float, float]:
    """First and last crossing of 10 % of the stroke's own peak rate, and that peak in deg/s.

    The prescribed rate is known in closed form; a grid of 1/4000 of the stroke, interpolated, is exact to well below
    a tenth of a millisecond.
    """
    t = np.linspace(stroke.start_s, stroke.end_s, 4001)
    rate = np.abs(script.rate("pitch", t))
    level = EDGE * rate.max()
    above = np.flatnonzero(rate >= level)
    i, j = int(above[0]), int(above[-1])
    start = t[i] if i == 0 else np.interp(level, rate[i - 1 : i + 1], t[i - 1 : i + 1])
    end = t[j] if j == len(t) - 1 else np.interp(-level, -rate[j : j + 2], t[j : j + 2])
    return float(start), float(end), float(rate.max())
