"""The command line as a person meets it: help, mistakes, exit codes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from imu import __version__
from imu.sessions import read_session

ROOT = Path(__file__).resolve().parents[2]
Imu = Callable[..., Result]
Run = Callable[..., subprocess.CompletedProcess[str]]

COMMANDS = (
    "scan", "conform", "record", "demo", "analyze", "sessions", "plot", "report", "label", "evaluate", "replay",
    "simulate", "import",
)  # fmt: skip


def test_version(run_imu: Run) -> None:
    done = run_imu("--version")
    assert (done.returncode, done.stdout) == (0, f"imu {__version__}\n")


def test_help_names_every_command_and_where_to_start(run_imu: Run) -> None:
    done = run_imu("--help")
    assert done.returncode == 0
    assert all(command in done.stdout for command in COMMANDS)
    assert "<bool>" not in done.stdout
    assert "imu demo" in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command_has_an_example(imu: Imu, command: str) -> None:
    done = imu(command, "--help")
    assert done.exit_code == 0
    assert "Example" in done.output
    assert f"imu {command}" in done.output.split("Example", 1)[1]
    assert re.findall(r" --[a-z-]+ .*<[a-z ]+>", done.output) == []  # what an option takes is said in a word of ours


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("record", "--exercise", "squat"), 2, "There is no exercise 'squat'; choose one of: back-extension"),
        (("record", "--tempo", "3-1"), 2, "The tempo '3-1' has 2 parts instead of 4"),
        (("record", "--mount", "+y"), 2, "Name the axis towards the head"),
        (("record", "--mount", "+y,-y"), 2, "cannot both point along it"),
        (("record", "--exercise", "auto"), 2, "works afterwards, with imu analyze"),
        (("simulate", "--exercise", "hinge"), 2, "cannot be simulated; choose one of: back-extension"),
        (("analyze", "not-there"), 3, "not-there does not exist"),
        (("replay", "not-there"), 3, "not-there"),
        (("analyze", "."), 3, "holds no session and no recording"),
    ],
)
def test_a_mistake_gets_one_sentence_and_no_traceback(
    imu: Imu, arguments: tuple[str, ...], code: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = imu(*arguments)
    assert done.exit_code == code
    assert done.stderr.startswith("error: ")
    assert said in done.stderr
    assert done.stderr == done.output, "nothing else was said"
    assert list(tmp_path.iterdir()) == []


def test_verbose_shows_where_it_happened(run_imu: Run) -> None:
    done = run_imu("analyze", "not-there", "-v")
    assert done.returncode == 3
    assert "Traceback" in done.stderr
    assert "error: not-there does not exist" in done.stderr


def test_an_unknown_option_is_refused(imu: Imu) -> None:
    assert imu("record", "--weight", "3").exit_code == 2


@pytest.mark.skipif(sys.platform != "linux", reason="there is no such switch to take Bluetooth away")
@pytest.mark.parametrize("arguments", [("scan", "--timeout", "0.5"), ("record",)])
def test_without_bluetooth_it_says_so(
    run_imu: Run, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path / 'nobody'}")
    done = run_imu(*arguments)
    assert done.returncode == 4
    assert "Bluetooth" in done.stderr
    assert "imu demo" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "recordings").exists()


def test_the_demo_without_its_extra_says_what_to_install(run_imu: Run) -> None:
    done = run_imu("demo", code="sys.modules['bumble'] = None")
    assert done.returncode == 2
    assert "pip install 'imu-back-extension[demo]'" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_ctrl_c_ends_a_recording_and_keeps_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "imu.app.cli", "demo", "--speed", "10", "--out", str(tmp_path)]
    command += ["--load", "12.5", "--person", "anna"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, env=environment, **pipes) as running:  # type: ignore[call-overload]
        assert running.stdout is not None
        seen = [next(line for line in running.stdout if "rep   1" in line)]
        running.send_signal(signal.SIGINT)
        rest, trouble = running.communicate(timeout=60)
    assert running.returncode == 0, trouble
    assert "Session: " in rest, seen
    (folder,) = tmp_path.iterdir()
    session = read_session(folder)
    assert session.samples.t_s[-1] > 10
    assert (session.header.load_kg, session.header.person, session.header.synthetic) == (12.5, "anna", True)
    assert any(rep.rom_deg > 30 for rep in session.reps), "the repetition that was seen is in the ledger"
    assert "stopped" in [event.kind for event in session.events]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on a file's size")
def test_a_disk_that_fills_up_is_said_and_what_was_written_is_kept(run_imu: Run, tmp_path: Path) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))"
    done = run_imu("demo", "--speed", "20", "--reps", "3", code=limit)
    assert done.returncode == 5
    assert "could not be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert "3 reps in 1 set" in done.stdout
    (folder,) = (tmp_path / "recordings").iterdir()
    assert 1000 < len(read_session(folder).samples) < 4000


@pytest.mark.parametrize("command", ["demo", "simulate"])
def test_a_place_that_cannot_be_written_is_said_before_the_set_not_after(
    imu: Imu, tmp_path: Path, command: str
) -> None:
    (tmp_path / "afile").write_text("mine")
    done = imu(command, "--reps", "3", "--out", tmp_path / "afile/x")
    assert done.exit_code == 5
    assert "afile" in done.output
    assert "could not be written" in done.output
    assert "is kept" not in done.output, "there is nothing to keep"
    assert "Looking for" not in done.output
    assert "Nothing was received" not in done.output


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on a file's size")
def test_a_disk_without_room_for_the_session_s_head_ends_it_at_once(run_imu: Run, tmp_path: Path) -> None:
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))"
    done = run_imu("demo", "--speed", "20", "--reps", "3", code=limit)
    assert done.returncode == 5, done.stderr
    assert "session.json could not be written" in done.stderr
    assert "is kept" not in done.stderr, "there is nothing to keep"
    assert "Traceback" not in done.stderr
    assert "Nothing was received" not in done.stdout
    assert list((tmp_path / "recordings").iterdir()) == []
