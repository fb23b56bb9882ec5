"""Recordings with truth, analysed as `imu analyze` does and scored: the runs behind `imu evaluate FOLDER`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from imu.app.dataset import COUNTED, Entry
from imu.app.inputs import find_inputs
from imu.errors import DataError, ImuError
from imu.evaluation.bouts import Scored, score_bouts
from imu.evaluation.inclination import InclinationError, inclination_error, up_of_quaternion
from imu.evaluation.instants import bottom_errors, boundary_errors
from imu.model import Floats, Inclination
from imu.review.deriving import run
from imu.review.settings import DEFAULT_MIN_SET_REPS, Wishes, settings_for
from imu.sessions import read_recording
from imu.sessions.csvfile import read_table

OPTICAL = ("opt_qw", "opt_qx", "opt_qy", "opt_qz")
MOVEMENT = "movement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One recording, scored at one `min_set_reps`.

    Attributes:
        gyroscope: Whether the recording has angular rates.
        counts: What was found where.
        boundaries: Errors by name for each true repetition with phases, None where none was found there.
        bottoms_s: Errors of the bottoms that were found.
        error: Why it could not be analysed; it is then scored as if nothing had been found.
    """

    entry: Entry
    min_set_reps: int
    counts: Scored
    gyroscope: bool = True
    boundaries: tuple[dict[str, float] | None, ...] = ()
    bottoms_s: tuple[float, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tilted:
    """One orientation trial; `error` says why it could not be analysed."""

    entry: Entry
    inclination: InclinationError
    error: str = ""


Outcome = Result | Tilted
Map = Callable[[Callable[[Entry], list[Outcome]], list[Entry]], Iterable[list[Outcome]]]


def score_all(entries: list[Entry], wishes: Wishes, across: Map) -> tuple[list[Result], list[Tilted]]:
    """Analyse and score every recording with a `map`, of one process or many."""
    outcomes = [one for batch in across(partial(score, wishes=wishes), entries) for one in batch]
    return [o for o in outcomes if isinstance(o, Result)], [o for o in outcomes if isinstance(o, Tilted)]


def score(entry: Entry, wishes: Wishes) -> list[Outcome]:
    """Analyse one recording and score it: as a set is by default and as single movements, unless one was chosen."""
    if entry.kind == "orientation":
        return [_tilt(entry, wishes)]
    least = (DEFAULT_MIN_SET_REPS, 1) if wishes.min_set_reps is None else (wishes.min_set_reps,)
    return [_count(entry, replace(wishes, min_set_reps=n)) for n in least]


def _count(entry: Entry, wishes: Wishes) -> Result:
    least = wishes.min_set_reps or DEFAULT_MIN_SET_REPS
    try:
        recording = read_recording(entry.path)
        analysis, _ = run(recording, settings_for(recording, wishes, entry.activity))
    except ImuError as error:
        return Result(entry=entry, min_set_reps=least, counts=score_bouts((), entry.bouts, 0.0), error=str(error))
    reps, counted = analysis.counted, entry.kind in COUNTED
    return Result(
        entry=entry,
        min_set_reps=least,
        gyroscope=recording.samples.gyr_radps is not None,
        counts=score_bouts([(r.start_s, r.end_s) for r in reps], entry.bouts, float(recording.samples.t_s[-1])),
        boundaries=tuple(boundary_errors(true, reps) for true in entry.phases) if counted else (),
        bottoms_s=tuple(bottom_errors(entry.bottoms_s, [r.bottom_s for r in reps])) if counted else (),
    )


def _tilt(entry: Entry, wishes: Wishes) -> Tilted:
    try:
        recording = read_recording(entry.path)
        _, pipeline = run(recording, settings_for(recording, wishes, entry.activity))
        return Tilted(entry=entry, inclination=_compare(entry.path, pipeline.inclination()))
    except ImuError as error:
        return Tilted(entry=entry, inclination=InclinationError(n=0), error=str(error))


def _compare(path: Path, found: Inclination) -> InclinationError:
    t, true_up, moving = read_reference(path)
    return inclination_error(t, true_up, moving > 0, found.t_s, found.up)


def read_reference(path: Path) -> tuple[Floats, Floats, Floats]:
    """Times, true up in sensor axes (n, 3) and the movement flag of a recording with optical quaternions.

    Raises:
        DataError: There are none.
    """
    columns = read_table(path, lambda names: _optical(path, names)).columns
    up = up_of_quaternion(np.column_stack([columns[name] for name in OPTICAL]))
    return columns["t_s"], up, columns.get(MOVEMENT, np.ones(len(up)))


def _optical(path: Path, names: list[str]) -> list[str]:
    absent = [name for name in ("t_s", *OPTICAL) if name not in names]
    if absent:
        raise DataError(f"{path}, line 1: there is no column {absent[0]}; an optical reference is {','.join(OPTICAL)}.")
    return ["t_s", *OPTICAL, *([MOVEMENT] if MOVEMENT in names else [])]


def orientation_entries(folder: Path) -> list[Entry]:
    """Every recording below a folder without a manifest that carries an optical reference."""
    found = []
    try:
        inputs = find_inputs([folder])
    except DataError:  # no recording at all
        return []
    for one in inputs:
        if one.is_session:
            continue
        try:
            read_table(one.path, lambda names, path=one.path: _optical(path, names))  # type: ignore[misc]
        except DataError:
            continue
        name, home = one.stem.as_posix(), one.stem.parent.as_posix()
        found.append(Entry(name=name, path=one.path, dataset=home, subject="", kind="orientation"))
    return found
