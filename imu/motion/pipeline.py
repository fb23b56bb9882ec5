"""Samples in, events out: the one place that knows the order of the stages.

    Samples -> Timeline -> Orientation -> TrunkStage -> StrokeFinder -> RepJudge -> events, ledger
                                |             ^                            ^
                                +-> Blocks ---+-> MountLearner             |
                                       +--------> Gait --------------------+

Beside them `Calibrations` looks for a straight line held on purpose, and `holds` and `slip` look at the whole history.
Live and batch are this same object, fed in small blocks or large ones, to the same result bit by bit. Whenever the
mount is revised, which is learned where nobody declared it and else checked, the stages behind it run again over the
whole history, and what changes is said in events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from math import inf, isnan, nan

from imu.exercises import End, Exercise
from imu.model import (
    Analysis,
    Calibration,
    Event,
    Inclination,
    LineHold,
    LiveState,
    MarkedSet,
    Mount,
    MountRevised,
    Phase,
    PhaseChanged,
    Rep,
    RepConfirmed,
    RepRevised,
    Samples,
    StraightLine,
    StrapSlip,
    Stroke,
    Trunk,
)
from imu.motion.blocks import STEPS_S, Blocks
from imu.motion.calibration import Calibrations, doubts, is_plausible, line_for, with_measured
from imu.motion.gait import Gait
from imu.motion.history import History
from imu.motion.holds import measure_hold, with_hold
from imu.motion.mounting import MountLearner, correction_words
from imu.motion.orientation import orientation
from imu.motion.params import MotionParams
from imu.motion.past import Past, Settled
from imu.motion.reps import RepJudge
from imu.motion.revising import Told, announce_again, recounted, revise
from imu.motion.sets import judge_form, straight_line, summarise_all, with_adherence
from imu.motion.slip import Coarse, find_slips, postures, slip_words
from imu.motion.strokes import Arrival, Found, Rest, StrokeFinder, Walked
from imu.motion.timeline import Timeline, stretches
from imu.motion.trunk import TrunkStage
from imu.tempo import Targets, Tempo

__all__ = ["MotionParams", "Pipeline", "analyze"]

_BATCH = 65536
"""Samples per block in batch: measured fastest; larger blocks fall out of the processor's cache."""
_ENDS_WITH = {End.TOP: (1,), End.BOTTOM: (-1,), End.EITHER: (1, -1)}
"""The direction of a repetition's last stroke, 1 up and -1 down, by where it starts."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a person says on the way; the lists grow with it.

    Attributes:
        line_holds: When the body was held in one straight line.
        marked: Sets begun and ended by saying so.
        targets: The target tempo.
    """

    line_holds: list[LineHold]
    marked: list[MarkedSet]
    targets: Targets


