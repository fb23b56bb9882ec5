"""Samples as they came -> one uniform timeline on the device's clock, holes bridged and marked.

The samples of real sensors are late, early, irregular or missing. Everything after this stage sees a constant rate:
each grid instant lies between two neighbouring samples and is interpolated linearly between them. Where those two are
further apart than a few nominal intervals the instant is marked as filled. Nothing is ever concatenated over a hole.
"""

from __future__ import annotations

import itertools

import numpy as np

from imu.model import Bools, Floats, Ints, Samples
from imu.motion.params import MotionParams


def grid_rate_hz(rate_hz: float, params: MotionParams) -> float:
    """Rate of the uniform timeline for a sensor of the given rate."""
    return max(rate_hz, params.slowest_grid_hz)


def stretches(t_s: Floats, before_s: float, params: MotionParams) -> list[tuple[bool, slice]]:
    """The stretches of a uniform timeline, each with whether a restart comes before it.

    `before_s` is the time of the sample before the first one, nan where there is none.
    """
    if not len(t_s):
        return []
    restarts = np.diff(t_s, prepend=before_s) > 0.5 * params.longest_bridge_s
    edges = [0, *(np.flatnonzero(restarts[1:]) + 1).tolist(), len(t_s)]
    return [(bool(restarts[a]), slice(a, b)) for a, b in itertools.pairwise(edges)]


class Timeline:
    """Stage: `Samples` in order of time -> `Samples` at a constant rate."""

    def __init__(self, *, rate_hz: float, params: MotionParams) -> None:
        self.grid_hz = grid_rate_hz(rate_hz, params)
        self._dt = 1.0 / self.grid_hz
        self._gap_s = max(params.gap_intervals / rate_hz, params.harmless_gap_s)
        self._longest_s = params.longest_bridge_s
        self._last: Samples | None = None
        self._origin_s = 0.0
        self._next = 0

    def push(self, block: Samples) -> Samples:
        """Take samples; those not later than what was already taken are left out (they were late or doubled)."""
        block = self._forward(block)
        if not len(block):
            return block
        knots = block if self._last is None else Samples.concat((self._last, block))
        jumps = np.flatnonzero(np.diff(knots.t_s) > self._longest_s) + 1
        pieces = []
        if self._last is None:
            pieces.append(self._restart(knots))
        for start, end in zip((0, *jumps), (*jumps, len(knots)), strict=True):
            if start:
                pieces.append(self._restart(knots[start:end]))
            pieces.append(self._interpolate(knots[start:end]))
        self._last = knots[-1:]
        return Samples.concat(pieces)

    def _forward(self, block: Samples) -> Samples:
        newest = -np.inf if self._last is None else self._last.t_s[-1]
        highest = np.maximum.accumulate(np.concatenate(([newest], block.t_s)))
        keep = block.t_s > highest[:-1]
        return block if keep.all() else block[keep]

    def _restart(self, knots: Samples) -> Samples:
        """Begin a grid on the first sample, which is handed on as it is."""
        self._origin_s, self._next = float(knots.t_s[0]), 1
        return knots[:1]

    def _interpolate(self, knots: Samples) -> Samples:
        t = knots.t_s
        last = int((t[-1] - self._origin_s) * self.grid_hz) + 1
        grid = self._origin_s + np.arange(self._next, last + 1) * self._dt
        grid = grid[grid <= t[-1]]
        self._next += len(grid)
        right = _compact(np.searchsorted(t, grid, side="left"))
        left = slice(right.start - 1, right.stop - 1) if isinstance(right, slice) else right - 1
        step = t[right] - t[left]
        weight = (grid - t[left]) / step
        return Samples(
            t_s=grid,
            acc_mps2=_between(knots.acc_mps2, left, right, weight),
            gyr_radps=None if knots.gyr_radps is None else _between(knots.gyr_radps, left, right, weight),
            index=knots.index[right],
            filled=_holes(step, self._gap_s) | knots.filled[right],
            arrival_s=knots.arrival_s[right],
        )


def _compact(places: Ints) -> Ints | slice:
    """Consecutive places as a slice, which reads without copying; so it is as long as no sample is missing or late."""
    if len(places) and places[-1] - places[0] == len(places) - 1 and (np.diff(places) == 1).all():
        return slice(int(places[0]), int(places[-1]) + 1)
    return places


def _between(values: Floats, left: Ints | slice, right: Ints | slice, weight: Floats) -> Floats:
    # Axis by axis: numpy is slow on rows of three.
    out = np.empty((len(weight), 3))
    for axis in range(3):
        low = values[left, axis]
        out[:, axis] = low + weight * (values[right, axis] - low)
    return out


def _holes(step_s: Floats, gap_s: float) -> Bools:
    out: Bools = step_s > gap_s
    return out
