"""The shape of the repetitions: laid over one another, each stretched to the same length."""

from __future__ import annotations

import numpy as np

from imu.app.plots import parts
from imu.app.plots.parts import chart
from imu.app.plots.picture import Picture
from imu.model import Floats
from imu.review.tables import Review

POINTS = 101


def normalised(review: Review) -> tuple[Floats, list[int]]:
    """The counted repetitions from their start (0 %) to the end of their last stroke (100 %).

    Returns:
        (n, 101) pitch in degrees, and the set of each; repetitions with lost samples are left out.
    """
    t_s, pitch = review.trunk["t_s"].to_numpy(float), review.trunk["pitch_deg"].to_numpy(float)
    lost = parts.lost_spans(review.trunk)
    kept = [
        rep for rep in review.analysis.counted if not any(a < rep.end_s and b > rep.start_s for a, b in lost)
    ]  # fmt: skip
    curves = [np.interp(np.linspace(rep.start_s, rep.end_s, POINTS), t_s, pitch) for rep in kept]
    return np.array(curves).reshape(-1, POINTS), [rep.set or 0 for rep in kept]


@chart(
    "Repetitions laid over one another",
    "How to read it: every repetition stretched from its start (0 %) to the end of its last stroke (100 %); thin lines "
    "are single repetitions, a thick one is the mean of a set, its band ±1 standard deviation, given on average. A "
    "narrow band is the same movement again and again; a line that leaves it is the odd one out.",
    of_reps=True,
)
def overlay(picture: Picture, review: Review) -> None:
    """The repetitions of each set time-normalised, with mean and spread."""
    curves, sets = normalised(review)
    if not len(curves):
        picture.nothing("Samples were lost in every repetition of this session.")
        return
    (axes,) = picture.panels([2.4])
    share = np.linspace(0.0, 100.0, POINTS)
    numbers = sorted(set(sets))
    for i, number in enumerate(numbers):
        colour, dash = parts.SET_COLOURS[i % 6], ("-", "--", "-.", ":")[i % 4]
        mine = curves[np.array(sets) == number]
        for one in mine:
            axes.plot(share, one, color=colour, linewidth=0.5, alpha=0.35, gid="repetition")
        several = len(mine) > 1
        mean, spread = mine.mean(axis=0), mine.std(axis=0, ddof=1) if several else np.zeros(POINTS)
        axes.fill_between(share, mean - spread, mean + spread, color=colour, alpha=0.15, linewidth=0)
        label = f"set {number} (n = {len(mine)}{f', ±{spread.mean():.1f}°' if several else ''})"
        axes.plot(share, mean, color=colour, linewidth=2.0, linestyle=dash, label=label, gid="mean")
    axes.set_xlim(0.0, 100.0)
    axes.set_xlabel("share of the repetition, %")
    axes.set_ylabel("trunk angle, °")
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=int(picture.get_figwidth() / 1.8))
    left_out = len(review.reps) - len(curves)
    if left_out:
        picture.note(f"Left out, samples being lost in them: {left_out}.")
