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

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from math import inf, isnan, nan

from imu.exercises import Exercise
from imu.model import (
    Analysis,
    Event,
    Inclination,
    LineHold,
    LiveState,
    Mount,
    MountRevised,
    MovementRejected,
    Phase,
    PhaseChanged,
    Rep,
    RepAnnounced,
    RepConfirmed,
    RepWithdrawn,
    Samples,
    SetClosed,
    SetStarted,
    SetSummary,
    StraightLine,
    StrapSlip,
    Stroke,
    Trunk,
    Verdict,
)
from imu.motion.blocks import STEPS_S, Blocks
from imu.motion.calibration import Calibrations, is_plausible, line_for, with_measured
from imu.motion.gait import Gait
from imu.motion.history import History
from imu.motion.holds import measure_hold, with_hold
from imu.motion.mounting import MountLearner, correction_words
from imu.motion.orientation import orientation
from imu.motion.params import MotionParams
from imu.motion.reps import RepJudge
from imu.motion.sets import judge_form, straight_line, summarise_all, with_adherence
from imu.motion.slip import Coarse, find_slips, postures, slip_words
from imu.motion.strokes import Arrival, Found, Rest, StrokeFinder, Walked
from imu.motion.timeline import Timeline, stretches
from imu.motion.trunk import TrunkStage
from imu.tempo import Tempo

__all__ = ["MotionParams", "Pipeline", "analyze"]

_BATCH = 65536
"""Samples per block in batch: measured fastest; larger blocks fall out of the processor's cache."""


