"""Counting whole recordings: which repetition belongs to which bout, what is a phantom, and the sums.

A counted repetition belongs to the nearest bout if its middle lies no further than `TOLERANCE_S` outside. Bouts nobody
could count for certain (ambiguous) come second and are kept out of all sums: what is found there is neither right nor
wrong, and their time is no time without bouts. Every other repetition is a phantom.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from imu.evaluation.matching import Span

TOLERANCE_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bout:
    """A stretch of a recording with so many true repetitions, or one of which nobody can say (ambiguous)."""

    start_s: float
    end_s: float
    reps: int
    ambiguous: bool = False
    note: str = ""

    @property
    def span(self) -> Span:
        """Start and end."""
        return self.start_s, self.end_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One recording: what was found in each bout, and beside them.

    Attributes:
        bouts, found: Bouts that are certain, and how many repetitions were found in each.
        unsure, found_unsure: The ambiguous ones.
        phantoms: Repetitions found in none of both.
        free_s: Time of the recording outside of them all, the tolerance around them left out as well.
    """

    bouts: tuple[Bout, ...]
    found: tuple[int, ...]
    unsure: tuple[Bout, ...]
    found_unsure: tuple[int, ...]
    phantoms: int
    free_s: float

    @property
    def exact(self) -> bool:
        """Whether every bout is right and nothing was found beside them."""
        return not self.phantoms and all(b.reps == n for b, n in zip(self.bouts, self.found, strict=True))


def score_bouts(reps: Iterable[Span], bouts: Iterable[Bout], length_s: float) -> Scored:
    """Give each counted repetition (start, end) to a bout; `length_s` is the last instant of the recording.

    Bouts of no repetitions that are not ambiguous only say what a stretch is; what is found there is a phantom.
    """
    known = list(bouts)
    sure = [b for b in known if b.reps > 0 and not b.ambiguous]
    unsure = [b for b in known if b.ambiguous]
    found, found_unsure, phantoms = [0] * len(sure), [0] * len(unsure), 0
    for start_s, end_s in reps:
        middle = (start_s + end_s) / 2
        if (i := _nearest(middle, sure)) is not None:
            found[i] += 1
        elif (i := _nearest(middle, unsure)) is not None:
            found_unsure[i] += 1
        else:
            phantoms += 1
    around = [(b.start_s - TOLERANCE_S, b.end_s + TOLERANCE_S) for b in (*sure, *unsure)]
    return Scored(
        bouts=tuple(sure), found=tuple(found), unsure=tuple(unsure), found_unsure=tuple(found_unsure),
        phantoms=phantoms, free_s=uncovered_s(length_s, around),
    )  # fmt: skip


def _nearest(middle_s: float, bouts: Sequence[Bout]) -> int | None:
    """Place of the bout nearest to an instant, the first of several; None where all are too far."""
    away = [max(b.start_s - middle_s, middle_s - b.end_s, 0.0) for b in bouts]
    best = min(range(len(away)), key=away.__getitem__, default=None)
    return best if best is not None and away[best] <= TOLERANCE_S else None


def uncovered_s(length_s: float, spans: Iterable[Span]) -> float:
    """How much of [0, length_s] lies in none of the spans."""
    free, at = 0.0, 0.0
    for start, end in sorted(spans):
        free += max(0.0, min(start, length_s) - at)
        at = max(at, min(end, length_s))
    return free + max(0.0, length_s - at)


@dataclass(frozen=True, slots=True, kw_only=True)
class CountSum:
    """Recordings with something to count, summed up.

    Attributes:
        recordings: Those with at least one certain bout.
        missed, extra: Repetitions too few and too many, over all bouts.
        whole: Recordings in which every bout is exact and there is no phantom.
        hours: Time outside of all bouts.
    """

    recordings: int
    bouts: int
    reps: int
    exact: int
    within_1: int
    missed: int
    extra: int
    whole: int
    phantoms: int
    hours: float

    @property
    def mae_reps(self) -> float:
        """Mean absolute error of a bout's count, nan without bouts."""
        return (self.missed + self.extra) / self.bouts if self.bouts else float("nan")


def sum_counts(recordings: Iterable[Scored]) -> CountSum:
    """Sum recordings up; one without a certain bout adds its phantoms and its time."""
    all_ = list(recordings)
    errors = [n - b.reps for r in all_ for b, n in zip(r.bouts, r.found, strict=True)]
    return CountSum(
        recordings=sum(bool(r.bouts) for r in all_),
        bouts=len(errors),
        reps=sum(b.reps for r in all_ for b in r.bouts),
        exact=sum(e == 0 for e in errors),
        within_1=sum(abs(e) <= 1 for e in errors),
        missed=sum(-e for e in errors if e < 0),
        extra=sum(e for e in errors if e > 0),
        whole=sum(bool(r.bouts) and r.exact for r in all_),
        phantoms=sum(r.phantoms for r in all_),
        hours=sum(r.free_s for r in all_) / 3600,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietSum:
    """Recordings in which nothing is to be counted; those that are ambiguous from end to end are left out."""

    recordings: int
    clean: int
    phantoms: int
    hours: float


def sum_quiet(recordings: Iterable[Scored]) -> QuietSum:
    """Sum recordings without repetitions up."""
    all_ = list(recordings)
    watched = [r for r in all_ if r.free_s > 0]
    return QuietSum(
        recordings=len(watched),
        clean=sum(not r.phantoms for r in watched),
        phantoms=sum(r.phantoms for r in all_),
        hours=sum(r.free_s for r in watched) / 3600,
    )
