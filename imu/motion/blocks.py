"""The recording in blocks of a quarter second: coarse enough to judge posture and walking by.

A step's sway, averaged over half a second, is no tilt; its shake of the specific force is what remains of it.
"""

from __future__ import annotations

import numpy as np

from imu.model import Bools, Floats, Inclination
from imu.motion.history import History

_BLOCK_S = 0.25
_MOVED = 2.0 * float(np.sin(np.deg2rad(8.0) / 2.0))
_MOVED_ACC_ONLY = 2.0 * float(np.sin(np.deg2rad(20.0) / 2.0))
"""Chords: a tilt of 8 degrees within half a second is movement of the trunk, not a step; a step shakes the angle by up
to 20 degrees where the accelerometer is its only source."""
_LEAST = 1e-6
"""No direction is made of less."""
_SHAKE_MPS2 = (0.6, 6.0)
"""Standard deviation of the specific force in walking; holding still on a bench stays below 0.3, a jump is above."""
STEPS_BLOCKS = 8
"""Two seconds of it, about four steps, are walking."""
STEPS_S = STEPS_BLOCKS * _BLOCK_S


class Blocks:
    """The recording in quarter seconds: mean direction of up, and shake. Independent of how it was cut."""

    def __init__(self, *, grid_hz: float, gyroscope: bool) -> None:
        self._moved = _MOVED if gyroscope else _MOVED_ACC_ONLY
        self.size = max(1, round(_BLOCK_S * grid_hz))
        self._rest: list[Inclination] = []
        self._waiting = 0
        self._columns = History(5)

    def __len__(self) -> int:
        return len(self._columns)

    def add(self, block: Inclination) -> int:
        """Take samples; returns how many blocks were complete before."""
        before = len(self)
        self._rest.append(block)
        self._waiting += len(block)
        whole, left = divmod(self._waiting, self.size)
        if whole:
            # In one layout: a sum is rounded by the order in which it is added up.
            up = np.ascontiguousarray(np.concatenate([b.up.T for b in self._rest], axis=1))
            force = np.concatenate([b.acc_norm_mps2 for b in self._rest])
            # Before this block there was less than a quarter second, so that what is left lies inside it.
            n = len(block) - left
            end_s = block.t_s[n - 1 - (whole - 1) * self.size : n : self.size]
            self._columns.append(*self._direction(up, whole), self._deviation(force, whole), end_s)
            self._rest, self._waiting = [block[n:]], left
        return before

    def _direction(self, up: Floats, n: int) -> Floats:
        """(3, n) mean directions of n blocks."""
        total: Floats = np.add.reduce(up[:, : n * self.size].reshape(3, n, self.size), axis=2)
        total /= self.size
        total /= np.maximum(_length(total), _LEAST)
        return total

    def _deviation(self, values: Floats, n: int) -> Floats:
        """(n,) standard deviations; `numpy.std` takes much longer on few values."""
        each = values[: n * self.size].reshape(n, self.size)
        off = each - np.add.reduce(each, axis=1, keepdims=True) / self.size
        off *= off
        out: Floats = np.sqrt(np.add.reduce(off, axis=1) / self.size)
        return out

    def up(self, start: int, end: int) -> Floats:
        """(n, 3) mean direction of up."""
        return np.column_stack([self._columns.column(i, start, end) for i in range(3)])

    def end_s(self, start: int, end: int) -> Floats:
        """Time of each block's last sample."""
        return self._columns.column(4, start, end)

    def tilt(self, start: int, end: int, *, lag: int) -> Floats:
        """Chord between up and up `lag` blocks ago, for each block; 0 where the past is too short."""
        up = self._columns.columns(3, max(start - lag, 0), end)
        size = _length(up[:, lag:] - up[:, :-lag])
        missing = end - start - len(size)
        return np.concatenate((np.zeros(missing), size)) if missing else size

    def stepping(self, start: int, end: int) -> Bools:
        """Blocks that feel like walking."""
        shake = self._columns.column(3, start, end)
        return (shake > _SHAKE_MPS2[0]) & (shake < _SHAKE_MPS2[1]) & (self.tilt(start, end, lag=2) < self._moved)


def norm(v: Floats) -> Floats:
    """Lengths of the rows of an (n, 3) array."""
    return _length(v.T)


def _length(v: Floats) -> Floats:
    """The same of a (3, n) array."""
    x2, y2, z2 = v * v
    out: Floats = np.sqrt(x2 + y2 + z2)
    return out
