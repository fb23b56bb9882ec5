"""Uniform samples -> which way is up, in sensor axes, and the angular rate without its offset.

With a gyroscope this is VQF (Laidig & Seel, "VQF: Highly accurate IMU orientation estimation with bias estimation and
magnetic disturbance rejection", Information Fusion 91, 2023), run live, without a magnetometer. Without a gyroscope the
smoothed accelerometer is all there is: the angle then carries the body's own acceleration as an error.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from vqf import VQF

from imu.model import Floats, Inclination, Samples
from imu.motion.params import MotionParams
from imu.motion.smooth import Smoother, gaussian_taps

_ONE = np.array(1.0)
_X_Y_X_W_W_Y, _Z_Z_X_Y_X_Y = np.array([1, 2, 1, 0, 0, 2]), np.array([3, 3, 1, 2, 1, 2])
"""Places in a quaternion (w, x, y, z)."""


class Orientation(Protocol):
    """Stage: uniform `Samples` -> `Inclination`, of which each sample is known only `delay_s` later."""

    delay_s: float

    def push(self, block: Samples) -> Inclination:
        """Take a block and give what can be known so far."""

    def finish(self) -> Inclination:
        """Give what was held back."""


def orientation(*, grid_hz: float, gyroscope: bool, params: MotionParams) -> Orientation:
    """The stage for a sensor with or without a gyroscope."""
    return GyroOrientation(grid_hz, params) if gyroscope else AccOrientation(grid_hz, params)


class GyroOrientation:
    """Up by VQF, sample by sample and without delay."""

    delay_s = 0.0

    def __init__(self, grid_hz: float, params: MotionParams) -> None:
        self._vqf = VQF(1.0 / grid_hz, biasClip=params.vqf_bias_clip_dps, biasSigmaInit=params.vqf_bias_sigma_init_dps)

    def push(self, block: Samples) -> Inclination:
        """Take a block; as many samples come out."""
        if not len(block) or block.gyr_radps is None:
            return _none()
        gyr, acc = np.ascontiguousarray(block.gyr_radps), np.ascontiguousarray(block.acc_mps2)
        out = self._vqf.updateBatch(gyr, acc)
        return Inclination(
            t_s=block.t_s,
            up=_up(out["quat6D"]),
            omega_radps=gyr - out["bias"],
            acc_norm_mps2=_norm(block.acc_mps2),
            trusted=~block.filled,
        )

    def finish(self) -> Inclination:
        """Nothing is held back."""
        return _none()


class AccOrientation:
    """Up by the smoothed accelerometer; delayed by the smoothing, which is taken out of the times."""

    def __init__(self, grid_hz: float, params: MotionParams) -> None:
        taps = gaussian_taps(params.acc_sigma_s, grid_hz)
        self._axes = [Smoother(taps) for _ in range(3)]
        self.delay_s = self._axes[0].delay / grid_hz
        self._waiting: Samples | None = None

    def push(self, block: Samples) -> Inclination:
        """Take a block; what comes out lags by half the smoothing's length."""
        smooth = [s.push(np.ascontiguousarray(block.acc_mps2[:, i])) for i, s in enumerate(self._axes)]
        return self._emit(block, smooth)

    def finish(self) -> Inclination:
        """Give the samples still inside the smoothing."""
        return self._emit(None, [s.finish() for s in self._axes])

    def _emit(self, block: Samples | None, smooth: list[Floats]) -> Inclination:
        parts = [b for b in (self._waiting, block) if b is not None]
        if not parts:
            return _none()
        waiting = Samples.concat(parts)
        n = len(smooth[0])
        ready, self._waiting = waiting[:n], waiting[n:]
        vector = np.column_stack(smooth)
        norm = _norm(vector)
        # In free fall there is no up; the division must not make one from noise.
        up = vector / np.maximum(norm, 1e-3)[:, None]
        return Inclination(
            t_s=ready.t_s,
            up=up,
            omega_radps=np.zeros_like(up),
            acc_norm_mps2=_norm(ready.acc_mps2),
            trusted=~ready.filled,
        )


def _norm(v: Floats) -> Floats:
    square = (v * v).T
    total = square[0] + square[1]
    total += square[2]
    out: Floats = np.sqrt(total)
    return out


def _up(quat: Floats) -> Floats:
    """Third row of the rotation matrix of sensor-to-earth quaternions (w, x, y, z): the earth's z in sensor axes."""
    # 2 (x z - w y), 2 (y z + w x), 1 - 2 (x x + y y); six products at once take a third of the time of one by one.
    rows = np.ascontiguousarray(quat.T)
    product = rows.take(_X_Y_X_W_W_Y, axis=0)
    product *= rows.take(_Z_Z_X_Y_X_Y, axis=0)
    np.negative(product[3], product[3])
    up = product[:3] + product[3:]
    up += up
    np.subtract(_ONE, up[2], up[2])
    return up.T


def _none() -> Inclination:
    return Inclination.empty()
