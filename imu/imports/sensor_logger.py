"""Sensor Logger (Kelvin Choi; Android and iOS): a CSV for each sensor, in a folder or a zip.

`time` is in ns since 1970, the axes stand in the order z, y, x. `Accelerometer.csv` has gravity taken out,
`TotalAcceleration.csv` has it in; where only the first was exported, `Gravity.csv` is added to it.
"""

from __future__ import annotations

import csv

import numpy as np

from imu.errors import DataError
from imu.imports.bundle import Bundle
from imu.imports.format import Format, Source, Stream
from imu.imports.textual import Layout, read_stream

AXES = ("x", "y", "z")
ACC = Layout(time="time", time_unit="ns", axes=AXES, unit="m/s2")
GYR = Layout(time="time", time_unit="ns", axes=AXES, unit="rad/s")
HEAD = "time,seconds_elapsed,"
TOTAL, LINEAR, GRAVITY, GYROSCOPE = "TotalAcceleration.csv", "Accelerometer.csv", "Gravity.csv", "Gyroscope.csv"


def recognises(bundle: Bundle) -> bool:
    """By the names of the files and the first two columns."""
    return any(bundle.head(one).startswith(HEAD) for one in bundle.named(TOTAL, LINEAR))


def read(bundle: Bundle) -> Source:
    """Read total acceleration and gyroscope.

    Raises:
        DataError: There is no acceleration with gravity, or a file is damaged.
    """
    acc, how = _acceleration(bundle)
    member = bundle.only(GYROSCOPE)
    about = _metadata(bundle)
    return Source(
        acc=acc,
        gyr=read_stream(bundle, member, GYR) if member else None,
        family="sensor-logger",
        model=about.get("device name") or "phone",
        started_unix_s=0.0,
        notes=(how, f"Sensor Logger on {about.get('platform') or 'an unknown system'}; axes are the phone's."),
    )


def _acceleration(bundle: Bundle) -> tuple[Stream, str]:
    total, linear, gravity = bundle.only(TOTAL), bundle.only(LINEAR), bundle.only(GRAVITY)
    if total:
        return read_stream(bundle, total, ACC), f"Acceleration from {TOTAL}."
    if not (linear and gravity):
        raise DataError(
            f"{bundle.path}: {LINEAR} of Sensor Logger has gravity taken out, and there is no {TOTAL}; switch on Total "
            f"Acceleration in the app, or give {GRAVITY} beside it."
        )
    free, pull = read_stream(bundle, linear, ACC), read_stream(bundle, gravity, ACC)
    both = (free.t_s >= pull.t_s[0]) & (free.t_s <= pull.t_s[-1])
    t_s = free.t_s[both]
    if len(t_s) < 2:
        raise DataError(f"{free.path} and {pull.path} have no time in common; give the files of one recording.")
    added = np.column_stack([np.interp(t_s, pull.t_s, axis) for axis in pull.values.T])
    whole = Stream(path=free.path, unit=free.unit, t_s=t_s, values=free.values[both] + added)
    return whole, f"Acceleration is {LINEAR} plus {GRAVITY}."


def _metadata(bundle: Bundle) -> dict[str, str]:
    """What `Metadata.csv` says of the phone; it may be missing."""
    names = bundle.named("Metadata.csv")
    rows = list(csv.reader(bundle.head(names[0]).splitlines()))[:2] if len(names) == 1 else []
    return dict(zip(*rows, strict=False)) if len(rows) == 2 else {}


SENSOR_LOGGER = Format(key="sensor-logger", title="Sensor Logger (phone)", recognises=recognises, read=read)
