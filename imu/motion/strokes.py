"""Trunk motion -> strokes, arrivals and phases.

The signal is cut where the rate leaves or enters standing still, which numpy finds for a whole block at once. Over
those few cuts walks a zigzag: the trunk turns where the pitch has come back from its extreme by `turn_deg`, or where it
stood still longer than a stall. Between two turns lies a swing, and inside it the stroke, by definition `edge10`.

Everything is decided at a sample's own time, never at a block's end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imu.model import NAN, Bools, Floats, Phase, Stroke, Trunk
from imu.motion.edges import Edges, find_edges
from imu.motion.history import History, extremes
from imu.motion.params import MotionParams
from imu.motion.profile import Profile, Window

_T, _PITCH, _RATE, _TILT, _TRUST = range(5)
_MARGIN_S = 1.0
"""How far beyond its turning points a slow stroke's soft edges are looked for."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A stroke came to its end, as far as can be told at once: the moment to say the count.

    `range_deg` is the range travelled since the last turn.
    """

    lifting: bool
    t_s: float
    range_deg: float
    end_deg: float


@dataclass(frozen=True, slots=True)
class Rest:
    """The trunk has stood still for longer than a stall: no stroke is under way."""


@dataclass(frozen=True, slots=True)
class Found:
    """Something found, with the device time at which it was known."""

    decided_s: float
    what: Stroke | Arrival | Phase | Rest


@dataclass(slots=True)
class _Run:
    """A stretch of samples in which the trunk moves in one direction, or stands (sign 0)."""

    start: int
    sign: int
    low: float = np.inf
    high: float = -np.inf
    still: int = 0
    stood: bool = False
    arrived: int = -1


class StrokeFinder:
    """Stage: `Trunk` -> what was found, in order of decision.

    `past` keeps the trunk's motion: time, pitch, rate, lean, and 1 where it was measured.
    """

    def __init__(self, *, grid_hz: float, gyroscope: bool, turn_deg: float, params: MotionParams) -> None:
        self._hz = grid_hz
        self._moving_dps = params.moving_dps if gyroscope else params.moving_acc_only_dps
        self._turn_deg = turn_deg
        self._params = params
        self.past = History(5)
        self._fresh = True
        self._run = _Run(0, 0)
        self._direction = 0
        self._turn = 0
        self._low = self._high = (0, 0.0)
        self._free_from = 0
        self._profile = Profile(gyroscope=gyroscope, params=params)
        self._windows: list[Window] = []

    def push(self, block: Trunk) -> list[Found]:
        """Take a block; gives what its samples decide."""
        seen, n = len(self.past), len(block)
        self.past.append(block.t_s, block.pitch_deg, block.rate_dps, block.tilt_deg, block.trusted)
        if not n:
            return []
        out: list[Found] = []
        pitch, rate = block.pitch_deg, block.rate_dps
        if self._fresh:
            self._turn = self._free_from = seen
            self._low = self._high = (seen, float(pitch[0]))
        steady = self._steady(rate)
        if steady is not None and steady == self._run.sign and not self._fresh:
            self._go_on(seen, pitch, out)
            return self._timed(out)
        sign = (rate > self._moving_dps).astype(np.int8) - (rate < -self._moving_dps).astype(np.int8)
        cuts = np.concatenate(([0], np.flatnonzero(sign[1:] != sign[:-1]) + 1))
        pieces = zip(
            (seen + cuts).tolist(),
            (seen + np.append(cuts[1:], n)).tolist(),
            sign[cuts].tolist(),
            np.minimum.reduceat(pitch, cuts).tolist(),
            np.maximum.reduceat(pitch, cuts).tolist(),
            strict=True,
        )
        for start, end, way, low, high in pieces:
            if way != self._run.sign or self._fresh:
                self._end_run(start, out)
                self._run, self._fresh = _Run(start, way, still=start), False
            self._run.low, self._run.high = min(self._run.low, low), max(self._run.high, high)
            self._look(start, end, out)
        if self._run.sign and self._direction == self._run.sign:
            self._arrive(len(self.past), out, closed=False)
        return self._timed(out)

    def _steady(self, rate: Floats) -> int | None:
        """The direction in which the whole block moves, 0 where it stands; None where that changes within."""
        slowest, fastest = extremes(rate)
        if slowest > self._moving_dps:
            return 1
        if fastest < -self._moving_dps:
            return -1
        return 0 if -self._moving_dps <= slowest and fastest <= self._moving_dps else None

    def _go_on(self, first: int, pitch: Floats, out: list[Found]) -> None:
        """Take a block from sample `first` on that is wholly of the current run: nothing is cut by it."""
        run, end = self._run, len(self.past)
        if run.sign:
            low, high = extremes(pitch)
            run.low, run.high = min(run.low, low), max(run.high, high)
        self._look(first, end, out)
        if run.sign and self._direction == run.sign:
            speed = run.sign * self._past_part(_RATE, run, end)
            # No faster sample before it, no arrival; those before this block were looked at then.
            if extremes(speed[first - run.start :])[0] < self._params.edge_fraction * extremes(speed)[1]:
                self._arrive(end, out, closed=False)

    def interrupt(self, *, ending: bool = False) -> list[Found]:
        """Close the stroke that is still open: the person walks, or the recording is `ending`."""
        out: list[Found] = []
        end = len(self.past)
        if end:
            self._point(end - 1)
            self._close(end - 1, out, ending=ending)
        return self._timed(out)

    def restart(self) -> list[Found]:
        """Close the open stroke; what comes next has no connection with it (samples were lost in between)."""
        out = self.interrupt()
        self._run, self._fresh = _Run(len(self.past), 0, still=len(self.past)), True
        return out

    def _at(self, column: int, i: int) -> float:
        return float(self.past.column(column)[i])

    def _look(self, start: int, end: int, out: list[Found]) -> None:
        """Look at samples [start, end), which all belong to the current run."""
        run = self._run
        if run.sign == 0:
            self._stand(start, end, out)
            return
        extreme, deg = self._low if run.sign > 0 else self._high
        reached = run.high - deg if run.sign > 0 else deg - run.low
        if self._direction != run.sign and reached >= self._turn_deg:
            beyond = run.sign * (self.past.column(_PITCH, start, end) - deg) >= self._turn_deg
            self._turned(run.sign, extreme, start + int(np.argmax(beyond)), out)

    def _end_run(self, end: int, out: list[Found]) -> None:
        """The current run ended before sample `end`."""
        if end <= self._run.start:
            return
        if self._run.sign and self._direction == self._run.sign:
            self._arrive(end, out, closed=True)
        self._point(end - 1)

    def _stand(self, start: int, end: int, out: list[Found]) -> None:
        """Look at samples too slow to be moving: they stand, or creep.

        Standing for longer than a stall ends the stroke, but creeping on in its direction is no standing; creeping as
        far as a turn takes is a stroke as well.
        """
        run = self._run
        while True:
            due = end if run.stood else run.still + int(self._params.stall_s * self._hz)
            self._creep(start, min(due, end), out)
            start = min(due, end)
            if due >= end:
                return
            crept_deg = self._at(_PITCH, due) - self._at(_PITCH, run.still)
            self._point(due)
            if (self._direction * crept_deg if self._direction else abs(crept_deg)) >= self._params.creep_deg:
                run.still = due
            else:
                run.stood = True
                self._close(due, out)

    def _creep(self, start: int, end: int, out: list[Found]) -> None:
        """Turn where the pitch has crept back from its extreme by `turn_deg`."""
        if start >= end:
            return
        pitch = self.past.column(_PITCH, start, end)
        lowest, highest = extremes(pitch)
        for sign, (extreme, deg), reached in ((1, self._low, highest), (-1, self._high, lowest)):
            if sign != self._direction and sign * (reached - deg) >= self._turn_deg:
                k = start + int(np.argmax(sign * (pitch - deg) >= self._turn_deg))
                self._turned(sign, extreme, k, out)
                self._creep(k + 1, end, out)
                return

    def _turned(self, sign: int, extreme: int, k: int, out: list[Found]) -> None:
        if self._direction:
            self._emit_swing(self._direction, self._turn, extreme, k, out)
        self._direction, self._turn = sign, extreme
        self._low = self._high = (extreme, self._at(_PITCH, extreme))
        out.append(Found(self._at(_T, k), Phase.LIFTING if sign > 0 else Phase.LOWERING))

    def _arrive(self, end: int, out: list[Found], *, closed: bool) -> None:
        """The stroke arrives where its rate falls below the edge, or where its run ends; after a stall, once more."""
        run, turned = self._run, self._at(_PITCH, self._turn)
        if (run.high - turned if run.sign > 0 else turned - run.low) < self._turn_deg:
            return
        travelled = run.sign * (self._past_part(_PITCH, run, end) - turned)
        speed = run.sign * self._past_part(_RATE, run, end)
        slow = (speed < self._params.edge_fraction * np.maximum.accumulate(speed)) & (travelled >= self._turn_deg)
        arrivals = (np.flatnonzero(slow[1:] & ~slow[:-1]) + 1).tolist()
        if closed and not slow[-1] and travelled[-1] >= self._turn_deg:
            arrivals.append(len(slow) - 1)
        for k in arrivals:
            if run.start + k > run.arrived:
                run.arrived = run.start + k
                t = self._at(_T, run.arrived)
                end_deg = turned + run.sign * float(travelled[k])
                out.append(Found(t, Arrival(run.sign > 0, t, float(travelled[k]), end_deg)))
                out.append(Found(t, Phase.TOP if run.sign > 0 else Phase.BOTTOM))

    def _past_part(self, column: int, run: _Run, end: int) -> Floats:
        return self.past.column(column, run.start, end)

    def _point(self, k: int) -> None:
        """A cut of the signal: keep the extremes of the pitch since the last turn."""
        deg = self._at(_PITCH, k)
        if deg > self._high[1]:
            self._high = (k, deg)
        if deg < self._low[1]:
            self._low = (k, deg)

    def _close(self, k: int, out: list[Found], *, ending: bool = False) -> None:
        """End the stroke where the trunk stands; what follows begins anew."""
        if self._direction:
            extreme = self._high if self._direction > 0 else self._low
            self._emit_swing(self._direction, self._turn, extreme[0], k, out, ending=ending)
        self._direction = 0
        self._turn = k
        self._low = self._high = (k, self._at(_PITCH, k))
        out.append(Found(self._at(_T, k), Rest()))

    def _emit_swing(
        self, direction: int, turn: int, extreme: int, k: int, out: list[Found], *, ending: bool = False
    ) -> None:
        margin = int(_MARGIN_S * self._hz)
        first, last = max(self._free_from, turn - margin), min(k, extreme + margin) + 1
        if last - first < 3:
            return
        pitch = direction * self.past.column(_PITCH, first, last)
        rate = direction * self.past.column(_RATE, first, last)
        found = find_edges(pitch, rate, rate_hz=self._hz, params=self._params)
        for i, edges in enumerate(found):
            # A rate still above the edge at the last sample there is: the stroke goes on after it.
            cut = ending and first + int(np.ceil(edges.end)) >= k
            stroke = self._stroke(direction > 0, edges, first, cut=cut)
            if stroke.range_deg >= 0.5 * self._turn_deg and stroke.duration_s > 0:
                free_to = first + found[i + 1].start if i + 1 < len(found) else self._next_onset(direction, extreme, k)
                self._windows.append(self._window(stroke, free_to))
                out.append(Found(self._at(_T, k), stroke))
                self._free_from = first + int(edges.end)

    def _next_onset(self, direction: int, extreme: int, k: int) -> float:
        """The sample at which the next movement, on its way at k, left 10 % of its rate so far."""
        back = -direction * self.past.column(_RATE, extreme, k + 1)
        slow = np.flatnonzero(back <= self._params.edge_fraction * back.max())
        return extreme + float(slow[-1] if len(slow) else 0)

    def _window(self, stroke: Stroke, free_to: float) -> Window:
        """What of the past the stroke's shape is fitted to: up to half of the holds beside it."""
        p, t = self._params, self.past.column(_T)
        beside_s = max(p.beside_share * stroke.duration_s, p.beside_s)
        low_s = max(stroke.start_s - beside_s, 0.5 * (float(t[self._free_from]) + stroke.start_s))
        high_s = min(stroke.end_s + beside_s, 0.5 * (stroke.end_s + float(t[int(free_to)])))
        a, b = (int(i) for i in np.searchsorted(t, (low_s, high_s)))
        whole = not stroke.cut and stroke.longest_hole_s <= p.harmless_gap_s
        return Window(stroke, t[a : b + 1], self.past.column(_PITCH, a, b + 1), whole)

    def _timed(self, out: list[Found]) -> list[Found]:
        """What was found, the strokes in it timed by their shapes, all at once."""
        if self._windows:
            timed = iter(self._profile.time(self._windows))
            out = [Found(f.decided_s, next(timed)) if isinstance(f.what, Stroke) else f for f in out]
            self._windows = []
        return out

    def _stroke(self, lifting: bool, edges: Edges, offset: int, *, cut: bool) -> Stroke:
        a, b = offset + int(edges.start), offset + int(np.ceil(edges.end)) + 1
        t, pitch, rate, tilt, trust = (self.past.column(c, a, b) for c in range(5))
        low, high = int(np.argmin(pitch)), int(np.argmax(pitch))
        speed = np.abs(rate)
        return Stroke(
            lifting=lifting,
            start_s=_value(t, edges.start + offset - a),
            end_s=_value(t, edges.end + offset - a),
            start_deg=_value(pitch, edges.start + offset - a),
            end_deg=_value(pitch, edges.end + offset - a),
            peak_dps=float(speed.max()),
            peak_s=self._at(_T, offset + edges.peak),
            low_deg=float(pitch[low]),
            low_s=float(t[low]),
            high_deg=float(pitch[high]),
            high_s=float(t[high]),
            off_plane_deg=float(tilt.max() - tilt.min()),
            stall_s=edges.stall / self._hz,
            lost_s=float(np.count_nonzero(trust == 0)) / self._hz,
            longest_hole_s=_longest(trust == 0) / self._hz,
            cut=cut,
            smoothness=spectral_arc_length(speed, self._hz) if lifting else NAN,
        )


