"""What others count repetitions with, written small and given every chance; see `rivals.py` for the comparison.

All get the samples on a uniform grid, the exercise's row of `imu.exercises` (its end of start and smallest range) and,
where they need an angle, the trunk's pitch by VQF with the same mount our program has: known, or as it learned it.
They work on the whole recording at once, which is more than a live counter may. None knows walking or getting on and
off; none was made to. Constants were chosen by reason before the comparison, one set for all, and not tuned to either
side's favour:

recofit      After Morris et al., "RecoFit", CHI 2014, its counter without its classifier of activity, which would have
             to be trained. Acceleration, low-passed at 3 Hz and high-passed at 0.03 Hz (a repetition may take 12 s),
             projected on its first principal component; its sign is the one with the higher peaks. Maxima are taken
             from the highest down, no nearer than 0.8 s; then no nearer than 0.75 of the local period, the largest
             autocorrelation between 0.8 and 12 s in 30 s around; those below half of the 40th percentile go.
peaks        `scipy.signal.find_peaks` on the pitch smoothed at 3 Hz: tops where a repetition starts at the bottom, else
             bottoms; prominence: the exercise's smallest range; no nearer than 0.8 s; no window for the prominence.
percentiles  A state machine on the same pitch: low and high are at 35 and 65 % between the 5th and the 95th percentile
             of the recording; low, high (or high, low, high) is a repetition. Nothing where those percentiles lie
             nearer than the exercise's smallest range.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.signal import butter, find_peaks, sosfiltfilt
from vqf import VQF

from imu.exercises import End, Exercise
from imu.model import Floats, Mount, Samples

SHORTEST_S, LONGEST_S = 0.8, 12.0
GRID_HZ = 26.0
"""Enough for motion below 3 Hz."""
Counter = Callable[[Samples, Exercise, Mount | None], Floats]
"""Samples, exercise, mount -> instants (k,) of the repetitions in s."""


def recofit(samples: Samples, exercise: Exercise, mount: Mount | None) -> Floats:
    """The one that needs no angle and no mount."""
    t, acc = _uniform(samples.t_s, samples.acc_mps2, GRID_HZ)
    if len(t) < 3 * GRID_HZ:
        return np.empty(0)
    smooth = sosfiltfilt(butter(2, (0.03, 3.0), "bandpass", fs=GRID_HZ, output="sos"), acc, axis=0)
    centred = smooth - smooth.mean(axis=0)
    signal = centred @ np.linalg.svd(centred, full_matrices=False)[2][0]
    signal = signal if np.percentile(signal, 98) >= -np.percentile(signal, 2) else -signal
    peaks = find_peaks(signal)[0]
    peaks = _spaced(peaks, signal, np.full(len(peaks), SHORTEST_S * GRID_HZ))
    peaks = _spaced(peaks, signal, 0.75 * np.array([_period(signal, int(p)) for p in peaks]))
    enough = signal[peaks] >= 0.5 * np.percentile(signal[peaks], 40) if len(peaks) else np.empty(0, bool)
    return np.asarray(t[peaks[enough]])


def peaks(samples: Samples, exercise: Exercise, mount: Mount | None) -> Floats:
    """Peaks of the angle that stand out enough."""
    t, pitch = pitch_of(samples, mount)
    if not len(t):
        return t
    signal = pitch if exercise.start is End.BOTTOM else -pitch
    found = find_peaks(signal, prominence=exercise.min_rom_deg, distance=max(1, round(SHORTEST_S * GRID_HZ)))[0]
    return np.asarray(t[found])


def percentiles(samples: Samples, exercise: Exercise, mount: Mount | None) -> Floats:
    """Crossings of two levels, one after the other."""
    t, pitch = pitch_of(samples, mount)
    if not len(t):
        return t
    bottom, top = np.percentile(pitch, (5, 95))
    if top - bottom < exercise.min_rom_deg:
        return np.empty(0)
    state = np.where(pitch > bottom + 0.65 * (top - bottom), 1, np.where(pitch < bottom + 0.35 * (top - bottom), -1, 0))
    known = np.flatnonzero(state)
    turned = known[1:][state[known[1:]] != state[known[:-1]]]
    arrives = 1 if exercise.start is End.BOTTOM else -1
    return np.asarray(t[turned[state[turned] == arrives]])


COUNTERS: dict[str, Counter] = {"RecoFit-style": recofit, "peaks of the angle": peaks, "percentiles": percentiles}


def pitch_of(samples: Samples, mount: Mount | None) -> tuple[Floats, Floats]:
    """Times and pitch in degrees on the grid, smoothed at 3 Hz; empty where the mount is not known."""
    if mount is None or len(samples) < 3:
        return np.empty(0), np.empty(0)
    rate_hz = max(GRID_HZ, 1.0 / float(np.median(np.diff(samples.t_s))))
    t, acc = _uniform(samples.t_s, samples.acc_mps2, rate_hz)
    up = acc
    if samples.gyr_radps is not None:
        gyr = _uniform(samples.t_s, samples.gyr_radps, rate_hz)[1]
        q = VQF(1.0 / rate_hz, biasClip=10.0, biasSigmaInit=5.0).updateBatch(gyr, acc)["quat6D"]
        w, x, y, z = q.T
        up = np.column_stack([2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)])
    up = sosfiltfilt(butter(2, 3.0, fs=rate_hz, output="sos"), up, axis=0) if len(t) > 20 else up
    turning = np.degrees(np.unwrap(np.arctan2(up @ mount.cranial, -(up @ np.array(mount.anterior)))))
    return _uniform(t, turning[:, None], GRID_HZ)[0], _uniform(t, turning[:, None], GRID_HZ)[1][:, 0]


def _uniform(t_s: Floats, values: Floats, rate_hz: float) -> tuple[Floats, Floats]:
    """Values (n, k) interpolated to a uniform grid; holes are bridged by straight lines."""
    grid = np.arange(t_s[0], t_s[-1], 1.0 / rate_hz)
    return grid, np.ascontiguousarray(np.column_stack([np.interp(grid, t_s, v) for v in values.T]))


def _spaced(places: Floats, signal: Floats, distance: Floats) -> Floats:
    """Take places from the highest down, each so far from all taken before as it asks for; in order of time."""
    taken: list[int] = []
    for i in np.argsort(-signal[places], kind="stable"):
        if all(abs(int(places[i]) - other) >= distance[i] for other in taken):
            taken.append(int(places[i]))
    return np.array(sorted(taken), int)


def _period(signal: Floats, at: int) -> float:
    """Local period in samples: where the autocorrelation around a place is largest."""
    half = round(1.25 * LONGEST_S * GRID_HZ)
    part = signal[max(0, at - half) : at + half]
    part = part - part.mean()
    n = len(part)
    spectrum = np.fft.rfft(part, 2 * n)
    auto = np.fft.irfft(spectrum * np.conj(spectrum))[:n]
    first, last = round(SHORTEST_S * GRID_HZ), min(round(LONGEST_S * GRID_HZ), n // 2)
    if last <= first:
        return float(first)
    # The first zero ends the peak at lag 0; the period lies behind it.
    below = np.flatnonzero(auto < 0)
    first = max(first, int(below[0])) if len(below) else first
    return float(first + np.argmax(auto[first:last])) if last > first else float(first)
