"""Definition `edge10`: where a stroke begins and ends inside a swing from one turning point to the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imu.model import Floats
from imu.motion.history import extremes
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
    peak = int(rate.argmax())
    threshold = params.edge_fraction * float(rate[peak])
    if not threshold > 0.0:
        return []
    above = rate > threshold
    cuts = ((above[1:] != above[:-1]).nonzero()[0] + 1).tolist()
    cuts = [0] * bool(above[0]) + cuts + [len(rate)] * bool(above[-1])
    pieces = list(zip(cuts[::2], cuts[1::2], strict=True))
    if len(pieces) == 1:
        (start, end), first, last, before, after = pieces[0], 0, 0, False, False
    else:
        longest = params.stall_s * rate_hz
        mine = int(np.argmax(pitch[[b - 1 for _, b in pieces]] - pitch[[a for a, _ in pieces]]))
        first, before = _reach(pieces, mine, -1, pitch, longest=longest, params=params)
        last, after = _reach(pieces, mine, +1, pitch, longest=longest, params=params)
        start, end = pieces[first][0], pieces[last][1]

    def within(a: int, b: int) -> list[Edges]:
        found = find_edges(pitch[a:b], rate[a:b], rate_hz=rate_hz, params=params)
        return [Edges(e.start + a, e.end + a, e.peak + a, e.stall) for e in found]

    if not start <= peak < end:
        # A jerk apart from the stroke set the threshold; the stroke's own peak must.
        left = pieces[first - 1][1] if first else 0
        right = pieces[last + 1][0] if last + 1 < len(pieces) else len(rate)
        return within(left, right)
    stall = end - start - sum(b - a for a, b in pieces[first : last + 1])
    found = [Edges(_crossing(rate, start, threshold), _crossing(rate, end, threshold), peak, stall)]
    return (within(0, start) if before else []) + found + (within(end, len(rate)) if after else [])


def _reach(
    pieces: list[tuple[int, int]], mine: int, step: int, pitch: Floats, *, longest: float, params: MotionParams
) -> tuple[int, bool]:
    """Walk from the largest piece over stalls; also whether a stroke of its own lies beyond a longer stop.

    A stop is at most `longest` samples. A twitch during a stop does not end it: only a piece of some progress does.
    """
    low, high = extremes(pitch)
    at, last, still = mine, mine, 0
    while 0 <= at + step < len(pieces):
        gap = (pieces[at][1], pieces[at + 1][0]) if step > 0 else (pieces[at - 1][1], pieces[at][0])
        share = (float(pitch[gap[0]]) - low) / max(high - low, 1e-9)
        if not params.stall_margin < share < 1.0 - params.stall_margin:
            return last, False
        still += gap[1] - gap[0]
        if still > longest:
            return last, True
        at += step
        start, end = pieces[at]
        if float(pitch[end - 1] - pitch[start]) < params.progress * (high - low):
            still += end - start
        else:
            last, still = at, 0
    return last, False


def _crossing(rate: Floats, i: int, threshold: float) -> float:
    """Fractional sample at which the rate crosses the threshold between samples i - 1 and i."""
    if i <= 0 or i >= len(rate):
        return float(min(max(i, 0), len(rate) - 1))
    before, after = float(rate[i - 1]), float(rate[i])
    return i - 1 + (threshold - before) / (after - before)
