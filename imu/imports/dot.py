"""Xsens / Movella DOT: one CSV a sensor, some lines about the sensor before the names of the columns.

Of the app's payloads only Custom Mode 5 and Rate Quantities have `Acc_*` and `Gyr_*`.

`SampleTimeFine` counts microseconds in 32 bits (Movella DOT BLE Service Specification), so it begins anew after 71.6
minutes. `FreeAcc_*` has gravity taken out.
"""

from __future__ import annotations

import re
from datetime import datetime

from imu.errors import DataError
from imu.imports.bundle import Bundle
from imu.imports.format import Format, Source
from imu.imports.textual import Layout, read_stream

FIRST = "PacketCounter,"
TIME = "SampleTimeFine"
ACC = Layout(time=TIME, time_unit="us", axes=("Acc_X", "Acc_Y", "Acc_Z"), unit="m/s2", period=2.0**32)
GYR = Layout(time=TIME, time_unit="us", axes=("Gyr_X", "Gyr_Y", "Gyr_Z"), unit="dps", period=2.0**32)


def recognises(bundle: Bundle) -> bool:
    """By the line with the names of the columns."""
    return any(_head(bundle, one) for one in bundle.members)


def read(bundle: Bundle) -> Source:
    """Read calibrated acceleration and angular rate.

    Raises:
        DataError: There are several sensors, the payload has no `Acc_*`, or a file is damaged.
    """
    found = [one for one in bundle.members if _head(bundle, one)]
    if len(found) != 1:
        raise DataError(f"{bundle.path} holds files of {len(found)} sensors; import the one worn on the chest.")
    names = [name.strip() for name in _head(bundle, found[0]).split(",")]
    if ACC.axes[0] not in names:
        raise DataError(
            f"{bundle.where(found[0])} has no column {ACC.axes[0]} (FreeAcc_* is without gravity); record with a "
            "payload that has acceleration and angular velocity, Custom Mode 5 or Rate Quantities."
        )
    tag = re.search(r"^DeviceTag:[,\s]*([^,\r\n]+)", bundle.head(found[0]), re.MULTILINE)
    acc = read_stream(bundle, found[0], ACC, FIRST)
    start_s = _start_s(bundle.head(found[0]))
    return Source(
        acc=acc,
        gyr=read_stream(bundle, found[0], GYR, FIRST) if GYR.axes[0] in names else None,
        family="dot",
        model="Xsens / Movella DOT",
        serial=tag[1].strip() if tag else "",
        started_unix_s=None if start_s is None else start_s - float(acc.t_s[0]),
        notes=("DOT; timed by SampleTimeFine.",),
    )


def _start_s(head: str) -> float | None:
    """When the first sample was in seconds since 1970, as the app says it."""
    said = re.search(r"^StartTime:,([^,\r\n]+)", head, re.MULTILINE)
    try:
        return datetime.strptime(said[1].strip(), "%Y-%m-%d %H:%M:%S.%f %z").timestamp() if said else None
    except ValueError:
        return None


def _head(bundle: Bundle, member: str) -> str:
    """The line with the names of the columns, empty if there is none."""
    lines = bundle.head(member).splitlines()
    return next((line for line in lines if line.startswith(FIRST) and TIME in line), "")


DOT = Format(key="dot", title="Xsens / Movella DOT", recognises=recognises, read=read)
