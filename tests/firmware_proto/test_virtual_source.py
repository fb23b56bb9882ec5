"""The movement that feeds the twins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_proto.virtual_source import Motion, Values

RATE_HZ = 50.0
RAMP = np.arange(100)[:, None] * np.array([1.0, -2.0, 3.0])


def motion() -> Motion:
    return Motion(RAMP, -10 * RAMP, RATE_HZ)


@given(st.lists(st.floats(0, 98.9 / RATE_HZ), min_size=1, max_size=20))
def test_within_the_recording_values_lie_on_the_line_between_two_samples(t_s: list[float]) -> None:
    acc_g, gyr_dps = motion().at(np.array(t_s))
    expected = np.array(t_s)[:, None] * RATE_HZ * RAMP[1]
    assert np.allclose(acc_g, expected)
    assert np.allclose(gyr_dps, -10 * expected)


@given(st.lists(st.floats(-10, 1e6), max_size=20))
def test_any_cut_gives_the_same_values(t_s: list[float]) -> None:
    noise = np.random.default_rng(1).normal(size=(100, 3))
    restless = Motion(noise, noise, RATE_HZ)
    whole, _ = restless.at(np.array(t_s))
    parts = [restless.at(np.array([instant]))[0] for instant in t_s]
    assert np.array_equal(whole, np.concatenate([np.empty((0, 3)), *parts]))


def test_after_the_end_it_keeps_its_posture_with_the_noise_of_before() -> None:
    rng = np.random.default_rng(0)
    noise = 0.01 * rng.normal(size=(500, 3))
    turning = 30 * np.sin(np.arange(500) / 40)[:, None] * [1.0, 0.0, 0.0] + [0.0, 2.0, 0.0] + 20 * noise
    acc_g, gyr_dps = Motion(noise + np.array([0.0, 0.0, 1.0]), turning, 100.0).at(np.arange(600, 1600) / 100.0)
    assert acc_g.mean(axis=0) == pytest.approx([0, 0, 1], abs=0.01)
    assert gyr_dps.mean(axis=0) == pytest.approx([0, 2, 0], abs=1.0)
    assert 0.005 < acc_g.std() < 1
    assert acc_g.std(axis=0) == pytest.approx([0.01] * 3, rel=0.3)


def test_before_the_beginning_is_the_beginning() -> None:
    acc_g, _ = motion().at(np.array([-5.0, 0.0]))
    assert np.array_equal(acc_g, RAMP[[0, 0]])


def test_one_sample_is_enough() -> None:
    acc_g, gyr_dps = Motion(RAMP[3:4], RAMP[3:4], 1.0).at(np.array([0.0, 0.3, 7.0]))
    assert np.allclose(acc_g, RAMP[[3, 3, 3]])
    assert gyr_dps.shape == (3, 3)


@pytest.mark.parametrize(("acc", "gyr"), [(RAMP[:0], RAMP[:0]), (RAMP, RAMP[:5]), (RAMP[:, :2], RAMP[:, :2])])
def test_what_is_no_movement_is_refused(acc: Values, gyr: Values) -> None:
    with pytest.raises(ValueError, match="a movement is"):
        Motion(acc, gyr, 10.0)
