"""Samples in, events out: the one place that knows the order of the stages.

    Samples -> Timeline -> Orientation -> TrunkStage -> StrokeFinder -> RepJudge -> events, ledger
                                |             ^                            ^
                                +-> Blocks ---+-> MountLearner (if needed) |
                                       +--------> Gait --------------------+

Live and batch are this same object, fed in small blocks or large ones, to the same result bit by bit. Where the mount
is learned, the stages behind it run again over the whole history whenever it is revised, and what changes is said in
events.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import isnan, nan

import numpy as np

from imu.exercises import Exercise
from imu.model import (
    Analysis,
    Event,
    Inclination,
    LiveState,
    Mount,
    MountRevised,
    MovementRejected,
    Phase,
    PhaseChanged,
    Rep,
    RepConfirmed,
    Samples,
    SetClosed,
    SetSummary,
    Stroke,
    Trunk,
    Verdict,
)
from imu.motion.blocks import STEPS_S, Blocks
from imu.motion.gait import Gait
from imu.motion.history import History
from imu.motion.mounting import MountLearner
from imu.motion.orientation import orientation
from imu.motion.params import MotionParams
from imu.motion.reps import RepJudge
from imu.motion.sets import judge_form, straight_line, summarise_all
from imu.motion.strokes import Arrival, Found, Rest, StrokeFinder
from imu.motion.timeline import Timeline, stretches
from imu.motion.trunk import TrunkStage

__all__ = ["MotionParams", "Pipeline", "analyze"]

_BATCH = 32768
"""Samples per block in batch: measured fastest; larger blocks fall out of the processor's cache."""


