"""`imu replay`: a recording through the live view, block by block as a sensor would have sent it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np

from imu.app import console, tables, words
from imu.app.board import Board
from imu.app.display import display_for
from imu.app.follow import End, Follower
from imu.exercises import Exercise
from imu.link import LinkEvent
from imu.model import Samples
from imu.motion.pipeline import MotionParams, Pipeline
from imu.review.settings import Wishes, settings_for
from imu.sessions import Recording, read_recording

BLOCK_S = 0.1
"""What a sensor sends at once."""
LONGEST_WAIT_S = 3.0
"""A hole in a recording is not sat through."""


def command(path: Path, *, speed: float, exercise: Exercise | None) -> None:
    """Play a recording.

    Raises:
        DataError: It cannot be read.
    """
    recording = read_recording(path)
    notes = settings_for(recording, Wishes(exercise=exercise)).notes
    for warning in (*recording.warnings, *notes):
        console.err().print(f"note: {warning}", style="yellow", soft_wrap=True)
    end = asyncio.run(play(recording, speed=speed, exercise=exercise))
    console.out().print(f"{path}: {tables.total(end.analysis)}", style="bold", soft_wrap=True)
    if end.interrupted:
        raise KeyboardInterrupt


async def play(recording: Recording, *, speed: float, exercise: Exercise | None = None) -> End:
    """Send a recording through the live view; `speed` times as fast as it was."""
    settings = settings_for(recording, Wishes(exercise=exercise))
    header = recording.header
    board = Board(
        exercise=settings.exercise,
        sensor=f"replay of {recording.path.name}",
        load_kg=header.load_kg if header else None,
        synthetic=header.synthetic if header else False,
    )
    pipeline = Pipeline(
        settings.exercise,
        rate_hz=settings.rate_hz,
        gyroscope=recording.samples.gyr_radps is not None,
        mount=settings.mount,
        straight_line_deg=settings.straight_line_deg,
        calibrations=settings.calibrations,
        marked=settings.said.marked,
        tempos=settings.said.tempos,
        params=MotionParams(min_set_reps=settings.min_set_reps),
    )
    with display_for(board) as display:
        return await Follower(pipeline, board, display).follow(_blocks(recording.samples, speed))


async def _blocks(samples: Samples, speed: float) -> AsyncIterator[Samples | LinkEvent]:
    """Cut a recording into blocks and hand each out when its last sample would have come; long holes are cut short."""
    start, first_s = time.monotonic(), float(samples.t_s[0])
    edges = np.flatnonzero(np.diff(np.floor((samples.t_s - first_s) / BLOCK_S))) + 1
    for begin, end in zip(np.r_[0, edges], np.r_[edges, len(samples)], strict=True):
        due = start + (float(samples.t_s[end - 1]) - first_s) / speed
        wait_s = max(due - time.monotonic(), 0.0)
        if wait_s > LONGEST_WAIT_S:
            before_s = float(samples.t_s[max(begin - 1, 0)])
            hole = words.clock(float(samples.t_s[begin]) - before_s)
            yield LinkEvent(
                kind="skipped", t_s=before_s, detail=f"Nothing was recorded for {hole}; replay goes on after a moment."
            )
            start -= wait_s - LONGEST_WAIT_S
            wait_s = LONGEST_WAIT_S
        await asyncio.sleep(wait_s)
        yield samples[begin:end]
