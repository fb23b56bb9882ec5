"""Target tempo as people write it."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imu.errors import UsageError
from imu.exercises import EXERCISES
from imu.model import Rep, Verdict
from imu.tempo import Tempo


def rep(lower_s: float, bottom_s: float, lift_s: float, top_s: float) -> Rep:
    lift_end = 10.0 + lift_s
    return Rep(
        set=1, rep=1, verdict=Verdict.COUNTED, start_s=10.0, end_s=lift_end + top_s + lower_s,
        lift_start_s=10.0, lift_end_s=lift_end, top_hold_s=top_s, bottom_hold_s=bottom_s,
        lower_start_s=lift_end + top_s, lower_end_s=lift_end + top_s + lower_s,
    )  # fmt: skip


def test_four_phases_and_an_x() -> None:
    assert Tempo.parse(" 3-0.5-x-2 ") == Tempo(text="3-0.5-X-2", phases_s=(3.0, 0.5, None, 2.0))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "1 part instead of 4"),
        ("3-1", "2 parts instead of 4"),
        ("3-0-1-1-1", "5 parts"),
        ("3-0-fast-1", "'FAST' is neither"),
        ("3-0--1", "'' is neither"),
        ("3-0-1-nan", "out of the range"),
        ("3-0-1-1e9", "out of the range"),
        ("3,0,1,1", "1 part"),
    ],
)
def test_what_is_no_tempo_is_refused_with_an_example(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        Tempo.parse(text)
    assert "--tempo 3-0-1-1" in str(refused.value)


@given(st.text())
def test_any_text_is_a_tempo_or_a_usage_error(text: str) -> None:
    with contextlib.suppress(UsageError):
        assert len(Tempo.parse(text).phases_s) == 4


def test_every_exercise_has_a_target_that_can_be_read() -> None:
    for row in EXERCISES.values():
        Tempo.parse(row.target_tempo)


def test_a_phase_may_miss_by_a_fifth_or_three_tenths_of_a_second() -> None:
    target = Tempo.parse("4-0-1-1")
    assert target.hits(rep(4.7, 0.25, 1.25, 0.75)) == (True, True, True, True)
    assert target.hits(rep(4.9, 0.35, 1.35, 0.65)) == (False, False, False, False)


def test_there_is_nothing_to_hit_in_an_x_or_in_a_phase_without_end() -> None:
    assert Tempo.parse("3-0-X-1").hits(rep(3.0, float("nan"), 0.4, 1.0)) == (True, None, None, True)


def test_adherence_is_the_share_of_phases_that_met_the_target() -> None:
    target = Tempo.parse("3-0-1-1")
    assert target.adherence(rep(3.0, 0.1, 1.0, 1.0)) == 1.0
    assert target.adherence(rep(5.0, 0.1, 1.0, 1.0)) == 0.75
    assert target.adherence(rep(3.0, float("nan"), 1.0, 2.0)) == pytest.approx(2 / 3), "a phase without end is no miss"


def test_as_fast_as_possible_is_as_fast_as_the_set_was() -> None:
    reps = [rep(1.0, 0.0, 0.8, 0.0), rep(1.0, 0.0, 0.5, 0.0), rep(1.0, 0.0, float("nan"), 0.0)]
    target = Tempo.parse("X-0-X-0").for_set(reps)
    assert target.phases_s == (1.0, 0.0, 0.5, 0.0)
    assert target.adherence(rep(1.0, 0.0, 0.9, 0.0)) == 0.75, "0.9 s is slower than 0.5 s by more than 0.3 s"


def test_without_a_repetition_there_is_nothing_as_fast_as_possible() -> None:
    assert Tempo.parse("X-0-X-0").for_set([]).phases_s == (None, 0.0, None, 0.0)
