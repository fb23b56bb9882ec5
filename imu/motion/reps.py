"""Strokes -> repetitions: paired into cycles, judged, numbered, and explained where they do not count.

A cycle is two strokes, there and back. It is closed `verdict_wait_s` after its last stroke ended, a good one when the
next one's first stroke begins. A stop in mid-stroke can still be bridged then: what did not count is taken up again by
the stroke that mends it, and what counted is revised.
Whether it belongs to a set is a second decision: cycles alike in range and posture gather in a group, and
`min_set_reps` of them make it a set. What never finds a set is isolated. Every movement of some size leaves a row in
the ledger. In a set that a person marked one cycle is enough, and its end is where the person says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from math import inf, isfinite, isnan, nextafter
from statistics import median

from imu.exercises import End, Exercise
from imu.model import (
    NAN,
    Event,
    LineHold,
    MarkedSet,
    Mount,
    MovementRejected,
    Rep,
    RepAnnounced,
    RepConfirmed,
    RepRevised,
    RepWithdrawn,
    SetClosed,
    SetStarted,
    Stroke,
    Verdict,
)
from imu.motion.cycles import Cycle, Group, join, row
from imu.motion.params import MotionParams
from imu.motion.sets import shaken_dps2, summarise, with_adherence
from imu.tempo import Targets, Tempo


class RepJudge:
    """Stage: strokes and arrivals, in order of decision -> events and the ledger."""

    def __init__(
        self,
        exercise: Exercise,
        mount: Mount,
        *,
        params: MotionParams,
        line_holds: Sequence[LineHold] = (),
        may_be_line: Callable[[float], bool] = isfinite,
        marked: Sequence[MarkedSet] = (),
        targets: Targets | None = None,
        gyroscope: bool = True,
    ) -> None:
        self._exercise, self._targets = exercise, targets or Targets(Tempo.parse(exercise.target_tempo))
        self._line_holds, self._may_be_line, self._marked = line_holds, may_be_line, marked
        self._mount = mount
        self._params, self._gyroscope = params, gyroscope
        self._needed = 1 if exercise.static else params.min_set_reps
        # A hold stands alone, and nothing but its posture tells it from standing about: that is asked of it sooner.
        self._posed = mount.is_sure or (exercise.static and mount.certainty >= params.posed)
        self._open: Cycle | None = None
        self._groups: list[Group] = []
        self._done: list[Cycle] = []
        self._sets = 0
        self._set_end_s = NAN
        self._last_end_s = NAN
        self._early: int | None = None
        self._ceiling_deg = inf
        self._waiting: tuple[float, float] | None = None
        """When and where a hold began that is to be announced."""
        self._closed: Cycle | None = None
        self._moving = False
        self._event_s = -inf

    # --- what comes in -------------------------------------------------------------------------------------------

    def arrival(self, t_s: float, range_deg: float, end_deg: float, *, lifting: bool) -> list[Event]:
        """A stroke seems to have arrived: announce the count if this completes the lift of a repetition.

        A static hold is announced only when it has lasted a moment.
        """
        events = self._at(t_s)
        holds = self._waiting is not None and end_deg <= self.ceiling_deg
        if not lifting or self._early is not None or holds or not self._is_lift(range_deg, end_deg):
            return events
        if self._exercise.start is End.TOP and (self._open is None or self._open.first.lifting):
            return events
        if self._exercise.static:
            self._waiting = t_s, end_deg
            return events
        return [*events, self._announce(t_s, decided_s=t_s)]

    @property
    def ceiling_deg(self) -> float:
        """The pitch above which what was announced, or is about to be, was no repetition; inf where nothing was."""
        if self._waiting is not None:
            return self._waiting[1] + self._params.hold_band_deg
        return inf if self._early is None else self._ceiling_deg

    def climbs(self, t_s: float) -> list[Event]:
        """The trunk went above the ceiling: the lift leads off the bench. What was announced of it is taken back."""
        events, self._waiting = self._at(t_s), None
        number, self._early = self._early, None
        return events if number is None else [*events, RepWithdrawn(t_s=t_s, decided_s=t_s, number=number)]

    def _announce(self, t_s: float, *, decided_s: float) -> Event:
        self._waiting, self._early = None, self._counted() + 1
        self._ceiling_deg = self._highest_deg()
        return RepAnnounced(t_s=t_s, decided_s=decided_s, number=self._early)

    def _announce_hold(self, decided_s: float) -> list[Event]:
        return [] if self._waiting is None else [self._announce(self._waiting[0], decided_s=decided_s)]

    def moving(self, t_s: float, *, lifting: bool) -> list[Event]:
        """A stroke is under way: no bout ends meanwhile, and the next repetition's first stroke closes the cycle."""
        events = self._at(t_s)
        self._moving = True
        if not lifting:
            self._waiting = None
        cycle = self._open
        if cycle is not None and cycle.first.lifting == lifting and self._is_good(cycle):
            events += self._close_cycle(t_s)
        return events

    def rests(self, t_s: float) -> list[Event]:
        """No stroke is under way."""
        events = self._at(t_s)
        self._moving = False
        return events

    def walked(self, t_s: float, *, since_s: float) -> list[Event]:
        """The person walks: whatever was under way on the bench is over; what began with the steps was no exercise."""
        events, cycle = self._at(t_s), self._open
        if cycle is not None and cycle.second is not None and cycle.second.start_s >= since_s:
            self._open = None
            events += self._reject(t_s, cycle, Verdict.TRANSITION)
        return events + self._end_bout(t_s)

    def broken(self, t_s: float) -> list[Event]:
        """Samples were lost until `t_s`, for longer than can be bridged: a bout ends there as a recording does.

        What was done by then stands; what was under way cannot be judged, and no hold is announced of it.
        """
        if self._open is not None and not self._is_good(self._open):
            self._open.first = replace(self._open.first, lost_s=inf)
        self._waiting = None
        return self._at(t_s) + self._end_bout(t_s)

    def stroke(self, decided_s: float, stroke: Stroke) -> list[Event]:
        """A stroke ended."""
        events = self._at(decided_s)
        self._moving = False
        if stroke.start_s - self._last_end_s > self._patience_s():
            events += self._end_bout(decided_s)
        if stroke.range_deg >= self._wiggle_deg(stroke.start_s):
            extended = self._extend(decided_s, stroke)
            events += self._place(decided_s, stroke) if extended is None else extended
        self._keep_alive(stroke)
        return events

    def _at(self, t_s: float) -> list[Event]:
        """Decide what fell due before something happens at `t_s`; nothing is decided before that time any more."""
        events = self.advance(t_s)
        self._event_s = t_s
        return events

    def advance(self, now_s: float) -> list[Event]:
        """Decide what waiting longer would not change, in the order in which it falls due."""
        events: list[Event] = []
        while True:
            due_s, decide = min(self._due(), key=lambda due: due[0], default=(inf, None))
            if decide is None or due_s > now_s:
                return events
            self._event_s = due_s
            events += decide(due_s)

    def _due(self) -> Iterator[tuple[float, Callable[[float], list[Event]]]]:
        """What waits for time to pass, and until when."""
        p, cycle = self._params, self._open
        if self._waiting is not None:
            yield max(self._waiting[0] + p.hold_moment_s, self._event_s), self._announce_hold
        if cycle is not None and cycle.second is not None:
            # One that is not good is not judged in the moment in which its stroke ended: the next one may be said to
            # be under way in the same.
            after_s = self._event_s if self._is_good(cycle) else nextafter(self._event_s, inf)
            yield max(cycle.end_s + p.verdict_wait_s, after_s), self._close_cycle
        if self._moving:
            return
        if not isnan(self._last_end_s):
            yield max(self._last_end_s + self._patience_s(), self._event_s), self._end_bout
        for group in self._groups:
            over_s = self._over_s(group)
            if cycle is None or cycle.first.start_s > over_s or self._mark_of(cycle) != group.marked_s:
                yield max(over_s, self._event_s), partial(self._close_group, group)

    def _over_s(self, group: Group) -> float:
        """When nothing more can join a group: after a time without movement, or where a person said so."""
        if group.marked_s is not None:
            return next(mark.end_s for mark in self._marked if mark.start_s == group.marked_s)
        last_s = group.cycles[-1].first.end_s
        marked_s = min((mark.start_s for mark in self._marked if mark.start_s >= last_s), default=inf)
        return min(group.alive_s + self._params.set_gap_s, marked_s)

    def finish(self, now_s: float) -> list[Event]:
        """The recording ended."""
        events = self._end_bout(now_s)
        for group in list(self._groups):
            events += self._close_group(group, now_s)
        return events

    def ledger(self) -> list[Rep]:
        """Every movement judged so far, in order of time."""
        waiting = [c for g in self._groups for c in g.cycles]
        return sorted((row(c) for c in (*self._done, *waiting)), key=lambda r: r.start_s)

    def goes_on(self, sets: int, set_end_s: float) -> None:
        """Number the sets on after others, of which the last ended at `set_end_s`."""
        self._sets, self._set_end_s = sets, set_end_s

    @property
    def is_idle(self) -> bool:
        """Whether all is decided, and nothing is under way."""
        waits = self._moving or self._groups or self._open or self._waiting or self._early is not None
        return not waits and isnan(self._last_end_s)

    @property
    def set_end_s(self) -> float:
        """When the last set ended; nan before there was one."""
        return self._set_end_s

    @property
    def count(self) -> int:
        """Repetitions in the current set so far, one just announced included."""
        return max(self._counted(), self._early or 0)

    @property
    def announced(self) -> int | None:
        """The number that was said and neither kept nor taken back yet."""
        return self._early

    @property
    def set(self) -> int:
        """Number of the current or last set."""
        return self._sets

    # --- cycles --------------------------------------------------------------------------------------------------

    def _latest(self) -> Cycle | None:
        """The cycle that a stroke may still belong to: the open one, or the one closed last."""
        return self._open or self._closed

    def _extend(self, decided_s: float, stroke: Stroke) -> list[Event] | None:
        """Join a stroke to the one before it if both go the same way with no more than a stall between them.

        Gives None where they do not.
        """
        cycle = self._latest()
        if cycle is None:
            return None
        before = cycle.first if cycle.second is None else cycle.second
        if before.lifting != stroke.lifting or stroke.start_s - before.end_s > self._params.stall_s:
            return None
        joined = join(before, stroke)
        back_deg = abs(before.end_deg - stroke.start_deg)
        nearly_done = before.range_deg >= self._params.nearly * joined.range_deg
        if back_deg > (self._params.one_way if nearly_done else self._params.fallback) * joined.range_deg:
            return None
        was = row(cycle)
        if cycle.second is None:
            cycle.first = joined
        else:
            cycle.second = joined
        if cycle.verdict is Verdict.COUNTED:
            return self._revised(decided_s, cycle, was)
        self._reopen(cycle)
        return []

    def _revised(self, decided_s: float, cycle: Cycle, was: Rep) -> list[Event]:
        """A cycle that counts goes on counting, with what has only now been done."""
        for group in self._groups:
            if group.cycles[-1] is cycle:
                group.measure()
        return [RepRevised(t_s=cycle.end_s, decided_s=decided_s, rep=row(cycle), was=was)]

    def _reopen(self, cycle: Cycle) -> None:
        """Take up a cycle that was closed without counting: the rest of it has only now been done."""
        if self._open is None:
            self._done = [c for c in self._done if c is not cycle]
            self._open, self._closed = cycle, cycle.before

    def _place(self, decided_s: float, stroke: Stroke) -> list[Event]:
        events: list[Event] = []
        cycle = self._latest()
        if cycle is not None and cycle.verdict is not Verdict.COUNTED and self._mends(cycle, stroke):
            self._reopen(cycle)
            return events
        if self._open is not None and self._open.second is not None:
            events += self._close_cycle(decided_s)
        before, self._closed = self._closed, None
        if self._open is not None and self._answers(self._open.first, stroke):
            self._open.second = stroke
            return events
        if self._open is not None:
            events += self._reject(decided_s, self._open, Verdict.UNFINISHED)
            self._open = None
        if self._may_start(stroke):
            self._open = Cycle(stroke, before=before)
        else:
            events += self._reject(decided_s, Cycle(stroke), Verdict.TRANSITION)
        return events

    def _mends(self, cycle: Cycle, stroke: Stroke) -> bool:
        """Put a stroke in its place in a cycle of two that do not make a repetition, if it has one."""
        wait_s = self._params.verdict_wait_s
        if cycle.second is None or stroke.start_s - self._last_end_s > wait_s:
            return False
        # A small movement may lie between, as the way back of a false start does; many are something else.
        if stroke.start_s - cycle.end_s > 2.0 * wait_s:
            return False
        if self._is_hump(cycle, stroke):
            cycle.first, cycle.second = join(cycle.first, stroke), None
            return True
        if self._is_false_start(cycle, stroke):
            cycle.second = stroke
            return True
        return False

    def _is_hump(self, cycle: Cycle, stroke: Stroke) -> bool:
        """Whether a cycle's second stroke only interrupted the first, which goes on to where it was: a double hump."""
        first, second, p = cycle.first, cycle.second, self._params
        if second is None or first.lifting != stroke.lifting or stroke.start_s - first.end_s > p.stall_s:
            return False
        return second.range_deg < p.one_way * first.range_deg and stroke.range_deg < p.one_way * first.range_deg

    def _is_false_start(self, cycle: Cycle, stroke: Stroke) -> bool:
        """Whether a cycle's second stroke only began what this one does, and came back in between."""
        first, second, p = cycle.first, cycle.second, self._params
        if second is None or second.lifting != stroke.lifting or second.range_deg >= p.one_way * first.range_deg:
            return False
        return abs(stroke.start_deg - first.end_deg) <= p.fallback * first.range_deg

    def _may_start(self, stroke: Stroke) -> bool:
        start = self._exercise.start
        return start is End.EITHER or stroke.lifting == (start is End.BOTTOM)

    def _answers(self, first: Stroke, second: Stroke) -> bool:
        """Whether a stroke is the way back of another; where any end may be the start, the first may be no part of it.

        It is none if it is small or long ago: the person lay down, and the set begins with the way up.
        """
        if first.lifting == second.lifting:
            return False
        if self._exercise.start is not End.EITHER:
            return True
        lopsided = second.range_deg > self._params.lopsided * first.range_deg
        return not lopsided and not self._is_past(first, second.start_s)

    def _close_cycle(self, decided_s: float) -> list[Event]:
        cycle, self._open = self._open, None
        assert cycle is not None  # noqa: S101 - callers looked
        self._closed = cycle
        if cycle.before is not None:
            cycle.before.next_start_s = cycle.first.start_s
        cycle.verdict = self._judge(cycle)
        group = self._group_for(cycle) if cycle.verdict is Verdict.COUNTED else None
        if group is None:
            return self._reject(decided_s, cycle, cycle.verdict)
        group.add(cycle)
        cycle.set, cycle.number, self._early = group.set, len(group.cycles), None
        events: list[Event] = []
        needed = self._needed_for(cycle)
        if group.set is None and len(group.cycles) >= needed and group.is_rhythmic(needed, self._params):
            events += self._begin_set(decided_s, group)
        return [*events, RepConfirmed(t_s=cycle.end_s, decided_s=decided_s, rep=row(cycle))]

    def _mark_of(self, cycle: Cycle) -> float | None:
        """The start of the marked set to which a cycle belongs: whoever says so may do it in the first stroke."""
        first = cycle.first
        within = (m.start_s for m in self._marked if m.start_s < first.end_s and first.start_s < m.end_s)
        return next(within, None)

    def _needed_for(self, cycle: Cycle) -> int:
        return self._needed if self._mark_of(cycle) is None else 1

    def _group_in_mark(self, cycle: Cycle, marked_s: float) -> Group | None:
        """The one group of a marked set; None where the cycle is too shallow for what was done in it."""
        group = next((g for g in self._groups if g.marked_s == marked_s), None)
        if group is None:
            group = Group(marked_s=marked_s)
            self._groups.append(group)
        elif cycle.range_deg < self._params.complete * group.range_deg:
            cycle.verdict = Verdict.SHALLOW
            return None
        return group

    def _group_for(self, cycle: Cycle) -> Group | None:
        """The set, or the set to be, whose range this cycle has; None where it is too shallow for the set begun."""
        marked_s = self._mark_of(cycle)
        if marked_s is not None:
            return self._group_in_mark(cycle, marked_s)
        fitting = [g for g in self._groups if g.marked_s is None and g.fits(cycle, self._params)]
        if fitting:
            return max(fitting, key=lambda g: (g.set or 0, len(g.cycles)))
        if any(g.set is not None and cycle.range_deg < g.range_deg for g in self._groups):
            cycle.verdict = Verdict.SHALLOW if max(cycle.strokes_deg) < self._least_deg() else Verdict.UNFINISHED
            return None
        self._groups.append(Group())
        return self._groups[-1]

    def _keep_alive(self, stroke: Stroke) -> None:
        """A set ends after a time without movement; a failed attempt in its middle does not end it, many do."""
        p = self._params
        for group in self._groups:
            since_rep_s = stroke.start_s - group.cycles[-1].end_s
            tried = stroke.range_deg >= p.attempt * group.range_deg
            if tried and stroke.start_s - group.alive_s <= p.set_gap_s and since_rep_s <= p.attempts_gap_s:
                group.alive_s = stroke.end_s
        self._last_end_s = stroke.end_s

    def _begin_set(self, decided_s: float, group: Group) -> list[Event]:
        """Enough cycles of one range make a set; what was shallower before it is told so."""
        self._sets += 1
        group.set = self._sets
        events: list[Event] = [SetStarted(t_s=group.cycles[0].first.start_s, decided_s=decided_s, set=self._sets)]
        for cycle in group.cycles[:-1]:
            was, cycle.set = row(cycle), group.set
            events.append(RepRevised(t_s=cycle.end_s, decided_s=decided_s, rep=row(cycle), was=was))
        group.cycles[-1].set = group.set
        for other in [g for g in self._groups if g.set is None and g.range_deg < group.range_deg]:
            self._groups.remove(other)
            for cycle in other.cycles:
                events += self._reject(decided_s, cycle, Verdict.SHALLOW, withdrawn=cycle.number)
        return events

    def _judge(self, cycle: Cycle) -> Verdict:
        """What a cycle is by itself."""
        first, second, ex, p = cycle.first, cycle.second, self._exercise, self._params
        lost_s = first.lost_s + (second.lost_s if second else 0.0)
        hole_s = max(first.longest_hole_s, second.longest_hole_s if second else 0.0)
        if lost_s > p.lost_share * (cycle.end_s - first.start_s) or hole_s > p.longest_hole_s:
            return Verdict.LOST_DATA
        if second is None:
            return Verdict.UNFINISHED
        # Small movements in a row are what a day is full of; one by itself, where one is enough, may be smaller.
        alone = self._needed_for(cycle) == 1
        least = max(ex.min_rom_deg, p.least_of_nominal * ex.rom_deg) * (p.alone if alone else 1.0)
        if min(first.off_plane_deg, second.off_plane_deg) > min(p.off_plane_deg, p.off_plane_share * cycle.range_deg):
            return Verdict.NOT_HINGE
        if max(cycle.strokes_deg) < least:
            return Verdict.SHALLOW
        if cycle.range_deg < max(0.0 if alone else least, p.one_way * max(cycle.strokes_deg)):
            return Verdict.UNFINISHED
        if abs(second.start_deg - first.end_deg) > p.drift_share * max(cycle.strokes_deg):
            return Verdict.UNFINISHED
        if min(first.duration_s, second.duration_s) < ex.min_stroke_s:
            return Verdict.TOO_FAST
        if max(first.duration_s, second.duration_s) > ex.max_stroke_s:
            return Verdict.TRANSITION
        if self._calibrates(first, second):
            return Verdict.TRANSITION
        if not self._in_posture(cycle):
            return Verdict.SHALLOW if cycle.range_deg < self._least_deg() else Verdict.TRANSITION
        return Verdict.COUNTED

    def _calibrates(self, first: Stroke, second: Stroke) -> bool:
        """Whether the straight line was held there on purpose; in a static hold that is its beginning.

        One marked in another posture is not used, and costs no repetition either.
        """
        middles = (0.5 * (hold.start_s + hold.end_s) for hold in self._line_holds)
        within = any(first.end_s <= middle <= second.start_s for middle in middles)
        return within and not self._exercise.static and self._may_be_line(0.5 * (first.end_deg + second.start_deg))

    def _is_good(self, cycle: Cycle) -> bool:
        return cycle.second is not None and self._judge(cycle) is Verdict.COUNTED

    def _in_posture(self, cycle: Cycle) -> bool:
        ex, lift, lower = self._exercise, cycle.lift, cycle.lower
        if ex.top_deg is None or ex.bottom_deg is None or not self._posed or not (lift and lower):
            return True
        over_deg, under_deg = lift.end_deg - ex.top_deg, ex.bottom_deg - lower.end_deg
        # Slowing down turns the specific force on the way the trunk went: an end may seem too far by it, not too near.
        beyond_deg = ex.posture_tolerance_deg + self._overshoot_deg(cycle)
        return -ex.posture_tolerance_deg <= min(over_deg, under_deg) and max(over_deg, under_deg) <= beyond_deg

    def _overshoot_deg(self, cycle: Cycle) -> float:
        """How much further than it did a movement may seem to go where there is no gyroscope: as unsure as its top."""
        if self._gyroscope:
            return 0.0
        quicker_s = min(s.duration_s for s in (cycle.first, cycle.second) if s is not None)
        return self._params.top_pm_acc_only_s2 * shaken_dps2(cycle.range_deg, quicker_s, self._params)

    # --- sets ----------------------------------------------------------------------------------------------------

    def _end_bout(self, decided_s: float) -> list[Event]:
        events: list[Event] = []
        if self._open is not None and self._open.second is not None:
            events += self._close_cycle(decided_s)
        elif self._open is not None:
            events += self._reject(decided_s, self._open, self._judge(self._open))
        for group in [g for g in self._groups if g.marked_s is None]:
            events += self._close_group(group, decided_s)
        self._open, self._closed, self._last_end_s, self._early, self._waiting = None, None, NAN, None, None
        return events

    def _close_group(self, group: Group, decided_s: float) -> list[Event]:
        """Nothing more can join: a set is over, and what never became one is isolated."""
        self._groups.remove(group)
        events: list[Event] = []
        if group.set is None:
            for cycle in group.cycles:
                events += self._reject(decided_s, cycle, Verdict.ISOLATED, withdrawn=cycle.number)
            return events
        self._done += group.cycles
        reps = with_adherence((row(c) for c in group.cycles), self._targets)
        summary = summarise(group.set, list(reps), previous_end_s=self._set_end_s)
        self._set_end_s = summary.end_s
        return [SetClosed(t_s=summary.end_s, decided_s=decided_s, summary=summary)]

    def _reject(self, decided_s: float, cycle: Cycle, verdict: Verdict, *, withdrawn: int | None = None) -> list[Event]:
        """Keep a movement as not counted; what was announced of it, or of the stroke in doubt, is withdrawn."""
        cycle.verdict, cycle.number, cycle.set = verdict, None, None
        if withdrawn is None:
            withdrawn, self._early = self._early, None
        if max(cycle.strokes_deg) < 0.5 * self._exercise.min_rom_deg and withdrawn is None:
            return []
        self._done.append(cycle)
        return [MovementRejected(t_s=cycle.end_s, decided_s=decided_s, rep=row(cycle), withdrawn=withdrawn)]

    def _counted(self) -> int:
        """Repetitions in the set under way, or in the one that may become a set."""
        return max((len(g.cycles) for g in self._groups), default=0)

    def _reference_deg(self) -> float:
        """Median range of the set under way, or the exercise's nominal one until three strokes are known."""
        group = self._largest()
        return group.range_deg if group is not None and len(group.cycles) > 1 else self._exercise.rom_deg

    def _least_deg(self) -> float:
        return max(self._exercise.min_rom_deg, self._params.complete * self._reference_deg())

    def _is_lift(self, range_deg: float, end_deg: float) -> bool:
        """Whether a lift has the range of a repetition, from about where its like begin to about where they end."""
        if range_deg < self._least_deg() or end_deg > self._highest_deg():
            return False
        ex, p, start_deg, group = self._exercise, self._params, end_deg - range_deg, self._largest()
        if group is None:
            known = ex.bottom_deg is not None and self._mount.is_sure
            return not known or abs(start_deg - (ex.bottom_deg or 0.0)) <= p.first_start * ex.posture_tolerance_deg
        away_deg = abs(start_deg - median(c.lowest_deg for c in group.cycles))
        stalled = len(group.cycles) >= p.min_set_reps and range_deg < p.arrived * group.range_deg
        return not stalled and away_deg <= max(p.posture_deg, p.above_top * group.range_deg)

    def _largest(self) -> Group | None:
        return max(self._groups, key=lambda g: len(g.cycles), default=None)

    def _highest_deg(self) -> float:
        """A lift that ends above this leads off the bench."""
        group = self._largest()
        if group is not None:
            top_deg = median(c.highest_deg for c in group.cycles)
            return top_deg + max(self._params.posture_deg, self._params.above_top * group.range_deg)
        known = self._exercise.top_deg is not None and self._mount.is_sure
        return (self._exercise.top_deg or 0.0) + self._exercise.posture_tolerance_deg if known else inf

    def _wiggle_deg(self, at_s: float) -> float:
        """Reversals smaller than this belong to the hold or stroke they interrupt."""
        group = self._largest()
        if group is not None:
            known_deg = group.range_deg
        elif self._open is None or self._is_past(self._open.first, at_s):
            known_deg = 0.0
        else:
            known_deg = self._open.first.range_deg
        return self._params.wiggle * max(known_deg, self._exercise.min_rom_deg)

    def _is_past(self, first: Stroke, at_s: float) -> bool:
        """Whether a first stroke is too long ago to be half of a repetition, where any end may be its start."""
        return self._exercise.start is End.EITHER and at_s - first.end_s > self._params.either_hold_s

    def _patience_s(self) -> float:
        """How long a rest may last before the bout is over; a hold inside a cycle may last longer."""
        inside = self._open is not None and self._open.second is None
        if inside and self._exercise.static:
            return self._params.static_hold_s
        return self._params.hold_gap_s if inside else self._params.set_gap_s
