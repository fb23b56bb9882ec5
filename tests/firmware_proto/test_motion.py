"""The simulator is an instrument: its physics must be right and its truth exact, or every accuracy figure is wrong."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_proto.disturbance import breathing, wobble
from firmware_proto.motion import (
    DAILY,
    STYLES,
    Recording,
    SensorModel,
    SetPlan,
    negative,
    random_negative,
    random_plan,
    simulate,
)
from firmware_proto.motion_model import Script, edges, travelled, velocity
from firmware_proto.motion_plan import rotation
from firmware_proto.motion_truth import stroke_edges
from firmware_proto.sensor_model import G_MPS2

QUIET = SetPlan(tremor_deg=0, breathing_deg=0, sway_deg=0, wobble=0, timing_spread=0, range_spread_deg=0)
PLANAR = replace(QUIET, set_up=False, step_off=False, reps=4)
IDEAL = SensorModel.ideal()


def in_trunk(recording: Recording) -> tuple[np.ndarray, np.ndarray]:
    """Specific force and angular rate in trunk axes."""
    assert recording.gyr_radps is not None
    return recording.acc_mps2 @ recording.mount.T, recording.gyr_radps @ recording.mount.T


def up_by_integration(recording: Recording) -> np.ndarray:
    """Up in sensor axes, from the first one and the gyroscope alone."""
    assert recording.gyr_radps is not None
    turns = rotation(-0.5 * (recording.gyr_radps[1:] + recording.gyr_radps[:-1]) / recording.rate_hz)
    ups = [recording.up[0]]
    for turn in turns:
        ups.append(turn @ ups[-1])
    return np.array(ups)


def angle_deg(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(np.rad2deg(np.arccos(np.clip(np.sum(a * b, axis=1), -1, 1))))


# --- physics ------------------------------------------------------------------------------------------------------


def test_at_rest_the_accelerometer_reads_gravity_upwards() -> None:
    recording = simulate(QUIET, IDEAL)
    still = recording.acc_mps2[recording.t_s < 2.5]
    assert np.linalg.norm(still, axis=1) == pytest.approx(G_MPS2, abs=0.004)
    assert still @ recording.mount[1] == pytest.approx(G_MPS2, abs=0.004)  # upright: up is where the head is


def test_in_holds_the_accelerometer_tilt_is_the_pitch() -> None:
    recording = simulate(replace(PLANAR, top_hold_s=2.0, bottom_hold_s=2.0), IDEAL)
    force, _ = in_trunk(recording)
    tilt = np.rad2deg(np.arctan2(force[:, 1], -force[:, 0]))
    for rep in recording.truth.reps:
        hold = (recording.t_s > rep.lift_end_s + 0.5) & (recording.t_s < rep.lower_start_s - 0.6)
        assert hold.sum() > 50
        assert tilt[hold] == pytest.approx(rep.top_deg, abs=0.1)


def test_the_gyroscope_integrates_to_the_pitch() -> None:
    recording = simulate(PLANAR, IDEAL)
    _, rate = in_trunk(recording)
    turned = np.rad2deg(np.cumsum(rate[:, 2]) / recording.rate_hz)
    assert turned + recording.pitch_deg[0] == pytest.approx(recording.pitch_deg, abs=0.6)
    assert turned[-1] + recording.pitch_deg[0] == pytest.approx(recording.pitch_deg[-1], abs=0.2)


@pytest.mark.parametrize("style", ["back-extension", "deadlift", "kettlebell-swing"])
def test_the_gyroscope_follows_gravity_in_space_with_walking_turning_wobble_and_slip(style: str) -> None:
    plan = replace(SetPlan(style=style, reps=4), misalignment_deg=(20, -35, 50), slip_deg=(0, 0, 12), lean_deg=5)
    recording = simulate(plan, SensorModel.ideal(rate_hz=208.0))
    assert angle_deg(up_by_integration(recording), recording.up).max() < 0.6


def test_a_swinging_trunk_feels_centripetal_and_tangential_acceleration() -> None:
    plan = replace(PLANAR, style="floor-back-extension", lift_s=0.8, lower_s=0.8, top_deg=60, sensor_depth_m=0.0)
    recording = simulate(plan, IDEAL)
    force, rate = in_trunk(recording)
    w, pitch = rate[:, 2], np.deg2rad(recording.pitch_deg)
    dw = np.gradient(w, 1 / recording.rate_hz)
    inner = slice(5, -5)
    assert np.abs(w).max() > 1.5
    cranial = G_MPS2 * np.sin(pitch) - plan.sensor_height_m * w**2
    anterior = -G_MPS2 * np.cos(pitch) - plan.sensor_height_m * dw
    assert force[inner, 1] == pytest.approx(cranial[inner], abs=0.03)
    assert force[inner, 0] == pytest.approx(anterior[inner], abs=0.12)


def test_walking_bounces_at_the_step_rate() -> None:
    recording = negative("walking", seconds=20.0, plan=QUIET, sensor=IDEAL)
    force, _ = in_trunk(recording)
    spectrum = np.abs(np.fft.rfft(force[:, 1] - force[:, 1].mean()))
    frequency = np.fft.rfftfreq(len(recording), 1 / recording.rate_hz)
    assert 1.5 < frequency[spectrum.argmax()] < 2.2
    assert 12.0 < force[:, 1].max() < 22.0


def test_a_strap_rings_and_settles_at_its_static_answer() -> None:
    drive = np.zeros((2000, 3))
    drive[100:] = 1.0
    answer = wobble(drive, 1 / 416, 6.0, 0.15)[:, 0]
    assert answer[:100] == pytest.approx(0.0)
    assert 1.5 < answer.max() < 1.7  # exp(-pi z / sqrt(1 - z^2)) = 0.62 over
    assert answer[-1] == pytest.approx(1.0, abs=1e-3)
    assert wobble(drive[100:], 1 / 416, 6.0, 0.15) == pytest.approx(1.0)


def test_breathing_stays_near_its_rate() -> None:
    t = np.arange(0, 100, 0.01)
    breath = breathing(t, 0.3, np.random.default_rng(1))
    assert np.abs(breath).max() == pytest.approx(1.0, abs=0.02)
    assert 26 <= np.sum(np.diff(np.sign(breath)) > 0) <= 34


def test_a_slip_turns_the_sensor_by_its_angle() -> None:
    still = replace(QUIET, set_up=False, step_off=False, reps=1, still_s=5.0, bottom_deg=0, slip_deg=(0, 0, 15))
    recording = simulate(replace(still, slip_at=0.5), IDEAL)
    begin, end = recording.acc_mps2[50], recording.acc_mps2[-50]
    assert np.rad2deg(np.arccos(begin @ end / G_MPS2**2)) == pytest.approx(15.0, abs=0.1)


# --- truth --------------------------------------------------------------------------------------------------------


def test_minimum_jerk_crosses_a_tenth_of_its_peak_rate_where_algebra_says() -> None:
    start = 0.5 * (1.0 - np.sqrt(1.0 - np.sqrt(0.1)))  # 16 u^2 (1 - u)^2 = 0.1
    assert edges(2.0, 2.0) == pytest.approx((start, 1.0 - start))
    script = Script()
    stroke = script.move(3.0, pitch=0.0)
    begin, end, peak = stroke_edges(script, stroke)
    assert (begin, end) == pytest.approx((3 * start, 3 * (1 - start)), abs=1e-5)
    assert peak == pytest.approx(90.0 / 3.0 * 1.875, rel=1e-6)


@given(st.floats(1.0, 4.0), st.floats(1.0, 4.0))
@settings(max_examples=examples(50))
def test_every_velocity_profile_goes_the_whole_way_and_its_rate_is_its_derivative(rise: float, fall: float) -> None:
    u = np.linspace(0.0, 1.0, 2001)
    way = travelled(u, rise, fall)
    assert way[[0, -1]] == pytest.approx([0.0, 1.0], abs=1e-9)
    assert np.gradient(way, u)[1:-1] == pytest.approx(velocity(u, rise, fall)[1:-1], abs=2e-3)


@given(
    lift_s=st.floats(0.6, 4.0),
    lower_s=st.floats(0.6, 10.0),
    top=st.floats(0.11, 0.8),
    bottom=st.floats(0.11, 0.8),
    style=st.sampled_from(["back-extension", "good-morning", "deadlift"]),
)
@settings(max_examples=examples(20))
def test_the_tempo_is_the_one_asked_for(lift_s: float, lower_s: float, top: float, bottom: float, style: str) -> None:
    work = lift_s + lower_s
    plan = replace(PLANAR, style=style, reps=3, lift_s=lift_s, lower_s=lower_s)
    plan = replace(plan, top_hold_s=top * work, bottom_hold_s=bottom * work)
    rep = simulate(plan, SensorModel.ideal(rate_hz=26.0)).truth.reps[1]
    asked = (lower_s, bottom * work, lift_s, top * work)
    assert (rep.lower_s, rep.bottom_hold_s, rep.lift_s, rep.top_hold_s) == pytest.approx(asked, abs=2e-3)


def test_the_rate_of_a_stretch_is_the_channel_s_own() -> None:
    script = Script()
    for target in (0.0, 50.0, -40.0):
        script.move(1.3, pitch=target, tilt=3.0, rise=1.5)
        script.wait(0.4)
    t = np.linspace(1.0, 4.5, 1000)
    assert script.rate("pitch", t) == pytest.approx(script.channel("pitch", t)[1])
    assert np.abs(script.rate("pitch", t)).max() > 50.0


def test_touch_and_go_gives_short_holds_never_negative_ones() -> None:
    truth = simulate(replace(PLANAR, top_hold_s=0.0, bottom_hold_s=0.0), IDEAL).truth
    for rep in truth.reps[:-1]:
        assert 0.0 < rep.top_hold_s < 0.04 * (rep.lift_s + rep.lower_s)
        assert 0.0 < rep.bottom_hold_s < 0.04 * (rep.lift_s + rep.lower_s)
    assert np.isnan(truth.reps[-1].bottom_hold_s)  # nothing follows that could end it


@pytest.mark.parametrize("clock_error", [-0.05, 0.0, 0.05])
def test_the_measured_rate_crosses_a_tenth_of_its_peak_at_the_true_times(clock_error: float) -> None:
    recording = simulate(PLANAR, SensorModel.ideal(clock_error=clock_error, crystal_ppm=200.0))
    _, rate = in_trunk(recording)
    dps = np.rad2deg(rate[:, 2])
    for rep in recording.truth.reps:
        for sign, start, end in ((1, rep.lift_start_s, rep.lift_end_s), (-1, rep.lower_start_s, rep.lower_end_s)):
            near = (recording.t_s > start - 0.3) & (recording.t_s < end + 0.3)
            t, speed = recording.t_s[near], sign * dps[near]
            inside = t[speed >= 0.1 * speed.max()]
            assert (inside[0], inside[-1]) == pytest.approx((start, end), abs=1.5 / recording.rate_hz)


def test_the_truth_knows_nothing_of_disturbance_sensor_or_strap() -> None:
    clean = simulate(replace(PLANAR, range_spread_deg=2), IDEAL, seed=5).truth
    rough = replace(
        PLANAR, range_spread_deg=2, tremor_deg=0.5, breathing_deg=2, wobble=0.4, misalignment_deg=(9, 80, 3)
    )
    assert repr(simulate(rough, SensorModel(rate_hz=26.0, gyroscope=False), seed=5).truth) == repr(clean)


@pytest.mark.parametrize(("style", "seed"), list(itertools.product(STYLES, range(4))))
def test_any_random_plan_holds_what_it_says(style: str, seed: int) -> None:
    plan, sensor = random_plan(seed, style)
    recording = simulate(plan, sensor, seed)
    truth = recording.truth
    assert len(truth.counted) == plan.sets * (1 if STYLES[style].static else plan.reps)
    assert np.isfinite(recording.acc_mps2).all()
    assert np.mean(np.abs(recording.raw.astype(int)) >= 32767) < 0.005
    assert np.all(np.diff(recording.t_s) > 0)
    assert recording.t_s[-1] * recording.rate_hz == pytest.approx(len(recording) - 1)
    for rep in truth.reps:
        first, second = (rep.lift_s, rep.lower_s) if STYLES[style].starts_low else (rep.lower_s, rep.lift_s)
        between = rep.top_hold_s if STYLES[style].starts_low else rep.bottom_hold_s
        assert min(first, second, between) > 0
        assert rep.start_s + first + between + second == pytest.approx(rep.end_s)
        at_top = np.interp(rep.lift_end_s, recording.t_s, recording.prescribed_deg)
        at_bottom = np.interp(rep.lower_end_s, recording.t_s, recording.prescribed_deg)
        assert (at_top, at_bottom) == pytest.approx((rep.top_deg, rep.bottom_deg), abs=0.05 * rep.rom_deg + 0.5)


@pytest.mark.parametrize("style", [s for s in STYLES if not STYLES[s].static])
def test_no_time_is_lost_between_repetitions(style: str) -> None:
    reps = simulate(SetPlan(style=style, reps=5, partial_after=(2,), timing_spread=0.1)).truth.reps
    for rep, after in itertools.pairwise(reps):
        phases = rep.lift_s + rep.lower_s + rep.top_hold_s + rep.bottom_hold_s
        assert rep.start_s + phases == pytest.approx(after.start_s)


def test_bottom_is_the_lowest_instant() -> None:
    for style in ("roman-chair", "romanian-deadlift"):
        recording = simulate(replace(PLANAR, style=style, bottom_hold_s=0.0), IDEAL)
        for rep in recording.truth.reps:
            near = np.abs(recording.t_s - rep.bottom_s) < 1.0
            assert recording.prescribed_deg[near].min() == pytest.approx(rep.bottom_deg, abs=0.05)
            assert np.interp(rep.bottom_s, recording.t_s, recording.prescribed_deg) == pytest.approx(
                rep.bottom_deg, abs=0.05
            )


def test_a_shallow_attempt_is_recorded_but_does_not_count() -> None:
    recording = simulate(replace(QUIET, reps=4, partial_after=(2,), partial_share=0.3))
    truth = recording.truth
    assert [r.rep for r in truth.reps] == [1, 2, 0, 3, 4]
    assert [r.rep for r in truth.counted] == [1, 2, 3, 4]
    shallow = truth.reps[2]
    assert shallow.rom_deg == pytest.approx(0.3 * 90.0)
    assert [(m.start_s, m.end_s) for m in truth.movements if m.kind == "partial"] == [(shallow.start_s, shallow.end_s)]


def test_a_stall_belongs_to_the_lift_and_a_bounce_shortens_the_bottom() -> None:
    reps = simulate(
        replace(PLANAR, reps=6, stalled=(2,), stall_s=1.2, bounced=(4,), bottom_hold_s=0.8), IDEAL
    ).truth.reps
    assert reps[1].note == "stalled lift"
    assert 1.2 < reps[1].lift_s - reps[0].lift_s < 1.7
    assert reps[3].note == "bounced"
    assert reps[3].bottom_hold_s < 0.35
    assert reps[4].bottom_hold_s == pytest.approx(0.8, abs=0.01)


def test_a_rebound_lifts_the_trunk_within_the_bottom() -> None:
    plan = replace(PLANAR, style="good-morning", bounced=(2,), rebound_deg=6)
    recording = simulate(plan, IDEAL)
    rep = recording.truth.reps[1]
    within = (recording.t_s > rep.lower_end_s) & (recording.t_s < rep.lift_start_s)
    assert recording.prescribed_deg[within].max() == pytest.approx(rep.bottom_deg + 6, abs=0.3)


def test_a_double_bottom_is_one_bottom_with_a_hump_in_it() -> None:
    plan = replace(PLANAR, style="good-morning", double_bottom=(2,), hump_deg=8, hump_s=1.4, bottom_hold_s=0.6)
    recording = simulate(plan, IDEAL)
    plain, double = recording.truth.reps[0], recording.truth.reps[1]
    assert double.note == "double bottom"
    assert double.bottom_hold_s == pytest.approx(plain.bottom_hold_s + 1.4, abs=0.01)
    assert (double.lift_s, double.lower_s) == pytest.approx((plain.lift_s, plain.lower_s), abs=0.01)
    within = (recording.t_s > double.lower_end_s) & (recording.t_s < double.lift_start_s)
    pitch = recording.prescribed_deg[within]
    assert pitch.max() == pytest.approx(double.bottom_deg + 8, abs=0.3)
    assert pitch[-10:].max() < double.bottom_deg + 1.0


def test_a_bounced_bottom_has_no_second_hump() -> None:
    reps = simulate(replace(PLANAR, bounced=(2,), double_bottom=(2,)), IDEAL).truth.reps
    assert reps[1].note == "bounced"


def test_a_stall_in_the_lowering_belongs_to_it() -> None:
    reps = simulate(replace(PLANAR, reps=4, lower_stalled=(2,), stall_s=1.2), IDEAL).truth.reps
    assert reps[1].note == "stalled lowering"
    assert 1.2 < reps[1].lower_s - reps[0].lower_s < 1.9
    assert reps[1].lift_s == pytest.approx(reps[0].lift_s, abs=0.01)


def test_daily_life_around_the_sets_is_no_repetition_and_leaves_the_sets_as_they_were() -> None:
    plain = SetPlan(reps=3, sets=2, between_sets="leave")
    there = simulate(replace(plain, around=("chair", "lying")), SensorModel(), 4).truth
    without = simulate(plain, SensorModel(), 4).truth
    kinds = [m.kind for m in there.movements]
    assert [k for k in kinds if k in ("chair", "lying")] == ["chair", "lying", "chair"]
    for asked, usual in zip(there.reps, without.reps, strict=True):
        assert (asked.lift_s, asked.lower_s, asked.top_deg) == pytest.approx(
            (usual.lift_s, usual.lower_s, usual.top_deg)
        )
    for m in there.movements:
        assert m.kind not in ("chair", "lying") or not any(
            m.start_s < r.end_s and r.start_s < m.end_s for r in there.reps
        )


def test_the_whole_variety_is_drawn() -> None:
    plans = [random_plan(seed, style)[0] for seed in range(60) for style in ("back-extension", "deadlift")]
    for quirk in ("double_bottom", "lower_stalled", "around", "bounced", "stalled", "partial_after", "pick_ups"):
        assert 0.05 < np.mean([bool(getattr(plan, quirk)) for plan in plans]) < 0.6, quirk
    lowest = [plan.tempo_s[0] for plan in plans]
    assert max(lowest) > 8.5
    assert max(lowest) <= 10.0
    assert min(lowest) < 1.0


def test_slouching_overextending_and_fatigue_show_in_the_truth() -> None:
    plan = replace(PLANAR, reps=6, slouched_first_deg=12, overextended_last_deg=9, slowdown=0.5)
    reps = simulate(plan, IDEAL).truth.reps
    assert [round(r.top_deg) for r in reps] == [33, 45, 45, 45, 45, 54]
    assert reps[-1].lift_s == pytest.approx(1.5 * reps[0].lift_s, rel=0.01)
    assert np.all(np.diff([r.lift_s for r in reps]) > 0)


def test_a_static_hold_is_one_repetition_that_sinks() -> None:
    recording = simulate(replace(QUIET, style="sorensen-hold", top_hold_s=40.0, sag_deg=6.0), IDEAL)
    (rep,) = recording.truth.reps
    assert rep.top_hold_s == pytest.approx(40.0, abs=0.01)
    end = np.interp(rep.lower_start_s, recording.t_s, recording.prescribed_deg)
    assert rep.top_deg - end == pytest.approx(6.0, abs=0.8)


def test_sets_are_numbered_and_rested_between() -> None:
    for between in ("stay", "leave"):
        truth = simulate(replace(QUIET, reps=3, sets=2, rest_s=20.0, between_sets=between)).truth
        assert [(r.set, r.rep) for r in truth.counted] == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3)]
        assert truth.reps[3].start_s - truth.reps[2].end_s > 19.0
        kinds = [m.kind for m in truth.movements]
        assert kinds.count("set-up") == kinds.count("step-off") == (2 if between == "leave" else 1)


def test_set_up_and_step_off_lie_around_the_set() -> None:
    truth = simulate(SetPlan(pick_ups=2)).truth
    kinds = {m.kind: m for m in truth.movements}
    assert kinds["set-up"].end_s <= truth.reps[0].start_s
    assert kinds["step-off"].start_s >= truth.reps[-1].end_s
    assert [m.kind for m in truth.movements].count("pick-up") == 2


def test_truth_rows_are_in_order_and_plain() -> None:
    recording = simulate(SetPlan(reps=3, partial_after=(1,)))
    rows = recording.truth_rows()
    assert json.loads(json.dumps(rows))
    starts = [float(str(row["start_s"])) for row in rows]
    assert starts == sorted(starts)
    assert [row["kind"] for row in rows].count("rep") == 3
    assert [row["kind"] for row in rows].count("partial") == 1


# --- sensor -------------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not() -> None:
    plan, sensor = random_plan(3, "back-extension")
    assert random_plan(3, "back-extension") == (plan, sensor)
    first, again, other = simulate(plan, sensor, 7), simulate(plan, sensor, 7), simulate(plan, sensor, 8)
    assert first.raw.tobytes() == again.raw.tobytes()
    assert repr(first.truth) == repr(again.truth)  # nan is not equal to itself
    assert first.raw.tobytes() != other.raw.tobytes()


@pytest.mark.parametrize("axes", list(itertools.permutations(("+x", "-x", "+y", "-y", "+z", "-z"), 2)))
def test_any_mounting_hides_the_same_motion(axes: tuple[str, str]) -> None:
    cranial, anterior = axes
    if cranial[1] == anterior[1]:
        with pytest.raises(ValueError, match="two different sensor axes"):
            SetPlan(cranial=cranial, anterior=anterior)
        return
    usual = simulate(replace(PLANAR, reps=1), IDEAL)
    turned = simulate(replace(PLANAR, reps=1, cranial=cranial, anterior=anterior), IDEAL)
    assert turned.mount == pytest.approx(turned.plan.nominal_mount)
    for a, b in zip(in_trunk(usual), in_trunk(turned), strict=True):
        assert a == pytest.approx(b, abs=0.005)


@given(st.tuples(*[st.floats(-100, 100)] * 3))
@settings(max_examples=examples(15))
def test_any_misalignment_is_a_rotation_of_the_same_motion(turn: tuple[float, float, float]) -> None:
    usual, turned = (
        simulate(replace(PLANAR, reps=1, still_s=1.0, misalignment_deg=m), IDEAL) for m in ((0, 0, 0), turn)
    )
    assert turned.mount @ turned.mount.T == pytest.approx(np.eye(3))
    assert np.linalg.det(turned.mount) == pytest.approx(1.0)
    off = np.rad2deg(np.arccos(np.clip(0.5 * (np.trace(turned.mount @ usual.mount.T) - 1), -1, 1)))
    asked = np.linalg.norm(turn)
    assert off == pytest.approx(min(asked, abs(360 - asked)), abs=1e-3)
    for a, b in zip(in_trunk(usual), in_trunk(turned), strict=True):
        assert a == pytest.approx(b, abs=0.008)


def test_noise_and_offsets_are_those_of_the_data_sheet() -> None:
    still = replace(QUIET, sway_deg=0)
    sensor = SensorModel(acc_bias_mg=(0, 30, -40), gyr_bias_dps=(4, -5, 6), acc_scale_error=(0, 0, 0), gyr_drift_dps=0)
    recording = negative("standing", seconds=60.0, plan=still, sensor=sensor)
    assert recording.gyr_radps is not None
    acc_g, dps = recording.acc_mps2 / G_MPS2, np.rad2deg(recording.gyr_radps)
    assert acc_g.std(axis=0) == pytest.approx(90e-6 * np.sqrt(52.0), rel=0.05)
    assert dps.std(axis=0) == pytest.approx(np.hypot(7e-3 * np.sqrt(52.0), 0.07 / np.sqrt(12)), rel=0.05)
    assert dps.mean(axis=0) == pytest.approx([4, -5, 6], abs=0.02)
    assert acc_g.mean(axis=0) == pytest.approx([0, 1.03, -0.04], abs=0.001)


def test_raw_counts_carry_the_signals_and_saturate() -> None:
    recording = simulate(SetPlan(style="kettlebell-swing", reps=5), SensorModel(acc_range_g=2))
    assert recording.raw.dtype == np.int16
    assert recording.raw.shape == (len(recording), 6)
    assert recording.raw[:, :3] * recording.acc_g_per_lsb * G_MPS2 == pytest.approx(recording.acc_mps2)
    assert recording.gyr_radps is not None
    assert recording.raw[:, 3:] * recording.gyr_dps_per_lsb == pytest.approx(np.rad2deg(recording.gyr_radps))
    assert (np.abs(recording.raw[:, :3].astype(int)) >= 32767).any()


def test_without_a_gyroscope_there_is_only_acceleration() -> None:
    recording = simulate(PLANAR, SensorModel(gyroscope=False))
    assert recording.gyr_radps is None
    assert recording.raw.shape == (len(recording), 3)


def test_the_clock_error_changes_the_samples_and_the_crystal_the_stamps() -> None:
    right, fast = simulate(PLANAR, SensorModel()), simulate(PLANAR, SensorModel(clock_error=0.05))
    assert len(fast) == pytest.approx(1.05 * len(right), abs=2)
    assert fast.rate_hz == pytest.approx(109.2)
    slow_crystal = simulate(PLANAR, SensorModel(crystal_ppm=1000.0))
    assert slow_crystal.truth.reps[0].start_s == pytest.approx(1.001 * right.truth.reps[0].start_s)
    assert slow_crystal.t_s[-1] == pytest.approx(1.001 * right.t_s[-1])


@pytest.mark.parametrize("rate_hz", [12.5, 26.0, 52.0, 104.0, 208.0, 416.0])
def test_every_rate_sees_the_same_motion(rate_hz: float) -> None:
    recording = simulate(PLANAR, SensorModel.ideal(rate_hz=rate_hz))
    assert recording.pitch_deg == pytest.approx(recording.prescribed_deg, abs=0.4)
    assert repr(recording.truth) == repr(simulate(PLANAR, IDEAL).truth)


# --- nothing to count ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*DAILY, "mixed"])
def test_daily_life_holds_no_repetition(kind: str) -> None:
    recording = negative(kind, seconds=40.0, seed=2)
    assert recording.truth.reps == ()
    assert recording.truth.movements
    assert recording.t_s[-1] > 39.0
    assert np.isfinite(recording.acc_mps2).all()


@pytest.mark.parametrize(
    ("kind", "least_deg", "most_deg"), [("chair", 30, 60), ("pick-ups", 30, 60), ("side-bends", 3, 20)]
)
def test_daily_life_bends_the_trunk_as_it_does(kind: str, least_deg: float, most_deg: float) -> None:
    pitch = negative(kind, seconds=60.0, plan=QUIET, sensor=IDEAL).prescribed_deg
    assert least_deg < 90.0 - pitch.min() < most_deg


def test_side_bends_and_twists_turn_about_other_axes() -> None:
    for kind, axis in (("side-bends", 0), ("twists", 1)):
        _, rate = in_trunk(negative(kind, seconds=30.0, plan=QUIET, sensor=IDEAL))
        assert rate.std(axis=0).argmax() == axis


def test_lying_on_the_back_reaches_the_other_half_of_the_circle() -> None:
    pitch = np.concatenate([negative("lying", seconds=60.0, seed=s).prescribed_deg for s in range(4)])
    assert pitch.max() > 165.0
    assert pitch.min() < 10.0


def test_random_negatives_differ_and_repeat() -> None:
    first, again, other = (random_negative(s, seconds=20.0) for s in (1, 1, 2))
    assert first.raw.tobytes() == again.raw.tobytes()
    assert first.sensor != other.sensor


# --- what cannot be asked for -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda: SetPlan(style="yoga"), "back-extension"),
        (lambda: random_plan(1, "yoga"), "back-extension"),
        (lambda: SetPlan(cranial="+w"), "sensor axes"),
        (lambda: SetPlan(lift_s=0.0), "more than 0 s"),
        (lambda: SetPlan(top_hold_s=-1.0), "at least 0 s"),
        (lambda: SetPlan(top_deg=-60.0), "top"),
        (lambda: SetPlan(reps=0), "at least one"),
        (lambda: SensorModel(acc_range_g=3), "one of"),
        (lambda: SensorModel(gyr_range_dps=3), "one of"),
        (lambda: SensorModel(rate_hz=0.0), "Hz"),
        (lambda: negative("yoga"), "walking"),
        (lambda: simulate(SetPlan(around=("yoga",))), "walking"),
        (lambda: SetPlan(hump_s=0.0), "hump"),
    ],
)
def test_what_cannot_be_simulated_is_refused_with_what_can(wrong: Callable[[], object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        wrong()
