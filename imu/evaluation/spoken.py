"""Which of a person's labels speaks of which movement: one rule, for the ledger that shows them and for its scoring.

A label and a movement are of the same thing where one holds the other's middle. The last word holds. A repetition is
one: of several movements it speaks of the one with which it has most time in common. A rejection speaks of them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from imu.evaluation.matching import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What a label says: when, and whether that was a repetition."""

    span: Span
    counted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """Labels and movements brought together.

    Attributes:
        of: For each movement the place of the label that holds for it; None where nobody spoke of it.
        alone: Places of labels that hold, of stretches where there is no movement of theirs.
    """

    of: list[int | None]
    alone: list[int]


def spoken(movements: Sequence[Span], words: Sequence[Word]) -> Spoken:
    """Bring a person's labels to the movements.

    Args:
        movements: Start and end of each.
        words: The labels in the order in which they were given.
    """
    of: list[int | None] = [None] * len(movements)
    alone: list[int] = []
    for place in range(len(words) - 1, -1, -1):
        word = words[place]
        meant = _meant(word, movements)
        for i in meant:
            of[i] = place if of[i] is None else of[i]
        if not meant and not any(_same(word.span, later.span) for later in words[place + 1 :]):
            alone.append(place)
    return Spoken(of=of, alone=alone[::-1])


def _meant(word: Word, movements: Sequence[Span]) -> list[int]:
    found = [i for i, one in enumerate(movements) if _same(word.span, one)]
    if word.counted and found:
        return [max(found, key=lambda i: _common_s(word.span, movements[i]))]
    return found


def _same(one: Span, other: Span) -> bool:
    return _holds(one, 0.5 * (other[0] + other[1])) or _holds(other, 0.5 * (one[0] + one[1]))


def _holds(span: Span, t_s: float) -> bool:
    return span[0] <= t_s <= span[1]


def _common_s(one: Span, other: Span) -> float:
    return min(one[1], other[1]) - max(one[0], other[0])
