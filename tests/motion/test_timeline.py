"""The uniform timeline: true time is kept whatever is late, doubled, irregular or missing."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imu.model import Floats, Samples
from imu.motion.params import MotionParams
from imu.motion.timeline import Timeline

HZ = 100.0
PARAMS = MotionParams()
SLOPE = np.array([2.0, -1.0, 0.5])
SLOPE_GYR = np.array([0.1, 0.2, -0.3])


def ramp(t_s: Floats) -> Samples:
    """Samples whose values are linear in time, so that interpolation must return them exactly."""
    return Samples.measured(t_s, t_s[:, None] * SLOPE, t_s[:, None] * SLOPE_GYR)


def regular(n: int, *, start_s: float = 0.0) -> Floats:
    return start_s + np.arange(n) / HZ


def run(samples: Samples, cuts: list[int] | None = None, *, rate_hz: float = HZ) -> Samples:
    line = Timeline(rate_hz=rate_hz, params=PARAMS)
    edges = [0, *sorted(cuts or []), len(samples)]
    return Samples.concat([line.push(samples[a:b]) for a, b in itertools.pairwise(edges)])


def same(a: Samples, b: Samples) -> bool:
    names = ("t_s", "acc_mps2", "gyr_radps", "index", "filled")
    return all(np.array_equal(getattr(a, n), getattr(b, n)) for n in names)


def test_a_regular_recording_passes_as_it_is() -> None:
    samples = ramp(regular(500))
    out = run(samples)
    assert len(out) == 500
    np.testing.assert_allclose(out.t_s, samples.t_s, atol=1e-9)
    np.testing.assert_allclose(out.acc_mps2, samples.acc_mps2, atol=1e-9)
    assert not out.filled.any()


@pytest.mark.parametrize("hole_s", [0.5, 2.0, 30.0])
def test_a_hole_is_bridged_and_marked_and_costs_no_time(hole_s: float) -> None:
    t = np.concatenate([regular(200), regular(200, start_s=2.0 + hole_s)])
    out = run(ramp(t))
    np.testing.assert_allclose(np.diff(out.t_s), 1.0 / HZ, atol=1e-9)
    assert out.t_s[-1] == pytest.approx(t[-1], abs=1.0 / HZ)
    inside = (out.t_s > 1.99 + 1e-6) & (out.t_s < 2.0 + hole_s - 1e-6)
    assert out.filled[inside].all()
    assert out.filled.sum() <= inside.sum() + 1
    np.testing.assert_allclose(out.acc_mps2, out.t_s[:, None] * SLOPE, atol=1e-9)


def test_one_lost_sample_is_no_hole() -> None:
    out = run(ramp(np.delete(regular(100), 50)))
    assert len(out) == 100
    assert not out.filled.any()


def test_after_a_long_hole_time_starts_anew_and_nothing_is_invented() -> None:
    later_s = 2.0 + PARAMS.longest_bridge_s + 7.0033
    t = np.concatenate([regular(200), regular(200, start_s=later_s)])
    out = run(ramp(t))
    assert len(out) == 400
    assert out.t_s[200] == later_s
    np.testing.assert_allclose(np.diff(out.t_s)[200:], 1.0 / HZ, atol=1e-9)
    assert not out.filled.any()


@given(repeats=st.lists(st.tuples(st.integers(1, 99), st.integers(0, 99)), max_size=15))
def test_late_and_doubled_samples_change_nothing(repeats: list[tuple[int, int]]) -> None:
    order = list(range(100))
    for place, back in sorted(repeats, reverse=True):
        order.insert(place, min(back, place - 1))
    samples = ramp(regular(100))
    assert same(run(samples[np.array(order)]), run(samples))


def test_jitter_becomes_a_constant_rate() -> None:
    t = regular(400) + np.random.default_rng(1).uniform(0, 0.9 / HZ, 400)
    out = run(ramp(t))
    np.testing.assert_allclose(np.diff(out.t_s), 1.0 / HZ, atol=1e-9)
    np.testing.assert_allclose(out.acc_mps2, out.t_s[:, None] * SLOPE, atol=1e-9)
    np.testing.assert_allclose(out.gyr_radps, out.t_s[:, None] * SLOPE_GYR, atol=1e-9)


def test_a_slow_sensor_is_brought_to_the_slowest_grid() -> None:
    t = np.arange(40) / 4.0
    out = run(ramp(t), rate_hz=4.0)
    np.testing.assert_allclose(np.diff(out.t_s), 1.0 / PARAMS.slowest_grid_hz, atol=1e-9)
    np.testing.assert_allclose(out.acc_mps2, out.t_s[:, None] * SLOPE, atol=1e-9)
    assert not out.filled.any()


def test_what_was_filled_before_stays_marked() -> None:
    samples = ramp(regular(50))
    samples.filled[20:30] = True
    assert run(samples).filled[20:30].all()


@given(
    cuts=st.lists(st.integers(0, 300), max_size=12),
    holes=st.lists(st.tuples(st.integers(0, 299), st.floats(0.001, 130.0)), max_size=4),
)
def test_however_cut_the_timeline_is_the_same(cuts: list[int], holes: list[tuple[int, float]]) -> None:
    t = regular(300) + np.random.default_rng(2).uniform(0, 0.5 / HZ, 300)
    for place, length_s in holes:
        t[place:] += length_s
    assert same(run(ramp(t), cuts), run(ramp(t)))


@given(
    cuts=st.lists(st.integers(0, 200), max_size=12),
    steps_s=st.lists(st.sampled_from([0.0, 0.01, 0.01, 0.02, 0.5, 61.0, -0.005, -70.0]), min_size=200, max_size=200),
)
def test_late_samples_among_long_holes_are_left_out_however_cut(cuts: list[int], steps_s: list[float]) -> None:
    t = np.cumsum(steps_s)
    keep = t > np.maximum.accumulate(np.concatenate(([-np.inf], t[:-1])))
    assert same(run(ramp(t), cuts), run(ramp(t)[keep]))


def test_nothing_in_nothing_out() -> None:
    line = Timeline(rate_hz=HZ, params=PARAMS)
    assert len(line.push(Samples.empty())) == 0
    assert len(line.push(ramp(regular(1)))) == 1
    assert len(line.push(Samples.empty())) == 0


broken = st.tuples(
    st.integers(0, 299), st.integers(0, 6), st.sampled_from([np.nan, np.inf, -np.inf, 1e5, -1e200, 1.7e308])
)


@given(cuts=st.lists(st.integers(0, 300), max_size=12), broken=st.lists(broken, max_size=40))
def test_what_is_no_number_was_not_measured(cuts: list[int], broken: list[tuple[int, int, float]]) -> None:
    samples = ramp(regular(300) + 0.5 / HZ * np.random.default_rng(4).random(300))
    kept = np.ones(300, bool)
    for row, column, value in broken:
        if column == 0:
            samples.t_s[row] = value if np.isnan(value) else np.copysign(np.inf, value)
        elif column < 4:
            samples.acc_mps2[row, column - 1] = value
        elif samples.gyr_radps is not None:
            samples.gyr_radps[row, column - 4] = value
        kept[row] = False
    out = run(samples, cuts)
    assert same(out, run(samples[kept]))
    assert all(np.isfinite(v).all() for v in (out.t_s, out.acc_mps2, out.gyr_radps))
