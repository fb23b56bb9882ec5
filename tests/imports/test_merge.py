"""Two streams on clocks and rates of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu.errors import DataError
from imu.imports.format import Stream
from imu.imports.merge import LONGEST_HOLE_S, merge
from imu.model import Floats


def stream(t_s: Floats, name: str = "acc.csv") -> Stream:
    return Stream(path=Path(name), unit="m/s2", t_s=t_s, values=np.column_stack([t_s, 2 * t_s, -t_s]))


@settings(max_examples=30, deadline=None)
@given(
    rates_hz=st.tuples(st.floats(10, 400), st.floats(10, 400)),
    late_s=st.floats(-2, 2),
    hole=st.tuples(st.floats(3, 6), st.floats(0, 3)),
)
def test_what_turns_evenly_is_met_exactly_and_nothing_is_made_up_in_holes(
    rates_hz: tuple[float, float], late_s: float, hole: tuple[float, float]
) -> None:
    acc = stream(np.arange(0.0, 10.0, 1 / rates_hz[0]))
    t_s = np.arange(late_s, 10.0, 1 / rates_hz[1])
    t_s = t_s[(t_s < hole[0]) | (t_s > hole[0] + hole[1])]
    samples, _ = merge(acc, stream(t_s, "gyr.csv"))
    assert np.isin(samples.t_s, acc.t_s).all()
    assert samples.gyr_radps is not None
    np.testing.assert_allclose(samples.gyr_radps[:, 1], 2 * samples.t_s, atol=1e-9)
    after = np.searchsorted(t_s, samples.t_s)
    inside = t_s[after] != samples.t_s
    assert (t_s[after] - t_s[after - 1])[inside].max(initial=0.0) <= LONGEST_HOLE_S


def test_two_recordings_are_not_merged() -> None:
    with pytest.raises(DataError, match=r"acc.csv and gyr.csv have 0% .* not of one recording"):
        merge(stream(np.arange(0.0, 10.0, 0.01)), stream(np.arange(20.0, 30.0, 0.01), "gyr.csv"))


def test_more_than_two_days_are_no_recording() -> None:
    t_s = np.r_[np.arange(0.0, 10.0, 0.01), np.arange(200_000.0, 200_010.0, 0.01)]
    with pytest.raises(DataError, match=r"acc.csv: from the first to the last sample it is 55.56 h"):
        merge(stream(t_s), None)


def test_a_gyroscope_that_is_all_holes_is_refused() -> None:
    t_s = np.r_[np.arange(0.0, 1.0, 0.02), np.arange(9.0, 10.0, 0.02)]
    with pytest.raises(
        DataError, match=r"gyr.csv: for 8\d% of the time the gyroscope has holes .*; leave this file out"
    ):
        merge(stream(np.arange(0.0, 10.0, 0.01)), stream(t_s, "gyr.csv"))
