"""A stroke's fitted shape: its edges told from breathing, how well they are known, and no stroke in another's."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imu.model import G_MPS2, Floats
from imu.motion.params import MotionParams
from imu.motion.profile import Profile, Timing, Window

HZ = 104.0
EDGE_U = 0.0865
Known = tuple[float, float, float]
"""A stroke's start, time and travel."""


def motion(strokes: list[Known], *, breath_deg: float = 0.5) -> tuple[Floats, Floats]:
    """Minimum-jerk strokes one after the other, and breathing."""
    t = np.arange(round(HZ * (strokes[-1][0] + strokes[-1][1] + 3.0))) / HZ
    pitch = breath_deg * np.sin(2 * np.pi * 0.25 * t)
    for start_s, time_s, travel_deg in strokes:
        u = np.clip((t - start_s) / time_s, 0.0, 1.0)
        pitch += travel_deg * u**3 * (10 - 15 * u + 6 * u**2)
    return t, pitch


def window(known: Known, off_s: float = 0.0) -> Window:
    """The stroke as first found, its edges wrong by this."""
    start_s, time_s, travel_deg = known
    first_s, last_s = start_s + EDGE_U * time_s + off_s, start_s + (1 - EDGE_U) * time_s - off_s
    return Window(
        start_s=first_s,
        end_s=last_s,
        travel_deg=travel_deg,
        peak_dps=1.875 * abs(travel_deg) / time_s,
        longest_hole_s=0.0,
        whole=True,
        first=int((first_s - 0.8) * HZ),
        last=int((last_s + 0.8) * HZ),
    )


def alike(a: Timing, b: Timing) -> bool:
    return repr(a) == repr(b)


@pytest.mark.parametrize("known", [(3.0, 1.2, 80.0), (3.0, 2.5, -60.0), (3.0, 5.0, 90.0)])
def test_edges_found_wrong_are_put_right(known: Known) -> None:
    t, pitch = motion([known])
    (timed,) = Profile(gyroscope=True, params=MotionParams()).time(t, pitch, [window(known, 0.05 * known[1])])
    assert timed.start_s == pytest.approx(known[0] + EDGE_U * known[1], abs=0.01 * known[1])
    assert timed.end_s == pytest.approx(known[0] + (1 - EDGE_U) * known[1], abs=0.01 * known[1])
    assert 0.0 < timed.start_pm_s < 0.2 * known[1]


def test_a_broken_stroke_does_not_spoil_the_others() -> None:
    known: list[Known] = [(3.0, 1.2, 80.0), (7.0, 1.5, -80.0)]
    t, pitch = motion(known)
    profile = Profile(gyroscope=True, params=MotionParams())
    (alone,) = profile.time(t, pitch, [window(known[0])])
    pitch[int(7.2 * HZ) : int(8.0 * HZ)] = np.nan
    both = profile.time(t, pitch, [window(k) for k in known])
    assert alike(both[0], alone)
    assert both[1].start_s == window(known[1]).start_s


@given(
    strokes=st.lists(
        st.tuples(st.floats(0.5, 6.0), st.floats(-120.0, 120.0).filter(lambda d: abs(d) > 1.0), st.floats(-0.05, 0.05)),
        min_size=2,
        max_size=9,
    ),
    gyroscope=st.booleans(),
)
def test_what_is_fitted_with_it_does_not_change_a_stroke(
    strokes: list[tuple[float, float, float]], gyroscope: bool
) -> None:
    starts = np.cumsum([2.0] + [s[0] + 2.0 for s in strokes[:-1]]).tolist()
    known = [(at, time_s, deg) for at, (time_s, deg, _) in zip(starts, strokes, strict=True)]
    t, pitch = motion(known)
    windows = [window(k, off * k[1]) for k, (_, _, off) in zip(known, strokes, strict=True)]
    profile = Profile(gyroscope=gyroscope, params=MotionParams())
    together = profile.time(t, pitch, windows)
    assert all(alike(one, profile.time(t, pitch, [w])[0]) for one, w in zip(together, windows, strict=True))


# --- one stroke between two holds ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A stroke between two holds of a second, and its true edges."""

    t_s: Floats
    pitch_deg: Floats
    window: Window
    start_s: float
    end_s: float

    def timed(self, *, gyroscope: bool = True) -> Timing:
        (timed,) = Profile(gyroscope=gyroscope, params=MotionParams()).time(self.t_s, self.pitch_deg, [self.window])
        return timed


def moved(t_s: Floats, start_s: float, time_s: float) -> Floats:
    """Share of a minimum-jerk movement done."""
    u = np.clip((t_s - start_s) / time_s, 0.0, 1.0)
    out: Floats = u**3 * (10.0 - 15.0 * u + 6.0 * u * u)
    return out


