"""Three sharp taps on the sensor: the instant by which a video is laid beside a recording.

A fingertip on the housing is a shock of a few hundredths of a second. Nothing the trunk does changes the acceleration
from one sample to the next as much, and a plate that is put down does it once. Three alike in a row with quiet around
them are a sign made on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imu.model import Floats, Samples


@dataclass(frozen=True, kw_only=True, slots=True)
class TapParams:
    """What three taps look like; our choice, checked on simulated taps and on recordings of people who never tapped.

    Attributes:
        taps: So many in a row, no more and no fewer.
        jump_mps2: Change of the acceleration from one sample to the next, at least.
        times_usual: The same against the usual change around, so that a jump or a run is none.
        ring_s: Shocks closer than this are one that rings.
        closest_s, farthest_s: Time from one tap to the next.
        uneven: The longer pause is at most so many times the shorter one.
        quiet_s: No other shock so long before and after.
        usual_s: How long around an instant the usual change is taken from.
        least_hz: A slower sensor misses taps.
    """

    taps: int = 3
    jump_mps2: float = 8.0
    times_usual: float = 8.0
    ring_s: float = 0.10
    closest_s: float = 0.15
    farthest_s: float = 1.0
    uneven: float = 2.0
    quiet_s: float = 1.5
    usual_s: float = 4.0
    least_hz: float = 50.0


def find_taps(samples: Samples, params: TapParams | None = None) -> Floats:
    """When three taps were given.

    Args:
        samples: A recording in order of time, at 50 samples a second or more; a slower one holds no taps.
        params: What taps look like.

    Returns:
        (n,) device time of the first of each three taps, in s, to within two samples.
    """
    p = params or TapParams()
    if len(samples) < 3 or _rate_hz(samples) < p.least_hz:
        return np.empty(0)
    shocks = _shocks(samples, p)
    return np.array([group[0] for group in _groups(shocks, p) if _on_purpose(group, p)])


def _rate_hz(samples: Samples) -> float:
    return 1.0 / float(np.median(np.diff(samples.t_s)))


def _shocks(samples: Samples, p: TapParams) -> Floats:
    """(n,) when shocks began; what rings after one belongs to it."""
    t, change = samples.t_s[1:], np.linalg.norm(np.diff(samples.acc_mps2, axis=0), axis=1)
    candidates = np.flatnonzero(change > p.jump_mps2)
    sharp = [i for i in candidates.tolist() if change[i] > p.times_usual * _usual(t, change, i, p)]
    times = t[sharp]
    return times[np.diff(times, prepend=-np.inf) > p.ring_s]


def _usual(t: Floats, change: Floats, i: int, p: TapParams) -> float:
    first, last = np.searchsorted(t, (t[i] - 0.5 * p.usual_s, t[i] + 0.5 * p.usual_s))
    return float(np.median(change[first:last]))


def _groups(times: Floats, p: TapParams) -> list[Floats]:
    """Shocks with no more than the quiet time from one to the next."""
    return np.split(times, np.flatnonzero(np.diff(times) > p.quiet_s) + 1) if len(times) else []


def _on_purpose(group: Floats, p: TapParams) -> bool:
    pauses = np.diff(group)
    return bool(
        len(group) == p.taps
        and pauses.min() >= p.closest_s
        and pauses.max() <= p.farthest_s
        and pauses.max() <= p.uneven * pauses.min()
    )
