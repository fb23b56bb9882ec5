"""Bytes of a CSV file -> columns of numbers, or one sentence that names the file, the line and the column.

The healthy file takes one pass through pandas. Only when that fails, or when a later check objects to a row, is the
text walked again to find out which line a person has to look at.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from imu.errors import DataError
from imu.model import Bools, Floats, Ints
from imu.sessions.files import read_bytes

_NEVER_WRITTEN = b"\0"
"""What a file system shows where a file had grown but its bytes were not on the disk yet when the power went."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NumberTable:
    """The wanted columns of a CSV file.

    Attributes:
        path: Where it came from, for messages.
        data: Its text, line ends normalised, a torn last line cut off.
        columns: (n,) numbers by column name; nan where a cell is empty.
        warnings: What had to be mended in order to read it.
    """

    path: Path
    data: bytes
    columns: dict[str, Floats]
    warnings: tuple[str, ...] = ()

    def line(self, row: int) -> int:
        """Line number in the file (from 1) of a data row (from 0); blank lines are lines but not rows."""
        filled = (n for n, text in enumerate(io.BytesIO(self.data), 1) if text.strip())
        return next((n for k, n in enumerate(filled) if k == row + 1), self.data.count(b"\n"))

    def error(self, row: int, column: str, what: str) -> DataError:
        """The error for one cell; `what` says what is wrong and what to do."""
        return DataError(f"{self.path}, line {self.line(row)}, column {column}: {what}")

    def refuse_where(self, bad: Bools, column: str, what: str) -> None:
        """Raise `what` for the first row that is bad, if any.

        Raises:
            DataError: A row is bad.
        """
        if bad.any():
            raise self.error(int(np.argmax(bad)), column, what)


def read_table(path: Path, choose: Callable[[list[str]], list[str]]) -> NumberTable:
    """Read a CSV file, plain or gzipped.

    Args:
        path: The file.
        choose: Given the names in the header, returns those to read; raises DataError if they will not do. Columns
            it does not name may hold anything.

    Raises:
        DataError: The file is empty, not a comma-separated table, or holds text where a number belongs.
    """
    return table_of(path, *read_text(path), choose)


def table_of(path: Path, data: bytes, warnings: list[str], choose: Callable[[list[str]], list[str]]) -> NumberTable:
    """Read a table out of a text as `read_text` or `as_text` gives it; `path` is its name in messages.

    Raises:
        DataError: As `read_table` does.
    """
    names = header_of(path, data)
    wanted = choose(names)
    _check_width(path, data, len(names))
    return NumberTable(path=path, data=data, columns=_parse(path, data, names, wanted), warnings=tuple(warnings))


def read_text(path: Path, *, by_hand: bool = False) -> tuple[bytes, list[str]]:
    """Read text up to its last whole line, with Unix line ends, and say what had to be left out.

    Of a file written `by_hand` a last line without an end is whole: editors leave it out.
    """
    return as_text(path, read_bytes(path), by_hand=by_hand)


def as_text(path: Path, data: bytes, *, by_hand: bool = False) -> tuple[bytes, list[str]]:
    """Do what `read_text` does with bytes that were read already; `path` is their name in messages."""
    warnings: list[str] = []
    if data[:2] == b"\x1f\x8b":
        data, whole = _gunzip(path, data)
        if not whole:
            warnings.append(f"{path}: the gzip file ends early; what could be unpacked was read.")
    data = data.removeprefix(b"\xef\xbb\xbf")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if by_hand and data and not data.endswith(b"\n"):
        data += b"\n"
    whole_lines = data.rfind(b"\n") + 1
    if 0 < whole_lines < len(data):
        number = data.count(b"\n") + 1
        warnings.append(f"{path}, line {number}: the last line has no end and may be torn; it was cut off.")
        data = data[:whole_lines]
    if _NEVER_WRITTEN in data and _NEVER_WRITTEN not in data[: data.find(b"\n")]:
        data, n = re.subn(rb"[^\n\0]*\0[^\n]*", b"", data)  # an empty line stays, so that the others keep their numbers
        warnings.append(f"{path}: in {n} places it holds zeros for lines, as after a power cut; they were left out.")
    return data, warnings


