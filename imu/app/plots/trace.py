"""The trunk's angle over time: set by set with its phases, the whole session with its ledger, and static holds."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from imu.app import words
from imu.app.plots import parts
from imu.app.plots.parts import chart
from imu.app.plots.picture import Picture
from imu.model import Verdict
from imu.review.tables import Review

BEFORE_S, AFTER_S = 2.0, 3.0
MOST_NUMBERS_PER_IN = 4.0
PANEL_IN = 1.9


@chart(
    "Angle of the trunk, set by set",
    "How to read it: 0° is prone horizontal, +90° upright, -90° hanging head down. The line is coloured by phase; the "
    "number of each repetition stands above its top, top holds are shaded. The grey band is the straight line ±10°: a "
    "top outside it is short or overextended. Hatched: samples were lost, the angle there is bridged or unknown.",
)
def trace(picture: Picture, review: Review) -> None:
    """The trunk's angle in each set, with phases, repetition numbers, holds, the straight line and lost data."""
    if not len(review.sets):
        _whole_trace(picture, review)
        return
    panels = picture.panels([PANEL_IN] * len(review.sets), share_x=False)
    for axes, (_, one) in zip(panels, review.sets.iterrows(), strict=True):
        _set_trace(axes, review, review.reps[review.reps["set"] == one["set"]])
        if len(panels) > 1:
            axes.set_title(f"set {one['set']}: {words.reps(int(one['reps']))}", pad=3)
    low = min(axes.get_ylim()[0] for axes in panels)
    high = max(axes.get_ylim()[1] for axes in panels)
    for axes in panels:
        axes.set_ylim(low, high)
    panels[-1].set_xlabel("time on the sensor's clock, s")
    _phase_legend(picture, panels[0])
    if not math.isnan(review.analysis.straight_line_deg):
        picture.note(f"The straight line is known from: {review.analysis.straight_line_source}.")


def _whole_trace(picture: Picture, review: Review) -> None:
    (axes,) = picture.panels([PANEL_IN])
    _angle(axes, review.trunk)
    axes.set_xlabel("time on the sensor's clock, s")
    picture.note(parts.NONE_COUNTED)


def _set_trace(axes: Axes, review: Review, reps: pd.DataFrame) -> None:
    start_s = float(reps["start_s"].iloc[0]) - BEFORE_S
    end_s = float(np.nanmax(reps[["end_s", "hold_end_s"]].to_numpy(float))) + AFTER_S
    trunk = review.trunk[review.trunk["t_s"].between(start_s, end_s)]
    _band(axes, reps)
    for _, rep in reps.iterrows():
        if rep["top_hold_s"] > 0:
            axes.axvspan(
                rep["lift_end_s"], rep["lift_end_s"] + rep["top_hold_s"], color=parts.GREEN, alpha=0.15, linewidth=0,
                gid="hold",
            )  # fmt: skip
    _angle(axes, trunk)
    t_s, pitch = trunk["t_s"].to_numpy(float), trunk["pitch_deg"].to_numpy(float)
    for phase, colour in parts.PHASE_COLOURS.items():
        inside = (trunk["phase"] == phase).to_numpy()
        colour = parts.ORANGE if phase == "bottom" else colour  # noqa: PLW2901 (yellow is no line on white)
        parts.curve(axes, t_s, np.where(inside, pitch, np.nan), color=colour, width=2.0, gid=phase)
    _number(axes, reps)
    axes.set_xlim(start_s, end_s)
    parts.hatch_holes(axes, parts.lost_spans(review.trunk))


def _angle(axes: Axes, trunk: pd.DataFrame) -> None:
    parts.curve(
        axes, trunk["t_s"].to_numpy(float), trunk["pitch_deg"].to_numpy(float), color=parts.GREY, width=0.8, gid="angle"
    )
    axes.set_ylabel("trunk angle, °")
    if len(trunk):
        axes.set_xlim(float(trunk["t_s"].iloc[0]), float(trunk["t_s"].iloc[-1]))


def _band(axes: Axes, reps: pd.DataFrame) -> None:
    """The line that each repetition was held against: the same throughout, unless it was calibrated in between."""
    line_deg = float((reps["top_deg"] - reps["top_deviation_deg"]).median())
    if math.isnan(line_deg):
        return
    band = parts.LINE_BAND_DEG
    axes.axhspan(line_deg - band, line_deg + band, color="#d9d9d9", alpha=0.6, linewidth=0, zorder=0, gid="band")
    axes.axhline(line_deg, color=parts.GREY, linewidth=0.8, linestyle="--", zorder=1)


def _number(axes: Axes, reps: pd.DataFrame) -> None:
    every = max(1, math.ceil(len(reps) / MOST_NUMBERS_PER_IN / parts.width_in(axes)))
    for _, rep in reps.iterrows():
        if (rep["rep"] - 1) % every == 0:
            hold_s = rep["top_hold_s"] if rep["top_hold_s"] > 0 else 0.0
            axes.annotate(
                str(rep["rep"]), (rep["lift_end_s"] + 0.5 * hold_s, rep["top_deg"]), xytext=(0, 5),
                textcoords="offset points", ha="center", va="bottom", fontsize=7.5, fontweight="bold",
            )  # fmt: skip
    axes.margins(y=0.16)


def _phase_legend(picture: Picture, axes: Axes) -> None:
    colours = parts.PHASE_COLOURS | {"bottom": parts.ORANGE}
    handles = [Patch(color=colours[phase], label=said) for phase, said in parts.PHASE_WORDS.items()]
    axes.legend(
        handles=handles, ncols=4, loc="lower right", bbox_to_anchor=(1.0, 0.98), handlelength=1.0, columnspacing=1.0,
        borderpad=0.1,
    )  # fmt: skip


