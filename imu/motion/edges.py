"""Definition `edge10`: where a stroke begins and ends inside a swing from one turning point to the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imu.model import Floats
from imu.motion.params import MotionParams


@dataclass(frozen=True, slots=True)
class Edges:
    """A stroke's first and last crossing of 10 % of its own peak rate.

    Attributes:
        start, end: Crossings as fractional sample numbers within the slice.
        peak: Sample of the peak rate.
        stall: Samples stood still between them.
    """

    start: float
    end: float
    peak: int
    stall: int


def find_edges(pitch: Floats, rate: Floats, *, rate_hz: float, params: MotionParams) -> list[Edges]:
    """Cut a swing in the direction of positive rate into strokes, in order of time.

    Usually there is one. A stop in mid-swing longer than a stall divides it in two; movement near the ends of the
    range, apart from the stroke, belongs to the holds.
    """
    peak = int(np.argmax(rate))
    threshold = params.edge_fraction * rate[peak]
    if threshold <= 0:
        return []
    above = rate > threshold
    flips = np.flatnonzero(above[1:] != above[:-1]) + 1
    starts = flips[above[flips]]
    ends = flips[~above[flips]]
    if above[0]:
        starts = np.concatenate(([0], starts))
    if above[-1]:
        ends = np.concatenate((ends, [len(rate)]))
    mine = int(np.argmax(pitch[ends - 1] - pitch[starts]))
    low, high = float(pitch.min()), float(pitch.max())
    longest = params.stall_s * rate_hz

    def reach(step: int) -> tuple[int, bool]:
        """Walk from the largest piece over stalls; also whether a stroke of its own lies beyond a longer stop.

        A twitch during a stop does not end it: only a piece of some progress does.
        """
        at, last, still = mine, mine, 0.0
        while 0 <= at + step < len(starts):
            gap = (ends[at], starts[at + 1]) if step > 0 else (ends[at - 1], starts[at])
            share = (float(pitch[gap[0]]) - low) / max(high - low, 1e-9)
            if not params.stall_margin < share < 1.0 - params.stall_margin:
                return last, False
            still += gap[1] - gap[0]
            if still > longest:
                return last, True
            at += step
            progress = float(pitch[ends[at] - 1] - pitch[starts[at]])
            if progress < params.progress * (high - low):
                still += ends[at] - starts[at]
            else:
                last, still = at, 0.0
        return last, False

    first, before = reach(-1)
    last, after = reach(+1)
    start, end = int(starts[first]), int(ends[last])
    if not start <= peak < end:
        # A jerk apart from the stroke set the threshold; the stroke's own peak must.
        left = int(ends[first - 1]) if first else 0
        right = int(starts[last + 1]) if last + 1 < len(starts) else len(rate)
        inner = find_edges(pitch[left:right], rate[left:right], rate_hz=rate_hz, params=params)
        return [Edges(e.start + left, e.end + left, e.peak + left, e.stall) for e in inner]
    stall = int(np.count_nonzero(~above[start:end]))
    found = [Edges(_crossing(rate, start, threshold), _crossing(rate, end, threshold), peak, stall)]
    if before:
        cut = start
        found = find_edges(pitch[:cut], rate[:cut], rate_hz=rate_hz, params=params) + found
    if after:
        cut = end
        rest = find_edges(pitch[cut:], rate[cut:], rate_hz=rate_hz, params=params)
        found += [Edges(e.start + cut, e.end + cut, e.peak + cut, e.stall) for e in rest]
    return found


def _crossing(rate: Floats, i: int, threshold: float) -> float:
    """Fractional sample at which the rate crosses the threshold between samples i - 1 and i."""
    if i <= 0 or i >= len(rate):
        return float(min(max(i, 0), len(rate) - 1))
    before, after = float(rate[i - 1]), float(rate[i])
    return i - 1 + (threshold - before) / (after - before)
