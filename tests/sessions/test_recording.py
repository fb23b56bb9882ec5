"""What may be analysed, and what a person is told about a file that may not."""

import contextlib
import csv
import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imu.errors import DataError
from imu.sessions import read_recording

HEAD = "t_s,acc_x_mps2,acc_y_mps2,acc_z_mps2,gyr_x_radps,gyr_y_radps,gyr_z_radps"
RNG = np.random.default_rng(7)
VALUES = np.column_stack([np.arange(200) / 100, RNG.normal((0, 0, 9.81), 0.1, (200, 3)), RNG.normal(0, 0.01, (200, 3))])


def text(values: np.ndarray = VALUES, head: str = HEAD) -> str:
    return "\n".join([head, *(",".join(f"{v:.6f}" for v in row) for row in values)]) + "\n"


def changed(row: int, column: int, value: float) -> np.ndarray:
    values = VALUES.copy()
    values[row, column] = value
    return values


def scaled(columns: slice, factor: float) -> np.ndarray:
    values = VALUES.copy()
    values[:, columns] *= factor
    return values


def write(folder: Path, content: str) -> Path:
    path = folder / "one.csv"
    path.write_text(content, newline="")
    return path


LINES = text().splitlines()
BROKEN = {
    "empty file": ("", r"one\.csv is empty"),
    "blank lines only": ("\n\n", r"is empty"),
    "header only": (HEAD + "\n", r"holds 0 samples"),
    "wrong header": (text(head="time,ax,ay,az,gx,gy,gz"), r"line 1: there is no column t_s \(found: time, ax"),
    "half a gyroscope": (text(head=HEAD.replace("gyr_y_radps", "gyr_q")), r"line 1: .*gyr_y_radps is not"),
    "column twice": (text(head=HEAD.replace("acc_y", "acc_x")), r"line 1: the column acc_x_mps2 appears twice"),
    "semicolons": (text().replace(",", ";"), r"line 1: .*not separated by commas"),
    "text in a number": ("\n".join([*LINES[:5], "0.04,x,1,1,1,1,1", *LINES[6:]]), r"line 6, column acc_x_mps2: 'x'"),
    "a cell too few": ("\n".join([*LINES[:5], "0.04,1,1,1,1,1", *LINES[6:]]), r"line 6: 6 cells where"),
    "decimal commas": ("\n".join([*LINES[:5], "0,04,1,1,1,1,1,1", *LINES[6:]]), r"line 6: 8 cells .*points"),
    "nan": (text(changed(9, 3, float("nan"))), r"line 11, column acc_z_mps2: .*delete such lines"),
    "infinity": (text(changed(9, 0, float("inf"))), r"line 11, column t_s"),
    "after a blank line": (text(changed(9, 3, float("nan"))).replace("\n", "\n\n", 1), r"line 12, column acc_z_mps2"),
    "stuck axis": (text(scaled(slice(2, 3), 0)), r"lines 2 to 201, column acc_y_mps2: it is 0 throughout"),
    "stuck gyroscope": (text(scaled(slice(4, 7), 0)), r"column gyr_x_radps: .*leave out the gyr_\* columns"),
    "time goes back": (text(changed(9, 0, 0.01)), r"line 11, column t_s: time goes back from 0\.080000 to 0\.010000 s"),
    "time stands still": (text(changed(9, 0, 0.08)), r"line 11, column t_s: 0\.080000 s is the time of the sample"),
    "time never moves": (text(scaled(slice(0, 1), 0)), r"column t_s: the times do not advance, all 200 are 0\.0"),
    "in g": (text(scaled(slice(1, 4), 1 / 9.81)), r"columns acc_\*: .*look like g, so convert"),
    "in counts": (text(scaled(slice(1, 4), 200)), r"columns acc_\*: .*look like counts"),
    "time in ms": (text(scaled(slice(0, 1), 1e3)), r"column t_s: the times are 10 s apart .*look like ms, so convert"),
    "time in us": (text(scaled(slice(0, 1), 1e6)), r"column t_s: .*look like us, so convert"),
    "time in ns": (text(scaled(slice(0, 1), 1e9)), r"column t_s: .*look like ns, so convert"),
    "time in days": (text(scaled(slice(0, 1), 1e-3)), r"column t_s: .*no rate .*; write the sensor's time in s"),
    "a hole of days": (text(VALUES + 2e5 * (np.arange(200) > 99)[:, None] * (np.arange(7) == 0)),
                       r"column t_s: .* 55\.56 h, more than the 48 h .*ends at 200001\.0"),
    "a knock beyond all sensors": (text(changed(9, 2, -2e4)), r"line 11, column acc_y_mps2: more than 10000 m/s2"),
    "a turn beyond all bodies": (text(changed(9, 5, 200)), r"line 11, column gyr_y_radps: more than 100 rad/s"),
    "numbers that overflow": (text(changed(9, 1, -1e300)), r"line 11, column acc_x_mps2: more than"),
    "in deg/s": (text(scaled(slice(4, 7), 5000)), r"columns gyr_\*: .*convert deg/s to rad/s"),
}  # fmt: skip


