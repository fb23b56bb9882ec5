"""Sharpness of the turn, on motions whose acceleration is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imu.review.control import turn_sharpness_dps2

T_S = np.arange(0.0, 10.0, 0.01)
TURN_AT_S = 5.0


def trunk(rate_dps: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"t_s": T_S, "rate_dps": rate_dps, "trusted": True})


def reps(hold_s: float) -> pd.DataFrame:
    return pd.DataFrame({"lower_end_s": [TURN_AT_S - 0.5 * hold_s], "bottom_hold_s": [hold_s]})


@given(st.floats(1.0, 2000.0), st.floats(0.0, 2.0))
def test_a_steady_acceleration_is_what_is_read(dps2: float, hold_s: float) -> None:
    assert turn_sharpness_dps2(trunk(dps2 * (T_S - TURN_AT_S)), reps(hold_s)) == pytest.approx(dps2, rel=0.01)


def test_who_stands_still_at_the_bottom_is_not_sharp_however_fast_the_lift() -> None:
    stroke = 200.0 * (T_S - TURN_AT_S - 0.5)
    rate = np.where(T_S > TURN_AT_S + 0.5, stroke, 0.0)
    assert turn_sharpness_dps2(trunk(rate), reps(1.0)) == pytest.approx(0.0)


def test_where_no_lift_follows_or_samples_were_lost_there_is_none() -> None:
    moving = trunk(100.0 * (T_S - TURN_AT_S))
    assert np.isnan(turn_sharpness_dps2(moving, reps(np.nan))).all()
    bridged = moving.assign(trusted=~moving["t_s"].between(4.95, 4.97))
    assert np.isnan(turn_sharpness_dps2(bridged, reps(0.2))).all()
    torn = moving[~moving["t_s"].between(4.8, 5.06)]
    assert np.isnan(turn_sharpness_dps2(torn, reps(0.2))).all()
    assert np.isfinite(turn_sharpness_dps2(moving, reps(0.2))).all()
