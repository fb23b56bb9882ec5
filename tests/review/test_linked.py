"""What a recording says of its link: holes, late samples, effective rate."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from imu.review.linked import came_late, effective_rate, holes

STEP_S = 0.01
N = 600


def samples(keep: np.ndarray | None = None) -> pd.DataFrame:
    index = np.arange(N)
    whole = pd.DataFrame({"index": index, "t_s": STEP_S * index, "arrival_s": STEP_S * index + 0.05})
    return whole if keep is None else whole[keep].reset_index(drop=True)


@given(st.sets(st.integers(1, N - 2), max_size=200))
def test_every_sample_that_is_gone_is_found(gone: set[int]) -> None:
    left = samples(~np.isin(np.arange(N), list(gone)))
    found = holes(left)
    assert found["missing"].sum() == len(gone)
    assert (found["end_s"] > found["start_s"]).all()
    without_numbers = left.assign(index=np.arange(len(left)))
    assert holes(without_numbers)["missing"].sum() == len(gone)


def test_a_whole_recording_has_no_hole() -> None:
    assert len(holes(samples())) == 0
    assert not came_late(samples()).any()
    np.testing.assert_allclose(effective_rate(samples())["rate_hz"], 1.0 / STEP_S, rtol=0.02)


def test_what_came_after_a_newer_one_was_fetched_late() -> None:
    table = samples()
    late = table["t_s"].between(2.0, 2.999)
    table.loc[late, "arrival_s"] = 5.0
    assert (came_late(table) == late).all()
    rate = effective_rate(table).set_index("t_s")
    assert rate["in_time_hz"].loc[2.5] == 0
    assert rate["rate_hz"].loc[2.5] == 100


def test_without_times_of_arrival_nothing_is_called_late() -> None:
    assert not came_late(samples().assign(arrival_s=np.nan)).any()
