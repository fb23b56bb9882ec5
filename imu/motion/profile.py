"""A stroke's own shape, fitted to the pitch around it: its edges, and how well they are known.

The rate of an unhurried stroke is near that of breathing where it begins and ends, so that the crossing of 10 % of its
peak is moved about by what is not the stroke. The fit tells them apart: the stroke is one smooth movement, its rate
u^p (1 - u)^q over its time u (p = q = 2 is minimum jerk, Flash & Hogan 1985; unequal ones peak early or late, small
ones begin sharply), and all around it is breathing and sway, a random signal of 0.1-0.5 Hz. The increments of the pitch
over a few dozen bins are fitted by generalised least squares, the covariance of the random signal known; so its
posterior covariance gives the uncertainty of the edges.

Without a gyroscope the pitch is that of the specific force, which the chest's own acceleration on its way round the hip
turns: the same is then done to the model before they are compared.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import hypot, log2

import numpy as np

from imu.model import G_MPS2, Floats, Stroke
from imu.motion.params import MotionParams

_BINS = 40
_GRID = 256
"""Steps of the tabulated shapes in u."""
_STEP = 0.25
_LEAST, _MOST = 0.75, 5.0
_STEPS = 12
_TINY = 1e-9
_LEAST_DEG = 3.0
"""Breathing alone moves the trunk by as much."""
_Z90 = 1.645
"""Standard deviations in the half-width of a 90 % interval."""
_NEAR_S = 2e-3
_MINIMUM_JERK = np.array([0.0, 0.0, 0.0, 2.0, 2.0])
_BREATH_HZ = (0.1, 0.45)
_ARM_M = 0.42
_ARM_SPREAD_M = 0.05
"""The sensor's distance from the hip joint: 0.35-0.50 m in adults."""
_HIP_M = 0.10
"""How far the hip itself travels in a stroke: nothing on a bench, 0.2 m and more in a deadlift."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What the fit says of a stroke.

    Attributes:
        start_s, end_s: Where its rate crosses 10 % of its peak.
        start_sd_s, end_sd_s: Their standard deviations, as far as the model is right.
        misfit: Mean square of the whitened residual; about 1 or below where the model holds.
    """

    start_s: float
    end_s: float
    start_sd_s: float
    end_sd_s: float
    misfit: float


