"""`imu analyze`: recordings -> reps and sets, on the screen and in files."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from imu.app import automatic, console, tables, words
from imu.app.inputs import Input, find_inputs, refuse_clashes
from imu.errors import ImuError, UsageError
from imu.exercises import Exercise
from imu.model import Analysis, Inclination
from imu.motion.recognise import Proposal, propose
from imu.review.deriving import Progress, run
from imu.review.settings import DEFAULT_MIN_SET_REPS, MIN_SET_REPS_KEY, Settings, Wishes, settings_for
from imu.review.taps import find_taps
from imu.sessions import Recording, read_recording, write_analysis, write_reps
from imu.sessions.files import replace_file, storage


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One recording, analysed; its samples are let go, so that a large data set fits.

    `proposals` is None where the exercise was not to be proposed, `declared` where no session declares one.
    """

    input: Input
    exercise: Exercise
    duration_s: float
    analysis: Analysis
    warnings: tuple[str, ...]
    proposals: tuple[Proposal, ...] | None = None
    declared: str | None = None


LEAST_S = 5.0
"""No set of anything was ever done in less."""


def rederive(folder: Path, wishes: Wishes | None = None) -> Analysis:
    """Rebuild a session's derived files from what is on the disk.

    Raises:
        DataError: The session cannot be read.
        StorageError: The files could not be written; older ones are untouched.
    """
    recording = read_recording(folder)
    settings = settings_for(recording, wishes or Wishes())
    analysis, _ = run(recording, settings)
    _write_into_session(recording, settings, analysis)
    return analysis


def _write_into_session(recording: Recording, settings: Settings, analysis: Analysis) -> None:
    header = recording.header
    if header is None:  # a folder whose session.json is lost: its samples were analysed as a bare recording
        write_reps(recording.path / "reps.csv", analysis.reps)
        return
    extra = {k: v for k, v in header.extra.items() if k != MIN_SET_REPS_KEY}
    if settings.min_set_reps != DEFAULT_MIN_SET_REPS:
        extra[MIN_SET_REPS_KEY] = settings.min_set_reps
    if header.exercise != settings.exercise.key:
        raise UsageError(
            f"{recording.path} was declared as {header.exercise}, and its files are kept so. To see it as "
            f'{settings.exercise.key}, give --out DIR; if the declaration is wrong, mend "exercise" in session.json.'
        )
    changed = dataclasses.replace(
        header,
        mount=settings.mount or header.mount,
        extra=extra,
        sync_taps_s=[round(tap_s, 4) for tap_s in find_taps(recording.samples).tolist()],
    )
    write_analysis(recording.path, changed, analysis)


def command(paths: list[Path], wishes: Wishes) -> None:
    """Analyse everything that was named, write, and show it.

    Raises:
        ImuError: The first error met, after everything else was done and every other error was shown.
    """
    inputs = find_inputs(paths)
    if wishes.out is not None:
        refuse_clashes(inputs)
    elif wishes.orientation and not all(one.is_session for one in inputs):
        raise UsageError("--orientation writes a file for each recording; say where with --out DIR.")
    outcomes, errors = _all(inputs, wishes)
    _show(outcomes, wishes.out)
    if len(inputs) > 1:
        _sum_up(len(inputs), errors)
    if errors:
        raise errors[0]


def _all(inputs: list[Input], wishes: Wishes) -> tuple[list[Outcome], list[ImuError]]:
    outcomes: list[Outcome] = []
    errors: list[ImuError] = []
    with console.bar("analysing", len(inputs)) as step:
        for number, one in enumerate(inputs):
            try:
                outcomes.append(_one(one, wishes, lambda share, done=number: step(done + share)))  # type: ignore[misc]
            except ImuError as error:
                errors.append(error)
            step(number + 1)
    return outcomes, errors


def _one(one: Input, wishes: Wishes, progress: Progress) -> Outcome:
    recording = read_recording(one.path)
    settings = settings_for(recording, wishes, one.exercise)
    proposals = None
    if wishes.auto:
        proposals = _propose(recording, settings, lambda share: progress(0.5 * share))
        settings = automatic.final_settings(recording, settings, proposals)
    before = 0.5 if wishes.auto else 0.0
    analysis, pipeline = run(recording, settings, lambda share: progress(before + (1.0 - before) * share))
    _write(one, recording, settings, analysis, wishes.out)
    if proposals is not None and wishes.out is not None:
        automatic.write_proposals(_place(one, wishes.out, "exercise.csv"), proposals)
    if wishes.orientation:
        write_orientation(_place(one, wishes.out, "angle.csv"), pipeline.inclination())
    t = recording.samples.t_s
    return Outcome(
        input=one,
        exercise=settings.exercise,
        duration_s=float(t[-1] - t[0]),
        analysis=analysis,
        warnings=(*recording.warnings, *settings.notes, *analysis.warnings, *_too_short(recording, analysis)),
        proposals=proposals,
        declared=recording.header.exercise if recording.header else None,
    )


