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
from dataclasses import dataclass, fields
from functools import lru_cache
from math import hypot, log2

import numpy as np

from imu.model import G_MPS2, Bools, Floats, Ints
from imu.motion.params import MotionParams
from imu.motion.shapes import BEND, BY_P, DONE, LEAST, MOST, RATE, shapes

_BINS = 28
_SHARES = np.linspace(0.0, 1.0, _BINS + 1)
_ROUNDS = 7
_ENOUGH = 1e-4
"""A step that makes the cost less by this little moves no edge by more than a hundredth of its standard deviation."""
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
    """A stroke as first found, and the samples `first` to `last` of it and of the holds beside it.

    `travel_deg` is negative for a lowering. `whole` is false where the stroke is cut off or has a hole: then its shape
    cannot be fitted.
    """

    start_s: float
    end_s: float
    travel_deg: float
    peak_dps: float
    longest_hole_s: float
    whole: bool
    first: int
    last: int

    @property
    def duration_s(self) -> float:
        """Length of the stroke."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Timing:
    """A stroke's edges, and the half-widths of their 90 % intervals."""

    start_s: float
    end_s: float
    start_pm_s: float
    end_pm_s: float


class Profile:
    """Fits strokes, many at once and each for itself; without state but for tables, which are computed once.

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

    def time(self, t_s: Floats, pitch_deg: Floats, windows: Sequence[Window]) -> list[Timing]:
        """The edges of the shapes fitted to the strokes in this motion, and their uncertainty.

        Where no smooth shape fits (a stall, a bounce), the edges stay as they are, less certain.
        """
        out = [self._rough(w) for w in windows]
        smooth = [i for i, w in enumerate(windows) if w.whole and abs(w.travel_deg) > _LEAST_DEG]
        if not smooth:
            return out
        with np.errstate(all="ignore"):  # a broken sensor's numbers may be any; its strokes do not fit
            edge_s, sd_s, misfit = self._fit(t_s, pitch_deg, [windows[i] for i in smooth])
        p, wide = self._params, _Z90 * (1.0 if self._gyroscope else self._params.acc_only_doubt)
        for i, (start_s, end_s), sd, off in zip(smooth, edge_s.tolist(), sd_s.tolist(), misfit.tolist(), strict=True):
            window = windows[i]
            off_s = max(abs(start_s - window.start_s), abs(end_s - window.end_s))
            if off < p.misfit and off_s < p.edge_doubt * window.duration_s + 0.1:
                out[i] = Timing(
                    start_s=max(start_s, float(t_s[window.first])),
                    end_s=min(end_s, float(t_s[window.last])),
                    start_pm_s=p.start_doubt * wide * hypot(sd[0], p.strap_s),
                    end_pm_s=wide * hypot(sd[1], p.strap_s),
                )
        return out

    def _rough(self, window: Window) -> Timing:
        """Uncertainty of a crossing: what moves the rate, over the rate's slope there (as minimum jerk has it)."""
        p = self._params
        moved_dps = hypot(p.breath_dps if self._gyroscope else 3.0 * p.breath_dps, p.shape_share * window.peak_dps)
        slope = 2.7 * max(abs(window.travel_deg), 1.0) / window.duration_s**2
        blur_s = p.rate_sigma_s if self._gyroscope else p.acc_sigma_s
        sd_s = min(hypot(moved_dps / slope, blur_s, window.longest_hole_s), max(0.3 * window.duration_s, blur_s))
        return Timing(window.start_s, window.end_s, p.start_doubt * _Z90 * sd_s, _Z90 * sd_s)

    def _fit(self, t_s: Floats, pitch_deg: Floats, windows: Sequence[Window]) -> tuple[Floats, Floats, Floats]:
        """Edges, their standard deviations, and the misfit, by damped Gauss-Newton steps (Levenberg-Marquardt).

        A stroke that has settled is not looked at again, so that the hard ones do not make the easy ones wait.
        """
        task, x = self._task(t_s, pitch_deg, windows)
        least_s = 0.2 * x[:, 1]
        found = best = self._state(x, task)
        damping, left = np.zeros(len(x)), np.arange(len(x))
        for _ in range(_ROUNDS):
            now = self._state(best.stepped(damping, least_s), task)
            better = now.cost <= best.cost
            going = ~(np.abs(now.cost - best.cost) < _ENOUGH)
            damping = np.where(better, 0.1 * damping, np.maximum(10.0 * damping, 0.1))
            best = best.where(better, now)
            if not going.all():
                found.put(left, best)
                task, best = task.only(going), best.only(going)
                least_s, damping, left = least_s[going], damping[going], left[going]
                if not len(left):
                    break
        found.put(left, best)
        return _fitted(found)

    def _task(self, t_s: Floats, pitch_deg: Floats, windows: Sequence[Window]) -> tuple[_Task, Floats]:
        """What the shapes are to be fitted to, and minimum-jerk strokes with the edges first found as a start."""
        a, b = min(w.first for w in windows), max(w.last for w in windows) + 1
        start_s, end_s, range_deg = np.array([(w.start_s, w.end_s, w.travel_deg) for w in windows]).T
        first_s, last_s = t_s[[w.first for w in windows]], t_s[[w.last for w in windows]]
        width_s = last_s - first_s
        x = np.tile(self._usual, (len(windows), 1))
        x[:, 1] = (end_s - start_s) / _INSIDE
        x[:, 0] = start_s - _BEFORE * x[:, 1]
        x[:, 2] = range_deg
        edge_s = np.minimum(first_s[:, None] + width_s[:, None] * _SHARES, last_s[:, None])
        at_deg = np.interp(edge_s, t_s[a:b], pitch_deg[a:b])
        mean_dps = np.abs(range_deg) / x[:, 1]
        matrices = [
            _whitening(_octave(w, 4.0), _octave(m, 2.0), self._noise)
            for w, m in zip(width_s.tolist(), mean_dps.tolist(), strict=True)
        ]
        dt = (width_s / _BINS)[:, None, None]
        seen = np.array([m[0] for m in matrices]) @ at_deg[..., None] / dt
        white = np.array([m[1] for m in matrices])
        white /= dt
        return _Task(edge_s, at_deg[:, 0], seen, white), x

    def _state(self, x: Floats, task: _Task) -> _State:
        """The misfit at x, and the normal equations there."""
        basis, scale = self._model(x, task)
        jac = task.white @ basis
        off, jac = task.seen - jac[..., -1:], jac[..., :-1]
        across = jac.transpose(0, 2, 1)
        away = self._prior * (x - self._usual)
        normal = across @ jac
        normal *= scale[:, :, None]
        normal *= scale[:, None, :]
        normal += np.diag(self._prior)
        return _State(
            cost=(off.transpose(0, 2, 1) @ off)[:, 0, 0] + ((x - self._usual) * away).sum(axis=1),
            x=x,
            normal=normal,
            pull=scale * (across @ off)[..., 0] - away,
        )


