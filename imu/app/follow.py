"""The one program behind `record`, `demo` and `replay`: a stream goes through the pipeline to a display and a session.

Ctrl-C is how a person ends a recording. It cancels the task that follows the stream; the cancellation is taken here,
the set is finished, and what was received is kept. Where the end has come by itself one is taken, too, and changes
nothing: only the second one cuts the end short.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from imu.app import words
from imu.app.board import Board
from imu.app.display import FRAMES_PER_S, Display
from imu.app.ending import take_cancellation
from imu.app.keys import Keys
from imu.app.whole import Whole
from imu.app.words import mount_line
from imu.errors import SensorError, StorageError
from imu.model import (
    Analysis,
    Calibration,
    CalibrationStep,
    Event,
    MountRevised,
    Recounted,
    Samples,
    SetClosed,
    SetRetracted,
    SetStarted,
)
from imu.motion.pipeline import Pipeline
from imu.sessions import (
    CALIBRATION,
    GIVEN_UP,
    LOAD,
    SET_BEGUN,
    SET_ENDED,
    TARGET,
    TARGET_REPS,
    calibration_detail,
    load_detail,
    target_detail,
)
from imu.tempo import Tempo

if TYPE_CHECKING:
    from imu.link import LinkEvent, LinkHealth

CALIBRATE_KEY = "c"
log = logging.getLogger(__name__)


class Sink(Protocol):
    """Where a stream is kept."""

    def append(self, samples: Samples) -> None:
        """Keep samples."""

    def event(self, kind: str, t_s: float, detail: str = "") -> None:
        """Keep what happened."""

    def declare(self, **header: Any) -> None:  # noqa: ANN401 (fields of the header)
        """Keep what the session is about, in its head."""

    def settle(self) -> None:
        """Called some times a second: let nothing wait to be kept until something comes."""


class Link(Protocol):
    """What a live stream comes from."""

    @property
    def health(self) -> LinkHealth:
        """The link's state now."""

    async def stop(self) -> None:
        """Stop the sensor and fetch what can be had of what is missing; the stream ends after the last of it."""


@dataclass(frozen=True, kw_only=True)
class End:
    """How a stream ended.

    Attributes:
        analysis: What was found live.
        received: Samples received.
        interrupted: Whether the person ended it.
        error: What ended it, if it did not end by itself.
        storage: The last failure to keep something, if there was one.
    """

    analysis: Analysis
    received: int
    interrupted: bool = False
    error: SensorError | None = None
    storage: StorageError | None = None