class _Hinge:
    """The stages behind the mount: inclination -> trunk -> strokes -> repetitions, for one mount."""

    def __init__(
        self,
        exercise: Exercise,
        mount: Mount,
        walked_s: list[float],
        said: Said,
        *,
        grid_hz: float,
        gyroscope: bool,
        params: MotionParams,
    ) -> None:
        turn_deg = min(params.turn_deg, 0.4 * exercise.min_rom_deg)
        self.mount, self._params = mount, params
        self._new_trunk = partial(TrunkStage, mount, grid_hz=grid_hz, gyroscope=gyroscope, params=params)
        self._trunk, self._newest_s = self._new_trunk(), nan
        self.delay_s = self._trunk.delay_s
        self._strokes = StrokeFinder(
            grid_hz=grid_hz, gyroscope=gyroscope, turn_deg=turn_deg, params=params, prompt=_ENDS_WITH[exercise.start]
        )
        if not gyroscope:
            # The chest's own acceleration turns the specific force: a quick stroke seems quicker and to go further.
            exercise = replace(
                exercise,
                min_stroke_s=params.acc_only_haste * exercise.min_stroke_s,
                posture_tolerance_deg=exercise.posture_tolerance_deg + params.acc_only_beyond_deg,
            )
        may_be_line = partial(is_plausible, exercise=exercise, mount=mount, params=params)
        self.judge = RepJudge(
            exercise, mount, params=params, line_holds=said.line_holds, may_be_line=may_be_line, marked=said.marked,
            targets=said.targets, gyroscope=gyroscope,
        )  # fmt: skip
        self.history = self._strokes.past
        self.phase, self.phase_since_s = Phase.UNKNOWN, 0.0
        self._walked_s, self._walks_told = walked_s, 0
        self._looked_s = -inf

    def push(self, block: Inclination) -> list[Event]:
        events: list[Event] = []
        for restarts, part in stretches(block, self._newest_s, self._params):
            if restarts:
                events += self._take(self._trunk.finish()) + self._tell(self._strokes.restart())
                events += self.judge.broken(float(part.t_s[0]))
                self._trunk = self._new_trunk()
            events += self._take(self._trunk.push(part))
            self._newest_s = float(part.t_s[-1])
        return events

    def finish(self) -> list[Event]:
        events = self._take(self._trunk.finish())
        events += self._tell(self._strokes.interrupt(ending=True))
        if len(self.history):
            events += self.judge.finish(float(self.history.column(0)[-1]))
        return events

    def _take(self, trunk: Trunk) -> list[Event]:
        """Take the trunk's motion, cut where the person was found to walk."""
        if not len(trunk):
            return []
        now_s, told = float(trunk.t_s[-1]), self._walks_told
        while self._walks_told < len(self._walked_s) and self._walked_s[self._walks_told] <= now_s:
            self._walks_told += 1
        events = self._tell(self._strokes.push(trunk, self._walked_s[told : self._walks_told]))
        return events + self._climb() + self.judge.advance(now_s)

    def _climb(self, until_s: float = inf) -> list[Event]:
        """Look whether the trunk went above the judge's ceiling, in the samples not yet looked at."""
        since_s, ceiling_deg, t = self._looked_s, self.judge.ceiling_deg, self.history.column(0)
        self._looked_s = max(since_s, min(until_s, float(t[-1])))
        if ceiling_deg == inf or self._looked_s == since_s:
            return []
        start, end = t.searchsorted((since_s, self._looked_s), side="right").tolist()
        above = self.history.column(1, start, end) > ceiling_deg
        first = int(above.argmax())
        return self.judge.climbs(float(t[start + first])) if above[first] else []

    def _tell(self, found: list[Found]) -> list[Event]:
        events: list[Event] = []
        for item in found:
            events += self._climb(item.decided_s)
            what = item.what
            if isinstance(what, Stroke):
                events += self.judge.stroke(item.decided_s, what)
            elif isinstance(what, Arrival):
                events += self.judge.arrival(what.t_s, what.range_deg, what.end_deg, lifting=what.lifting)
            elif isinstance(what, Rest):
                events += self.judge.rests(item.decided_s)
            elif isinstance(what, Walked):
                events += self.judge.walked(item.decided_s, since_s=item.decided_s - STEPS_S)
            else:
                if what in (Phase.LIFTING, Phase.LOWERING):
                    events += self.judge.moving(item.decided_s, lifting=what is Phase.LIFTING)
                if what is not self.phase:
                    self.phase, self.phase_since_s = what, item.decided_s
                    events.append(PhaseChanged(t_s=item.decided_s, decided_s=item.decided_s, phase=what))
        return events


