"""One simulated performance, written as each program writes it, comes back with its exact count."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from firmware_proto.motion import Recording
from imu.app.cli import app
from imu.app.person import perform
from imu.exercises import get_exercise
from imu.imports import FORMATS
from imu.model import G_MPS2, Floats
from imu.sessions import Session, read_session

NOON_S = 1_794_000_000.0
"""An instant in November 2026, seconds since 1970."""
REPS = 5
Write = Callable[[Path, Recording], Path]


@pytest.fixture(scope="session")
def performed() -> Recording:
    return perform(get_exercise("back-extension"), reps=REPS, seed=1)


def gyroscope_of(recording: Recording, rate_hz: float, late_s: float) -> tuple[Floats, Floats]:
    """The gyroscope as a stream of its own: another rate, another beginning."""
    assert recording.gyr_radps is not None
    t_s = np.arange(recording.t_s[0] + late_s, recording.t_s[-1], 1.0 / rate_hz)
    return t_s, np.column_stack([np.interp(t_s, recording.t_s, axis) for axis in recording.gyr_radps.T])


def table(path: Path, head: str, columns: list[Floats], form: str) -> None:
    rows = (form % tuple(row) for row in np.column_stack(columns).tolist())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")


def sensor_logger(folder: Path, recording: Recording) -> Path:
    streams = {
        "TotalAcceleration": (recording.t_s, recording.acc_mps2),
        "Gyroscope": gyroscope_of(recording, 97.0, 0.3),
        "Accelerometer": (recording.t_s, recording.acc_mps2 * 0.01),
    }
    for name, (t_s, values) in streams.items():
        table(folder / f"{name}.csv", "time,seconds_elapsed,z,y,x", [(NOON_S + t_s) * 1e9, t_s, *values.T[::-1]],
              "%.0f,%.6f,%.6f,%.6f,%.6f")  # fmt: skip
    (folder / "Metadata.csv").write_text("version,device name,platform\n3,Pixel 9,android\n", encoding="utf-8")
    return folder


def sensor_logger_zip(folder: Path, recording: Recording) -> Path:
    return zipped(sensor_logger(folder / "unzipped", recording), folder / "one.zip")


def zipped(folder: Path, target: Path) -> Path:
    with zipfile.ZipFile(target, "w") as archive:
        for one in folder.rglob("*.csv"):
            archive.write(one, one.relative_to(folder).as_posix())
    return target


def phyphox(folder: Path, recording: Recording) -> Path:
    source, form = folder / "unzipped", "%.9E,%.9E,%.9E,%.9E"
    head = '"Time (s)","{0} x ({1})","{0} y ({1})","{0} z ({1})"'
    t_s, turned = gyroscope_of(recording, 200.0, 0.05)
    acc = [recording.t_s, *recording.acc_mps2.T]
    table(source / "Accelerometer.csv", head.format("Acceleration", "m/s^2"), acc, form)
    table(source / "Gyroscope.csv", head.format("Gyroscope", "rad/s"), [t_s, *turned.T], form)
    for name, text in {
        "device": 'property,value\ndeviceModel,"iPhone17,1"\n',
        "time": f'"event","experiment time","system time"\nSTART,0.0,{NOON_S}\n',
    }.items():
        (source / "meta").mkdir(exist_ok=True)
        (source / "meta" / f"{name}.csv").write_text(text, encoding="utf-8")
    return zipped(source, folder / "phyphox.zip")


def phyphox_with_decimal_commas(folder: Path, recording: Recording) -> Path:
    file = folder / "Raw Data.csv"
    head = '"Time (s)";"Acceleration x (m/s^2)";"Acceleration y (m/s^2)";"Acceleration z (m/s^2)"'
    table(file, "HEAD", [recording.t_s, *recording.acc_mps2.T], "%.9E;%.9E;%.9E;%.9E")
    file.write_text(file.read_text().replace(".", ",").replace("HEAD", head), encoding="utf-8")
    return file


def metabase(folder: Path, recording: Recording) -> Path:
    t_s, turned = gyroscope_of(recording, 50.0, 0.1)
    for name, t, values, unit in (
        ("Accelerometer_100.000Hz", recording.t_s, recording.acc_mps2 / G_MPS2, "g"),
        ("Gyroscope_50.000Hz", t_s, np.rad2deg(turned), "deg/s"),
    ):
        file = folder / f"set_MetaWear_2026-11-20T18.30.05.270_C42732BE255C_{name}_1.4.4.csv"
        head = f"epoch (ms),time (01:00),elapsed (s),x-axis ({unit}),y-axis ({unit}),z-axis ({unit})"
        table(file, head, [(NOON_S + t) * 1e3, t - t[0], *values.T], "%.0f,2026-11-20T18:30:05,%.3f,%.4f,%.4f,%.4f")
    return folder


def polar(folder: Path, recording: Recording) -> Path:
    file = folder / "Polar_H10_12345678_20261120183005_ACC.txt"
    head = "Phone timestamp;sensor timestamp [ns];X [mg];Y [mg];Z [mg]"
    columns = [599e6 * 1e9 + recording.t_s * 1e9, *(recording.acc_mps2.T / G_MPS2 * 1000)]
    table(file, head, columns, "2026-11-20T18:30:05.123;%.0f;%.0f;%.0f;%.0f")
    return file


def polar_with_gyroscope(folder: Path, recording: Recording) -> Path:
    t_s, turned = gyroscope_of(recording, 52.0, 0.1)
    head = "Phone timestamp;sensor timestamp [ns];X [dps];Y [dps];Z [dps]"
    form = "2026-11-20T18:30:05.123;%.0f;%.4f;%.4f;%.4f"
    columns = [599e6 * 1e9 + t_s * 1e9, *np.rad2deg(turned).T]
    table(folder / "Polar_Sense_12345678_20261120183005_GYRO.txt", head, columns, form)
    return polar(folder, recording).parent


def dot(folder: Path, recording: Recording) -> Path:
    assert recording.gyr_radps is not None
    file = folder / "DOT_2.csv"
    about = "sep=,\nDeviceTag:,2,,,\nStartTime:,2026-11-06 22:20:00.000 +0100,,,\n\n"
    head = about + "PacketCounter,SampleTimeFine,Acc_X,Acc_Y,Acc_Z,Gyr_X,Gyr_Y,Gyr_Z,"
    n, ticks = np.arange(len(recording.t_s)), np.mod(2.0**32 - 5e6 + np.round(recording.t_s * 1e6), 2.0**32)
    table(file, head, [n, ticks, *recording.acc_mps2.T, *np.rad2deg(recording.gyr_radps).T],
          "%d, %.0f, %.5f, %.5f, %.5f, %.5f, %.5f, %.5f, ")  # fmt: skip
    return file


def packed(t_ms: Floats, values: Floats, of: int) -> str:
    """Lines in packets, of whose samples only the first has a time."""
    rows = zip(t_ms.tolist(), values.tolist(), strict=True)
    return "".join(
        f"{f'{at:.0f}' if k % of == 0 else ''},{x:.7f},{y:.7f},{z:.7f}\n" for k, (at, (x, y, z)) in enumerate(rows)
    )


def movesense(folder: Path, recording: Recording) -> Path:
    """The app on iOS: a file each, and a packet of each lost on the way."""
    t_s, turned = gyroscope_of(recording, 52.0, 0.04)
    named = f"{datetime.fromtimestamp(NOON_S, UTC):%Y%m%dT%H%M%SZ}_174630000192"
    folder.mkdir()
    for kind, t, values in (("acc", recording.t_s, recording.acc_mps2), ("gyro", t_s, np.rad2deg(turned))):
        lines = packed(1000 * t + 599_025_000, values, 4).splitlines(keepends=True)
        text = "".join(["timestamp,x,y,z\n", *lines[:400], *lines[404:]])
        (folder / f"{named}_{kind}_stream.csv").write_text(text, encoding="utf-8")
    return folder


def movesense_on_android(folder: Path, recording: Recording) -> Path:
    """One file, whose header names what is not in it."""
    assert recording.gyr_radps is not None
    file = folder / "174630000192_ImuActivity.csv"
    columns = [1000 * recording.t_s + 158_319, *recording.acc_mps2.T, *np.rad2deg(recording.gyr_radps).T]
    head = "Timestamp,AccX,AccY,AccZ,GyroX,GyroY,GyroZ,MagnX,MagnY,MagnZ"
    table(file, head, columns, "%.0f,%.6f,%.6f,%.6f,%.6f,%.6f,%.6f")
    return file


def movesense_with_decimal_commas(folder: Path, recording: Recording) -> Path:
    file = movesense_on_android(folder, recording)
    file.write_text(file.read_text().replace(".", ","), encoding="utf-8")
    return file


def movesense_converted(folder: Path, recording: Recording) -> Path:
    """A sensor's own log: the time of day stands where columns have names."""
    assert recording.gyr_radps is not None
    noon = f"{datetime.fromtimestamp(NOON_S, UTC):%Y-%m-%d %H:%M:%S}.000"
    for kind, values in (("Acc", recording.acc_mps2), ("Gyro", np.rad2deg(recording.gyr_radps))):
        head = f"Timestamp_ms,X,Y,Z,RelativeTime,12.345,UTC,{noon}"
        columns = [1000 * recording.t_s + 12_345, *values.T]
        table(folder / f"log_1_MeasIMU6_{kind}.csv", head, columns, "%d,%.6f,%.6f,%.6f")
    return folder


