"""What is in a folder of sessions: read from the small files alone, so that thousands are listed in seconds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from os import PathLike
from pathlib import Path

import pandas as pd

from imu.errors import DataError
from imu.sessions import read_header, read_reps, read_sets

MARKS = ("samples.csv", "session.json")
"""A folder with one of these is a session, or was to become one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """One session folder.

    Attributes:
        path: Where it is.
        started_utc: When it began, ISO 8601; empty where unknown, as everything else.
        exercise: As declared.
        person: As declared, a pseudonym.
        sets, reps: Counted; None where the session was never analysed.
        reps_by_set: The same as people write it: `10+9+8`.
        load_kg: As declared, None without.
        mean_tempo: Of each set, lowering-bottom-lift-top.
        flags: How many repetitions carry which flag, `2 SHORT_TOP`.
        synthetic: Whether no body moved.
        problem: Why the folder cannot be read, in a sentence; empty where it can.
    """

    path: Path
    started_utc: str = ""
    exercise: str = ""
    person: str = ""
    sets: int | None = None
    reps: int | None = None
    reps_by_set: str = ""
    load_kg: float | None = None
    mean_tempo: str = ""
    flags: str = ""
    synthetic: bool = False
    problem: str = ""


def list_sessions(folder: str | PathLike[str] = "recordings") -> pd.DataFrame:
    """A row a session below a folder, the newest first; broken ones last, with their `problem`.

    The columns are the attributes of `Listed`. Nothing is analysed: the counts are those in the files.

    Raises:
        DataError: There is no such folder.
    """
    rows = [[getattr(one, f.name) for f in fields(Listed)] for one in find_sessions(Path(folder))]
    table = pd.DataFrame(rows, columns=[f.name for f in fields(Listed)])
    return table.astype({"sets": "Int64", "reps": "Int64", "load_kg": float})


def find_sessions(folder: Path) -> list[Listed]:
    """Every session below a folder, as `list_sessions` orders them.

    Raises:
        DataError: There is no such folder.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder; give the one that sessions are recorded into.")
    found = [_one(path) for path in _session_folders(folder)]
    found.sort(key=lambda one: (one.started_utc, one.path.name), reverse=True)
    return sorted(found, key=lambda one: bool(one.problem))


def latest_session(folder: str | PathLike[str] = "recordings") -> Path:
    """The newest session below a folder, one that can be read.

    Raises:
        DataError: There is none, or no such folder.
    """
    for one in find_sessions(Path(folder)):
        if not one.problem:
            return one.path
    raise DataError(f"There is no session in {folder}; record one with imu record, or make one with imu demo.")


def _session_folders(folder: Path) -> list[Path]:
    places = {file.parent for mark in MARKS for file in folder.rglob(mark)}
    return sorted(places)


def _one(path: Path) -> Listed:
    try:
        return _read(path)
    except DataError as error:
        return Listed(path=path, problem=str(error))


def _read(path: Path) -> Listed:
    samples = path / "samples.csv"
    if not samples.is_file() or not samples.stat().st_size:
        lost = "samples.csv is empty" if samples.is_file() else "there is no samples.csv"
        raise DataError(f"{path}: {lost}, nothing can be counted; delete the folder or restore it.")
    if not (path / "session.json").is_file():
        raise DataError(
            f"{path}: there is no session.json, so that it is not known what was trained, and when; imu analyze {path} "
            "--exercise NAME counts what is there."
        )
    header = read_header(path / "session.json")
    derived = (path / "reps.csv").is_file() and (path / "sets.csv").is_file()
    sets = read_sets(path / "sets.csv") if derived else ()
    counted = [rep for rep in read_reps(path / "reps.csv") if rep.counted] if derived else []
    flags = Counter(flag for rep in counted for flag in rep.flags)
    return Listed(
        path=path,
        started_utc=header.started_utc,
        exercise=header.exercise,
        person=header.person or "",
        sets=len(sets) if derived else None,
        reps=len(counted) if derived else None,
        reps_by_set="+".join(str(one.reps) for one in sets),
        load_kg=header.load_kg,
        mean_tempo=", ".join(one.mean_tempo for one in sets),
        flags=", ".join(f"{n} {flag}" for flag, n in sorted(flags.items())),
        synthetic=header.synthetic,
    )