class Pipeline:
    """The whole analysis of one recording, live or afterwards.

    Args:
        exercise: What is being done.
        rate_hz: The sensor's true rate, or the median rate of a file.
        gyroscope: Whether the samples carry angular rates.
        mount: How the sensor sits on the trunk, to be checked against the motion; learned from it where None.
        straight_line_deg: Declared pitch of the body in one straight line.
        calibrations: When the body was held in one straight line. Where there is neither, the median of the tops is it.
        marked: Sets that a person began and ended.
        tempos: When the target tempo became another than the exercise's.
        params: Constants of judgement.
        keep_s: When so much was taken, all of it is settled in the next rest, and its samples are let go: memory is
            bounded, and a mount that is revised later changes nothing before. `trunk` and `inclination` begin there.
    """

    def __init__(
        self,
        exercise: Exercise,
        *,
        rate_hz: float,
        gyroscope: bool = True,
        mount: Mount | None = None,
        straight_line_deg: float | None = None,
        calibrations: Iterable[LineHold] = (),
        marked: Iterable[MarkedSet] = (),
        tempos: Iterable[tuple[float, Tempo]] = (),
        params: MotionParams | None = None,
        keep_s: float = inf,
    ) -> None:
        self._exercise, self._gyroscope, self._keep_s = exercise, gyroscope, keep_s
        self._params = params or MotionParams()
        self._timeline = Timeline(rate_hz=rate_hz, params=self._params)
        self._grid_hz = self._timeline.grid_hz
        self._calibrations = Calibrations(exercise, calibrations, grid_hz=self._grid_hz, params=self._params)
        targets = Targets(Tempo.parse(exercise.target_tempo), tempos)
        self._said = Said(line_holds=self._calibrations.holds, marked=list(marked), targets=targets)
        self._line_deg = self._declared_deg = nan if straight_line_deg is None else straight_line_deg
        self._new_orientation = partial(orientation, grid_hz=self._grid_hz, gyroscope=gyroscope, params=self._params)
        self._orientation, self._newest_s = self._new_orientation(), nan
        self._past, self._settled = Past(), Settled()
        self._blocks = Blocks(grid_hz=self._grid_hz, gyroscope=gyroscope)
        self._gait = Gait(self._blocks)
        self._walked_s: list[float] = []
        self._told_mount = mount
        self._learner = MountLearner(exercise, self._blocks, mount)
        self._hinge = self._new_hinge(mount) if mount else None
        self._last: Rep | None = None
        self._sets_told = Told()

    def push(self, samples: Samples) -> list[Event]:
        """Take samples in order of time and give what they decide, in order of decision."""
        grid = self._timeline.push(samples)
        events: list[Event] = []
        for restarts, part in stretches(grid, self._newest_s, self._params):
            if restarts:
                events += self._process(self._orientation.finish())
                self._orientation = self._new_orientation()
            events += self._process(self._orientation.push(part))
            self._newest_s = float(part.t_s[-1])
        if self._past.kept_s > self._keep_s and self._is_idle():
            self._forget()
        return events

    def finish(self) -> list[Event]:
        """The recording ended: decide everything that is still open."""
        events = self._process(self._orientation.finish())
        for revision in self._learner.finish():
            events += self._revise(revision.mount, len(self._past))
        events += self._told([] if self._hinge is None else self._hinge.finish(), inf)
        end_s = self._newest_s
        return self._seen([replace(e, t_s=min(e.t_s, end_s), decided_s=min(e.decided_s, end_s)) for e in events])

    def calibrate(self, *, since_s: float | None = None, limit_s: float | None = None) -> None:
        """Take the next 3 s in which the trunk is held still for the straight line; the events say what comes of it.

        Args:
            since_s: Only what comes after it; all that is not here yet where None.
            limit_s: Give up after so long; `MotionParams.line_limit_s` where None.
        """
        self._calibrations.begin(since_s=self.newest_s if since_s is None else since_s, limit_s=limit_s)

    def begin_set(self, at_s: float) -> None:
        """A set begins, by the person's word, at `at_s`, which no sample that was looked at lies behind."""
        self._said.marked.append(MarkedSet(start_s=at_s))

    def end_set(self, at_s: float) -> None:
        """The set that was begun ends at `at_s`."""
        self._said.marked[-1] = replace(self._said.marked[-1], end_s=at_s)

    def retarget(self, at_s: float, tempo: Tempo) -> None:
        """From `at_s` on the target tempo is another one."""
        self._said.targets.change(at_s, tempo)

    @property
    def newest_s(self) -> float | None:
        """Time of the newest sample that was looked at; None before the first."""
        return self._past.newest_s if len(self._past) else None

    def copy(self) -> Pipeline:
        """A twin that goes on from here by itself, to the same results."""
        return deepcopy(self)

    def instead_of(self, other: Pipeline, since: list[Event]) -> list[Event]:
        """What has to be told to somebody who was told what `other` found.

        Args:
            other: A copy of this pipeline taken earlier, which went on without samples that this one has now.
            since: What this one found since the copy was taken.

        Returns:
            The last event says that everything was counted again, and what changed by it.
        """
        now_s, held = self._newest_s, other._calibrations.holds
        (before, announced, mount), (after, announces, mounted) = other._known(), self._known()
        events: list[Event] = []
        if mounted is not None and mounted != mount:
            events.append(MountRevised(t_s=now_s, decided_s=now_s, mount=mounted))
        events += revise(before, after, other._sets_told, self._sets_told, now_s)
        events += [e for e in since if isinstance(e, Calibration) and e.hold and not _overlaps(e.hold, held)]
        events += announce_again(announced, announces, now_s)
        return [*events, recounted(before, after, now_s)]

    def _known(self) -> tuple[list[Rep], int | None, Mount | None]:
        """The ledger, the announcement that stands, and the mount."""
        hinge = self._hinge
        if hinge is None:
            return [], None, None
        return [*self._settled.reps, *hinge.judge.ledger()], hinge.judge.announced, hinge.mount

    def analysis(self) -> Analysis:
        """The ledger and the sets as known so far."""
        if self._hinge is None:
            return Analysis()
        past = len(self._settled.reps)
        lines, warnings = self._lines()
        judged, line = self._judged(lines)
        source = "calibration" if lines else "declared" if not isnan(self._line_deg) else "median of tops"
        slips = self._slips(judged[past:])
        return Analysis(
            reps=judged,
            sets=tuple(summarise_all(judged)),
            mount=self._hinge.mount,
            straight_line_deg=line,
            straight_line_source="unknown" if isnan(line) else source,
            calibrations=tuple(lines),
            slips=slips,
            warnings=(*self._mount_words(), *warnings, *doubts(lines, judged, self._params), *map(slip_words, slips)),
        )

    def ledger(self) -> tuple[Rep, ...]:
        """The ledger as known so far, as in `analysis`, which takes longer."""
        return () if self._hinge is None else self._judged(self._lines()[0])[0]

    def _judged(self, lines: list[StraightLine]) -> tuple[tuple[Rep, ...], float]:
        """The ledger with form, holds and adherence, and the straight line that it was held against."""
        reps, past = self._known()[0], len(self._settled.reps)
        line = straight_line(reps) if isnan(self._line_deg) else self._line_deg
        judged = tuple(self._with_form(r, lines, line) if r.counted else r for r in reps)
        if self._exercise.static:
            judged = (*judged[:past], *(self._with_hold(r, lines) for r in judged[past:]))
        return with_adherence(judged, self._said.targets), line

    def _with_form(self, rep: Rep, lines: list[StraightLine], line_deg: float) -> Rep:
        """A repetition held against the straight line that applies to it."""
        pm_deg = 0.0
        if lines:
            line = line_for(lines, rep.start_s)
            line_deg, pm_deg = line.pitch_deg, line.pm_deg
        return judge_form(rep, line_deg, self._params, gyroscope=self._gyroscope, line_pm_deg=pm_deg)

    @property
    def state(self) -> LiveState:
        """What a live view shows now."""
        if self._hinge is None or not len(self._hinge.history):
            sets, last, calibration = self._settled.sets, self._last, self._calibrations.state
            return LiveState(t_s=self._past.newest_s, set=sets, last_rep=last, calibration=calibration)
        history, judge = self._hinge.history, self._hinge.judge
        return LiveState(
            t_s=float(history.column(0)[-1]),
            phase=self._hinge.phase,
            phase_since_s=self._hinge.phase_since_s,
            pitch_deg=float(history.column(1)[-1]),
            count=judge.count,
            set=judge.set,
            last_rep=self._last,
            straight_line_deg=self._line_deg,
            calibration=self._calibrations.state,
        )

    def trunk(self, since_s: float = -inf) -> Trunk:
        """The trunk's motion after `since_s`, as the mount is known now; over the whole recording where not given."""
        now = self._motion(since_s)
        return Trunk(
            t_s=now.t_s.copy(),
            pitch_deg=now.pitch_deg.copy(),
            rate_dps=now.rate_dps.copy(),
            tilt_deg=now.tilt_deg.copy(),
            trusted=now.trusted,
        )

    def _motion(self, since_s: float = -inf) -> Trunk:
        """The same as views, which later samples may make stale."""
        history = History(5) if self._hinge is None else self._hinge.history
        first = int(history.column(0).searchsorted(since_s, side="right"))
        t, pitch, rate, tilt, trusted = (history.column(i, first) for i in range(5))
        return Trunk(t_s=t, pitch_deg=pitch, rate_dps=rate, tilt_deg=tilt, trusted=trusted > 0)

    def inclination(self) -> Inclination:
        """Which way is up, in sensor axes, over the whole recording."""
        return self._past.whole()

    def _lines(self) -> tuple[list[StraightLine], list[str]]:
        """The straight lines that were held, in order of time, and words about those that cannot have been one."""
        if self._hinge is None:
            return [], []
        t, pitch, trusted = (self._hinge.history.column(i) for i in (0, 1, 4))
        new, words = self._calibrations.lines(t, pitch, trusted > 0, self._hinge.mount)
        lines = [*self._settled.lines, *new]
        self._line_deg = lines[-1].pitch_deg if lines else self._declared_deg
        return lines, [*self._settled.words, *words]

    def _mount_words(self) -> list[str]:
        """What is to be said where the sensor does not sit as it was told to."""
        found = None if self._hinge is None else self._hinge.mount
        if self._told_mount is None or found is None or not found.is_corrected:
            return []
        return [correction_words(self._told_mount, found)]

    def _slips(self, reps: Sequence[Rep]) -> tuple[StrapSlip, ...]:
        """Where the strap turned on the trunk, as the postures show that come back; `reps` are not settled yet."""
        if self._hinge is None:
            return ()
        blocks, here = self._blocks, (self._settled.blocks, len(self._blocks))
        coarse = Coarse(t_s=blocks.end_s(*here), up=blocks.up(*here), stepping=blocks.stepping(*here))
        force = None if self._gyroscope else self._past.whole()
        seen = postures(self._motion(), reps, coarse, self._hinge.mount, force=force, params=self._params)
        return (*self._settled.slips, *find_slips(seen, self._params))

    def _with_hold(self, rep: Rep, lines: list[StraightLine]) -> Rep:
        """A movement of a static exercise with its hold measured."""
        if self._hinge is None or isnan(rep.lift_end_s):
            return rep
        ends_s = inf if isnan(rep.lower_start_s) else rep.lower_start_s
        line_deg = line_for(lines, ends_s).pitch_deg if lines else self._declared_deg
        t, pitch = (self._hinge.history.column(i) for i in (0, 1))
        hold = measure_hold(
            t, pitch, start_s=rep.lift_end_s, lowered_s=rep.lower_start_s, line_deg=line_deg, params=self._params
        )
        return with_hold(rep, hold)

    def _is_idle(self) -> bool:
        """Whether nothing is under way that samples to come may belong to."""
        return self._calibrations.state is None and (self._hinge is None or self._hinge.judge.is_idle)

    def _forget(self) -> None:
        """Settle what was found, let go what it was found in, and go on as from a beginning."""
        if self._hinge is not None:
            self._settle(self._hinge)
            self._hinge = self._new_hinge(self._hinge.mount)
        self._past.forget()

    def _settle(self, hinge: _Hinge) -> None:
        lines, words = self._lines()
        ledger = hinge.judge.ledger()
        held = [self._with_hold(rep, lines) for rep in ledger] if self._exercise.static else ledger
        self._settled = Settled(
            reps=(*self._settled.reps, *held),
            lines=tuple(lines),
            words=tuple(words),
            slips=self._slips(held),
            sets=hinge.judge.set,
            set_end_s=hinge.judge.set_end_s,
            blocks=len(self._blocks),
        )
        holds = self._calibrations.holds
        holds[:] = [hold for hold in holds if hold.end_s > self._past.newest_s]
        self._walked_s.clear()

    def _new_hinge(self, mount: Mount) -> _Hinge:
        hinge = _Hinge(
            self._exercise,
            mount,
            self._walked_s,
            self._said,
            grid_hz=self._grid_hz,
            gyroscope=self._gyroscope,
            params=self._params,
        )
        hinge.judge.goes_on(self._settled.sets, self._settled.set_end_s)
        return hinge

    def _process(self, block: Inclination) -> list[Event]:
        """Run the stages behind the orientation; cut the block where the mount is revised inside it."""
        if not len(block):
            return []
        start = len(self._past)
        self._past.append(block)
        events: list[Event] = []
        first = self._blocks.add(block)
        self._walked_s += self._gait.walked()
        done = 0
        grown = len(self._blocks) > first
        for revision in self._learner.revisions(first) if grown else ():
            events += self._hinge_push(block[done : max(revision.at - start, done)])
            events += self._revise(revision.mount, revision.at)
            done = max(revision.at - start, done)
        return events + self._hinge_push(block[done:] if done else block)

    def _hinge_push(self, block: Inclination) -> list[Event]:
        if not len(block):
            return []
        self._calibrations.look(block, None if self._hinge is None else self._hinge.mount)
        events = [] if self._hinge is None else self._hinge.push(block)
        history = None if self._hinge is None else self._hinge.history
        return self._seen(self._told(events, float(history.column(0)[-1]) if history else inf))

    def _told(self, events: list[Event], now_s: float) -> list[Event]:
        """With the steps of calibrations in their places (the trunk's motion lags behind them), and with holds.

        The stages decide at the time of a sample of theirs; that it was known takes the samples of the smoothing, too.
        """
        told = self._calibrations.tell(events, now_s)
        if not told:
            return told
        if len(told) > len(events):
            told = with_measured(told, self._lines()[0])
        if self._exercise.static and any(isinstance(e, RepConfirmed) for e in told):
            lines, _ = self._lines()
            told = [replace(e, rep=self._with_hold(e.rep, lines)) if isinstance(e, RepConfirmed) else e for e in told]
        late_s = self._orientation.delay_s + (self._hinge.delay_s if self._hinge else 0.0)
        return [replace(e, decided_s=e.decided_s + late_s) for e in told]

    def _revise(self, mount: Mount, at: int) -> list[Event]:
        """Compute everything so far again with a better mount, and say what changed."""
        before = [] if self._hinge is None else self._hinge.judge.ledger()
        announced = None if self._hinge is None else self._hinge.judge.announced
        past = self._past.whole()
        at -= self._past.first
        now_s = (float(past.t_s[at - 1]) if at else self._past.newest_s) + self._orientation.delay_s
        self._hinge = self._new_hinge(mount)
        again: list[Event] = []
        for start in range(0, at, _BATCH):
            again += self._hinge.push(past[start : min(start + _BATCH, at)])
        self._lines()
        events: list[Event] = [MountRevised(t_s=now_s, decided_s=now_s, mount=mount)]
        now = self._sets_told.up_to(self._settled.sets)
        for event in again:
            now.take(event)
        events += revise(before, self._hinge.judge.ledger(), self._sets_told, now, now_s)
        return self._seen(events + announce_again(announced, self._hinge.judge.announced, now_s))

    def _seen(self, events: list[Event]) -> list[Event]:
        """Remember the last repetition for the view, and the sets that were told."""
        for event in events:
            if isinstance(event, RepConfirmed | RepRevised):
                self._last = event.rep
            self._sets_told.take(event)
        return events


