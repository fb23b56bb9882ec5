"""A static hold: how long the trunk stayed within 10 degrees of the straight line, how it sank, and why it ended.

The straight line is the calibrated or declared one; without either, the median pitch of the hold's own first seconds.
The hold begins where the lift ends, or where the trunk comes into the band after that. It ends where the trunk leaves
the band for longer than a moment, where the lowering begins, or with the recording, whichever is first. The sag is a
robust slope (Theil-Sen: the median of the slopes between all pairs; Sen, J. Am. Stat. Assoc. 63, 1968) through the
medians of the seconds, which breathing does not tilt.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isnan

import numpy as np

from imu.model import NAN, Bools, Floats, Rep
from imu.motion.params import MotionParams

LEFT, LOWERED, RECORDING_ENDED = "left the band", "lowered", "recording ended"
_MEDIAN_S = 1.0
_LEAST_SAG_S = 10.0
"""Two or three breaths: a slope over less is that of a breath."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticHold:
    """What one hold was.

    Attributes:
        hold_s: Time within the band, from coming into it to the end; moments outside are taken off.
        end_s: Device time of its end.
        ended: Why it ended.
        sag_deg_per_min: How fast it sank, positive downwards; nan below 10 s.
        line_deg: The straight line it was held against.
    """

    hold_s: float
    end_s: float
    ended: str
    sag_deg_per_min: float
    line_deg: float


def measure_hold(
    t_s: Floats, pitch_deg: Floats, *, start_s: float, lowered_s: float, line_deg: float, params: MotionParams
) -> StaticHold | None:
    """Measure the hold that follows a lift.

    Args:
        t_s: (n,) device time, at a constant rate but for holes.
        pitch_deg: (n,) pitch of the trunk.
        start_s: Where the lift ended.
        lowered_s: Where the lowering began; nan where the recording ended before.
        line_deg: The straight line; nan where none is known.
        params: Constants of judgement.

    Returns:
        None where the trunk never came into the band.
    """
    first, last = np.searchsorted(t_s, (start_s, np.inf if isnan(lowered_s) else lowered_s)).tolist()
    t, pitch = t_s[first:last], pitch_deg[first:last]
    if not len(t):
        return None
    if isnan(line_deg):
        line_deg = float(np.median(pitch[t < t[0] + params.hold_line_s]))
    inside = np.abs(pitch - line_deg) <= params.hold_band_deg
    if not inside.any():
        return None
    entered = int(np.argmax(inside))
    left = _left(t, inside, entered, params.hold_moment_s)
    end = len(t) if left is None else left
    why = LEFT if left is not None else RECORDING_ENDED if isnan(lowered_s) else LOWERED
    step_s = np.minimum(np.diff(t[entered:end], append=t[end] if end < len(t) else t[-1]), params.harmless_gap_s)
    return StaticHold(
        hold_s=float(step_s[inside[entered:end]].sum()),
        end_s=float(t[end]) if end < len(t) else float(t[-1]) if isnan(lowered_s) else lowered_s,
        ended=why,
        sag_deg_per_min=_sag(t[entered:end], pitch[entered:end], params.hold_settles_s),
        line_deg=line_deg,
    )


def with_hold(rep: Rep, hold: StaticHold | None) -> Rep:
    """A row of the ledger with its hold; what was not counted held nothing."""
    if hold is None or not rep.counted:
        return rep
    return replace(
        rep,
        hold_s=hold.hold_s,
        hold_end_s=hold.end_s,
        hold_ended=hold.ended,
        sag_deg_per_min=hold.sag_deg_per_min,
    )


def _left(t_s: Floats, inside: Bools, entered: int, moment_s: float) -> int | None:
    """The first sample of the first stay outside that is longer than a moment."""
    flips = np.flatnonzero(inside[entered + 1 :] != inside[entered:-1]) + entered + 1
    outs, ins = flips[::2], flips[1::2]
    back_s = np.append(t_s[ins], np.full(len(outs) - len(ins), np.inf))
    long = np.flatnonzero(back_s - t_s[outs] > moment_s)
    return int(outs[long[0]]) if len(long) else None


def _sag(t_s: Floats, pitch_deg: Floats, settles_s: float) -> float:
    settled = int(np.searchsorted(t_s, t_s[0] + settles_s)) if len(t_s) else 0
    t_s, pitch_deg = t_s[settled:], pitch_deg[settled:]
    if not len(t_s) or t_s[-1] - t_s[0] < _LEAST_SAG_S:
        return NAN
    second = np.floor((t_s - t_s[0]) / _MEDIAN_S).astype(np.int64)
    edges = np.flatnonzero(np.diff(second, prepend=-1))
    middles = np.array([np.median(part) for part in np.split(pitch_deg, edges[1:])])
    at = second[edges].astype(float) * _MEDIAN_S
    i, j = np.triu_indices(len(at), 1)
    return float(-60.0 * np.median((middles[j] - middles[i]) / (at[j] - at[i])))
