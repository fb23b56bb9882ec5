"""A file that only grows, line by line, and survives a kill, a full disk and a power cut."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from imu.errors import StorageError
from imu.sessions.files import FREE, storage

SYNC_EVERY_S = 0.8
"""With a packet's wait, and the disk's, a power cut loses at most the last second."""
_PIECE = 1 << 16
"""Bytes handed over at a time."""
_WAITS = "Free some space; what comes until then waits in memory"


class AppendFile:
    """Appends whole lines; each is let go only once it was forced onto the disk.

    A write that fails leaves the whole lines that had room, and the rest goes first next time. If forcing fails, nobody
    knows which lines are there (the system may have dropped what it could not write), so that all since the last time
    are written again, to where they belong.
    """

    def __init__(self, path: Path, head: bytes) -> None:
        """Create the file, with its first line on the disk; it must not exist.

        Raises:
            StorageError: It could not be created.
        """
        self.path = path
        self._safe = 0
        """Bytes of the file that were forced onto the disk."""
        self._lines = bytearray(head)
        """What follows them."""
        self._handed = 0
        """How much of that the operating system has taken."""
        self._mend = _WAITS
        self._synced_at = time.monotonic()
        with storage(path):
            self._file = path.open("xb", buffering=0)
        try:
            self.settle()
            self.sync()
        except BaseException:
            self.abandon()
            raise

    def append(self, lines: bytes) -> None:
        """Hand lines to the operating system, and to the disk if the last time is `SYNC_EVERY_S` ago.

        Raises:
            StorageError: The disk is full or gone; the lines are kept for the next call.
        """
        self._lines += lines
        self.settle()

    def settle(self) -> None:
        """The same without new lines: for moments in which nothing comes.

        Raises:
            StorageError: The disk is full or gone; the lines are kept for the next call.
        """
        if self._handed < len(self._lines):
            with storage(self.path, full=self._mend):
                self._hand_over()
        if time.monotonic() - self._synced_at >= SYNC_EVERY_S:
            self.sync()

    def _hand_over(self) -> None:
        try:
            self._file.seek(self._safe + self._handed)
            while self._handed < len(self._lines):
                self._handed += self._write(bytes(self._lines[self._handed : self._handed + _PIECE]))
        except BaseException:  # a Ctrl-C inside the write leaves a torn line, too
            written = self._file.tell() - self._safe
            self._handed = self._lines.rfind(b"\n", 0, written) + 1
            self._file.truncate(self._safe + self._handed)
            raise

    def _write(self, piece: bytes) -> int:
        return self._file.write(piece)

    def sync(self) -> None:
        """Force what was handed over onto the disk.

        Raises:
            StorageError: The disk refused; the lines are kept for the next call.
        """
        if self._handed:
            with storage(self.path, full=self._mend):
                try:
                    os.fsync(self._file.fileno())
                except BaseException:
                    self._handed = 0
                    raise
            self._safe += self._handed
            self._lines, self._handed = self._lines[self._handed :], 0
        self._synced_at = time.monotonic()

    @property
    def closed(self) -> bool:
        """Whether nothing more can be appended."""
        return self._file.closed

    def close(self) -> None:
        """Write what waits, sync, close. The file is closed in any case.

        Raises:
            StorageError: Not all of it is on the disk; it says how many lines are not.
        """
        if self._file.closed:
            return
        self._mend = FREE
        with storage(self.path), contextlib.closing(self._file):  # a disk in the net may refuse as late as here
            try:
                self.settle()
                self.sync()
            except StorageError as error:
                left = self._lines.count(b"\n", self._handed)
                raise StorageError(f"{error} Its last {left} lines are not on the disk.") from error

    def abandon(self) -> None:
        """Close the file as it is."""
        self._file.close()
