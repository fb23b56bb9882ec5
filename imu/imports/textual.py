"""Text of another program -> streams, with messages that name the file, the line and the column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from imu.errors import DataError
from imu.imports.bundle import Bundle
from imu.imports.format import Stream
from imu.imports.units import ACC_MPS2, GYR_RADPS, TIME_S
from imu.model import Floats
from imu.sessions.csvfile import NumberTable, as_text, table_of

LEAST_SAMPLES = 20
"""Fewer are no recording."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """Where a stream stands in a table: names of columns as in the file, and their units.

    Attributes:
        period: Where the counter of time begins anew, in its own unit; 0 where it does not.
        packets: Only the first sample of each packet has a time; the cells of the others are empty.
        mend: What has to be done to the text before it is a table; it may not change the number of lines.
    """

    time: str
    axes: tuple[str, str, str]
    time_unit: str = "s"
    unit: str = "m/s2"
    period: float = 0.0
    packets: bool = False
    mend: Callable[[bytes], bytes] = bytes


def plain(path: Path, data: bytes, first: str = "") -> tuple[bytes, list[str]]:
    """Text with commas between columns and points in numbers, every line where it was.

    Args:
        path: The file, for messages.
        data: Its bytes, also gzipped.
        first: Beginning of the line with the names of the columns; lines before it are blanked.
    """
    text, warnings = as_text(path, data, by_hand=True)
    at = 0 if not first or text.startswith(first.encode()) else text.find(b"\n" + first.encode()) + 1
    text = b"\n" * text.count(b"\n", 0, at) + text[at:]
    names = text.lstrip(b"\n").partition(b"\n")[0]
    for mark in (b";", b"\t"):
        if mark in names:
            return text.replace(b",", b".").replace(mark, b","), warnings
    return text, warnings


def read_stream(bundle: Bundle, member: str, layout: Layout, first: str = "") -> Stream:
    """Read one stream out of one file.

    Raises:
        DataError: A column is missing, a number is none, or time runs backwards.
    """
    path = bundle.where(member)
    text, warnings = plain(path, bundle.whole(member), first)
    wanted = [layout.time, *layout.axes]
    table = table_of(path, layout.mend(text), warnings, lambda names: _present(path, names, wanted))
    for name in layout.axes if layout.packets else wanted:
        bad = ~np.isfinite(table.columns[name])
        table.refuse_where(bad, name, "there is no number here; delete this line (a gap is honest, nan is not).")
    scale = (ACC_MPS2 | GYR_RADPS)[layout.unit]
    t_s = _times(table, layout)
    return Stream(path=path, unit=layout.unit, t_s=t_s, values=scale * _columns(table, layout.axes))


def _columns(table: NumberTable, names: Sequence[str]) -> Floats:
    return np.column_stack([table.columns[name] for name in names])


def _present(path: Path, names: list[str], wanted: list[str]) -> list[str]:
    missing = [name for name in wanted if name not in names]
    if missing:
        raise DataError(
            f"{path}, line 1: there is no column {missing[0]} (found: {', '.join(names[:12])}); export it again, or "
            "name the columns with --columns t=...,ax=...,ay=...,az=..."
        )
    return wanted


def _times(table: NumberTable, layout: Layout) -> Floats:
    """Times in seconds, strictly increasing."""
    name, raw = layout.time, table.columns[layout.time]
    if len(raw) < LEAST_SAMPLES:
        raise DataError(f"{table.path} holds {len(raw)} samples, which is no recording; export it again.")
    told = np.isfinite(raw)
    if not told[0]:
        raise table.error(0, name, "the first sample has no time; delete the lines before the first that has one.")
    if layout.period:
        raw = np.unwrap(raw, period=layout.period)
    back = np.zeros(len(raw), bool)
    back[np.flatnonzero(told)[1:]] = np.diff(raw[told]) < 0
    table.refuse_where(back, name, "time runs backwards here; delete the lines that are out of order.")
    if raw[told][0] == raw[told][-1]:
        raise table.error(len(raw) - 1, name, "all samples share one time; export it with the sensor's time.")
    return np.asarray((_from_first(raw) if layout.packets else _up_to_last(raw)) * TIME_S[layout.time_unit], float)


def _up_to_last(raw: Floats) -> Floats:
    """Samples that share a time are spread up to it."""
    last = np.flatnonzero(np.diff(raw, append=np.inf) > 0)
    lead = last[0] * (raw[last[-1]] - raw[last[0]]) / (last[-1] - last[0])
    knots = last if last[0] == 0 else np.r_[0, last]
    at = raw[last] if last[0] == 0 else np.r_[raw[last[0]] - lead, raw[last]]
    return np.asarray(np.interp(np.arange(len(raw)), knots, at), float)


def _from_first(raw: Floats) -> Floats:
    """Samples without a time follow the one that has it at the usual pace, faster where the next one comes earlier."""
    firsts = np.flatnonzero(np.isfinite(raw))
    firsts = firsts[np.r_[True, np.diff(raw[firsts]) > 0]]
    each = np.diff(firsts, append=len(raw))
    steps = np.diff(raw[firsts]) / each[:-1]
    usual = np.median(steps)
    steps = np.append(np.minimum(steps, usual), usual)
    place = np.arange(len(raw)) - firsts.repeat(each)
    return np.asarray(raw[firsts].repeat(each) + place * steps.repeat(each), float)
