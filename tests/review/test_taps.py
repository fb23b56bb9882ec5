"""Three taps on the sensor, and everything that is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from imu.errors import UsageError
from imu.model import Samples
from imu.review.labelling import offset_from_taps
from imu.review.taps import find_taps
from imu.sessions import read_recording

EXAMPLE = Path(__file__).resolve().parents[2] / "recordings" / "example-back-extension"
SHOCK_MPS2 = np.array([14.0, -9.0, 3.0])
"""A fingertip on the housing, three samples at 52 Hz: our assumption, for nobody tapped here."""


@pytest.fixture(scope="module")
def quiet() -> Samples:
    return read_recording(EXAMPLE).samples


def tapped(samples: Samples, times_s: list[float]) -> Samples:
    acc = samples.acc_mps2.copy()
    for time_s in times_s:
        first = int(np.searchsorted(samples.t_s, time_s))
        acc[first : first + 3, 2] += SHOCK_MPS2
    return replace(samples, acc_mps2=acc)


def test_nobody_tapped(quiet: Samples) -> None:
    assert not len(find_taps(quiet)), "a set with set-up and stepping off is no tap"


@settings(max_examples=examples(25))
@given(start_s=st.floats(2.0, 5.0), first=st.floats(0.25, 0.6), ratio=st.floats(0.7, 1.4))
def test_three_taps_are_found_when_they_began(start_s: float, first: float, ratio: float) -> None:
    samples = read_recording(EXAMPLE).samples
    found = find_taps(tapped(samples, [start_s, start_s + first, start_s + first * (1 + ratio)]))
    assert found == pytest.approx([start_s], abs=2.1 / 52)


@pytest.mark.parametrize(
    "times_s",
    [[3.0], [3.0, 3.4], [3.0, 3.4, 3.8, 4.2], [3.0, 3.2, 4.1], [3.0, 4.4, 5.8]],
    ids=["one", "two", "four", "uneven", "too slow"],
)
def test_other_knocks_are_no_sign(quiet: Samples, times_s: list[float]) -> None:
    assert not len(find_taps(tapped(quiet, times_s)))


def test_a_slow_sensor_feels_no_taps(quiet: Samples) -> None:
    assert not len(find_taps(tapped(quiet, [3.0, 3.4, 3.8])[::2]))


def test_the_video_is_shifted_to_the_tap() -> None:
    assert offset_from_taps(np.array([12.5]), 3.25) == pytest.approx(9.25)
    with pytest.raises(UsageError, match="--video-offset"):
        offset_from_taps(np.empty(0), 3.25)
    with pytest.raises(UsageError, match=r"12\.50, 90\.00"):
        offset_from_taps(np.array([12.5, 90.0]), 3.25)