@pytest.mark.parametrize("fault", BROKEN)
def test_every_fault_is_named_with_its_place(tmp_path: Path, fault: str) -> None:
    content, message = BROKEN[fault]
    path = write(tmp_path, content)
    with pytest.raises(DataError, match=message) as caught:
        read_recording(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_sound_file_is_read_as_it_is(tmp_path: Path) -> None:
    recording = read_recording(write(tmp_path, text()))
    np.testing.assert_allclose(recording.samples.acc_mps2, VALUES[:, 1:4], atol=1e-6)
    assert recording.samples.gyr_radps is not None
    assert recording.rate_hz == pytest.approx(100.0)
    assert recording.header is None
    assert recording.warnings == ()


@pytest.mark.parametrize(
    "disguise",
    [
        lambda s: gzip.compress(s.encode()),
        lambda s: gzip.compress(s[:500].encode()) + gzip.compress(s[500:].encode()),
        lambda s: b"\xef\xbb\xbf" + s.encode(),
        lambda s: s.replace("\n", "\r\n").encode(),
        lambda s: s.replace(",", ", ").encode(),
        lambda s: (s + "\n \n").encode(),
    ],
    ids=["gzip", "two gzip members", "byte order mark", "windows line ends", "spaces", "blank lines at the end"],
)
def test_the_same_numbers_in_other_clothes(tmp_path: Path, disguise: object) -> None:
    path = tmp_path / "one.csv"
    path.write_bytes(disguise(text()))  # type: ignore[operator]
    np.testing.assert_array_equal(
        read_recording(path).samples.acc_mps2, read_recording(write(tmp_path, text())).samples.acc_mps2
    )


def test_no_gyroscope_and_columns_nobody_knows_are_fine(tmp_path: Path) -> None:
    rows = [",".join(line.split(",")[:4]) + ",a note" for line in LINES[1:]]
    recording = read_recording(write(tmp_path, "\n".join(["t_s,acc_x_mps2,acc_y_mps2,acc_z_mps2,note", *rows]) + "\n"))
    assert recording.samples.gyr_radps is None
    assert len(recording.samples) == 200


@pytest.mark.parametrize("keep", [1, 5, 20, 60])
def test_a_torn_last_line_is_cut_with_a_warning(tmp_path: Path, keep: int) -> None:
    recording = read_recording(write(tmp_path, text() + LINES[-1].replace("1.99", "2.00")[:keep]))
    assert len(recording.samples) == 200
    assert "line 202" in recording.warnings[0]


def test_a_gzip_file_that_ends_early_gives_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "one.csv.gz"
    path.write_bytes(gzip.compress(text().encode())[:-400])
    recording = read_recording(path)
    assert 0 < len(recording.samples) < 200
    assert any("gzip file ends early" in warning for warning in recording.warnings)


def test_damaged_gzip_is_named(tmp_path: Path) -> None:
    path = tmp_path / "one.csv.gz"
    path.write_bytes(b"\x1f\x8b" + b"nonsense" * 10)
    with pytest.raises(DataError, match="not a sound gzip file"):
        read_recording(path)


def test_bytes_that_are_no_text_are_a_wrong_header(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_bytes(bytes(range(256)) * 4)
    with pytest.raises(DataError, match="line 1"):
        read_recording(path)


def test_a_range_fault_is_a_warning(tmp_path: Path) -> None:
    recording = read_recording(write(tmp_path, text(scaled(slice(1, 4), 0.25))))
    assert "range setting may be wrong" in recording.warnings[0]


def test_a_tiny_example_with_a_constant_axis_is_fine(tmp_path: Path) -> None:
    path = write(tmp_path, "t_s,acc_x_mps2,acc_y_mps2,acc_z_mps2\n0,0,0,9.81\n0.01,0,0,9.80\n")
    assert len(read_recording(path).samples) == 2


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nothing\.csv does not exist"):
        read_recording(tmp_path / "nothing.csv")
    with pytest.raises(DataError, match=r"is no session: there is no samples\.csv"):
        read_recording(tmp_path)


def test_every_real_recording_is_read() -> None:
    root = os.environ.get("IMU_REAL_DATA")
    if not root:
        pytest.skip("IMU_REAL_DATA does not name a folder with real recordings")
    with (Path(root) / "manifest.csv").open(newline="") as file:
        recordings = [row["recording"] for row in csv.DictReader(file)]
    assert recordings
    for name in recordings:
        recording = read_recording(Path(root) / name)
        assert len(recording.samples) > 1
        assert recording.rate_hz > 0


def session_text(index: np.ndarray, t_s: np.ndarray) -> str:
    rows = zip(index, t_s, VALUES[index, 1:], strict=True)
    lines = (f"{i},{t:.6f},," + ",".join(f"{v:.6f}" for v in row) for i, t, row in rows)
    return "\n".join(["index,t_s,arrival_s," + HEAD.split(",", 1)[1], *lines]) + "\n"


@pytest.mark.parametrize("back_s", [0.0, 0.004, 0.4])
def test_a_session_whose_time_goes_back_a_little_is_read_without_the_late_samples(
    tmp_path: Path, back_s: float
) -> None:
    t = np.arange(200) / 100
    t[100:] -= 0.01 + back_s
    (tmp_path / "samples.csv").write_text(session_text(np.arange(200), t))
    recording = read_recording(tmp_path)
    assert (np.diff(recording.samples.t_s) > 0).all()
    assert len(recording.samples) == 200 - np.count_nonzero(t[100:] <= t[99])
    assert any("samples go back in time" in warning for warning in recording.warnings)


def test_a_session_whose_time_goes_back_far_is_refused_with_the_line(tmp_path: Path) -> None:
    t = np.arange(200) / 100
    t[100:] -= 0.8
    order = np.r_[np.arange(50, 200), np.arange(50)]  # in the file the first fifty came late
    (tmp_path / "samples.csv").write_text(session_text(order, t[order]))
    with pytest.raises(DataError, match=r"line 52, column t_s: time goes back from 0\.990000 to 0\.200000 s"):
        read_recording(tmp_path)


SESSION = session_text(np.arange(200), np.arange(200) / 100).splitlines()


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("\n".join([*LINES[:150], '1.49,0,0,9,0,0,"']) + "\n", "line 151"),
        ("\n".join([*LINES[:5], '0.04,"', *LINES[6:]]) + "\n" + "1,2,3\n" * 40_000, "line 6"),
        ('t_s,"' + "x" * 140_000 + "\n", "line 1"),
        ("\n".join([*SESSION[:5], SESSION[5].replace("4,", "1e300,", 1), *SESSION[6:]]), "line 6, column index"),
        ("\n".join([*SESSION[:5], "9" * 20 + SESSION[5][1:], *SESSION[6:]]), "line 6, column index"),
        ("\n".join([*SESSION[:5], "4.5" + SESSION[5][1:], *SESSION[6:]]), "line 6, column index"),
        (text(changed(9, 0, 1e300)), "line 11, column t_s"),
    ],
    ids=["quote at the end", "open quote, much text", "open quote in the header", "1e300", "20 digits", "4.5", "time"],
)  # fmt: skip
def test_text_that_is_no_table_is_named_with_its_line(tmp_path: Path, content: str, place: str) -> None:
    with pytest.raises(DataError, match=place):
        read_recording(write(tmp_path, content))


@given(
    flips=st.lists(st.tuples(st.integers(0, 3000), st.sampled_from(list(b'"",,\n\r.-e9 \x00\x0b\xff;'))), max_size=6),
    numbered=st.booleans(),
)
def test_whatever_bytes_are_damaged_it_is_read_or_refused_in_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, flips: list[tuple[int, int]], numbered: bool
) -> None:
    data = bytearray("\n".join([*(SESSION if numbered else LINES)[:60], ""]).encode())
    for place, byte in flips:
        data[place % len(data)] = byte
    path = tmp_path_factory.mktemp("damaged") / "one.csv"
    path.write_bytes(data)
    with contextlib.suppress(DataError):
        recording = read_recording(path)
        assert np.isfinite(recording.samples.acc_mps2).all()
        assert recording.rate_hz > 0
