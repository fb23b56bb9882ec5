"""The top hold by ear: a tone until the target is reached, or the clock where that would be too long a tone."""

from __future__ import annotations

import math

from imu.coach.cues import Cue, Say, Tone, Why
from imu.model import NAN

LONGEST_TONE_S = 10.0
"""Nobody bears a tone for a minute: a longer hold is told in words every `MARK_S`."""
MARK_S = 10.0


class Hold:
    """One hold after the other, from the count to what ends it."""

    def __init__(self, target_s: float) -> None:
        self.target_s = target_s
        self._tone_ends_s = -math.inf
        self._since_s = NAN  # of a hold told in words
        self._next = math.inf  # the held time that is told next

    @property
    def is_long(self) -> bool:
        """Whether the hold is to be longer than a tone."""
        return self.target_s > LONGEST_TONE_S

    def begin(self, since_s: float, now_s: float) -> Tone | None:
        """The top was reached at `since_s`, as is known now."""
        self.over()
        if self.is_long:
            self._since_s = since_s
            self.again(now_s)
            return None
        length_s = since_s + self.target_s - now_s
        if length_s <= 0.0:
            return None
        self._tone_ends_s = now_s + length_s
        return Tone(at_s=now_s, length_s=length_s)

    def again(self, now_s: float) -> None:
        """The trunk is at the top (again): a long hold is told from here on, if one is under way."""
        if not math.isnan(self._since_s):
            self._next = self._after(now_s - self._since_s)

    def leave(self, now_s: float) -> bool:
        """The trunk left the top, for a moment or for good; whether a tone is cut short by it."""
        cut_short, self._tone_ends_s = self._tone_ends_s > now_s, -math.inf
        self._next = math.inf
        return cut_short

    def over(self) -> None:
        """The hold is done, or was none."""
        self._since_s, self._next = NAN, math.inf

    def let_go(self, now_s: float) -> list[Cue]:
        """The words that fell due before now."""
        cues: list[Cue] = []
        while self._since_s + self._next < now_s:
            held_s, self._next = self._next, self._after(self._next)
            done = ", target" if held_s == self.target_s else ""
            cues.append(Say(at_s=self._since_s + held_s, why=Why.HOLD, text=f"{held_s:g} seconds{done}"))
        return cues

    def _after(self, held_s: float) -> float:
        """The next round time, or the target where that comes first."""
        mark_s = (math.floor(held_s / MARK_S) + 1) * MARK_S
        return min(mark_s, self.target_s) if held_s < self.target_s else mark_s
