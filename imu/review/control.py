"""How a repetition was controlled at the bottom: how sharply the trunk was turned round there."""

from __future__ import annotations

import numpy as np
import pandas as pd

from imu.model import NAN, Bools, Floats

TURN_S = 0.2
"""The turn is looked at over this long: longer than strap and muscle tremble, shorter than any lift."""


def turn_sharpness_dps2(trunk: pd.DataFrame, reps: pd.DataFrame) -> Floats:
    """How sharply each repetition was turned round at the bottom.

    The mean angular acceleration of the trunk over 0.2 s centred on the turn: the extension rate 0.1 s after it minus
    that 0.1 s before it, by 0.2 s. The turn is the middle of the bottom hold. Who stands still there reads near 0, who
    bounces out of the bottom several hundred. No interval is stated for it.

    Args:
        trunk: `Review.trunk`.
        reps: `Review.reps`, or rows of it.

    Returns:
        (n,) degrees per second squared; nan where no lift follows the bottom in the set, or samples were lost there.
    """
    lower_end_s, hold_s = (reps[name].to_numpy(float) for name in ("lower_end_s", "bottom_hold_s"))
    middle_s = lower_end_s + 0.5 * hold_s
    t_s, rate_dps = (trunk[name].to_numpy(float) for name in ("t_s", "rate_dps"))
    if len(t_s) < 2:
        return np.full(len(reps), NAN)
    before, after = (np.interp(middle_s + shift, t_s, rate_dps) for shift in (-0.5 * TURN_S, 0.5 * TURN_S))
    return np.where(_seen(trunk, middle_s), (after - before) / TURN_S, NAN)


def _seen(trunk: pd.DataFrame, middle_s: Floats) -> Bools:
    """Whether the trunk was measured throughout each turn."""
    t_s = trunk["t_s"].to_numpy(float)
    doubted = np.cumsum(np.concatenate([[0], ~trunk["trusted"].to_numpy(bool)]))
    first, last = (np.searchsorted(t_s, middle_s + shift) for shift in (-0.5 * TURN_S, 0.5 * TURN_S))
    enough = (last - first) * np.median(np.diff(t_s)) > 0.5 * TURN_S  # fewer: the timeline has a hole there
    seen: Bools = np.isfinite(middle_s) & enough & (doubted[last] == doubted[first])
    return seen