@chart(
    "Every movement, and why it counts or not",
    "How to read it: above, the trunk's angle over the whole session; below, one bar a movement from its start to its "
    "end, in the row of what became of it. Only the top row counts. A cross marks a movement that a person judged "
    "otherwise; the program's verdict stays beside it.",
)
def ledger(picture: Picture, review: Review) -> None:
    """Every movement of the session in the row of its verdict, below the trunk's angle."""
    table, added = review.ledger, review.added
    found = [verdict for verdict in Verdict if (table["verdict"] == verdict).any()]
    if not found:
        _whole_trace(picture, review)
        return
    above, below = picture.panels([1.5, 0.5 + 0.22 * (len(found) + bool(len(added)))])
    _angle(above, review.trunk)
    parts.hatch_holes(above, parts.lost_spans(review.trunk))
    _taps(picture, above, review)
    for row, verdict in enumerate(found):
        mine = table[table["verdict"] == verdict]
        counted = verdict is Verdict.COUNTED
        spans = list(zip(mine["start_s"], mine["end_s"] - mine["start_s"], strict=True))
        below.broken_barh(
            spans, (row - 0.36, 0.72), facecolors=parts.GREEN if counted else parts.RED, edgecolors="black",
            linewidth=0.4, hatch="" if counted else "////", gid=str(verdict),
        )  # fmt: skip
        other = mine[mine["label"].ne("") & mine["accepted"].ne(counted)]
        below.plot(0.5 * (other["start_s"] + other["end_s"]), [row] * len(other), "kx", markersize=7, gid="overruled")
    said = [f"{words.VERDICTS[one]} ({int((table['verdict'] == one).sum())})" for one in found]
    if len(added):
        spans = list(zip(added["start_s"], added["end_s"] - added["start_s"], strict=True))
        below.broken_barh(spans, (len(found) - 0.36, 0.72), facecolors="white", edgecolors="black", gid="added")
        said.append(f"added by a person ({len(added)})")
    below.set_yticks(range(len(said)), said)
    below.set_ylim(len(said) - 0.5, -0.5)
    below.set_xlabel("time on the sensor's clock, s")


def _taps(picture: Picture, axes: Axes, review: Review) -> None:
    """Mark where three taps were felt, by which a video is laid beside the session."""
    taps_s = review.header.sync_taps_s if review.header else []
    for tap_s in taps_s:
        axes.axvline(tap_s, color="black", linewidth=0.9, linestyle=":", gid="taps")
        axes.annotate("3 taps", (tap_s, 1.0), xycoords=("data", "axes fraction"), ha="center", va="bottom", fontsize=7)
    if taps_s:
        picture.note(f"Three taps, for the video: at {', '.join(f'{tap_s:.2f}' for tap_s in taps_s)} s.")


@chart(
    "Static hold",
    "How to read it: the trunk's angle during the hold; the grey band is the straight line ±10°, and the time within "
    "it is what counts (shaded). The dashed line sinks as fast as the trunk did on the whole, after its first 5 s, in "
    "degrees a minute. No interval is stated for the time held or the sag.",
)
def hold(picture: Picture, review: Review) -> None:
    """Static holds: the angle within the band, the time held against the target, and the sag."""
    held = review.reps[review.reps["hold_s"].notna()]
    if not len(held):
        picture.nothing("There is no static hold in this session.")
        return
    panels = picture.panels([2.2] * len(held), share_x=False)
    for axes, (_, one) in zip(panels, held.iterrows(), strict=True):
        _one_hold(axes, review, one)
    panels[-1].set_xlabel("time on the sensor's clock, s")


def _one_hold(axes: Axes, review: Review, one: pd.Series) -> None:
    start_s, end_s = float(one["lift_end_s"]), float(one["hold_end_s"])
    margin_s = max(3.0, 0.15 * (end_s - start_s))
    trunk = review.trunk[review.trunk["t_s"].between(start_s - margin_s, end_s + margin_s)]
    _band(axes, pd.DataFrame([one]))
    axes.axvspan(start_s, end_s, color=parts.GREEN, alpha=0.12, linewidth=0, gid="hold")
    _angle(axes, trunk)
    parts.hatch_holes(axes, parts.lost_spans(review.trunk))
    inside = trunk[trunk["t_s"].between(start_s, end_s)]
    line_deg = float(one["top_deg"] - one["top_deviation_deg"])
    seen = np.array([*inside["pitch_deg"], line_deg - parts.LINE_BAND_DEG, line_deg + parts.LINE_BAND_DEG])
    axes.set_ylim(float(np.nanmin(seen)) - 5.0, float(np.nanmax(seen)) + 5.0)
    said = f"held {one['hold_s']:.1f} s, target {parts.targets_of(review)[int(one['set'])].hold_s:g} s"
    if not math.isnan(one["sag_deg_per_min"]) and len(inside):
        middle_s, middle_deg = 0.5 * (start_s + end_s), float(inside["pitch_deg"].median())
        ends = np.array([start_s + 5.0, end_s])
        axes.plot(ends, middle_deg - one["sag_deg_per_min"] / 60.0 * (ends - middle_s), "k--", linewidth=1.0, gid="sag")
        said += f"; sank {one['sag_deg_per_min']:.1f}°/min"
    axes.set_title(f"{said}; ended: {one['hold_ended']}", pad=3)
