"""A disk that is really full: nothing on it is lost, what comes waits, and in the end it is said what is missing."""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from imu.errors import StorageError
from imu.sessions import read_session
from imu.sessions.appendfile import AppendFile

FILLED = Path(__file__).with_name("filled.py")


def test_a_full_disk_loses_nothing_that_it_has_room_for(
    small_disk: Callable[..., CompletedProcess[str]], tmp_path: Path
) -> None:
    ran = small_disk("64k", FILLED, tmp_path / "small")
    assert ran.returncode == 0, ran.stderr
    met = json.loads(ran.stdout)
    waits = r"No space left on device: \S+{} could not be written; what was written before is kept\. Free some space"
    assert re.search(waits.format(r"samples\.csv") + "; what comes until then waits in memory", met["full"])
    assert met["room again"] == ""
    said = re.search(waits.format(r"samples\.csv") + r"\. Its last (\d+) lines are not on the disk\.$", met["closing"])
    assert said
    assert int(said[1]) == met["handed over"] - met["kept"] > 0
    (folder,) = (tmp_path / "kept" / "out").iterdir()
    session = read_session(folder)
    assert len(session.samples) == met["kept"]
    assert [event.detail for event in session.events] == ["in the middle of it"]
    assert not list(folder.glob("*.tmp"))


def test_lines_that_could_not_be_forced_onto_the_disk_are_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.csv"
    file = AppendFile(path, b"head\n")
    file.append(b"1\n")

    def broken(_: int) -> None:
        os.truncate(path, 5)  # what a system may do that could not write: it forgets, and never says so again
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", broken)
        with pytest.raises(StorageError, match=r"file\.csv"):
            file.sync()
    file.append(b"2\n")
    file.close()
    assert path.read_bytes() == b"head\n1\n2\n"


def test_a_disk_that_refuses_only_when_the_file_is_closed_is_named_too(tmp_path: Path) -> None:
    file = AppendFile(tmp_path / "file.csv", b"head\n")
    file.append(b"1\n")
    os.close(file._file.fileno())  # the system will refuse whatever is done with it
    with pytest.raises(StorageError, match=r"file\.csv"):
        file.close()
    assert file.closed
