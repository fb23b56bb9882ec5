"""The files of one recording, be they a folder, a zip or a single file."""

from __future__ import annotations

import fnmatch
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeAlias

from imu.errors import DataError
from imu.sessions.files import read_bytes

KINDS = (".csv", ".csv.gz", ".txt", ".txt.gz")
FIRST_BYTES = 4096
"""First lines, by which a format is recognised, are in here."""

Read: TypeAlias = Callable[[int], bytes]
"""Gives so many bytes from the beginning of a file, -1 for all of it; raises DataError."""
_DAMAGED = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, ValueError, RuntimeError,
)  # fmt: skip
"""What zipfile raises for zip files that are cut short, damaged, encrypted or packed in a way it does not know."""


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """The tables of one recording.

    Attributes:
        path: What was named on the command line.
        members: How to read each file, by its path in the bundle.
    """

    path: Path
    members: dict[str, Read]
    _heads: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    def named(self, *patterns: str) -> list[str]:
        """Members whose file name matches a pattern with `*`, upper and lower case alike."""
        wanted = [pattern.lower() for pattern in patterns]
        return [m for m in self.members if any(fnmatch.fnmatchcase(Path(m).name.lower(), one) for one in wanted)]

    def only(self, *patterns: str) -> str | None:
        """The one member that matches, None if there is none.

        Raises:
            DataError: Several match.
        """
        found = self.named(*patterns)
        if len(found) > 1:
            raise DataError(
                f"{self.path} holds {len(found)} files like {patterns[0]} ({', '.join(sorted(found)[:3])}), so it is "
                "more than one recording; import them one by one, each from a folder of its own."
            )
        return found[0] if found else None

    def where(self, member: str) -> Path:
        """The file as messages name it."""
        return self.path if member == self.path.name and not self.path.is_dir() else self.path / member

    def head(self, member: str) -> str:
        """The first lines of a file, as far as they are needed to recognise it."""
        if member not in self._heads:
            self._heads[member] = _text(self.members[member](FIRST_BYTES))
        return self._heads[member]

    def whole(self, member: str) -> bytes:
        """All bytes of a file.

        Raises:
            DataError: It cannot be read.
        """
        return self.members[member](-1)


def open_bundle(path: Path) -> Bundle:
    """Find the tables below a folder, in a zip, or the single file itself; nothing is unpacked onto the disk.

    Raises:
        DataError: There is nothing to read.
    """
    members: dict[str, Read]
    if path.is_dir():
        files = sorted(one for one in path.rglob("*") if one.is_file())
        members = {one.relative_to(path).as_posix(): partial(read_bytes, one) for one in files}
    elif read_bytes(path, 4) == b"PK\x03\x04":
        members = _zipped(path)
    else:
        return Bundle(path=path, members={path.name: partial(read_bytes, path)})
    tables = {name: read for name, read in members.items() if _is_table(name)}
    if not tables:
        raise DataError(f"{path} holds no tables ({', '.join(KINDS)}); give what the other program exported as CSV.")
    return Bundle(path=path, members=tables)


def _text(first: bytes) -> str:
    """The beginning of a text, perhaps gzipped."""
    if first[:2] == b"\x1f\x8b":
        try:
            first = zlib.decompressobj(wbits=31).decompress(first, FIRST_BYTES)
        except zlib.error:
            return ""
    return first[:FIRST_BYTES].decode("utf-8-sig", "replace")


def _is_table(name: str) -> bool:
    hidden = any(part.startswith((".", "__MACOSX")) for part in Path(name).parts)
    return name.lower().endswith(KINDS) and not hidden


def _zipped(path: Path) -> dict[str, Read]:
    data = read_bytes(path)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {name: partial(_unzipped, path, data, name) for name in archive.namelist()}
    except _DAMAGED as error:
        raise _unsound(path, error) from error


def _unzipped(path: Path, data: bytes, name: str, most: int) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(name) as file:
            return file.read(most)
    except _DAMAGED as error:
        raise _unsound(path, error) from error


def _unsound(path: Path, error: Exception) -> DataError:
    return DataError(f"{path} is not a sound zip file ({error}); export or copy it again, without a password.")
