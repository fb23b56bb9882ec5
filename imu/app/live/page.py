"""One session as the pages see it: a display beside the terminal's, which tells the hub."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from imu.app.board import Board
from imu.app.display import Display
from imu.app.follow import Follower
from imu.app.ledger import Ledger
from imu.app.live import present
from imu.app.live.hub import Hub
from imu.app.live.messages import (
    STATES_PER_S,
    TRACE_S,
    CueMessage,
    Link,
    Remark,
    RepChanged,
    Row,
    SetRow,
    Snapshot,
    State,
    Trace,
)
from imu.app.record import Recorder
from imu.coach.coach import Coach
from imu.coach.cues import Cue
from imu.errors import UsageError
from imu.link.types import loop_s
from imu.model import (
    Analysis,
    Event,
    MountRevised,
    MovementRejected,
    Recounted,
    Rep,
    RepConfirmed,
    RepRevised,
    SetClosed,
    SetRetracted,
    SetStarted,
    Verdict,
)
from imu.review.labelling import judged
from imu.sessions import Label, Said
from imu.sessions.labelfile import NAME, append_labels
from imu.tempo import Tempo

MUTE_S = 3.0
"""Without a sample for so long the sensor is said to be lost."""
_CHANGES_ROWS = (RepConfirmed, RepRevised, MovementRejected, SetStarted, SetClosed, SetRetracted, MountRevised)


class PageDisplay:
    """What the pages show of one session; `beside` is the terminal's display of the same."""

    def __init__(self, board: Board, hub: Hub, beside: Display) -> None:
        self.board, self._hub, self._beside = board, hub, beside
        self.recorder: Recorder | None = None
        self._follower: Follower | None = None
        self._over = False
        self._coach = Coach(board.exercise, reps=board.target_reps, rest_s=board.set_rest_s)
        self._reps: tuple[Rep, ...] = ()
        self._rows: dict[str, Row] = {}
        self._labels: list[Label] = []
        self._first_load_kg = board.load_kg
        self._loads: list[tuple[float, float | None]] = []
        self._line, self._noticed = present.line(board), board.notice
        self._newest_s, self._heard_s = 0.0, math.nan
        self._traced_s, self._told_s, self._owes = -math.inf, -math.inf, False
        self._dirty = self._past_changed = False

    # What the recorder tells.

    def begin(self, follower: Follower, recorder: Recorder) -> None:
        """Know whom to ask, and who keeps the session."""
        self._follower, self.recorder = follower, recorder

    def event(self, event: Event) -> None:
        """Say what is to be heard of it; the rows and figures follow when all of the packet was taken."""
        self._beside.event(event)
        self._dirty |= isinstance(event, _CHANGES_ROWS)
        self._past_changed |= isinstance(event, MountRevised) or (isinstance(event, Recounted) and event.changed)
        self._sound(self._coach.take(event))
        if isinstance(event, SetStarted):
            self._hub.publish(SetRow(set=event.set, step="started"))
        elif isinstance(event, SetClosed):
            self._hub.publish(self._set_row(event.summary.set))
        elif isinstance(event, SetRetracted):
            self._hub.publish(SetRow(set=event.set, step="retracted"))

    def remark(self, text: str) -> None:
        """The board has it, too."""
        self._beside.remark(text)

    def moved(self) -> None:
        """Tell what the packet changed."""
        self._beside.moved()
        if self.board.live.t_s > self._newest_s:
            self._newest_s, self._heard_s = self.board.live.t_s, loop_s()
        self._sound(self._coach.tick(self.board.live))
        if self._dirty:
            self._tell_rows()
        if self._past_changed:
            self._past_changed = False
            self._hub.resync()
        self._owes = True
        self._tell_state()

    def refresh(self) -> None:
        """Tell what is owed."""
        self._beside.refresh()
        self._tell_state()
        self._sound(self._coach.link(self.board.live.t_s, alive=self._is_alive))

    def finish(self, analysis: Analysis) -> None:
        """The session is over, and this is what its files hold."""
        self._reps, self._over, self.board.marked = analysis.reps, True, False
        self.board.ledger = Ledger(
            reps={rep.start_s: rep for rep in analysis.counted}, sets={one.set: one for one in analysis.sets}
        )
        self._rows = self._rows_now()
        self._hub.resync()

    def __enter__(self) -> Self:
        self._beside.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._beside.__exit__(kind, error, trace)

    # What the pages ask.

    @property
    def age_s(self) -> float | None:
        """How long ago the newest sample came that is in what is shown; None before the first."""
        return None if math.isnan(self._heard_s) else loop_s() - self._heard_s

    @property
    def state(self) -> State:
        """How things stand, without the trace."""
        return present.state(self.board, Trace())

    def snapshot(self, link: Link) -> Snapshot:
        """Everything."""
        return Snapshot(
            link=link,
            settings=present.settings(self.board),
            state=dataclasses.replace(self.state, trace=self._trace(self.board.live.t_s - TRACE_S)),
            line=self._line,
            rows=tuple(self._rows.values()),
            last=self._last(),
            sets=tuple(self._set_row(number) for number in sorted(self.board.ledger.sets)),
            remark=self.board.remark_text,
        )

    def calibrate(self) -> None:
        """Take the straight line."""
        self._following.calibrate()
        self.moved()

    def begin_set(self) -> None:
        """A set begins."""
        self._following.begin_set()
        self.moved()

    def end_set(self) -> None:
        """It ends."""
        self._following.end_set()
        self.moved()

    def aim(self, tempo: Tempo | None, reps: int | None) -> None:
        """Another target tempo, another target count (0 for none); None leaves it as it is.

        While nothing is recorded, they are the next session's.
        """
        if self._is_recording:
            self._following.aim(tempo, reps)
        else:
            self.board.retarget(self.board.live.t_s, tempo or self.board.target)
            self.board.target_reps = self.board.target_reps if reps is None else reps or None
        self._coach.aim(self.board.exercise, reps=self.board.target_reps, rest_s=self.board.set_rest_s)
        self._hub.publish(present.settings(self.board))

    def load(self, load_kg: float | None) -> None:
        """Another load; while nothing is recorded, of the next session."""
        if not self._is_recording:
            self.board.load_kg = load_kg
        else:
            self._following.reload(load_kg)
            self._loads.append((self.board.live.t_s, load_kg))
        self._hub.publish(present.settings(self.board))

    def overrule(self, row: str, verdict: Verdict, by: str) -> None:
        """Keep the person's word on a movement.

        Raises:
            UsageError: There is no such movement.
            ImuError: The label could not be written.
        """
        rep = next((rep for rep in self._reps if present.row_id(rep) == row), None)
        folder = self.recorder.folder if self.recorder else None
        if rep is None or folder is None:
            raise UsageError("There is no such movement any more; look at the list again.")
        label = judged(rep, verdict, by=by)
        append_labels(folder / NAME, [label])
        self._labels.append(label)
        self._tell_rows()

    def sound(self, cue: Cue) -> None:
        """Let every page be heard."""
        self._sound([cue])

    # How it is told.

    @property
    def _following(self) -> Follower:
        """Who follows the stream, as long as there is one."""
        if self._follower is None or self._over:
            raise UsageError("Nothing is being recorded now.")
        return self._follower

    @property
    def _is_recording(self) -> bool:
        return self._follower is not None and not self._over

    @property
    def _is_alive(self) -> bool:
        return (self.age_s or 0.0) < MUTE_S

    def _sound(self, cues: Iterable[Cue]) -> None:
        for cue in cues:
            self._hub.publish(CueMessage(cue=cue))

    def _tell_rows(self) -> None:
        """Tell what is different in the ledger from what was told."""
        self._dirty = False
        if self._is_recording:
            self._reps = self._following.whole.ledger()
        before, self._rows = self._rows, self._rows_now()
        if not self._hub.viewers:
            return
        last = self._last()
        for gone in [key for key in before if key not in self._rows]:
            self._hub.publish(RepChanged(was=gone, last=last))
        for key, row in self._rows.items():
            if not same(before.get(key), row):
                self._hub.publish(RepChanged(row=row, last=last))

    def _rows_now(self) -> dict[str, Row]:
        return {row.id: row for row in present.rows(self._reps, self.board.targets, self._labels)}

    def _last(self) -> Row | None:
        return present.last(self.board, self._reps, self._labels)

    def _set_row(self, number: int) -> SetRow:
        summary = self.board.ledger.sets[number]
        load_kg = Said(loads=tuple(self._loads)).load_kg(summary.end_s, self._first_load_kg)
        return present.ended(summary, load_kg)

    def _tell_state(self) -> None:
        """Tell how things stand, not too often."""
        self._tell_what_is_seldom()
        now_s = loop_s()
        if not self._owes or now_s - self._told_s < 1.0 / STATES_PER_S:
            return
        self._owes, self._told_s = False, now_s
        if self._hub.viewers:
            trace = self._trace(self._traced_s)
            self._traced_s = trace.t_s[-1] if trace.t_s else self._traced_s
            self._hub.publish(present.state(self.board, trace))

    def _tell_what_is_seldom(self) -> None:
        if self.board.notice is not self._noticed:
            self._noticed = self.board.notice
            self._hub.publish(Remark(text=self.board.notice[0]))
        line = present.line(self.board)
        if not same(line, self._line):
            self._line = line
            self._hub.publish(line)

    def _trace(self, since_s: float) -> Trace:
        if self._follower is None:
            return Trace()
        since_s = max(since_s, self.board.live.t_s - TRACE_S)
        return present.trace(self._follower.whole.trunk(since_s), since_s)


def same(one: object, other: object) -> bool:
    """Whether two messages say the same; by themselves no two are where a number is nan."""
    return repr(one) == repr(other)
