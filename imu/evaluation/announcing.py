"""How soon a count is said, and how often one is said that is none, in the device's time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from imu.evaluation.agreement import Agreement, agreement

LATEST_S = 2.0
"""An announcement later than this after the lift's end is not of that repetition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One announcement: the instant it is about, and the newest sample without which it could not have been made."""

    t_s: float
    known_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """What was said in one recording.

    Attributes:
        reps: True repetitions.
        waits_s: From the true end of the lift to when the count was known, for each repetition that was announced;
            negative where it came early.
        ghosts: Announcements where no true repetition arrives, a second one for the same repetition included.
        withdrawn: Announcements that were taken back.
    """

    reps: int = 0
    waits_s: tuple[float, ...] = ()
    ghosts: int = 0
    withdrawn: int = 0

    @property
    def missed(self) -> int:
        """Repetitions nothing was said of at the right time."""
        return self.reps - len(self.waits_s)

    @property
    def wait(self) -> Agreement:
        """The waits in figures."""
        return agreement(self.waits_s)

    def per_100(self, number: int) -> float:
        """A number for each hundred true repetitions."""
        return 100.0 * number / self.reps if self.reps else float("nan")


def announced(lifts: Sequence[tuple[float, float]], said: Iterable[Said], *, withdrawn: int = 0) -> Announced:
    """Give every announcement to the lift (true start, true end) in which, or just after which, it falls.

    Lifts are in order of time. Between two lifts that follow each other quickly an announcement belongs to the first
    until the second begins.
    """
    waits: dict[int, float] = {}
    ghosts = 0
    for one in sorted(said, key=lambda s: s.t_s):
        before = [i for i, (start, end) in enumerate(lifts) if start <= one.t_s <= end + LATEST_S]
        if before and before[-1] not in waits:
            waits[before[-1]] = one.known_s - lifts[before[-1]][1]
        else:
            ghosts += 1
    return Announced(
        reps=len(lifts), waits_s=tuple(waits[i] for i in sorted(waits)), ghosts=ghosts, withdrawn=withdrawn
    )


def together(parts: Iterable[Announced]) -> Announced:
    """Several recordings as one."""
    parts = list(parts)
    return Announced(
        reps=sum(p.reps for p in parts),
        waits_s=tuple(w for p in parts for w in p.waits_s),
        ghosts=sum(p.ghosts for p in parts),
        withdrawn=sum(p.withdrawn for p in parts),
    )
