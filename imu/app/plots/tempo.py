"""Tempo of each repetition against the target, and the top hold on its own."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from imu.app.plots import parts
from imu.app.plots.parts import Ladder, chart
from imu.app.plots.picture import Picture
from imu.model import Floats
from imu.review.tables import Review
from imu.tempo import PHASES, TOLERANCE, TOLERANCE_S

COLUMNS = {"lower": "lower_s", "bottom": "bottom_hold_s", "lift": "lift_s", "top": "top_hold_s"}
BAR = 0.72


def phase_pm_s(reps: pd.DataFrame) -> dict[str, Floats]:
    """Half-width of the 90 % interval of each phase's duration, in s, from those of its two ends, taken as independent.

    A hold ends where the next stroke starts: in this repetition, or in the next one of the set.
    """
    lift_first = reps["lift_start_s"] < reps["lower_start_s"]
    lift_next, lower_next = (
        reps.groupby("set")[name].shift(-1) for name in ("lift_start_pm_s", "lower_start_pm_s")
    )  # fmt: skip
    lower = parts.either(reps["lower_start_pm_s"], reps["lower_end_pm_s"])
    lift = parts.either(reps["lift_start_pm_s"], reps["lift_end_pm_s"])
    bottom = parts.either(reps["lower_end_pm_s"], lift_next.where(lift_first, reps["lift_start_pm_s"]))
    top = parts.either(reps["lift_end_pm_s"], reps["lower_start_pm_s"].where(lift_first, lower_next))
    return {"lower": lower, "bottom": bottom, "lift": lift, "top": top}


@chart(
    "Tempo of each repetition",
    "How to read it: a bar is one repetition, from below lowering, bottom hold, lift, top hold; the pale bar before a "
    "set is its target. A thin black bar is the 90 % interval of the phase it ends. Above a bar that "
    "missed the target in a phase, by more than 20 % and 0.3 s, stands the share of its phases that met it. A phase "
    "without an end is not drawn.",
    of_reps=True,
)
def tempo(picture: Picture, review: Review) -> None:
    """Tempo per repetition as stacked bars beside the target, with 90 % intervals."""
    reps = review.reps
    (axes,) = picture.panels([2.7])
    ladder = Ladder.of(reps)
    pm, base = phase_pm_s(reps), np.zeros(len(reps))
    for i, phase in enumerate(PHASES):
        height = np.nan_to_num(reps[COLUMNS[phase]].to_numpy(float))
        axes.bar(
            ladder.x, height, BAR, bottom=base, color=parts.PHASE_COLOURS[phase], hatch=parts.PHASE_HATCHES[phase],
            edgecolor="black", linewidth=0.3, label=parts.PHASE_WORDS[phase], gid=phase,
        )  # fmt: skip
        base = base + height
        there = height > 0
        shift = BAR * (i - 1.5) * 0.2
        parts.intervals(axes, ladder.x[there] + shift, base[there], pm[phase][there])
    ladder.dress_all([axes])
    _targets(axes, review, ladder)
    _shares(axes, ladder, base, reps["tempo_adherence"].to_numpy(float))
    axes.set_ylabel("time, s")
    axes.set_ylim(0, float(base.max()) * 1.12)
    axes.legend(ncols=4, loc="lower left", bbox_to_anchor=(0.0, 1.05), handlelength=1.2, columnspacing=1.0)
    picture.note(f"Target: {review.exercise.target_tempo}.")


def _targets(axes: Axes, review: Review, ladder: Ladder) -> None:
    """The target before each set; a phase without one is left out."""
    for number, target in parts.targets_of(review).items():
        at, base = float(ladder.x[ladder.sets == number][0]) - 0.9, 0.0
        for phase, seconds in zip(PHASES, target.phases_s, strict=True):
            axes.bar(
                at, seconds or 0.0, 0.4, bottom=base, color=parts.PHASE_COLOURS[phase], alpha=0.35, linewidth=0.5,
                edgecolor="black", linestyle=":", gid="target",
            )  # fmt: skip
            base += seconds or 0.0
    axes.set_xlim(ladder.x[0] - 1.3, ladder.x[-1] + 0.7)


def _shares(axes: Axes, ladder: Ladder, tops: Floats, shares: Floats) -> None:
    """The share of phases met, above each bar that missed one."""
    for x, top, share in zip(ladder.x, tops, shares, strict=True):
        if share < 1.0:
            axes.annotate(
                f"{100.0 * share:.0f} %", (x, top), xytext=(0, 4), textcoords="offset points", ha="center",
                fontsize=6.5, fontweight="bold", gid="share",
            )  # fmt: skip


@chart(
    "Top hold of each repetition",
    "How to read it: the dashed line is the target, the band what passes (20 % or 0.3 s, whichever is more). A hollow "
    "mark missed it. Bars are 90 % intervals: where one crosses the band's edge, hit or miss is not sure. The last "
    "repetition of a set has none where no lowering follows.",
    of_reps=True,
)
def top_hold(picture: Picture, review: Review) -> None:
    """Top hold against the target, with its 90 % interval."""
    reps = review.reps
    if not reps["top_hold_s"].notna().any():
        picture.nothing("There is no top hold with an end in this session.")
        return
    (axes,) = picture.panels([2.2])
    ladder, held_s = Ladder.of(reps), reps["top_hold_s"].to_numpy(float)
    good = np.zeros(len(reps), bool)
    for i, (number, target) in enumerate(parts.targets_of(review).items()):
        inside = ladder.sets == number
        wanted_s = target.phases_s[3]
        if wanted_s is None:
            continue
        slack_s = max(TOLERANCE * wanted_s, TOLERANCE_S)
        good |= inside & (np.abs(held_s - wanted_s) <= slack_s)
        ends = ladder.x[inside][[0, -1]] + (-0.6, 0.6)
        axes.fill_between(
            ends, max(wanted_s - slack_s, 0.0), wanted_s + slack_s, color="#d9d9d9", linewidth=0, zorder=0
        )
        axes.plot(ends, [wanted_s] * 2, "k--", linewidth=0.9, label="" if i else f"target {wanted_s:g} s", gid="target")
    parts.intervals(axes, ladder.x, held_s, phase_pm_s(reps)["top"])
    parts.dots(axes, ladder.x, held_s, good, parts.GREEN)
    ladder.dress_all([axes])
    axes.set_ylim(bottom=0)
    axes.set_ylabel("top hold, s")
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.03))
