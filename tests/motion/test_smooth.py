"""Smoothing: no delay that is not taken out, no trace of how the signal was cut."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imu.model import Floats
from imu.motion.smooth import Smoother, gaussian_taps


def smooth(signal: Floats, cuts: list[int] | None = None, *, sigma_s: float = 0.035, rate_hz: float = 104.0) -> Floats:
    smoother = Smoother(gaussian_taps(sigma_s, rate_hz))
    edges = [0, *sorted(cuts or []), len(signal)]
    parts = [smoother.push(signal[a:b]) for a, b in itertools.pairwise(edges)]
    return np.concatenate([*parts, smoother.finish()])


@given(sigma_s=st.floats(0.01, 0.3), rate_hz=st.floats(10.0, 400.0))
def test_taps_are_a_centred_weighting(sigma_s: float, rate_hz: float) -> None:
    taps = gaussian_taps(sigma_s, rate_hz)
    assert len(taps) % 2 == 1
    assert taps.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(taps, taps[::-1])
    assert (taps > 0).all()
    assert np.argmax(taps) == len(taps) // 2


@given(
    n=st.integers(1, 120), cuts=st.lists(st.integers(0, 120), max_size=20), sigma_s=st.sampled_from([0.01, 0.035, 0.1])
)
def test_as_many_values_come_out_and_no_cut_shows(n: int, cuts: list[int], sigma_s: float) -> None:
    signal = np.random.default_rng(n).standard_normal(n)
    whole = smooth(signal, sigma_s=sigma_s)
    assert len(whole) == n
    assert np.array_equal(smooth(signal, [min(c, n) for c in cuts], sigma_s=sigma_s), whole)
    assert np.array_equal(smooth(signal, list(range(n)), sigma_s=sigma_s), whole)


def test_rest_stays_rest_and_a_ramp_stays_in_place() -> None:
    np.testing.assert_allclose(smooth(np.full(50, 3.7)), 3.7)
    ramp = np.arange(200.0)
    half = len(gaussian_taps(0.035, 104.0)) // 2
    np.testing.assert_allclose(smooth(ramp)[half:-half], ramp[half:-half], atol=1e-9)


def test_noise_is_smoothed_and_a_peak_does_not_move() -> None:
    noise = np.random.default_rng(5).standard_normal(4000)
    assert smooth(noise).std() < 0.35
    t = np.arange(400) / 104.0
    assert np.argmax(smooth(np.exp(-(((t - 2.0) / 0.3) ** 2)))) == np.argmin(np.abs(t - 2.0))
