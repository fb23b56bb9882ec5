"""How well the recording itself went: samples a second, delay, holes, and what happened on the way."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes

from imu.app.plots import parts
from imu.app.plots.parts import chart
from imu.app.plots.picture import Picture
from imu.model import Floats
from imu.review.linked import came_late, effective_rate, holes
from imu.review.tables import Review

MOST_BINS = 300
SHOWN = ("lost", "resumed", "restarted", "backfilled", "gone", "bad_frame")
MOST_EVENTS = 12
SPED_UP = 0.02
"""No two clocks differ so much: a demo was sped up, and its delays mean nothing."""


@chart(
    "Link and lost data",
    "How to read it: samples a second, all that are here and, paler, those that came in time; the dashed line is the "
    "sensor's own rate. Below, orange bars are samples that were missed at first and fetched, hatched ones are lost "
    "for good. A repetition that touches a hatched bar is worth less; one that is mostly inside is not counted.",
)
def link(picture: Picture, review: Review) -> None:
    """Effective rate, delay, and the holes that were found, filled and lost."""
    samples = review.samples
    t_s, step_s = samples["t_s"].to_numpy(float), float(np.median(np.diff(samples["t_s"])))
    delay = _delay(t_s, samples["arrival_s"].to_numpy(float))
    panels = picture.panels([1.3, *([1.0] if delay is not None else []), 0.75])
    bin_s = max(1.0, math.ceil((t_s[-1] - t_s[0]) / MOST_BINS))
    rate = effective_rate(samples, bin_s)
    panels[0].step(rate["t_s"], rate["in_time_hz"], where="mid", color=parts.SKY, linewidth=0.9, label="in time")
    panels[0].step(rate["t_s"], rate["rate_hz"], where="mid", color=parts.BLUE, label="all", gid="rate")
    panels[0].axhline(1.0 / step_s, color="black", linestyle="--", linewidth=0.8, label=f"sensor {1.0 / step_s:.1f} Hz")
    panels[0].set_ylim(0, 1.25 / step_s)
    panels[0].set_ylabel("samples/s")
    panels[0].legend(ncols=3, loc="lower right", bbox_to_anchor=(1.0, 0.98))
    if delay is not None:
        parts.curve(panels[1], t_s, delay, color=parts.PINK, gid="delay")
        panels[1].set_ylabel("delay, s")
        panels[1].set_ylim(bottom=0)
    _lanes(panels[-1], review)
    panels[-1].set_xlim(t_s[0], t_s[-1])
    panels[-1].set_xlabel("time on the sensor's clock, s")
    for sentence in sentences(review):
        picture.note(sentence)


def _delay(t_s: Floats, arrival_s: Floats) -> Floats | None:
    """How much later than the promptest each sample came; None where nobody wrote down when, or by a clock sped up."""
    known = np.isfinite(arrival_s)
    if known.sum() < 2 or abs(np.ptp(arrival_s[known]) / np.ptp(t_s[known]) - 1.0) > SPED_UP:
        return None
    late_s = arrival_s - t_s
    return np.asarray(late_s - np.nanmin(late_s))


def _lanes(axes: Axes, review: Review) -> None:
    samples, lost = review.samples, holes(review.samples)
    t_s = samples["t_s"].to_numpy(float)
    late = came_late(samples)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], late, [False]])))
    fetched = [(t_s[a], t_s[b - 1] - t_s[a]) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    axes.broken_barh(fetched, (0.64, 0.72), color=parts.ORANGE, linewidth=1.2, gid="fetched")
    axes.broken_barh(
        list(zip(lost["start_s"], lost["end_s"] - lost["start_s"], strict=True)), (-0.36, 0.72), facecolors="#eeeeee",
        edgecolors="black", hatch="xxxx", linewidth=0.8, gid="lost",
    )  # fmt: skip
    axes.set_yticks([1, 0], ["fetched late", "lost"])
    axes.set_ylim(-0.5, 1.5)
    for _, event in review.events[review.events["kind"].isin(SHOWN)].head(MOST_EVENTS).iterrows():
        if not math.isnan(float(event["t_s"])):
            axes.axvline(event["t_s"], color="black", linewidth=0.8, linestyle=":")
            axes.annotate(
                event["kind"], (event["t_s"], 1.45), rotation=90, fontsize=6, ha="right", va="top", color="#333333"
            )


def sentences(review: Review) -> list[str]:
    """The link in figures: what is here, what is missing, and what the recorder itself counted."""
    samples, lost = review.samples, holes(review.samples)
    missing = int(lost["missing"].sum())
    longest_s = float((lost["end_s"] - lost["start_s"]).max()) if len(lost) else 0.0
    whole = len(samples) + missing
    holes_said = f"{len(lost)} hole{'' if len(lost) == 1 else 's'}, the longest {longest_s:.2f} s"
    gone = f"{missing} ({100.0 * missing / whole:.1f} %) are missing, in {holes_said}" if missing else "none is missing"
    said = [f"Here are {len(samples)} samples; {gone}."]
    known = review.header.link if review.header else {}
    if "filled" in known:
        said.append(
            f"While recording {known['filled']} were fetched late; reconnected {known.get('reconnects', 0)} times."
        )
    elif samples["arrival_s"].isna().all():
        said.append("When they arrived was not written down, so that fetching late cannot be seen.")
    return said
