"""`imu record`: sensor -> session folder, counted live."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

from imu.app import console, tables, words
from imu.app.analyze import rederive, show_analysis
from imu.app.board import Board
from imu.app.display import Display, display_for
from imu.app.ending import run_until_ended, take_cancellation
from imu.app.follow import End, Follower
from imu.app.keys import keyboard
from imu.errors import ImuError, StorageError
from imu.exercises import Exercise
from imu.link import Backend, Found, LinkHealth, SensorLink, find
from imu.link.discovery import SCAN_S
from imu.model import Analysis, Mount, Samples, SensorInfo
from imu.motion.pipeline import Pipeline
from imu.sessions import SessionHeader, SessionWriter
from imu.sessions.files import check_writable
from imu.tempo import Tempo

KEEP_S = 2 * 3600.0
"""The live analysis goes over as much again, at most, when it learns better how the sensor sits."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the person declared about a session."""

    exercise: Exercise
    load_kg: float | None = None
    set_rest_s: float | None = None
    target_reps: int | None = None
    person: str | None = None
    note: str = ""
    out: Path = Path("recordings")
    duration_s: float | None = None
    mount: Mount | None = None
    rate_hz: float | None = None
    synthetic: bool = False
    calibrate: bool = False

    @classmethod
    def build(cls, exercise: Exercise, tempo: str | None = None, **declared: Any) -> Self:  # noqa: ANN401 (fields)
        """A plan whose exercise carries the tempo that was asked for.

        Raises:
            UsageError: The tempo is none.
        """
        target = exercise.target_tempo if tempo is None else Tempo.parse(tempo).text
        return cls(exercise=dataclasses.replace(exercise, target_tempo=target), **declared)

    def header(self, sensor: SensorInfo) -> SessionHeader:
        """The head of the session that begins now."""
        return SessionHeader(
            exercise=self.exercise.key,
            sensor=sensor,
            mount=self.mount or sensor.mount,
            person=self.person,
            load_kg=self.load_kg,
            target_tempo=self.exercise.target_tempo,
            target_reps=self.target_reps,
            synthetic=self.synthetic,
            notes=self.note,
        )


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What a recording left.

    Attributes:
        folder: The session, None if nothing was received.
        live: What was counted live.
        analysis: What the files hold, computed again from all samples, the late ones in their place.
        health: How the link was.
        gyroscope: Whether the sensor has one.
        error: What went wrong on the way or at the end, to be told after the rest.
    """

    folder: Path | None
    live: Analysis
    analysis: Analysis
    end: End
    health: LinkHealth
    gyroscope: bool = True
    error: ImuError | None = None


class Recorder:
    """Keeps a stream in a session folder, which is there before the stream; a recording of nothing leaves no folder."""

    def __init__(self, out: Path, header: SessionHeader) -> None:
        """Open the session.

        Raises:
            StorageError: It cannot be written there.
        """
        self.writer = SessionWriter(out, header)
        self._received = False

    @property
    def folder(self) -> Path | None:
        """Where the session is, None as long as nothing was received."""
        return self.writer.folder if self._received else None

    def append(self, samples: Samples) -> None:
        """Keep samples.

        Raises:
            StorageError: They could not be written; they are kept for the next call.
        """
        self._received |= len(samples) > 0
        self.writer.append(samples)

    def event(self, kind: str, t_s: float, detail: str = "") -> None:
        """Keep what happened.

        Raises:
            StorageError: It could not be written; it is kept for the next call.
        """
        self.writer.event(kind, t_s, detail)

    def declare(self, **header: Any) -> None:  # noqa: ANN401 (fields of the header)
        """Change what the session is about.

        Raises:
            StorageError: It could not be written; the old head is untouched.
        """
        self.writer.update(**header)

    def settle(self) -> None:
        """Let nothing wait in memory, or unforced, for longer than a second.

        Raises:
            StorageError: It could not be written; it is kept for the next call.
        """
        self.writer.settle()

    @contextlib.contextmanager
    def kept_if_cut_off(self) -> Iterator[None]:
        """Whatever breaks the block, close the files with what was received."""
        try:
            yield
        except BaseException:
            if self.folder is None:
                self.writer.discard()
            else:
                self.writer.close()
                folder = self.folder
                console.err().print(f"The samples are kept in {folder}; count them with: imu analyze {folder}")
            raise

    def close(self, analysis: Analysis, **header: Any) -> Path | None:  # noqa: ANN401 (fields of the header)
        """Finish the session; returns its folder.

        Raises:
            StorageError: Something could not be written; what was written before is kept.
        """
        if self.folder is None:
            self.writer.discard()
            return None
        try:
            self.writer.update(**header)
        finally:
            self.writer.close(analysis)
        return self.writer.folder


def _nothing(*_: object) -> None:
    """Nobody wants to know."""


async def record(
    found: Found,
    plan: Plan,
    *,
    backend: Backend | None = None,
    display: Callable[[Board], Display] = display_for,
    begun: Callable[[Follower, Recorder], None] = _nothing,
    say: Callable[[str], None] | None = None,
) -> Recorded:
    """Record one session from a sensor that was found.

    Args:
        found: The sensor.
        plan: What the person declared.
        backend: Instead of the platform's Bluetooth.
        display: Makes what shows the board.
        begun: Told who follows the stream and who keeps it, before the first sample.
        say: Told what a person has to know while the link comes up; printed where None.

    Raises:
        SensorError: It would not connect or stream.
        UsageError: It does not offer the rate.
        StorageError: No session can be written where it belongs; nothing was recorded.
    """
    say = say or partial(console.err().print, style="yellow")
    link = SensorLink(found, rate_hz=plan.rate_hz, backend=backend, say=say)
    async with _told_anyway() as kept, link:
        board = Board(
            exercise=plan.exercise, sensor=_shown(found.name, link.info), load_kg=plan.load_kg,
            set_rest_s=plan.set_rest_s, target_reps=plan.target_reps, synthetic=plan.synthetic,
        )  # fmt: skip
        pipeline = Pipeline(
            plan.exercise, rate_hz=link.info.rate_hz, gyroscope=link.info.has_gyroscope,
            mount=plan.mount or link.info.mount, keep_s=KEEP_S,
        )  # fmt: skip
        recorder = Recorder(plan.out, plan.header(link.info))
        with recorder.kept_if_cut_off(), keyboard() as keys, display(board) as shown:
            follower = Follower(pipeline, board, shown, sink=recorder, link=link, calibrate=plan.calibrate, keys=keys)
            begun(follower, recorder)
            end = await follower.follow(aiter(link), plan.duration_s)
        kept.append(_finish(recorder, end, link))
    return kept[0]


@contextlib.asynccontextmanager
async def _told_anyway() -> AsyncIterator[list[Recorded]]:
    """Who asks for the end when all is kept already is still told what there is."""
    kept: list[Recorded] = []
    try:
        yield kept
    except asyncio.CancelledError:
        if not kept:
            raise
        take_cancellation()


def _shown(name: str, info: SensorInfo) -> str:
    return name if info.has_gyroscope else f"{name} (no gyroscope)"


def _finish(recorder: Recorder, end: End, link: SensorLink) -> Recorded:
    """Close the session and count it once more from its files: gaps filled late are in, and anybody gets the same.

    A full disk, or files that cannot be analysed, are told last, after what was counted live.
    """
    analysis: Analysis = end.analysis
    error: ImuError | None = end.storage or end.error
    health = link.health
    try:
        folder = recorder.close(end.analysis, link=dataclasses.asdict(health), clock=link.clock)
        analysis = rederive(folder) if folder is not None else end.analysis
    except StorageError as full:
        error = full
    except ImuError as unreadable:  # too short to be a recording, for example
        error = error or unreadable
    return Recorded(
        folder=recorder.folder, live=end.analysis, analysis=analysis, end=end, health=health,
        gyroscope=link.info.has_gyroscope, error=error,
    )  # fmt: skip


def command(sensor: str | None, plan: Plan, display: Callable[[Board], Display] = display_for) -> None:
    """Find the sensor, record, and say what came of it.

    Raises:
        ImuError: Anything that went wrong; nothing recorded is lost.
        KeyboardInterrupt: It was ended before the first sample.
    """
    recorded = run_until_ended(find_and_record(sensor, plan, display=display))
    report(recorded)
    if recorded.error is not None:
        raise recorded.error
    if recorded.end.interrupted and recorded.folder is None:
        raise KeyboardInterrupt


async def find_and_record(
    sensor: str | None,
    plan: Plan,
    *,
    backend: Backend | None = None,
    display: Callable[[Board], Display] = display_for,
) -> Recorded:
    """Look for the sensor, then record.

    Raises:
        ImuError: No place to write, no sensor, several, no Bluetooth; or as from a recording.
    """
    check_writable(plan.out)
    screen = console.err()
    screen.print(f"Looking for {sensor or 'a sensor'} ...", style="bright_black")
    found = await find(sensor, SCAN_S, backend)
    screen.print(f"Connecting to {found.name} ...", style="bright_black")
    if found.family.caveats:
        screen.print(f"note ({found.family.title}): {found.family.caveats}", style="yellow", soft_wrap=True)
    return await record(found, plan, backend=backend, display=display)


def report(recorded: Recorded) -> None:
    """What a recording held and where it is."""
    screen, analysis = console.out(), recorded.analysis
    if recorded.folder is None:
        received = recorded.end.received
        screen.print(
            f"{received} samples were received, but none could be kept."
            if received
            else "Nothing was received, so nothing was kept."
        )
        return
    for warning in analysis.warnings:
        console.err().print(f"note: {warning}", style="yellow", soft_wrap=True)
    show_analysis(analysis)
    if not recorded.gyroscope:
        screen.print(words.acceleration_only(analysis.counted), soft_wrap=True)
    screen.print(tables.total(analysis), style="bold", soft_wrap=True)
    if len(analysis.counted) != len(recorded.live.counted):
        screen.print(f"(live it was {len(recorded.live.counted)}; samples that came late are in their place now)")
    for said in recorded.health.warned:
        screen.print(f"warning: {said}", style="yellow", soft_wrap=True)
    screen.print(words.link_line(recorded.health), style="bright_black", soft_wrap=True)
    screen.print(f"Session: {recorded.folder}", soft_wrap=True)
