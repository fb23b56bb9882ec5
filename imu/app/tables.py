"""Results as tables: every movement of a recording, its sets, and one line a recording when there are many."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from imu.app import words
from imu.model import Analysis, Rep, SetSummary

DIM = "bright_black"
LAST = "verdict"
GIVING_WAY = (LAST, "recording", "proposed")
"""Columns that become narrower first where the terminal is."""
LEGEND = "* lower-bottom-lift-top in seconds"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One recording in a list of many."""

    name: str
    exercise: str
    duration_s: float
    analysis: Analysis
    proposed: str | None = None


def movements(reps: Sequence[Rep]) -> Table:
    """The ledger: counted repetitions, and what was not counted with the reason."""
    holds = any(not math.isnan(rep.hold_s) for rep in reps)
    of_holds = (("held s", "right"), ("sag", "right"), ("ended", "left")) if holds else ()
    table = _table(
        ("set", "right"), ("rep", "right"), ("at", "right"), ("tempo *", "left"), ("hold s", "right"),
        ("range", "right"), *of_holds, ("flags", "left"), (LAST, "left"),
    )  # fmt: skip
    for rep in reps:
        verdict = str(rep.verdict) if rep.counted else f"{rep.verdict}: {words.VERDICTS[rep.verdict]}"
        table.add_row(
            "" if rep.set is None else str(rep.set), "" if rep.rep is None else str(rep.rep),
            words.clock(rep.start_s), rep.tempo, words.seconds(rep.top_hold_s), words.degrees(rep.rom_deg),
            *((words.seconds(rep.hold_s), words.sag(rep.sag_deg_per_min), rep.hold_ended) if holds else ()),
            " ".join(rep.flags), Text(verdict, no_wrap=True, overflow="ellipsis"), style=None if rep.counted else DIM,
        )  # fmt: skip
    return table


def sets(summaries: Iterable[SetSummary]) -> Table:
    """One row a set."""
    table = _table(
        ("set", "right"), ("reps", "right"), ("mean tempo *", "left"), ("hold s", "right"), ("range", "right"),
        ("tension s", "right"), ("rate loss", "right"), ("rest before", "right"),
    )  # fmt: skip
    for one in summaries:
        loss = "-" if one.lift_rate_loss_pct != one.lift_rate_loss_pct else f"{one.lift_rate_loss_pct:.0f} %"
        rest = "-" if one.rest_s != one.rest_s else words.clock(one.rest_s)
        table.add_row(
            str(one.set), Text(str(one.reps), style="bold"), one.mean_tempo, words.seconds(one.mean_top_hold_s),
            words.degrees(one.mean_rom_deg), words.seconds(one.time_under_tension_s), loss, rest,
        )  # fmt: skip
    return table


def recordings(lines: Iterable[Line]) -> Table:
    """One row a recording, with what its sets were proposed to be where that was asked for."""
    rows = list(lines)
    asked = any(line.proposed is not None for line in rows)
    table = _table(
        ("recording", "left"), ("exercise", "left"), ("length", "right"), ("reps", "right"), ("by set", "left"),
        ("not counted", "right"), *([("proposed", "left")] if asked else []),
    )  # fmt: skip
    for line in rows:
        counted = len(line.analysis.counted)
        table.add_row(
            Text(line.name, overflow="fold"), line.exercise, words.clock(line.duration_s),
            Text(str(counted), style="bold" if counted else DIM), "+".join(str(s.reps) for s in line.analysis.sets),
            str(len(line.analysis.reps) - counted), *([line.proposed or ""] if asked else []),
        )  # fmt: skip
    return table


def total(analysis: Analysis) -> str:
    """The result in one line."""
    counted, others = len(analysis.counted), len(analysis.reps) - len(analysis.counted)
    rest = f"; {others} other movement{'' if others == 1 else 's'} not counted" if others else ""
    return f"{words.reps(counted)} in {words.sets(len(analysis.sets))}{rest}"


def _table(*columns: tuple[str, str]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style=DIM, pad_edge=False)
    for name, justify in columns:
        table.add_column(name, justify="right" if justify == "right" else "left", no_wrap=name not in GIVING_WAY)
    return table
