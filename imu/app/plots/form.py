"""Range, top, speed of the lift, and control: how each repetition was done, and how it changed over the set."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from imu.app.plots import parts
from imu.app.plots.parts import Ladder, chart
from imu.app.plots.picture import Picture
from imu.model import Bools, Floats
from imu.review.control import turn_sharpness_dps2
from imu.review.tables import Review

LEAST_SPAN = 0.5
"""Of the axis of smoothness: smaller differences mean nothing."""


def lift_rate_pm_dps(reps: pd.DataFrame) -> Floats:
    """Half-width of the 90 % interval of `mean_lift_dps`, from those of range and edges, taken as independent."""
    return (reps["mean_lift_dps"] * _relative(reps)).to_numpy(float)


def lift_rate_loss(reps: pd.DataFrame) -> tuple[Floats, Floats]:
    """How far each lift was below the best of its set, in percent, and the half-width of its 90 % interval.

    The range's error is nearly the same for all repetitions of a set and drops out of their ratio: the interval is
    that of the two durations.
    """
    rate = reps["mean_lift_dps"].fillna(-np.inf)  # a recording may end before a set's only lift
    best = rate.groupby(reps["set"]).transform("idxmax")
    share = (reps["mean_lift_dps"] / reps["mean_lift_dps"].loc[best].to_numpy()).to_numpy(float)
    timing = pd.Series(_timing(reps), index=reps.index)
    others = np.hypot(timing.to_numpy(), timing.loc[best].to_numpy())
    return 100.0 * (1.0 - share), np.where(best.to_numpy() == reps.index, 0.0, 100.0 * share * others)


def _timing(reps: pd.DataFrame) -> Floats:
    half_s: Floats = parts.either(reps["lift_start_pm_s"], reps["lift_end_pm_s"])
    return np.asarray(half_s / reps["lift_s"].to_numpy(float))


def _relative(reps: pd.DataFrame) -> Floats:
    return np.asarray(np.hypot((reps["rom_pm_deg"] / reps["rom_deg"]).to_numpy(float), _timing(reps)))


@chart(
    "Range, top and speed of the lift",
    "How to read it: range is the way from the lowest to the highest angle of the trunk. The top is measured from the "
    "straight line; beyond ±10° (grey band) it is hollow: short below, overextended above. Lift rate is range by "
    "lifting time; its loss is against the best lift of the set: a trend, no measure of effort in reserve. Bars are "
    "90 % intervals.",
    of_reps=True,
)
def form(picture: Picture, review: Review) -> None:
    """Range, deviation of the top, lift rate and its loss over the set, with 90 % intervals."""
    reps = review.reps
    panels = picture.panels([1.1, 1.1, 1.1, 1.1])
    ladder = Ladder.of(reps)
    deviation = reps["top_deviation_deg"].to_numpy(float)
    loss, loss_pm = lift_rate_loss(reps)
    rows = (
        ("range, °", reps["rom_deg"], reps["rom_pm_deg"], parts.BLUE, None),
        ("top off the\nline, °", deviation, reps["top_deviation_pm_deg"], parts.GREEN,
         np.abs(deviation) <= parts.LINE_BAND_DEG),
        ("mean lift\nrate, °/s", reps["mean_lift_dps"], lift_rate_pm_dps(reps), parts.RED, None),
        ("loss of lift\nrate, %", loss, loss_pm, parts.RED, None),
    )  # fmt: skip
    for axes, (said, values, pm, colour, good) in zip(panels, rows, strict=True):
        _row(axes, ladder, np.asarray(values, float), colour, pm=np.asarray(pm, float), good=good)
        axes.set_ylabel(said)
    band = parts.LINE_BAND_DEG
    panels[1].axhspan(-band, band, color="#d9d9d9", alpha=0.6, linewidth=0, zorder=0)
    parts.at_least(panels[1], 2.6 * band)
    parts.from_zero(panels[3])
    ladder.dress_all(panels)
    if not review.has_gyroscope:
        picture.note("Measured without a gyroscope: angles carry the body's own acceleration.")


def _row(
    axes: Axes, ladder: Ladder, values: Floats, colour: str, *, pm: Floats | None = None, good: Bools | None = None
) -> None:
    if np.isnan(values).all():
        axes.set_yticks([])
        axes.text(0.5, 0.5, "nothing to measure", transform=axes.transAxes, ha="center", va="center", color="#444444")
        return
    parts.trend(axes, ladder, values, colour)
    if pm is not None:
        parts.intervals(axes, ladder.x, values, pm, parts.GREY)
    parts.dots(axes, ladder.x, values, np.ones(len(values), bool) if good is None else good, colour)


@chart(
    "Control",
    "How to read it: turn-round sharpness is how abruptly the trunk is turned round at the bottom, its mean angular "
    "acceleration over 0.2 s: near 0 it stood still, several hundred is a bounce. Smoothness is the spectral arc "
    "length of the lift (SPARC, Balasubramanian 2012): nearer to 0 is smoother, a single even sweep reads about -1.5. "
    "Neither has a stated interval: compare repetitions of one person, not people.",
    of_reps=True,
)
def control(picture: Picture, review: Review) -> None:
    """Turn-round sharpness at the bottom, and smoothness of the lift."""
    reps = review.reps
    panels = picture.panels([1.25, 1.25])
    ladder = Ladder.of(reps)
    _row(panels[0], ladder, turn_sharpness_dps2(review.trunk, reps), parts.BLUE)
    _row(panels[1], ladder, reps["smoothness"].to_numpy(float), parts.PINK)
    panels[0].set_ylabel("sharpness\nof turn, °/s²")
    panels[1].set_ylabel("smoothness\n(SPARC)")
    parts.from_zero(panels[0])
    parts.at_least(panels[1], LEAST_SPAN)
    ladder.dress_all(panels)
    if not review.has_gyroscope:
        picture.note("Without a gyroscope the rate is taken from the angle, and both read rougher.")
