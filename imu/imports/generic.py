"""A table of any make, its columns and units told by the person."""

from __future__ import annotations

from pathlib import Path

from imu.errors import UsageError
from imu.imports.bundle import Bundle
from imu.imports.format import Source
from imu.imports.textual import Layout, read_stream
from imu.imports.units import ACC_MPS2, GYR_RADPS, SAME, TIME_S

CSV_KEY = "csv"
"""The name of this format on the command line."""
NEEDED = ("t", "ax", "ay", "az")
GYR = ("gx", "gy", "gz")
EXAMPLE = "--columns t=time,ax=acc_x,ay=acc_y,az=acc_z,gx=gyr_x,gy=gyr_y,gz=gyr_z --units ms,g,dps"


def generic(bundle: Bundle, columns: str, units: str) -> Source:
    """Read a single table.

    Args:
        bundle: One file.
        columns: `t=NAME,ax=NAME,...`, the file's names of time, accelerometer and perhaps gyroscope.
        units: Comma-separated, one at most for each of time, acceleration and rate; s, m/s2 and rad/s if not given.

    Raises:
        UsageError: Columns or units are not told as they have to be.
        DataError: The file does not hold what was told.
    """
    if len(bundle.members) != 1:
        raise UsageError(f"{bundle.path} holds {len(bundle.members)} tables; with --columns give a single file.")
    (member,) = bundle.members
    names = _columns(columns)
    time_unit, acc_unit, gyr_unit = _units(units)
    acc = Layout(time=names["t"], axes=(names["ax"], names["ay"], names["az"]), time_unit=time_unit, unit=acc_unit)
    gyr = None
    if "gx" in names:
        gyr = Layout(time=names["t"], axes=(names["gx"], names["gy"], names["gz"]), time_unit=time_unit, unit=gyr_unit)
    said = f"Columns and units as told: {columns}; {time_unit}, {acc_unit}" + (f", {gyr_unit}." if gyr else ".")
    return Source(
        acc=read_stream(bundle, member, acc),
        gyr=read_stream(bundle, member, gyr) if gyr else None,
        family=CSV_KEY,
        model=Path(member).name,
        notes=(said,),
    )


def _columns(text: str) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in text.split(",")]
    names = {key.strip(): name.strip() for key, _, name in pairs if name.strip()}
    odd = [key for key, _, name in pairs if key.strip() not in (*NEEDED, *GYR) or not name.strip()]
    missing = [key for key in NEEDED if key not in names]
    missing += [key for key in GYR if key not in names] if any(key in names for key in GYR) else []
    if odd or missing or len(names) != len(pairs):
        fault = f"{missing[0]} is missing" if missing else "one is twice"
        fault = f"{odd[0]!r} is none of the columns" if odd else fault
        raise UsageError(f"--columns {text}: {fault}. Write it like {EXAMPLE}.")
    return names


def _units(text: str) -> tuple[str, str, str]:
    """Units of time, acceleration and rate; which is which is seen from their names."""
    chosen = ["s", "m/s2", "rad/s"]
    seen = set()
    for word in filter(None, (one.strip() for one in text.split(","))):
        unit = SAME.get(word, word)
        place = next((i for i, known in enumerate((TIME_S, ACC_MPS2, GYR_RADPS)) if unit in known), None)
        if place is None or place in seen:
            fault = "two units of one kind" if place is not None else f"{word!r} is no unit"
            known = ", ".join([*TIME_S, *ACC_MPS2, *GYR_RADPS])
            raise UsageError(f"--units {text}: {fault}; choose from {known}, such as --units ms,g,dps.")
        seen.add(place)
        chosen[place] = unit
    return chosen[0], chosen[1], chosen[2]
