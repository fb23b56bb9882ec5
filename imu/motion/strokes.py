"""Trunk motion -> strokes, arrivals and phases.

The signal is cut where the rate leaves or enters standing still, which numpy finds for a whole block at once. Over
those few cuts walks a zigzag: the trunk turns where the pitch has come back from its extreme by `turn_deg`, or where it
stood still longer than a stall. Between two turns lies a swing, and inside it the stroke, by definition `edge10`.

Everything is decided at a sample's own time, never at a block's end. Most runs between two cuts are breathing and
decide nothing: their ends and extremes, found by numpy for all at once, say so without another look at their samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from imu.model import NAN, Bools, Floats, Phase, Stroke, Trunk
from imu.motion.edges import Edges, find_edges
from imu.motion.history import History, extremes
from imu.motion.params import MotionParams
from imu.motion.profile import Profile, Window
from imu.motion.sparc import spectral_arc_length

_T, _PITCH, _RATE, _TILT, _TRUST = range(5)
_MARGIN_S = 1.0
"""How far beyond its turning points a slow stroke's soft edges are looked for."""

_MOMENT_S = 0.3
"""So long after it began a movement that goes on after a stall shows that it is one."""


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
class Walked:
    """The person was found to walk: what was under way is over, and closed."""


@dataclass(frozen=True, slots=True)
class Found:
    """Something found, with the device time at which it was known."""

    decided_s: float
    what: Stroke | Arrival | Phase | Rest | Walked


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

    def reach(self, low: float, high: float) -> None:
        """Take samples between these pitches."""
        self.low, self.high = min(self.low, low), max(self.high, high)


