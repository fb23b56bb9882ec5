"""A set of whole numbers kept as disjoint intervals [start, stop): which samples have been received."""

from __future__ import annotations

import numpy as np

from imu.model import Bools, Ints

Interval = tuple[int, int]


class IntervalSet:
    """Grows by intervals or by numbers; its size is that of its holes, not of what it holds."""

    def __init__(self) -> None:
        self._starts: Ints = np.empty(0, np.int64)
        self._stops: Ints = np.empty(0, np.int64)

    def __len__(self) -> int:
        """How many numbers it holds."""
        return int((self._stops - self._starts).sum())

    def intervals(self) -> list[Interval]:
        """Its intervals in order; no two touch."""
        return list(zip(self._starts.tolist(), self._stops.tolist(), strict=True))

    def add(self, start: int, stop: int) -> None:
        """Add [start, stop); nothing if it is empty."""
        if start >= stop:
            return
        first = int(np.searchsorted(self._stops, start, "left"))
        beyond = int(np.searchsorted(self._starts, stop, "right"))
        if first < beyond:  # these touch or overlap and become one
            start, stop = min(start, int(self._starts[first])), max(stop, int(self._stops[beyond - 1]))
        self._starts = np.concatenate([self._starts[:first], [start], self._starts[beyond:]])
        self._stops = np.concatenate([self._stops[:first], [stop], self._stops[beyond:]])

    def add_all(self, numbers: Ints) -> None:
        """Add (n,) numbers in any order, repeated or not."""
        ordered = np.unique(numbers)
        edges = np.flatnonzero(np.diff(ordered) != 1) + 1
        for run in np.split(ordered, edges) if len(ordered) else ():
            self.add(int(run[0]), int(run[-1]) + 1)

    def contains(self, numbers: Ints) -> Bools:
        """(n,) whether each number is in it."""
        if not len(self._starts):
            return np.zeros(len(numbers), bool)
        place = np.searchsorted(self._starts, numbers, "right") - 1
        return np.asarray((place >= 0) & (numbers < self._stops[np.maximum(place, 0)]))

    def missing(self, start: int, stop: int) -> list[Interval]:
        """The holes within [start, stop), in order."""
        inside = (self._stops > start) & (self._starts < stop)
        begins = np.concatenate([[start], self._stops[inside]])
        ends = np.concatenate([self._starts[inside], [stop]])
        holes = ends > begins
        return list(zip(begins[holes].tolist(), ends[holes].tolist(), strict=True))
