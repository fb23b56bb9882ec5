"""Straight lines that a person marked by hand in `events.csv`: which of them can be one, and words about the others.

The program's own holds pass; they were watched for. This looks at the samples alone, so that it needs no mount.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from imu.model import Floats, LineHold, Samples
from imu.motion.params import MotionParams

LEAST_S = 0.8
"""Less is no hold: a trunk on its way is slow for as long at either end."""
_BIN_S = 0.5
"""Stillness is judged by means of half seconds: the accelerometer alone feels every tremor and push."""
_STILL_TIMES = 2.0
"""By how much a stretch marked by eye may miss the stillness that is watched for: its ends are never exact."""


def usable_holds(
    samples: Samples, holds: Iterable[LineHold], params: MotionParams
) -> tuple[tuple[LineHold, ...], tuple[str, ...]]:
    """Choose the holds that a body can have held.

    Args:
        samples: The whole recording, in order of time.
        holds: Stretches of device time.
        params: Constants of judgement.

    Returns:
        Those to be used, in their order, and a sentence about each that is not.
    """
    used, words = [], []
    for hold in holds:
        fault = _fault(samples, hold, params)
        if fault is None:
            used.append(hold)
        else:
            words.append(f"The straight line marked from {hold.start_s:.1f} to {hold.end_s:.1f} s {fault}; not used.")
    return tuple(used), tuple(words)


def _fault(samples: Samples, hold: LineHold, params: MotionParams) -> str | None:
    t = samples.t_s
    if not len(t) or hold.start_s >= t[-1] or hold.end_s <= t[0]:
        span = f", from {t[0]:.1f} to {t[-1]:.1f} s" if len(t) else ""
        return f"lies outside of the recording{span}"
    first, last = np.searchsorted(t, (hold.start_s, hold.end_s)).tolist()
    if min(hold.end_s, float(t[-1])) - max(hold.start_s, float(t[0])) < LEAST_S:
        return f"is shorter than {LEAST_S:g} s; mark the 3 s in which the body was held"
    if last - first < 2:
        return "has no samples in it: they were lost"
    moved_deg = _moved_deg(t[first:last], samples.acc_mps2[first:last])
    if moved_deg > _STILL_TIMES * params.still_deg:
        return f"was not held still: the trunk moves by {moved_deg:.0f} degrees in it"
    return None


def _moved_deg(t_s: Floats, acc_mps2: Floats) -> float:
    """The largest angle between a half second's mean acceleration and that of the whole, doubled: there and back."""
    edges = np.flatnonzero(np.diff(np.floor((t_s - t_s[0]) / _BIN_S), prepend=-1.0))
    counts = np.diff(np.append(edges, len(t_s)))
    enough = counts >= 0.5 * counts.max()
    means = np.add.reduceat(acc_mps2, edges, axis=0)[enough] / counts[enough, None]
    whole = acc_mps2.mean(axis=0)
    lengths = np.linalg.norm(means, axis=1) * np.linalg.norm(whole)
    cosines = means @ whole / np.maximum(lengths, 1e-9)
    return 2.0 * float(np.rad2deg(np.arccos(np.clip(cosines, -1.0, 1.0)).max()))
