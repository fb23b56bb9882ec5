"""Inclination -> the trunk's angle and rate in the hinge plane, for a known mount."""

from __future__ import annotations

import numpy as np

from imu.model import Floats, Inclination, Mount, Trunk
from imu.motion.params import MotionParams
from imu.motion.smooth import Smoother, gaussian_taps

_ONE, _MINUS_ONE = np.array(1.0), np.array(-1.0)
_CUT_DEG = -135.0
"""Where the circle is cut: between supine and hanging, the one place no hinge passes through."""


class TrunkStage:
    """Stage: `Inclination` -> `Trunk`, `delay_s` late: half the rate's smoothing (which is taken out of the times)."""

    def __init__(self, mount: Mount, *, grid_hz: float, gyroscope: bool, params: MotionParams) -> None:
        backward = tuple(-a for a in mount.anterior)
        self._axes = np.array((mount.cranial, backward, mount.right))[:, :, None]
        self._right = np.rad2deg(mount.right)[:, None]
        self._hz = grid_hz
        self._gyroscope = gyroscope
        self._rate = Smoother(gaussian_taps(params.rate_sigma_s, grid_hz))
        self.delay_s = self._rate.delay / grid_hz
        self._waiting = np.empty((4, 0))
        self._last_pitch = np.empty(0)

    def push(self, block: Inclination) -> Trunk:
        """Take a block and give what its smoothing allows."""
        if not len(block):
            return self._emit(np.empty(0))
        pitch = self._append(block)
        raw = _along(block.omega_radps, self._right) if self._gyroscope else self._angle_rate(pitch)
        return self._emit(self._rate.push(raw))

    def finish(self) -> Trunk:
        """Give the samples still inside the smoothing."""
        return self._emit(self._rate.finish())

    def _append(self, block: Inclination) -> Floats:
        """Add the block's time, pitch, lean and trust to what waits, as rows; gives the pitch."""
        before = self._waiting.shape[1]
        rows = np.empty((4, before + len(block)))
        rows[:, :before] = self._waiting
        new = rows[:, before:]
        _angles(_along(block.up, self._axes), out=new[1:3])
        new[0], new[3] = block.t_s, block.trusted
        self._waiting = rows
        pitch: Floats = new[1]
        return pitch

    def _angle_rate(self, pitch: Floats) -> Floats:
        """Backward difference; the half sample it lags is below what an accelerometer resolves."""
        known = np.concatenate((self._last_pitch if len(self._last_pitch) else pitch[:1], pitch))
        self._last_pitch = pitch[-1:]
        step = np.diff(known)
        # An angle that crosses the cut of the circle did not turn all the way round.
        out: Floats = (step - 360.0 * np.round(step / 360.0)) * self._hz
        return out

    def _emit(self, rate: Floats) -> Trunk:
        n = len(rate)
        out, self._waiting = self._waiting[:, :n], self._waiting[:, n:]
        return Trunk(t_s=out[0], pitch_deg=out[1], rate_dps=rate, tilt_deg=out[2], trusted=out[3].astype(bool))


def _angles(shares: Floats, *, out: Floats) -> None:
    """Pitch in the hinge plane and lean out of it, in degrees, from up's shares along cranial, backward and right."""
    pitch, lean, right = out[0], out[1], shares[2]
    np.arctan2(shares[0], shares[1], pitch)
    np.maximum(right, _MINUS_ONE, out=right)
    np.minimum(right, _ONE, out=right)
    np.arcsin(right, lean)
    np.rad2deg(out, out)
    if pitch[pitch.argmin()] < _CUT_DEG:
        pitch[pitch < _CUT_DEG] += 360.0


def _along(v: Floats, axes: Floats) -> Floats:
    """Shares of (n, 3) vectors along an axis (3, 1), or (k, n) along k of them (k, 3, 1)."""
    # Not a matrix product, which may round differently for blocks of different length; three terms add up in order.
    # In rows, in which the sum over three of them is quick, however the vectors lie in memory.
    out: Floats = np.add.reduce(np.multiply(axes, v.T, order="C"), axis=-2)
    return out
