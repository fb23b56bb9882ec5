"""Target tempo: `3-0-1-1` is lowering, bottom hold, lift, top hold in seconds; `X` is as fast as possible."""

from __future__ import annotations

import math
from dataclasses import dataclass
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


_HOW = "Write lowering-bottom-lift-top in seconds, X for as fast as possible, for example --tempo 3-0-1-1."


def measured_s(rep: Rep) -> tuple[float, float, float, float]:
    """The four phases of a rep in the order of a tempo."""
    return (rep.lower_s, rep.bottom_hold_s, rep.lift_s, rep.top_hold_s)


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
