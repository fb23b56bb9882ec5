"""What repetitions are made of: cycles of two strokes, groups of cycles of one range, and their rows in the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from math import isnan
from statistics import median

from imu.model import NAN, Rep, Stroke, Verdict
from imu.motion.params import MotionParams

_LEVEL_DEG = 2.0
"""Breathing alone moves the trunk by as much."""
_BRIEF_S = 0.3
"""Strokes of less are alike."""


@dataclass(slots=True)
class Cycle:
    """Two strokes in the order of the exercise, and what became of them.

    `before` is the cycle this one follows: its last hold ends where this one starts, once this one is a cycle at all
    (stepping off the bench is none, and ends no hold).
    """

    first: Stroke
    second: Stroke | None = None
    before: Cycle | None = None
    verdict: Verdict = Verdict.UNFINISHED
    next_start_s: float = NAN
    number: int | None = None
    set: int | None = None

    @property
    def lift(self) -> Stroke | None:
        """The stroke upwards."""
        return self.first if self.first.lifting else self.second

    @property
    def lower(self) -> Stroke | None:
        """The stroke downwards."""
        return self.second if self.first.lifting else self.first

    @property
    def strokes_deg(self) -> list[float]:
        """The range of each stroke there is."""
        return [s.range_deg for s in (self.first, self.second) if s is not None]

    @property
    def lowest_deg(self) -> float:
        """The low end both strokes reach."""
        return self.first.low_deg if self.second is None else max(self.first.low_deg, self.second.low_deg)

    @property
    def highest_deg(self) -> float:
        """The high end both strokes reach."""
        return self.first.high_deg if self.second is None else min(self.first.high_deg, self.second.high_deg)

    @property
    def pause_s(self) -> float:
        """The hold between the strokes."""
        return 0.0 if self.second is None else self.second.start_s - self.first.end_s

    @property
    def moving_s(self) -> tuple[float, ...]:
        """The time each stroke moved."""
        return tuple(max(s.duration_s - s.stall_s, _BRIEF_S) for s in (self.first, self.second) if s is not None)

    @property
    def lean_deg(self) -> float:
        """How far the trunk leaned out of the hinge plane on the way there or back."""
        return max(s.off_plane_deg for s in (self.first, self.second) if s is not None)

    @property
    def end_s(self) -> float:
        """The end of the last stroke."""
        return self.first.end_s if self.second is None else self.second.end_s

    @property
    def range_deg(self) -> float:
        """The range both strokes share: stepping onto the bench may lengthen one of them."""
        return self.first.range_deg if self.second is None else min(self.first.range_deg, self.second.range_deg)


@dataclass(slots=True)
class Group:
    """Cycles of one range with no long rest between them; becomes a set when there are enough.

    Those within a set that a person marked, from `marked_s` on, are one group, whatever the rests between them.
    """

    cycles: list[Cycle] = field(default_factory=list)
    set: int | None = None
    alive_s: float = NAN
    range_deg: float = NAN
    marked_s: float | None = None

    def add(self, cycle: Cycle) -> None:
        """Take a cycle that fits."""
        self.cycles.append(cycle)
        self.measure()

    def measure(self) -> None:
        """Take note of how its cycles are now; the last one has just ended, or gone on."""
        self.alive_s = self.cycles[-1].end_s
        self.range_deg = median(r for c in self.cycles for r in c.strokes_deg)

    def fits(self, cycle: Cycle, params: MotionParams) -> bool:
        """Whether a cycle has this group's range, posture, lean and tempo, and follows soon enough."""
        share = cycle.range_deg / self.range_deg
        away_deg = max(
            abs(median(c.lowest_deg for c in self.cycles) - cycle.lowest_deg),
            abs(median(c.highest_deg for c in self.cycles) - cycle.highest_deg),
        )
        furthest_deg = max(params.posture_deg, params.posture_share * self.range_deg)
        lean_deg = cycle.lean_deg - median(c.lean_deg for c in self.cycles)
        # Each at its limit may be a poor repetition; all near their limits at once are something else.
        strange = (1.0 - share) / (1.0 - params.complete) if share < 1.0 else (share - 1.0) / (params.oversize - 1.0)
        strange += away_deg / furthest_deg + (0.0 if self._holds_alike(cycle, params.held_longer_s, params) else 0.5)
        late = cycle.first.start_s - self.cycles[-1].end_s > params.set_gap_s
        return (
            params.complete <= share <= params.oversize
            and away_deg <= furthest_deg
            and strange <= (params.strange_late if late else params.strange)
            and (strange <= params.alike or lean_deg <= max(params.lean_deg, params.lean_share * self.range_deg))
            and self._tempo_ratio(cycle) <= params.tempo_ratio
            and self._holds_alike(cycle, params.inner_hold_s, params)
            and cycle.first.start_s - self.alive_s <= params.set_gap_s
        )

    def _tempo_ratio(self, cycle: Cycle) -> float:
        """How many times quicker or slower than this group's a cycle's strokes are, stalls left out."""
        mine = zip(*(c.moving_s for c in self.cycles), strict=True)
        shares = [one / median(usual) for one, usual in zip(cycle.moving_s, mine, strict=True)]
        return float(max(*shares, 1.0 / min(shares)))

    def _holds_alike(self, cycle: Cycle, least_s: float, params: MotionParams) -> bool:
        """Whether a cycle's hold is not far longer than this group's: somebody sits on a chair meanwhile."""
        usual_s = median(c.pause_s for c in self.cycles)
        few = len(self.cycles) < params.min_set_reps
        return few or cycle.pause_s <= max(least_s, params.inner_hold_ratio * usual_s)

    def is_rhythmic(self, cycles: int, params: MotionParams) -> bool:
        """Whether the last few cycles followed one another about evenly, as in a set and not as in a day's work."""
        starts = [c.first.start_s for c in self.cycles[-cycles:]]
        periods = [b - a for a, b in pairwise(starts)]
        return not periods or max(periods) <= params.rhythm * min(periods)


