"""The table of exercises: every row must make sense to the judge, to a person, and to the simulator."""

from __future__ import annotations

import re

import pytest

from firmware_proto.motion import STYLES
from imu.errors import UsageError
from imu.exercises import EXERCISES, End, Exercise, get_exercise

ROWS = [pytest.param(row, id=row.key) for row in EXERCISES.values()]


@pytest.mark.parametrize("row", ROWS)
def test_a_row_is_consistent(row: Exercise) -> None:
    assert EXERCISES[row.key] is row
    assert 0 < row.min_rom_deg <= row.rom_deg
    assert 0 < row.min_stroke_s < row.max_stroke_s
    assert (row.top_deg is None) == (row.bottom_deg is None)
    if row.top_deg is not None and row.bottom_deg is not None:
        assert row.top_deg - row.bottom_deg == pytest.approx(row.rom_deg, abs=10)
        assert row.posture_tolerance_deg > 0


@pytest.mark.parametrize("row", ROWS)
def test_a_target_tempo_can_be_read(row: Exercise) -> None:
    assert re.fullmatch(r"(\d+|X)(-(\d+|X)){3}", row.target_tempo)


@pytest.mark.parametrize("style", STYLES)
def test_whatever_can_be_simulated_is_an_exercise_done_the_same_way(style: str) -> None:
    row, simulated = get_exercise(style), STYLES[style]
    assert (row.start is End.BOTTOM) == simulated.starts_low
    assert row.static == simulated.static
    assert row.top_deg is not None
    assert row.bottom_deg is not None
    assert abs(row.top_deg - simulated.top_deg) <= row.posture_tolerance_deg
    assert abs(row.bottom_deg - simulated.bottom_deg) <= row.posture_tolerance_deg


def test_the_generic_hinge_asks_for_no_posture() -> None:
    row = get_exercise("hinge")
    assert row.start is End.EITHER
    assert row.top_deg is None


def test_an_unknown_exercise_names_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"no exercise 'bench-press'.*back-extension.*hinge"):
        get_exercise("bench-press")