def imported(path: Path, out: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["import", str(path), "--out", str(out), *options])


def session_of(result: Result, out: Path) -> Session:
    assert result.exit_code == 0, result.output
    (folder,) = out.iterdir()
    return read_session(folder)


WRITERS: dict[str, tuple[Write, str, bool]] = {
    "sensor-logger": (sensor_logger, "Pixel 9", True),
    "sensor-logger zip": (sensor_logger_zip, "Pixel 9", True),
    "phyphox": (phyphox, "iPhone17,1", True),
    "phyphox commas": (phyphox_with_decimal_commas, "phone", False),
    "metabase": (metabase, "MbientLab MetaMotion", True),
    "polar": (polar, "Polar H10", False),
    "polar gyroscope": (polar_with_gyroscope, "Polar H10", True),
    "dot": (dot, "Xsens / Movella DOT", True),
    "movesense": (movesense, "Movesense", True),
    "movesense android": (movesense_on_android, "Movesense", True),
    "movesense commas": (movesense_with_decimal_commas, "Movesense", True),
    "movesense converted": (movesense_converted, "Movesense", True),
}


@pytest.mark.parametrize("name", WRITERS)
def test_the_count_is_exact(name: str, performed: Recording, tmp_path: Path) -> None:
    write, model, gyroscope = WRITERS[name]
    out = tmp_path / "out"
    result = imported(write(tmp_path / "in", performed), out)
    session = session_of(result, out)
    assert [one.reps for one in session.sets] == [REPS], result.output
    assert (session.header.sensor.model, session.header.sensor.has_gyroscope) == (model, gyroscope)
    assert not session.header.synthetic
    assert "Imported from" in session.header.notes
    assert "At rest |acc| is 9." in session.header.notes
    assert ("turns as gravity does" in result.output) == gyroscope