class Profile:
    """Fits strokes; without state but for tables, which are computed once.

    Args:
        gyroscope: Whether the pitch is that of the trunk or that of the specific force.
        params: `breath_dps`, `jitter_dps` and `shape_share` are the noise the fit reckons with, `shape_spread` how far
            the exponents stray from minimum jerk.
    """

    def __init__(self, *, gyroscope: bool, params: MotionParams) -> None:
        self._params, self._gyroscope = params, gyroscope
        jitter_dps = params.jitter_dps if gyroscope else params.jitter_acc_only_dps
        self._noise = (params.breath_dps, jitter_dps, params.shape_share, 0.0 if gyroscope else params.acc_sigma_s)
        self._model = _turned if gyroscope else _felt
        loose = [params.shape_spread] * 2 if gyroscope else [params.shape_spread] * 2 + [_ARM_SPREAD_M, _HIP_M, _HIP_M]
        self._prior = np.diag([0.0, 0.0, 0.0, *(1.0 / np.square(loose))])
        self._usual = np.array([0.0, 0.0, 0.0, 2.0, 2.0] if gyroscope else [0.0, 0.0, 0.0, 2.0, 2.0, _ARM_M, 0.0, 0.0])

    def time(self, stroke: Stroke, t_s: Floats, pitch_deg: Floats, *, fit: bool = True) -> Stroke:
        """The stroke with the edges of the shape fitted to it and their uncertainty.

        Where no smooth shape fits (a stall, a bounce), or `fit` is false, the edges stay as they are, less certain.

        Args:
            stroke: As first found.
            t_s: (n,) times of the stroke and of what belongs to no other stroke beside it.
            pitch_deg: (n,) pitch.
            fit: Whether to try.
        """
        p, fitted = self._params, None
        if fit and stroke.range_deg > _LEAST_DEG:
            fitted = self.fit(t_s, pitch_deg, stroke.start_s, stroke.end_s)
            far_s = p.edge_doubt * stroke.duration_s + 0.1
            near = max(abs(fitted.start_s - stroke.start_s), abs(fitted.end_s - stroke.end_s)) < far_s
            if fitted.misfit > p.misfit or not near:
                fitted = None
        if fitted is None:
            rough_s = self._rough_sd_s(stroke)
            return replace(stroke, start_pm_s=_Z90 * rough_s, end_pm_s=_Z90 * rough_s)
        doubt = _Z90 * (1.0 if self._gyroscope else p.acc_only_doubt)
        return replace(
            stroke,
            start_s=max(fitted.start_s, float(t_s[0])),
            end_s=min(fitted.end_s, float(t_s[-1])),
            start_pm_s=doubt * fitted.start_sd_s,
            end_pm_s=doubt * fitted.end_sd_s,
        )

    def _rough_sd_s(self, stroke: Stroke) -> float:
        """Uncertainty of a crossing: what moves the rate, over the rate's slope there (as minimum jerk has it)."""
        p = self._params
        moved_dps = hypot(p.breath_dps if self._gyroscope else 3.0 * p.breath_dps, p.shape_share * stroke.peak_dps)
        slope = 2.7 * max(stroke.range_deg, 1.0) / stroke.duration_s**2
        return min(hypot(moved_dps / slope, p.rate_sigma_s, stroke.longest_hole_s), 0.3 * stroke.duration_s)

    def fit(self, t_s: Floats, pitch_deg: Floats, start_s: float, end_s: float) -> Fitted:
        """Fit one stroke.

        Args:
            t_s: (n,) times of the window: the stroke and what of the holds beside it is no other stroke's.
            pitch_deg: (n,) pitch.
            start_s: Where the stroke begins, as first found.
            end_s: Where it ends.
        """
        width_s = float(t_s[-1] - t_s[0])
        edge = float(t_s[0]) + width_s * np.linspace(0.0, 1.0, _BINS + 1)
        at = np.interp(edge, t_s, pitch_deg)
        dt = width_s / _BINS
        seen = np.diff(at) / dt
        time_s = (end_s - start_s) / 0.827
        range_deg = float(np.interp(end_s, t_s, pitch_deg) - np.interp(start_s, t_s, pitch_deg)) or _LEAST_DEG
        white, model_white = _whitening(_octaves(width_s, 4.0), _octaves(abs(range_deg) / time_s, 2.0), self._noise)
        x = self._usual.copy()
        x[:3] = start_s - 0.0865 * time_s, time_s, range_deg
        best, damping = _State(np.inf, x, np.empty(0), np.empty(0)), 0.0
        for _ in range(_STEPS):
            now = self._state(x, edge, white @ seen, model_white / dt, at[0])
            worse = now.cost > best.cost
            best, damping = (best, max(10.0 * damping, 0.1)) if worse else (now, 0.1 * damping)
            step = np.linalg.solve(
                best.normal + damping * np.diag(np.diag(best.normal)) + _TINY * np.eye(len(x)), best.pull
            )
            x = best.x + step * min(1.0, 0.25 * best.x[1] / max(abs(step[0]), abs(step[1]), 1e-9))
            x[1] = max(x[1], 0.2 * time_s)
            x[3:5] = np.clip(x[3:5], _LEAST, _MOST)
            if max(abs(step[0]), abs(step[1])) < _NEAR_S:
                break
        return _fitted(best)

    def _state(self, x: Floats, edge: Floats, seen: Floats, white: Floats, from_deg: float) -> _State:
        """The misfit at x, and the normal equations there."""
        model, slope = self._model(x, edge, from_deg)
        off = seen - white @ model
        jac = white @ slope.T
        away = self._prior @ (x - self._usual)
        cost = float(off @ off + (x - self._usual) @ away)
        return _State(cost, x, jac.T @ jac + self._prior, jac.T @ off - away)


