"""Parts that several pictures are made of: colours, the axis of repetitions, intervals, holes, lines of many points."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from imu.app.plots.picture import Chart, Picture
from imu.model import Bools, Floats, Ints
from imu.review.tables import Review
from imu.tempo import Tempo

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, RED, PINK = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
"""Okabe & Ito 2008, Color Universal Design: told apart by all kinds of eyes; hatches tell them apart in print."""
GREY, DIM = "#888888", "#bbbbbb"
PHASE_COLOURS = {"lower": BLUE, "bottom": YELLOW, "lift": RED, "top": GREEN}
PHASE_HATCHES = {"lower": "", "bottom": "....", "lift": "////", "top": "\\\\\\\\"}
PHASE_WORDS = {"lower": "lowering", "bottom": "bottom hold", "lift": "lift", "top": "top hold"}
SET_COLOURS = (BLUE, RED, GREEN, PINK, ORANGE, SKY)
SET_MARKS = ("o", "s", "^", "D", "v", "P")
MOST_LABELS_PER_IN = 3.2
MOST_MARKS_PER_IN = 5.0
LINE_BAND_DEG = 10.0
"""Tops further than this from the straight line are flagged (definitions of the project)."""
NONE_COUNTED = "There is no counted repetition in this session."


Draw = Callable[[Picture, Review], None]


def chart(title: str, caption: str, *, of_reps: bool = False) -> Callable[[Draw], Chart[Review]]:
    """Make a function that draws one session into a picture a `Chart`, named as the function is.

    With `of_reps` it is only called where a repetition was counted; else a sentence says that there is none.
    """

    def make(draw: Draw) -> Chart[Review]:
        return Chart(
            name=draw.__name__.replace("_", "-"), title=title, caption=caption, subject=subject,
            draw=_of_reps(draw) if of_reps else draw,
            synthetic=lambda review: " (synthetic)" if review.synthetic else "",
        )  # fmt: skip

    return make


def _of_reps(draw: Draw) -> Draw:
    def drawn(picture: Picture, review: Review) -> None:
        if len(review.reps):
            draw(picture, review)
        else:
            picture.nothing(NONE_COUNTED)

    return drawn


def subject(review: Review) -> str:
    """What was recorded: exercise, day in UTC, load, folder."""
    header = review.header
    parts = [review.exercise.name, header.started_utc[:10] if header else ""]
    parts += [f"{header.load_kg:g} kg" if header and header.load_kg is not None else ""]
    parts += [review.path.resolve().name if review.path else "samples from memory"]
    return " · ".join(part for part in parts if part)


@dataclass(frozen=True)
class Ladder:
    """The axis of repetitions: set beside set, with a step between; `x` is where each repetition stands."""

    x: Floats
    sets: Ints
    reps: Ints

    @classmethod
    def of(cls, reps: pd.DataFrame) -> Ladder:
        """The axis of some rows of `Review.reps`."""
        sets = reps["set"].to_numpy(np.int64)
        steps = np.cumsum(np.concatenate([[0], sets[1:] != sets[:-1]])) if len(sets) else np.empty(0)
        return cls(np.arange(len(sets)) + 1.0 * steps, sets, reps["rep"].to_numpy(np.int64))

    @property
    def numbers(self) -> list[int]:
        """The sets that there are."""
        return [int(number) for number in np.unique(self.sets)]

    def dress(self, axes: Axes, *, top: bool = True) -> None:
        """Number the repetitions below, and name the sets above."""
        every = max(1, math.ceil(len(self.x) / MOST_LABELS_PER_IN / width_in(axes)))
        shown = (self.reps - 1) % every == 0
        axes.set_xticks(self.x[shown], [str(rep) for rep in self.reps[shown]])
        axes.grid(visible=False, axis="x")
        axes.set_xlim(self.x[0] - 1.0, self.x[-1] + 1.0)
        if len(self.numbers) < 2:
            return
        for number in self.numbers:
            inside = self.x[self.sets == number]
            if top:
                axes.annotate(
                    f"set {number}", (float(inside.mean()), 1.0), xycoords=("data", "axes fraction"),
                    ha="center", va="bottom", fontsize=7.5, color="#444444",
                )  # fmt: skip
            if number != self.numbers[0]:
                axes.axvline(inside[0] - 1.0, color=DIM, linewidth=0.8)

    def dress_all(self, panels: Sequence[Axes]) -> None:
        """The same for panels below one another: sets above the first, the axis named at the last."""
        for axes in panels:
            self.dress(axes, top=axes is panels[0])
        panels[-1].set_xlabel("repetition")


def targets_of(review: Review) -> dict[int, Tempo]:
    """The target tempo of each set; `X` is the fastest such phase of the set."""
    target = Tempo.parse(review.exercise.target_tempo)
    counted = review.analysis.counted
    return {one.set: target.for_set([rep for rep in counted if rep.set == one.set]) for one in review.analysis.sets}


def either(*halves: pd.Series[float]) -> Floats:
    """Half-width of a difference of two instants from theirs; an instant without one counts as exact."""
    squares = [np.square(half.fillna(0.0).to_numpy(float)) for half in halves]
    return np.asarray(np.sqrt(np.sum(squares, axis=0)), float)


def intervals(axes: Axes, x: Floats, y: Floats, pm: Floats, colour: str = BLACK) -> None:
    """90 % intervals as thin bars behind what they belong to."""
    width, cap = (0.6, 0.9) if crowded(axes, len(x)) else (0.9, 1.8)
    axes.errorbar(x, y, yerr=pm, fmt="none", ecolor=colour, elinewidth=width, capsize=cap, capthick=width, zorder=3)


def dots(axes: Axes, x: Floats, y: Floats, good: Bools, colour: str) -> None:
    """Values as filled dots where they are as wanted, and hollow ones where not."""
    faces = [colour if one else "white" for one in good]
    size = 8 if crowded(axes, len(x)) else 22
    axes.scatter(x, y, s=size, c=faces, edgecolors=colour, linewidths=1.2, zorder=4)


def crowded(axes: Axes, count: int) -> bool:
    """Whether so many marks stand so close that they have to be small."""
    return count > MOST_MARKS_PER_IN * width_in(axes)


def width_in(axes: Axes) -> float:
    """Width of the picture that the axes are in."""
    return float(axes.figure.bbox.width / axes.figure.dpi)


def trend(axes: Axes, ladder: Ladder, y: Floats, colour: str) -> None:
    """A thin line through the values of each set."""
    for number in ladder.numbers:
        inside = ladder.sets == number
        axes.plot(ladder.x[inside], y[inside], color=colour, linewidth=0.8, alpha=0.6)


def hatch_holes(axes: Axes, spans: Iterable[tuple[float, float]]) -> int:
    """Hatch stretches in which samples were lost; returns how many of them are in view."""
    low, high = axes.get_xlim()
    seen = [(a, b) for a, b in spans if b > low and a < high]
    for i, (a, b) in enumerate(seen):
        axes.axvspan(
            max(a, low), min(b, high), facecolor="#eeeeee", hatch="xxxx", edgecolor=GREY, linewidth=0, zorder=1,
            label="" if i else "samples lost", gid="hole",
        )  # fmt: skip
    axes.set_xlim(low, high)
    return len(seen)


def lost_spans(trunk: pd.DataFrame) -> list[tuple[float, float]]:
    """Where the trunk was not measured: bridged, or without a timeline at all."""
    t_s, trusted = trunk["t_s"].to_numpy(float), trunk["trusted"].to_numpy(bool)
    if len(t_s) < 2:
        return []
    step_s = np.diff(t_s)
    bad = ~trusted[:-1] | ~trusted[1:] | (step_s > 1.5 * np.median(step_s))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], bad, [False]])))
    return [(float(t_s[a]), float(t_s[b])) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def thin(y: Floats, most: int) -> Ints:
    """Indices of at most about so many points, the lowest and highest of each stretch, so that no peak is lost."""
    n = len(y)
    if n <= most:
        return np.arange(n)
    size = math.ceil(2 * n / most)
    blocks = np.resize(y[: n - n % size], (n // size, size))
    first = np.arange(len(blocks)) * size
    picked = [first + blocks.argmin(axis=1), first + blocks.argmax(axis=1), [0, n - 1]]
    return np.unique(np.concatenate(picked))


def curve(
    axes: Axes, t_s: Floats, y: Floats, *, color: str, width: float = 1.0, most: int = 1500, gid: str = ""
) -> None:
    """A line of many points; not drawn across holes in the timeline, nor where `y` does not exist."""
    if not len(t_s):
        return
    step_s = np.diff(t_s, prepend=t_s[0])
    stretch = np.cumsum(step_s > max(0.5, 5.0 * float(np.median(step_s)))) + np.cumsum(np.isnan(y))
    kept = thin(np.nan_to_num(y), most)
    kept = kept[~np.isnan(y[kept])]
    breaks = np.flatnonzero(np.diff(stretch[kept])) + 1
    x, values = np.insert(t_s[kept], breaks, np.nan), np.insert(y[kept], breaks, np.nan)
    axes.plot(x, values, color=color, linewidth=width, gid=gid or None, zorder=3, solid_capstyle="butt")


def from_zero(axes: Axes) -> None:
    """Begin the vertical axis at 0 or below, with room above the highest mark."""
    low, high = axes.get_ylim()
    low = min(0.0, low)
    axes.set_ylim(low, high + 0.08 * (high - low))


def at_least(axes: Axes, span: float) -> None:
    """Do not blow small differences up: the vertical axis spans at least so much."""
    low, high = axes.get_ylim()
    more = 0.5 * max(span - (high - low), 0.0)
    axes.set_ylim(low - more, high + more)


def whole_numbers(axes: Axes) -> None:
    """Counts have no decimals."""
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
