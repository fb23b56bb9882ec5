"""The recorder as the pages command it: it looks for the sensor, records, stops, and begins again, as they ask.

One task does what `imu record` does, session after session. What it finds goes through a `PageDisplay` to the hub; what
a page asks for is done here, between two packets.
"""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
from collections.abc import Callable
from functools import partial
from typing import Any

import imu
from imu.app import console, words
from imu.app.board import Board
from imu.app.display import Display, Lines
from imu.app.follow import Follower
from imu.app.live import commands, present
from imu.app.live.commands import MAX_LOAD_KG, MAX_REPS, BadCommand, Command
from imu.app.live.hub import Hub, Role
from imu.app.live.messages import STALE_S, Hello, Link, Snapshot
from imu.app.live.page import PageDisplay, same
from imu.app.record import Plan, Recorded, Recorder, record, report
from imu.coach.cues import Say, Tone, Why
from imu.errors import ImuError, UsageError
from imu.exercises import EXERCISES, Exercise, get_exercise
from imu.link import Backend, find
from imu.link.discovery import SCAN_S
from imu.link.types import loop_s
from imu.model import NAN
from imu.sessions.files import check_writable
from imu.tempo import Tempo

LOOK_EVERY_S = 0.2
LINK_EVERY_S = 1.0 - LOOK_EVERY_S
"""Looked at so seldom, a second is then never over without a word."""
BY = "live page"
"""In labels.csv: who says so."""
UNDER_WAY = ("looking", "connecting", "recording", "stopping")
STILL_THERE = "The page stays: Connect there goes on, Ctrl-C here ends."
STOPPING = "Stopping the sensor, fetching what is still missing ..."
SOUND_TEST_S = 0.5


