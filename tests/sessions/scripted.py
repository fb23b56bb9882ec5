"""A session in which everything happens, written by the product's own recorder, and a server that kills it.

Run as a program it reads lines `SEED STEP DELAY_US FOLDER`, forks a child that records the script of that seed into
the folder, kills it, as `kill -9` does, the delay after so many of its steps, and answers how many were done then.
"""

from __future__ import annotations

import mmap
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from imu.app.analyze import rederive
from imu.app.record import Recorder
from imu.model import Analysis, Rep, Samples, SensorInfo, SetSummary, Verdict
from imu.sessions import SessionHeader

RATE_HZ = 104.0
REPS = 60


class Step(NamedTuple):
    """One call of the recorder: samples [first, first + n), an event, a change of the header, or a quiet moment."""

    what: str
    first: int = 0
    n: int = 0


def script(seed: int, blocks: int = 60) -> list[Step]:
    """Blocks of 1 to 25 samples; some come late, some twice, and other things happen on the way."""
    rng = np.random.default_rng(seed)
    stops = np.cumsum(rng.integers(1, 26, blocks)).tolist()
    appends = [Step("append", a, b - a) for a, b in zip([0, *stops], stops, strict=False)]
    due = np.arange(blocks) + np.where(rng.random(blocks) < 0.1, rng.integers(2, 20, blocks), 0)
    steps = [appends[k] for k in np.argsort(due, kind="stable")]
    for k in sorted(rng.integers(1, len(steps), 12).tolist(), reverse=True):
        steps[k:k] = [[Step("event", k), Step("update", k), Step("settle"), steps[k - 1]][k % 4]]
    return steps


def samples(step: Step) -> Samples:
    """What a step appends: every value follows from the sample's number."""
    return of_index(np.arange(step.first, step.first + step.n))


def of_index(index: np.ndarray) -> Samples:
    waves = np.sin(index[:, None] * (0.1 + 0.05 * np.arange(6)))
    return Samples.measured(
        index / RATE_HZ,
        2.0 * waves[:, :3] + (0.0, 9.0, 0.0),
        waves[:, 3:],
        index=index,
        arrival_s=index / RATE_HZ + 0.05,
    )


def numbers_in(steps: list[Step]) -> set[int]:
    """The numbers of the samples that these steps append."""
    return {number for s in steps if s.what == "append" for number in range(s.first, s.first + s.n)}


def events_in(steps: list[Step]) -> list[str]:
    """The details of the events among them."""
    return [f"number {s.first}" for s in steps if s.what == "event"]


def header() -> SessionHeader:
    sensor = SensorInfo(family="native", model="BX", rate_hz=RATE_HZ)
    return SessionHeader(exercise="back-extension", sensor=sensor, started_utc="2026-11-20T18:30:05Z")


def found_live() -> Analysis:
    """A ledger that takes some kilobytes."""
    reps = tuple(
        Rep(set=1, rep=k + 1, verdict=Verdict.COUNTED, start_s=3.0 * k, end_s=3.0 * k + 2.0) for k in range(REPS)
    )
    one = SetSummary(
        set=1, start_s=0.0, end_s=180.0, reps=REPS, rest_s=float("nan"), time_under_tension_s=120.0,
        mean_tempo="1.0-0.0-1.0-0.0", mean_rom_deg=80.0, mean_top_hold_s=0.0, lift_rate_loss_pct=0.0,
    )  # fmt: skip
    return Analysis(reps=reps, sets=(one,))


def perform(out: Path, steps: list[Step], done: Callable[[int], None]) -> Path | None:
    """Record a script, finish the session, and count it again; say after each step how many are done."""
    recorder = Recorder(out, header())
    for number, step in enumerate(steps, 1):
        if step.what == "append":
            recorder.append(samples(step))
        elif step.what == "event":
            recorder.event("marker", step.first / 10, f"number {step.first}")
        elif step.what == "update":
            recorder.writer.update(notes=f"number {step.first} " + "x" * 1000)
        else:
            recorder.settle()
        done(number)
    folder = recorder.close(found_live(), link={"received": 1})
    done(len(steps) + 1)
    if folder is not None:
        rederive(folder)
    done(len(steps) + 2)
    return folder


def serve() -> None:
    """Fork, wait, kill; the counter lies in memory that both share."""
    shared, ended = mmap.mmap(-1, 8), os.WEXITED | os.WNOHANG | os.WNOWAIT
    for line in sys.stdin:
        seed, step, delay_us, out = line.rstrip("\n").split(" ", 3)
        shared[:] = bytes(8)
        steps = script(int(seed))
        child = os.fork()
        if child == 0:
            perform(Path(out), steps, lambda n: shared.__setitem__(slice(None), n.to_bytes(8, "little")))
            os._exit(0)
        while int.from_bytes(shared[:], "little") < int(step) and not os.waitid(os.P_PID, child, ended):
            time.sleep(5e-5)
        time.sleep(int(delay_us) * 1e-6)
        os.kill(child, signal.SIGKILL)
        failed = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) > 0
        print(-1 if failed else int.from_bytes(shared[:], "little"), flush=True)


if __name__ == "__main__":
    serve()
