"""`imu sessions`: what is in a folder of sessions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from imu.app import console
from imu.review.listing import Listed, find_sessions

HEADS = ("session", "when", "exercise", "sets x reps", "load", "mean tempo", "flags")
WHOLE = HEADS[:3]
"""Columns that are not broken: a name that is cut cannot be copied."""
NARROW = 100
"""In fewer columns a table is no help; each session is then two lines."""


def command(folder: Path, *, as_json: bool = False) -> None:
    """List the sessions of a folder, the newest first, then the broken ones.

    Raises:
        DataError: There is no such folder.
    """
    found = find_sessions(folder)
    if as_json:
        from imu.review.listing import list_sessions  # noqa: PLC0415 (pandas)

        console.out().print_json(list_sessions(folder).to_json(orient="records", default_handler=str))
        return
    if not found:
        console.out().print(f"There is no session in {folder}; imu record or imu demo makes one.", soft_wrap=True)
        return
    whole = [one for one in found if not one.problem]
    if whole:
        screen = console.out()
        screen.print(listing(whole, folder) if screen.width >= NARROW else in_lines(whole, folder))
    for one in found:
        if one.problem:
            console.out().print(f"broken: {one.problem}", style="yellow", soft_wrap=True, markup=False)


def listing(sessions: Sequence[Listed], folder: Path) -> Table:
    """One row a session."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bright_black", pad_edge=False)
    for head in HEADS:
        table.add_column(
            head,
            overflow="fold",
            no_wrap=head in WHOLE,
            min_width=len("3.0-0.2-1.1-1.0,") if head == "mean tempo" else None,
        )
    for one in sessions:
        table.add_row(*map(escape, _cells(one, folder)))
    return table


def in_lines(sessions: Sequence[Listed], folder: Path) -> str:
    """Two lines a session: its name, and what was done."""
    lines = []
    for one in sessions:
        name, *others = _cells(one, folder)
        lines += [name, f"  {'  '.join(cell for cell in others if cell)}"]
    return "\n".join(lines)


def _cells(one: Listed, folder: Path) -> tuple[str, ...]:
    return (
        one.path.relative_to(folder).as_posix(),
        _local(one.started_utc),
        one.exercise,
        _counted(one),
        "" if one.load_kg is None else f"{one.load_kg:g} kg",
        one.mean_tempo,
        ", ".join(said for said in ("synthetic" if one.synthetic else "", one.flags) if said),
    )


def _counted(one: Listed) -> str:
    if one.sets is None:
        return "not analysed yet"
    by_set = one.reps_by_set.split("+")
    same = by_set[0] if len(set(by_set)) == 1 else one.reps_by_set
    return f"{one.sets} x {same}" if one.sets else "none"


def _local(utc: str) -> str:
    """A session's start on this machine's clock: people remember when they trained, not when it was so in Greenwich."""
    return f"{datetime.fromisoformat(utc).astimezone():%Y-%m-%d %H:%M}"
