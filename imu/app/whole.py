"""A stream with holes in it -> what it holds as far as it is here, and what it holds once they are filled.

Strategy. One pipeline, the settled one, takes every sample in its order: where samples are missing that may still come,
it waits. Where they do not come soon, a copy of it goes on over the hole, so that counting goes on. Once the hole is
filled, or known to stay, the settled pipeline takes what waited and the copy is let go; what the copy had told wrong is
corrected. So what is counted in the end does not depend on what came late, and is what the files give.
"""

from __future__ import annotations

import math

import numpy as np

from imu.link.intervals import IntervalSet
from imu.model import Analysis, Event, LiveState, Rep, Samples, Trunk
from imu.motion.pipeline import Pipeline
from imu.tempo import Tempo

SOON_S = 1.0
"""A frame that was lost is here again after half a second; so short a wait is better than a count that is revised."""
_EVER = int(np.iinfo(np.int64).max)


class Whole:
    """A pipeline for samples of which some come late.

    Args:
        pipeline: Nothing was pushed yet.
        may_fill: Whether missing samples may come later at all; if not, every block goes through as it comes.
    """

    def __init__(self, pipeline: Pipeline, *, may_fill: bool = True) -> None:
        self._settled, self._may_fill = pipeline, may_fill
        self._ahead: Pipeline | None = None
        self._since: list[Event] = []  # what the settled one found since the copy was taken
        self._known = IntervalSet()  # here, or gone for good
        self._waiting: list[Samples] = []
        self._next, self._settled_s = 0, np.inf
        self._copied_s, self._hole_stops = -np.inf, 0

    @property
    def _live(self) -> Pipeline:
        return self._settled if self._ahead is None else self._ahead

    @property
    def state(self) -> LiveState:
        """What a live view shows now."""
        return self._live.state

    def analysis(self) -> Analysis:
        """The ledger and the sets as known so far."""
        return self._live.analysis()

    def ledger(self) -> tuple[Rep, ...]:
        """The ledger as known so far."""
        return self._live.ledger()

    def trunk(self, since_s: float) -> Trunk:
        """The trunk's motion after `since_s`, as known now."""
        return self._live.trunk(since_s)

    def calibrate(self) -> None:
        """Take the next 3 s in which the trunk is held still for the straight line."""
        since_s = self._live.newest_s
        for pipeline in self._all:
            pipeline.calibrate(since_s=since_s)

    def begin_set(self) -> float:
        """A set begins now, by the person's word; gives the device time from which on it does."""
        at_s = self._now_s
        for pipeline in self._all:
            pipeline.begin_set(at_s)
        return at_s

    def end_set(self) -> float:
        """The set that was begun ends now; gives the device time."""
        at_s = self._now_s
        for pipeline in self._all:
            pipeline.end_set(at_s)
        return at_s

    def retarget(self, tempo: Tempo) -> float:
        """From now on the target tempo is another one; gives the device time."""
        at_s = self._now_s
        for pipeline in self._all:
            pipeline.retarget(at_s, tempo)
        return at_s

    @property
    def _all(self) -> list[Pipeline]:
        return [self._settled] if self._ahead is None else [self._settled, self._ahead]

    @property
    def _now_s(self) -> float:
        """Just behind what was looked at, as `events.csv` writes it: there it means the same."""
        return math.ceil((self._live.newest_s or 0.0) * 1e4) / 1e4

    def push(self, samples: Samples) -> list[Event]:
        """Take samples in the order in which they came, each once; gives what they decide, and what they correct."""
        if not self._may_fill:
            return self._settled.push(samples)
        samples = samples[samples.index >= self._next]  # what was given up and comes after all is too late
        if not len(samples):
            return []
        self._settled_s = min(self._settled_s, float(samples.t_s[0])) if self._next == 0 else self._settled_s
        self._known.add_all(samples.index)
        self._waiting.append(samples)
        told = self._settle()
        if self._ahead is not None:
            return self._corrected(told) or self._ahead.push(samples)
        if self._waiting and float(samples.t_s[-1]) - self._settled_s > SOON_S:
            told += self._go_ahead()
        return told

    def gone(self, first: int, stop: int) -> list[Event]:
        """Note that samples [first, stop) will never come."""
        self._known.add(first, stop)
        told = self._settle()
        return told if self._ahead is None else self._corrected(told)

    def finish(self) -> list[Event]:
        """The recording ended: nothing that is missing will come any more."""
        events = self.gone(0, _EVER) if self._waiting else []
        return events + self._settled.finish()

    def _settle(self) -> list[Event]:
        """Hand on what waited, up to the first hole that may be filled."""
        front = next((start for start, _ in self._known.missing(self._next, _EVER)), _EVER)
        if front == self._next:
            return []
        self._next, waiting = front, self._in_order()
        n = int(np.searchsorted(waiting.index, front))
        self._waiting = [waiting[n:]] if n < len(waiting) else []
        if not n:
            return []
        self._settled_s = float(waiting.t_s[n - 1])
        return self._settled.push(waiting[:n])

    def _in_order(self) -> Samples:
        """All that waits."""
        waiting = Samples.concat(self._waiting)
        return waiting if (np.diff(waiting.index) > 0).all() else waiting[np.argsort(waiting.index)]

    def _go_ahead(self) -> list[Event]:
        """Go on over the hole with a copy."""
        waiting, self._ahead = self._in_order(), self._settled.copy()
        self._copied_s, self._hole_stops = self._settled_s, int(waiting.index[0])
        return self._ahead.push(waiting)

    def _corrected(self, told: list[Event]) -> list[Event]:
        """Once the hole is settled, let the copy go, and correct what it told; with the next hole, begin anew.

        Where one hole follows the other, that is done once for every second of what was settled, not for each of them.
        """
        self._since += told
        inside = self._next <= self._hole_stops or self._settled_s - self._copied_s <= SOON_S
        if self._ahead is None or (self._waiting and inside):
            return []
        before, self._ahead = self._ahead, None
        since, self._since = self._since, []
        if self._waiting:
            since += self._go_ahead()
        return self._live.instead_of(before, since)
