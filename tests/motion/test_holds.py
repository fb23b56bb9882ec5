"""Static holds: how long within 10 degrees of the line, how they sank, why they ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_proto.motion import SensorModel, SetPlan, simulate
from imu.exercises import get_exercise
from imu.model import NAN, Analysis, Floats, LineHold, Mount, Rep, RepConfirmed, Samples, Verdict
from imu.motion.holds import LEFT, LOWERED, RECORDING_ENDED, StaticHold, measure_hold, with_hold
from imu.motion.params import MotionParams
from imu.motion.pipeline import Pipeline

Analyse = Callable[..., Analysis]
PARAMS = MotionParams()
DECLARED = Mount.from_axes(cranial="+y", anterior="+z")
HZ = 50.0


def measured(pitch: Floats, *, lowered_s: float = NAN, line_deg: float = NAN, start_s: float = 100.0) -> StaticHold:
    t = 100.0 + np.arange(len(pitch)) / HZ
    found = measure_hold(t, pitch, start_s=start_s, lowered_s=lowered_s, line_deg=line_deg, params=PARAMS)
    assert found is not None
    return found


def sinking(seconds: float, deg_per_min: float, *, breath_deg: float = 1.5) -> Floats:
    t = np.arange(round(seconds * HZ)) / HZ
    out: Floats = -deg_per_min * t / 60.0 + breath_deg * np.sin(2 * np.pi * 0.3 * t)
    return out


@pytest.mark.parametrize("sag", [-3.0, 0.0, 4.0, 8.0])
def test_sag_is_a_slope_that_breathing_does_not_tilt(sag: float) -> None:
    found = measured(sinking(60.0, sag), lowered_s=160.0)
    assert found.sag_deg_per_min == pytest.approx(sag, abs=0.4)
    assert (found.ended, found.end_s) == (LOWERED, 160.0)
    assert found.hold_s == pytest.approx(60.0, abs=0.05)


def test_a_trunk_that_sinks_out_of_the_band_ends_the_hold_there() -> None:
    found = measured(sinking(90.0, 10.0, breath_deg=0.0), lowered_s=190.0, line_deg=0.0)
    assert found.ended == LEFT
    assert found.end_s == pytest.approx(160.0, abs=0.1)
    assert found.hold_s == pytest.approx(60.0, abs=0.1)


def test_a_moment_outside_is_taken_off_and_ends_nothing() -> None:
    pitch = sinking(30.0, 0.0)
    pitch[500:560] = 25.0
    found = measured(pitch)
    assert found.ended == RECORDING_ENDED
    assert found.hold_s == pytest.approx(30.0 - 1.2, abs=0.1)


def test_the_line_is_the_calibrated_one_or_the_holds_own_beginning() -> None:
    pitch = sinking(30.0, 0.0) - 8.0
    assert measured(pitch).line_deg == pytest.approx(-8.0, abs=1.0)
    assert measured(pitch, line_deg=0.0).line_deg == 0.0


def test_a_hold_that_never_comes_near_the_line_is_none() -> None:
    t = np.arange(500) / HZ
    assert measure_hold(t, np.full(500, -60.0), start_s=0.0, lowered_s=9.0, line_deg=0.0, params=PARAMS) is None
    assert measure_hold(t, np.zeros(500), start_s=50.0, lowered_s=60.0, line_deg=0.0, params=PARAMS) is None


def test_a_short_hold_has_no_sag() -> None:
    assert isnan(measured(sinking(12.0, 5.0)).sag_deg_per_min)


@given(
    pitch=st.lists(st.floats(-40, 40), min_size=4, max_size=400),
    line_deg=st.floats(-20, 20),
    lowered=st.one_of(st.just(NAN), st.floats(100.5, 120.0)),
)
def test_whatever_the_trunk_does_the_hold_lies_inside_it(pitch: list[float], line_deg: float, lowered: float) -> None:
    t = 100.0 + np.arange(len(pitch)) / 10.0
    found = measure_hold(t, np.array(pitch), start_s=100.0, lowered_s=lowered, line_deg=line_deg, params=PARAMS)
    if found is None:
        assert not (np.abs(np.array(pitch)[t < (np.inf if isnan(lowered) else lowered)] - line_deg) <= 10.0).any()
        return
    assert 0.0 <= found.hold_s <= found.end_s - t[0] + 1e-9
    assert found.end_s <= max(t[-1], 0.0 if isnan(lowered) else lowered)
    assert (found.ended == LOWERED) <= (not isnan(lowered))


# --- whole recordings -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("learned", [False, True])
def test_simulated_holds_are_timed_and_their_sag_measured(analysed: Analyse, learned: bool) -> None:
    off_s, off_sag = [], []
    for seed, hold_s, sag_deg in ((0, 40.0, 4.0), (1, 60.0, 6.0), (2, 80.0, 0.0), (3, 50.0, 8.0)):
        plan = SetPlan(style="sorensen-hold", top_hold_s=hold_s, sag_deg=sag_deg, misalignment_deg=(5.0, -6.0, 4.0))
        r = simulate(plan, SensorModel(rate_hz=52.0), seed)
        (held,), (true,) = analysed(r, learned=learned).counted, r.truth.counted
        assert held.hold_ended == LOWERED
        assert held.hold_end_s == held.lower_start_s
        off_s.append(held.hold_s - true.top_hold_s)
        off_sag.append(held.sag_deg_per_min - sag_deg / (true.top_hold_s / 60.0))
    assert np.median(np.abs(off_s)) < 0.5
    assert np.median(np.abs(off_sag)) < 1.5


def test_a_hold_is_measured_against_the_calibrated_line(analysed: Analyse) -> None:
    plan = SetPlan(style="sorensen-hold", top_hold_s=60.0, sag_deg=16.0, tremor_deg=0.003)
    r = simulate(plan, SensorModel(rate_hz=52.0), 0)
    (true,) = r.truth.counted
    hold = LineHold(start_s=true.lift_end_s + 0.5, end_s=true.lift_end_s + 3.5)
    (held,) = analysed(r, calibrations=[hold]).counted
    assert held.hold_ended == LEFT
    assert 25.0 < held.hold_s < 45.0, "the sag of 16 degrees passes 10 after a little more than half of the time"


def test_only_static_exercises_have_holds(analysed: Analyse) -> None:
    found = analysed(simulate(SetPlan(reps=3), SensorModel(rate_hz=52.0), 0))
    assert all(isnan(rep.hold_s) and rep.hold_ended == "" for rep in found.reps)


def test_the_hold_that_is_told_live_is_the_one_in_the_ledger() -> None:
    r = simulate(SetPlan(style="sorensen-hold", top_hold_s=30.0), SensorModel(rate_hz=52.0), 0)
    pipeline = Pipeline(get_exercise("sorensen-hold"), rate_hz=r.rate_hz, mount=DECLARED)
    events = []
    for start in range(0, len(r), 10):
        part = slice(start, start + 10)
        events += pipeline.push(Samples.measured(r.t_s[part], r.acc_mps2[part], _part(r.gyr_radps, part)))
    (told,) = (e.rep for e in events + pipeline.finish() if isinstance(e, RepConfirmed))
    (kept,) = pipeline.analysis().counted
    assert told.hold_s > 25.0
    assert (told.hold_s, told.hold_end_s, told.hold_ended) == (kept.hold_s, kept.hold_end_s, kept.hold_ended)


def _part(values: Floats | None, part: slice) -> Floats | None:
    return None if values is None else values[part]


def test_what_is_not_counted_held_nothing() -> None:
    hold = measured(sinking(30.0, 0.0))
    rep = Rep(set=1, rep=1, verdict=Verdict.COUNTED, start_s=98.0, end_s=132.0)
    assert with_hold(rep, hold).hold_s == hold.hold_s
    other = with_hold(replace(rep, verdict=Verdict.UNFINISHED, set=None, rep=None), hold)
    assert isnan(other.hold_s)
    assert other.hold_ended == ""
