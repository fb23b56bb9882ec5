"""`kill -9` at any moment of a session's life: what was handed over is there, and everything opens."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from imu.app.analyze import rederive
from imu.errors import ImuError
from imu.sessions import Session, read_session
from imu.sessions.files import LEFTOVER_S

pytestmark = pytest.mark.skipif(not hasattr(os, "waitid"), reason="this system has no fork and waitid")
ROOT = Path(__file__).resolve().parents[2]
Kill = Callable[[int, int, int, Path], int]


@pytest.fixture
def kill(scripted: ModuleType) -> Iterator[Kill]:
    """Record the script of a seed into a folder, kill it some microseconds after a step; returns how many were done."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    server = subprocess.Popen(
        [sys.executable, "-W", "ignore::DeprecationWarning", str(scripted.__file__)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    asks, answers = server.stdin, server.stdout
    assert asks is not None
    assert answers is not None

    def one(seed: int, step: int, delay_us: int, out: Path) -> int:
        print(seed, step, delay_us, out, file=asks, flush=True)
        return int(answers.readline())

    yield one
    asks.close()
    assert server.wait(10) == 0
    answers.close()


@pytest.fixture
def room() -> Iterator[Path]:
    """Memory, if there is such a folder: a kill leaves the same on any disk, and two hundred sessions sync often."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder)


def life(scripted: ModuleType, kill: Kill, out: Path, seed: int) -> str:
    """One session, killed somewhere, and everything that must hold of it; returns how far it came."""
    steps, rng = scripted.script(seed), np.random.default_rng(seed)
    last = len(steps)
    moments = [(0, 4000), *[(int(rng.integers(1, last)), 500)] * 3, *[(last, 8000)] * 2, *[(last + 1, 8000)] * 2]
    step, longest_us = moments[seed % len(moments)]
    done = kill(seed, step, int(rng.integers(0, longest_us)), out)
    assert done >= step
    appended = [step for step in steps[:done] if step.what == "append"]
    folder = next(out.iterdir(), None) if out.exists() else None
    if folder is None:
        assert not appended
        return "before the folder"
    if not appended:
        opens_or_says_what_to_do(folder)
        return "before the first sample"
    session = read_session(folder)
    holds(scripted, session, steps, done)
    counts_again(session, folder)
    if seed % 5 == 0:
        another_one_works(scripted, out, folder)
    return "recording" if done < last else "closing" if done == last else "deriving" if done == last + 1 else "done"


def opens_or_says_what_to_do(folder: Path) -> None:
    """Nothing was recorded yet: it opens, or is an error that names the place and the mend."""
    for reading in (read_session, rederive):
        said = ""
        try:
            reading(folder)
        except ImuError as error:
            said = str(error)
        assert not said or (str(folder) in said and ("delete" in said or "Record again" in said)), said


def holds(scripted: ModuleType, session: Session, steps: list[Any], done: int) -> None:
    """Whatever was handed over is there, once and right; of the step that was cut off there may be a part."""
    begun = steps[: done + 1]
    must, may = scripted.numbers_in(steps[:done]), scripted.numbers_in(begun)
    index = session.samples.index
    assert must <= set(index.tolist()) <= may
    assert (np.diff(index) > 0).all()
    expected = scripted.of_index(index)
    np.testing.assert_allclose(session.samples.t_s, expected.t_s, atol=1e-6)
    np.testing.assert_allclose(session.samples.acc_mps2, expected.acc_mps2, atol=1e-5)
    np.testing.assert_allclose(session.samples.gyr_radps, expected.gyr_radps, atol=1e-6)
    told = scripted.events_in(begun)
    kept = [event.detail for event in session.events]
    assert kept == told[: len(kept)]
    assert len(kept) >= len(scripted.events_in(steps[:done]))
    updates = ["", *(f"number {s.first} " + "x" * 1000 for s in begun if s.what == "update")]
    assert session.header.notes in updates[-2:]
    assert len(session.reps) in (0, scripted.REPS)


def counts_again(session: Session, folder: Path) -> None:
    """It can be analysed, and what a replacement that was cut off left behind is gone some time later."""
    for leftover in folder.glob("*.tmp"):
        aged_s = leftover.stat().st_mtime - 2 * LEFTOVER_S
        os.utime(leftover, (aged_s, aged_s))
    if len(session.samples) < 52:
        opens_or_says_what_to_do(folder)
        return
    rederive(folder)
    again = read_session(folder)
    assert again.samples.index.tolist() == session.samples.index.tolist()
    names = {"session.json", "samples.csv", "events.csv", "reps.csv", "sets.csv"}
    assert {file.name for file in folder.iterdir()} == names


def another_one_works(scripted: ModuleType, out: Path, folder: Path) -> None:
    """The next session of the same second lies beside it and leaves it alone."""
    before = (folder / "samples.csv").read_bytes()
    steps = scripted.script(0, blocks=8)
    other = scripted.perform(out, steps, lambda _: None)
    assert other != folder
    holds(scripted, read_session(other), steps, len(steps))
    assert (folder / "samples.csv").read_bytes() == before


def lives(scripted: ModuleType, kill: Kill, room: Path, seeds: range) -> Counter[str]:
    return Counter(life(scripted, kill, room / str(seed), seed) for seed in seeds)


def test_a_session_killed_at_any_moment_opens_with_all_it_was_given(
    scripted: ModuleType, kill: Kill, room: Path
) -> None:
    stages = lives(scripted, kill, room, range(200))
    print(dict(stages))
    assert min(stages[stage] for stage in ("recording", "closing", "deriving")) > 10


@pytest.mark.slow
def test_a_thousand_sessions_killed(scripted: ModuleType, kill: Kill, room: Path) -> None:
    stages = lives(scripted, kill, room, range(1000, 2000))
    print(dict(stages))
    assert min(stages[stage] for stage in ("recording", "closing", "deriving")) > 100
