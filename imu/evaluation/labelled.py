"""The program's count against a person's labels of the same session.

A label of `COUNTED` is a true repetition, any other says that a movement is none. What the person did not label is
unknown and left out, and the report says how much that is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from imu.evaluation.spoken import Word, spoken
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
    def word(self) -> Word:
        """What it says."""
        return Word(span=(self.start_s, self.end_s), counted=self.counted)


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


def compare(reps: Sequence[Rep], labels: Sequence[Truth]) -> Compared:
    """Hold a ledger against a person's labels, in the order in which they were made."""
    found = spoken([(rep.start_s, rep.end_s) for rep in reps], [one.word for one in labels])
    said = [(rep, None if place is None else labels[place]) for rep, place in zip(reps, found.of, strict=True)]
    judged = [(rep, one) for rep, one in said if one is not None]
    alone = [labels[place].counted for place in found.alone]
    right = [(one, rep) for rep, one in judged if rep.counted and one.counted]
    return Compared(
        right=len(right),
        missed=sum(one.counted and not rep.counted for rep, one in judged) + sum(alone),
        wrong=sum(rep.counted and not one.counted for rep, one in judged),
        rejected=sum(not rep.counted and not one.counted for rep, one in judged) + alone.count(False),
        unlabelled=sum(rep.counted and one is None for rep, one in said),
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
