"""Movesense: the Showcase app's CSV files, and those of the converter for a sensor's own log.

All times are the sensor's, in ms; acceleration is in m/s^2, rotation in deg/s.

- iOS (MovesenseShowcase-iOS, `Recorder.swift`): `TIME_SERIAL_acc_stream.csv` and `..._gyro_stream.csv`, a file each.
  Only the first sample of a packet has a time.
- Android (mobile library, `ImuActivity.java`): one file whose header always names the magnetometer, too, and whose
  numbers are written as the phone's language does: with decimal commas, every number fills two cells.
- The converter (`ms_json2csv.py`): `..._MeasIMU6_Acc.csv` and `..._Gyro.csv`; behind the names of the columns stand the
  time of day and what the sensor's clock was then.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from imu.errors import DataError
from imu.imports.bundle import Bundle
from imu.imports.format import Format, Source
from imu.imports.textual import Layout, read_stream

IOS, CONVERTER = "timestamp,x,y,z", "Timestamp_ms,X,Y,Z,RelativeTime,"
ANDROID = "Timestamp,AccX,AccY,AccZ,GyroX,GyroY,GyroZ,MagnX,MagnY,MagnZ"
PAIRS = {IOS: ("*_acc_stream.csv", "*_gyro_stream.csv"), CONVERTER: ("*Acc.csv", "*Gyro.csv")}
"""Files of acceleration and of rotation, by their first line."""
NUMBERS = (7, 10)
"""Cells of a line on Android, without and with the magnetometer."""
SOONEST = datetime(2016, 1, 1, tzinfo=UTC)
"""No sensor was sold before: a clock that says so was never set."""


def recognises(bundle: Bundle) -> bool:
    """By the names of the columns, and of the files where two look alike."""
    return bool(_android(bundle) or any(_pair(bundle, first)[0] for first in PAIRS))


def read(bundle: Bundle) -> Source:
    """Read acceleration and rotation.

    Raises:
        DataError: There are several recordings, or a file is damaged.
    """
    android, ios, converted = _android(bundle), _pair(bundle, IOS), _pair(bundle, CONVERTER)
    accs = [*android, *ios[0], *converted[0]]
    gyrs = [*android, *ios[1], *converted[1]]
    if len(accs) != 1 or len(gyrs) > 1:
        raise DataError(
            f"{bundle.path} holds {len(accs)} files of acceleration and {len(gyrs)} of rotation; import one recording "
            "at a time."
        )
    acc = read_stream(bundle, accs[0], _layout(bundle, accs[0], "Acc", "m/s2"))
    serial = re.search(r"(?<!\d)\d{12}(?!\d)", accs[0])
    return Source(
        acc=acc,
        gyr=read_stream(bundle, gyrs[0], _layout(bundle, gyrs[0], "Gyro", "dps")) if gyrs else None,
        family="movesense",
        model="Movesense",
        serial=serial[0] if serial else "",
        started_unix_s=_started_s(bundle, accs[0], float(acc.t_s[0])),
        notes=("Movesense; timed by the sensor's clock.",),
    )


def _android(bundle: Bundle) -> list[str]:
    return [one for one in bundle.members if bundle.head(one).startswith(ANDROID)]


def _pair(bundle: Bundle, first: str) -> tuple[list[str], list[str]]:
    """Files of acceleration and of rotation that begin so."""
    acc, gyr = ([one for one in bundle.named(name) if bundle.head(one).startswith(first)] for name in PAIRS[first])
    return acc, gyr


def _layout(bundle: Bundle, member: str, kind: str, unit: str) -> Layout:
    head = bundle.head(member)
    if head.startswith(ANDROID):
        axes = (f"{kind}X", f"{kind}Y", f"{kind}Z")
        return Layout(time="Timestamp", time_unit="ms", axes=axes, unit=unit, mend=_table)
    if head.startswith(CONVERTER):
        return Layout(time="Timestamp_ms", time_unit="ms", axes=("X", "Y", "Z"), unit=unit, mend=_table)
    return Layout(time="timestamp", time_unit="ms", axes=("x", "y", "z"), unit=unit, packets=True)


def _table(text: bytes) -> bytes:
    """A header of as many names as a line has cells, and points in numbers."""
    head, _, rest = text.partition(b"\n")
    cells = rest.partition(b"\n")[0].count(b",") + 1
    if cells in (2 * n - 1 for n in NUMBERS):  # all but the time, which is a whole number, have six decimals
        rest = re.sub(rb"(?<=\d),(\d{6})(?=[,\n])", rb".\1", rest)
        cells = (cells + 1) // 2
    return b",".join(head.split(b",")[:cells]) + b"\n" + rest


def _started_s(bundle: Bundle, member: str, first_s: float) -> float | None:
    """Time of day of the sensor's zero in seconds since 1970, from the header or from the name of the file."""
    said = re.match(CONVERTER + r"([\d.]+),UTC,([-\d]{10} [\d:.]+)", bundle.head(member))
    named = re.search(r"(\d{8}T\d{6})Z_", member)
    try:
        if said:
            begun, clock_s = datetime.fromisoformat(said[2]), float(said[1])
        elif named:
            begun, clock_s = datetime.strptime(named[1], "%Y%m%dT%H%M%S"), first_s  # noqa: DTZ007 (UTC, said below)
        else:
            return None
        begun = begun.replace(tzinfo=UTC)
    except ValueError:
        return None
    return begun.timestamp() - clock_s if begun >= SOONEST else None


MOVESENSE = Format(key="movesense", title="Movesense Showcase", recognises=recognises, read=read)
