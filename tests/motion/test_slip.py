"""A strap that turns on the trunk is reported; people who change their posture are not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from firmware_proto.motion import STYLES, Recording, SensorModel, SetPlan, random_plan, simulate
from imu.model import Analysis, Floats, StrapSlip
from imu.motion.params import MotionParams
from imu.motion.slip import BOTTOM, TOP, UPRIGHT, Postures, find_slips, slip_words

Analyse = Callable[..., Analysis]
PARAMS = MotionParams()
Vector = tuple[float, float, float]


# --- postures made by hand ------------------------------------------------------------------------------------------


def direction(pitch_deg: float, side_deg: float = 0.0) -> Floats:
    p, s = np.deg2rad(pitch_deg), np.deg2rad(side_deg)
    return np.array([-np.cos(p) * np.cos(s), np.sin(p) * np.cos(s), np.sin(s)])


def turned(up: Floats, vector_deg: Vector) -> Floats:
    """Up in the axes of a sensor that turned by a rotation vector on the trunk (Rodrigues)."""
    w = np.deg2rad(vector_deg)
    angle = float(np.linalg.norm(w))
    k = w / angle
    return up * np.cos(angle) - np.cross(k, up) * np.sin(angle) + k * (k @ up) * (1.0 - np.cos(angle))


def series(
    n: int = 12, *, slip: Vector | None = None, at: int = 6, bouts: int = 1, walk: bool = False, seed: int = 0
) -> Postures:
    """`n` repetitions of 5 s from -45 to 45 degrees with a person's unevenness; `slip` before repetition `at`."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[float, int, int, Floats]] = []
    for i in range(n):
        number = 1 + i * bouts // n
        for kind, after_s, pitch in ((TOP, 1.0, 45.0), (BOTTOM, 4.0, -45.0)):
            rows.append((5.0 * i + after_s, kind, number, direction(pitch + rng.normal(0, 2.0), rng.normal(0, 0.7))))
    if walk:
        rows += [(t, UPRIGHT, 0, direction(88.0 + rng.normal(0, 1.0))) for t in (-5.0, 5.0 * n + 5.0)]
    rows.sort(key=lambda row: row[0])
    up = np.array([turned(u, slip) if slip and t > 5.0 * at - 0.5 else u for t, _, _, u in rows])
    return Postures(
        t_s=np.array([t for t, *_ in rows]),
        kind=np.array([kind for _, kind, *_ in rows]),
        bout=np.array([number for _, _, number, _ in rows]),
        up=up,
    )


@pytest.mark.parametrize("walk", [False, True])
@pytest.mark.parametrize("slip", [(12.0, 0.0, 0.0), (0.0, -15.0, 0.0), (0.0, 0.0, 14.0), (-10.0, 12.0, 8.0)])
def test_a_turn_is_found_with_its_time_and_size(slip: Vector, walk: bool) -> None:
    (found,) = find_slips(series(slip=slip, walk=walk), PARAMS)
    assert 25.0 < found.t_s < 31.5
    assert found.angle_deg == pytest.approx(np.linalg.norm(slip), abs=2.5)
    assert found.out_of_plane_deg == pytest.approx(np.hypot(slip[0], slip[1]), abs=2.5)
    assert abs(found.pitch_shift_deg) == pytest.approx(abs(slip[2]), abs=2.5)
    assert 0.0 < found.remaining_error_deg < 5.0


@pytest.mark.parametrize("seed", range(10))
def test_an_uneven_person_is_no_slip(seed: int) -> None:
    assert find_slips(series(seed=seed, walk=seed % 2 == 0), PARAMS) == []


def test_walking_that_did_not_move_along_denies_a_turn() -> None:
    seen = series(slip=(0.0, 0.0, 14.0), walk=True)
    still_upright = np.where((seen.kind == UPRIGHT)[:, None], direction(88.0), seen.up)
    assert find_slips(replace(seen, up=still_upright), PARAMS) == []


def test_another_bench_for_the_next_set_is_no_slip_unless_walking_moved_along() -> None:
    slip = (0.0, 0.0, 14.0)
    assert find_slips(series(slip=slip, bouts=2), PARAMS) == []
    assert len(find_slips(series(slip=slip, bouts=2, walk=True), PARAMS)) == 1


def test_another_exercise_is_no_slip() -> None:
    assert find_slips(series(slip=(0.0, 0.0, 70.0)), PARAMS) == []


def test_fatigue_that_lowers_the_tops_alone_is_no_slip() -> None:
    seen = series()
    tired = (seen.kind == TOP) & (seen.t_s > 28.0)
    assert find_slips(replace(seen, up=np.where(tired[:, None], direction(33.0), seen.up)), PARAMS) == []


def test_too_few_postures_say_nothing() -> None:
    assert find_slips(series(2, slip=(15.0, 0.0, 0.0), at=1), PARAMS) == []
    assert find_slips(series(12)[:0], PARAMS) == []


def test_a_person_is_told_when_how_far_and_what_remains() -> None:
    words = slip_words(
        StrapSlip(t_s=75.0, angle_deg=15.2, pitch_shift_deg=-9.1, out_of_plane_deg=12.0, remaining_error_deg=2.4)
    )
    for part in ("15 degrees", "1:15", "9 in the hinge plane", "12 out of it", "9 degrees lower", "by 2 degrees"):
        assert part in words


# --- whole recordings -----------------------------------------------------------------------------------------------


@lru_cache
def slipped(style: str, slip: Vector) -> Recording:
    plan = SetPlan(style=style, reps=10, slip_deg=slip, slip_at=0.55, misalignment_deg=(4.0, -5.0, 3.0))
    return simulate(plan, SensorModel(rate_hz=52.0), 1)


@pytest.mark.parametrize("learned", [False, True])
@pytest.mark.parametrize("style", ["back-extension", "good-morning", "deadlift"])
@pytest.mark.parametrize("slip", [(14.0, 6.0, 0.0), (0.0, -12.0, 9.0), (-18.0, 0.0, 18.0)])
def test_a_set_in_which_the_strap_turns_counts_and_says_so(
    analysed: Analyse, style: str, slip: Vector, learned: bool
) -> None:
    r = slipped(style, slip)
    found = analysed(r, learned=learned)
    assert len(found.counted) == 10
    (one,) = found.slips
    assert abs(one.t_s - 0.55 * r.t_s[-1]) < 8.0
    assert one.angle_deg == pytest.approx(np.linalg.norm(slip), rel=0.35)
    assert any("strap" in warning for warning in found.warnings)


def test_the_stated_error_holds_once_the_shift_is_taken_off(analysed: Analyse) -> None:
    r = slipped("back-extension", (0.0, -12.0, 9.0))
    found = analysed(r)
    (one,) = found.slips
    off = np.array([a.top_deg - b.top_deg for a, b in zip(found.counted, r.truth.counted, strict=True)])
    later = np.array([rep.start_s > one.t_s for rep in found.counted])
    assert abs(np.median(off[later]) - np.median(off[~later]) - one.pitch_shift_deg) < one.remaining_error_deg


@pytest.mark.parametrize("style", [s for s, kind in STYLES.items() if not kind.static])
def test_straps_that_stay_are_not_reported(analysed: Analyse, style: str) -> None:
    for seed in (1, 2, 3):
        plan, sensor = random_plan(seed, style)
        recording = simulate(replace(plan, reps=min(plan.reps, 8)), sensor, seed)
        assert analysed(recording, learned=seed == 2).slips == ()
