"""A power cut at any moment loses at most the last second, whatever the file system made of what was not forced.

What the recorder asks of the file system is written down, call by call, while it really happens. Then each beginning
of that list is a moment at which the power may go. What a disk may hold then: of what was written and not forced since,
nothing, a beginning, all of it, or the length with zeros for the bytes; of the names made, moved and removed in a
folder and not forced since, any beginning. Names and bytes know nothing of each other.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Self

import numpy as np
import pytest

from imu.app.analyze import rederive
from imu.errors import ImuError
from imu.sessions import appendfile, read_session

PACE_S = 0.096
"""Time from one step to the next, a packet's."""
ROOT = 0
"""The number of the folder in which it happens."""


@dataclass
class Disk:
    """What was asked of the file system. Files and folders go by numbers of ours, for inodes are used again."""

    calls: list[tuple[Any, ...]] = field(default_factory=list)
    numbers: dict[int, int] = field(default_factory=dict)
    """By inode, of what is there now."""

    def new(self, inode: int) -> int:
        self.numbers[inode] = 1 + max(self.numbers.values(), default=-1)
        return self.numbers[inode]

    def of(self, path: Path) -> int:
        return self.numbers[path.stat().st_ino]

    @contextlib.contextmanager
    def watched(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Write down what goes through `Path` and `os.fsync`."""
        make, move, remove, folder, force = Path.open, Path.replace, Path.unlink, Path.mkdir, os.fsync

        def opened(path: Path, mode: str = "r", *rest: Any, **named: Any) -> Any:
            file = make(path, mode, *rest, **named)
            if mode not in ("wb", "xb"):
                return file
            number = self.new(os.fstat(file.fileno()).st_ino)
            self.calls.append(("name", self.of(path.parent), path.name, number))
            return Watched(file, self, number)

        def moved(path: Path, to: Path) -> Path:
            self.calls.append(("move", self.of(path.parent), path.name, to.name))
            return move(path, to)

        def removed(path: Path, missing_ok: bool = False) -> None:
            self.calls.append(("remove", self.of(path.parent), path.name))
            remove(path, missing_ok=missing_ok)

        def made(path: Path, *rest: Any, **named: Any) -> None:
            before = path.exists()
            folder(path, *rest, **named)
            if not before and path.stat().st_ino not in self.numbers:
                self.calls.append(("folder", self.of(path.parent), path.name, self.new(path.stat().st_ino)))

        def forced(handle: int) -> None:
            force(handle)
            self.calls.append(("force", self.numbers[os.fstat(handle).st_ino]))

        with monkeypatch.context() as patch:
            patch.setattr(Path, "open", opened)
            patch.setattr(Path, "replace", moved)
            patch.setattr(Path, "unlink", removed)
            patch.setattr(Path, "mkdir", made)
            patch.setattr(os, "fsync", forced)
            yield


class Watched:
    """A file opened for writing whose writes are written down."""

    def __init__(self, file: Any, disk: Disk, number: int) -> None:
        self.file, self.disk, self.number = file, disk, number

    def write(self, data: bytes) -> int:
        self.file.flush()
        at = self.file.tell()
        n = self.file.write(data)
        self.disk.calls.append(("write", self.number, at, bytes(data[:n])))
        return int(n)

    def writelines(self, chunks: Iterable[bytes]) -> None:
        for chunk in chunks:
            self.write(chunk)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


@dataclass
class File:
    """Bytes that were forced, and writes that were not."""

    safe: bytearray = field(default_factory=bytearray)
    open: list[tuple[int, bytes]] = field(default_factory=list)

    def force(self) -> None:
        for at, data in self.open:
            _put(self.safe, at, data)
        self.open = []

    def after(self, rng: np.random.Generator) -> bytes:
        """What the disk may hold of it when the power comes back."""
        kept = bytearray(self.safe)
        keep = int(rng.integers(0, len(self.open) + 1)) if rng.random() < 0.7 else len(self.open)
        for at, data in self.open[:keep]:
            _put(kept, at, data)
        if keep < len(self.open) and rng.random() < 0.7:
            at, data = self.open[keep]
            _put(kept, at, data[: rng.integers(0, len(data) + 1)])
        if rng.random() < 0.4 and len(kept) > len(self.safe):
            a, b = np.sort(rng.integers(len(self.safe), len(kept) + 1, 2)).tolist()
            kept[a:b] = bytes(b - a)
        return bytes(kept)


def _put(content: bytearray, at: int, data: bytes) -> None:
    content.extend(bytes(max(0, at - len(content))))
    content[at : at + len(data)] = data


@dataclass
class Model:
    """The file system before a cut: files, and for each folder the calls that made its names and how many are sure."""

    files: dict[int, File] = field(default_factory=dict)
    folders: dict[int, list[tuple[Any, ...]]] = field(default_factory=lambda: {ROOT: []})
    sure: dict[int, int] = field(default_factory=dict)

    def take(self, call: tuple[Any, ...]) -> None:
        match call:
            case ("write", number, at, data):
                self.files[number].open.append((at, data))
            case ("force", number) if number in self.files:
                self.files[number].force()
            case ("force", number):
                self.sure[number] = len(self.folders[number])
            case (what, folder, *rest):
                self.folders[folder].append((what, *rest))
                if what == "name":
                    self.files[rest[1]] = File()
                elif what == "folder":
                    self.folders[rest[1]] = []

    def cut(self, to: Path, rng: np.random.Generator, folder: int = 0) -> None:
        """Build what may be there when the power comes back."""
        to.mkdir()
        calls = self.folders[folder]
        there: dict[str, int] = {}
        for what, name, *rest in calls[: int(rng.integers(self.sure.get(folder, 0), len(calls) + 1))]:
            if what == "move":
                there[rest[0]] = there.pop(name)
            elif what == "remove":
                there.pop(name, None)
            else:
                there[name] = rest[0]
        for name, number in there.items():
            if number in self.folders:
                self.cut(to / name, rng, number)
            else:
                (to / name).write_bytes(self.files[number].after(rng))


def recorded(
    scripted: ModuleType, root: Path, monkeypatch: pytest.MonkeyPatch, steps: list[Any]
) -> tuple[list[tuple[Any, ...]], list[int], list[float]]:
    """A script's calls; how many there had been, and what time it was, after each step."""
    disk, clock, after, times = Disk(), [0.0], [0], [0.0]
    assert disk.new(root.stat().st_ino) == ROOT

    def done(_: int) -> None:
        clock[0] += PACE_S
        after.append(len(disk.calls))
        times.append(clock[0])

    with monkeypatch.context() as patch, disk.watched(monkeypatch):
        patch.setattr(appendfile, "time", SimpleNamespace(monotonic=lambda: clock[0]))
        scripted.perform(root / "deep" / "out", steps, done)
    return disk.calls, after, times


def check(scripted: ModuleType, steps: list[Any], old: int, begun: int, folder: Path) -> None:
    """Everything of the first `old` steps is there; of the others, up to `begun`, what may be."""
    must, may = (scripted.numbers_in(steps[:n]) for n in (old, begun))
    if not must:
        with contextlib.suppress(ImuError):
            read_session(folder)
        return
    session = read_session(folder)
    index = session.samples.index
    assert must <= set(index.tolist()) <= may
    np.testing.assert_allclose(session.samples.acc_mps2, scripted.of_index(index).acc_mps2, atol=1e-5)
    told = scripted.events_in(steps[:begun])
    kept = [event.detail for event in session.events]
    assert kept == told[: len(kept)]
    assert len(kept) >= len(scripted.events_in(steps[:old]))
    assert len(session.reps) in (0, scripted.REPS)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 30))])
def test_a_power_cut_after_any_call_loses_at_most_the_last_second(
    scripted: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    root, to = tmp_path / "disk", tmp_path / "cut"
    root.mkdir()
    steps, rng, model = scripted.script(seed, blocks=40), np.random.default_rng(seed), Model()
    calls, after, times = recorded(scripted, root, monkeypatch, steps)
    assert sum(call[0] == "force" for call in calls) > 20
    for n, call in enumerate([*calls, None]):
        done = int(np.searchsorted(after, n, "right")) - 1
        old = max(0, int(np.searchsorted(times, times[done] - 1.0, "right")) - 1)
        model.cut(to, rng)
        place = to / "deep" / "out"
        folder = next(place.iterdir(), None) if place.exists() else None
        if folder is None:
            assert old == 0
        else:
            check(scripted, steps, old, done + 1, folder)
            if old and n % 10 == 0:
                rederive(folder)
        shutil.rmtree(to)
        if call is not None:
            model.take(call)
