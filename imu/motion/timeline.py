"""Samples as they came -> one uniform timeline on the device's clock, holes bridged and marked.

The samples of real sensors are late, early, irregular or missing. Everything after this stage sees a constant rate:
each grid instant lies between two neighbouring samples and is interpolated linearly between them. Where those two are
further apart than a few nominal intervals the instant is marked as filled. Nothing is ever concatenated over a hole.
A sample whose time or an axis of which is no number (nan, infinite), or none that can have been measured, counts as
lost: a filter that took it in would not be rid of it again.
"""

from __future__ import annotations

import itertools
from typing import TypeVar

import numpy as np

from imu.model import Bools, Floats, Inclination, Samples
from imu.motion.history import extremes
from imu.motion.params import MotionParams

_Block = TypeVar("_Block", Samples, Inclination)
_NONE = Samples.empty()
_ONE = np.array(1)
_MOST = 1e5
"""Of an axis, in m/s^2 or rad/s; sensors for crash tests measure a tenth of it."""


def grid_rate_hz(rate_hz: float, params: MotionParams) -> float:
    """Rate of the uniform timeline for a sensor of the given rate."""
    return max(rate_hz, params.slowest_grid_hz)


def stretches(block: _Block, before_s: float, params: MotionParams) -> list[tuple[bool, _Block]]:
    """The stretches of a block on the uniform timeline, each with whether a restart comes before it.

    `before_s` is the time of the sample before the first one, nan where there is none.
    """
    t_s, longest_s = block.t_s, params.restart_share * params.longest_bridge_s
    if not len(t_s):
        return []
    if t_s[-1] - before_s <= longest_s:
        return [(False, block)]
    restarts: Bools = np.diff(t_s, prepend=before_s) > longest_s
    edges = [0, *(np.flatnonzero(restarts[1:]) + 1).tolist(), len(t_s)]
    return [(bool(restarts[a]), block[a:b]) for a, b in itertools.pairwise(edges)]


class Timeline:
    """Stage: `Samples` in order of time -> `Samples` at a constant rate.

    Between two neighbouring samples, the knots, lies an interval; every grid instant belongs to one of them. Knots are
    kept as rows, time first and then one for each axis: numpy is slow on rows of three.
    """

    def __init__(self, *, rate_hz: float, params: MotionParams) -> None:
        self.grid_hz = grid_rate_hz(rate_hz, params)
        self._dt = 1.0 / self.grid_hz
        self._step_s = np.array(self._dt)
        self._gap_s = max(params.gap_intervals / rate_hz, params.harmless_gap_s)
        self._longest_s = params.longest_bridge_s
        self._last: Floats | None = None
        self._origin_s = 0.0
        self._next = 0

    def push(self, block: Samples) -> Samples:
        """Take samples; left out are those that measured nothing, and those not later than what was already taken."""
        pieces = []
        while len(block):
            piece, block = self._advance(block)
            pieces.append(piece)
        return Samples.concat(pieces) if pieces else block

    def _advance(self, block: Samples) -> tuple[Samples, Samples]:
        """Go on to the end of the block, or to where it has to be looked at anew; also gives what is left of it."""
        knots, rest = _knots(self._last, block), _NONE
        least, most = extremes(knots.ravel())
        if not (least > -_MOST and most < _MOST) and not (measured := _measured(knots[:, -len(block) :])).all():
            return block[:0], block[measured]
        if self._last is None:
            return self._restart(block)
        step_s = knots[0, 1:] - knots[0, :-1]
        shortest_s, longest_s = extremes(step_s)
        if not shortest_s > 0.0:
            return block[:0], self._forward(block, float(knots[0, 0]))
        if longest_s > self._longest_s:
            n = int(np.argmax(step_s > self._longest_s))
            if n == 0:
                return self._restart(block)
            block, rest, longest_s = block[:n], block[n:], extremes(step_s[:n])[1]
            knots = knots[:, : n + 1]
        self._last = knots[:, -1:]
        return self._interpolate(knots, block, holes=longest_s > self._gap_s), rest

    def _restart(self, block: Samples) -> tuple[Samples, Samples]:
        """Begin a grid on the first sample, which is handed on as it is."""
        self._last = _knots(None, block[:1])
        self._origin_s, self._next = float(block.t_s[0]), 1
        return block[:1], block[1:]

    def _forward(self, block: Samples, newest_s: float) -> Samples:
        """The samples later than all before them."""
        highest = np.maximum.accumulate(np.concatenate(([newest_s], block.t_s)))
        return block[block.t_s > highest[:-1]]

    def _interpolate(self, knots: Floats, after: Samples, *, holes: bool) -> Samples:
        """The grid instants inside the intervals between k knots, of which `after` are all but the first."""
        grid_s = self._grid_to(float(knots[0, -1]))
        at = knots[0, 1:].searchsorted(grid_s)
        values, rise = knots.take(at, axis=1), knots.take(at + _ONE, axis=1)
        rise -= values
        step_s, axes = rise[0], values[1:]
        rise[1:] *= (grid_s - values[0]) / step_s
        axes += rise[1:]
        filled = after.filled.take(at)
        if holes:
            filled |= step_s > self._gap_s
        return Samples(
            t_s=grid_s,
            acc_mps2=axes[:3].T,
            gyr_radps=None if after.gyr_radps is None else axes[3:].T,
            index=after.index.take(at),
            filled=filled,
            arrival_s=after.arrival_s.take(at),
        )

    def _grid_to(self, newest_s: float) -> Floats:
        """The next instants of the grid, not beyond the newest sample."""
        last = int((newest_s - self._origin_s) * self.grid_hz) + 1
        while self._origin_s + last * self._dt > newest_s:
            last -= 1
        grid_s = np.arange(float(self._next), last + 1.0)
        grid_s *= self._step_s
        grid_s += self._origin_s
        self._next += len(grid_s)
        return grid_s


def _knots(last: Floats | None, block: Samples) -> Floats:
    """Rows of time and axes: the knot before, if there is one, and those of the block."""
    lead = 0 if last is None else 1
    knots = np.empty((4 if block.gyr_radps is None else 7, lead + len(block)))
    if last is not None:
        knots[:, :1] = last
    knots[0, lead:] = block.t_s
    knots[1:4, lead:] = block.acc_mps2.T
    if block.gyr_radps is not None:
        knots[4:, lead:] = block.gyr_radps.T
    return knots


def _measured(knots: Floats) -> Bools:
    """Which knots can have been measured; a time may be any number, as clocks begin where they like."""
    out: Bools = np.isfinite(knots[0]) & (np.abs(knots[1:]) < _MOST).all(axis=0)
    return out
