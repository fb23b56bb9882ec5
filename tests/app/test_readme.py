"""The commands the README promises are the ones that are run."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(shutil.which("bash") is None, reason="the script that runs all checks is for bash")
def test_ci_ends_with_the_readmes_test_command() -> None:
    shown = subprocess.run(["bash", ".ci/run", "--show"], cwd=ROOT, capture_output=True, text=True, check=True)
    command = shown.stdout.strip()
    assert command.splitlines() == [command], "one command, that a person can copy"
    assert command in (ROOT / "README.md").read_text(encoding="utf-8")
    assert "venv" in command
    assert command.split("&&")[-1].split()[0] == ".venv/bin/pytest"


@pytest.mark.skipif(shutil.which("bash") is None, reason="the script that runs all checks is for bash")
def test_ci_runs_the_readmes_demo_as_it_is_written_but_faster() -> None:
    shown = subprocess.run(["bash", ".ci/run", "--show-demo"], cwd=ROOT, capture_output=True, text=True, check=True)
    command = shown.stdout.strip()
    assert command.splitlines() == [command], "one command, that a person can copy"
    assert command.endswith("imu demo --speed 20")
    assert command.removesuffix(" --speed 20") in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
