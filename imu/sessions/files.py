"""Files that are either the old one or the new one, never half of either, and whose bytes are really on the disk."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from imu.errors import DataError, StorageError

FREE = "Free some space"
LEFTOVER_S = 600.0
"""No replacement is under way for so long without a byte being written."""


@contextlib.contextmanager
def storage(path: Path, *, full: str = FREE, option: str = "--out") -> Iterator[None]:
    """Turn what the operating system says into a sentence for the person.

    Args:
        path: What is being written.
        full: The mend of a full disk.
        option: How to write elsewhere.

    Raises:
        StorageError: Anything inside the block could not be written.
    """
    try:
        yield
    except OSError as error:
        mend = full if error.errno in (errno.ENOSPC, errno.EDQUOT) else f"Choose another folder with {option}"
        # The reason first: on a narrow live screen the path may take the rest of the line.
        raise StorageError(
            f"{error.strerror or error}: {path} could not be written; what was written before is kept. {mend}."
        ) from error


def replace_file(path: Path, chunks: Iterable[bytes], option: str = "--out") -> None:
    """Write a whole file so that a crash at any instant leaves the old one or the new one.

    Args:
        path: Where.
        chunks: What.
        option: How a person has it written elsewhere, should it fail.

    Raises:
        StorageError: It could not be written; the old file is untouched.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with storage(path, option=option):
        try:
            with temporary.open("wb") as file:
                file.writelines(chunks)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    sync_folder(path.parent)


def clear_leftovers(folder: Path) -> None:
    """Remove what replacements that were cut off left in a session's folder; one that is under way is younger."""
    for leftover in folder.glob("*.tmp"):
        with contextlib.suppress(OSError):
            if time.time() - leftover.stat().st_mtime > LEFTOVER_S:
                leftover.unlink()


def check_writable(folder: Path) -> None:
    """Try whether something could be made in a folder that may not exist yet, and leave nothing behind.

    Raises:
        StorageError: Nothing could.
    """
    with storage(folder):
        place = next(one for one in (folder, *folder.absolute().parents) if one.exists())
        with tempfile.TemporaryFile(dir=place):
            pass


def sync_folder(folder: Path) -> None:
    """Make new names in a folder survive a power cut, where the system knows how (Windows does it by itself)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def read_bytes(path: Path, most: int = -1) -> bytes:
    """Read a file, whole or its first bytes.

    Raises:
        DataError: It is not there or may not be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(most)
    except FileNotFoundError:
        raise DataError(f"{path} does not exist; check the path.") from None
    except OSError as error:
        raise DataError(
            f"{path} cannot be read ({error.strerror or error}); give the path of a readable file."
        ) from error
