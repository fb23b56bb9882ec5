"""Which samples of a stream are missing, which to ask for now, and which are gone. No I/O; time comes as an argument.

Strategy: a hole is old enough once samples beyond it have been here for `PATIENCE_S`, for the link never reorders. One
request is under way at a time. It is over when its last sample is there, or when none came for `QUIET_S`; then
whatever is still missing is asked for again, and after `TRIES` without a single sample it counts as gone. So a lost
request, a lost answer and a lost frame all mend themselves in the same way. A sensor that is busy, or still sends what
it was asked for before, is not quiet; but what it owes is counted, so that nobody is waited for in vain.
"""

from __future__ import annotations

from collections import deque

from imu.link.intervals import Interval, IntervalSet
from imu.model import Bools, Ints

PATIENCE_S = 0.3
QUIET_S = 1.5
TRIES = 8
NEAR = 16
"""Holes with fewer samples between them are asked for as one: sending a frame twice is quicker than asking twice."""


class Recovery:
    """Bookkeeping of one stream, whose first sample has index 0."""

    def __init__(self) -> None:
        self.received = IntervalSet()
        self.filled = 0
        """Samples that came late, because they were asked for."""
        self.front = 0
        """One past the newest sample received."""
        self.reached = 0
        """One past the newest sample taken, as far as known."""
        self._done = IntervalSet()  # received or gone
        self._marks: deque[tuple[float, int]] = deque()
        self._settled = 0
        self._asked: Interval | None = None
        self._quiet_since_s = 0.0
        self._tries = 0
        self._owed = 0  # samples promised, also those promised again, that did not come yet
        self._gone: list[Interval] = []
        self._regained = IntervalSet()

    def take(self, index: Ints, now_s: float) -> Bools:
        """Note the samples of a frame; (n,) true for those that were not here yet."""
        new = ~self.received.contains(index)
        if self._owed > 0 and int(index[-1]) < self.front - 1:
            self._owed -= len(index)
            self._quiet_since_s = now_s  # it still sends what it was asked for before: our hole's turn will come
        if not new.any():
            return new
        fresh = index[new]
        start, stop = self._asked or (0, 0)
        wanted = (fresh >= start) & (fresh < stop)
        if wanted.any():
            self._quiet_since_s, self._tries = now_s, 0
        if wanted.any() and stop - 1 in fresh:
            self._asked = None  # the last of it: what did not come before it was lost on the way
        self.filled += int((wanted | (fresh < self.front)).sum())
        self._regained.add_all(fresh[self._done.contains(fresh)])
        self.received.add_all(fresh)
        self._done.add_all(fresh)
        self.front = max(self.front, int(fresh.max()) + 1)
        self.reaches(self.front, now_s)
        return new

    def reaches(self, next_index: int, now_s: float) -> None:
        """Note that the stream has come as far as `next_index`, whether or not its samples are here."""
        if next_index > self.reached:
            self.reached = next_index
            self._marks.append((now_s, next_index))

    @property
    def missing(self) -> int:
        """Samples that are not here and may still come."""
        return self.reached - len(self._done)

    @property
    def lost(self) -> int:
        """Samples given up."""
        return len(self._done) - len(self.received)

    def due(self, now_s: float) -> Interval | None:
        """The hole to ask for now, if any."""
        while self._marks and self._marks[0][0] <= now_s - PATIENCE_S:
            self._settled = self._marks.popleft()[1]
        if self._asked and (now_s - self._quiet_since_s > QUIET_S or not self._done.missing(*self._asked)):
            self._asked = None
        if self._asked:
            return None
        holes = self._done.missing(0, self._settled)
        if holes and self._tries >= TRIES:
            self._lose(*holes.pop(0))
        return _first_run(holes) if holes else None

    def asked(self, hole: Interval, now_s: float) -> None:
        """Note that a hole was asked for."""
        self._asked, self._quiet_since_s = hole, now_s
        self._tries += 1

    def busy(self) -> None:
        """Note that the sensor has too much to send for the hole asked for: that was no try."""
        self._tries -= 1

    def promised(self, first: int, count: int) -> None:
        """Note which part of the hole asked for will come; the part before it is gone."""
        if self._asked is None:
            return
        start, stop = self._asked
        self._owed += count
        begin = min(first, stop) if count else stop
        self._lose(start, begin)
        self._asked = (begin, min(first + count, stop)) if begin < stop else None

    def disconnected(self) -> None:
        """Forget the request under way: the sensor has forgotten it, too."""
        self._asked, self._tries, self._owed = None, 0, 0

    def give_up(self) -> None:
        """Count all that is still missing as gone."""
        self._lose(0, self.reached)

    def gone(self) -> list[Interval]:
        """The holes given up since the last call, in the order in which they were."""
        gone, self._gone = self._gone, []
        return gone

    def regained(self) -> list[Interval]:
        """What was given up and came after all, since the last call."""
        regained, self._regained = self._regained, IntervalSet()
        return regained.intervals()

    def _lose(self, start: int, stop: int) -> None:
        if start < stop:
            self._gone += self._done.missing(start, stop)
            self._done.add(start, stop)
            self._tries = 0


def _first_run(holes: list[Interval]) -> Interval:
    """The first hole, and with it those that follow near by."""
    start, stop = holes[0]
    for begin, end in holes[1:]:
        if begin - stop >= NEAR:
            break
        stop = end
    return start, stop
