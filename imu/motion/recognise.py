"""Which exercise was each set? A proposal with its confidence, or `unknown`.

The recording is analysed as `hinge` first. What one chest sensor then knows of a set - where the trunk is at the top
and at the bottom, how long lift, lowering and top hold take, from which end the first repetition starts - is held
against every row of `imu.exercises`: the likelihood of what was seen, if a person did that row. The spreads are
assumptions about people and straps, stated in `Assumed`, and fitted to no recording. All rows are equally likely
beforehand, and so is "something else", which may have any posture and any speed: its share is the doubt.

Where the mount is not sure, nobody knows which way is up. Then only the range and the speed speak, which other
movements share, and they seldom suffice. Deadlift, trap-bar deadlift, Romanian deadlift and good morning look alike
from the chest: then the family is sure and the exercise is not, and that is what is said. Chairs and squats bend the
trunk like a trap-bar deadlift: they are weighed as an exercise of their own, which is never proposed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp, isfinite, isnan, log, pi
from statistics import median

import numpy as np

from imu.exercises import EXERCISES, End, Exercise
from imu.model import NAN, Analysis, Rep, Trunk
from imu.motion.params import MotionParams

UNKNOWN = "unknown"
ENOUGH = 0.6
"""Confidence from which a proposal is made, of an exercise or of a family."""

_CHAIR = Exercise(
    key="chair", name="Sitting down and standing up, squatting", start=End.EITHER,
    top_deg=90.0, bottom_deg=48.0, rom_deg=42.0, min_rom_deg=20.0, target_tempo="1-0-1-1",
)  # fmt: skip
"""What everybody does all day and nobody trains as a hinge; it has the trunk of a trap-bar deadlift."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Assumed:
    """How people differ from an exercise's row; standard deviations unless said otherwise.

    Attributes:
        strap_deg: How far the strap leans forward or back; it moves both ends together.
        top_deg, top_share: A person's top: this and this share of the row's range.
        bottom_deg, bottom_share: The same of the bottom, which depends on how far somebody can bend.
        stroke_ln, ballistic_ln: Of the logarithm of a stroke's time.
        ballistic_s, hold_s, ballistic_hold_s: Typical time of a ballistic stroke, of a top hold, and of one between
            ballistic strokes.
        hold_ln: Of the logarithm of a top hold.
        shortest_hold_s: Shorter ones are all the same.
        static_s: A static hold lasts between these two, any length being as likely on a scale of logarithms.
        first_hold_s: A first bottom hold longer than the others by this: the person got ready there.
        start_seen: Probability that the end at which repetitions start is seen to be that end.
        anything_deg: Something else has its ends anywhere in as many degrees.
        anything_s: And its strokes last between these two.
        anything_unplaced: Where posture is not known, something else is so many times likelier beforehand than any one
            exercise: sit-ups, rowing, squats and seated bends share their ranges and speeds.
    """

    strap_deg: float = 8.0
    top_deg: float = 4.0
    top_share: float = 0.06
    bottom_deg: float = 4.0
    bottom_share: float = 0.10
    stroke_ln: float = 0.8
    ballistic_ln: float = 0.3
    ballistic_s: float = 0.5
    hold_s: float = 0.8
    ballistic_hold_s: float = 0.15
    hold_ln: float = 1.1
    shortest_hold_s: float = 0.05
    static_s: tuple[float, float] = (10.0, 600.0)
    first_hold_s: float = 0.5
    start_seen: float = 0.8
    anything_deg: float = 270.0
    anything_s: tuple[float, float] = (0.2, 12.0)
    anything_unplaced: float = 20.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What is known of one set, medians over its repetitions; nan where it is not known.

    Attributes:
        lift_s, lower_s: Times of the strokes; where up and down are not known, both are their mean.
        starts_low: Whether the first repetition starts at the bottom; None where up and down are not known.
    """

    rom_deg: float
    lift_s: float
    lower_s: float
    top_deg: float = NAN
    bottom_deg: float = NAN
    top_hold_s: float = NAN
    starts_low: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """What one set was, as far as one chest sensor can tell.

    Attributes:
        set: Number of the set in the analysis it was seen in; None for a static hold, which stands alone.
        start_s, end_s: When it was.
        ranked: Every exercise with its confidence, best first; what is missing to 1 is the confidence that it was
            something else.
        posture_known: False where the mount was not sure: then only range and speed spoke.
    """

    set: int | None
    start_s: float
    end_s: float
    ranked: tuple[tuple[str, float], ...]
    posture_known: bool

    @property
    def exercise(self) -> str:
        """Key of the exercise, or `unknown`."""
        key, confidence = self.ranked[0]
        return key if confidence >= ENOUGH else UNKNOWN

    @property
    def confidence(self) -> float:
        """Confidence of the likeliest exercise."""
        return self.ranked[0][1]

    @property
    def family(self) -> str:
        """Family of exercises that are alike from the chest, where that is sure; else empty. It rests on posture."""
        if not self.posture_known:
            return ""
        shares: dict[str, float] = {}
        for key, confidence in self.ranked:
            name = EXERCISES[key].family
            shares[name] = shares.get(name, 0.0) + confidence
        best = max(shares, key=lambda name: shares[name])
        return best if shares[best] >= ENOUGH else ""


def propose(
    analysis: Analysis, trunk: Trunk, assumed: Assumed | None = None, params: MotionParams | None = None
) -> tuple[Proposal, ...]:
    """Propose an exercise for every set, and find static holds beside them, in order of time.

    Args:
        analysis: The recording analysed as `hinge`.
        trunk: Its trace.
        assumed: How people differ from the rows.
        params: The constants of judgement it was analysed with; of them the band of static holds is taken.
    """
    known = analysis.mount is not None and analysis.mount.is_sure
    a = assumed or Assumed()
    found = []
    for one in analysis.sets:
        reps = [r for r in analysis.counted if r.set == one.set]
        ranked = rank(look(reps, posture_known=known, assumed=a), a)
        found.append(Proposal(set=one.set, start_s=one.start_s, end_s=one.end_s, ranked=ranked, posture_known=known))
    if known:
        band_deg = (params or MotionParams()).hold_band_deg
        held = (_static(rep, end_s, trunk, a) for rep, end_s in _holds(analysis, trunk, a, band_deg))
        # Whoever stands up and stays has held the top, too: what is no static exercise is no set.
        found += [p for p in held if p.exercise != UNKNOWN and EXERCISES[p.exercise].static]
    return tuple(sorted(found, key=lambda p: p.start_s))


def chosen(proposals: tuple[Proposal, ...]) -> str | None:
    """The exercise of a whole recording: the one that every set is proposed to be; None where there is none."""
    keys = {p.exercise for p in proposals}
    return keys.pop() if len(keys) == 1 and UNKNOWN not in keys else None


def likeliest(proposals: tuple[Proposal, ...]) -> str | None:
    """The exercise to count a whole recording as: `chosen`, or the likeliest of the one family that all sets have."""
    families = {p.family for p in proposals}
    if chosen(proposals) is not None or len(families) != 1 or "" in families:
        return chosen(proposals)
    family = families.pop()
    total: dict[str, float] = {}
    for key, confidence in (pair for p in proposals for pair in p.ranked if EXERCISES[pair[0]].family == family):
        total[key] = total.get(key, 0.0) + confidence
    return max(total, key=lambda key: total[key])


def look(reps: list[Rep], *, posture_known: bool, assumed: Assumed) -> Seen:
    """What the repetitions of one set show."""
    lift_s, lower_s = _median(r.lift_s for r in reps), _median(r.lower_s for r in reps)
    rom_deg = _median(r.rom_deg for r in reps)
    if not posture_known:
        mean_s = (lift_s * lower_s) ** 0.5
        return Seen(rom_deg=rom_deg, lift_s=mean_s, lower_s=mean_s)
    return Seen(
        rom_deg=rom_deg,
        lift_s=lift_s,
        lower_s=lower_s,
        top_deg=_median(r.top_deg for r in reps),
        bottom_deg=_median(r.bottom_deg for r in reps),
        top_hold_s=_median(r.top_hold_s for r in reps),
        starts_low=_starts_low(reps, assumed),
    )


def _starts_low(reps: list[Rep], assumed: Assumed) -> bool:
    """At the bottom where the first stroke is a lift, or where the way down to it was no repetition.

    Getting down to the bar, or onto the bench, looks like a lowering; then the person gets ready there.
    """
    first, others = reps[0], reps[1:]
    if not first.lower_start_s < first.lift_start_s:
        return True
    return first.bottom_hold_s - _median(r.bottom_hold_s for r in others) > assumed.first_hold_s


def rank(seen: Seen, assumed: Assumed) -> tuple[tuple[str, float], ...]:
    """Confidence of every exercise, best first; together less than 1, the rest is something else.

    Where a stroke's time or the range is not known there is nothing to go by: all are 0.
    """
    rows = [row for row in EXERCISES.values() if row.top_deg is not None]
    if not (seen.lift_s > 0.0 and seen.lower_s > 0.0 and isfinite(seen.rom_deg)):
        return tuple((row.key, 0.0) for row in rows)
    likely = {row.key: _log_likelihood(row, seen, assumed) for row in rows}
    others = (_log_of_anything(seen, assumed), _log_likelihood(_CHAIR, seen, assumed))
    highest = max(*others, *likely.values())
    weights = {key: exp(value - highest) for key, value in likely.items()}
    total = sum(weights.values()) + sum(exp(value - highest) for value in others)
    return tuple(sorted(((key, w / total) for key, w in weights.items()), key=lambda pair: -pair[1]))


def _log_likelihood(row: Exercise, seen: Seen, a: Assumed) -> float:
    """Logarithm of the density of what was seen, if a person did this row."""
    typical = _typical_strokes_s(row, a, known=seen.starts_low is not None)
    spread = a.ballistic_ln if row.ballistic else a.stroke_ln
    out = _log_ends(row, seen, a)
    out += sum(_log_normal(log(s / t), spread) for s, t in zip((seen.lift_s, seen.lower_s), typical, strict=True))
    if not isnan(seen.top_hold_s):
        out += _log_hold(row, seen.top_hold_s, a)
    if seen.starts_low is not None:
        out += _log_start(row, seen.starts_low, a)
    return out


def _log_start(row: Exercise, starts_low: bool, a: Assumed) -> float:
    if row.start is End.EITHER:
        return log(0.5)
    return log(a.start_seen if starts_low == (row.start is End.BOTTOM) else 1.0 - a.start_seen)


def _typical_strokes_s(row: Exercise, a: Assumed, *, known: bool) -> tuple[float, float]:
    """Lift and lowering from the row's tempo; both their mean where up and down are not known."""
    lower, _, lift, _ = (a.ballistic_s if t == "X" else float(t) for t in row.target_tempo.split("-"))
    mean = (lift * lower) ** 0.5
    return (lift, lower) if known else (mean, mean)


