"""The fit of a stroke's shape: its edges, and that no stroke shows in another's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imu.model import Floats
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
