"""What a recording says of its link afterwards: how many samples came, when, and which never did."""

from __future__ import annotations

import numpy as np
import pandas as pd

from imu.model import Bools, Floats

LATE_S = 0.5
"""A sample that arrived so much after a newer one had been missed at first, and was fetched."""


def holes(samples: pd.DataFrame) -> pd.DataFrame:
    """Stretches without a sample: `start_s` and `end_s`, the samples on either side, and how many are `missing`.

    A missing sample is a missing `index`, or room for one between two times.
    """
    t_s, index = samples["t_s"].to_numpy(float), samples["index"].to_numpy(np.int64)
    step_s = np.diff(t_s)
    room = np.round(step_s / np.median(step_s)).astype(np.int64) - 1 if len(step_s) else np.empty(0, np.int64)
    missing = np.maximum(np.diff(index) - 1, room)
    at = np.flatnonzero(missing > 0)
    return pd.DataFrame({"start_s": t_s[at], "end_s": t_s[at + 1], "missing": missing[at]})


def came_late(samples: pd.DataFrame) -> Bools:
    """Which samples came half a second or more after a newer one: missed at first, and fetched; (n,)."""
    arrival_s = samples["arrival_s"].to_numpy(float)
    came_s = np.where(np.isnan(arrival_s), np.inf, arrival_s)
    newer_came_s = np.append(np.minimum.accumulate(came_s[::-1])[::-1][1:], np.inf)
    late: Bools = arrival_s > newer_came_s + LATE_S  # false where it is not known when it came
    return late


def effective_rate(samples: pd.DataFrame, bin_s: float = 1.0) -> pd.DataFrame:
    """Samples a second over time.

    Columns: `t_s`, the middle of a bin; `rate_hz` of all that are here; `in_time_hz` of those that were not late. The
    last bin, which is not full, is left out.
    """
    t_s = samples["t_s"].to_numpy(float)
    edges = np.arange(t_s[0], t_s[-1], bin_s) if len(t_s) else np.empty(0)
    if len(edges) < 2:
        return pd.DataFrame({"t_s": [], "rate_hz": [], "in_time_hz": []}, dtype=float)
    late = came_late(samples)
    return pd.DataFrame({
        "t_s": edges[:-1] + 0.5 * bin_s,
        "rate_hz": _each_bin(t_s, edges) / bin_s,
        "in_time_hz": _each_bin(t_s[~late], edges) / bin_s,
    })  # fmt: skip


def _each_bin(t_s: Floats, edges: Floats) -> Floats:
    return np.histogram(t_s, edges)[0].astype(float)