def _log_ends(row: Exercise, seen: Seen, a: Assumed) -> float:
    """Of top and bottom, which the strap moves together; of the range alone where they are not known."""
    assert row.top_deg is not None and row.bottom_deg is not None  # noqa: S101, PT018 - callers looked
    top, bottom = a.top_deg + a.top_share * row.rom_deg, a.bottom_deg + a.bottom_share * row.rom_deg
    if isnan(seen.top_deg):
        return _log_normal(seen.rom_deg - row.rom_deg, (top**2 + bottom**2) ** 0.5)
    x, y = seen.top_deg - row.top_deg, seen.bottom_deg - row.bottom_deg
    both = a.strap_deg**2
    xx, yy = top**2 + both, bottom**2 + both
    det = xx * yy - both**2
    return -0.5 * (yy * x * x - 2.0 * both * x * y + xx * y * y) / det - 0.5 * log(det) - log(2.0 * pi)


def _log_hold(row: Exercise, hold_s: float, a: Assumed) -> float:
    """Of the top hold's logarithm."""
    shortest, longest = a.static_s
    if row.static:
        return -log(log(longest / shortest)) if shortest <= hold_s <= longest else -50.0
    typical = a.ballistic_hold_s if row.ballistic else a.hold_s
    return _log_normal(log(max(hold_s, a.shortest_hold_s) / typical), a.hold_ln)


