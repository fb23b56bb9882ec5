"""Inclination -> the trunk's angle and rate in the hinge plane, for a known mount."""

from __future__ import annotations

import numpy as np

from imu.model import Bools, Floats, Inclination, Mount, Trunk
from imu.motion.params import MotionParams
from imu.motion.smooth import Smoother, gaussian_taps

_CUT_DEG = -135.0
"""Where the circle is cut: between supine and hanging, the one place no hinge passes through."""


class TrunkStage:
    """Stage: `Inclination` -> `Trunk`, delayed by half the rate's smoothing (which is taken out of the times)."""

    def __init__(self, mount: Mount, *, grid_hz: float, gyroscope: bool, params: MotionParams) -> None:
        self._mount = mount
        self._hz = grid_hz
        self._gyroscope = gyroscope
        self._rate = Smoother(gaussian_taps(params.rate_sigma_s, grid_hz))
        self._waiting: list[tuple[Floats, Floats, Floats, Bools]] = []
        self._last_pitch = np.empty(0)

    def push(self, block: Inclination) -> Trunk:
        """Take a block and give what its smoothing allows."""
        if not len(block):
            return self._emit(np.empty(0))
        pitch, tilt = _angles(block.up, self._mount)
        raw = self._rotation_rate(block.omega_radps) if self._gyroscope else self._angle_rate(pitch)
        self._waiting.append((block.t_s, pitch, tilt, block.trusted))
        return self._emit(self._rate.push(raw))

    def finish(self) -> Trunk:
        """Give the samples still inside the smoothing."""
        return self._emit(self._rate.finish())

    def _rotation_rate(self, omega_radps: Floats) -> Floats:
        x, y, z = np.rad2deg(self._mount.right)
        out: Floats = omega_radps[:, 0] * x + omega_radps[:, 1] * y + omega_radps[:, 2] * z
        return out

    def _angle_rate(self, pitch: Floats) -> Floats:
        """Backward difference; the half sample it lags is below what an accelerometer resolves."""
        known = np.concatenate((self._last_pitch if len(self._last_pitch) else pitch[:1], pitch))
        self._last_pitch = pitch[-1:]
        step = np.diff(known)
        # An angle that crosses the cut of the circle did not turn all the way round.
        out: Floats = (step - 360.0 * np.round(step / 360.0)) * self._hz
        return out

    def _emit(self, rate: Floats) -> Trunk:
        if not self._waiting:
            return Trunk(t_s=rate, pitch_deg=rate, rate_dps=rate, tilt_deg=rate, trusted=rate > 0)
        n = len(rate)
        t, pitch, tilt, trusted = (
            np.concatenate(parts) if len(parts) > 1 else parts[0] for parts in zip(*self._waiting, strict=True)
        )
        self._waiting = [(t[n:], pitch[n:], tilt[n:], trusted[n:])]
        return Trunk(t_s=t[:n], pitch_deg=pitch[:n], rate_dps=rate, tilt_deg=tilt[:n], trusted=trusted[:n])


def _angles(up: Floats, mount: Mount) -> tuple[Floats, Floats]:
    """Pitch in the hinge plane and lean out of it, in degrees."""
    anterior, cranial, right = (_along(up, axis) for axis in (mount.anterior, mount.cranial, mount.right))
    pitch = np.rad2deg(np.arctan2(cranial, -anterior))
    pitch = np.where(pitch < _CUT_DEG, pitch + 360.0, pitch)
    tilt = np.rad2deg(np.arcsin(np.clip(right, -1.0, 1.0)))
    return pitch, tilt


def _along(v: Floats, axis: tuple[float, float, float]) -> Floats:
    # Written out: a matrix product may round differently for blocks of different length.
    out: Floats = v[:, 0] * axis[0] + v[:, 1] * axis[1] + v[:, 2] * axis[2]
    return out
