"""Sets beside one another, and sessions over time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from imu.app.plots import parts
from imu.app.plots.parts import chart
from imu.app.plots.picture import Chart, Picture
from imu.model import NAN, Floats
from imu.review.tables import Review

COLUMNS = (
    ("range, °", "rom_deg", 1.0), ("lowering, s", "lower_s", 1.0), ("lift, s", "lift_s", 1.0),
    ("top hold, s", "top_hold_s", 1.0), ("tempo met, %", "tempo_adherence", 100.0),
    ("mean lift rate, °/s", "mean_lift_dps", 1.0),
)  # fmt: skip
MOST_TICKS = 12


@chart(
    "Sets beside one another",
    "How to read it: small dots are the repetitions of a set, the large mark is their mean, its bar ±1 standard "
    "deviation. Sets differ where the bars hardly overlap. Bars show how even the repetitions were, not how exactly "
    "each was measured: those intervals are in the pictures of single repetitions.",
    of_reps=True,
)
def sets(picture: Picture, review: Review) -> None:
    """Mean and spread of each set, measure by measure."""
    panels = picture.panels([1.55, 1.55], columns=3)
    numbers = review.sets["set"].to_numpy(int)
    for axes, (said, column, scale) in zip(panels, COLUMNS, strict=True):
        for i, number in enumerate(numbers):
            values = scale * review.reps.loc[review.reps["set"] == number, column].dropna().to_numpy(float)
            _spread(axes, float(number), values, i)
        axes.set_title(said, pad=3)
        axes.set_xticks(numbers, [str(one) for one in numbers])
        axes.set_xlim(numbers[0] - 0.6, numbers[-1] + 0.6)
    panels[4].set_ylim(-5, 105)
    for axes in panels[3:]:
        axes.set_xlabel("set")


def _spread(axes: Axes, x: float, values: Floats, which: int) -> None:
    """Single values beside their mean and standard deviation."""
    if not len(values):
        return
    colour = parts.SET_COLOURS[which % 6]
    axes.plot(x + np.linspace(-0.32, -0.12, len(values)), values, ".", color=colour, alpha=0.5, markersize=3.5)
    spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    axes.errorbar(
        x + 0.1,
        float(values.mean()),
        yerr=spread,
        fmt=parts.SET_MARKS[which % 6],
        color=colour,
        capsize=2.5,
        markersize=5,
    )


OneOrMore = Review | Sequence[Review]


def _several(of: OneOrMore) -> Sequence[Review]:
    return [of] if isinstance(of, Review) else of


def session_table(reviews: OneOrMore) -> pd.DataFrame:
    """A row a session, in order of time.

    Columns: `session`, `day` (UTC), `exercise`, `person`, `sets`, `reps`, `load_kg` (the heaviest set's),
    `volume_load_kg` (load x repetitions; nan without a load), `rom_deg` and `rom_sd_deg` (mean and standard deviation
    of the repetitions), `top_hold_s`, `tempo_adherence` (mean share of the phases met), `lift_rate_loss_pct` (the worst
    set's).
    """
    rows = [_session(one) for one in _several(reviews)]
    table = pd.DataFrame(rows, columns=list(_session_columns()))
    return table.sort_values(["started_utc", "session"], ignore_index=True).drop(columns="started_utc")


def _session_columns() -> tuple[str, ...]:
    return (
        "started_utc", "session", "day", "exercise", "person", "sets", "reps", "load_kg", "volume_load_kg", "rom_deg",
        "rom_sd_deg", "top_hold_s", "tempo_adherence", "lift_rate_loss_pct",
    )  # fmt: skip


def _session(one: Review) -> tuple[object, ...]:
    header, reps, loads_kg = one.header, one.reps, one.sets["load_kg"].astype(float)
    volume_kg = float((loads_kg * one.sets["reps"]).sum()) if loads_kg.notna().any() else NAN
    started = header.started_utc if header else ""
    return (
        started, one.path.resolve().name if one.path else "", started[:10], one.exercise.key,
        (header.person or "") if header else "", len(one.sets), len(reps), loads_kg.max(), volume_kg,
        reps["rom_deg"].mean(), reps["rom_deg"].std(), reps["top_hold_s"].mean(), reps["tempo_adherence"].mean(),
        one.sets["lift_rate_loss_pct"].max(),
    )  # fmt: skip


def _draw_sessions(picture: Picture, reviews: OneOrMore) -> None:
    table = session_table(reviews)
    if not len(table):
        picture.nothing("There is no session to compare.")
        return
    panels = picture.panels([1.4, 1.1, 1.1, 1.1])
    x = np.arange(len(table), dtype=float)
    for i, (who, mine) in enumerate(table.groupby(["exercise", "person"], sort=False)):
        style: dict[str, Any] = {
            "color": parts.SET_COLOURS[i % 6],
            "marker": parts.SET_MARKS[i % 6],
            "markersize": 5,
            "linewidth": 0.9,
        }
        at = x[mine.index]
        panels[0].errorbar(
            at,
            mine["rom_deg"],
            yerr=mine["rom_sd_deg"].fillna(0.0),
            capsize=2.5,
            label=" ".join(map(str, who)).strip(),
            **style,
        )
        panels[1].plot(at, 100.0 * mine["tempo_adherence"], **style)
        panels[2].plot(at, mine["volume_load_kg"], **style)
        panels[3].bar(at, mine["reps"], 0.6, color=style["color"], alpha=0.8, gid="reps")
    for axes, said in zip(
        panels, ("range, °", "tempo met,\n% of phases", "volume load,\nkg x reps", "repetitions"), strict=True
    ):
        axes.set_ylabel(said)
    panels[0].legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3)
    panels[1].set_ylim(-5, 105)
    _loads(panels, table)
    every = max(1, math.ceil(len(table) / MOST_TICKS))
    panels[-1].set_xticks(x[::every], [_tick(row) for _, row in table[::every].iterrows()])
    panels[-1].set_xlim(-0.6, len(table) - 0.4)


def _loads(panels: Sequence[Axes], table: pd.DataFrame) -> None:
    """The load above each count; and in words where none was declared."""
    panels[3].set_ylim(0, max(1.0, 1.4 * float(table["reps"].max())))
    parts.from_zero(panels[2])
    parts.whole_numbers(panels[3])
    for i, row in table.iterrows():
        load = "" if math.isnan(row["load_kg"]) else f"\nat {row['load_kg']:g} kg"
        panels[3].annotate(
            f"{row['reps']}{load}" if len(table) <= 2 * MOST_TICKS else "", (float(str(i)), row["reps"]), ha="center",
            va="bottom", fontsize=6.5,
        )  # fmt: skip
    if table["load_kg"].isna().all():
        panels[2].set_ylim(0, 1)
        panels[2].set_yticks([])
        panels[2].text(0.5, 0.5, "no load was declared", transform=panels[2].transAxes, ha="center", va="center")


def _tick(row: pd.Series) -> str:
    return str(row["day"]) or str(row["session"])


def _subject(reviews: OneOrMore) -> str:
    count = len(_several(reviews))
    return f"{count} session{'' if count == 1 else 's'}, from old to new"


def _synthetic(reviews: OneOrMore) -> str:
    found = [one.synthetic for one in _several(reviews)]
    if not any(found):
        return ""
    return " (synthetic)" if all(found) else f" ({sum(found)} of them synthetic)"


sessions: Chart[OneOrMore] = Chart(
    name="sessions",
    title="Sessions over time",
    caption="How to read it: one column a session, evenly spaced, the oldest on the left; a line joins sessions of the "
    "same exercise and person. Range is the mean of the repetitions, its bar ±1 standard deviation. Tempo met is the "
    "mean share of the phases that met that session's target. Volume load is declared load x counted repetitions; the "
    "body's own weight is not in it. Compare ranges only where the sensor sat alike.",
    draw=_draw_sessions,
    subject=_subject,
    synthetic=_synthetic,
)
