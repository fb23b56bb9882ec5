"""The small tables of a session: `reps.csv`, `sets.csv`, `events.csv`, `labels.csv`.

Fixed decimals: times to 0.1 ms (a tenth of what the definition can resolve), angles and rates to 0.01. An empty cell is
a number that does not exist. A column this version does not know is ignored.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from imu.errors import DataError
from imu.model import NAN, Rep, SetSummary, Verdict
from imu.sessions.csvfile import read_text, rows_of
from imu.sessions.files import replace_file

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionEvent:
    """One row of `events.csv`: what happened on the way. `t_s` is nan where it has no place in device time."""

    utc: str
    t_s: float
    kind: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """One row of `labels.csv`: what a person says of a movement.

    Attributes:
        start_s, end_s: When it was, on the sensor's clock.
        verdict: What the person says it was; `COUNTED` is a repetition.
        by, at_utc, note: Who says so, when it was said, and anything else.
        times: Whose `start_s` and `end_s` are: `program` where a movement found by the program was judged, else the
            person's own. The program's times are no test of the program's times.
        bottom_s, lower_start_s, lower_end_s, lift_start_s, lift_end_s: Instants that the person read, from a video for
            example; nan where not.
    """

    start_s: float
    end_s: float
    verdict: Verdict
    by: str = ""
    at_utc: str = ""
    note: str = ""
    times: str = ""
    bottom_s: float = NAN
    lower_start_s: float = NAN
    lower_end_s: float = NAN
    lift_start_s: float = NAN
    lift_end_s: float = NAN


def _and_the_rest(first: str, cls: type) -> tuple[str, ...]:
    """The columns in the order of the definition, then whatever the class has learned since."""
    names = tuple(first.split(","))
    return names + tuple(f.name for f in fields(cls) if f.name not in names)


REP_COLUMNS = _and_the_rest(
    "set,rep,verdict,counted,start_s,end_s,bottom_s,lower_start_s,lower_end_s,lift_start_s,lift_end_s,"
    "lower_s,bottom_hold_s,lift_s,top_hold_s,tempo,top_deg,bottom_deg,rom_deg,top_deviation_deg,"
    "peak_lift_dps,mean_lift_dps,peak_lower_dps,smoothness,flags,tempo_adherence,"
    "lower_start_pm_s,lower_end_pm_s,lift_start_pm_s,lift_end_pm_s,rom_pm_deg,top_deviation_pm_deg",
    Rep,
)
SET_COLUMNS = _and_the_rest(
    "set,start_s,end_s,reps,rest_s,time_under_tension_s,mean_tempo,lift_rate_loss_pct,load_kg", SetSummary
)
EVENT_COLUMNS = tuple(f.name for f in fields(SessionEvent))
LABEL_COLUMNS = tuple(f.name for f in fields(Label))


def write_reps(path: Path, reps: Iterable[Rep]) -> None:
    """Write the ledger, atomically.

    Raises:
        StorageError: It could not be written; an older ledger is untouched.
    """
    rows = ([getattr(rep, name) for name in REP_COLUMNS] for rep in reps)
    replace_file(path, [_encode(REP_COLUMNS, rows)])


def write_sets(
    path: Path, sets: Iterable[SetSummary], *, load_kg: Callable[[float], float | None] = lambda _: None
) -> None:
    """Write the sets, atomically; `load_kg` is the load at a time, a set's the one in force at its end.

    Raises:
        StorageError: It could not be written; an older file is untouched.
    """
    rows = ([load_kg(one.end_s) if name == "load_kg" else getattr(one, name) for name in SET_COLUMNS] for one in sets)
    replace_file(path, [_encode(SET_COLUMNS, rows)])


def read_reps(path: Path) -> tuple[Rep, ...]:
    """Read a ledger.

    Raises:
        DataError: It is missing or malformed; the message names line and column.
    """
    return _read(path, Rep, REP_COLUMNS[:6])


def read_sets(path: Path) -> tuple[SetSummary, ...]:
    """Read the sets.

    Raises:
        DataError: The file is missing or malformed; the message names line and column.
    """
    return _read(path, SetSummary, SET_COLUMNS[:6])


def read_events(path: Path) -> tuple[SessionEvent, ...]:
    """Read the events.

    Raises:
        DataError: The file is missing or malformed; the message names line and column.
    """
    return _read(path, SessionEvent, EVENT_COLUMNS)


def read_labels(path: Path) -> tuple[Label, ...]:
    """Read what a person said of the movements.

    Raises:
        DataError: The file is missing or malformed, or a label ends before it begins; the message names the place.
    """
    labels = _read(path, Label, LABEL_COLUMNS[:3])
    for one in labels:
        if not one.start_s < one.end_s:
            raise DataError(
                f"{path}: the label {one.verdict} from {one.start_s:g} to {one.end_s:g} s ends before it begins, or "
                "has no times; mend its line."
            )
    return labels


def event_line(event: SessionEvent) -> bytes:
    """One line of `events.csv`; line ends inside the text become spaces, so that one event is one line."""
    cells = (event.utc, event.t_s, event.kind, event.detail)
    return _encode(None, [[" ".join(c.split()) if isinstance(c, str) else c for c in cells]])


EVENT_HEAD = (",".join(EVENT_COLUMNS) + "\n").encode()


def _encode(header: Sequence[str] | None, rows: Iterable[Sequence[Any]]) -> bytes:
    names = header or EVENT_COLUMNS
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if header:
        writer.writerow(header)
    writer.writerows([cell(name, value) for name, value in zip(names, row, strict=True)] for row in rows)
    return text.getvalue().encode()


def cell(name: str, value: object) -> str:
    """How a value of a column is written; what does not exist is an empty cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        decimals = 4 if name.endswith("_s") or name in ("smoothness", "tempo_adherence") else 2
        return f"{value:.{decimals}f}" if math.isfinite(value) else ""
    return " ".join(value) if isinstance(value, tuple) else str(value)