@pytest.mark.parametrize("name", ["sensor-logger", "phyphox", "metabase", "dot", "movesense", "movesense converted"])
def test_when_it_was_comes_from_the_files(name: str, performed: Recording, tmp_path: Path) -> None:
    session = session_of(imported(WRITERS[name][0](tmp_path / "in", performed), tmp_path / "out"), tmp_path / "out")
    assert abs(datetime.fromisoformat(session.header.started_utc).timestamp() - NOON_S) < 2.0


def test_every_format_of_the_table_is_tried_here() -> None:
    assert {one.key for one in FORMATS} == {name.split()[0] for name in WRITERS}


def test_a_phone_s_linear_acceleration_and_gravity_are_added(performed: Recording, tmp_path: Path) -> None:
    folder = sensor_logger(tmp_path / "in", performed)
    total = (folder / "TotalAcceleration.csv").read_text()
    (folder / "TotalAcceleration.csv").unlink()
    (folder / "Gravity.csv").write_text(total)
    still = [np.zeros(len(performed.t_s))] * 3
    table(folder / "Accelerometer.csv", "time,seconds_elapsed,z,y,x",
          [(NOON_S + performed.t_s) * 1e9, performed.t_s, *still], "%.0f,%.6f,%.6f,%.6f,%.6f")  # fmt: skip
    session = session_of(imported(folder, tmp_path / "out"), tmp_path / "out")
    assert [one.reps for one in session.sets] == [REPS]
    (folder / "Gravity.csv").unlink()
    refused = imported(folder, tmp_path / "out")
    assert refused.exit_code == 3
    assert "switch on Total Acceleration" in refused.output


def without_gravity(folder: Path, name: str, head: str) -> Path:
    table(folder / name, head, [np.arange(100.0)] * 5, "%.0f,%.0f,%.2f,%.2f,%.2f")
    return folder / name


@pytest.mark.parametrize(
    ("name", "head", "said"),
    [
        ("DOT_1.csv", "PacketCounter,SampleTimeFine,FreeAcc_X,FreeAcc_Y,FreeAcc_Z", "Custom Mode 5 or Rate Quantities"),
        (
            "Raw Data.csv",
            "Time (s),N,Linear Acceleration x (m/s^2),Linear Acceleration y (m/s^2),Linear Acceleration z (m/s^2)",
            "Acceleration with g",
        ),
    ],
)
def test_acceleration_without_gravity_is_refused_with_what_to_record(
    tmp_path: Path, name: str, head: str, said: str
) -> None:
    refused = imported(without_gravity(tmp_path, name, head), tmp_path / "out")
    assert refused.exit_code == 3
    assert said in " ".join(refused.output.split())


def test_two_recordings_in_one_folder_are_told_apart_by_the_person(performed: Recording, tmp_path: Path) -> None:
    for day in ("monday", "tuesday"):
        sensor_logger(tmp_path / "in" / day, performed)
    refused = imported(tmp_path / "in", tmp_path / "out")
    assert refused.exit_code == 3
    assert "more than one recording" in " ".join(refused.output.split())


def test_a_line_cut_short_is_named_by_its_file_in_the_zip(performed: Recording, tmp_path: Path) -> None:
    folder = sensor_logger(tmp_path / "in", performed)
    whole = (folder / "Gyroscope.csv").read_text().splitlines()
    (folder / "Gyroscope.csv").write_text("\n".join([*whole[:200], whole[200][:25]]))
    refused = imported(zipped(folder, tmp_path / "one.zip"), tmp_path / "out")
    assert refused.exit_code == 3
    assert "one.zip/Gyroscope.csv, line 201" in refused.output.replace("\n", "")