class Studio:
    """Sessions, one after the other, and the pages that look at them.

    Args:
        plan: What is to be done in the first.
        sensor: Name or address, None if there should be but one.
        backend: Instead of the platform's Bluetooth.
        display: The terminal's display of a session.
        kept: Called with every session that was recorded.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        sensor: str | None = None,
        backend: Backend | None = None,
        display: Callable[[Board], Display] = Lines,
        kept: Callable[[Recorded], None] = report,
    ) -> None:
        self.plan, self._sensor, self._backend = plan, sensor, backend
        self._display, self._kept = display, kept
        self.view_link: str | None = None
        self.hub = Hub(self._snapshot, lambda: self.page.age_s)
        self.page = PageDisplay(board := self._board(), self.hub, display(board))
        self.recorded: list[Recorded] = []
        self.error: ImuError | None = None
        """What went wrong in the session that ended last."""
        self._session = secrets.token_hex(4)
        self._stage, self._text = "looking", ""
        self._linked: tuple[Link | None, float] = None, 0.0
        self._wanted = asyncio.Event()
        self._found: str | None = None
        self._pinned: str | None = None
        """The sensor to go on with, whichever others are in range."""
        self._work: asyncio.Task[Recorded] | None = None

    # What it does.

    async def run(self) -> None:
        """Record session after session, until it is cancelled; the one under way is then ended and kept."""
        beat = asyncio.create_task(self._beat())
        try:
            while True:
                self._wanted.clear()
                await self._one_session()
                if not self._wanted.is_set():
                    console.err().print(STILL_THERE, style="bright_black")
                await self._wanted.wait()
        finally:
            beat.cancel()

    async def _one_session(self) -> None:
        work = self._work = asyncio.create_task(self._record())
        try:
            await asyncio.wait([work])
        except asyncio.CancelledError:
            self._halt(STOPPING)
            await asyncio.wait([work])
            self._end(work)
            raise
        self._end(work)

    async def _record(self) -> Recorded:
        check_writable(self.plan.out)
        if self._pinned is not None:  # what is on the pages is of another exercise
            self._show(self._board())
            self.hub.resync()
        sensor, self._pinned = self._pinned or self._sensor, None
        self._enter("looking", f"Looking for {sensor or 'a sensor'} ...")
        found = await find(sensor, SCAN_S, self._backend)
        self._found = found.address
        self._enter("connecting", f"Connecting to {found.name} ...")
        return await record(
            found, self.plan, backend=self._backend, display=self._show, begun=self._begun,
            say=partial(self._enter, "connecting"),
        )  # fmt: skip

    def _show(self, board: Board) -> Display:
        self.page = PageDisplay(board, self.hub, self._display(board))
        return self.page

    def _begun(self, follower: Follower, recorder: Recorder) -> None:
        self.page.begin(follower, recorder)
        self._enter("recording", f"Recording from {self.page.board.sensor}.", say=False)
        self.hub.resync()

    def _end(self, work: asyncio.Task[Recorded]) -> None:
        """Say what came of a session."""
        self.error = None
        try:
            recorded = work.result()
        except asyncio.CancelledError:
            return self._enter("stopped", "Stopped; nothing was recorded.")
        except ImuError as error:
            return self._fail(error)
        self.recorded.append(recorded)
        self.page.finish(recorded.analysis)
        wrong = recorded.error
        try:
            self._kept(recorded)
        except ImuError as unkept:
            wrong = wrong or unkept
        if wrong is not None:
            return self._fail(wrong)
        kept = "Stopped; nothing was received." if recorded.folder is None else f"Session kept: {recorded.folder.name}"
        return self._enter("stopped", kept, say=False)

    def _fail(self, error: ImuError) -> None:
        self.error = error
        console.err().print(f"error: {error}", style="red", soft_wrap=True)
        self._enter("failed", str(error), say=False)

    def _enter(self, stage: str, text: str, *, say: bool = True) -> None:
        self._stage, self._text = stage, text
        if say:
            console.err().print(text, style="bright_black", soft_wrap=True)
        self._tell_link()

    def _halt(self, text: str) -> None:
        """End the session under way."""
        if self._work is not None and not self._work.done():
            self._enter("stopping", text)
            self._work.cancel()

    async def _beat(self) -> None:
        """Let the pages hear of the link when it changes, and that somebody is there."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self._tell_link()

    def _tell_link(self) -> None:
        link, now_s = self._link(), loop_s()
        words, (before, told_s) = dataclasses.replace(link, rate_hz=NAN, latency_s=NAN), self._linked
        if not same(words, before) or now_s - told_s > LINK_EVERY_S:
            self._linked = words, now_s
            self.hub.publish(link)

    # What the pages see.

    def hello(self, role: Role) -> Hello:
        """The first message to a viewer."""
        return Hello(
            role=role.value,
            program=f"imu {imu.__version__}",
            session=self._session,
            stale_s=STALE_S,
            exercises=tuple(present.choice(row) for row in EXERCISES.values()),
            verdicts={verdict.value: said for verdict, said in words.VERDICTS.items()},
            max_load_kg=MAX_LOAD_KG,
            max_reps=MAX_REPS,
            view_link=self.view_link if role is Role.CONTROL else None,
        )

    def _snapshot(self) -> Snapshot:
        return self.page.snapshot(self._link())

    def _link(self) -> Link:
        recorder = self.page.recorder
        folder = recorder.folder if recorder else None
        return present.link(self._stage, self._text, self.page.board, None if folder is None else folder.name)

    def _board(self) -> Board:
        """What is shown before a session."""
        plan = self.plan
        return Board(
            exercise=plan.exercise, sensor="", load_kg=plan.load_kg, set_rest_s=plan.set_rest_s,
            target_reps=plan.target_reps, synthetic=plan.synthetic,
        )  # fmt: skip

    # What they ask for.

    def do(self, command: Command) -> None:
        """Carry a command out.

        Raises:
            BadCommand: It cannot be done, or not now.
        """
        try:
            self._do(command)
        except BadCommand:
            raise
        except UsageError as error:
            raise BadCommand(str(error), code="state") from None
        except ImuError as error:
            raise BadCommand(str(error), code="storage") from None

    def _do(self, command: Command) -> None:
        match command:
            case commands.Calibrate():
                self._recording.calibrate()
            case commands.StartSet():
                self._mark(begin=True)
            case commands.EndSet():
                self._mark(begin=False)
            case commands.SetTarget(tempo=tempo, reps=reps):
                self._aim(tempo, reps)
            case commands.SetLoad(load_kg=load_kg):
                self._plan_on(load_kg=load_kg)
                self.page.load(load_kg)
            case commands.SetExercise(exercise=key):
                self._change(get_exercise(key))
            case commands.Overrule(rep=row, verdict=verdict):
                self.page.overrule(row, verdict, BY)
            case commands.SoundTest():
                self._sound_test()
            case commands.Connect():
                self._connect()
            case commands.Stop():
                self._stop()

    @property
    def _recording(self) -> PageDisplay:
        """The session under way.

        Raises:
            BadCommand: There is none.
        """
        if self._stage != "recording":
            raise BadCommand(f"Nothing is being recorded now ({self._stage}).", code="state")
        return self.page

    def _mark(self, *, begin: bool) -> None:
        page = self._recording
        if page.board.marked is begin:
            said = (
                "A set is under way already; end it first." if begin else "No set was begun by hand; start one first."
            )
            raise BadCommand(said, code="state")
        if begin:
            page.begin_set()
        else:
            page.end_set()

    def _aim(self, tempo: str | None, reps: int | None) -> None:
        target = None if tempo is None else Tempo.parse(tempo)
        if target is not None:
            self._plan_on(exercise=dataclasses.replace(self.plan.exercise, target_tempo=target.text))
        if reps is not None:
            self._plan_on(target_reps=reps or None)
        self.page.aim(target, reps)

    def _plan_on(self, **changes: Any) -> None:  # noqa: ANN401 (fields of the plan)
        """Let the next sessions begin with what holds now."""
        if self._stage in ("connecting", "stopping"):
            raise BadCommand(f"Not now ({self._stage}); try again in a moment.", code="state")
        self.plan = dataclasses.replace(self.plan, **changes)

    def _change(self, exercise: Exercise) -> None:
        """Go on with another exercise; what was recorded stays the one it was declared as."""
        self._plan_on(exercise=exercise)
        if self._stage == "recording":
            self._pinned = self._found
            self._wanted.set()
            self._halt("Another exercise: this session ends, the next one follows ...")
        else:
            self.page.board.exercise = exercise
            self.page.aim(Tempo.parse(exercise.target_tempo), None)

    def _sound_test(self) -> None:
        at_s = self.page.board.live.t_s
        self.page.sound(Say(at_s=at_s, why=Why.LINK, text="sound test"))
        self.page.sound(Tone(at_s=at_s, length_s=SOUND_TEST_S))

    def _connect(self) -> None:
        if self._stage in UNDER_WAY:
            raise BadCommand(f"A session is under way ({self._stage}).", code="state")
        self._enter("looking", "Looking for the sensor ...", say=False)
        self._wanted.set()

    def _stop(self) -> None:
        if self._stage not in UNDER_WAY or self._stage == "stopping":
            raise BadCommand(f"Nothing is under way that could be stopped ({self._stage}).", code="state")
        self._halt(STOPPING)