_READERS: dict[str, Callable[[str], Any]] = {
    "float": lambda cell: float(cell) if cell else NAN,
    "int": int,
    "int | None": lambda cell: int(cell) if cell else None,
    "str": str,
    "Verdict": Verdict,
    "tuple[str, ...]": lambda cell: tuple(cell.split()),
}
"""How the cell of a field is read, by the field's annotation."""


def _read(path: Path, cls: type[T], required: Sequence[str]) -> tuple[T, ...]:
    """Read a table into a dataclass, field by column."""
    data, _ = read_text(path, by_hand=cls is Label)
    rows = rows_of(path, data)
    _, names = next(rows, (1, []))
    missing = [name for name in required if name not in names]
    if missing:
        raise DataError(
            f"{path}, line 1: there is no column {missing[0]}; it needs at least {','.join(required)}. {_mend(cls)}"
        )
    # What a file from before a column, or cut by hand, does not say is an empty cell.
    known = [f for f in fields(cls) if f.name in names or f.default is MISSING]  # type: ignore[arg-type]
    kinds = {f.name: str(f.type) for f in known}
    return tuple(
        cls(**{name: _value(path, line, name, kind, row.get(name)) for name, kind in kinds.items()})
        for line, row in ((line, dict(zip(names, cells, strict=False))) for line, cells in rows)
    )


def _mend(cls: type) -> str:
    """What to do about a table whose head is lost; only what is derived can be made again."""
    if cls in (Rep, SetSummary):
        return "Analyse the recording again to have derived files written anew."
    return "Restore the first line with these columns; the file is no result and cannot be made again."


def _value(path: Path, line: int, name: str, kind: str, cell: str | None) -> Any:  # noqa: ANN401 (the field's type)
    try:
        return _READERS[kind](cell or "")
    except ValueError:
        choice = f" (it is one of {', '.join(Verdict)})" if kind == "Verdict" else ""
        raise DataError(
            f"{path}, line {line}, column {name}: {cell!r} does not belong here{choice}; mend the line, or delete the "
            "file and analyse the recording again if it is reps.csv or sets.csv."
        ) from None
