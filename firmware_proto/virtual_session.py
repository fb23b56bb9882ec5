"""One run of sampling: which sample was taken when, which the ring still holds, and the frames made of them."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from firmware_proto.codes import Kind
from firmware_proto.frames import DataFrame
from firmware_proto.virtual_source import Source

_FULL_SCALE = np.iinfo(np.int16)


@dataclass(kw_only=True)
class Session:
    """A session from START on. The source keeps all samples, so the ring is nothing but its bounds.

    Attributes:
        number: As told by the START answer.
        divisor: Recorded samples per sample.
        t0_us: Device time of sample 0.
        ring_samples: How many the ring holds.
        end: One past the last sample once the session has ended, else None.
        holes: Ranges [a, b) that were never taken because the sensor's FIFO overran.
    """

    number: int
    source: Source
    kind: Kind
    divisor: int
    t0_us: float
    ring_samples: int
    end: int | None = None
    holes: list[tuple[int, int]] = field(default_factory=list)

    @property
    def rate_hz(self) -> float:
        """True rate on the device's clock."""
        return self.source.rate_hz / self.divisor

    def next_index(self, device_us: float) -> int:
        """Index of the next sample to be taken."""
        if self.end is not None:
            return self.end
        return max(0, math.floor((device_us - self.t0_us) * self.rate_hz / 1e6 + 1e-6) + 1)

    def oldest_index(self, device_us: float) -> int:
        """The first sample still in the ring."""
        return max(0, self.next_index(device_us) - self.ring_samples)

    def run(self, first: int, last: int) -> tuple[int, int]:
        """The first stretch [a, b) of taken samples within [first, last); empty at `last` where there is none."""
        for start, stop in self.holes:
            if start <= first < stop:
                first = stop
            elif first < start < last:
                last = start
        return min(first, last), last

    def frame(self, first: int, count: int, *, backfill: bool = False, discontinuity: bool = False) -> bytes:
        """The notification that carries these samples."""
        raw = self.source.take(first, count, kind=self.kind, divisor=self.divisor)
        return DataFrame(
            index16=first & 0xFFFF,
            time_us=round(self.t0_us + first * 1e6 / self.rate_hz) & 0xFFFFFFFF,
            raw=raw,
            backfill=backfill,
            discontinuity=discontinuity,
            saturated=bool((raw == _FULL_SCALE.max).any() or (raw == _FULL_SCALE.min).any()),
        ).pack()


@dataclass(kw_only=True)
class Outbox:
    """Live frames and ranges asked for again, waiting for the link; never more than `capacity` live frames.

    When the link is too slow the oldest live frame goes, sampling never: the ring still has it.
    """

    capacity: int
    next_index: int = 0
    dropped: int = 0
    gap: bool = False
    _live: deque[tuple[int, int, bool]] = field(default_factory=deque)
    _again: deque[tuple[int, int]] = field(default_factory=deque)
    _was_live: bool = False
    _credit: float = 0.0

    def fill(self, session: Session, taken: int, per_frame: int, *, flush: bool = False) -> None:
        """Queue the samples taken so far in frames of `per_frame`; with `flush` also a last frame that is not full."""
        while self.next_index < taken:
            first, last = session.run(self.next_index, taken)
            count = min(per_frame, last - first)
            if count < per_frame and last == taken and not flush:
                break
            self.gap |= first != self.next_index
            if count:
                self._live.append((first, count, self.gap))
                self.gap = False
            self.next_index = first + count
        self._drop()

    def _drop(self) -> None:
        while len(self._live) > self.capacity:
            self._live.popleft()
            self.dropped = min(self.dropped + 1, 0xFFFF)
            if self._live:
                first, count, _ = self._live[0]
                self._live[0] = (first, count, True)

    def ask_again(self, first: int, last: int) -> None:
        """Queue [first, last) to be sent again."""
        self._again.append((first, last))

    @property
    def asked(self) -> int:
        """Ranges still to be sent again."""
        return len(self._again)

    def resume(self, index: int) -> None:
        """Begin the live stream at `index`, with a gap before it."""
        self._live.clear()
        self.next_index, self.gap = index, True

    def clear(self) -> None:
        """The link is gone, and with it all that waited for it."""
        self._live.clear()
        self._again.clear()

    def pop(self, session: Session, oldest: int, most: int) -> bytes | None:
        """The frame for the next free place on the link: a live one, but every other place may be a backfill's."""
        self._credit = min(self._credit + 0.5, 1.5)
        if self._again and self._credit >= 1.0 and (self._was_live or not self._live):
            self._was_live, self._credit = False, self._credit - 1.0
            again = self._pop_again(session, oldest, most)
            if again is not None:
                return again
        if not self._live:
            return None
        self._was_live = True
        first, count, gap = self._live.popleft()
        return session.frame(first, count, discontinuity=gap)

    def _pop_again(self, session: Session, oldest: int, most: int) -> bytes | None:
        asked, last = self._again.popleft()
        first, end = session.run(max(asked, oldest), last)
        if first >= last:
            return None
        count = min(most, end - first)
        if first + count < last:
            self._again.appendleft((first + count, last))
        return session.frame(first, count, backfill=True, discontinuity=first != asked)
