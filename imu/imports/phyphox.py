"""phyphox (RWTH Aachen; Android and iOS): CSV in any of its separators, single or in a zip, times from one zero."""

from __future__ import annotations

import csv
import re

from imu.errors import DataError
from imu.imports.bundle import Bundle
from imu.imports.format import Format, Source
from imu.imports.textual import Layout, read_stream

TIME = "Time (s)"
ACC = re.compile(r"(Acceleration|Accelerometer) x \(m/s\^?[2²]\)")
LINEAR = re.compile(r"Linear Acceleration x \(m/s\^?[2²]\)")
GYR = re.compile(r"Gyroscope x \(rad/s\)")


def recognises(bundle: Bundle) -> bool:
    """By a column of time and one of its columns of motion."""
    return any(_find(bundle, one) for one in (ACC, LINEAR))


def read(bundle: Bundle) -> Source:
    """Read acceleration with gravity and the gyroscope.

    Raises:
        DataError: There is no acceleration with gravity, there are several, or a file is damaged.
    """
    acc, gyr = _one(bundle, ACC), _one(bundle, GYR)
    if acc is None:
        raise DataError(
            f"{bundle.path}: phyphox exported linear acceleration, from which gravity is taken out; record again with "
            '"Acceleration with g" and the gyroscope, in one experiment.'
        )
    about = _pairs(bundle, "device.csv", 0, 1)
    started = _pairs(bundle, "time.csv", 0, 2).get("START", "")
    return Source(
        acc=read_stream(bundle, acc[0], _layout(acc[1], "m/s2")),
        gyr=read_stream(bundle, gyr[0], _layout(gyr[1], "rad/s")) if gyr else None,
        family="phyphox",
        model=about.get("deviceModel") or "phone",
        started_unix_s=float(started) if re.fullmatch(r"\d+(\.\d*)?([eE]\d+)?", started) else None,
        notes=("phyphox; axes are the phone's.",),
    )


def _layout(x: str, unit: str) -> Layout:
    return Layout(time=TIME, axes=(x, x.replace(" x ", " y "), x.replace(" x ", " z ")), unit=unit)


def _find(bundle: Bundle, pattern: re.Pattern[str]) -> list[tuple[str, str]]:
    """Files with such a column, and its whole name."""
    found = []
    for member in bundle.members:
        first = bundle.head(member).partition("\n")[0]
        names = [name.strip().strip('"') for name in re.split(r"[,;\t]", first)]
        if TIME in names:
            found += [(member, name) for name in names if pattern.fullmatch(name)]
    return found


def _one(bundle: Bundle, pattern: re.Pattern[str]) -> tuple[str, str] | None:
    found = _find(bundle, pattern)
    if len(found) > 1:
        raise DataError(
            f"{bundle.path} holds {found[0][1]} {len(found)} times ({', '.join(m for m, _ in found[:3])}); import one "
            "recording at a time."
        )
    return found[0] if found else None


def _pairs(bundle: Bundle, name: str, key: int, value: int) -> dict[str, str]:
    """Two columns of a small table beside the recording, which may be missing."""
    found = bundle.named(name)
    rows = csv.reader(re.sub(r"[;\t]", ",", bundle.head(found[0])).splitlines()) if found else iter(())
    return {row[key]: row[value] for row in rows if len(row) > max(key, value)}


PHYPHOX = Format(key="phyphox", title="phyphox (phone)", recognises=recognises, read=read)