def _overlaps(hold: LineHold, others: list[LineHold]) -> bool:
    return any(other.start_s < hold.end_s and hold.start_s < other.end_s for other in others)


def analyze(
    samples: Samples,
    exercise: Exercise,
    *,
    rate_hz: float,
    mount: Mount | None = None,
    straight_line_deg: float | None = None,
    calibrations: Iterable[LineHold] = (),
    marked: Iterable[MarkedSet] = (),
    tempos: Iterable[tuple[float, Tempo]] = (),
    min_set_reps: int = 3,
    progress: Callable[[float], None] | None = None,
) -> tuple[Analysis, Pipeline]:
    """Analyse a whole recording by the live code.

    Args:
        samples: The recording, in order of time.
        exercise: What was being done.
        rate_hz: Its rate.
        mount: How the sensor sat, to be checked against the motion, or None to learn it.
        straight_line_deg: Declared straight line, if there is one.
        calibrations: When the body was held in one straight line.
        marked: Sets that a person began and ended.
        tempos: When the target tempo became another than the exercise's.
        min_set_reps: Fewer repetitions in a row are isolated and not counted.
        progress: Called with the share that is done, 0 to 1.

    Returns:
        The analysis, and the pipeline for traces.
    """
    pipeline = Pipeline(
        exercise,
        rate_hz=rate_hz,
        gyroscope=samples.gyr_radps is not None,
        mount=mount,
        straight_line_deg=straight_line_deg,
        calibrations=calibrations,
        marked=marked,
        tempos=tempos,
        params=MotionParams(min_set_reps=min_set_reps),
    )
    for start in range(0, len(samples), _BATCH):
        pipeline.push(samples[start : start + _BATCH])
        if progress is not None:
            progress(min(1.0, (start + _BATCH) / len(samples)))
    pipeline.finish()
    return pipeline.analysis(), pipeline
