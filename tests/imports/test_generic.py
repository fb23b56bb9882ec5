"""Tables of any make: units are checked, and every fault names its place and its mend."""

from __future__ import annotations

import contextlib
import io
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from firmware_proto.motion import Recording
from imu.app.cli import app
from imu.app.person import perform
from imu.errors import DataError
from imu.exercises import get_exercise
from imu.imports import open_bundle
from imu.model import G_MPS2
from imu.sessions import read_session

COLUMNS = "t=clock,ax=a1,ay=a2,az=a3,gx=w1,gy=w2,gz=w3"
HEAD = "clock,note,a1,a2,a3,w1,w2,w3"


@pytest.fixture(scope="session")
def lines() -> list[str]:
    """Three repetitions in ms, g and deg/s."""
    recording: Recording = perform(get_exercise("back-extension"), reps=3, seed=2)
    assert recording.gyr_radps is not None
    numbers = np.column_stack(
        [recording.t_s * 1000, recording.acc_mps2 / G_MPS2, np.rad2deg(recording.gyr_radps)]
    ).tolist()
    return [",".join([f"{row[0]:.3f}", "ok", *(f"{one:.5f}" for one in row[1:])]) for row in numbers]


def run(tmp_path: Path, lines: list[str], *options: str) -> Result:
    file = tmp_path / "log.csv"
    file.write_text("\n".join([HEAD, *lines]) + "\n", encoding="utf-8")
    return CliRunner().invoke(app, ["import", str(file), "--out", str(tmp_path / "out"), *options])


def refused(tmp_path: Path, lines: list[str], *options: str, code: int = 3) -> str:
    result = run(tmp_path, lines, *options)
    assert result.exit_code == code, result.output
    assert not (tmp_path / "out").exists(), "nothing is written of what cannot be believed"
    return " ".join(result.output.split())


def test_told_columns_and_units_are_enough(lines: list[str], tmp_path: Path) -> None:
    result = run(tmp_path, lines, "--columns", COLUMNS, "--units", "g,dps,ms", "--person", "p07", "--load", "5")
    assert result.exit_code == 0, result.output
    (folder,) = (tmp_path / "out").iterdir()
    session = read_session(folder)
    assert [one.reps for one in session.sets] == [3]
    assert (session.header.person, session.header.load_kg) == ("p07", 5.0)
    assert "The time of day is that of the import" in session.header.notes


@pytest.mark.parametrize(
    ("units", "said"),
    [
        ("ms,dps", "--units g"),
        ("ms,mg,dps", "--units g"),
        ("ms,g,rad/s", "--units dps"),
        ("ms,g,mdps", "--units dps"),
        ("g,dps", "--units ms"),
    ],
)
def test_a_wrong_unit_is_refused_and_the_right_one_named(
    lines: list[str], tmp_path: Path, units: str, said: str
) -> None:
    assert said in refused(tmp_path, lines, "--columns", COLUMNS, "--units", units)


def changed(lines: list[str], row: int, column: int, text: str) -> list[str]:
    cells = lines[row].split(",")
    cells[column] = text
    return [*lines[:row], ",".join(cells), *lines[row + 1 :]]


