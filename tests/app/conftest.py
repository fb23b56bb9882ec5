"""The program as a person runs it, and sessions to run it on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from firmware_proto.motion import Recording
from imu.app.cli import app
from imu.app.person import perform
from imu.app.simulate import write_session
from imu.exercises import get_exercise

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., subprocess.CompletedProcess[str]]
Imu = Callable[..., Result]


@pytest.fixture
def run_imu(tmp_path: Path) -> Run:
    """Start the program in a process of its own, in an empty folder, and wait for it."""

    def run(*arguments: str | Path, code: str = "") -> subprocess.CompletedProcess[str]:
        start = f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code or 'pass'}; from imu.app.cli import main; main()"
        command = [sys.executable, "-c", start, *map(str, arguments)]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)

    return run


@pytest.fixture
def imu() -> Imu:
    """Run the program in this process; quicker, the same code."""

    def run(*arguments: str | Path) -> Result:
        return CliRunner().invoke(app, [str(one) for one in arguments])

    return run


@pytest.fixture(scope="session")
def performance() -> Recording:
    """Ten back extensions with set-up and step-off."""
    return perform(get_exercise("back-extension"), seed=1)


@pytest.fixture
def session(performance: Recording, tmp_path: Path) -> Path:
    """A synthetic session folder, not analysed yet."""
    return write_session(performance, get_exercise("back-extension"), tmp_path / "recordings")
