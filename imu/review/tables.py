"""A session as pandas tables, one row a sample, a movement, a set; what every column means is said where it is made.

Everything derived is derived here again from the raw samples, so that the tables, the trace and the pictures always
belong together and to this version of the program; an hour takes about a second. What a person said of a movement
stands beside what the program found (`label`), and `accepted` is what holds: the person's word where there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd

from imu.errors import UsageError
from imu.exercises import Exercise, get_exercise
from imu.model import Analysis, Mount, Rep, Samples, Trunk, Verdict
from imu.motion.pipeline import Pipeline
from imu.review.deriving import Progress, run
from imu.review.labelling import added_to, verdicts_on
from imu.review.settings import Settings, Wishes, settings_for
from imu.sessions import (
    REP_COLUMNS,
    SET_COLUMNS,
    Label,
    Recording,
    SessionEvent,
    SessionHeader,
    read_events,
    read_recording,
)
from imu.sessions.checks import step_s
from imu.sessions.labelfile import COLUMNS as LABEL_COLUMNS
from imu.sessions.labelfile import labels_of

ACC = ("acc_x_mps2", "acc_y_mps2", "acc_z_mps2")
GYR = ("gyr_x_radps", "gyr_y_radps", "gyr_z_radps")


@dataclass(frozen=True, kw_only=True)
class Review:
    """One session, ready to be looked at. Times are seconds on the sensor's clock from the first sample.

    Attributes:
        path: What was read, None for samples from memory.
        header: What was declared, None for a bare recording.
        exercise: What it was analysed as, with the target tempo in force.
        analysis: The same results as value types.
        samples: A row a sample, as measured: `index`, `t_s`, `arrival_s`, `acc_*_mps2`, `gyr_*_radps`.
        trunk: A row an instant of the uniform timeline: `t_s`, `pitch_deg` (0 prone, +90 upright), `rate_dps` (positive
            lifting), `tilt_deg` (side bend), `trusted` (false where samples were lost and bridged), and of the counted
            repetition it belongs to `set`, `rep` and `phase` (`lower`, `bottom`, `lift`, `top`, else empty).
        ledger: A row a movement, counted or not: the columns of `reps.csv`, then `label` (a person's verdict on it, or
            empty) and `accepted` (whether it counts, the person's word before the program's).
        reps: The rows of `ledger` that the program counted.
        sets: A row a set: the columns of `sets.csv`.
        events: What happened on the way: the columns of `events.csv`.
        labels: What a person said: the columns of `labels.csv`.
        added: Those of them that are repetitions for which the program has no movement at all.
        warnings: Sentences about what is odd in the files or the motion.
    """

    path: Path | None
    header: SessionHeader | None
    exercise: Exercise
    analysis: Analysis
    samples: pd.DataFrame
    trunk: pd.DataFrame
    ledger: pd.DataFrame
    reps: pd.DataFrame
    sets: pd.DataFrame
    events: pd.DataFrame
    labels: pd.DataFrame
    added: pd.DataFrame
    warnings: tuple[str, ...] = ()

    @property
    def synthetic(self) -> bool:
        """Whether no body moved: the session was simulated."""
        return self.header is not None and self.header.synthetic

    @property
    def has_gyroscope(self) -> bool:
        """Whether the rates were measured, and not taken from the angle."""
        return GYR[0] in self.samples


def _loads(recording: Recording, analysis: Analysis) -> pd.Series[float]:
    """The load of each set, as it was when the set ended; nan without one."""
    first_kg = recording.header.load_kg if recording.header else None
    return pd.Series([recording.said.load_kg(one.end_s, first_kg) for one in analysis.sets], dtype=float)


def read_session(path: str | PathLike[str], *, exercise: str | None = None, progress: Progress | None = None) -> Review:
    """Read a session folder, or a bare recording, and analyse it.

    Args:
        path: A session folder, or a CSV file with `t_s`, `acc_*_mps2` and perhaps `gyr_*_radps`.
        exercise: Instead of the one the session was declared as; a bare recording is a `hinge`.
        progress: Called with the share that is done, 0 to 1.

    Raises:
        DataError: It cannot be read; the message names file, line and column, and what to do.
        UsageError: There is no such exercise.
    """
    recording = read_recording(path)
    settings = settings_for(recording, Wishes(exercise=get_exercise(exercise) if exercise else None))
    folder = recording.path
    return _review(
        recording,
        settings,
        events=read_events(folder / "events.csv") if _has(folder / "events.csv") else (),
        labels=labels_of(folder),
        progress=progress,
    )


def analyze(
    samples: Samples | pd.DataFrame,
    *,
    exercise: str | Exercise = "hinge",
    mount: Mount | None = None,
    min_set_reps: int = 3,
    straight_line_deg: float | None = None,
) -> Review:
    """Analyse samples from memory.

    Args:
        samples: `Samples`, or a table with `t_s` in s, `acc_x_mps2` ... and, with a gyroscope, `gyr_x_radps` ...
        exercise: Key of `imu.exercises`, or a row of one's own.
        mount: How the sensor sat; None to learn it.
        min_set_reps: Fewer repetitions in a row are isolated and not counted.
        straight_line_deg: Pitch at which the body is a straight line, where it is known.

    Raises:
        UsageError: A column is missing, a number is none, times do not advance; or there is no such exercise.
    """
    block = samples if isinstance(samples, Samples) else from_table(samples)
    if len(block) < 2 or not (np.diff(block.t_s) > 0).all():
        raise UsageError("Samples must be at least two, in order of t_s, each time once; sort them and drop doubles.")
    if not (np.diff(block.index) > 0).all():
        raise UsageError("Column index does not rise from sample to sample; mend it, or drop the column.")
    row = get_exercise(exercise) if isinstance(exercise, str) else exercise
    rate_hz = 1.0 / step_s(block)
    settings = Settings(
        exercise=row, rate_hz=rate_hz, min_set_reps=min_set_reps, mount=mount, straight_line_deg=straight_line_deg
    )
    return _review(Recording(path=Path(), samples=block, rate_hz=rate_hz), settings)


def from_table(table: pd.DataFrame) -> Samples:
    """Samples from a table with the columns of `samples.csv`; those for the link may be missing.

    Raises:
        UsageError: A column is missing or holds something that is no number.
    """
    missing = [name for name in ("t_s", *ACC) if name not in table]
    has_gyroscope = GYR[0] in table
    missing += [name for name in GYR if has_gyroscope and name not in table]
    if missing:
        raise UsageError(f"There is no column {missing[0]}; rename the columns to {', '.join(('t_s', *ACC, *GYR))}.")
    names = ["t_s", *ACC, *(GYR if has_gyroscope else ())]
    link = [name for name in ("index", "arrival_s") if name in table]
    try:
        numbers, known = table[names].to_numpy(float), {name: table[name].to_numpy(float) for name in link}
    except (TypeError, ValueError) as error:
        raise UsageError(f"A column of samples holds something that is no number ({error}); mend the table.") from error
    index = known.get("index")
    if index is not None and not np.isfinite(index).all():
        raise UsageError("Column index holds a value that is no number; mend it, or drop the column.")
    if not np.isfinite(numbers).all():
        column = names[int(np.argmin(np.isfinite(numbers).all(axis=0)))]
        raise UsageError(f"Column {column} holds a value that is no number; drop such rows: a gap is honest.")
    return Samples.measured(
        numbers[:, 0],
        numbers[:, 1:4],
        numbers[:, 4:] if has_gyroscope else None,
        index=None if index is None else index.astype(np.int64),
        arrival_s=known.get("arrival_s"),
    )


def _has(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _review(
    recording: Recording,
    settings: Settings,
    *,
    events: Sequence[SessionEvent] = (),
    labels: Sequence[Label] = (),
    progress: Progress | None = None,
) -> Review:
    analysis, pipeline = run(recording, settings, progress)
    ledger = ledger_table(analysis.reps, labels)
    return Review(
        path=recording.path if recording.path != Path() else None,
        header=recording.header,
        exercise=settings.exercise,
        analysis=analysis,
        samples=samples_table(recording.samples),
        trunk=trunk_table(pipeline, analysis.counted),
        ledger=ledger,
        reps=ledger[ledger["counted"]].reset_index(drop=True),
        sets=_rows(analysis.sets, SET_COLUMNS).assign(load_kg=_loads(recording, analysis)),
        events=_rows(events, ("utc", "t_s", "kind", "detail")),
        labels=label_table(labels),
        added=label_table(added_to(analysis.reps, labels)),
        warnings=(*recording.warnings, *settings.notes, *analysis.warnings),
    )


def samples_table(samples: Samples) -> pd.DataFrame:
    """A row a sample, in the columns of `samples.csv`."""
    columns = {"index": samples.index, "t_s": samples.t_s, "arrival_s": samples.arrival_s}
    columns |= dict(zip(ACC, samples.acc_mps2.T, strict=True))
    if samples.gyr_radps is not None:
        columns |= dict(zip(GYR, samples.gyr_radps.T, strict=True))
    return pd.DataFrame(columns)


def ledger_table(reps: Sequence[Rep], labels: Sequence[Label] = ()) -> pd.DataFrame:
    """A row a movement, in the columns of `reps.csv`, with what a person said of it."""
    said = verdicts_on(reps, labels)
    table = _rows(reps, REP_COLUMNS)
    table["set"], table["rep"] = table["set"].astype("Int64"), table["rep"].astype("Int64")
    table["verdict"] = [str(rep.verdict) for rep in reps]
    table["flags"] = [" ".join(rep.flags) for rep in reps]
    table["counted"] = table["counted"].astype(bool)
    table["label"] = [str(verdict) if verdict else "" for verdict in said]
    table["accepted"] = [(verdict or rep.verdict) is Verdict.COUNTED for rep, verdict in zip(reps, said, strict=True)]
    return table


def label_table(labels: Sequence[Label]) -> pd.DataFrame:
    """A row a label, in the columns of `labels.csv`."""
    return _rows(labels, LABEL_COLUMNS)


def trunk_table(pipeline: Pipeline, counted: Sequence[Rep]) -> pd.DataFrame:
    """A row an instant of the uniform timeline, with the phase of the counted repetition it belongs to."""
    trunk: Trunk = pipeline.trunk()
    phase = np.full(len(trunk), "", dtype=object)
    sets, reps = (pd.array([pd.NA] * len(trunk), dtype="Int64") for _ in range(2))
    for rep in counted:
        for name, start_s, end_s in phases_of(rep):
            first, last = np.searchsorted(trunk.t_s, (start_s, end_s))
            phase[first:last], sets[first:last], reps[first:last] = name, rep.set, rep.rep
    return pd.DataFrame({
        "t_s": trunk.t_s,
        "pitch_deg": trunk.pitch_deg,
        "rate_dps": trunk.rate_dps,
        "tilt_deg": trunk.tilt_deg,
        "trusted": trunk.trusted,
        "set": sets,
        "rep": reps,
        "phase": phase,
    })  # fmt: skip


def phases_of(rep: Rep) -> list[tuple[str, float, float]]:
    """The phases of a repetition that have a beginning and an end: name, start and end in s."""
    phases = (
        ("lower", rep.lower_start_s, rep.lower_end_s),
        ("bottom", rep.lower_end_s, rep.lower_end_s + rep.bottom_hold_s),
        ("lift", rep.lift_start_s, rep.lift_end_s),
        ("top", rep.lift_end_s, rep.lift_end_s + rep.top_hold_s),
    )
    return [(name, start_s, end_s) for name, start_s, end_s in phases if start_s < end_s]


def _rows(items: Sequence[object], columns: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame([[getattr(one, name, None) for name in columns] for one in items], columns=list(columns))
