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

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import hypot, log2

import numpy as np

from imu.model import G_MPS2, Bools, Floats, Ints, Stroke
from imu.motion.params import MotionParams

_BINS = 28
_GRID = 256
"""Steps of the tabulated shapes in u."""
_STEP = 0.25
_LEAST, _MOST = 0.75, 5.0
"""The exponents that are tabulated, and their distance."""
_ROUNDS = 7
_TINY = 1e-9
_LEAST_DEG = 3.0
"""Breathing alone moves the trunk by as much."""
_INSIDE = 0.827
_BEFORE = 0.0865
"""Minimum jerk spends so much of its time between its edges, and before the first."""
_BREATH_HZ = (0.1, 0.45)
_ARM_M = 0.42
_ARM_SPREAD_M = 0.05
"""The sensor's distance from the hip joint: 0.35-0.50 m in adults."""
_HIP_M = 0.10
"""How far the hip itself travels in a stroke: nothing on a bench, 0.2 m and more in a deadlift."""
_Z90 = 1.645
"""Standard deviations in the half-width of a 90 % interval."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stroke as first found, with the time (n,) and pitch (n,) of it and of the holds beside it.

    `whole` is false where the stroke is cut off or has a hole: then its shape cannot be fitted.
    """

    stroke: Stroke
    t_s: Floats
    pitch_deg: Floats
    whole: bool = True


@dataclass(frozen=True, slots=True)
class _Fit:
    """Fitted edges of S strokes (S, 2), their standard deviations (S, 2), and how badly the shapes fit (S,)."""

    edge_s: Floats
    sd_s: Floats
    misfit: Floats


class Profile:
    """Fits strokes, many at once; without state but for tables, which are computed once.

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
        usual, loose = [2.0, 2.0], [params.shape_spread] * 2
        if not gyroscope:
            usual, loose = [*usual, _ARM_M, 0.0, 0.0], [*loose, _ARM_SPREAD_M, _HIP_M, _HIP_M]
        self._usual = np.array([0.0, 0.0, 0.0, *usual])
        self._prior = np.array([0.0, 0.0, 0.0, *(1.0 / np.square(loose))])

    def time(self, windows: Sequence[Window]) -> list[Stroke]:
        """The strokes with the edges of the shapes fitted to them, and their uncertainty.

        Where no smooth shape fits (a stall, a bounce), the edges stay as they are, less certain.
        """
        out = [self._rough(w.stroke) for w in windows]
        smooth = [i for i, w in enumerate(windows) if w.whole and w.stroke.range_deg > _LEAST_DEG]
        if not smooth:
            return out
        with np.errstate(all="ignore"):  # a broken sensor's numbers may be any; its strokes do not fit
            fit, p = self._fit([windows[i] for i in smooth]), self._params
        wide = _Z90 * (1.0 if self._gyroscope else p.acc_only_doubt)
        for i, edge, sd, misfit in zip(
            smooth, fit.edge_s.tolist(), fit.sd_s.tolist(), fit.misfit.tolist(), strict=True
        ):
            stroke, t_s = windows[i].stroke, windows[i].t_s
            off_s = max(abs(edge[0] - stroke.start_s), abs(edge[1] - stroke.end_s))
            if misfit < p.misfit and off_s < p.edge_doubt * stroke.duration_s + 0.1:
                out[i] = replace(
                    stroke,
                    start_s=max(edge[0], float(t_s[0])),
                    end_s=min(edge[1], float(t_s[-1])),
                    start_pm_s=wide * hypot(sd[0], p.strap_s),
                    end_pm_s=wide * hypot(sd[1], p.strap_s),
                )
        return out

    def _rough(self, stroke: Stroke) -> Stroke:
        """Uncertainty of a crossing: what moves the rate, over the rate's slope there (as minimum jerk has it)."""
        p = self._params
        moved_dps = hypot(p.breath_dps if self._gyroscope else 3.0 * p.breath_dps, p.shape_share * stroke.peak_dps)
        slope = 2.7 * max(stroke.range_deg, 1.0) / stroke.duration_s**2
        blur_s = p.rate_sigma_s if self._gyroscope else p.acc_sigma_s
        sd_s = min(hypot(moved_dps / slope, blur_s, stroke.longest_hole_s), max(0.3 * stroke.duration_s, blur_s))
        return replace(stroke, start_pm_s=_Z90 * sd_s, end_pm_s=_Z90 * sd_s)

    def _fit(self, windows: Sequence[Window]) -> _Fit:
        """Fit all strokes, each for itself, by damped Gauss-Newton steps (Levenberg-Marquardt)."""
        first_s = np.array([w.t_s[0] for w in windows])
        width_s = np.array([w.t_s[-1] for w in windows]) - first_s
        edge_s = first_s[:, None] + width_s[:, None] * np.linspace(0.0, 1.0, _BINS + 1)
        at = np.stack([np.interp(e, w.t_s, w.pitch_deg) for e, w in zip(edge_s, windows, strict=True)])
        x = np.stack([self._guess(w) for w in windows])
        time_s = x[:, 1].copy()
        mean_dps = np.abs(x[:, 2]) / time_s
        dt = (width_s / _BINS)[:, None, None]
        whitenings = [
            _whitening(_octaves(w, 4.0), _octaves(m, 2.0), self._noise)
            for w, m in zip(width_s.tolist(), mean_dps.tolist(), strict=True)
        ]
        seen = np.stack([w[0] for w in whitenings]) @ np.diff(at)[..., None] / dt
        white = np.stack([w[1] for w in whitenings]) / dt
        best = self._state(x, edge_s, at[:, 0], seen, white)
        damping = np.zeros(len(x))
        for _ in range(_ROUNDS):
            step = best.step(damping)
            step *= np.minimum(1.0, 0.25 * best.x[:, 1] / np.maximum(np.abs(step[:, :2]).max(axis=1), 1e-9))[:, None]
            x = best.x + step
            x[:, 1] = np.maximum(x[:, 1], 0.2 * time_s)
            x[:, 3:5] = np.clip(x[:, 3:5], _LEAST, _MOST)
            now = self._state(x, edge_s, at[:, 0], seen, white)
            better = now.cost <= best.cost
            damping = np.where(better, 0.1 * damping, np.maximum(10.0 * damping, 0.1))
            best = best.where(better, now)
        return _fitted(best)

    def _guess(self, window: Window) -> Floats:
        """Parameters of a minimum-jerk stroke with the edges first found."""
        stroke, x = window.stroke, self._usual.copy()
        x[1] = stroke.duration_s / _INSIDE
        x[0] = stroke.start_s - _BEFORE * x[1]
        x[2] = stroke.range_deg if stroke.lifting else -stroke.range_deg
        return x

    def _state(self, x: Floats, edge_s: Floats, from_deg: Floats, seen: Floats, white: Floats) -> _State:
        """The misfit at x, and the normal equations there."""
        model, slope = self._model(x, edge_s, from_deg)
        off = seen - white @ model[..., None]
        jac = white @ slope
        across = jac.transpose(0, 2, 1)
        away = self._prior * (x - self._usual)
        return _State(
            cost=(off.transpose(0, 2, 1) @ off)[:, 0, 0] + ((x - self._usual) * away).sum(axis=1),
            x=x,
            normal=across @ jac + np.diag(self._prior),
            pull=(across @ off)[..., 0] - away,
        )


