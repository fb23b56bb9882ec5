"""What `imu analyze` was pointed at -> the recordings there, and where the results of each belong under `--out`."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from imu.app import console
from imu.errors import DataError, UsageError
from imu.review.listing import find_sessions, latest_session
from imu.review.tables import Review, read_session

ENDINGS = (".csv.gz", ".csv")
DERIVED = (".reps", ".angle", ".exercise")
"""What this program writes beside or instead of a recording."""
SESSION_MARKS = ("samples.csv", "session.json")


@dataclass(frozen=True, kw_only=True, slots=True)
class Input:
    """One recording to analyse.

    Attributes:
        path: A session folder or a bare CSV file.
        stem: Its place below `--out`, without an ending.
        exercise: What a manifest says is done in it, as a key of `imu.exercises` or any other text.
    """

    path: Path
    stem: Path
    exercise: str = ""

    @property
    def is_session(self) -> bool:
        """Whether it is a session folder."""
        return self.path.is_dir()


def find_inputs(paths: Iterable[Path]) -> list[Input]:
    """List the recordings in files, session folders and trees of both, in order of name and each once.

    Raises:
        DataError: A path does not exist, or there is no recording in a folder.
    """
    found: dict[Path, Input] = {}
    for path in paths:
        for one in _expand(path):
            found.setdefault(one.path.resolve(), one)
    return list(found.values())


def _expand(path: Path) -> list[Input]:
    if not path.exists():
        raise DataError(f"{path} does not exist; check the path.")
    if path.is_file() or is_session(path):
        return [Input(path=path, stem=Path(_stem(path)))]
    exercises = _manifest(path)
    home = Path() if exercises is not None else Path(path.resolve().name)
    found = []
    for place in sorted(set(_recordings(path))):
        below = place.relative_to(path)
        said = (exercises or {}).get(below.as_posix(), "")
        found.append(Input(path=place, stem=home / below.with_name(_stem(place)), exercise=said))
    if not found:
        raise DataError(
            f"{path} holds no session and no recording; give a folder that imu record wrote, or CSV files with the "
            "columns t_s,acc_x_mps2,acc_y_mps2,acc_z_mps2."
        )
    return found


def is_session(folder: Path) -> bool:
    """Whether a folder is, or was meant to be, a session."""
    return any((folder / mark).is_file() for mark in SESSION_MARKS)


def _recordings(folder: Path) -> Iterator[Path]:
    """Session folders and files that may be recordings, at any depth; tables about recordings are left out."""
    if is_session(folder):
        yield folder
        return
    for place in _inside(folder):
        if place.name.startswith("."):
            continue
        if place.is_dir():
            if not place.is_symlink():  # it may lead back to where it hangs
                yield from _recordings(place)
        elif place.name.endswith(ENDINGS) and not _stem(place).endswith(DERIVED) and _may_be_recording(place):
            yield place


def _inside(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise DataError(
            f"{folder} cannot be looked into ({error.strerror or error}); give a folder that may be read."
        ) from error


def _may_be_recording(path: Path) -> bool:
    """False for a table of something else. A file that cannot be read may be a recording: its fault is worth saying."""
    try:
        with gzip.open(path) if path.name.endswith(".gz") else path.open("rb") as file:
            header = file.readline(10_000).decode("utf-8", "replace")
    except (OSError, EOFError, zlib.error):
        return True
    names = [name.strip() for name in header.split(",")]
    return not header.strip() or "t_s" in names or any(name.startswith("acc_") for name in names)


def _manifest(folder: Path) -> dict[str, str] | None:
    """Exercise by recording, from a `manifest.csv` at the root of a data set; None where there is none."""
    path = folder / "manifest.csv"
    if not path.is_file():
        return None
    try:
        with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
            return {row["recording"]: row.get("exercise") or "" for row in csv.DictReader(file) if row.get("recording")}
    except (OSError, csv.Error) as error:
        raise DataError(f"{path} cannot be read ({error}); mend it, or take it away to go without.") from error


def _stem(path: Path) -> str:
    ending = next((e for e in ENDINGS if path.is_file() and path.name.endswith(e)), "")
    return path.resolve().name if not path.name else path.name.removesuffix(ending)


LATEST = "latest"


def chosen(paths: Iterable[Path], folder: Path) -> list[Path]:
    """The sessions that are meant by what was named: `latest` and nothing are the newest below `folder`.

    A folder of sessions stands for all of them that can be read; what is wrong with the others is said.

    Raises:
        DataError: There is no session.
    """
    found: list[Path] = []
    for path in list(paths) or [Path(LATEST)]:
        if str(path) == LATEST and not path.exists():
            found.append(latest_session(folder))
        elif path.is_dir() and not is_session(path):
            found += _whole(path)
        else:
            found.append(path)
    return found


def _whole(folder: Path) -> list[Path]:
    sessions = find_sessions(folder)
    for one in sessions:
        if one.problem:
            console.err().print(f"note: left out: {one.problem}", style="yellow", soft_wrap=True)
    if all(one.problem for one in sessions):
        raise DataError(f"{folder} holds no session that can be read; give a folder that imu record wrote.")
    return [one.path for one in sessions if not one.problem]


def read_all(paths: Sequence[Path]) -> list[Review]:
    """Read and analyse sessions, with a bar where somebody watches; what is odd in them is said.

    Raises:
        DataError: One cannot be read.
    """
    reviews = []
    with console.bar("reading", len(paths)) as step:
        for done, path in enumerate(paths):
            reviews.append(read_session(path, progress=lambda share, done=done: step(done + share)))  # type: ignore[misc]
            step(done + 1)
    for review in reviews:
        for warning in review.warnings:
            console.err().print(f"note: {warning}", style="yellow", soft_wrap=True)
    return reviews


def refuse_clashes(inputs: Iterable[Input]) -> None:
    """Refuse inputs whose results would overwrite each other.

    Raises:
        UsageError: Two inputs have the same place below `--out`.
    """
    first: dict[Path, Input] = {}
    for one in inputs:
        other = first.setdefault(one.stem, one)
        if other is not one:
            raise UsageError(
                f"The results of {other.path} and {one.path} would both be called {one.stem}; analyse them into "
                "different folders, or give the folder above both."
            )