@dataclass(frozen=True, slots=True)
class _State:
    """A point of the search: cost, parameters, normal matrix and the pull downhill."""

    cost: float
    x: Floats
    normal: Floats
    pull: Floats


def _octaves(value: float, steps: float) -> float:
    """The value rounded to steps of an octave, so that few matrices have to be computed."""
    return float(2.0 ** (round(steps * log2(max(value, 1e-3))) / steps))


def _fitted(found: _State) -> Fitted:
    """The edges of the fitted shape, and their uncertainty by its posterior covariance."""
    onset_s, time_s, _, p, q = found.x[:5].tolist()
    at, by_p, by_q = shapes().edges(p, q)
    along = np.zeros((2, len(found.x)))
    along[:, 0], along[:, 1], along[:, 3], along[:, 4] = 1.0, at, time_s * by_p, time_s * by_q
    var = np.maximum(np.diag(along @ np.linalg.inv(found.normal + _TINY * np.eye(len(found.x))) @ along.T), 0.0)
    return Fitted(
        start_s=onset_s + float(at[0]) * time_s,
        end_s=onset_s + float(at[1]) * time_s,
        start_sd_s=float(np.sqrt(var[0])),
        end_sd_s=float(np.sqrt(var[1])),
        misfit=found.cost / _BINS,
    )


def _turned(x: Floats, edge_s: Floats, _from_deg: float) -> tuple[Floats, Floats]:
    """Increments of the pitch (bins,) and their derivatives (5, bins) by onset, time, range and the exponents."""
    onset_s, time_s, range_deg, p, q = x.tolist()
    u = np.clip((edge_s - onset_s) / time_s, 0.0, 1.0)
    done, by_p, by_q, rate, _ = shapes().at(u, p, q)
    turn = -range_deg / time_s * rate
    slope = np.diff(np.stack((turn, turn * u, done, range_deg * by_p, range_deg * by_q)))
    return range_deg * slope[2], slope


def _felt(x: Floats, edge_s: Floats, from_deg: float) -> tuple[Floats, Floats]:
    """The same for the pitch of the specific force; three more parameters say how the chest is accelerated.

    They are the sensor's distance from the hip, and how far the hip itself travels forward and up meanwhile.
    """
    value = _felt_increments(x, edge_s, from_deg)
    slope = np.empty((len(x), len(value)))
    for i, small in enumerate((1e-3, 1e-3, 0.05, 0.05, 0.05, 0.01, 0.01, 0.01)):
        moved = x.copy()
        moved[i] += small
        slope[i] = (_felt_increments(moved, edge_s, from_deg) - value) / small
    return value, slope


def _felt_increments(x: Floats, edge_s: Floats, from_deg: float) -> Floats:
    onset_s, time_s, range_deg, p, q, arm_m, forward_m, up_m = x.tolist()
    u = np.clip((edge_s - onset_s) / time_s, 0.0, 1.0)
    done, _, _, rate, bend = shapes().at(u, p, q)
    pitch, turned = np.deg2rad(from_deg + range_deg * done), np.deg2rad(range_deg)
    bend = bend / time_s**2
    forward, upward = forward_m * bend, G_MPS2 + up_m * bend
    along = upward * np.sin(pitch) + forward * np.cos(pitch) - arm_m * (turned / time_s * rate) ** 2
    across = upward * np.cos(pitch) - forward * np.sin(pitch) + arm_m * turned * bend
    return np.diff(np.rad2deg(np.unwrap(np.arctan2(along, across))))


