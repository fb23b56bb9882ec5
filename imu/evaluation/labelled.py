"""The program's count against a person's labels of the same session.

A label of `COUNTED` is a true repetition, any other says that a movement is none. What the person did not label is
unknown and left out, and the report says how much that is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite

from imu.evaluation.matching import Span, match
from imu.model import NAN, Rep

INSTANTS = ("start_s", "end_s", "bottom_s", "lower_start_s", "lower_end_s", "lift_start_s", "lift_end_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """One label.

    Attributes:
        counted: Whether the person says it is a repetition.
        instants_s: What the person read of `INSTANTS` by themselves; empty where the program's times were judged.
    """

    start_s: float
    end_s: float
    counted: bool
    instants_s: dict[str, float]

    @property
    def span(self) -> Span:
        """Start and end."""
        return self.start_s, self.end_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One session.

    Attributes:
        right: Counted by both.
        missed: Counted by the person alone.
        wrong: Counted by the program alone, where the person says that it is none.
        rejected: Counted by neither, and labelled.
        unlabelled: Counted by the program, and not labelled.
        errors_s: Program minus person, of each instant that the person read.
    """

    right: int
    missed: int
    wrong: int
    rejected: int
    unlabelled: int
    errors_s: dict[str, list[float]]

    @property
    def exact(self) -> bool:
        """Whether everything that was labelled is as the person says."""
        return not (self.missed or self.wrong)


def last_words(truth: Sequence[Truth]) -> list[Truth]:
    """Labels that no later one speaks over: of two of which one holds the other's middle, the last holds."""
    kept: list[Truth] = []
    for one in reversed(truth):
        middle_s = 0.5 * (one.start_s + one.end_s)
        if not any(later.start_s <= middle_s <= later.end_s for later in kept):
            kept.append(one)
    return sorted(kept, key=lambda one: one.start_s)


def compare(reps: Iterable[Rep], labels: Sequence[Truth]) -> Compared:
    """Hold a ledger against a person's labels, in the order in which they were made."""
    truth = last_words(labels)
    counted = [rep for rep in reps if rep.counted]
    pairs = match([one.span for one in truth], [(rep.start_s, rep.end_s) for rep in counted])
    both = [(truth[i], counted[j]) for i, j in pairs]
    right = [(one, rep) for one, rep in both if one.counted]
    true = sum(one.counted for one in truth)
    wrong = len(both) - len(right)
    return Compared(
        right=len(right),
        missed=true - len(right),
        wrong=wrong,
        rejected=len(truth) - true - wrong,
        unlabelled=len(counted) - len(both),
        errors_s=_errors(right),
    )


def _errors(pairs: Sequence[tuple[Truth, Rep]]) -> dict[str, list[float]]:
    errors: dict[str, list[float]] = {}
    for one, rep in pairs:
        for name, read_s in one.instants_s.items():
            error = getattr(rep, name, NAN) - read_s
            if isfinite(error):
                errors.setdefault(name, []).append(error)
    return errors