def _gunzip(path: Path, data: bytes) -> tuple[bytes, bool]:
    """Unpack every member; a stream cut short gives what it holds and False."""
    parts = []
    whole = True
    while data and whole:
        member = zlib.decompressobj(wbits=31)
        try:
            parts.append(member.decompress(data))
        except zlib.error as error:
            raise DataError(f"{path} is not a sound gzip file ({error}); copy or download it again.") from error
        whole, data = member.eof, member.unused_data
    return b"".join(parts), whole


def header_of(path: Path, data: bytes) -> list[str]:
    """The names in the first filled line of a text.

    Raises:
        DataError: There is none, or it is not a table's.
    """
    first = data.lstrip(b"\n \t").split(b"\n", 1)[0].decode("utf-8", "replace")
    if not first.strip():
        raise DataError(f"{path} is empty; record again, or check that it was copied completely.")
    try:
        names = [name.strip() for name in next(csv.reader([first]))]
    except csv.Error as error:
        raise no_table(path, 1, error) from error
    if len(names) == 1 and any(mark in first for mark in ";\t"):
        raise DataError(
            f"{path}, line 1: the columns are not separated by commas; export it again with commas between columns "
            "and points in numbers."
        )
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise DataError(f"{path}, line 1: the column {twice[0]} appears twice; keep one of them.")
    return names


def _check_width(path: Path, data: bytes, width: int) -> None:
    """Every line must have as many cells as the header. Counting commas finds nearly all faults at no cost."""
    filled = data.count(b"\n") - data.count(b"\n\n") + (not data.endswith(b"\n"))
    if b'"' not in data and data.count(b",") == (width - 1) * filled:
        return
    for line, cells in rows_of(path, data):
        if len(cells) != width and any(cell.strip() for cell in cells):
            raise DataError(
                f"{path}, line {line}: {len(cells)} cells where the header has {width}; mend or delete this "
                "line (decimal commas look like this, too: numbers need points)."
            )


def rows_of(path: Path, data: bytes) -> Iterator[tuple[int, list[str]]]:
    """The filled rows of a text and the line in which each ends.

    Raises:
        DataError: It is no table; the message names the line in which the bad row begins.
    """
    rows = csv.reader(io.StringIO(data.decode("utf-8", "replace"), newline=""))
    begin = 1
    try:
        for cells in rows:
            if cells:
                yield rows.line_num, cells
            begin = rows.line_num + 1
    except csv.Error as error:
        raise no_table(path, begin, error) from error


def no_table(path: Path, line: int, error: Exception) -> DataError:
    """The error for a text that cannot be taken apart."""
    return DataError(
        f"{path}, line {line}: the row that begins here cannot be read ({error}); mend or delete it (a quotation mark "
        "that is never closed looks like this)."
    )


def _parse(path: Path, data: bytes, names: list[str], wanted: list[str]) -> dict[str, Floats]:
    unique = [name or f"column {place}" for place, name in enumerate(names, 1)]
    try:
        frame = pd.read_csv(
            io.BytesIO(data),
            header=0,
            names=unique,
            usecols=wanted,
            dtype=dict.fromkeys(wanted, np.float64),
            encoding_errors="replace",
        )
    except ValueError:
        raise _fault(path, data, unique, wanted) from None
    return {name: frame[name].to_numpy(np.float64) for name in wanted}


def _fault(path: Path, data: bytes, names: list[str], wanted: list[str]) -> DataError:
    """Why a text could not be read as numbers."""
    try:
        text = pd.read_csv(
            io.BytesIO(data), header=0, names=names, usecols=wanted, dtype=str, encoding_errors="replace"
        )
    except ValueError as error:  # the reader in C gave up; the other one knows where a row begins
        rows, line = csv.reader(io.StringIO(data.decode("utf-8", "replace")), strict=True), 1
        with contextlib.suppress(csv.Error):
            for _ in rows:
                line = rows.line_num + 1
        return no_table(path, line, error)
    return _no_number(NumberTable(path=path, data=data, columns={}), text)


def _no_number(table: NumberTable, text: pd.DataFrame) -> DataError:
    """The error for the first cell that is text."""
    bad = text.apply(pd.to_numeric, errors="coerce").isna() & text.notna()
    row = int(bad.any(axis=1).to_numpy().argmax())
    column = str(bad.iloc[row].idxmax())
    return table.error(row, column, f"{text[column][row]!r} is not a number; mend or delete this line.")


def read_integers(data: bytes, column: str) -> Ints:
    """One column of whole numbers out of a text known to be sound."""
    return pd.read_csv(io.BytesIO(data), usecols=[column], dtype=np.int64)[column].to_numpy()