@pytest.mark.parametrize(
    ("column", "text", "said"),
    [
        (2, "fast", "line 102, column a1: 'fast' is not a number"),
        (5, "", "line 102, column w1: there is no number"),
        (0, "1.0", "line 102, column clock: time runs backwards"),
        (7, "1,2", "line 102: 9 cells where the header has 8"),
    ],
)
def test_damage_is_named_with_its_place(lines: list[str], tmp_path: Path, column: int, text: str, said: str) -> None:
    damaged = changed(lines, 100, column, text)
    assert said in refused(tmp_path, damaged, "--columns", COLUMNS, "--units", "ms,g,dps")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "none of the formats"),
        (("--format", "phyphox"), "is not what --format phyphox writes"),
    ],
)
def test_files_of_another_format_are_refused(
    lines: list[str], tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    assert said in refused(tmp_path, lines, *options)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--format", "excel"), "choose one of: auto, sensor-logger"),
        (("--format", "csv"), "needs the names of the columns"),
        (("--units", "g"), "belong together"),
        (("--columns", "t=clock,ax=a1,ay=a2"), "az is missing"),
        (("--columns", COLUMNS + ",q=w3"), "'q' is none of the columns"),
        (("--columns", COLUMNS + ",t=w3"), "one is twice"),
        (("--columns", COLUMNS, "--units", "g,mg"), "two units of one kind"),
        (("--columns", COLUMNS, "--units", "stone"), "'stone' is no unit"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(
    lines: list[str], tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    assert said in refused(tmp_path, lines[:100], *options, code=2)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ("t=when,ax=a1,ay=a2,az=a3", "there is no column when (found: clock, note, a1"),
        ("t=note,ax=a1,ay=a2,az=a3", "column note: 'ok' is not a number"),
    ],
)
def test_columns_that_are_not_there_are_named(lines: list[str], tmp_path: Path, columns: str, said: str) -> None:
    assert said in refused(tmp_path, lines, "--columns", columns, "--units", "ms,g")


def test_linear_acceleration_is_refused(lines: list[str], tmp_path: Path) -> None:
    free = [",".join([*line.split(",")[:2], "0.01", "0.02", "0.01", "1", "2", "3"]) for line in lines]
    assert "gravity seems to be taken out" in refused(tmp_path, free, "--columns", COLUMNS, "--units", "ms,g,dps")


def test_a_broken_zip_is_said(tmp_path: Path) -> None:
    (tmp_path / "log.zip").write_bytes(b"PK\x03\x04 and no more")
    result = CliRunner().invoke(app, ["import", str(tmp_path / "log.zip"), "--out", str(tmp_path / "out")])
    assert result.exit_code == 3
    assert "not a sound zip file" in " ".join(result.output.split())


@given(st.binary(min_size=1, max_size=60), st.floats(0, 1), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255))))
def test_a_zip_cut_or_damaged_anywhere_is_read_or_said(
    content: bytes, cut: float, flips: list[tuple[float, int]]
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("log.csv", content)
    data = bytearray(packed.getvalue())
    for place, value in flips:
        data[round(place * (len(data) - 1))] = value
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "log.zip"
        file.write_bytes(data[: round(cut * len(data))])
        with contextlib.suppress(DataError):
            bundle = open_bundle(file)
            for member in bundle.members:
                bundle.head(member), bundle.whole(member)


def test_a_phone_that_gives_gravity_the_other_sign_is_counted_all_the_same(lines: list[str], tmp_path: Path) -> None:
    cells = [line.split(",") for line in lines]
    turned = [",".join([*row[:2], *(f"{-float(one):.5f}" for one in row[2:5]), *row[5:]]) for row in cells]
    result = run(tmp_path, turned, "--columns", COLUMNS, "--units", "ms,g,dps")
    assert result.exit_code == 0, result.output
    (folder,) = (tmp_path / "out").iterdir()
    assert [one.reps for one in read_session(folder).sets] == [3]


def test_axes_that_do_not_fit_together_are_said(lines: list[str], tmp_path: Path) -> None:
    swapped = COLUMNS.replace("gx=w1", "gx=w2").replace("gy=w2", "gy=w1").replace("gy=w1,gz=w3", "gy=w3,gz=w1")
    result = run(tmp_path, lines, "--columns", swapped, "--units", "ms,g,dps")
    assert "does not turn as gravity does" in result.output


def test_packets_whose_samples_share_a_time_are_spread(lines: list[str], tmp_path: Path) -> None:
    cells = [line.split(",", 1) for line in lines]
    packed = [f"{cells[min(i // 4 * 4 + 3, len(cells) - 1)][0]},{rest}" for i, (_, rest) in enumerate(cells)]
    result = run(tmp_path, packed, "--columns", COLUMNS, "--units", "ms,g,dps")
    assert result.exit_code == 0, result.output
    (folder,) = (tmp_path / "out").iterdir()
    session = read_session(folder)
    assert [one.reps for one in session.sets] == [3]
    told_s = np.array([float(first) for first, _ in cells]) / 1000
    assert np.abs(session.samples.t_s + told_s[0] - told_s)[:-4].max() < 0.02


def test_every_sample_at_one_time_is_no_recording(lines: list[str], tmp_path: Path) -> None:
    stopped = ["7," + line.split(",", 1)[1] for line in lines]
    assert "all samples share one time" in refused(tmp_path, stopped, "--columns", COLUMNS, "--units", "ms,g,dps")


@pytest.mark.parametrize(
    ("column", "text", "said"),
    [(3, "9000", "its sample 101, "), (6, "90000", "its sample 101, ")],
)
def test_a_number_beyond_any_body_is_named(lines: list[str], tmp_path: Path, column: int, text: str, said: str) -> None:
    damaged = changed(lines, 100, column, text)
    assert said in refused(tmp_path, damaged, "--columns", COLUMNS, "--units", "ms,g,dps")


def test_an_axis_that_never_moves_is_named(lines: list[str], tmp_path: Path) -> None:
    dead = [",".join([*line.split(",")[:7], "0"]) for line in lines]
    assert "axis z has one value throughout" in refused(tmp_path, dead, "--columns", COLUMNS, "--units", "ms,g,dps")


@pytest.mark.parametrize(("count", "said"), [(0, "holds 0 samples"), (15, "holds 15 samples"), (25, "is shorter than")])
def test_too_little_is_no_recording(lines: list[str], tmp_path: Path, count: int, said: str) -> None:
    assert said in refused(tmp_path, lines[:count], "--columns", COLUMNS, "--units", "ms,g,dps")