class _Hinge:
    """The stages behind the mount: inclination -> trunk -> strokes -> repetitions, for one mount."""

    def __init__(
        self,
        exercise: Exercise,
        mount: Mount,
        walked_s: list[float],
        line_holds: list[LineHold],
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
        self._strokes = StrokeFinder(grid_hz=grid_hz, gyroscope=gyroscope, turn_deg=turn_deg, params=params)
        if not gyroscope:
            # The chest's own acceleration turns the specific force: a quick stroke seems quicker and to go further.
            exercise = replace(
                exercise,
                min_stroke_s=params.acc_only_haste * exercise.min_stroke_s,
                posture_tolerance_deg=exercise.posture_tolerance_deg + params.acc_only_beyond_deg,
            )
        may_be_line = partial(is_plausible, exercise=exercise, mount=mount, params=params)
        self.judge = RepJudge(exercise, mount, params=params, line_holds=line_holds, may_be_line=may_be_line)
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


class _Past:
    """The inclination since the start, kept in the blocks in which it came and joined when it is asked for."""

    def __init__(self) -> None:
        self._blocks: list[Inclination] = []
        self._n = 0

    def __len__(self) -> int:
        return self._n

    def append(self, block: Inclination) -> None:
        self._blocks.append(block)
        self._n += len(block)

    @property
    def newest_s(self) -> float:
        return float(self._blocks[-1].t_s[-1]) if self._blocks else 0.0

    def whole(self) -> Inclination:
        self._blocks = [Inclination.concat(self._blocks)] if self._blocks else []
        return self._blocks[0] if self._blocks else Inclination.empty()


class Pipeline:
    """The whole analysis of one recording, live or afterwards.

    Args:
        exercise: What is being done.
        rate_hz: The sensor's true rate, or the median rate of a file.
        gyroscope: Whether the samples carry angular rates.
        mount: How the sensor sits on the trunk, to be checked against the motion; learned from it where None.
        straight_line_deg: Declared pitch of the body in one straight line.
        calibrations: When the body was held in one straight line. Where there is neither, the median of the tops is it.
        params: Constants of judgement.
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
        params: MotionParams | None = None,
    ) -> None:
        self._exercise, self._gyroscope = exercise, gyroscope
        self._params = params or MotionParams()
        self._timeline = Timeline(rate_hz=rate_hz, params=self._params)
        self._grid_hz = self._timeline.grid_hz
        self._calibrations = Calibrations(exercise, calibrations, grid_hz=self._grid_hz, params=self._params)
        self._line_deg = self._declared_deg = nan if straight_line_deg is None else straight_line_deg
        self._new_orientation = partial(orientation, grid_hz=self._grid_hz, gyroscope=gyroscope, params=self._params)
        self._orientation, self._newest_s = self._new_orientation(), nan
        self._past = _Past()
        self._blocks = Blocks(grid_hz=self._grid_hz, gyroscope=gyroscope)
        self._gait = Gait(self._blocks)
        self._walked_s: list[float] = []
        self._told_mount = mount
        self._learner = MountLearner(exercise, self._blocks, mount)
        self._hinge = self._new_hinge(mount) if mount else None
        self._last: Rep | None = None
        self._sets_told: list[SetSummary] = []
        self._starts_told: set[int] = set()

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
        return self._seen(events)

    def finish(self) -> list[Event]:
        """The recording ended: decide everything that is still open."""
        events = self._process(self._orientation.finish())
        for revision in self._learner.finish():
            events += self._revise(revision.mount, len(self._past))
        events += self._told([] if self._hinge is None else self._hinge.finish(), inf)
        end_s = self._newest_s
        return self._seen([replace(e, t_s=min(e.t_s, end_s), decided_s=min(e.decided_s, end_s)) for e in events])

    def calibrate(self, *, limit_s: float | None = None) -> None:
        """Take the next 3 s in which the trunk is held still for the straight line; the events say what comes of it.

        Args:
            limit_s: Give up after so long; `MotionParams.line_limit_s` where None.
        """
        self._calibrations.begin(since_s=self._past.newest_s if len(self._past) else None, limit_s=limit_s)

    def analysis(self) -> Analysis:
        """The ledger and the sets as known so far."""
        if self._hinge is None:
            return Analysis()
        reps = self._hinge.judge.ledger()
        lines, warnings = self._lines()
        line, source = self._line_deg, "calibration" if lines else "declared"
        if isnan(line):
            line, source = straight_line(reps), "median of tops"
        judged = tuple(self._with_form(r, lines, line) if r.counted else r for r in reps)
        if self._exercise.static:
            judged = tuple(self._with_hold(r, lines) for r in judged)
        judged = with_adherence(judged, Tempo.parse(self._exercise.target_tempo))
        slips = self._slips(judged)
        return Analysis(
            reps=judged,
            sets=tuple(summarise_all(judged)),
            mount=self._hinge.mount,
            straight_line_deg=line,
            straight_line_source="unknown" if isnan(line) else source,
            calibrations=tuple(lines),
            slips=slips,
            warnings=(*self._mount_words(), *warnings, *map(slip_words, slips)),
        )

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
            return LiveState(t_s=self._past.newest_s, calibration=self._calibrations.state)
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

    def trunk(self) -> Trunk:
        """The trunk's motion over the whole recording, as the mount is known now."""
        now = self._motion()
        return Trunk(
            t_s=now.t_s.copy(),
            pitch_deg=now.pitch_deg.copy(),
            rate_dps=now.rate_dps.copy(),
            tilt_deg=now.tilt_deg.copy(),
            trusted=now.trusted,
        )

    def _motion(self) -> Trunk:
        """The same as views, which later samples may make stale."""
        history = History(5) if self._hinge is None else self._hinge.history
        t, pitch, rate, tilt, trusted = (history.column(i) for i in range(5))
        return Trunk(t_s=t, pitch_deg=pitch, rate_dps=rate, tilt_deg=tilt, trusted=trusted > 0)

    def inclination(self) -> Inclination:
        """Which way is up, in sensor axes, over the whole recording."""
        return self._past.whole()

    def _lines(self) -> tuple[list[StraightLine], list[str]]:
        """The straight lines that were held, and words about those that cannot have been one."""
        if self._hinge is None:
            return [], []
        t, pitch, trusted = (self._hinge.history.column(i) for i in (0, 1, 4))
        lines, words = self._calibrations.lines(t, pitch, trusted > 0, self._hinge.mount)
        self._line_deg = lines[-1].pitch_deg if lines else self._declared_deg
        return lines, words

    def _mount_words(self) -> list[str]:
        """What is to be said where the sensor does not sit as it was told to."""
        found = None if self._hinge is None else self._hinge.mount
        if self._told_mount is None or found is None or not found.is_corrected:
            return []
        return [correction_words(self._told_mount, found)]

    def _slips(self, reps: tuple[Rep, ...]) -> tuple[StrapSlip, ...]:
        """Where the strap turned on the trunk, as the postures show that come back."""
        if self._hinge is None:
            return ()
        blocks, n = self._blocks, len(self._blocks)
        coarse = Coarse(t_s=blocks.end_s(0, n), up=blocks.up(0, n), stepping=blocks.stepping(0, n))
        force = None if self._gyroscope else self._past.whole()
        seen = postures(self._motion(), reps, coarse, self._hinge.mount, force=force, params=self._params)
        return tuple(find_slips(seen, self._params))

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

    def _new_hinge(self, mount: Mount) -> _Hinge:
        return _Hinge(
            self._exercise,
            mount,
            self._walked_s,
            self._calibrations.holds,
            grid_hz=self._grid_hz,
            gyroscope=self._gyroscope,
            params=self._params,
        )

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
        return self._told(events, float(history.column(0)[-1]) if history else inf)

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
        told = {s.set: s for s in self._sets_told}
        past = self._past.whole()
        now_s = float(past.t_s[at - 1]) + self._orientation.delay_s
        self._hinge = self._new_hinge(mount)
        again: list[Event] = []
        for start in range(0, at, _BATCH):
            again += self._hinge.push(past[start : min(start + _BATCH, at)])
        after = self._hinge.judge.ledger()
        self._lines()
        events: list[Event] = [MountRevised(t_s=now_s, decided_s=now_s, mount=mount)]
        for rep in before:
            if rep.counted and not _same(rep, after):
                taken_back = replace(rep, set=None, rep=None, verdict=_verdict_now(rep, after))
                events.append(MovementRejected(t_s=rep.end_s, decided_s=now_s, rep=taken_back, withdrawn=rep.rep))
        for event in again:
            known = (isinstance(event, RepConfirmed) and _same(event.rep, before)) or (
                isinstance(event, SetClosed) and told.get(event.summary.set) == event.summary
            )
            started = isinstance(event, SetStarted) and event.set not in self._starts_told
            if started or (isinstance(event, RepConfirmed | SetClosed) and not known):
                events.append(replace(event, decided_s=now_s))
        now = self._hinge.judge.announced
        if announced is not None and announced != now:
            events.append(RepWithdrawn(t_s=now_s, decided_s=now_s, number=announced))
        if now is not None and announced != now:
            events.append(RepAnnounced(t_s=now_s, decided_s=now_s, number=now))
        return events

    def _seen(self, events: list[Event]) -> list[Event]:
        """Remember the last repetition for the view, and the sets that were told."""
        for event in events:
            if isinstance(event, RepConfirmed):
                self._last = event.rep
            elif isinstance(event, SetStarted):
                self._starts_told.add(event.set)
            elif isinstance(event, SetClosed):
                self._sets_told = [s for s in self._sets_told if s.set != event.summary.set] + [event.summary]
        return events


def _overlapping(rep: Rep, others: list[Rep]) -> list[Rep]:
    middle = 0.5 * (rep.start_s + rep.end_s)
    return [o for o in others if o.start_s <= middle <= o.end_s]


def _same(rep: Rep, others: list[Rep]) -> bool:
    """Whether the same movement counts with the same numbers."""
    return any(o.counted and (o.set, o.rep) == (rep.set, rep.rep) for o in _overlapping(rep, others))


def _verdict_now(rep: Rep, ledger: list[Rep]) -> Verdict:
    """Why a repetition counts no more, or differently; where nothing is left of it, it led out of the hinge plane."""
    now = _overlapping(rep, ledger)
    return now[0].verdict if now else Verdict.NOT_HINGE


def analyze(
    samples: Samples,
    exercise: Exercise,
    *,
    rate_hz: float,
    mount: Mount | None = None,
    straight_line_deg: float | None = None,
    calibrations: Iterable[LineHold] = (),
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
        params=MotionParams(min_set_reps=min_set_reps),
    )
    for start in range(0, len(samples), _BATCH):
        pipeline.push(samples[start : start + _BATCH])
        if progress is not None:
            progress(min(1.0, (start + _BATCH) / len(samples)))
    pipeline.finish()
    return pipeline.analysis(), pipeline
