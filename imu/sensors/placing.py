"""Where a frame belongs: its 16 bits of index and 32 bits of device time -> index and time of each of its samples.

Unwrapping. Both are taken as the value nearest to the newest frame so far: right as long as a frame is less than 32768
samples (157 s at 208 Hz) and 35 minutes away from it. The sensor's ring (105 s) and its patience after a drop (60 s)
are well inside. Index and time count the same thing, so a frame in which they contradict each other is refused.

A header damaged on the way may contradict itself by little enough to be taken. Then the good frames after it may seem
to contradict it by more. So a frame that does not agree with the newest one is held against the one before that as
well: where it agrees with that, it was the newest that was wrong, and the frame takes its place.

The first frame has nothing to be held against. If it was wrong, or if the sensor's clock or index jumps later, every
frame after it is refused; then the frames agree with one another but not with what was believed, and after a few of
them the stream is said to be broken, which only a new start mends. Only live frames count for this: frames sent again
may be those of an older stream.

Times. The rate told at the start may be several per cent off, so within a frame samples lie as far apart as the frames'
own stamps say, once those span half a second. And time always runs on with the index, at no less than half its pace: a
sample that would be too near to one placed before, before or behind it, gives way. So the times of a stream increase
with its index whatever comes, in any order, and a sound stream is not changed by it. All of this goes frame by frame:
the result does not depend on how frames are batched.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from typing import TypeVar

import numpy as np

from imu.model import Floats
from imu.sensors.family import FrameError, StreamBroken

MISMATCH_S = 0.5
MISMATCH_RATIO = 0.01
"""Index and time of a frame may disagree by this much, plus this share of its distance from the newest frame."""
RATE_TOLERANCE = 0.1
"""By this share the rate told at the start may be off."""
LEARN_S = 0.5
"""Stretch of stamps from which the rate is believed rather than that."""
LEAST_PACE = 0.5
"""Of the rate told at the start: samples are never nearer to each other than this share of its period."""
FIRST_WITHIN_S = 120.0
"""The first frame to arrive is at most this far into the stream: the sensor waits 60 s for a host that lost it."""
BROKEN_AFTER = 5
"""So many live frames refused in a row, which agree among themselves, are right, and what was believed is wrong."""
MOST_MARKS = 1 << 17
"""More than twice the samples within which an index can be unwrapped."""

_Index = TypeVar("_Index", float, Floats)
_Place = tuple[int, int]  # index and device time in us


class Placing:
    """The places of one stream's frames."""

    def __init__(self, rate_hz: float) -> None:
        """Take the rate that the sensor told."""
        self._told_s = 1 / rate_hz
        self._first: _Place | None = None
        self._newest: _Place = (0, 0)
        self._before: _Place = (0, 0)
        self._zero_us = 0.0
        self._refused: _Place | None = None
        self._refusals = 0
        self._mark_index = [-1]  # ends of the frames placed so far, in order; before them, so that no time is below 0
        self._mark_s = [-LEAST_PACE * self._told_s]

    def place(self, index16: int, time_us: int, n: int, *, backfill: bool = False) -> tuple[int, Floats]:
        """Place a frame.

        Args:
            index16: Low 16 bits of its first sample's index.
            time_us: Low 32 bits of that sample's device time in microseconds.
            n: Its samples.
            backfill: It was sent again on request.

        Returns:
            Its first sample's index, and (n,) times in seconds from the stream's sample 0, increasing with the index.

        Raises:
            FrameError: It contradicts the frames before; nothing is changed by it.
            StreamBroken: So it does, and so did some before it, but not each other.
        """
        try:
            index, time = self._unwrap(index16, time_us, backfill=backfill)
        except FrameError as error:
            if not backfill:
                self._count_refusal(index16, time_us, error)
            raise
        if not backfill:
            self._refused, self._refusals = None, 0
        return index, self._times(index, (time - self._zero_us) * 1e-6, n)

    def time_s(self, time_us: int) -> float:
        """Seconds from the stream's sample 0 to a device time, given its low 32 bits; nan before the first frame."""
        if self._first is None:
            return math.nan
        return (_nearest(self._newest, 0, time_us)[1] - self._zero_us) * 1e-6

    def _unwrap(self, index16: int, time_us: int, *, backfill: bool) -> _Place:
        if self._first is None:
            if backfill or index16 > FIRST_WITHIN_S / self._told_s:
                what = "sent again" if backfill else f"at index {index16}"
                raise FrameError(f"A frame from the sensor was left out: a stream does not begin with one {what}.")
            self._first = self._newest = self._before = index16, time_us
            self._zero_us = time_us - index16 * 1e6 * self._told_s
            return self._newest
        place = _nearest(self._newest, index16, time_us)
        if self._fits(self._newest, place):
            if place > self._newest:
                self._before, self._newest = self._newest, place
            return place
        earlier = _nearest(self._before, index16, time_us)
        if not self._fits(self._before, earlier):
            by_time_s = (place[1] - self._newest[1]) * 1e-6
            by_index_s = (place[0] - self._newest[0]) * self._period_s
            raise FrameError(
                f"A frame from the sensor was left out: its index is {by_index_s:.1f} s, its time {by_time_s:.1f} s "
                "from the newest one's."
            )
        self._newest = max(self._before, earlier)
        return earlier

    def _fits(self, believed: _Place, place: _Place) -> bool:
        return place[0] >= 0 and self._agree(believed, place)

    @property
    def _period_s(self) -> float:
        """From sample to sample."""
        return self._period_to(self._newest)

    def _period_to(self, place: _Place) -> float:
        """From sample to sample, by the stamps up to a place."""
        if self._first is None or not self._learned(place) or place[0] <= self._first[0]:
            return self._told_s
        measured_s = (place[1] - self._first[1]) * 1e-6 / (place[0] - self._first[0])
        return min(max(measured_s, self._told_s / (1 + RATE_TOLERANCE)), self._told_s / (1 - RATE_TOLERANCE))

    def _learned(self, place: _Place) -> bool:
        return self._first is not None and place[1] - self._first[1] >= LEARN_S * 1e6

    def _agree(self, one: _Place, other: _Place, *, by: _Place | None = None) -> bool:
        """Whether two places are as far from each other by index as by time, at the pace up to the place `by`."""
        by = one if by is None else by
        by_time_s, by_index_s = (other[1] - one[1]) * 1e-6, (other[0] - one[0]) * self._period_to(by)
        ratio = MISMATCH_RATIO if self._learned(by) else RATE_TOLERANCE
        return abs(by_time_s - by_index_s) <= MISMATCH_S + ratio * abs(by_time_s)

    def _count_refusal(self, index16: int, time_us: int, error: FrameError) -> None:
        before = self._refused
        self._refused = (index16, time_us) if before is None else _nearest(before, index16, time_us)
        agree = before is not None and self._agree(before, self._refused, by=self._newest)
        self._refusals = self._refusals + 1 if agree else 1
        if self._refusals >= BROKEN_AFTER:
            raise StreamBroken(
                f"{BROKEN_AFTER} frames in a row contradict the ones before, but not each other; start the stream anew."
            ) from error

    def _times(self, index: int, start_s: float, n: int) -> Floats:
        """(n,) times as near to the stamp's as the samples placed before allow."""
        t_s: Floats = start_s + np.arange(n, dtype=float) * self._period_s
        last = index + n - 1
        a, b = bisect_left(self._mark_index, index), bisect_right(self._mark_index, last)
        # Bounds are set by the neighbours and by those in between, seldom any. Samples lie further apart than the
        # least, so that where the first is late enough for the one neighbour, and the last early enough for the other,
        # all are.
        late = a == 0 or start_s >= self._bound_s(a - 1, index)
        early = b == len(self._mark_index) or t_s[-1] <= self._bound_s(b, last)
        if a < b or not late or not early:
            at: Floats = index + np.arange(n, dtype=float)
            for mark in range(max(a - 1, 0), min(b + 1, len(self._mark_index))):
                bound_s = self._bound_s(mark, at)
                t_s = np.where(at >= self._mark_index[mark], np.maximum(t_s, bound_s), t_s)
                t_s = np.where(at <= self._mark_index[mark], np.minimum(t_s, bound_s), t_s)
        self._mark(index, float(t_s[0]))
        self._mark(last, float(t_s[-1]))
        return t_s

    def _bound_s(self, mark: int, index: _Index) -> _Index:
        """How near to a mark samples may be: the earliest time of those behind it, the latest of those before."""
        return self._mark_s[mark] + (index - self._mark_index[mark]) * (LEAST_PACE * self._told_s)

    def _mark(self, index: int, t_s: float) -> None:
        place = bisect_left(self._mark_index, index)
        if place < len(self._mark_index) and self._mark_index[place] == index:
            return
        self._mark_index.insert(place, index)
        self._mark_s.insert(place, t_s)
        if len(self._mark_index) > MOST_MARKS:
            del self._mark_index[: MOST_MARKS // 2], self._mark_s[: MOST_MARKS // 2]


def _nearest(to: _Place, index16: int, time_us: int) -> _Place:
    """Unwrapped index and time, nearest to those of another place."""
    return to[0] + _signed(index16 - to[0], 16), to[1] + _signed(time_us - to[1], 32)


def _signed(difference: int, bits: int) -> int:
    """The same difference modulo 2^bits, nearest to zero."""
    half = 1 << bits - 1
    return (difference + half) % (1 << bits) - half