def join(a: Stroke, b: Stroke) -> Stroke:
    """Two strokes one way, with a stall between them, as one."""
    low, high = (a, b) if a.low_deg <= b.low_deg else (b, a), (a, b) if a.high_deg >= b.high_deg else (b, a)
    fast = a if a.peak_dps >= b.peak_dps else b
    return Stroke(
        lifting=a.lifting,
        start_s=a.start_s,
        end_s=b.end_s,
        start_deg=a.start_deg,
        end_deg=b.end_deg,
        peak_dps=fast.peak_dps,
        peak_s=fast.peak_s,
        low_deg=low[0].low_deg,
        low_s=low[0].low_s,
        high_deg=high[0].high_deg,
        high_s=high[0].high_s,
        off_plane_deg=max(a.off_plane_deg, b.off_plane_deg),
        stall_s=a.stall_s + b.stall_s + (b.start_s - a.end_s),
        lost_s=a.lost_s + b.lost_s,
        longest_hole_s=max(a.longest_hole_s, b.longest_hole_s),
        cut=b.cut,
        start_pm_s=a.start_pm_s,
        end_pm_s=b.end_pm_s,
        smoothness=min(a.smoothness, b.smoothness),
    )


def row(cycle: Cycle) -> Rep:
    """The ledger's row of a cycle; the form's figures that need the whole set are added when the set is known."""
    lift, lower = cycle.lift, cycle.lower
    lifts_first = cycle.first.lifting
    between = NAN if cycle.second is None else cycle.second.start_s - cycle.first.end_s
    after = cycle.next_start_s - cycle.end_s
    # Where a stroke was cut off says nothing of where it would have ended: back where the first began is the best word.
    back_deg = cycle.first.start_deg if cycle.second is None or cycle.second.cut else cycle.second.end_deg
    return Rep(
        set=cycle.set,
        rep=cycle.number if cycle.verdict is Verdict.COUNTED else None,
        verdict=cycle.verdict,
        start_s=cycle.first.start_s,
        end_s=cycle.end_s,
        bottom_s=_bottom(cycle),
        lower_start_s=lower.start_s if lower else NAN,
        lower_end_s=lower.known_end_s if lower else NAN,
        lift_start_s=lift.start_s if lift else NAN,
        lift_end_s=lift.known_end_s if lift else NAN,
        bottom_hold_s=after if lifts_first else between,
        top_hold_s=between if lifts_first else after,
        top_deg=cycle.first.end_deg if lifts_first else back_deg,
        bottom_deg=back_deg if lifts_first else cycle.first.end_deg,
        peak_lift_dps=lift.peak_dps if lift else NAN,
        peak_lower_dps=lower.peak_dps if lower else NAN,
        smoothness=lift.smoothness if lift else NAN,
        lower_start_pm_s=lower.start_pm_s if lower else NAN,
        lower_end_pm_s=lower.end_pm_s if lower and not lower.cut else NAN,
        lift_start_pm_s=lift.start_pm_s if lift else NAN,
        lift_end_pm_s=lift.end_pm_s if lift and not lift.cut else NAN,
    )


def _bottom(cycle: Cycle) -> float:
    """The lowest instant: the middle of a level bottom hold, or the deeper of its ends."""
    lower, lift = cycle.lower, cycle.lift
    if lower is None:
        return NAN
    if cycle.first.lifting:
        return lower.low_s if isnan(cycle.next_start_s) else 0.5 * (lower.end_s + cycle.next_start_s)
    if lift is None or lift.low_deg - lower.low_deg > _LEVEL_DEG:
        return lower.low_s
    return lift.low_s if lower.low_deg - lift.low_deg > _LEVEL_DEG else 0.5 * (lower.end_s + lift.start_s)
