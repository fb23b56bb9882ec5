"""`imu plot` as a person runs it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from imu.errors import DataError, ImuError, StorageError, UsageError

Imu = Callable[..., Result]
Run = Callable[..., subprocess.CompletedProcess[str]]
EXAMPLES = Path(__file__).resolve().parents[2] / "recordings"


@pytest.fixture
def example(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLES / "example-no-gyroscope", tmp_path / "recordings" / "one"))


@pytest.mark.parametrize(("name", "mark"), [("a.png", b"\x89PNG"), ("a.SVG", b"<?xml"), ("a.pdf", b"%PDF")])
def test_a_picture_is_saved_as_its_name_says(imu: Imu, example: Path, tmp_path: Path, name: str, mark: bytes) -> None:
    done = imu("plot", example, "--figure", "top_hold", "--save", tmp_path / name)
    assert done.exit_code == 0, done.output
    assert (tmp_path / name).read_bytes().startswith(mark)
    assert "Top hold of each repetition (synthetic)" in done.output


def test_without_more_it_is_the_latest_session_s_angle_in_its_folder(
    imu: Imu, example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert imu("plot").exit_code == 0
    assert (example / "trace.png").read_bytes().startswith(b"\x89PNG")


def test_all_pictures_get_names_of_their_own(imu: Imu, example: Path, tmp_path: Path) -> None:
    assert imu("plot", example, "--figure", "all", "--save", tmp_path / "x.svg").exit_code == 0
    found = {path.name for path in tmp_path.glob("x-*.svg")}
    assert found >= {"x-trace.svg", "x-tempo.svg", "x-top-hold.svg", "x-link.svg", "x-ledger.svg"}
    assert "x-hold.svg" not in found, "nothing was held"


def test_a_folder_of_sessions_is_compared_and_the_broken_are_left_out_by_name(
    imu: Imu, example: Path, tmp_path: Path
) -> None:
    shutil.copytree(example, example.with_name("two"))
    shutil.copytree(example, example.with_name("torn"))
    (example.with_name("torn") / "session.json").write_text("{", encoding="utf-8")
    done = imu("plot", example.parent, "--save", tmp_path / "s.svg")
    assert done.exit_code == 0, done.output
    assert "left out" in done.output
    assert "torn" in done.output
    assert "2 sessions, from old to new" in (tmp_path / "s.svg").read_text(encoding="utf-8")


def test_the_list_names_every_picture(imu: Imu) -> None:
    listed = imu("plot", "--list").output
    assert all(f"\n{name} " in f"\n{listed}" for name in ("trace", "tempo", "ledger", "sessions"))


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (("--save", "a.jpg"), UsageError, r"a\.jpg.*\.png, \.svg, \.pdf"),
        (("--save", "picture"), UsageError, r"ends in one of"),
        (("--figure", "lumbar"), UsageError, r"no picture 'lumbar'; choose one of: trace"),
        (("--figure", "tempo", "--save", "not/there/a.png"), StorageError, r"--save"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    imu: Imu, example: Path, arguments: tuple[str, ...], error: type[ImuError], said: str
) -> None:
    done = imu("plot", example, *arguments)
    assert done.exit_code == error.exit_code
    assert re.search(said, done.output)


@pytest.mark.parametrize("command", ["plot", "report"])
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda f: _edit(f / "session.json", '"format": 1', '"format": 7'), r"session\.json.*format: 7"),
        (lambda f: (f / "samples.csv").write_bytes(b""), r"samples\.csv"),
        (lambda f: (f / "samples.csv").unlink(), r"no samples\.csv"),
        (lambda f: _edit(f / "samples.csv", "acc_y_mps2", "acc_why"), r"samples\.csv.*acc_y_mps2"),
    ],
    ids=["newer format", "killed at once", "half copied", "wrong column"],
)
def test_a_broken_session_says_which_and_what(
    imu: Imu, example: Path, command: str, spoil: Callable[[Path], object], said: str
) -> None:
    spoil(example)
    done = imu(command, example)
    assert done.exit_code == DataError.exit_code
    assert re.search(said, done.output)


def _edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_without_matplotlib_it_says_what_to_install(run_imu: Run) -> None:
    absent = "sys.modules['matplotlib'] = None"
    done = run_imu("report", code=absent)
    assert done.returncode == UsageError.exit_code
    assert done.stderr.startswith("error: Pictures need matplotlib")
    assert "imu-back-extension[plots]" in done.stderr
