"""A folder of recordings with truth: its tables, read and checked.

manifest.csv     recording,dataset,subject,kind[,exercise,placement,notes], kinds: `KINDS`
truth.csv        recording,start_s,end_s,reps,ambiguous[,note], one row a bout
phase_truth.csv  recording,lower_start_s,lower_end_s,raise_start_s,raise_end_s[,note], may be absent
rep_times.csv    recording,bottom_s, may be absent
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path

from imu.errors import DataError
from imu.evaluation.bouts import Bout
from imu.evaluation.instants import TruePhases

COUNTED = ("count", "phase")
KINDS = (*COUNTED, "negative", "trap", "orientation")
NOT_SURE = "AMBIGUOUS"
"""A row of phase_truth.csv whose note begins so is left out."""
FORMAT = (
    "Needed are manifest.csv (recording,dataset,subject,kind; kind is one of "
    f"{', '.join(KINDS)}) and truth.csv (recording,start_s,end_s,reps,ambiguous), and the recordings as CSV files "
    "with t_s,acc_x_mps2,acc_y_mps2,acc_z_mps2 and perhaps gyr_*_radps."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One recording of the manifest with its truth.

    Attributes:
        name: Its path inside the folder.
        kind: `count` and `phase` have repetitions, `negative` has none, a `trap` is only listed, `orientation` has an
            optical reference.
        transition: A negative of sitting down, standing up or lying down: the trunk does hinge there, once.
    """

    name: str
    path: Path
    dataset: str
    subject: str
    kind: str
    activity: str = ""
    transition: bool = False
    bouts: tuple[Bout, ...] = ()
    phases: tuple[TruePhases, ...] = ()
    bottoms_s: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A row of a table, with its place for messages."""

    path: Path
    line: int
    cells: dict[str, str] = field(repr=False)

    def text(self, column: str) -> str:
        return (self.cells.get(column) or "").strip()

    def number(self, column: str) -> float:
        try:
            value = float(self.text(column))
        except ValueError:
            value = float("nan")
        if not isfinite(value):
            raise self.error(column, f"{self.text(column)!r} is not a number; mend this line.")
        return value

    def whole(self, column: str) -> int:
        value = self.number(column)
        if value != int(value) or value < 0:
            raise self.error(column, f"{self.text(column)!r} is no whole number from 0 on; mend this line.")
        return int(value)

    def error(self, column: str, what: str) -> DataError:
        return DataError(f"{self.path}, line {self.line}, column {column}: {what}")


def read_dataset(folder: Path) -> list[Entry]:
    """Read the manifest and every table of truth.

    Raises:
        DataError: The folder holds no truth, or a table is damaged; the message says what is missing and the format.
    """
    manifest = _table(folder, "manifest.csv", ("recording", "dataset", "subject", "kind"))
    needed = any(row.text("kind") != "orientation" for row in manifest)
    bouts = _by_recording(_table(folder, "truth.csv", ("recording", "start_s", "end_s", "reps")) if needed else [])
    phases = _by_recording(_table(folder, "phase_truth.csv", ("recording", *_PHASES), optional=True))
    bottoms = _by_recording(_table(folder, "rep_times.csv", ("recording", "bottom_s"), optional=True))
    entries = [_entry(folder, row, bouts, phases, bottoms) for row in manifest]
    if not entries:
        raise DataError(f"{folder / 'manifest.csv'} names no recording. {FORMAT}")
    known = {e.name for e in entries}
    for row in (r for table in (bouts, phases, bottoms) for rows in table.values() for r in rows):
        if row.text("recording") not in known:
            raise row.error("recording", f"{row.text('recording')!r} is not in manifest.csv; add it or mend the name.")
    return entries


_PHASES = ("lower_start_s", "lower_end_s", "raise_start_s", "raise_end_s")
_Tables = dict[str, list[_Row]]


def _entry(folder: Path, row: _Row, bouts: _Tables, phases: _Tables, bottoms: _Tables) -> Entry:
    name, kind = row.text("recording"), row.text("kind")
    if kind not in KINDS:
        raise row.error("kind", f"{kind!r} is none of {', '.join(KINDS)}; mend it.")
    sure = [r for r in phases.get(name, []) if not r.text("note").startswith(NOT_SURE)]
    return Entry(
        name=name,
        path=folder / name,
        dataset=row.text("dataset"),
        subject=row.text("subject"),
        kind=kind,
        activity=row.text("exercise"),
        transition="transition" in row.text("notes").split(";")[0],
        bouts=tuple(_bout(r) for r in bouts.get(name, [])),
        phases=tuple(_phases(r) for r in sure),
        bottoms_s=tuple(r.number("bottom_s") for r in bottoms.get(name, [])),
    )


def _bout(row: _Row) -> Bout:
    start, end = row.number("start_s"), row.number("end_s")
    if end < start:
        raise row.error("end_s", f"the bout ends at {end:g} before it starts at {start:g}; mend this line.")
    unsure = bool(row.whole("ambiguous")) if row.text("ambiguous") else False
    return Bout(start_s=start, end_s=end, reps=row.whole("reps"), ambiguous=unsure, note=row.text("note"))


def _phases(row: _Row) -> TruePhases:
    lower_start, lower_end, lift_start, lift_end = (row.number(c) for c in _PHASES)
    return TruePhases(
        lower_start_s=lower_start, lower_end_s=lower_end, lift_start_s=lift_start, lift_end_s=lift_end
    )  # fmt: skip


def _by_recording(rows: list[_Row]) -> _Tables:
    found: _Tables = {}
    for row in rows:
        found.setdefault(row.text("recording"), []).append(row)
    return found


def _table(folder: Path, name: str, columns: tuple[str, ...], *, optional: bool = False) -> list[_Row]:
    path = folder / name
    if not path.is_file():
        if optional:
            return []
        raise DataError(f"{folder} has no {name}: without it nobody can say what is right. {FORMAT}")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return list(_rows(path, csv.DictReader(file), columns))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read ({error}); save it again as a CSV file in UTF-8.") from error


def _rows(path: Path, reader: csv.DictReader[str], columns: tuple[str, ...]) -> Iterator[_Row]:
    absent = [c for c in columns if c not in (reader.fieldnames or ())]
    if absent:
        raise DataError(f"{path}, line 1: there is no column {absent[0]}. {FORMAT}")
    for cells in reader:
        yield _Row(path=path, line=reader.line_num, cells={k: v for k, v in cells.items() if isinstance(v, str)})