def case(
    *, time_s: float = 2.0, range_deg: float = 60.0, breath_deg: float = 0.0, phase: float = 0.0, off_s: float = 0.0,
    from_deg: float = -45.0,
) -> Case:  # fmt: skip
    t = np.arange(0.0, time_s + 2.0, 1.0 / HZ)
    pitch = from_deg + range_deg * moved(t, 1.0, time_s) + breath_deg * np.sin(2.0 * np.pi * 0.28 * t + phase)
    start_s, end_s = 1.0 + EDGE_U * time_s, 1.0 + (1.0 - EDGE_U) * time_s
    seen = Window(
        start_s=start_s + off_s, end_s=end_s - off_s, travel_deg=range_deg, peak_dps=1.875 * abs(range_deg) / time_s,
        longest_hole_s=0.0, whole=True, first=0, last=len(t) - 1,
    )  # fmt: skip
    return Case(t, pitch, seen, start_s, end_s)


@pytest.mark.parametrize("time_s", [0.6, 1.5, 4.0, 9.0])
@pytest.mark.parametrize("range_deg", [30.0, -80.0])
def test_the_edges_of_a_clean_stroke_are_exact(time_s: float, range_deg: float) -> None:
    clean = case(time_s=time_s, range_deg=range_deg, off_s=0.05 * time_s)
    assert clean.timed().start_s == pytest.approx(clean.start_s, abs=0.004 * time_s + 0.001)
    assert clean.timed().end_s == pytest.approx(clean.end_s, abs=0.004 * time_s + 0.001)


def test_breathing_moves_the_crossing_further_than_the_fitted_edge() -> None:
    fitted, crossed = [], []
    for phase in np.linspace(0.0, 2.0 * np.pi, 12, endpoint=False):
        breathes = case(time_s=2.5, breath_deg=1.2, phase=phase)
        rate = np.gradient(breathes.pitch_deg, breathes.t_s)
        crossed.append(abs(breathes.t_s[int(np.argmax(rate > 0.1 * rate.max()))] - breathes.start_s))
        fitted.append(abs(breathes.timed().start_s - breathes.start_s))
    assert np.median(fitted) < 0.7 * np.median(crossed)


def test_the_stated_interval_holds_the_truth_and_is_no_excuse() -> None:
    rng = np.random.default_rng(5)
    inside, wide_s = [], []
    for _ in range(200):
        one = case(
            time_s=float(rng.uniform(1.0, 6.0)), range_deg=float(rng.uniform(25.0, 90.0)),
            breath_deg=float(rng.uniform(0.3, 1.5)), phase=float(rng.uniform(0.0, 6.3)),
        )  # fmt: skip
        timed = one.timed()
        inside.append(abs(timed.start_s - one.start_s) <= timed.start_pm_s)
        inside.append(abs(timed.end_s - one.end_s) <= timed.end_pm_s)
        wide_s.append(timed.start_pm_s)
    assert np.mean(inside) > 0.85
    assert np.median(wide_s) < 0.25


def test_slower_and_smaller_strokes_are_less_certain() -> None:
    quick, slow, small = case(time_s=1.0), case(time_s=5.0), case(time_s=5.0, range_deg=20.0)
    assert quick.timed().start_pm_s < slow.timed().start_pm_s < small.timed().start_pm_s


def test_a_stroke_with_a_stall_keeps_its_edges_and_is_less_certain() -> None:
    smooth = case(time_s=3.0)
    halting = -45.0 + 30.0 * moved(smooth.t_s, 1.0, 1.0) + 30.0 * moved(smooth.t_s, 3.0, 1.0)
    timed = replace(smooth, pitch_deg=halting).timed()
    assert (timed.start_s, timed.end_s) == (smooth.window.start_s, smooth.window.end_s)
    assert timed.start_pm_s > smooth.timed().start_pm_s


def test_a_stroke_with_a_hole_is_not_fitted() -> None:
    whole = case(off_s=0.1)
    assert replace(whole, window=replace(whole.window, whole=False)).timed().start_s == whole.window.start_s


def test_without_a_gyroscope_the_chests_own_acceleration_is_reckoned_with() -> None:
    arm_m, quick = 0.42, case(time_s=1.6, range_deg=75.0, from_deg=-75.0)
    pitch = np.deg2rad(quick.pitch_deg)
    rate = np.gradient(pitch, quick.t_s)
    along = G_MPS2 * np.sin(pitch) - arm_m * rate**2
    across = G_MPS2 * np.cos(pitch) + arm_m * np.gradient(rate, quick.t_s)
    sigma = round(MotionParams().acc_sigma_s * HZ)
    k = np.arange(-3 * sigma, 3 * sigma + 1) / sigma
    taps = np.exp(-0.5 * k * k) / np.exp(-0.5 * k * k).sum()
    felt = np.convolve(np.pad(np.rad2deg(np.arctan2(along, across)), 3 * sigma, mode="edge"), taps, mode="valid")
    assert np.abs(felt - quick.pitch_deg).max() > 5.0
    timed = replace(quick, pitch_deg=felt).timed(gyroscope=False)
    assert timed.start_s == pytest.approx(quick.start_s, abs=0.05)
    assert timed.end_s == pytest.approx(quick.end_s, abs=0.05)
