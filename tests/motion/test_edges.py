"""Definition `edge10` against strokes whose crossings are known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imu.model import Floats
from imu.motion.edges import Edges, find_edges
from imu.motion.params import MotionParams

HZ = 104.0
PARAMS = MotionParams()
EDGE_U = 0.5 * (1.0 - np.sqrt(1.0 - np.sqrt(PARAMS.edge_fraction)))
"""Minimum jerk: rate ~ u^2 (1-u)^2, peak at 1/2; a tenth of it where u (1-u) = sqrt(0.1)/4: 0.0865 of its time."""


def stroke(t_s: Floats, start_s: float, duration_s: float, range_deg: float) -> Floats:
    """Rate of a minimum-jerk stroke on a grid."""
    u = np.clip((t_s - start_s) / duration_s, 0.0, 1.0)
    return np.asarray(30.0 * range_deg / duration_s * u**2 * (1.0 - u) ** 2)


def find(rate: Floats) -> list[Edges]:
    return find_edges(np.cumsum(rate) / HZ, rate, rate_hz=HZ, params=PARAMS)


def crossings(start_s: float, duration_s: float) -> tuple[float, float]:
    return start_s + EDGE_U * duration_s, start_s + (1.0 - EDGE_U) * duration_s


def times(edges: Edges) -> tuple[float, float]:
    return edges.start / HZ, edges.end / HZ


def grid(seconds: float) -> Floats:
    return np.arange(0.0, seconds, 1.0 / HZ)


@given(start_s=st.floats(0.1, 0.9), duration_s=st.floats(0.4, 8.0), range_deg=st.floats(10.0, 150.0))
def test_a_minimum_jerk_stroke_is_cut_where_it_should(start_s: float, duration_s: float, range_deg: float) -> None:
    t = grid(10.0)
    (found,) = find(stroke(t, start_s, duration_s, range_deg))
    assert times(found) == pytest.approx(crossings(start_s, duration_s), abs=0.5e-3)
    assert found.peak / HZ == pytest.approx(start_s + duration_s / 2, abs=1.0 / HZ)
    assert found.stall == 0


def test_the_rule_is_about_the_strokes_own_peak_not_a_speed() -> None:
    t = grid(4.0)
    slow, fast = find(stroke(t, 1.0, 2.0, 10.0)), find(stroke(t, 1.0, 2.0, 120.0))
    assert times(slow[0]) == pytest.approx(times(fast[0]))


@pytest.mark.parametrize("pause_s", [0.3, 1.0, 2.2])
def test_a_stall_on_the_way_is_bridged_and_told(pause_s: float) -> None:
    t = grid(8.0)
    rate = stroke(t, 0.5, 1.0, 40.0) + stroke(t, 1.5 + pause_s, 1.0, 50.0)
    (found,) = find(rate)
    assert times(found)[0] == pytest.approx(0.5 + EDGE_U, abs=0.03)
    assert times(found)[1] == pytest.approx(1.5 + pause_s + 1.0 - EDGE_U, abs=1e-3)
    assert found.stall / HZ == pytest.approx(pause_s + 2 * EDGE_U, abs=0.05)


def test_a_long_stop_on_the_way_makes_two_strokes() -> None:
    t = grid(12.0)
    rate = stroke(t, 0.5, 1.0, 40.0) + stroke(t, 1.5 + PARAMS.stall_s + 1.0, 1.5, 40.0)
    first, second = find(rate)
    assert times(first) == pytest.approx(crossings(0.5, 1.0), abs=1e-3)
    assert times(second) == pytest.approx(crossings(1.5 + PARAMS.stall_s + 1.0, 1.5), abs=1e-3)


@pytest.mark.parametrize("where_s", [0.2, 5.2])
@pytest.mark.parametrize("peak_dps", [20.0, 120.0])
def test_a_jerk_in_the_hold_is_not_the_stroke(where_s: float, peak_dps: float) -> None:
    t = grid(6.0)
    jerk = stroke(t, where_s, 0.1, peak_dps * 0.1 / 1.875)
    (found,) = [e for e in find(stroke(t, 1.0, 3.0, 60.0) + jerk) if e.end - e.start > 0.5 * HZ]
    assert times(found) == pytest.approx(crossings(1.0, 3.0), abs=2e-3)


def test_a_creep_before_the_stroke_belongs_to_the_hold() -> None:
    t = grid(8.0)
    rate = stroke(t, 3.0, 2.0, 80.0) + np.where(t < 3.0, 2.0, 0.0)
    (found,) = find(rate)
    assert times(found) == pytest.approx(crossings(3.0, 2.0), abs=2e-3)


def test_without_movement_there_is_no_stroke() -> None:
    assert find(np.zeros(100)) == []
    assert find(np.full(100, -3.0)) == []


@given(values=st.lists(st.floats(-100.0, 100.0), min_size=3, max_size=60))
def test_strokes_are_in_order_and_inside_whatever_the_signal(values: list[float]) -> None:
    found = find(np.array(values))
    at = 0.0
    for edges in found:
        assert at <= edges.start <= edges.peak <= edges.end <= len(values) - 1
        at = edges.end
