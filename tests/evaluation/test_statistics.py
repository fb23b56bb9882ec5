"""Intervals, agreement, coverage: against figures anybody can look up."""

from __future__ import annotations

from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from imu.evaluation.agreement import agreement
from imu.evaluation.coverage import coverage
from imu.evaluation.halves import halves
from imu.evaluation.intervals import count_interval, share_interval

ERRORS = st.lists(st.floats(-10, 10, allow_nan=False), min_size=2, max_size=60)


def test_all_of_21_leaves_a_sixth_in_doubt() -> None:
    assert share_interval(21, 21) == pytest.approx((0.8389, 1.0), abs=1e-4)
    assert share_interval(0, 0) == pytest.approx((nan, nan), nan_ok=True)


def test_nothing_seen_does_not_mean_never() -> None:
    assert count_interval(0) == pytest.approx((0.0, 2.9957), abs=1e-4)
    assert count_interval(4) == pytest.approx((1.3663, 9.1535), abs=1e-4)


@pytest.mark.parametrize(("k", "n"), [(-1, 3), (4, 3)])
def test_a_share_of_more_than_all_is_refused(k: int, n: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        share_interval(k, n)


def test_less_than_no_events_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be"):
        count_interval(-1)


@given(n=st.integers(1, 300), data=st.data())
def test_at_its_ends_an_interval_is_exactly_as_unlikely_as_it_says(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    low, high = share_interval(k, n)
    assert 0.0 <= low <= k / n <= high <= 1.0
    if k:
        assert stats.binom.sf(k - 1, n, low) == pytest.approx(0.025)
    if k < n:
        assert stats.binom.cdf(k, n, high) == pytest.approx(0.025)
    low, high = count_interval(k)
    assert stats.poisson.cdf(k, high) == pytest.approx(0.05)
    if k:
        assert stats.poisson.sf(k - 1, low) == pytest.approx(0.05)


def test_agreement_by_hand() -> None:
    a = agreement([0.1, -0.3, 0.2, nan])
    assert a.n == 3
    assert a.median == pytest.approx(0.2)
    assert a.p95 == pytest.approx(0.29)
    assert a.bias == pytest.approx(0.0)
    assert (a.low, a.high) == pytest.approx((-1.96 * 0.26458, 1.96 * 0.26458), abs=1e-4)


def test_without_errors_there_is_nothing_to_say() -> None:
    assert agreement([nan]).n == 0
    assert isnan(agreement([]).median)
    assert isnan(agreement([1.0]).low)


@given(ERRORS, st.floats(-5, 5))
def test_a_shift_of_all_shifts_bias_and_limits(errors: list[float], shift: float) -> None:
    a, b = agreement(errors), agreement(e + shift for e in errors)
    assert b.bias - a.bias == pytest.approx(shift, abs=1e-9)
    assert b.high - b.low == pytest.approx(a.high - a.low, abs=1e-6)
    assert b.low <= b.bias <= b.high


def test_coverage_counts_what_was_stated_and_holds_the_truth() -> None:
    c = coverage([(0.1, 0.1), (-0.2, 0.1), (0.0, nan), (nan, 0.3), (-0.3, 0.5)])
    assert (c.asked, c.stated, c.inside) == (4, 3, 2)
    assert c.share == pytest.approx(2 / 3)
    assert c.half_width == 0.1


def test_nothing_stated_is_no_coverage() -> None:
    c = coverage([(0.1, nan)])
    assert (c.asked, c.stated) == (1, 0)
    assert isnan(c.share)
    assert isnan(coverage([]).half_width)


def test_right_intervals_cover_as_they_say() -> None:
    errors = np.random.default_rng(0).normal(size=4000)
    assert coverage((e, 1.645) for e in errors).share == pytest.approx(0.90, abs=0.015)


def test_halves_are_told_by_the_sorted_names_of_each_data_set() -> None:
    people = [("b", "p2"), ("a", "p9"), ("a", "p1"), ("a", "p5"), ("a", "p1")]
    assert halves(people) == {("a", "p1"): "even", ("a", "p5"): "odd", ("a", "p9"): "even", ("b", "p2"): "even"}


@given(st.lists(st.tuples(st.sampled_from("ab"), st.text(max_size=3))), st.randoms())
def test_halves_do_not_depend_on_the_order(people: list[tuple[str, str]], random: object) -> None:
    mixed = list(people)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    sides = halves(mixed)
    assert sides == halves(people)
    for dataset in {d for d, _ in people}:
        members = [side for (d, _), side in sides.items() if d == dataset]
        assert members.count("even") - members.count("odd") in (0, 1)
