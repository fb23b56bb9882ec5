"""Uniform samples -> which way is up, in sensor axes, and the angular rate without its offset.

With a gyroscope this is VQF (Laidig & Seel, "VQF: Highly accurate IMU orientation estimation with bias estimation and
magnetic disturbance rejection", Information Fusion 91, 2023), run live, without a magnetometer. Without a gyroscope the
smoothed accelerometer is all there is: the angle then carries the body's own acceleration as an error.
"""

from __future__ import annotations

from itertools import pairwise
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
    """Up by VQF, sample by sample; only the first second is held back, to begin with the gyroscope's offset.

    A cheap gyroscope's offset of several deg/s would else tilt the first seconds by as many degrees: VQF itself learns
    it, but trusts a sensor that is held by a living body only slowly.
    """

    delay_s = 0.0

    def __init__(self, grid_hz: float, params: MotionParams) -> None:
        self._params = params
        self._needed = max(2, round(params.start_s * grid_hz))
        self._start: list[Samples] | None = []
        self._hz = grid_hz
        self._vqf = self._new_vqf()
        self._hole: list[Samples] = []
        self._long = round(params.long_hole_s * grid_hz)
        self._before: Inclination | None = None

    def push(self, block: Samples) -> Inclination:
        """Take a block; as many samples come out, but at the very start."""
        if self._start is None:
            return self._run(block)
        self._start.append(block)
        return self._begin() if sum(len(b) for b in self._start) >= self._needed else _none()

    def finish(self) -> Inclination:
        """Give the first samples, if there never were enough, and those of a hole that has no end."""
        parts = [self._begin() if self._start else _none()]
        if self._hole:
            hole, self._hole = Samples.concat(self._hole), []
            parts.append(self._filter(hole))
        return Inclination.concat(parts)

    def _begin(self) -> Inclination:
        """Take the mean rate of a still start as the offset, and go on."""
        held, self._start = Samples.concat(self._start or []), None
        gyr, acc = held.gyr_radps, held.acc_mps2
        if gyr is not None and len(held) >= self._needed:
            p = self._params
            # In one layout: the sum of a column is rounded by the order in which it is added up.
            first = np.rad2deg(np.ascontiguousarray(gyr[: self._needed]))
            moves_dps, offset_dps = float(first.std(axis=0).max()), first.mean(axis=0)
            shakes_mps2 = float(_norm(np.ascontiguousarray(acc[: self._needed])).std())
            believable = float(np.abs(offset_dps).max()) <= p.vqf_bias_clip_dps
            if moves_dps < p.start_moves_dps and shakes_mps2 < p.start_shakes_mps2 and believable:
                self._vqf.setBiasEstimate(np.deg2rad(offset_dps), np.deg2rad(p.start_offset_sigma_dps))
        return self._run(held)

    def _run(self, block: Samples) -> Inclination:
        """Filter a block; the samples of a hole wait for its end."""
        if not self._hole and not np.count_nonzero(block.filled):
            return self._filter(block)
        flips = np.flatnonzero(block.filled[1:] != block.filled[:-1]) + 1
        parts = []
        for a, b in pairwise([0, *flips.tolist(), len(block)]):
            if block.filled[a]:
                self._hole.append(block[a:b])
            else:
                parts += [*self._over_hole(block[a:b])] if self._hole else [self._filter(block[a:b])]
        return Inclination.concat(parts) if parts else _none()

    def _over_hole(self, after: Samples) -> tuple[Inclination, ...]:
        """Go on after a hole: a short one is interpolated well enough, a long one may hide any movement.

        After that the filter begins anew but for the offset it knows: its mean of the first seconds forgets the tilt
        that an invented rate would have left for many of them. Up goes from the one side to the other
        smoothly.
        """
        hole, self._hole = Samples.concat(self._hole), []
        before = self._before
        if len(hole) < self._long or before is None:
            return self._filter(hole), self._filter(after)
        self._vqf = self._new_vqf(*self._vqf.getBiasEstimate())
        then = self._filter(after)
        return _smoothly(hole, before, then, self._hz, self._params.longest_hole_s), then

    def _filter(self, block: Samples) -> Inclination:
        if not len(block) or block.gyr_radps is None:
            return _none()
        gyr, acc = np.ascontiguousarray(block.gyr_radps), np.ascontiguousarray(block.acc_mps2)
        out = self._vqf.updateBatch(gyr, acc)
        done = Inclination(
            t_s=block.t_s,
            up=_up(out["quat6D"]),
            omega_radps=gyr - out["bias"],
            acc_norm_mps2=_norm(block.acc_mps2),
            trusted=~block.filled,
        )
        self._before = done
        return done

    def _new_vqf(self, offset_radps: Floats | None = None, sigma_radps: float = 0.0) -> VQF:
        p = self._params
        vqf = VQF(
            1.0 / self._hz,
            tauAcc=p.vqf_tau_acc_s,
            biasClip=p.vqf_bias_clip_dps,
            biasSigmaInit=p.vqf_bias_sigma_init_dps,
        )
        if offset_radps is not None:
            vqf.setBiasEstimate(offset_radps, sigma_radps)
        return vqf


def _smoothly(hole: Samples, before: Inclination, after: Inclination, grid_hz: float, reach_s: float) -> Inclination:
    """Up turning through a hole from the one side to the other, with the rates there (a cubic Hermite curve).

    A rate tells of no more than `reach_s`: carried on through half a minute it would turn a person head over heels.
    """
    n = len(hole)
    first, last = before.up[-1], after.up[0]
    axis = np.cross(first, last)
    sine = float(np.linalg.norm(axis))
    turn = axis / max(sine, 1e-9) * np.arctan2(sine, float(first @ last))
    long_s = (n + 1) / grid_hz
    # Seen from the sensor up turns the other way than the sensor does.
    told_s = min(long_s, reach_s)
    leave, arrive = -told_s * before.omega_radps[-1], -told_s * after.omega_radps[0]
    u = (np.arange(1, n + 1) / (n + 1))[:, None]
    turned = turn * u * u * (3.0 - 2.0 * u) + leave * u * (1.0 - u) ** 2 - arrive * u * u * (1.0 - u)
    speed = turn * 6.0 * u * (1.0 - u) + leave * (1.0 - u) * (1.0 - 3.0 * u) - arrive * u * (2.0 - 3.0 * u)
    return Inclination(
        t_s=hole.t_s,
        up=_rotated(first, turned),
        omega_radps=-speed / long_s,
        acc_norm_mps2=_norm(hole.acc_mps2),
        trusted=np.zeros(n, bool),
    )


def _rotated(vector: Floats, by_rad: Floats) -> Floats:
    """A vector turned by each of the rotation vectors (n, 3), by Rodrigues' formula."""
    angle = np.sqrt((by_rad * by_rad).sum(axis=1))[:, None]
    axis = by_rad / np.maximum(angle, 1e-12)
    along = (axis @ vector)[:, None]
    out: Floats = np.cos(angle) * vector + np.sin(angle) * np.cross(axis, vector) + (1.0 - np.cos(angle)) * along * axis
    return out


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
