"""The straight line: found while the trunk is held still, measured from the stretch, and not taken for a repetition."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_proto.motion import Recording, SensorModel, SetPlan, simulate
from imu.exercises import get_exercise
from imu.model import (
    Analysis,
    Calibration,
    CalibrationStep,
    Event,
    Inclination,
    LineHold,
    Mount,
    MovementRejected,
    Samples,
    StraightLine,
)
from imu.motion.calibration import StillWatch, doubts, is_plausible, line_for, straight_lines
from imu.motion.params import MotionParams
from imu.motion.pipeline import Pipeline, analyze

PARAMS = MotionParams()
DECLARED = Mount.from_axes(cranial="+y", anterior="+z")
BENCH = get_exercise("back-extension")
HZ = 104.0


# --- the watch, on poses made by hand -------------------------------------------------------------------------------


def posed(pitch_deg: np.ndarray, *, lost: slice | None = None) -> Inclination:
    """A trunk in these pitches, sample by sample, worn as declared."""
    p, n = np.deg2rad(pitch_deg), len(pitch_deg)
    up = np.column_stack([np.zeros(n), np.sin(p), -np.cos(p)])
    trusted = np.ones(n, bool)
    if lost is not None:
        trusted[lost] = False
    t = 5.0 + np.arange(n) / HZ
    return Inclination(t_s=t, up=up, omega_radps=np.zeros((n, 3)), acc_norm_mps2=np.full(n, 9.81), trusted=trusted)


def held(seconds: float, deg: float = 45.0, *, breath_deg: float = 1.5) -> np.ndarray:
    t = np.arange(round(seconds * HZ)) / HZ
    return deg + breath_deg * np.sin(2 * np.pi * 0.3 * t)


def watch(block: Inclination, *, exercise: str = "back-extension", limit_s: float = 60.0) -> list[Calibration]:
    one = StillWatch(get_exercise(exercise), since_s=None, limit_s=limit_s, grid_hz=HZ, params=PARAMS)
    return one.push(block, DECLARED)


def test_three_still_seconds_are_taken_breathing_and_all() -> None:
    (taken,) = watch(posed(held(4.0)))
    assert taken.step is CalibrationStep.TAKEN
    assert taken.hold is not None
    assert taken.hold.end_s - taken.hold.start_s == pytest.approx(3.0, abs=0.01)
    assert taken.decided_s <= taken.hold.end_s < 8.1
    assert taken.pitch_deg == pytest.approx(45.0, abs=1.5)


def test_less_than_three_seconds_are_not() -> None:
    assert watch(posed(held(2.9))) == []


def test_a_twitch_is_refused_with_words_and_the_next_hold_is_taken() -> None:
    unsteady, taken = watch(posed(np.concatenate([held(2.0), held(0.5, 55.0), held(3.5)])))
    assert (unsteady.step, taken.step) == (CalibrationStep.UNSTEADY, CalibrationStep.TAKEN)
    assert unsteady.held_s == pytest.approx(2.0, abs=0.3)
    assert unsteady.moved_deg == pytest.approx(10.0, abs=3.0)
    assert taken.hold is not None
    assert taken.hold.start_s >= 5.0 + 2.3


def test_a_slow_lowering_is_not_still() -> None:
    steps = watch(posed(np.concatenate([np.linspace(60.0, 36.0, round(8 * HZ)), held(4.0, 36.0)])))
    assert steps[-1].hold is not None
    assert steps[-1].hold.start_s > 5.0 + 8.0 - 2.5, "most of the stretch is the hold after it"


def test_bridged_samples_are_not_stillness() -> None:
    steps = watch(posed(held(5.0), lost=slice(200, 260)))
    assert [step.step for step in steps] == [CalibrationStep.UNSTEADY]
    assert np.isinf(steps[0].moved_deg)


@pytest.mark.parametrize("deg", [90.0, -45.0])
def test_standing_and_hanging_still_are_told_once_and_not_taken(deg: float) -> None:
    elsewhere, taken = watch(posed(np.concatenate([held(9.0, deg), held(3.5)])))
    assert (elsewhere.step, taken.step) == (CalibrationStep.ELSEWHERE, CalibrationStep.TAKEN)
    assert elsewhere.pitch_deg == pytest.approx(deg, abs=2.0)


def test_the_time_is_limited() -> None:
    *_, last = watch(posed(held(30.0, 90.0)), limit_s=20.0)
    assert last.step is CalibrationStep.GIVEN_UP
    assert last.t_s == pytest.approx(25.0, abs=0.3)


def test_before_anybody_moved_only_standing_exercises_can_be_calibrated() -> None:
    for exercise, expected in (("back-extension", 0), ("good-morning", 1), ("hinge", 1)):
        one = StillWatch(get_exercise(exercise), since_s=None, limit_s=60.0, grid_hz=HZ, params=PARAMS)
        steps = one.push(posed(held(5.0, 90.0)), None)
        assert len(steps) == expected, exercise
        assert all(step.step is CalibrationStep.TAKEN and np.isnan(step.pitch_deg) for step in steps)


@given(cuts=st.lists(st.integers(0, 1500), max_size=12), seed=st.integers(0, 5))
def test_the_watch_sees_the_same_in_any_pieces(cuts: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    parts = [held(float(rng.uniform(0.3, 3.5)), float(rng.choice([45.0, 40.0, 90.0]))) for _ in range(6)]
    block = posed(np.concatenate(parts))
    whole = watch(block)
    one = StillWatch(BENCH, since_s=None, limit_s=60.0, grid_hz=HZ, params=PARAMS)
    pieces: list[Calibration] = []
    for a, b in itertools.pairwise([0, *sorted(min(c, len(block)) for c in cuts), len(block)]):
        pieces += one.push(block[a:b], DECLARED)
    assert repr(pieces) == repr(whole)


# --- measuring ------------------------------------------------------------------------------------------------------


def test_the_line_is_the_median_of_what_was_measured_in_the_hold() -> None:
    t = np.arange(0.0, 10.0, 0.01)
    pitch = np.where(t < 5.0, 90.0, 40.0)
    pitch[600:620] = 70.0
    trusted = np.ones(len(t), bool)
    (line,) = straight_lines(t, pitch, trusted, [LineHold(start_s=5.5, end_s=8.5)], PARAMS)
    assert line.pitch_deg == 40.0
    assert line.spread_deg > 20.0
    assert line.pm_deg > PARAMS.inclination_pm_deg
    assert straight_lines(t, pitch, ~trusted, [line.hold], PARAMS) == []
    assert straight_lines(t, pitch, trusted, [LineHold(start_s=20.0, end_s=23.0)], PARAMS) == []


def test_of_several_lines_the_last_before_a_repetition_applies() -> None:
    lines = [
        StraightLine(hold=LineHold(start_s=s, end_s=s + 3.0), pitch_deg=deg, spread_deg=1.0, pm_deg=1.0)
        for s, deg in ((10.0, 44.0), (50.0, 30.0))
    ]
    assert [line_for(lines, at_s).pitch_deg for at_s in (0.0, 13.0, 52.9, 53.0, 99.0)] == [44.0, 44.0, 44.0, 30.0, 30.0]


@pytest.mark.parametrize(("deg", "fits"), [(45.0, True), (25.0, True), (68.0, True), (90.0, False), (-45.0, False)])
def test_a_line_lies_near_the_exercises_own(deg: float, fits: bool) -> None:
    assert is_plausible(deg, BENCH, DECLARED, PARAMS) == fits
    assert is_plausible(deg + 360.0, BENCH, DECLARED, PARAMS) == fits
    assert is_plausible(deg, BENCH, replace(DECLARED, certainty=0.5), PARAMS)
    assert is_plausible(deg, get_exercise("hinge"), DECLARED, PARAMS)


# --- whole sessions -------------------------------------------------------------------------------------------------


@lru_cache
def visit(style: str, seed: int = 0, *, rate_hz: float = 52.0) -> Recording:
    """A straight-line hold of 5 s, then four repetitions, worn a few degrees off."""
    plan = SetPlan(style=style, reps=4, straight_hold_s=5.0, misalignment_deg=(6.0, -8.0, 5.0))
    return simulate(plan, SensorModel(rate_hz=rate_hz), seed)


def samples_of(r: Recording) -> Samples:
    return Samples.measured(r.t_s, r.acc_mps2, r.gyr_radps)


def live(
    r: Recording, *, mount: Mount | None, edges: Iterable[int] = (), start: int = 0
) -> tuple[list[Event], Analysis]:
    """Record with a calibration asked for at sample `start`."""
    samples = samples_of(r)
    pipeline = Pipeline(get_exercise(r.plan.style), rate_hz=r.rate_hz, mount=mount)
    events = pipeline.push(samples[:start])
    pipeline.calibrate()
    for a, b in itertools.pairwise([start, *sorted(e for e in edges if e > start), len(samples)]):
        events += pipeline.push(samples[a:b])
    return events + pipeline.finish(), pipeline.analysis()


def hold_of(events: Iterable[Event]) -> LineHold:
    (hold,) = (e.hold for e in events if isinstance(e, Calibration) and e.hold is not None)
    return hold


def true_hold(r: Recording) -> tuple[float, float]:
    (one,) = (m for m in r.truth.movements if m.kind == "straight-line hold")
    return one.start_s, one.end_s


@pytest.mark.parametrize("learned", [False, True])
@pytest.mark.parametrize("style", ["back-extension", "roman-chair"])
def test_a_session_that_begins_with_the_line_is_measured_from_it(style: str, learned: bool) -> None:
    r = visit(style)
    events, found = live(r, mount=None if learned else DECLARED)
    hold, (from_s, to_s) = hold_of(events), true_hold(r)
    assert from_s < hold.start_s < hold.end_s < to_s
    assert found.straight_line_source == "calibration"
    (line,) = found.calibrations
    assert found.straight_line_deg == line.pitch_deg
    worn_off = np.median([rep.top_deg for rep in found.counted]) - np.median([x.top_deg for x in r.truth.counted])
    assert line.pitch_deg - worn_off == pytest.approx(r.plan.ends_deg[1], abs=line.pm_deg + 1.0)


@pytest.mark.parametrize("style", ["back-extension", "roman-chair", "good-morning"])
def test_the_hold_is_no_repetition(style: str) -> None:
    r = visit(style)
    from_s, _ = true_hold(r)
    events, found = live(r, mount=DECLARED, start=int(from_s * r.rate_hz))
    assert len(found.counted) == 4
    assert all(rep.start_s > hold_of(events).end_s for rep in found.counted)
    for e in events:
        if isinstance(e, MovementRejected) and e.rep.start_s < hold_of(events).start_s < e.rep.end_s:
            assert e.rep.verdict == "TRANSITION"


@pytest.mark.parametrize("learned", [False, True])
def test_the_stretch_alone_gives_the_same_afterwards(learned: bool) -> None:
    r = visit("back-extension")
    mount = None if learned else DECLARED
    events, found = live(r, mount=mount)
    again, _ = analyze(samples_of(r), BENCH, rate_hz=r.rate_hz, mount=mount, calibrations=[hold_of(events)])
    assert repr(again) == repr(found)


@settings(max_examples=examples(15))
@given(shares=st.lists(st.floats(0, 1), max_size=30), learned=st.booleans(), begin=st.sampled_from([0, 400]))
def test_live_calibration_is_the_same_in_any_pieces(shares: list[float], learned: bool, begin: int) -> None:
    r = visit("back-extension", rate_hz=26.0)
    mount = None if learned else DECLARED
    whole = live(r, mount=mount, start=begin)
    pieces = live(r, mount=mount, start=begin, edges=[int(s * len(r)) for s in shares])
    assert [repr(e) for e in pieces[0]] == [repr(e) for e in whole[0]]
    assert repr(pieces[1]) == repr(whole[1])


def test_a_line_from_which_most_tops_lie_far_is_doubted() -> None:
    found = live(visit("back-extension"), mount=DECLARED)[1]
    assert not found.warnings
    lower = [replace(rep, top_deviation_deg=rep.top_deviation_deg - 15.0) for rep in found.counted]
    (said,) = doubts(found.calibrations, lower, PARAMS)
    assert "Most tops lie 1" in said
    assert "below the straight line" in said
    assert doubts(found.calibrations, lower[:2], PARAMS) == []
    assert doubts(found.calibrations, [*lower[:1], *found.counted[1:]], PARAMS) == []
    assert doubts((), lower, PARAMS) == []


def test_another_mount_measures_the_line_anew() -> None:
    r = visit("back-extension")
    hold = hold_of(live(r, mount=DECLARED)[0])
    turn = np.deg2rad(10.0)
    tilted = replace(DECLARED, cranial=(0.0, np.cos(turn), np.sin(turn)), anterior=(0.0, -np.sin(turn), np.cos(turn)))
    lines = [
        analyze(samples_of(r), BENCH, rate_hz=r.rate_hz, mount=m, calibrations=[hold])[0].straight_line_deg
        for m in (DECLARED, tilted)
    ]
    assert abs(abs(lines[1] - lines[0]) - 10.0) < 0.1


def test_a_hold_that_cannot_be_the_line_is_said_and_not_used() -> None:
    r = visit("back-extension")
    standing = [LineHold(start_s=0.2, end_s=2.8)]
    found, _ = analyze(samples_of(r), BENCH, rate_hz=r.rate_hz, mount=DECLARED, calibrations=standing)
    assert found.straight_line_source == "median of tops"
    assert any("cannot be" in warning for warning in found.warnings)


def test_a_line_marked_in_another_posture_costs_no_repetition() -> None:
    r, bowing = visit("good-morning"), get_exercise("good-morning")
    low_s = r.truth.counted[1].bottom_s
    marked = [LineHold(start_s=low_s - 0.4, end_s=low_s + 0.4)]
    found, _ = analyze(samples_of(r), bowing, rate_hz=r.rate_hz, mount=DECLARED, calibrations=marked)
    assert found.calibrations == ()
    assert len(found.counted) == 4
