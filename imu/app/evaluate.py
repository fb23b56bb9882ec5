"""`imu evaluate`: how right the results are, on the simulator's people or on a folder of recordings with truth."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal, get_args

from firmware_proto.motion import STYLES
from imu.app import console, labelled, scored_sheets, sheets, short_sheets, simulated_sheets
from imu.app.dataset import FORMAT, Entry, read_dataset
from imu.app.scored import Result, Tilted, orientation_entries, score_all
from imu.app.sheets import Sheet
from imu.app.simulated import MountKnown, run_all, tasks
from imu.errors import DataError, UsageError
from imu.evaluation.halves import halves
from imu.exercises import Exercise
from imu.review.settings import Wishes
from imu.sessions.files import replace_file

Half = Literal["all", "even", "odd", "both"]
Across = Callable[[Callable[[Any], Any], list[Any]], Iterator[Any]]
"""A `map`, of one process or many."""
MOUNTS: dict[str, tuple[MountKnown, ...]] = {
    "known": ("known",), "learned": ("learned",), "both": ("known", "learned"),
}  # fmt: skip
"""Values of --mount on the simulator."""


@dataclass(frozen=True, kw_only=True)
class Print:
    """How results are given: for people or as Markdown, in short, and all figures as JSON."""

    markdown: bool = False
    short: bool = False
    json: Path | None = None


def command_simulated(
    *, sets: int, seed: int, styles: tuple[str, ...], mount: str, rate_hz: float | None, robust: bool, jobs: int | None,
    give: Print,
) -> None:  # fmt: skip
    """Evaluate on the simulator.

    Raises:
        UsageError: There is no such way to tell the mount.
        StorageError: The JSON file could not be written.
    """
    if mount not in MOUNTS:
        raise UsageError(f"--mount {mount}: on the simulator use one of {', '.join(MOUNTS)}.")
    todo = tasks(sets=sets, seed=seed, styles=styles, mounts=MOUNTS[mount], rate_hz=rate_hz, robust=robust)
    with _workers(jobs, len(todo)) as across:
        runs, quiet = run_all(todo, across)
    make = short_sheets.of_simulator if give.short else simulated_sheets.sheets
    tables = make(runs, quiet, MOUNTS[mount])
    _give(tables, give, {"tables": tables, "runs": runs, "everyday": quiet})


def command_folder(folder: Path, *, wishes: Wishes, half: Half, listed: bool, jobs: int | None, give: Print) -> None:
    """Evaluate on a folder of recordings with truth.

    Raises:
        DataError: The folder holds no truth, a table is damaged, or, after all figures, recordings could not be read.
        StorageError: The JSON file could not be written.
    """
    entries = _entries(folder)
    sides = halves((e.dataset, e.subject) for e in entries)
    wanted = [e for e in entries if half in ("all", "both", sides[e.dataset, e.subject])]
    with _workers(jobs, len(wanted)) as across:
        results, tilted = score_all(wanted, wishes, across)
    failed = _failed(results, tilted)
    tables: list[Sheet] = []
    for side in ("even", "odd") if half == "both" else (half,):
        within = [r for r in results if side in ("all", sides[r.entry.dataset, r.entry.subject])]
        trials = [t for t in tilted if side in ("all", sides[t.entry.dataset, t.entry.subject])]
        found = (short_sheets.of_folder if give.short else scored_sheets.sheets)(within, trials)
        found += [s for s in scored_sheets.wrong(within) if s.rows] if listed else []
        tables += found if side == "all" else [_titled(s, f"{side} half") for s in found]
    _give(tables, give, {"tables": tables, "recordings": results, "orientation": tilted})
    for error in failed:
        console.err().print(f"error: {error}", style="red", soft_wrap=True)
    if failed:
        raise DataError(
            f"{len(failed)} of {len(wanted)} recordings could not be analysed; they are scored as if nothing had been "
            "found in them. Mend them, or take them out of manifest.csv."
        )


def command_labelled(paths: list[Path], *, jobs: int | None, give: Print) -> None:
    """Evaluate on sessions that a person labelled.

    Raises:
        DataError: None of them is labelled and none repeated, or, after all figures, some could not be read.
        StorageError: The JSON file could not be written.
    """
    sessions = labelled.sessions_in(paths)
    with _workers(jobs, len(sessions)) as across:
        looked = list(across(labelled.look, sessions))
    found = [one for one in looked if isinstance(one, labelled.Labelled)]
    errors = [one for one in looked if isinstance(one, str)]
    tables = labelled.sheets(found)
    if tables:
        _give(tables, give, {"tables": tables, "sessions": found})
    for error in errors:
        console.err().print(f"error: {error}", style="red", soft_wrap=True)
    if not tables and found:
        raise DataError(
            f"{', '.join(map(str, paths))}: {len(found)} session{'s'[: len(found) != 1]}, none labelled and no two of "
            "one person to compare; label one with imu label SESSION."
        )
    if errors:
        raise DataError(f"{len(errors)} session{'s'[: len(errors) != 1]} could not be read; mend, or give others.")


def styles_of(exercise: Exercise | None) -> tuple[str, ...]:
    """The simulator's styles of an exercise, all of them where none was named.

    Raises:
        UsageError: Nobody can simulate it.
    """
    if exercise is None:
        return tuple(STYLES)
    if exercise.key not in STYLES:
        raise UsageError(f"{exercise.name} ({exercise.key}) cannot be simulated; choose one of: {', '.join(STYLES)}.")
    return (exercise.key,)


def half_of(text: str) -> Half:
    """The half of the people that was asked for.

    Raises:
        UsageError: There is no such half.
    """
    for half in get_args(Half):
        if text == half:
            return half  # type: ignore[no-any-return]
    raise UsageError(f"--half {text}: use one of {', '.join(get_args(Half))}.")


def _entries(folder: Path) -> list[Entry]:
    """The recordings of a data set; without a manifest, those that carry an optical reference."""
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder; give one with a manifest and truth. {FORMAT}")
    if not (folder / "manifest.csv").is_file() and (found := orientation_entries(folder)):
        return found
    return read_dataset(folder)


def _failed(results: Iterable[Result], tilted: Iterable[Tilted]) -> list[str]:
    """Each recording that could not be analysed, once."""
    return list(dict.fromkeys(e for e in (*(r.error for r in results), *(t.error for t in tilted)) if e))


def _titled(sheet: Sheet, half: str) -> Sheet:
    return dataclasses.replace(sheet, title=f"{sheet.title}, {half} of the people")


def _give(tables: Sequence[Sheet], give: Print, everything: dict[str, object]) -> None:
    sheets.show(tables, markdown=give.markdown)
    if give.json is not None:
        replace_file(give.json, [json.dumps(_plain(everything)).encode(), b"\n"])


def _plain(value: object) -> object:
    """Dataclasses as objects; what is no finite number as null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, bool | int | str | None) else str(value)


@contextmanager
def _workers(jobs: int | None, total: int) -> Iterator[Across]:
    """A `map` over processes that keeps the order and shows how far it is; in this process where one will do."""
    jobs = min(jobs or os.cpu_count() or 1, max(total, 1))
    with _bar(total) as step:
        if jobs == 1:
            yield lambda work, todo: _stepping(map(work, todo), step)
            return
        # Ctrl-C reaches every process of the terminal: this one gives up what waits, the others end by themselves.
        ignore = partial(signal.signal, signal.SIGINT, signal.SIG_IGN)
        pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=ignore)
        try:
            yield lambda work, todo: _stepping(pool.map(work, todo), step)
        finally:
            pool.shutdown(cancel_futures=True)


def _stepping(results: Iterator[Any], step: Callable[[], None]) -> Iterator[Any]:
    for one in results:
        step()
        yield one


@contextmanager
def _bar(total: int) -> Iterator[Callable[[], None]]:
    """A progress bar on stderr, where somebody watches."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (TextColumn("evaluating"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    screen = console.err()
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as progress:
        task = progress.add_task("", total=total)
        yield lambda: progress.advance(task)
