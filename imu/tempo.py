"""Target tempo: `3-0-1-1` is lowering, bottom hold, lift, top hold in seconds; `X` is as fast as possible.

Tempo adherence is the share of a repetition's phases that met the target. In place of an `X` stands the fastest such
phase of the set: as fast as possible is what the person has shown to be possible.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from imu.errors import UsageError

if TYPE_CHECKING:
    from imu.model import Rep

PHASES = ("lower", "bottom", "lift", "top")
TOLERANCE = 0.2
"""Share of the target by which a phase may miss it (definitions of the project) ..."""
TOLERANCE_S = 0.3
"""... or this many seconds, whichever is more."""
LONGEST_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tempo:
    """A target tempo; None is `X`, as fast as possible."""

    text: str
    phases_s: tuple[float | None, float | None, float | None, float | None]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a tempo as a person writes it.

        Raises:
            UsageError: It is not four phases joined by `-`.
        """
        parts = text.strip().upper().split("-")
        if len(parts) != len(PHASES):
            raise UsageError(f"The tempo {text!r} has {len(parts)} part{'s'[: len(parts) != 1]} instead of 4. {_HOW}")
        lower, bottom, lift, top = (_phase(part, text) for part in parts)
        return cls(text=text.strip().upper(), phases_s=(lower, bottom, lift, top))

    @property
    def hold_s(self) -> float:
        """How long to hold the top."""
        return self.phases_s[3] or 0.0

    def hits(self, rep: Rep) -> tuple[bool | None, ...]:
        """Which phases of a rep met the target; None where nothing can be compared (`X`, or a phase without end)."""
        return tuple(
            None if target is None or math.isnan(measured) else abs(measured - target) <= _slack(target)
            for target, measured in zip(self.phases_s, measured_s(rep), strict=True)
        )

    def for_set(self, reps: Sequence[Rep]) -> Self:
        """The same with each `X` become the fastest that any of these reps was; it stays `X` where none has an end."""
        lower, bottom, lift, top = (
            target if target is not None else _fastest(phase, reps) for phase, target in enumerate(self.phases_s)
        )
        return replace(self, phases_s=(lower, bottom, lift, top))

    def adherence(self, rep: Rep) -> float:
        """Share of a rep's phases that met the target, 0 to 1; nan where there is nothing to compare."""
        hits = [hit for hit in self.hits(rep) if hit is not None]
        return sum(hits) / len(hits) if hits else math.nan


class Targets:
    """The target tempo in the course of a recording.

    Args:
        first: From the beginning on.
        changes: When it became another one, in order of time.
    """

    def __init__(self, first: Tempo, changes: Iterable[tuple[float, Tempo]] = ()) -> None:
        self._from_s, self._tempos = [-math.inf], [first]
        for t_s, tempo in changes:
            self.change(t_s, tempo)

    def change(self, t_s: float, tempo: Tempo) -> None:
        """From `t_s` on, which lies behind all changes before, it is another one."""
        self._from_s.append(t_s)
        self._tempos.append(tempo)

    def at(self, t_s: float) -> Tempo:
        """The one in force."""
        return self._tempos[bisect_right(self._from_s, t_s) - 1]


_HOW = "Write lowering-bottom-lift-top in seconds, X for as fast as possible, for example --tempo 3-0-1-1."


def measured_s(rep: Rep) -> tuple[float, float, float, float]:
    """The four phases of a rep in the order of a tempo; of a static hold the top is the hold."""
    top_s = rep.top_hold_s if math.isnan(rep.hold_s) else rep.hold_s
    return (rep.lower_s, rep.bottom_hold_s, rep.lift_s, top_s)


def _fastest(phase: int, reps: Sequence[Rep]) -> float | None:
    return min((s for s in (measured_s(rep)[phase] for rep in reps) if not math.isnan(s)), default=None)


def _slack(target_s: float) -> float:
    return max(TOLERANCE * target_s, TOLERANCE_S)


def _phase(part: str, text: str) -> float | None:
    if part.strip() == "X":
        return None
    try:
        seconds = float(part)
    except ValueError:
        raise UsageError(f"In the tempo {text!r}, {part!r} is neither a number of seconds nor X. {_HOW}") from None
    if not 0 <= seconds <= LONGEST_S:
        raise UsageError(f"In the tempo {text!r}, {part} s is out of the range 0 to {LONGEST_S:.0f}. {_HOW}")
    return seconds
