"""The real program cut off: killed as by `kill -9`, or with a full disk. What it was given is in the folder."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import Result

from firmware_proto.motion import Recording
from imu.app.board import Board
from imu.app.display import Lines
from imu.app.follow import Follower
from imu.app.record import Plan, Recorder
from imu.errors import StorageError
from imu.exercises import get_exercise
from imu.model import Samples, SensorInfo
from imu.motion.pipeline import Pipeline
from imu.sessions import read_session

ROOT = Path(__file__).resolve().parents[2]
START = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from imu.app.cli import main; main()"
SENSOR = SensorInfo(family="native", model="BX", rate_hz=104.0)
LENGTH_S = 4.5
"""About how long the demo below records."""
Imu = Callable[..., Result]


def killed_demo(out: Path, after_s: float) -> Path:
    """Start the demo, kill it some time after its session was begun; returns the session."""
    command = [sys.executable, "-c", START, "demo", "--reps", "3", "--speed", "10", "--out", str(out)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as demo:
        while not list(out.glob("*/samples.csv")):
            assert demo.poll() is None
            time.sleep(0.01)
        time.sleep(after_s)
        os.kill(demo.pid, signal.SIGKILL)
    (folder,) = out.iterdir()
    return folder


def opens(folder: Path, imu: Imu) -> None:
    """It opens without a hole, and is analysed if there is anything in it."""
    session = read_session(folder)
    index = session.samples.index
    assert (np.diff(index) == 1).all()
    analysed = imu("analyze", folder)
    assert analysed.exit_code == 0 or len(index) < 52, analysed.output


@pytest.mark.parametrize("after_s", [1.5])
def test_a_killed_demo_leaves_a_session_that_can_be_analysed(tmp_path: Path, imu: Imu, after_s: float) -> None:
    opens(killed_demo(tmp_path, after_s), imu)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_demos_killed_at_random(tmp_path: Path, imu: Imu, seed: int) -> None:
    opens(killed_demo(tmp_path, float(np.random.default_rng(seed).uniform(0.0, LENGTH_S))), imu)


async def test_what_came_before_a_silence_is_forced_onto_the_disk_in_it(
    performance: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = Samples.measured(performance.t_s, performance.acc_mps2, performance.gyr_radps)
    exercise, force = get_exercise("back-extension"), os.fsync
    recorder = Recorder(tmp_path, Plan(exercise=exercise).header(SENSOR))
    sizes: list[int] = []
    forced = asyncio.Event()

    def noted(handle: int) -> None:
        force(handle)
        sizes.append(os.fstat(handle).st_size)
        forced.set()

    async def stream() -> AsyncIterator[Samples]:
        yield samples[:50]
        async with asyncio.timeout(30):
            await forced.wait()

    monkeypatch.setattr(os, "fsync", noted)
    board, pipeline = Board(exercise=exercise, sensor="BX-1"), Pipeline(exercise, rate_hz=SENSOR.rate_hz)
    await Follower(pipeline, board, Lines(board), sink=recorder).follow(stream())
    recorder.writer.discard()
    assert len(sizes) == 1
    assert sizes[0] > 50 * 50


def test_a_full_disk_ends_no_recording_but_is_told(
    small_disk: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    command = ("demo", "--reps", "3", "--speed", "20", "--out", tmp_path / "small" / "out")
    ran = small_disk("100k", "-c", START, *command)
    assert ran.returncode == StorageError.exit_code, ran.stderr
    assert "No space left on device" in ran.stderr
    assert "lines are not on the disk" in " ".join(ran.stderr.split())
    (folder,) = (tmp_path / "kept" / "out").iterdir()
    session = read_session(folder)
    assert session.warnings == ()
    assert len(session.samples) > 800
    assert (np.diff(session.samples.index) == 1).all()
