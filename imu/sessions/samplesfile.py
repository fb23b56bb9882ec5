"""`samples.csv`: samples <-> lines of text.

Decimals. Times carry six because a device clock counts microseconds. The finest steps of common 16-bit sensors are
6e-4 m/s^2 (2 g range) and 6.7e-5 rad/s (125 deg/s range); five and six decimals keep 60 steps within one of them, so
the sensor's integers can be recovered exactly and rounding adds nothing to its noise. Fixed decimals are also what
makes text -> numbers -> text come back to the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from imu.errors import DataError
from imu.model import Samples
from imu.sessions.csvfile import NumberTable, read_integers, read_table

ACC = ("acc_x_mps2", "acc_y_mps2", "acc_z_mps2")
GYR = ("gyr_x_radps", "gyr_y_radps", "gyr_z_radps")
NUMBERED = ("index", "arrival_s")
"""Columns only a session has: with both, lines may stand in order of arrival and come twice."""
LARGEST_INDEX = 2**53
"""Beyond this a floating-point number cannot tell neighbours apart."""
LARGEST_S = 1e19
"""Times in ns since 1970 are below this; they get advice of their own. What is above is damage."""

_HEAD = "index,t_s,arrival_s"
_FORMAT_HEAD = "%d,%.6f,%.4f"
_FORMAT_ACC = ",%.5f,%.5f,%.5f"
_FORMAT_GYR = ",%.6f,%.6f,%.6f"


def header_line(*, gyroscope: bool) -> bytes:
    """First line of the file."""
    return (",".join((_HEAD, *ACC, *(GYR if gyroscope else ()))) + "\n").encode()


def encode(samples: Samples) -> bytes:
    """One line per sample, in the block's order; an unknown time of arrival is an empty cell."""
    columns = [samples.index[:, None], samples.t_s[:, None], samples.arrival_s[:, None], samples.acc_mps2]
    line = _FORMAT_HEAD + _FORMAT_ACC
    if samples.gyr_radps is not None:
        columns.append(samples.gyr_radps)
        line += _FORMAT_GYR
    numbers = np.column_stack(columns).ravel().tolist()
    return ((line + "\n") * len(samples) % tuple(numbers)).replace("nan", "").encode()


def read_samples(path: Path) -> tuple[Samples, NumberTable]:
    """Read a samples file or a bare recording, in order and without duplicates.

    Returns:
        The samples, and the table they came from (for line numbers and warnings). A file with `index` and `arrival_s`
        is brought into the order of its index; the first of several lines with one index is kept. Any other file
        keeps its order and is numbered from 0.

    Raises:
        DataError: The file is not a table of samples.
    """
    table = read_table(path, lambda names: _columns(path, names))
    columns = table.columns
    for name in ("t_s", *ACC, *(g for g in GYR if g in columns), *(i for i in NUMBERED[:1] if i in columns)):
        table.refuse_where(
            ~np.isfinite(columns[name]),
            name,
            "there is no number here; delete such lines (a gap is honest, nan is not).",
        )
    if NUMBERED[0] in columns:
        index = columns[NUMBERED[0]]
        unfit = (np.abs(index) >= LARGEST_INDEX) | (index != np.floor(index))
        table.refuse_where(unfit, NUMBERED[0], "this is no sample number (a whole number); delete this line.")
    table.refuse_where(np.abs(columns["t_s"]) > LARGEST_S, "t_s", "this is no time in seconds; delete this line.")
    acc = np.column_stack([columns[name] for name in ACC])
    gyr = np.column_stack([columns[name] for name in GYR]) if GYR[0] in columns else None
    numbered = NUMBERED[0] in columns
    samples = Samples.measured(
        columns["t_s"],
        acc,
        gyr,
        index=columns["index"].astype(np.int64) if numbered else None,
        arrival_s=columns.get("arrival_s"),
    )
    return (in_order(samples) if numbered else samples), table


def in_order(samples: Samples) -> Samples:
    """Sort by index and keep the first arrival of each; a day of samples that is in order is not copied."""
    if (np.diff(samples.index) > 0).all():
        return samples
    _, first = np.unique(samples.index, return_index=True)
    return samples[first]


def sorted_chunks(data: bytes) -> Iterator[bytes]:
    """The text of a samples file with its lines in order of index, each once; lines themselves stay as they are.

    Only line numbers are held, never the lines, and neighbours are copied in one piece: a day of samples fits.
    """
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")) + 1
    yield data[: ends[0]]
    starts, stops = ends[:-1], ends[1:]
    order = np.unique(read_integers(data, "index"), return_index=True)[1]
    if not len(order):
        return
    breaks = np.flatnonzero(np.diff(order) != 1) + 1
    runs = zip(np.r_[0, breaks], np.r_[breaks, len(order)], strict=True)
    yield from (data[starts[order[first]] : stops[order[last - 1]]] for first, last in runs)


def _columns(path: Path, names: list[str]) -> list[str]:
    missing = [name for name in ("t_s", *ACC) if name not in names]
    if missing:
        raise DataError(
            f"{path}, line 1: there is no column {missing[0]} (found: {', '.join(names[:12])}); rename the columns to "
            f"{','.join(('t_s', *ACC, *GYR))} in s, m/s2 and rad/s (without gyr_* if there is no gyroscope)."
        )
    gyr = [name for name in GYR if name in names]
    if gyr and len(gyr) < len(GYR):
        absent = next(name for name in GYR if name not in names)
        raise DataError(f"{path}, line 1: {gyr[0]} is there but {absent} is not; give all three gyr_* columns or none.")
    numbered = list(NUMBERED) if all(name in names for name in NUMBERED) else []
    return [*numbered, "t_s", *ACC, *gyr]
