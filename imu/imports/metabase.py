"""MbientLab MetaBase: `NAME_MetaWear_TIME_MAC_Accelerometer_100.000Hz_1.x.csv` and the same with `Gyroscope`."""

from __future__ import annotations

import re

from imu.errors import DataError
from imu.imports.bundle import Bundle
from imu.imports.format import Format, Source, Stream
from imu.imports.textual import Layout, read_stream

ACC, GYR = "*_Accelerometer_*.csv", "*_Gyroscope_*.csv"
TIMES = ("epoch (ms)", "epoc (ms)")
"""Older versions of the app write the second."""


def recognises(bundle: Bundle) -> bool:
    """By the name of the file and its first column."""
    return any(bundle.head(one).startswith(TIMES) for one in bundle.named(ACC))


def read(bundle: Bundle) -> Source:
    """Read both files; without the one of a gyroscope it is an accelerometer.

    Raises:
        DataError: There are several recordings, or a file is damaged.
    """
    acc, gyr = bundle.only(ACC), bundle.only(GYR)
    if acc is None:
        raise DataError(f"{bundle.path} holds no file like {ACC}; give the folder with both files.")
    mac = re.search(r"_([0-9A-Fa-f]{12})_Accelerometer_", acc)
    return Source(
        acc=_stream(bundle, acc, "g", "g"),
        gyr=_stream(bundle, gyr, "deg/s", "dps") if gyr else None,
        family="metabase",
        model="MbientLab MetaMotion",
        serial=mac[1].upper() if mac else "",
        started_unix_s=0.0,
        notes=("MetaBase; both files are timed by their column epoch.",),
    )


def _stream(bundle: Bundle, member: str, written: str, unit: str) -> Stream:
    x, y, z = (f"{axis}-axis ({written})" for axis in "xyz")
    time = next((one for one in TIMES if bundle.head(member).startswith(one)), TIMES[0])
    return read_stream(bundle, member, Layout(time=time, time_unit="ms", axes=(x, y, z), unit=unit))


METABASE = Format(key="metabase", title="MbientLab MetaBase", recognises=recognises, read=read)