@dataclass(frozen=True, slots=True)
class _Task:
    """S strokes to fit: bins' edges (S, n + 1), pitch at the first (S,), what was seen (S, n, 1), and a matrix.

    `white` (S, n, n + 1) takes the pitch of a model at the bins' edges to what would be seen of it: increments, with
    the noise made white.
    """

    edge_s: Floats
    from_deg: Floats
    seen: Floats
    white: Floats

    def only(self, some: Bools) -> _Task:
        """Some of the strokes."""
        return _Task(self.edge_s[some], self.from_deg[some], self.seen[some], self.white[some])


@dataclass(frozen=True, slots=True)
class _State:
    """A point of the search: cost (S,), parameters (S, P), normal matrices (S, P, P) and the pull downhill (S, P)."""

    cost: Floats
    x: Floats
    normal: Floats
    pull: Floats

    def stepped(self, damping: Floats, least_s: Floats) -> Floats:
        """Parameters nearer to the minimum; the step is shortened where the last one led uphill."""
        diagonal = np.einsum("sii->si", self.normal)
        ridge = damping[:, None] * diagonal + _TINY * (1.0 + diagonal.max(axis=1, keepdims=True))
        step = np.linalg.solve(self.normal + ridge[:, None, :] * np.eye(ridge.shape[1]), self.pull[..., None])[..., 0]
        step *= np.minimum(1.0, 0.25 * self.x[:, 1] / np.maximum(np.abs(step[:, :2]).max(axis=1), 1e-9))[:, None]
        x: Floats = self.x + step
        x[:, 1] = np.maximum(x[:, 1], least_s)
        x[:, 3:5] = np.clip(x[:, 3:5], LEAST, MOST)
        return x

    def where(self, better: Bools, other: _State) -> _State:
        """The other point where it is better."""
        if better.all():
            return other
        return _State(
            cost=np.where(better, other.cost, self.cost),
            x=np.where(better[:, None], other.x, self.x),
            normal=np.where(better[:, None, None], other.normal, self.normal),
            pull=np.where(better[:, None], other.pull, self.pull),
        )

    def only(self, some: Bools) -> _State:
        """Some of the strokes."""
        return _State(self.cost[some], self.x[some], self.normal[some], self.pull[some])

    def put(self, places: Ints, other: _State) -> None:
        """Write the other strokes' points in these places."""
        for field in fields(self):
            getattr(self, field.name)[places] = getattr(other, field.name)


def _octave(value: float, steps: float) -> float:
    """The value rounded to steps of an octave, so that few matrices have to be computed."""
    return float(2.0 ** (round(steps * log2(max(value, 1e-3))) / steps))


