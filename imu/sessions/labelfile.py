"""`labels.csv`: what a person says of the movements. Lines are added at the end, never changed: the last word counts.

A person may write the file by hand, in any editor, with the first three columns alone; so what stands there is never
rewritten. Only its first line grows where a new line needs a column that it does not name yet.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path

from imu.errors import DataError
from imu.sessions.csvfile import read_text
from imu.sessions.files import replace_file
from imu.sessions.tables import Label, cell, read_labels

NAME = "labels.csv"
COLUMNS = tuple(f.name for f in fields(Label))
TIMES = tuple(name for name in COLUMNS if name.endswith("_s"))
"""The columns that are instants on the sensor's clock."""
SHORTEST = COLUMNS[:6]
"""The columns of a new file; the others are added when they are first needed."""


def labels_of(session: Path) -> tuple[Label, ...]:
    """What a person said of a session, in the order in which it was said; nothing where nobody said anything yet.

    Raises:
        DataError: The file is malformed; the message names line and column.
    """
    path = session / NAME
    return read_labels(path) if path.is_file() and path.stat().st_size else ()


def append_labels(path: Path, labels: Iterable[Label]) -> None:
    """Add lines to a person's labels, in one step: all of them or none.

    Raises:
        DataError: What stands there is no table of labels.
        StorageError: It could not be written; the file is as it was.
    """
    new = list(labels)
    old, names = _before(path)
    needed = [name for name in COLUMNS if name not in names and any(cell(name, getattr(one, name)) for one in new)]
    names = [*names, *needed]
    lines = _lines([[cell(name, getattr(one, name, None)) for name in names] for one in new])
    replace_file(path, [_lines([names]), old, lines])


def _before(path: Path) -> tuple[bytes, Sequence[str]]:
    """The lines below the first, and the first one's names."""
    if not path.is_file() or not path.stat().st_size:
        return b"", SHORTEST
    data, _ = read_text(path, by_hand=True)
    head, _, rest = data.partition(b"\n")
    names = next(csv.reader([head.decode().strip()]), [])
    if any(name not in names for name in COLUMNS[:3]):
        raise DataError(f"{path}, line 1: this is no table of labels; it begins with {','.join(SHORTEST)}.")
    return rest, names


def _lines(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