def _log_of_anything(seen: Seen, a: Assumed) -> float:
    """The same of something else: any posture, any speed, any hold."""
    strokes = -2.0 * log(log(a.anything_s[1] / a.anything_s[0]))
    if isnan(seen.top_deg):
        return strokes - log(0.5 * a.anything_deg) + log(a.anything_unplaced)
    hold = 0.0 if isnan(seen.top_hold_s) else -log(log(a.static_s[1] / a.shortest_hold_s))
    return strokes - log(a.anything_deg * 0.5 * a.anything_deg) + hold + log(0.5)


def _holds(analysis: Analysis, trunk: Trunk, a: Assumed, band_deg: float) -> list[tuple[Rep, float]]:
    """Lifts outside the sets that arrive in a long hold, with the time at which it ends."""
    out = []
    for rep in analysis.reps:
        if rep.counted or isnan(rep.lift_end_s):
            continue
        end_s = _hold_end_s(trunk, rep.lift_end_s, band_deg)
        if a.static_s[0] <= end_s - rep.lift_end_s:
            out.append((rep, end_s))
    return out


def _hold_end_s(trunk: Trunk, start_s: float, band_deg: float) -> float:
    """When the trunk leaves the angle it has at `start_s` by more than the band by which a static hold is defined."""
    i = int(np.searchsorted(trunk.t_s, start_s))
    if i >= len(trunk):
        return start_s
    away = np.abs(trunk.pitch_deg[i:] - trunk.pitch_deg[i]) > band_deg
    return float(trunk.t_s[i + int(np.argmax(away))] if away.any() else trunk.t_s[-1])


def _static(rep: Rep, end_s: float, trunk: Trunk, a: Assumed) -> Proposal:
    """The proposal for a long hold."""
    low_deg = float(np.interp(rep.lift_start_s, trunk.t_s, trunk.pitch_deg))
    seen = Seen(
        rom_deg=rep.top_deg - low_deg,
        lift_s=rep.lift_s,
        lower_s=rep.lift_s,
        top_deg=rep.top_deg,
        bottom_deg=low_deg,
        top_hold_s=end_s - rep.lift_end_s,
        starts_low=True,
    )
    return Proposal(set=None, start_s=rep.lift_start_s, end_s=end_s, ranked=rank(seen, a), posture_known=True)


def _log_normal(off: float, spread: float) -> float:
    return -0.5 * (off / spread) ** 2 - log(spread) - 0.5 * log(2.0 * pi)


def _median(values: Iterable[float]) -> float:
    known = [v for v in values if not isnan(v)]
    return median(known) if known else NAN