@dataclass(frozen=True, slots=True)
class _State:
    """A point of the search: cost (S,), parameters (S, P), normal matrices (S, P, P) and the pull downhill (S, P)."""

    cost: Floats
    x: Floats
    normal: Floats
    pull: Floats

    def step(self, damping: Floats) -> Floats:
        """The way to the minimum, shortened where the last step led uphill."""
        n = self.x.shape[1]
        diagonal = np.einsum("sii->si", self.normal)
        ridge = (damping[:, None] * diagonal + _TINY * (1.0 + diagonal.max(axis=1, keepdims=True)))[
            :, None, :
        ] * np.eye(n)
        out: Floats = np.linalg.solve(self.normal + ridge, self.pull[..., None])[..., 0]
        return out

    def where(self, better: Bools, other: _State) -> _State:
        """The other point where it is better."""
        return _State(
            cost=np.where(better, other.cost, self.cost),
            x=np.where(better[:, None], other.x, self.x),
            normal=np.where(better[:, None, None], other.normal, self.normal),
            pull=np.where(better[:, None], other.pull, self.pull),
        )


def _octaves(value: float, steps: float) -> float:
    """The value rounded to steps of an octave, so that few matrices have to be computed."""
    return float(2.0 ** (round(steps * log2(max(value, 1e-3))) / steps))


def _fitted(found: _State) -> _Fit:
    """The edges of the fitted shapes, and their uncertainty by the posterior covariance."""
    onset_s, time_s, p, q = found.x[:, 0, None], found.x[:, 1, None], found.x[:, 3], found.x[:, 4]
    at, by_p, by_q = shapes().edges(p, q)
    along = np.zeros((len(at), 2, found.x.shape[1]))
    along[..., 0], along[..., 1], along[..., 3], along[..., 4] = 1.0, at, time_s * by_p, time_s * by_q
    var = np.einsum("sii->si", along @ np.linalg.pinv(found.normal, hermitian=True) @ along.transpose(0, 2, 1))
    return _Fit(onset_s + at * time_s, np.sqrt(np.maximum(var, 0.0)), found.cost / _BINS)


def _turned(x: Floats, edge_s: Floats, from_deg: Floats) -> tuple[Floats, Floats]:
    """Increments of the pitch (S, bins); derivatives (S, bins, 5) by onset, time, range and the exponents."""
    del from_deg
    u, shape = _shape_at(x, edge_s)
    slope = np.diff(_turn(x, u, shape), axis=1)
    return x[:, 2, None] * slope[..., 2], slope