class Follower:
    """Follows one stream to its end.

    With `calibrate` the session begins with a straight-line calibration; `keys` lets the person ask for one later.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        board: Board,
        display: Display,
        *,
        sink: Sink | None = None,
        link: Link | None = None,
        calibrate: bool = False,
        keys: Keys | None = None,
    ) -> None:
        self.board, self.display, self.sink, self.link = board, display, sink, link
        self.whole = Whole(pipeline, may_fill=link is not None)
        self._calibrate_first, self._keys = calibrate, keys
        board.keys = keys is not None
        self.received = 0
        self._storage_failed = False
        self._storage_error: StorageError | None = None

    async def follow(self, stream: AsyncIterator[Samples | LinkEvent], duration_s: float | None = None) -> End:
        """Take the stream until it ends, the device time reaches `duration_s`, or the person has had enough."""
        interrupted, error = False, None
        ticker = asyncio.create_task(self._tick())
        if self._calibrate_first:
            self.calibrate()
        try:
            interrupted = await self._until_enough(stream, duration_s)
            await self._wind_up(stream, patient=not interrupted)
        except SensorError as lost:
            error = lost
        finally:
            ticker.cancel()
        self._tell(self.whole.finish())
        return End(
            analysis=self.whole.analysis(), received=self.received, interrupted=interrupted, error=error,
            storage=self._storage_error,
        )  # fmt: skip

    async def _until_enough(self, stream: AsyncIterator[Samples | LinkEvent], duration_s: float | None) -> bool:
        """Returns whether the person ended it."""
        try:
            async for item in stream:
                self._take(item)
                if duration_s is not None and self.board.live.t_s >= duration_s:
                    break
        except asyncio.CancelledError:
            take_cancellation()
            return True
        return False

    async def _wind_up(self, stream: AsyncIterator[Samples | LinkEvent], *, patient: bool) -> None:
        """Stop the sensor, and take what it still had to send; `patient`, nobody has asked for the end yet."""
        if self.link is None:
            return
        self.board.remark("Stopping the sensor, waiting for its last samples ...")
        stopping = asyncio.create_task(self.link.stop())
        try:
            await self._take_rest(stream, stopping)
        except asyncio.CancelledError:
            if not patient:
                raise
            take_cancellation()
            self._remark("It is ending already; once more ends it at once, without the last samples.")
            await self._take_rest(stream, stopping)

    async def _take_rest(self, stream: AsyncIterator[Samples | LinkEvent], stopping: asyncio.Task[None]) -> None:
        async for item in stream:
            self._take(item)
        await asyncio.wait([stopping])
        stopping.result()

    def _take(self, item: Samples | LinkEvent) -> None:
        if self.link is not None:
            self.board.health = self.link.health
        if not isinstance(item, Samples):
            self._keep(item.kind, item.t_s, item.detail)
            self._remark(item.detail if item.detail.endswith(".") else f"{item.kind}: {item.detail}")
            if item.gap is not None:
                self._tell(self.whole.gone(*item.gap))
            return
        if self.sink is not None:
            with self._storage():
                self.sink.append(item)
        self.received += len(item)
        self._tell(self.whole.push(item))

    def _tell(self, events: Iterable[Event]) -> None:
        """Bring what was found onto the board, the display and into the session."""
        self.board.see(self.whole.state)
        for event in events:
            log.debug("%s", event)
            self.board.take(event)
            self.display.event(event)
            if isinstance(event, SetStarted):
                self._keep("set_started", event.t_s, f"set {event.set}")
            elif isinstance(event, SetClosed):
                self._keep("set_ended", event.t_s, f"set {event.summary.set}, {event.summary.reps} reps")
            elif isinstance(event, SetRetracted):
                self._keep("set_retracted", event.t_s, f"set {event.set}")
            elif isinstance(event, MountRevised):
                self._keep("mount", event.t_s, mount_line(event.mount))
            elif isinstance(event, Calibration):
                self._keep_calibration(event)
            elif isinstance(event, Recounted) and event.changed:
                self._keep("recounted", event.t_s, words.recounted_line(event))
        self.display.moved()

    # What the person says on the way.

    def calibrate(self) -> None:
        """Ask for the straight line: the next 3 s in which the trunk is still."""
        self.whole.calibrate()
        self.board.see(self.whole.state)
        self._remark(words.CALIBRATE)

    def begin_set(self) -> None:
        """A set begins now; one is enough in it."""
        self._keep(SET_BEGUN, self.whole.begin_set(), "")
        self.board.marked = True

    def end_set(self) -> None:
        """The set that was begun ends now."""
        self._keep(SET_ENDED, self.whole.end_set(), "")
        self.board.marked = False

    def aim(self, tempo: Tempo | None, reps: int | None) -> None:
        """Another target tempo, or count (0 for none), from now on; None leaves it as it is.

        As long as nothing was counted it holds for the whole session.
        """
        if tempo is not None:
            at_s = self.whole.retarget(tempo)
            self._keep(TARGET, at_s, target_detail(tempo))
            self.board.retarget(at_s, tempo)
            self._declare(target_tempo=tempo.text)
        if reps is not None:
            self._keep(TARGET_REPS, self.board.live.t_s, f"reps={reps}")
            self.board.target_reps = reps or None
            self._declare(target_reps=reps or None)

    def reload(self, load_kg: float | None) -> None:
        """The load is another one from now on; for the whole session, as long as nothing was counted."""
        self._keep(LOAD, self.board.live.t_s, load_detail(load_kg))
        self.board.load_kg = load_kg
        self._declare(load_kg=load_kg)

    def _declare(self, **header: Any) -> None:  # noqa: ANN401 (fields of the header)
        if self.sink is not None and not self.board.ledger.counted:
            with self._storage():
                self.sink.declare(**header)

    def _keep_calibration(self, event: Calibration) -> None:
        if event.hold is not None:
            self._keep(CALIBRATION, event.t_s, calibration_detail(event.hold, event.pitch_deg))
        elif event.step is CalibrationStep.GIVEN_UP:
            self._keep(GIVEN_UP, event.t_s, words.calibration_line(event))

    def _keep(self, kind: str, t_s: float, detail: str) -> None:
        if self.sink is not None:
            with self._storage():
                self.sink.event(kind, t_s, detail)

    def _remark(self, text: str) -> None:
        self.board.remark(text)
        self.display.remark(text)

    @contextlib.contextmanager
    def _storage(self) -> Iterator[None]:
        """A full disk does not end the set: the session keeps what waits in memory and tries again each time."""
        try:
            yield
            self._storage_failed = False
        except StorageError as error:
            if not self._storage_failed:
                self._remark(str(error))
            self._storage_failed = True
            self._storage_error = error

    async def _tick(self) -> None:
        """Redraw at a calm rate, also while nothing arrives."""
        while True:
            if self.link is not None:
                self.board.health = self.link.health
            if self._keys is not None and CALIBRATE_KEY in self._keys().lower():
                self.calibrate()
            if self.sink is not None:
                with self._storage():
                    self.sink.settle()
            self.display.refresh()
            await asyncio.sleep(1.0 / FRAMES_PER_S)
