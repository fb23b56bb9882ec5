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
_SHAKE_MPS2 = (0.6, 6.0)
"""Standard deviation of the specific force in walking; holding still on a bench stays below 0.3, a jump is above."""
STEPS_BLOCKS = 8
"""Two seconds of it, about four steps, are walking."""


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
            used, shape = whole * self.size, (whole, self.size)
            t, force = (np.concatenate([getattr(b, n) for b in self._rest]) for n in ("t_s", "acc_norm_mps2"))
            up = np.concatenate([b.up.T for b in self._rest], axis=1)
            mean = up[:, :used].reshape(3, *shape).mean(axis=2)
            mean /= np.maximum(norm(mean.T), 1e-6)
            shake = force[:used].reshape(shape).std(axis=1)
            self._columns.append(*mean, shake, t[:used].reshape(shape)[:, -1])
            # Before this block there was less than one of a quarter second, so what is left is of this one.
            self._rest, self._waiting = [block[len(block) - left :]], left
        return before

    def up(self, start: int, end: int) -> Floats:
        """(n, 3) mean direction of up."""
        return np.column_stack([self._columns.column(i, start, end) for i in range(3)])

    def end_s(self, start: int, end: int) -> Floats:
        """Time of each block's last sample."""
        return self._columns.column(4, start, end)

    def tilt(self, start: int, end: int, *, lag: int) -> Floats:
        """Chord between up and up `lag` blocks ago, for each block; 0 where the past is too short."""
        up = self.up(max(start - lag, 0), end)
        size = norm(up[lag:] - up[:-lag]) if len(up) > lag else np.empty(0)
        return np.concatenate((np.zeros(end - start - len(size)), size))

    def stepping(self, start: int, end: int) -> Bools:
        """Blocks that feel like walking."""
        shake = self._columns.column(3, start, end)
        return (shake > _SHAKE_MPS2[0]) & (shake < _SHAKE_MPS2[1]) & (self.tilt(start, end, lag=2) < self._moved)


def norm(v: Floats) -> Floats:
    """Lengths of the rows of an (n, 3) array."""
    out: Floats = np.sqrt(v[:, 0] ** 2 + v[:, 1] ** 2 + v[:, 2] ** 2)
    return out
