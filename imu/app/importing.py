"""`imu import`: a recording of another program -> a session folder, analysed like any other."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from imu.app import analyze, console
from imu.errors import DataError, UsageError
from imu.exercises import Exercise
from imu.imports import CSV_KEY, FORMATS, Bundle, Imported, Source, checked, generic, open_bundle
from imu.model import Mount, SensorInfo
from imu.review.settings import Wishes
from imu.sessions import SessionHeader, SessionWriter

AUTO = "auto"


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the person says of the recording beside its files."""

    exercise: Exercise
    format: str = AUTO
    columns: str | None = None
    units: str = ""
    mount: Mount | None = None
    load_kg: float | None = None
    person: str | None = None
    note: str = ""


def command(path: Path, told: Told, out: Path) -> None:
    """Import, say what was assumed, and show it as `imu analyze` does.

    Raises:
        UsageError: The format is unknown, or columns are told where none are wanted.
        DataError: The files are of no known format or damaged.
        StorageError: The session could not be written.
    """
    imported = checked(read(open_bundle(path), told))
    folder = write_session(imported, told, path, out)
    for note in imported.notes:
        console.out().print(f"  {note}", soft_wrap=True)
    analyze.command([folder], Wishes())


def read(bundle: Bundle, told: Told) -> Source:
    """Find the format and read the files.

    Raises:
        UsageError: The format is unknown, or columns are told where none are wanted.
        DataError: The files are of no known format or damaged.
    """
    if told.format not in (AUTO, CSV_KEY, *(one.key for one in FORMATS)):
        raise UsageError(f"--format {told.format} is unknown; choose one of: {keys()}.")
    if (told.columns is not None and told.format not in (AUTO, CSV_KEY)) or (told.units and told.columns is None):
        raise UsageError("--columns and --units belong together, and to --format csv; the other formats know theirs.")
    if told.columns is not None:
        return generic(bundle, told.columns, told.units)
    if told.format == CSV_KEY:
        raise UsageError("--format csv needs the names of the columns: --columns t=...,ax=...,ay=...,az=...")
    found = [one for one in FORMATS if told.format in (AUTO, one.key) and one.recognises(bundle)]
    if not found and told.format != AUTO:
        raise DataError(f"{bundle.path} is not what --format {told.format} writes; leave it out, or say --columns.")
    if not found:
        titles = ", ".join(one.title for one in FORMATS)
        raise DataError(
            f"{bundle.path} is of none of the formats that are recognised ({titles}); for any other table say which "
            "columns it has with --columns and --units, see imu import --help."
        )
    if len(found) > 1:
        raise DataError(
            f"{bundle.path} holds recordings of several formats; choose one with --format "
            f"{' or '.join(one.key for one in found)}."
        )
    return found[0].read(bundle)


def keys() -> str:
    """The formats as they are named on the command line."""
    return ", ".join([AUTO, *(one.key for one in FORMATS), CSV_KEY])


def write_session(imported: Imported, told: Told, path: Path, out: Path) -> Path:
    """Write what was imported as a session; returns its folder.

    Raises:
        StorageError: It could not be written.
    """
    header = header_of(imported, told, path)
    with SessionWriter(out, header) as writer:
        writer.append(imported.samples)
        writer.event("imported", 0.0, path.name)
    return writer.folder


def header_of(imported: Imported, told: Told, path: Path) -> SessionHeader:
    """The head of an imported session; what was assumed stands in its notes."""
    source, begun_s = imported.source, imported.started_unix_s
    undated = "" if begun_s is not None else "The time of day is that of the import; the files do not say it."
    notes = [told.note, f"Imported from {path.name}.", *imported.notes, undated]
    header = SessionHeader(
        exercise=told.exercise.key,
        sensor=SensorInfo(
            family=source.family,
            model=source.model,
            serial=source.serial,
            rate_hz=round(imported.rate_hz, 4),
            has_gyroscope=source.gyr is not None,
        ),
        mount=told.mount,
        load_kg=told.load_kg,
        person=told.person,
        notes=" ".join(filter(None, notes)),
    )
    if begun_s is None:
        return header
    try:
        begun = datetime.fromtimestamp(begun_s, UTC)
    except (ValueError, OverflowError, OSError):
        raise DataError(f"{source.acc.path}: {begun_s:.6g} s since 1970 is no time of day; export it again.") from None
    utc = begun.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return dataclasses.replace(header, started_utc=utc)
