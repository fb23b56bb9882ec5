"""`imu sessions`: what is in the folder, and what is wrong with it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

import imu as package
from imu.app.sessions import in_lines
from imu.errors import DataError
from imu.review.listing import find_sessions, latest_session

Imu = Callable[..., Result]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two sessions of which the second is newer, one without results, and two broken ones."""
    for name in ("old", "new", "bare", "headless"):
        shutil.copytree(ROOT / "recordings" / "example-back-extension", tmp_path / name)
    _edit(tmp_path / "old", started_utc="2026-01-02T08:00:00.000Z", load_kg=10)
    _edit(tmp_path / "new", started_utc="2026-03-04T08:00:00.000Z", synthetic=False)
    _edit(tmp_path / "bare", started_utc="2026-02-03T08:00:00.000Z")
    (tmp_path / "bare" / "sets.csv").unlink()
    (tmp_path / "headless" / "session.json").write_text("{", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "session.json").write_bytes((tmp_path / "new" / "session.json").read_bytes())
    return tmp_path


def _edit(folder: Path, **keys: object) -> None:
    file = folder / "session.json"
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | keys), encoding="utf-8")


def test_the_newest_is_first_and_the_broken_are_named(imu: Imu, folder: Path) -> None:
    shown = imu("sessions", folder)
    assert shown.exit_code == 0
    lines = shown.output.splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["new", "bare", "old"]
    assert "2 x 4 " in lines[1]
    assert "synthetic" not in lines[1]
    assert "not analysed yet" in lines[2]
    assert "10 kg" in lines[3]
    rest = " ".join(lines[4:])
    assert "headless" in rest
    assert "no samples.csv" in rest


def test_a_long_name_is_not_broken_and_a_lost_head_says_what_to_do(imu: Imu, folder: Path) -> None:
    long = "20261121T092536Z_" + "trap-bar-deadlift-2" * 2
    (folder / "new").rename(folder / long)
    (folder / "headless" / "session.json").unlink()
    shown = imu("sessions", folder)
    assert long in shown.output.split()
    assert f"imu analyze {folder / 'headless'} --exercise NAME" in shown.output


def test_a_narrow_terminal_breaks_no_word(folder: Path) -> None:
    shown = in_lines([one for one in find_sessions(folder) if not one.problem], folder).splitlines()
    assert shown[0] == "new"
    assert "back-extension  2 x 4" in shown[1]


def test_a_recording_cut_off_before_its_first_sample_is_not_the_latest(folder: Path) -> None:
    (folder / "new" / "samples.csv").write_bytes(b"")
    assert latest_session(folder).name == "bare"
    assert "samples.csv is empty" in next(one.problem for one in find_sessions(folder) if one.path.name == "new")


def test_the_list_is_a_table_for_programs(imu: Imu, folder: Path) -> None:
    rows = json.loads(imu("sessions", folder, "--json").output)
    assert [row["reps"] for row in rows][:3] == [8, None, 8]
    table = package.list_sessions(folder)
    assert list(table["path"].map(lambda path: path.name))[:3] == ["new", "bare", "old"]
    assert (table["problem"] != "").sum() == 2


def test_the_latest_is_the_newest_that_can_be_read(folder: Path, tmp_path: Path) -> None:
    assert latest_session(folder).name == "new"
    (tmp_path / "nothing").mkdir()
    with pytest.raises(DataError, match="imu demo"):
        latest_session(tmp_path / "nothing")


def test_no_sessions_and_no_folder(imu: Imu, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    assert "imu demo" in imu("sessions", tmp_path / "nothing").output
    gone = imu("sessions", tmp_path / "gone")
    assert gone.exit_code != 0
    assert "is no folder" in str(gone.output) + str(gone.exception)
