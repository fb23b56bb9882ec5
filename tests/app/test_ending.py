"""A recording ended from outside: the program as a process, a signal, and what is left of it."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from imu.sessions import Session, read_session

ROOT = Path(__file__).resolve().parents[2]
START = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from imu.app.cli import main; main()"
DEMO = [sys.executable, "-c", START, "demo", "--reps", "20", "--speed", "4", "--out", "."]
PATIENCE_S = 90.0


def until_it_records(folder: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until some seconds of samples are on the disk."""
    deadline_s = time.monotonic() + PATIENCE_S
    while sum(file.stat().st_size for file in folder.glob("*/samples.csv")) < 50_000:
        assert process.poll() is None, "it ended by itself"
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def assert_complete(folder: Path) -> Session:
    """All that belongs to a session is there, in order, and the sensor was stopped."""
    (one,) = folder.glob("*_back-extension")
    session = read_session(one)
    assert not session.warnings
    index = session.samples.index
    assert list(index) == list(range(len(index)))
    assert len(index) > 300
    assert (one / "reps.csv").is_file()
    assert (one / "sets.csv").is_file()
    assert session.header.link["state"] == "stopped"
    assert "stopped" in [event.kind for event in session.events]
    return session


def test_who_is_told_to_terminate_ends_as_by_ctrl_c(tmp_path: Path) -> None:
    with subprocess.Popen(DEMO, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        until_it_records(tmp_path, process)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, b"Traceback" in err) == (0, False), err.decode()
    assert b"Session: " in out
    assert_complete(tmp_path)


def test_a_terminal_that_is_closed_ends_a_recording_and_all_of_it_is_kept(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", f"import os; os.login_tty({theirs}); " + START, *DEMO[3:]]
    with subprocess.Popen(
        command, cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs, pass_fds=[theirs], start_new_session=True
    ) as process:
        os.close(theirs)
        os.set_blocking(ours, False)
        drain(ours, until=lambda: sum(f.stat().st_size for f in tmp_path.glob("*/samples.csv")) > 50_000)
        os.close(ours)
        while process.poll() is None:  # a shell says it, too, while the recording is being ended
            time.sleep(0.3)
            process.send_signal(signal.SIGHUP)
        assert process.returncode == 0
    assert_complete(tmp_path)


def drain(terminal: int, until: Callable[[], bool]) -> None:
    """Read what is drawn, as a terminal does: nobody can write to one that does not."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not until():
        assert time.monotonic() < deadline_s
        with contextlib.suppress(BlockingIOError):
            os.read(terminal, 65536)
        time.sleep(0.01)
