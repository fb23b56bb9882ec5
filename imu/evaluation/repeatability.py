"""How large a change has to be before it is more than a person's own scatter from day to day.

Sessions of one person at one exercise, in which nothing was meant to change, scatter; their standard deviation within
a person is the standard error of measurement (SEM), the person's own variation included. A difference of two sessions
larger than the minimal detectable change, MDC95 = 1.96 * sqrt(2) * SEM, is more than that with 95 % confidence (Weir,
J Strength Cond Res 19, 2005).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite, sqrt

from imu.model import NAN

Z95 = 1.96


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeatability:
    """One metric over repeated sessions, in the metric's unit; nan where nobody has two sessions.

    Attributes:
        groups, sessions: How many people (at one exercise and load) have at least two sessions, and their sessions.
        mean: Mean over those sessions.
        sem: Standard deviation within a person, pooled over people by their degrees of freedom.
        mdc95: Minimal detectable change between two sessions.
    """

    groups: int
    sessions: int
    mean: float = NAN
    sem: float = NAN

    @property
    def mdc95(self) -> float:
        """Minimal detectable change between two sessions, with 95 % confidence."""
        return Z95 * sqrt(2.0) * self.sem


def repeatability(groups: Iterable[Sequence[float]]) -> Repeatability:
    """Pool the scatter of repeated sessions.

    Args:
        groups: For each person, exercise and load one value a session; values that are nan are left out.
    """
    known = [[v for v in values if isfinite(v)] for values in groups]
    known = [values for values in known if len(values) > 1]
    n = sum(map(len, known))
    if not known:
        return Repeatability(groups=0, sessions=0)
    within = sum(sum((v - sum(values) / len(values)) ** 2 for v in values) for values in known)
    return Repeatability(
        groups=len(known),
        sessions=n,
        mean=sum(map(sum, known)) / n,
        sem=sqrt(within / (n - len(known))),
    )