def _felt(x: Floats, edge_s: Floats, from_deg: Floats) -> tuple[Floats, Floats]:
    """The same for the pitch of the specific force; three more parameters say how the chest is accelerated.

    They are the sensor's distance from the hip, and how far the hip itself travels forward and up meanwhile. The
    derivatives by the first five leave out how these change the acceleration: that finds the same shape.
    """
    u, shape = _shape_at(x, edge_s)
    time_s, range_deg, arm_m, forward_m, up_m = (x[:, i, None] for i in (1, 2, 5, 6, 7))
    pitch, turned = np.deg2rad(from_deg[:, None] + range_deg * shape[..., 0]), np.deg2rad(range_deg)
    sin, cos, bend = np.sin(pitch), np.cos(pitch), shape[..., 4] / time_s**2
    outward, round_ = (turned / time_s * shape[..., 3]) ** 2, turned * bend
    upward = G_MPS2 + up_m * bend
    along = upward * sin + forward_m * bend * cos - arm_m * outward
    across = upward * cos - forward_m * bend * sin + arm_m * round_
    felt = np.rad2deg(np.unwrap(np.arctan2(along, across), axis=1))
    share = np.rad2deg(1.0 / (along**2 + across**2))
    by_arm = share * (-across * outward - along * round_)
    by_forward = share * bend * (across * cos + along * sin)
    by_up = share * bend * (across * sin - along * cos)
    by_all = np.concatenate((_turn(x, u, shape), np.stack((by_arm, by_forward, by_up), axis=2)), axis=2)
    return np.diff(felt), np.diff(by_all, axis=1)


def _shape_at(x: Floats, edge_s: Floats) -> tuple[Floats, Floats]:
    """The strokes' own time, and their shapes there."""
    u = np.clip((edge_s - x[:, 0, None]) / x[:, 1, None], 0.0, 1.0)
    return u, shapes().at(u, x[:, 3], x[:, 4])


def _turn(x: Floats, u: Floats, shape: Floats) -> Floats:
    """Derivatives of the pitch by onset, time, range and the exponents."""
    range_deg = x[:, 2, None]
    turn = -range_deg / x[:, 1, None] * shape[..., 3]
    return np.stack((turn, turn * u, shape[..., 0], range_deg * shape[..., 1], range_deg * shape[..., 2]), axis=2)


class Shapes:
    """The shapes u^p (1 - u)^q of unit area, their integrals and edges, tabulated; linear between the exponents."""

    def __init__(self) -> None:
        fine = 4 * _GRID
        u = np.linspace(0.0, 1.0, fine + 1)
        self._exponents = np.arange(_LEAST, _MOST + _STEP, _STEP)
        p, q = (e[..., None] for e in np.meshgrid(self._exponents, self._exponents, indexing="ij"))
        rate = u**p * (1.0 - u) ** q
        rate *= fine / rate.sum(axis=-1, keepdims=True)
        done = np.zeros_like(rate)
        np.cumsum(0.5 * (rate[..., 1:] + rate[..., :-1]) / fine, axis=-1, out=done[..., 1:])
        bend = np.gradient(rate, 1.0 / fine, axis=-1)
        by_p, by_q = np.gradient(done, _STEP, axis=(0, 1))
        self._table = np.stack([part[..., ::4] for part in (done, by_p, by_q, rate, bend)], axis=-1)
        self._edges = np.stack([_edges(rate), 1.0 - _edges(rate[..., ::-1])], axis=-1)
        self._edges_by = np.gradient(self._edges, _STEP, axis=(0, 1))

    def at(self, u: Floats, p: Floats, q: Floats) -> Floats:
        """Share done, its derivatives by p and q, rate and the rate's slope, (S, n, 5) at `u` (S, n)."""
        i, j, dp, dq = self._near(p, q)
        place = u * _GRID
        k = np.minimum(place.astype(np.intp), _GRID - 1)
        low = self._table[i[:, None], j[:, None], k]
        out: Floats = low + (place - k)[..., None] * (self._table[i[:, None], j[:, None], k + 1] - low)
        out[..., 0] += dp[:, None] * out[..., 1] + dq[:, None] * out[..., 2]
        return out

    def edges(self, p: Floats, q: Floats) -> tuple[Floats, Floats, Floats]:
        """Where the rates cross 10 % of their peaks, (S, 2), and the derivatives by p and q."""
        i, j, dp, dq = self._near(p, q)
        by_p, by_q = self._edges_by[0][i, j], self._edges_by[1][i, j]
        return self._edges[i, j] + dp[:, None] * by_p + dq[:, None] * by_q, by_p, by_q

    def _near(self, p: Floats, q: Floats) -> tuple[Ints, Ints, Floats, Floats]:
        i, j = (np.rint((e - _LEAST) / _STEP).astype(np.intp) for e in (p, q))
        return i, j, p - self._exponents[i], q - self._exponents[j]


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