def _fitted(found: _State) -> tuple[Floats, Floats, Floats]:
    """The edges of the fitted shapes (S, 2), their standard deviations by the posterior covariance, and the misfit."""
    onset_s, time_s, p, q = found.x[:, 0, None], found.x[:, 1, None], found.x[:, 3], found.x[:, 4]
    at, by_p, by_q = shapes().edges(p, q)
    along = np.zeros((len(at), found.x.shape[1], 2))
    along[:, 0], along[:, 1], along[:, 3], along[:, 4] = 1.0, at, time_s * by_p, time_s * by_q
    # A hair of a ridge: a stroke that tells nothing of its shape must not break the others' solution.
    diagonal = np.einsum("sii->si", found.normal)
    ridge = (1e-14 * diagonal + 1e-30)[:, None, :] * np.eye(along.shape[1])
    spread = np.linalg.solve(found.normal + ridge, along)
    var = (along * spread).sum(axis=1)
    return onset_s + at * time_s, np.sqrt(np.maximum(var, 0.0)), found.cost / _BINS


def _turned(x: Floats, task: _Task) -> tuple[Floats, Floats]:
    """Derivatives of the pitch by onset, time, range and the exponents, then the pitch; (S, n + 1, 6) at bins' edges.

    Each is still to be multiplied by a scale (S, 5), which is the same for all bins.
    """
    u, shape = _shape_at(x, task.edge_s)
    basis = np.empty((*u.shape, 6))
    basis[..., :5] = shape
    np.multiply(shape[..., RATE], u, out=basis[..., 1])
    np.multiply(shape[..., DONE], x[:, 2, None], out=basis[..., 5])
    return basis, _scale(x)


def _felt(x: Floats, task: _Task) -> tuple[Floats, Floats]:
    """The same for the pitch of the specific force; three more parameters say how the chest is accelerated.

    They are the sensor's distance from the hip, and how far the hip itself travels forward and up meanwhile. The
    derivatives by the first five leave out how these change the acceleration: that finds the same shape.
    """
    u, shape = _shape_at(x, task.edge_s)
    time_s, range_deg, arm_m, forward_m, up_m = (x[:, i, None] for i in (1, 2, 5, 6, 7))
    pitch, turned = np.deg2rad(task.from_deg[:, None] + range_deg * shape[..., DONE]), np.deg2rad(range_deg)
    sin, cos, bend = np.sin(pitch), np.cos(pitch), shape[..., BEND] / time_s**2
    outward, round_ = (turned / time_s * shape[..., RATE]) ** 2, turned * bend
    upward = G_MPS2 + up_m * bend
    along = upward * sin + forward_m * bend * cos - arm_m * outward
    across = upward * cos - forward_m * bend * sin + arm_m * round_
    share = np.rad2deg(1.0 / (along**2 + across**2))
    basis = np.empty((*u.shape, 9))
    basis[..., :5] = shape
    np.multiply(shape[..., RATE], u, out=basis[..., 1])
    basis[..., 5] = share * (-across * outward - along * round_)
    basis[..., 6] = share * bend * (across * cos + along * sin)
    basis[..., 7] = share * bend * (across * sin - along * cos)
    basis[..., 8] = np.rad2deg(np.unwrap(np.arctan2(along, across), axis=1))
    return basis, _scale(x)


def _shape_at(x: Floats, edge_s: Floats) -> tuple[Floats, Floats]:
    """The strokes' own time, and their shapes there."""
    u = np.clip((edge_s - x[:, 0, None]) / x[:, 1, None], 0.0, 1.0)
    return u, shapes().at(u, x[:, 3], x[:, 4])


def _scale(x: Floats) -> Floats:
    """What turns the shapes' own derivatives into the pitch's."""
    scale = np.ones_like(x)
    scale[:, BY_P:5] = x[:, 2, None]
    scale[:, :2] = (-x[:, 2] / x[:, 1])[:, None]
    return scale


@lru_cache(maxsize=512)
def _whitening(width_s: float, mean_dps: float, noise: tuple[float, float, float, float]) -> tuple[Floats, Floats]:
    """Matrices (n, n + 1) from the pitch at the bins' edges to its increments with their noise made white.

    One is for what was seen, the other for a model not yet smoothed as that was. The noise is breathing and sway, all
    frequencies of their band alike; jitter of strap and muscle, which is alike for about a tenth of a second; and the
    stroke's own deviation from a smooth shape.
    """
    breath_dps, jitter_dps, share, sigma_s = noise
    dt = width_s / _BINS
    apart = (np.arange(_BINS)[:, None] - np.arange(_BINS)) * dt
    hz = np.linspace(*_BREATH_HZ, 16)
    cov = breath_dps**2 * np.cos(2.0 * np.pi * hz * apart[..., None]).mean(axis=-1)
    cov += (jitter_dps**2 * min(1.0, 0.1 / dt) + (share * 1.875 * mean_dps) ** 2) * np.eye(_BINS)
    white = np.linalg.inv(np.linalg.cholesky(cov))
    increments = np.diff(np.eye(_BINS + 1), axis=0)
    if not sigma_s:
        return white @ increments, white @ increments
    smooth = np.exp(-0.5 * (apart / sigma_s) ** 2)
    return white @ increments, white @ (smooth / smooth.sum(axis=1, keepdims=True)) @ increments
