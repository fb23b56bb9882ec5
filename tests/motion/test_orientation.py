"""Which way is up: equal to the accelerometer at rest, to the gyroscope in motion."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imu.model import G_MPS2, Floats, Inclination, Samples
from imu.motion.orientation import orientation
from imu.motion.params import MotionParams

HZ = 104.0


def unit(v: Any) -> Floats:
    return np.asarray(v, float) / np.linalg.norm(v)


directions = st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: np.linalg.norm(v) > 0.2).map(unit)


def run(samples: Samples, cuts: list[int] | None = None) -> Inclination:
    stage = orientation(grid_hz=HZ, gyroscope=samples.gyr_radps is not None, params=MotionParams())
    edges = [0, *sorted(cuts or []), len(samples)]
    parts = [stage.push(samples[a:b]) for a, b in itertools.pairwise(edges)]
    parts.append(stage.finish())
    return Inclination(**{n: np.concatenate([getattr(p, n) for p in parts]) for n in Inclination.__slots__})


def still(up: Floats, seconds: float, *, bias_dps: Floats | None = None) -> Samples:
    n = int(seconds * HZ)
    gyr = None if bias_dps is None else np.tile(np.deg2rad(bias_dps), (n, 1))
    return Samples.measured(np.arange(n) / HZ, np.tile(G_MPS2 * up, (n, 1)), gyr)


def turning(rate_dps: float, seconds: float, *, gyroscope: bool = True) -> tuple[Samples, Floats]:
    """Rest, then a steady turn about x, as a sensor at the centre of the turn feels it; and the true up."""
    n, rest = int(seconds * HZ), int(2 * HZ)
    rate = np.concatenate([np.zeros(rest), np.full(n, np.deg2rad(rate_dps))])
    angle = np.cumsum(rate) / HZ
    up = np.column_stack([np.zeros_like(angle), np.sin(angle), np.cos(angle)])
    gyr = np.column_stack([rate, np.zeros_like(rate), np.zeros_like(rate)])
    return Samples.measured(np.arange(n + rest) / HZ, G_MPS2 * up, gyr if gyroscope else None), up


def off_deg(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.rad2deg(np.arccos(np.clip((a * b).sum(axis=-1), -1, 1))))


@given(up=directions)
def test_at_rest_up_is_what_the_accelerometer_says(up: Floats) -> None:
    # Looking for a large offset, VQF swings by up to 0.6 degrees in its first seconds.
    for bias, within_deg in ((np.zeros(3), 0.8), (None, 1e-3)):
        out = run(still(up, 6.0, bias_dps=bias))
        assert len(out) == int(6.0 * HZ)
        assert off_deg(out.up, up).max() < within_deg
        assert off_deg(out.up[-1], up) < 0.6


def test_a_turn_is_followed_without_delay() -> None:
    samples, up = turning(60.0, 3.0)
    assert off_deg(run(samples).up, up).max() < 1.0


def test_the_gyroscope_carries_through_acceleration() -> None:
    samples, up = turning(0.0, 3.0)
    pushed = samples.acc_mps2.copy()
    pushed[-100:, 1] += 4.0  # a shove of nearly a second tilts the accelerometer by 22 degrees
    out = run(Samples.measured(samples.t_s, pushed, samples.gyr_radps))
    assert off_deg(out.up, up).max() < 8.0
    alone = run(Samples.measured(samples.t_s, pushed))
    assert off_deg(alone.up, up).max() > 20.0


@pytest.mark.parametrize("bias_dps", [0.5, 4.0, 8.0])
def test_an_offset_of_a_cheap_gyroscope_is_found_at_rest(bias_dps: float) -> None:
    out = run(still(unit([0.2, 0.9, 0.3]), 20.0, bias_dps=np.array([bias_dps, -bias_dps, 0.0])))
    assert np.abs(np.rad2deg(out.omega_radps[-100:])).max() < 0.2
    assert off_deg(out.up[-100:], unit([0.2, 0.9, 0.3])).max() < 0.5


def test_without_a_gyroscope_up_is_smoothed_and_keeps_its_time() -> None:
    samples, up = turning(30.0, 3.0, gyroscope=False)
    out = run(samples)
    np.testing.assert_array_equal(out.t_s, samples.t_s)
    steady = slice(int(2.5 * HZ), -int(0.5 * HZ))
    assert off_deg(out.up, up)[steady].max() < 0.2
    assert not out.omega_radps.any()
    noisy = samples.acc_mps2 + np.random.default_rng(1).normal(0, 1.0, samples.acc_mps2.shape)
    assert off_deg(run(Samples.measured(samples.t_s, noisy)).up, up)[steady].mean() < 2.5


def test_up_is_a_direction_even_in_free_fall() -> None:
    n = 200
    out = run(Samples.measured(np.arange(n) / HZ, np.zeros((n, 3))))
    assert np.isfinite(out.up).all()
    np.testing.assert_array_equal(out.acc_norm_mps2, 0.0)


def test_an_offset_does_not_tilt_the_first_seconds_of_a_still_start() -> None:
    up = unit([0.2, 0.9, 0.3])
    out = run(still(up, 10.0, bias_dps=np.array([7.0, -5.0, 3.0])))
    assert off_deg(out.up, up).max() < 1.0


def test_a_movement_hidden_in_a_long_hole_is_known_soon_after_it() -> None:
    samples, up = turning(60.0, 1.5)
    rest = still(up[-1], 6.0, bias_dps=np.zeros(3))
    n = len(samples)
    whole = Samples.measured(
        np.arange(n + len(rest)) / HZ,
        np.concatenate([samples.acc_mps2, rest.acc_mps2]),
        np.concatenate([samples.gyr_radps, np.asarray(rest.gyr_radps)]),
    )
    # The turn of 90 degrees is lost and bridged: nothing of it is in the rates on either side.
    whole.filled[n - int(1.5 * HZ) : n] = True
    assert whole.gyr_radps is not None
    whole.gyr_radps[whole.filled] = 0.0
    out = run(whole)
    assert off_deg(out.up[n + 10 :], up[-1]).max() < 2.0
    turned = off_deg(out.up[whole.filled], up[0])
    assert (np.diff(turned) > 0).all()


def test_a_rate_is_not_carried_on_through_half_a_minute() -> None:
    samples, up = turning(60.0, 1.5)
    turns, rests = int(2.75 * HZ), 30 * int(HZ)
    rest = still(up[-1], 31.0, bias_dps=np.zeros(3))
    acc = np.concatenate([samples.acc_mps2[:turns], rest.acc_mps2])
    gyr = np.concatenate([np.asarray(samples.gyr_radps)[:turns], np.asarray(rest.gyr_radps)])
    whole = Samples.measured(np.arange(len(acc)) / HZ, acc, gyr)
    # Broken off in mid-turn.
    whole.filled[turns : turns + rests] = True
    out = run(whole)
    assert off_deg(out.up[whole.filled], up[-1]).max() < 90.0


def test_bridged_samples_are_not_trusted() -> None:
    samples = still(unit([0, 1, 0]), 1.0, bias_dps=np.zeros(3))
    samples.filled[30:60] = True
    np.testing.assert_array_equal(run(samples).trusted, ~samples.filled)


@given(cuts=st.lists(st.integers(0, 400), max_size=15), gyroscope=st.booleans())
def test_no_cut_shows(cuts: list[int], gyroscope: bool) -> None:
    rng = np.random.default_rng(4)
    acc = rng.normal((0, 0, G_MPS2), 2, (400, 3))
    samples = Samples.measured(np.arange(400) / HZ, acc, rng.normal(0, 1, (400, 3)) if gyroscope else None)
    whole, cut = run(samples), run(samples, cuts)
    for name in ("t_s", "up", "omega_radps", "acc_norm_mps2", "trusted"):
        assert np.array_equal(getattr(whole, name), getattr(cut, name)), name
