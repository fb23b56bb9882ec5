"""What a pipeline remembers: the inclination it may have to go over again, and what is settled for good."""

from __future__ import annotations

from dataclasses import dataclass

from imu.model import NAN, Inclination, Rep, StraightLine, StrapSlip

_JOINED = 256
"""Packets are joined by so many: an array of ten samples takes as much again as they do."""


class Past:
    """The inclination since the start, or since it was last forgotten, in the blocks in which it came."""

    def __init__(self) -> None:
        self.first = 0
        """Samples that are kept no more."""
        self.newest_s = 0.0
        self._blocks: list[Inclination] = []
        self._joined = 0
        self._n = 0

    def __deepcopy__(self, _: dict[int, object]) -> Past:
        twin = Past()
        twin.first, twin.newest_s, twin._joined, twin._n = self.first, self.newest_s, self._joined, self._n
        twin._blocks = [*self._blocks]  # blocks are never changed
        return twin

    def __len__(self) -> int:
        """How many there were, forgotten ones among them."""
        return self._n

    @property
    def kept_s(self) -> float:
        """How far back it goes."""
        return self.newest_s - float(self._blocks[0].t_s[0]) if self._blocks else 0.0

    def append(self, block: Inclination) -> None:
        """Take a block that is not empty."""
        self._blocks.append(block)
        self._n += len(block)
        self.newest_s = float(block.t_s[-1])
        if len(self._blocks) - self._joined >= _JOINED:
            self._blocks[self._joined :] = [Inclination.concat(self._blocks[self._joined :])]
            self._joined += 1

    def whole(self) -> Inclination:
        """All that is kept."""
        self._blocks = [Inclination.concat(self._blocks)] if self._blocks else []
        self._joined = len(self._blocks)
        return self._blocks[0] if self._blocks else Inclination.empty()

    def forget(self) -> None:
        """Keep nothing of what came so far."""
        self.first, self._blocks, self._joined = self._n, [], 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What was found in the time that is kept no more; no later sample changes it.

    Attributes:
        reps: Its ledger.
        lines, words: Its straight lines, and words about those that cannot have been one.
        slips: Where the strap turned within it.
        sets, set_end_s: How many sets there were, and the end of the last.
        blocks: Quarter seconds it lasted.
    """

    reps: tuple[Rep, ...] = ()
    lines: tuple[StraightLine, ...] = ()
    words: tuple[str, ...] = ()
    slips: tuple[StrapSlip, ...] = ()
    sets: int = 0
    set_end_s: float = NAN
    blocks: int = 0
