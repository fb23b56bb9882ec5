"""Polar Sensor Logger (Android): text with semicolons, one file for each stream of an H10 or a Verity Sense.

`sensor timestamp [ns]` counts from 2000-01-01 and is the sensor's own; a sensor that was not set starts in 2019, so the
time of day is taken from the phone's, which has no time zone: it is read in that of this machine.
"""

from __future__ import annotations

import re
from datetime import datetime

from imu.errors import DataError
from imu.imports.bundle import Bundle
from imu.imports.format import Format, Source
from imu.imports.textual import Layout, read_stream

HEAD = "Phone timestamp;sensor timestamp [ns];"
TIME = "sensor timestamp [ns]"
ACC, GYR = "X [mg]", re.compile(r"X \[(dps|deg/s|deg/sec)\]")


def recognises(bundle: Bundle) -> bool:
    """By the first line of a file with an accelerometer."""
    return bool(_with_acc(bundle))


def read(bundle: Bundle) -> Source:
    """Read the accelerometer, and the gyroscope where there is one.

    Raises:
        DataError: There are several recordings, or a file is damaged.
    """
    accs = _with_acc(bundle)
    if len(accs) != 1:
        raise DataError(f"{bundle.path} holds {len(accs)} accelerometer files; import one recording at a time.")
    gyrs = [(one, found[0]) for one, names in _tables(bundle) for found in [_gyr_names(names)] if found]
    if len(gyrs) > 1:
        raise DataError(f"{bundle.path} holds {len(gyrs)} gyroscope files; import one recording at a time.")
    layout = Layout(time=TIME, time_unit="ns", axes=(ACC, "Y [mg]", "Z [mg]"), unit="mg")
    acc = read_stream(bundle, accs[0], layout)
    gyr = None
    if gyrs:
        member, x = gyrs[0]
        gyr_layout = Layout(time=TIME, time_unit="ns", axes=(x, "Y" + x[1:], "Z" + x[1:]), unit="dps")
        gyr = read_stream(bundle, member, gyr_layout)
    name = re.search(r"Polar_([A-Za-z0-9]+)_([0-9A-Fa-f]{8})_", accs[0])
    phone_s = _phone_s(bundle, accs[0])
    return Source(
        acc=acc,
        gyr=gyr,
        family="polar-sensor-logger",
        model=f"Polar {name[1]}" if name else "Polar",
        serial=name[2].upper() if name else "",
        started_unix_s=None if phone_s is None else phone_s - float(acc.t_s[0]),
        notes=("Timed by the sensor's clock; the time of day is the phone's, in this machine's time zone.",),
    )


def _tables(bundle: Bundle) -> list[tuple[str, list[str]]]:
    """Files of this app and the names of their columns."""
    heads = [(one, bundle.head(one).partition("\n")[0]) for one in bundle.members]
    return [(one, [n.strip() for n in head.split(";")]) for one, head in heads if head.startswith(HEAD)]


def _with_acc(bundle: Bundle) -> list[str]:
    return [one for one, names in _tables(bundle) if ACC in names]


def _gyr_names(names: list[str]) -> list[str]:
    return [name for name in names if GYR.fullmatch(name)]


def _phone_s(bundle: Bundle, member: str) -> float | None:
    """The phone's time of the first sample in seconds since 1970."""
    lines = bundle.head(member).splitlines()
    try:
        return datetime.fromisoformat(lines[1].partition(";")[0].strip()).timestamp()
    except (ValueError, IndexError, OverflowError, OSError):
        return None


POLAR_LOGGER = Format(key="polar", title="Polar Sensor Logger", recognises=recognises, read=read)