def _too_short(recording: Recording, analysis: Analysis) -> list[str]:
    """That there is no time for a set, where nothing was counted."""
    t = recording.samples.t_s
    if analysis.counted or t[-1] - t[0] >= LEAST_S:
        return []
    return [f"{recording.path} lasts {t[-1] - t[0]:.1f} s, which is too short for repetitions to be counted."]


def _propose(recording: Recording, settings: Settings, progress: Progress) -> tuple[Proposal, ...]:
    """Look at a recording as any trunk hinge, and say what its sets may have been."""
    seen, pipeline = run(recording, automatic.first_settings(settings), progress)
    return propose(seen, pipeline.trunk())


def _write(one: Input, recording: Recording, settings: Settings, analysis: Analysis, out: Path | None) -> None:
    """Write the ledger where the person wants it, or what is derived into the session it came from."""
    if out is not None:
        write_reps(_place(one, out, "reps.csv"), analysis.reps)
    elif one.is_session:
        _write_into_session(recording, settings, analysis)


def _place(one: Input, out: Path | None, name: str) -> Path:
    """Where a result belongs: in the session, or below `--out` under the recording's name."""
    if out is None:
        return one.path / name
    target = out / one.stem
    with storage(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
    return target.with_name(f"{target.name}.{name}")


def write_orientation(path: Path, inclination: Inclination) -> None:
    """Write where up is, in sensor axes: `t_s,up_x,up_y,up_z`.

    Raises:
        StorageError: It could not be written.
    """
    numbers = np.column_stack([inclination.t_s, inclination.up])
    lines = ("%.5f,%.6f,%.6f,%.6f\n" * len(numbers)) % tuple(numbers.ravel().tolist())
    replace_file(path, [b"t_s,up_x,up_y,up_z\n", lines.encode()])


def _show(outcomes: list[Outcome], out: Path | None) -> None:
    """One recording in full, or many in a line each."""
    screen = console.out()
    warnings = console.err()
    for one in outcomes:
        for warning in one.warnings:
            warnings.print(f"note: {warning}", style="yellow", soft_wrap=True)
    if len(outcomes) > 1:
        screen.print(tables.recordings(_line(one) for one in outcomes))
    elif outcomes:
        _show_one(outcomes[0])
    if outcomes:
        _say_what_was_written(outcomes, out)


def _say_what_was_written(outcomes: list[Outcome], out: Path | None) -> None:
    """Where the ledgers are; of a single session it goes without saying."""
    say = partial(console.out().print, soft_wrap=True)
    sessions = sum(one.input.is_session for one in outcomes)
    if out is not None:
        say(f"Written: {len(outcomes)} x NAME.reps.csv below {out}")
    elif not sessions:
        say("Nothing was written; --out DIR keeps the ledger as a file.", style=tables.DIM)
    elif len(outcomes) > 1:
        say(f"Written anew: reps.csv and sets.csv in {sessions} of them; --out DIR leaves sessions as they are.",
            style=tables.DIM)  # fmt: skip


def _show_one(one: Outcome) -> None:
    show_analysis(one.analysis)
    if one.analysis.mount is not None and one.analysis.mount.source == "learned":
        console.out().print(words.mount_line(one.analysis.mount), style=tables.DIM, soft_wrap=True)
    if one.proposals is not None:
        for line in automatic.lines(one.proposals, one.exercise.key, one.declared):
            console.out().print(line, soft_wrap=True)
    summary = f"{one.input.path}: {tables.total(one.analysis)} ({one.exercise.name})"
    console.out().print(summary, style="bold", soft_wrap=True)


def show_analysis(analysis: Analysis) -> None:
    """Print the ledger and the sets."""
    screen = console.out()
    if analysis.reps:
        screen.print(tables.movements(analysis.reps))
        screen.print()
    if analysis.sets:
        screen.print(tables.sets(analysis.sets))
        screen.print(tables.LEGEND, style=tables.DIM)
        screen.print()


def _line(one: Outcome) -> tables.Line:
    return tables.Line(
        name=one.input.stem.as_posix(),
        exercise=one.exercise.key,
        duration_s=one.duration_s,
        analysis=one.analysis,
        proposed=None if one.proposals is None else automatic.short(one.proposals),
    )


def _sum_up(total: int, errors: list[ImuError]) -> None:
    """Name every recording that failed but the first, which ends the program with its own message."""
    for error in errors[1:]:
        console.err().print(f"error: {error}", style="red", soft_wrap=True)
    if errors:
        console.err().print(f"{len(errors)} of {total} recordings could not be analysed.", style="red")
