"""Pairing what was found with what was true, and the errors of instants, announcements and directions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imu.evaluation.announcing import Said, announced, together
from imu.evaluation.inclination import inclination_error, up_of_quaternion
from imu.evaluation.instants import TruePhases, bottom_errors, boundary_errors
from imu.evaluation.matching import match
from imu.model import Rep, Verdict

SPANS = st.lists(st.tuples(st.floats(0, 100), st.floats(0.1, 10)).map(lambda p: (p[0], p[0] + p[1])), max_size=8)
TRUE = TruePhases(lower_start_s=10.0, lower_end_s=12.0, lift_start_s=13.0, lift_end_s=15.0)


def rep(start_s: float, end_s: float, **times: float) -> Rep:
    return Rep(set=1, rep=1, verdict=Verdict.COUNTED, start_s=start_s, end_s=end_s, **times)  # type: ignore[arg-type]


def test_a_missing_repetition_does_not_shift_its_neighbours() -> None:
    true = [(0.0, 2.0), (3.0, 5.0), (6.0, 8.0)]
    assert match(true, [(0.1, 2.1), (6.2, 8.1)]) == [(0, 0), (2, 1)]


def test_the_larger_common_time_decides() -> None:
    assert match([(0.0, 2.0), (2.0, 4.0)], [(1.5, 4.0)]) == [(1, 0)]
    assert match([(0.0, 1.0)], [(1.0, 2.0)]) == []


@given(SPANS, SPANS)
def test_pairs_are_one_to_one_and_share_time(true: list[tuple[float, float]], found: list[tuple[float, float]]) -> None:
    pairs = match(true, found)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    assert all(min(true[i][1], found[j][1]) > max(true[i][0], found[j][0]) for i, j in pairs)


def test_boundaries_are_those_of_the_repetition_that_shares_most() -> None:
    right = rep(10.2, 15.1, lower_start_s=10.2, lower_end_s=11.9, lift_start_s=13.3, lift_end_s=15.1)
    errors = boundary_errors(TRUE, [rep(4.0, 10.5), right])
    assert errors == pytest.approx(
        {"lower_start_s": 0.2, "lower_end_s": -0.1, "lift_start_s": 0.3, "lift_end_s": 0.1}, abs=1e-9
    )


def test_the_ends_of_a_repetition_stand_for_its_outer_boundaries() -> None:
    assert boundary_errors(TRUE, [rep(10.5, 14.0)]) == pytest.approx({"lower_start_s": 0.5, "lift_end_s": -1.0})


def test_nothing_found_there_is_no_error_of_zero() -> None:
    assert boundary_errors(TRUE, []) is None
    assert boundary_errors(TRUE, [rep(15.0, 16.0)]) is None


def test_each_bottom_is_taken_once_and_only_from_near() -> None:
    assert bottom_errors([1.0, 2.0, 9.0], [1.9, 2.1, float("nan")]) == pytest.approx([0.9, 0.1])


def said(*times: tuple[float, float]) -> list[Said]:
    return [Said(t_s=t, known_s=known) for t, known in times]


def test_an_announcement_waits_from_the_true_end_of_the_lift() -> None:
    heard = announced([(10.0, 12.0), (20.0, 22.0)], said((11.9, 12.1), (22.0, 22.3)))
    assert heard.waits_s == pytest.approx((0.1, 0.3))
    assert (heard.reps, heard.missed, heard.ghosts) == (2, 0, 0)


def test_what_is_said_elsewhere_or_twice_is_a_ghost_and_what_is_not_said_is_missed() -> None:
    heard = announced([(10.0, 12.0), (20.0, 22.0)], said((11.0, 11.1), (12.5, 12.6), (16.0, 16.1)), withdrawn=2)
    assert heard.waits_s == pytest.approx((-0.9,))
    assert (heard.missed, heard.ghosts, heard.withdrawn) == (1, 2, 2)
    assert heard.per_100(heard.ghosts) == 100.0


def test_of_quick_lifts_the_one_begun_last_is_meant() -> None:
    heard = announced([(10.0, 10.5), (11.0, 11.5)], said((10.5, 10.6), (11.4, 11.6)))
    assert heard.waits_s == pytest.approx((0.1, 0.1))


def test_recordings_are_put_together() -> None:
    one = announced([(10.0, 12.0)], said((12.0, 12.2)))
    both = together([one, announced([(5.0, 6.0)], said((1.0, 1.0)))])
    assert (both.reps, both.missed, both.ghosts, both.wait.n) == (2, 1, 1, 1)


@given(st.lists(st.floats(-1, 1), min_size=4, max_size=4).filter(lambda q: np.linalg.norm(q) > 0.1))
def test_up_is_where_the_quaternion_turns_it(q: list[float]) -> None:
    w, x, y, z = np.asarray(q) / np.linalg.norm(q)
    up = up_of_quaternion(np.array([q]))[0]
    axis, cross = np.array([x, y, z]), np.cross
    turned = up + 2.0 * w * cross(axis, up) + 2.0 * cross(axis, cross(axis, up))
    assert turned == pytest.approx([0.0, 0.0, 1.0], abs=1e-9)


def directions(angles_deg: np.ndarray) -> np.ndarray:
    a = np.radians(angles_deg)
    return np.column_stack([np.sin(a), np.zeros_like(a), np.cos(a)])


def test_a_constant_tilt_is_its_own_error_and_stillness_is_left_out() -> None:
    t = np.arange(100) / 10.0
    true = directions(np.zeros(100))
    true[90:] = np.nan
    found = directions(np.where(t < 5.0, 40.0, 3.0))
    e = inclination_error(t, true, t >= 5.0, t, found)
    assert (e.n, e.cover) == (40, 1.0)
    assert e.rmse_deg == pytest.approx(3.0)
    assert e.p95_deg == pytest.approx(3.0)


def test_where_there_is_no_estimate_near_it_is_not_covered() -> None:
    t = np.arange(100) / 50.0
    keep = (t < 0.5) | (t > 1.0)
    e = inclination_error(t, directions(0 * t), t >= 0.0, t[keep], directions(1.0 + 0 * t[keep]))
    assert e.rmse_deg == pytest.approx(1.0)
    assert e.cover == pytest.approx(keep.mean(), abs=0.02)
    assert inclination_error(t, directions(0 * t), t >= 0.0, t[:0], directions(t[:0])).n == 0


def test_between_two_estimates_the_direction_lies_between() -> None:
    e = inclination_error(np.array([0.05]), directions(np.array([5.0])), np.array([True]), np.array([0.0, 0.1]),
                          directions(np.array([0.0, 10.0])))  # fmt: skip
    assert e.rmse_deg == pytest.approx(0.0, abs=0.05)