def _longest(lost: Bools) -> int:
    """Length of the longest run of true."""
    if not lost.any():
        return 0
    flips = np.flatnonzero(np.diff(np.concatenate(([0], lost.astype(np.int8), [0]))))
    return int((flips[1::2] - flips[::2]).max())


def _value(column: Floats, at: float) -> float:
    """The column at a fractional sample."""
    i = min(int(at), len(column) - 1)
    j = min(i + 1, len(column) - 1)
    return float(column[i] + (at - i) * (column[j] - column[i]))


def spectral_arc_length(speed: Floats, rate_hz: float) -> float:
    """Smoothness of a movement's speed profile: SPARC, 0 is smoothest, more negative less smooth.

    The arc length of the normalised amplitude spectrum up to 10 Hz or to where it stays below 5 %, as proposed by
    Balasubramanian, Melendez-Calderon & Burdet (IEEE Trans. Biomed. Eng. 59, 2012) with the later adaptive cut-off.
    """
    # The spectrum is looked at up to 10 Hz: more samples than 20 a second only cost time.
    stride = max(1, int(rate_hz / 20.0))
    speed, rate_hz = speed[::stride], rate_hz / stride
    if len(speed) < 4 or not speed.any():
        return NAN
    n = 16 * int(2 ** np.ceil(np.log2(len(speed))))
    spectrum = np.abs(np.fft.rfft(speed, n))
    spectrum /= spectrum[0]
    freq = np.arange(len(spectrum)) * (rate_hz / n)
    band = np.flatnonzero((freq <= 10.0) & (spectrum >= 0.05))
    last = int(band[-1])
    if last < 1:
        return NAN
    step = np.hypot(np.diff(freq[: last + 1]) / freq[last], np.diff(spectrum[: last + 1]))
    return -float(step.sum())
