"""A stroke's fitted shape: its edges told from breathing, and how well they are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imu.model import G_MPS2, Floats, Stroke
from imu.motion.params import MotionParams
from imu.motion.profile import Profile, Window

HZ = 104.0
PARAMS = MotionParams()
EDGE = 0.0865
"""Minimum jerk crosses 10 % of its peak rate at this share of its time, and as long before its end."""


def moved(t_s: Floats, start_s: float, time_s: float) -> Floats:
    """Share of a minimum-jerk movement done."""
    u = np.clip((t_s - start_s) / time_s, 0.0, 1.0)
    out: Floats = u**3 * (10.0 - 15.0 * u + 6.0 * u * u)
    return out


def window(
    *, time_s: float = 2.0, range_deg: float = 60.0, breath_deg: float = 0.0, phase: float = 0.0, off_s: float = 0.0,
    from_deg: float = -45.0, jitter_deg: float = 0.0, seed: int = 0,
) -> tuple[Window, float, float]:  # fmt: skip
    """A lift (or a lowering, where the range is negative) between two holds of a second, and its true edges."""
    t = np.arange(0.0, time_s + 2.0, 1.0 / HZ)
    pitch = from_deg + range_deg * moved(t, 1.0, time_s) + breath_deg * np.sin(2.0 * np.pi * 0.28 * t + phase)
    pitch = pitch + np.random.default_rng(seed).normal(0.0, jitter_deg, len(t)) if jitter_deg else pitch
    start_s, end_s = 1.0 + EDGE * time_s, 1.0 + (1.0 - EDGE) * time_s
    low, high = sorted((from_deg, from_deg + range_deg))
    stroke = Stroke(
        lifting=range_deg > 0, start_s=start_s + off_s, end_s=end_s - off_s, start_deg=from_deg,
        end_deg=from_deg + range_deg, peak_dps=1.875 * abs(range_deg) / time_s, peak_s=1.0 + time_s / 2,
        low_deg=low, low_s=start_s, high_deg=high, high_s=end_s, off_plane_deg=1.0,
    )  # fmt: skip
    return Window(stroke, t, pitch), start_s, end_s


@pytest.mark.parametrize("time_s", [0.6, 1.5, 4.0, 9.0])
@pytest.mark.parametrize("range_deg", [30.0, -80.0])
def test_the_edges_of_a_clean_stroke_are_found_from_rough_ones(time_s: float, range_deg: float) -> None:
    rough, start_s, end_s = window(time_s=time_s, range_deg=range_deg, off_s=0.05 * time_s)
    (timed,) = Profile(gyroscope=True, params=PARAMS).time([rough])
    assert timed.start_s == pytest.approx(start_s, abs=0.004 * time_s + 0.001)
    assert timed.end_s == pytest.approx(end_s, abs=0.004 * time_s + 0.001)


def test_breathing_moves_the_crossing_further_than_the_fitted_edge() -> None:
    profile, fitted, crossed = Profile(gyroscope=True, params=PARAMS), [], []
    for phase in np.linspace(0.0, 2.0 * np.pi, 12, endpoint=False):
        breathes, start_s, _ = window(time_s=2.5, breath_deg=1.2, phase=phase)
        rate = np.gradient(breathes.pitch_deg, breathes.t_s)
        first = int(np.argmax(rate > 0.1 * rate.max()))
        crossed.append(abs(breathes.t_s[first] - start_s))
        fitted.append(abs(profile.time([breathes])[0].start_s - start_s))
    assert np.median(fitted) < 0.7 * np.median(crossed)


def test_the_stated_interval_holds_the_truth_and_is_no_excuse() -> None:
    rng, profile = np.random.default_rng(5), Profile(gyroscope=True, params=PARAMS)
    inside, wide_s = [], []
    for seed in range(300):
        w, start_s, end_s = window(
            time_s=float(rng.uniform(1.0, 6.0)), range_deg=float(rng.uniform(25.0, 90.0)),
            breath_deg=float(rng.uniform(0.3, 1.5)), phase=float(rng.uniform(0.0, 6.3)), jitter_deg=0.02, seed=seed,
        )  # fmt: skip
        (timed,) = profile.time([w])
        inside += [abs(timed.start_s - start_s) <= timed.start_pm_s, abs(timed.end_s - end_s) <= timed.end_pm_s]
        wide_s.append(timed.start_pm_s)
    assert np.mean(inside) > 0.85
    assert np.median(wide_s) < 0.25


def test_slower_and_smaller_strokes_are_less_certain() -> None:
    profile = Profile(gyroscope=True, params=PARAMS)
    quick, slow, small = (
        profile.time([window(**how)[0]])[0].start_pm_s
        for how in ({"time_s": 1.0}, {"time_s": 5.0}, {"time_s": 5.0, "range_deg": 20.0})
    )
    assert quick < slow < small


def test_a_stroke_with_a_stall_keeps_its_edges_and_is_less_certain() -> None:
    w, *_ = window(time_s=3.0)
    t = w.t_s
    halting = -45.0 + 30.0 * moved(t, 1.0, 1.0) + 30.0 * moved(t, 3.0, 1.0)
    profile = Profile(gyroscope=True, params=PARAMS)
    (timed,) = profile.time([replace(w, pitch_deg=halting)])
    assert (timed.start_s, timed.end_s) == (w.stroke.start_s, w.stroke.end_s)
    assert timed.start_pm_s > profile.time([w])[0].start_pm_s


def test_a_stroke_with_a_hole_is_not_fitted() -> None:
    w, *_ = window(off_s=0.1)
    (timed,) = Profile(gyroscope=True, params=PARAMS).time([replace(w, whole=False)])
    assert timed.start_s == w.stroke.start_s


@given(
    how=st.lists(
        st.tuples(st.floats(0.5, 8.0), st.floats(20.0, 90.0), st.floats(0.0, 1.5), st.booleans()),
        min_size=1,
        max_size=5,
    ),
    gyroscope=st.booleans(),
)
def test_no_stroke_depends_on_the_others(how: list[tuple[float, float, float, bool]], gyroscope: bool) -> None:
    windows = [window(time_s=t, range_deg=r if up else -r, breath_deg=b)[0] for t, r, b, up in how]
    profile = Profile(gyroscope=gyroscope, params=PARAMS)
    assert profile.time(windows) == [profile.time([w])[0] for w in windows]


def test_without_a_gyroscope_the_chests_own_acceleration_is_reckoned_with() -> None:
    arm_m, time_s, range_deg = 0.42, 1.6, 75.0
    w, start_s, end_s = window(time_s=time_s, range_deg=range_deg, from_deg=-75.0)
    pitch = np.deg2rad(w.pitch_deg)
    rate = np.gradient(pitch, w.t_s)
    along = G_MPS2 * np.sin(pitch) - arm_m * rate**2
    across = G_MPS2 * np.cos(pitch) + arm_m * np.gradient(rate, w.t_s)
    sigma = round(PARAMS.acc_sigma_s * HZ)
    k = np.arange(-3 * sigma, 3 * sigma + 1) / sigma
    taps = np.exp(-0.5 * k * k) / np.exp(-0.5 * k * k).sum()
    felt = np.convolve(np.pad(np.rad2deg(np.arctan2(along, across)), 3 * sigma, mode="edge"), taps, mode="valid")
    assert np.abs(felt - w.pitch_deg).max() > 5.0
    (timed,) = Profile(gyroscope=False, params=PARAMS).time([replace(w, pitch_deg=felt)])
    assert timed.start_s == pytest.approx(start_s, abs=0.05)
    assert timed.end_s == pytest.approx(end_s, abs=0.05)