class _Hinge:
    """The stages behind the mount: inclination -> trunk -> strokes -> repetitions, for one mount."""

    def __init__(
        self,
        exercise: Exercise,
        mount: Mount,
        walked_s: list[float],
        *,
        grid_hz: float,
        gyroscope: bool,
        params: MotionParams,
    ) -> None:
        turn_deg = min(params.turn_deg, 0.4 * exercise.min_rom_deg)
        self.mount, self._params = mount, params
        self._new_trunk = partial(TrunkStage, mount, grid_hz=grid_hz, gyroscope=gyroscope, params=params)
        self._trunk, self._newest_s = self._new_trunk(), nan
        self._strokes = StrokeFinder(grid_hz=grid_hz, gyroscope=gyroscope, turn_deg=turn_deg, params=params)
        if not gyroscope:
            # The chest's own acceleration turns the specific force: a quick stroke seems quicker and to go further.
            exercise = replace(
                exercise,
                min_stroke_s=params.acc_only_haste * exercise.min_stroke_s,
                posture_tolerance_deg=exercise.posture_tolerance_deg + params.acc_only_beyond_deg,
            )
        self.judge = RepJudge(exercise, mount, params=params)
        self.history = self._strokes.past
        self.phase, self.phase_since_s = Phase.UNKNOWN, 0.0
        self._walked_s, self._walks_told = walked_s, 0

    def push(self, block: Inclination) -> list[Event]:
        events: list[Event] = []
        for restarts, part in stretches(block, self._newest_s, self._params):
            if restarts:
                events += self._take(self._trunk.finish()) + self._tell(self._strokes.restart())
                self.judge.broken()
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
        events: list[Event] = []
        while len(trunk) and self._walks_told < len(self._walked_s):
            walked_s = self._walked_s[self._walks_told]
            if walked_s > trunk.t_s[-1]:
                break
            cut = int(np.searchsorted(trunk.t_s, walked_s, side="right"))
            events += self._tell(self._strokes.push(trunk[:cut])) + self._tell(self._strokes.interrupt())
            events += self.judge.walked(walked_s, since_s=walked_s - STEPS_S)
            self._walks_told += 1
            trunk = trunk[cut:]
        if not len(trunk):
            return events
        events += self._tell(self._strokes.push(trunk))
        return events + self.judge.advance(float(trunk.t_s[-1]))

    def _tell(self, found: list[Found]) -> list[Event]:
        events: list[Event] = []
        for item in found:
            what = item.what
            if isinstance(what, Stroke):
                events += self.judge.stroke(item.decided_s, what)
            elif isinstance(what, Arrival):
                events += self.judge.arrival(what.t_s, what.range_deg, what.end_deg, lifting=what.lifting)
            elif isinstance(what, Rest):
                events += self.judge.rests(item.decided_s)
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
        mount: How the sensor sits on the trunk; learned from the motion where None.
        straight_line_deg: Pitch of the body in one straight line; the median of the tops where None.
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
        params: MotionParams | None = None,
    ) -> None:
        self._exercise, self._gyroscope = exercise, gyroscope
        self._params = params or MotionParams()
        self._straight_line_deg = straight_line_deg
        self._timeline = Timeline(rate_hz=rate_hz, params=self._params)
        self._grid_hz = self._timeline.grid_hz
        self._new_orientation = partial(orientation, grid_hz=self._grid_hz, gyroscope=gyroscope, params=self._params)
        self._orientation, self._newest_s = self._new_orientation(), nan
        self._past = _Past()
        self._blocks = Blocks(grid_hz=self._grid_hz, gyroscope=gyroscope)
        self._gait = Gait(self._blocks)
        self._walked_s: list[float] = []
        self._learner = None if mount else MountLearner(exercise, self._blocks)
        self._hinge = self._new_hinge(mount) if mount else None
        self._last: Rep | None = None
        self._sets_told: list[SetSummary] = []

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
        for revision in self._learner.finish() if self._learner else ():
            events += self._revise(revision.mount, len(self._past))
        if self._hinge is not None:
            events += self._hinge.finish()
        return self._seen(events)

    def analysis(self) -> Analysis:
        """The ledger and the sets as known so far."""
        if self._hinge is None:
            return Analysis()
        reps = self._hinge.judge.ledger()
        line, source = self._straight_line_deg, "calibration"
        if line is None:
            line, source = straight_line(reps), "median of tops"
        judged = tuple(judge_form(r, line, self._params) if r.counted else r for r in reps)
        return Analysis(
            reps=judged,
            sets=tuple(summarise_all(judged)),
            mount=self._hinge.mount,
            straight_line_deg=line,
            straight_line_source="unknown" if isnan(line) else source,
        )

    @property
    def state(self) -> LiveState:
        """What a live view shows now."""
        if self._hinge is None or not len(self._hinge.history):
            return LiveState(t_s=self._past.newest_s)
        history, judge = self._hinge.history, self._hinge.judge
        return LiveState(
            t_s=float(history.column(0)[-1]),
            phase=self._hinge.phase,
            phase_since_s=self._hinge.phase_since_s,
            pitch_deg=float(history.column(1)[-1]),
            count=judge.count,
            set=judge.set,
            last_rep=self._last,
        )

    def trunk(self) -> Trunk:
        """The trunk's motion over the whole recording, as the mount is known now."""
        history = History(5) if self._hinge is None else self._hinge.history
        t, pitch, rate, tilt, trusted = (history.column(i).copy() for i in range(5))
        return Trunk(t_s=t, pitch_deg=pitch, rate_dps=rate, tilt_deg=tilt, trusted=trusted > 0)

    def inclination(self) -> Inclination:
        """Which way is up, in sensor axes, over the whole recording."""
        return self._past.whole()

    def _new_hinge(self, mount: Mount) -> _Hinge:
        return _Hinge(
            self._exercise,
            mount,
            self._walked_s,
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
        for revision in self._learner.revisions(first) if self._learner and grown else ():
            events += self._hinge_push(block[done : max(revision.at - start, done)])
            events += self._revise(revision.mount, revision.at)
            done = max(revision.at - start, done)
        return events + self._hinge_push(block[done:] if done else block)

    def _hinge_push(self, block: Inclination) -> list[Event]:
        return [] if self._hinge is None or not len(block) else self._hinge.push(block)

    def _revise(self, mount: Mount, at: int) -> list[Event]:
        """Compute everything so far again with a better mount, and say what changed."""
        before = [] if self._hinge is None else self._hinge.judge.ledger()
        told = {s.set: s for s in self._sets_told}
        past = self._past.whole()
        now_s = float(past.t_s[at - 1])
        self._hinge = self._new_hinge(mount)
        again: list[Event] = []
        for start in range(0, at, _BATCH):
            again += self._hinge.push(past[start : min(start + _BATCH, at)])
        after = self._hinge.judge.ledger()
        events: list[Event] = [MountRevised(t_s=now_s, decided_s=now_s, mount=mount)]
        for rep in before:
            if rep.counted and not _same(rep, after):
                taken_back = replace(rep, set=None, rep=None, verdict=_verdict_now(rep, after))
                events.append(MovementRejected(t_s=rep.end_s, decided_s=now_s, rep=taken_back, withdrawn=rep.rep))
        for event in again:
            known = (isinstance(event, RepConfirmed) and _same(event.rep, before)) or (
                isinstance(event, SetClosed) and told.get(event.summary.set) == event.summary
            )
            if isinstance(event, RepConfirmed | SetClosed) and not known:
                events.append(replace(event, decided_s=now_s))
        return events

    def _seen(self, events: list[Event]) -> list[Event]:
        """Remember the last repetition for the view, and the sets that were told."""
        for event in events:
            if isinstance(event, RepConfirmed):
                self._last = event.rep
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
    min_set_reps: int = 3,
    progress: Callable[[float], None] | None = None,
) -> tuple[Analysis, Pipeline]:
    """Analyse a whole recording by the live code.

    Args:
        samples: The recording, in order of time.
        exercise: What was being done.
        rate_hz: Its rate.
        mount: How the sensor sat, or None to learn it.
        straight_line_deg: Calibrated straight line, if there is one.
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
        params=MotionParams(min_set_reps=min_set_reps),
    )
    for start in range(0, len(samples), _BATCH):
        pipeline.push(samples[start : start + _BATCH])
        if progress is not None:
            progress(min(1.0, (start + _BATCH) / len(samples)))
    pipeline.finish()
    return pipeline.analysis(), pipeline