class StrokeFinder:
    """Stage: `Trunk` -> what was found, in order of decision.

    `past` keeps the trunk's motion: time, pitch, rate, lean, and 1 where it was measured. `prompt` are the directions
    (1 up, -1 down) in which a stroke may end a repetition, so that somebody waits for its end.
    """

    def __init__(
        self,
        *,
        grid_hz: float,
        gyroscope: bool,
        turn_deg: float,
        params: MotionParams,
        prompt: tuple[int, ...] = (1, -1),
    ) -> None:
        self._prompt = prompt
        self._hz = grid_hz
        self._moving_dps = params.moving_dps if gyroscope else params.moving_acc_only_dps
        self._turn_deg = turn_deg
        self._params = params
        self._stall = int(params.stall_s * grid_hz)
        self._moment = int(_MOMENT_S * grid_hz)
        self.past = History(5)
        self._fresh = True
        self._run = _Run(0, 0)
        self._direction = 0
        self._turn, self._turn_at_deg = 0, 0.0
        self._low = self._high = (0, 0.0)
        self._due: float = np.inf
        """The sample at which to look whether the stroke under way is over."""
        self._free_from = 0
        self._profile = Profile(gyroscope=gyroscope, params=params)
        self._windows: list[Window] = []

    def push(self, block: Trunk, walked_s: Sequence[float] = ()) -> list[Found]:
        """Take a block; gives what its samples decide.

        Args:
            block: The next samples.
            walked_s: When the person was found to walk, in order and not after the block's end.
        """
        out: list[Found] = []
        for now_s in walked_s:
            cut = int(np.searchsorted(block.t_s, now_s, side="right"))
            self._take(block[:cut], out)
            self._stop(out)
            out.append(Found(now_s, Walked()))
            block = block[cut:]
        self._take(block, out)
        return self._timed(out)

    def _take(self, block: Trunk, out: list[Found]) -> None:
        """Look at a block whose samples follow on those before."""
        seen, n = len(self.past), len(block)
        if not n:
            return
        self.past.append(block.t_s, block.pitch_deg, block.rate_dps, block.tilt_deg, block.trusted)
        pitch, rate = block.pitch_deg, block.rate_dps
        if self._fresh:
            self._turn = self._free_from = seen
            self._turn_at_deg = float(pitch[0])
            self._low = self._high = (seen, self._turn_at_deg)
        steady = self._steady(rate)
        if steady is not None and steady == self._run.sign and not self._fresh:
            self._go_on(seen, pitch, out)
            return
        sign = (rate > self._moving_dps).view(np.int8) - (rate < -self._moving_dps).view(np.int8)
        cuts = np.concatenate(((0,), (sign[1:] != sign[:-1]).nonzero()[0] + 1))
        ends = np.append(cuts[1:], n)
        runs = zip(
            (seen + cuts).tolist(),
            (seen + ends).tolist(),
            sign[cuts].tolist(),
            np.minimum.reduceat(pitch, cuts).tolist(),
            np.maximum.reduceat(pitch, cuts).tolist(),
            pitch[ends - 1].tolist(),
            strict=True,
        )
        before_deg = self._at(_PITCH, seen - 1) if seen else NAN
        for start, end, way, low, high, last_deg in runs:
            if way != self._run.sign or self._fresh:
                self._end_run(start, before_deg, out)
                self._run, self._fresh = _Run(start, way, still=start), False
            before_deg = last_deg
            up = self._direction <= 0 and high - self._low[1] >= self._turn_deg
            down = self._direction >= 0 and self._high[1] - low >= self._turn_deg
            if up or down or start == seen or end > min(self._run.still + self._stall, self._due):
                self._look(start, end, low, high, out)
            else:
                self._run.reach(low, high)
        if self._run.sign and self._direction == self._run.sign:
            self._arrive(len(self.past), out, closed=False)

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
        self._look(first, end, *extremes(pitch), out)
        if run.sign and self._direction == run.sign and self._travelled(run) >= self._turn_deg:
            speed = run.sign * self._past_part(_RATE, run, end)
            # No faster sample before it, no arrival; those before this block were looked at then.
            if extremes(speed[first - run.start :])[0] < self._params.edge_fraction * extremes(speed)[1]:
                self._arrive(end, out, closed=False)

    def interrupt(self, *, ending: bool = False) -> list[Found]:
        """Close the stroke that is still open: the person walks, or the recording is `ending`."""
        out: list[Found] = []
        self._stop(out, ending=ending)
        return self._timed(out)

    def restart(self) -> list[Found]:
        """Close the open stroke; what comes next has no connection with it (samples were lost in between)."""
        out = self.interrupt()
        self._run, self._fresh = _Run(len(self.past), 0, still=len(self.past)), True
        return out

    def _stop(self, out: list[Found], *, ending: bool = False) -> None:
        k = len(self.past) - 1
        if k >= 0:
            self._point(k, self._at(_PITCH, k))
            self._close(k, out, ending=ending)

    def _at(self, column: int, i: int) -> float:
        return float(self.past.column(column)[i])

    def _look(self, start: int, end: int, low: float, high: float, out: list[Found]) -> None:
        """Look at samples [start, end) between these pitches, which all belong to the current run.

        They are cut where the stroke under way is due to be over, and so that none that begins here is due as soon.
        """
        while (cut := int(min(self._due + 1, start + self._stall))) < end:
            self._look_through(start, cut, *extremes(self.past.column(_PITCH, start, cut)), out)
            if self._due < cut:
                self._settle(cut - 1, out)
            start = cut
            low, high = extremes(self.past.column(_PITCH, start, end))
        self._look_through(start, end, low, high, out)
        if self._due < end:
            self._settle(end - 1, out)

    def _look_through(self, start: int, end: int, low: float, high: float, out: list[Found]) -> None:
        """Look at samples in which nothing falls due before the last."""
        run = self._run
        if run.sign == 0:
            if run.stood or end <= run.still + self._stall:
                self._creep(start, end, low, high, out)
            else:
                self._stand(start, end, out)
            return
        run.reach(low, high)
        extreme, deg = self._low if run.sign > 0 else self._high
        reached = run.high - deg if run.sign > 0 else deg - run.low
        if self._direction != run.sign and reached >= self._turn_deg:
            beyond = run.sign * (self.past.column(_PITCH, start, end) - deg) >= self._turn_deg
            self._turned(run.sign, extreme, start + int(np.argmax(beyond)), out)

    def _end_run(self, end: int, end_deg: float, out: list[Found]) -> None:
        """The current run ended before sample `end`, at this pitch."""
        if end <= self._run.start:
            return
        if self._run.sign and self._direction == self._run.sign:
            self._arrive(end, out, closed=True)
        self._point(end - 1, end_deg)

    def _stand(self, start: int, end: int, out: list[Found]) -> None:
        """Look at samples too slow to be moving: they stand, or creep.

        Standing for longer than a stall ends the stroke, but creeping on in its direction is no standing; creeping as
        far as a turn takes is a stroke as well.
        """
        run = self._run
        while start < end:
            due = end if run.stood else min(run.still + self._stall, end)
            if start < due:
                self._creep(start, due, *extremes(self.past.column(_PITCH, start, due)), out)
            start = due
            if due == end:
                return
            due_deg = self._at(_PITCH, due)
            crept_deg = due_deg - self._at(_PITCH, run.still)
            self._point(due, due_deg)
            if (self._direction * crept_deg if self._direction else abs(crept_deg)) >= self._params.creep_deg:
                run.still = due
            else:
                run.stood = True
                self._close(due, out)

    def _creep(self, start: int, end: int, low: float, high: float, out: list[Found]) -> None:
        """Turn where the pitch has crept back from its extreme by `turn_deg`; samples and pitches are as in `_look`."""
        turns = []
        for sign, (extreme, deg), reached in ((1, self._low, high), (-1, self._high, low)):
            if sign != self._direction and sign * (reached - deg) >= self._turn_deg:
                pitch = self.past.column(_PITCH, start, end)
                turns.append((start + int(np.argmax(sign * (pitch - deg) >= self._turn_deg)), sign, extreme))
        if turns:
            k, sign, extreme = min(turns)
            self._turned(sign, extreme, k, out)
            if k + 1 < end:
                self._creep(k + 1, end, *extremes(self.past.column(_PITCH, k + 1, end)), out)

    def _turned(self, sign: int, extreme: int, k: int, out: list[Found]) -> None:
        if self._direction:
            self._emit_swing(self._direction, self._turn, extreme, k, out)
        self._direction, self._turn, self._turn_at_deg = sign, extreme, self._at(_PITCH, extreme)
        self._low = self._high = (extreme, self._turn_at_deg)
        self._due = k + self._stall if sign in self._prompt else np.inf
        out.append(Found(self._at(_T, k), Phase.LIFTING if sign > 0 else Phase.LOWERING))

    def _arrive(self, end: int, out: list[Found], *, closed: bool) -> None:
        """The stroke arrives where its rate falls below the edge, or where its run ends; after a stall, once more."""
        run, turned = self._run, self._turn_at_deg
        if self._travelled(run) < self._turn_deg:
            return
        pitch, rate = self._past_part(_PITCH, run, end), self._past_part(_RATE, run, end)
        travelled, speed = (pitch - turned, rate) if run.sign > 0 else (turned - pitch, -rate)
        slow = speed < self._params.edge_fraction * np.maximum.accumulate(speed)
        slow &= travelled >= self._turn_deg
        arrivals = ((slow[1:] > slow[:-1]).nonzero()[0] + 1).tolist()
        if closed and not slow[-1] and travelled[-1] >= self._turn_deg:
            arrivals.append(len(slow) - 1)
        for k in arrivals:
            if run.start + k > run.arrived:
                run.arrived = run.start + k
                t, range_deg = self._at(_T, run.arrived), float(travelled[k])
                out.append(Found(t, Arrival(run.sign > 0, t, range_deg, turned + run.sign * range_deg)))
                out.append(Found(t, Phase.TOP if run.sign > 0 else Phase.BOTTOM))

    def _travelled(self, run: _Run) -> float:
        """How far the run has got since the last turn."""
        return run.high - self._turn_at_deg if run.sign > 0 else self._turn_at_deg - run.low

    def _past_part(self, column: int, run: _Run, end: int) -> Floats:
        return self.past.column(column, run.start, end)

    def _point(self, k: int, deg: float) -> None:
        """A cut of the signal: keep the extremes of the pitch since the last turn."""
        if deg > self._high[1]:
            self._high = (k, deg)
        if deg < self._low[1]:
            self._low = (k, deg)

    def _close(self, k: int, out: list[Found], *, ending: bool = False) -> None:
        """End the stroke where the trunk stands; what follows begins anew."""
        if self._direction:
            extreme = self._high if self._direction > 0 else self._low
            self._emit_swing(self._direction, self._turn, extreme[0], k, out, ending=ending)
        self._begin_anew(k, (k, self._at(_PITCH, k)), k, out)

    def _settle(self, k: int, out: list[Found]) -> None:
        """End the stroke under way if it arrived longer ago than a stall, though the trunk is never quite at rest.

        What follows begins at the stroke's far end, wherever breathing has taken the trunk since.
        """
        self._point(k, self._at(_PITCH, k))
        extreme = self._high if self._direction > 0 else self._low
        first, found = self._edges(self._direction, self._turn, extreme[0], k)
        over = first + int(np.ceil(found[-1].end)) + self._stall if found else k
        over = max(over, self._undecided(k))
        if over > k:
            self._due = over
            return
        self._emit_swing(self._direction, self._turn, extreme[0], k, out)
        self._begin_anew(extreme[0], extreme, k, out)

    def _undecided(self, k: int) -> int:
        """Until when to wait at sample k since the trunk moves on: the stroke may only have stalled."""
        run = self._run
        if run.sign != self._direction:
            return k
        if k - run.start < self._moment:
            return run.start + self._moment
        since = max(run.start, k - self._stall)
        crept_deg = run.sign * (self._at(_PITCH, k) - self._at(_PITCH, since))
        moves = crept_deg >= self._params.creep_deg or run.sign * self._at(_RATE, k) > self._params.still_dps
        return k + self._moment if moves else k

    def _begin_anew(self, turn: int, extreme: tuple[int, float], k: int, out: list[Found]) -> None:
        """No stroke is under way at sample k any more; the next one turns away from this extreme."""
        since = self.past.column(_PITCH, turn, k + 1)
        low, high = int(since.argmin()), int(since.argmax())
        self._direction, self._turn, self._turn_at_deg = 0, turn, extreme[1]
        self._low, self._high = (turn + low, float(since[low])), (turn + high, float(since[high]))
        self._due = np.inf
        out.append(Found(self._at(_T, k), Rest()))

    def _edges(self, direction: int, turn: int, extreme: int, k: int) -> tuple[int, list[Edges]]:
        """The strokes of a swing as known at sample k, and the sample from which theirs are counted."""
        margin = int(_MARGIN_S * self._hz)
        first, last = max(self._free_from, turn - margin), min(k, extreme + margin) + 1
        if last - first < 3:
            return first, []
        pitch, rate = self.past.column(_PITCH, first, last), self.past.column(_RATE, first, last)
        if direction < 0:
            pitch, rate = -pitch, -rate
        return first, find_edges(pitch, rate, rate_hz=self._hz, params=self._params)

    def _emit_swing(
        self, direction: int, turn: int, extreme: int, k: int, out: list[Found], *, ending: bool = False
    ) -> None:
        first, found = self._edges(direction, turn, extreme, k)
        for i, edges in enumerate(found):
            # A rate still above the edge at the last sample there is: the stroke goes on after it.
            cut = ending and first + int(np.ceil(edges.end)) >= k
            stroke = self._stroke(direction > 0, edges, first, cut=cut)
            if stroke.range_deg >= 0.5 * self._turn_deg and stroke.duration_s > 0:
                free_to = (
                    first + int(found[i + 1].start) if i + 1 < len(found) else self._next_onset(direction, extreme, k)
                )
                self._windows.append(self._window(stroke, free_to))
                out.append(Found(self._at(_T, k), stroke))
                self._free_from = first + int(edges.end)

    def _next_onset(self, direction: int, extreme: int, k: int) -> int:
        """The sample at which the next movement, on its way at k, left 10 % of its rate so far."""
        rate = self.past.column(_RATE, extreme, k + 1)
        back = -rate if direction > 0 else rate
        slow = (back <= self._params.edge_fraction * back[back.argmax()]).nonzero()[0]
        return extreme + (int(slow[-1]) if len(slow) else 0)

    def _window(self, stroke: Stroke, free_to: int) -> Window:
        """What of the past the stroke's shape is fitted to: up to half of the holds beside it."""
        p, t = self._params, self.past.column(_T)
        beside_s = max(p.beside_share * stroke.duration_s, p.beside_s)
        low_s = max(stroke.start_s - beside_s, 0.5 * (float(t[self._free_from]) + stroke.start_s))
        high_s = min(stroke.end_s + beside_s, 0.5 * (stroke.end_s + float(t[free_to])))
        a, b = t.searchsorted((low_s, high_s)).tolist()
        return Window(
            start_s=stroke.start_s,
            end_s=stroke.end_s,
            travel_deg=stroke.range_deg if stroke.lifting else -stroke.range_deg,
            peak_dps=stroke.peak_dps,
            longest_hole_s=stroke.longest_hole_s,
            whole=not stroke.cut and stroke.longest_hole_s <= p.harmless_gap_s,
            first=a,
            last=min(b, len(t) - 1),
        )

    def _timed(self, out: list[Found]) -> list[Found]:
        """What was found, the strokes in it timed by their shapes, all at once."""
        if not self._windows:
            return out
        timings = iter(self._profile.time(self.past.column(_T), self.past.column(_PITCH), self._windows))
        self._windows = []
        for i, found in enumerate(out):
            if isinstance(found.what, Stroke):
                timed = next(timings)
                stroke = replace(
                    found.what,
                    start_s=timed.start_s,
                    end_s=timed.end_s,
                    start_pm_s=timed.start_pm_s,
                    end_pm_s=timed.end_pm_s,
                )
                out[i] = Found(found.decided_s, stroke)
        return out

    def _stroke(self, lifting: bool, edges: Edges, offset: int, *, cut: bool) -> Stroke:
        a, b = offset + int(edges.start), offset + int(np.ceil(edges.end)) + 1
        part = self.past.columns(5, a, b)
        t, pitch, rate, tilt, trust = part
        start_s, start_deg = _between(part, edges.start + offset - a)
        end_s, end_deg = _between(part, edges.end + offset - a)
        least, most = part.argmin(axis=1).tolist(), part.argmax(axis=1).tolist()
        low, high = least[_PITCH], most[_PITCH]
        lost = longest = 0
        if trust[least[_TRUST]] == 0:
            gone = trust == 0
            lost, longest = int(np.count_nonzero(gone)), _longest(gone)
        return Stroke(
            lifting=lifting,
            start_s=start_s,
            end_s=end_s,
            start_deg=start_deg,
            end_deg=end_deg,
            peak_dps=float(max(rate[most[_RATE]], -rate[least[_RATE]])),
            peak_s=self._at(_T, offset + edges.peak),
            low_deg=float(pitch[low]),
            low_s=float(t[low]),
            high_deg=float(pitch[high]),
            high_s=float(t[high]),
            off_plane_deg=float(tilt[most[_TILT]] - tilt[least[_TILT]]),
            stall_s=edges.stall / self._hz,
            lost_s=lost / self._hz,
            longest_hole_s=longest / self._hz,
            cut=cut,
            smoothness=spectral_arc_length(np.abs(rate), self._hz) if lifting else NAN,
        )


def _longest(lost: Bools) -> int:
    """Length of the longest run of true; there is one."""
    flips = np.flatnonzero(np.diff(np.concatenate(([0], lost.astype(np.int8), [0]))))
    return int((flips[1::2] - flips[::2]).max())


def _between(motion: Floats, at: float) -> tuple[float, float]:
    """Time and pitch, the motion's first rows, at a fractional sample."""
    i = min(int(at), motion.shape[1] - 1)
    (t, *later), (deg, *on) = motion[:2, i : i + 2].tolist()
    return t + (at - i) * (later[0] - t) if later else t, deg + (at - i) * (on[0] - deg) if on else deg