class Shapes:
    """The shapes u^p (1 - u)^q of unit area, their integrals and edges, tabulated; linear between the exponents."""

    def __init__(self) -> None:
        u = np.linspace(0.0, 1.0, 4 * _GRID + 1)[1:-1]
        self._exponents = np.arange(_LEAST, _MOST + _STEP, _STEP)
        p, q = (e[..., None] for e in np.meshgrid(self._exponents, self._exponents, indexing="ij"))
        rate = np.zeros((*p.shape[:2], len(u) + 2))
        rate[..., 1:-1] = u**p * (1.0 - u) ** q
        rate *= 4 * _GRID / rate.sum(axis=-1, keepdims=True)
        done = np.cumsum(0.5 * (rate[..., 1:] + rate[..., :-1]), axis=-1) / (4 * _GRID)
        done = np.concatenate((np.zeros((*p.shape[:2], 1)), done), axis=-1)[..., ::4]
        bend = np.gradient(rate, 1.0 / (4 * _GRID), axis=-1)[..., ::4]
        by_p, by_q = np.gradient(done, _STEP, axis=(0, 1))
        self._table = np.stack((done, by_p, by_q, rate[..., ::4], bend), axis=2)
        self._edges = np.stack([_edges(rate), _edges(rate[..., ::-1])], axis=-1)
        self._edges[..., 1] = 1.0 - self._edges[..., 1]
        self._edges_by = np.gradient(self._edges, _STEP, axis=(0, 1))

    def at(self, u: Floats, p: float, q: float) -> tuple[Floats, ...]:
        """Share done, its derivatives by p and q, rate and the rate's slope at `u`."""
        i, j, dp, dq = self._near(p, q)
        place = u * _GRID
        k = np.minimum(place.astype(np.intp), _GRID - 1)
        table = self._table[i, j]
        low = table[:, k]
        done, by_p, by_q, rate, bend = low + (place - k) * (table[:, k + 1] - low)
        return done + dp * by_p + dq * by_q, by_p, by_q, rate, bend

    def edges(self, p: float, q: float) -> tuple[Floats, Floats, Floats]:
        """Where the rate crosses 10 % of its peak, (2,), and the derivatives by p and q."""
        i, j, dp, dq = self._near(p, q)
        by_p, by_q = self._edges_by[0][i, j], self._edges_by[1][i, j]
        return self._edges[i, j] + dp * by_p + dq * by_q, by_p, by_q

    def _near(self, p: float, q: float) -> tuple[int, int, float, float]:
        i, j = (min(max(round((e - _LEAST) / _STEP), 0), len(self._exponents) - 1) for e in (p, q))
        return i, j, p - float(self._exponents[i]), q - float(self._exponents[j])


def _edges(rate: Floats) -> Floats:
    """First crossing of 10 % of the peak along the last axis, as a share of its length."""
    level = 0.1 * rate.max(axis=-1, keepdims=True)
    k = np.argmax(rate >= level, axis=-1)[..., None]
    high, low = np.take_along_axis(rate, k, -1), np.take_along_axis(rate, k - 1, -1)
    out: Floats = ((k - (high - level) / (high - low)) / (rate.shape[-1] - 1))[..., 0]
    return out


@lru_cache(maxsize=1)
def shapes() -> Shapes:
    """The tables."""
    return Shapes()


@lru_cache(maxsize=512)
def _whitening(width_s: float, mean_dps: float, noise: tuple[float, float, float, float]) -> tuple[Floats, Floats]:
    """Matrices that make the noise of the bins white: for what was seen, and for a model not yet smoothed as that was.

    The noise is breathing and sway, all frequencies of their band alike; jitter of strap and muscle, which is alike for
    about a tenth of a second; and the stroke's own deviation from a smooth shape.
    """
    breath_dps, jitter_dps, share, sigma_s = noise
    dt = width_s / _BINS
    apart = (np.arange(_BINS)[:, None] - np.arange(_BINS)) * dt
    hz = np.linspace(*_BREATH_HZ, 16)
    cov = breath_dps**2 * np.cos(2.0 * np.pi * hz * apart[..., None]).mean(axis=-1)
    cov += (jitter_dps**2 * min(1.0, 0.1 / dt) + (share * 1.875 * mean_dps) ** 2) * np.eye(_BINS)
    white: Floats = np.linalg.inv(np.linalg.cholesky(cov))
    if not sigma_s:
        return white, white
    smooth = np.exp(-0.5 * (apart / sigma_s) ** 2)
    return white, white @ (smooth / smooth.sum(axis=1, keepdims=True))
