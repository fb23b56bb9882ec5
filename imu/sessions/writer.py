"""Writing a session so that nothing received is lost: not by a kill, a full disk or a power cut.

Strategy: samples are appended in order of arrival, straight to the operating system, and forced onto the disk once a
second (`appendfile.py`). What could not be written stays in memory and is tried again with the next block. Only at the
end, and only if lines came late or twice, is the file rewritten in order, beside the old one and swapped in one step.
`labels.csv` belongs to the person and is never opened here.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np

from imu.errors import DataError, ImuError
from imu.model import Analysis, Samples
from imu.sessions.appendfile import AppendFile
from imu.sessions.csvfile import read_text
from imu.sessions.files import clear_leftovers, replace_file, storage, sync_folder
from imu.sessions.header import SessionHeader, utc_now, write_header
from imu.sessions.reader import said_of
from imu.sessions.samplesfile import encode, header_line, sorted_chunks
from imu.sessions.tables import EVENT_HEAD, SessionEvent, event_line, write_reps, write_sets


class SessionWriter:
    """Writes one session folder. A context manager: leaving it closes the files whatever happened."""

    def __init__(self, out_dir: Path, header: SessionHeader) -> None:
        """Make a new folder in `out_dir`, named by the session's start and exercise; never an existing one.

        Raises:
            StorageError: It cannot be written there; no folder is left.
        """
        self.header = header
        self.folder = _new_folder(out_dir, header.folder_name)
        self._in_order = True
        self._last_index = np.iinfo(np.int64).min
        with contextlib.ExitStack() as undo:
            undo.callback(shutil.rmtree, self.folder, ignore_errors=True)
            write_header(self.folder / "session.json", header)
            self._samples = AppendFile(self.folder / "samples.csv", header_line(gyroscope=header.sensor.has_gyroscope))
            undo.callback(self._samples.abandon)
            self._events = AppendFile(self.folder / "events.csv", EVENT_HEAD)
            undo.pop_all()
        sync_folder(self.folder)
        sync_folder(self.folder.parent)

    def append(self, samples: Samples) -> None:
        """Append samples in order of arrival.

        Raises:
            StorageError: The disk is full; the samples are kept and tried again at the next call.
            ValueError: A gyroscope is there that the header denies, or the other way round.
        """
        if not len(samples):
            return
        if (samples.gyr_radps is not None) != self.header.sensor.has_gyroscope:
            raise ValueError("the header's has_gyroscope and the samples disagree")
        self._in_order &= bool(samples.index[0] > self._last_index and (np.diff(samples.index) > 0).all())
        self._last_index = max(self._last_index, int(samples.index.max()))
        self._samples.append(encode(samples))

    def event(self, kind: str, t_s: float, detail: str = "") -> None:
        """Append an event, and force it and the samples before it onto the disk.

        Raises:
            StorageError: The disk is full; the event is kept and tried again at the next call.
        """
        self._events.append(event_line(SessionEvent(utc=utc_now(), t_s=t_s, kind=kind, detail=detail)))
        self._events.sync()
        self._samples.sync()

    def settle(self) -> None:
        """Write what waits, and force onto the disk what is a second old: for moments in which nothing comes.

        Raises:
            StorageError: The disk is full; what waits is kept and tried again at the next call.
        """
        if not self._samples.closed:
            self._samples.settle()
            self._events.settle()

    def update(self, **changes: Any) -> None:  # noqa: ANN401 (any field of the header)
        """Change fields of the header and write it anew.

        Raises:
            StorageError: It could not be written; the old one is untouched.
        """
        self.header = dataclasses.replace(self.header, **changes)
        write_header(self.folder / "session.json", self.header)

    def close(self, analysis: Analysis | None = None) -> None:
        """Bring the samples into order and write what was derived from them. A second call changes nothing.

        Every step is tried even if one before it failed.

        Raises:
            StorageError: Something could not be written, samples first; they are as they were appended.
        """
        if self._samples.closed:
            return
        steps: list[Callable[[], None]] = [self._samples.close, self._events.close]
        if not self._in_order:
            steps.append(partial(put_in_order, self._samples.path))
        if analysis is not None:
            steps.append(partial(write_analysis, self.folder, self.header, analysis))
        errors: list[ImuError] = []
        for step in steps:
            try:
                step()
            except ImuError as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def discard(self) -> None:
        """Close the files and remove the folder: for a session in which nothing happened."""
        self._samples.abandon()
        self._events.abandon()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def write_analysis(folder: Path, header: SessionHeader, analysis: Analysis) -> None:
    """Write what is derived into a session folder: reps, sets, and the header's mount, straight line and strap slips.

    What was declared of the mount is kept where the motion contradicted it, so that it can be judged again. An older
    straight line is kept only where it was declared: any other was measured, and is no more.

    Raises:
        StorageError: It could not be written; older files are untouched.
        DataError: `events.csv` says of a load what cannot be read.
    """
    said = said_of(folder)
    clear_leftovers(folder)
    write_reps(folder / "reps.csv", analysis.reps)
    write_sets(folder / "sets.csv", analysis.sets, load_kg=lambda at_s: said.load_kg(at_s, header.load_kg))
    straight, found = analysis.straight_line_deg, analysis.mount
    measured, declared = np.isfinite(straight), header.straight_line_source == "declared"
    corrected = found is not None and found.is_corrected
    changed = dataclasses.replace(
        header,
        mount=header.mount if corrected else found or header.mount,
        mount_corrected=found if corrected else None,
        straight_line_deg=straight if measured else header.straight_line_deg if declared else None,
        strap_slips=[dataclasses.asdict(slip) for slip in analysis.slips],
        straight_line_source=analysis.straight_line_source if measured else "declared" if declared else None,
    )
    write_header(folder / "session.json", changed)


def put_in_order(path: Path) -> None:
    """Rewrite a samples file sorted by index, each once, atomically; a torn last line goes.

    Raises:
        StorageError: It could not be written; the file is as it was.
        DataError: It is not a samples file.
    """
    data, _ = read_text(path)
    try:
        replace_file(path, sorted_chunks(data))
    except (ValueError, IndexError) as error:
        raise DataError(f"{path} is no samples file ({error}); it was left as it is.") from error


def _new_folder(out_dir: Path, name: str) -> Path:
    """A folder of this name; two sessions that start in one second get a number."""
    new = [one for one in (out_dir, *out_dir.parents) if not one.exists()]
    with storage(out_dir):
        out_dir.mkdir(parents=True, exist_ok=True)
        for one in new:
            sync_folder(one.parent)
        for again in itertools.count(1):
            folder = out_dir / (name if again == 1 else f"{name}_{again}")
            with contextlib.suppress(FileExistsError):
                folder.mkdir()
                return folder
    raise AssertionError("unreachable")
