"""Records onto a disk that gets full, gets room again, and is full at the end; says in JSON what it met on the way.

To be run as a program, with a folder on a disk of 64 KB.
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path

import scripted
from scripted import Step, of_index, samples

from imu.errors import StorageError
from imu.sessions import SessionWriter, read_session

BLOCK = 10


def append(writer: SessionWriter, first: int) -> str:
    """Append a block; returns what was said of it."""
    try:
        writer.append(samples(Step("append", first, BLOCK)))
        writer.settle()
    except StorageError as error:
        return str(error)
    return ""


def until_full(writer: SessionWriter, first: int) -> tuple[int, str]:
    """Append until something is said; returns the next number, and what was said."""
    said = ""
    while not said:
        said = append(writer, first)
        first += BLOCK
    return first, said


def numbers(writer: SessionWriter) -> list[int]:
    """The numbers of the samples on the disk, whose values are right."""
    session = read_session(writer.folder)
    assert session.warnings == (), session.warnings
    assert abs(session.samples.acc_mps2 - of_index(session.samples.index).acc_mps2).max() < 1e-5
    return [int(i) for i in session.samples.index]


def main(room: Path) -> None:
    filler = room / "filler"
    filler.write_bytes(bytes(32_000))
    met: dict[str, object] = {}
    writer = SessionWriter(room / "out", scripted.header())
    first, met["full"] = until_full(writer, 0)
    safe = first - BLOCK
    for _ in range(10):
        assert append(writer, first)
        first += BLOCK
    with contextlib.suppress(StorageError):  # there may be room for so little
        writer.event("marker", 1.0, "in the middle of it")
    kept = numbers(writer)
    assert kept == list(range(len(kept)))
    assert safe <= len(kept) < first
    filler.unlink()
    met["room again"] = append(writer, first)
    first += BLOCK
    assert numbers(writer) == list(range(first))
    filler.write_bytes(bytes(1))
    first, _ = until_full(writer, first)
    for _ in range(3):
        append(writer, first)
        first += BLOCK
    try:
        writer.close(scripted.found_live())
    except StorageError as error:
        met["closing"] = str(error)
    met["handed over"], met["kept"] = first, len(numbers(writer))
    print(json.dumps(met))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
