"""The mount, learned where nobody declared it and checked where somebody did: the same is counted either way."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_proto.motion import Recording, SensorModel, SetPlan, random_negative, random_plan, simulate
from firmware_proto.motion_plan import rotation
from imu.exercises import get_exercise
from imu.model import Analysis, Event, Floats, Mount, MountRevised, Samples, SetClosed
from imu.motion.pipeline import Pipeline, analyze

STYLES = ("back-extension", "roman-chair", "floor-back-extension", "good-morning", "deadlift", "kettlebell-swing")


@lru_cache
def recording(style: str) -> Recording:
    return simulate(SetPlan(style=style, reps=5), SensorModel(rate_hz=52.0), 2)


def turned(style: str, turn: Floats) -> tuple[Analysis, Floats]:
    """Analyse with the sensor turned on the trunk; also the true mount."""
    r = recording(style)
    assert r.gyr_radps is not None
    samples = Samples.measured(r.t_s, r.acc_mps2 @ turn.T, r.gyr_radps @ turn.T)
    return analyze(samples, get_exercise(style), rate_hz=r.rate_hz)[0], r.mount @ turn.T


def learned(analysis: Analysis) -> Mount:
    assert analysis.mount is not None
    assert analysis.mount.source == "learned"
    assert 0.0 < analysis.mount.certainty <= 1.0
    return analysis.mount


def off_deg(a: tuple[float, float, float], b: Floats) -> float:
    return float(np.rad2deg(np.arccos(np.clip(np.dot(a, b), -1.0, 1.0))))


vectors = st.tuples(*[st.floats(-np.pi, np.pi)] * 3).map(np.array)


@settings(max_examples=examples(12))
@given(style=st.sampled_from(STYLES), vector=vectors)
def test_however_the_sensor_sits_the_same_is_counted(style: str, vector: Floats) -> None:
    analysis, true = turned(style, rotation(vector[None])[0])
    mount = learned(analysis)
    assert len(analysis.counted) == 5
    assert off_deg(mount.right, true[2]) < 20.0
    assert off_deg(mount.cranial, true[1]) < 20.0
    straight = recording(style).truth.counted
    for found, rep in zip(analysis.counted, straight, strict=True):
        assert found.lift_start_s == pytest.approx(rep.lift_start_s, abs=0.4)
        assert found.lift_end_s == pytest.approx(rep.lift_end_s, abs=0.4)


@pytest.mark.parametrize("style", STYLES)
def test_a_learned_mount_is_three_right_angles(style: str) -> None:
    mount = learned(turned(style, np.eye(3))[0])
    axes = np.array([mount.anterior, mount.cranial, mount.right])
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(axes) == pytest.approx(1.0)


def test_having_walked_makes_sure() -> None:
    r = simulate(SetPlan(reps=5, set_up=False, step_off=False), SensorModel(rate_hz=52.0), 2)
    assert r.gyr_radps is not None
    samples = Samples.measured(r.t_s, r.acc_mps2, r.gyr_radps)
    unseen, _ = analyze(samples, get_exercise("back-extension"), rate_hz=r.rate_hz)
    seen, _ = turned("back-extension", np.eye(3))
    assert learned(unseen).certainty < learned(seen).certainty
    assert len(unseen.counted) == 5


DECLARED = Mount.from_axes(cranial="+y", anterior="+z")


def performed(plan: SetPlan, *, mount: Mount | None, gyroscope: bool = True) -> tuple[Analysis, Recording]:
    r = simulate(plan, SensorModel(rate_hz=52.0), 2)
    samples = Samples.measured(r.t_s, r.acc_mps2, r.gyr_radps if gyroscope else None)
    return analyze(samples, get_exercise(plan.style), rate_hz=r.rate_hz, mount=mount)[0], r


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("off", [(0.0, 0.0, 0.0), (9.0, -8.0, 7.0)])
def test_a_mount_that_is_about_right_is_left_alone(style: str, off: tuple[float, float, float]) -> None:
    analysis, _ = performed(SetPlan(style=style, reps=5, misalignment_deg=off), mount=DECLARED)
    assert analysis.mount == DECLARED
    assert analysis.warnings == ()
    assert len(analysis.counted) == 5


@pytest.mark.parametrize(("style", "off", "walks", "gyroscope"), [
    ("back-extension", (60.0, 0.0, 0.0), True, True),
    ("roman-chair", (0.0, 60.0, 0.0), True, False),
    ("good-morning", (0.0, 0.0, -60.0), True, True),
    ("deadlift", (35.0, 35.0, 35.0), True, False),
    ("back-extension", (-60.0, 0.0, 0.0), False, True),
    ("floor-back-extension", (0.0, -60.0, 0.0), False, True),
    ("roman-chair", (40.0, 40.0, -20.0), False, True),
])  # fmt: skip
def test_a_strap_60_degrees_off_what_was_declared_costs_no_repetition(
    style: str, off: tuple[float, float, float], walks: bool, gyroscope: bool
) -> None:
    plan = SetPlan(style=style, reps=6, misalignment_deg=off, set_up=walks, step_off=walks)
    analysis, r = performed(plan, mount=DECLARED, gyroscope=gyroscope)
    assert len(analysis.counted) == 6
    assert analysis.mount is not None
    assert analysis.mount.source == "declared, corrected"
    assert analysis.mount.is_corrected
    assert 0.0 < analysis.mount.certainty <= 1.0
    assert off_deg(analysis.mount.right, r.mount[2]) < 20.0
    (words,) = [w for w in analysis.warnings if "taken from the motion" in w]
    assert "axes declared" in words
    told = int(words.split("about ")[1].split()[0])
    assert told == pytest.approx(np.linalg.norm(off), abs=15.0 if walks else 40.0)


def test_a_sensor_with_its_makers_mount_is_warned_of_as_such() -> None:
    made = replace(DECLARED, source="nominal")
    analysis, _ = performed(SetPlan(reps=5, misalignment_deg=(60.0, 0.0, 0.0)), mount=made)
    assert analysis.mount is not None
    assert analysis.mount.source == "nominal, corrected"
    assert "its maker" in analysis.warnings[0]


@pytest.mark.parametrize("activity", ["side-bends", "twists", "lying"])
def test_what_is_no_hinge_corrects_no_right_mount(activity: str) -> None:
    made = random_negative(4, activity, seconds=60.0)
    mount = Mount(anterior=tuple(made.mount[0].tolist()), cranial=tuple(made.mount[1].tolist()), source="declared")
    samples = Samples.measured(made.t_s, made.acc_mps2, made.gyr_radps)
    analysis, _ = analyze(samples, get_exercise("hinge"), rate_hz=made.rate_hz, mount=mount)
    assert analysis.mount == mount


@pytest.mark.parametrize("walks", [True, False])
def test_live_a_wrong_mount_is_corrected_before_the_first_set_ends(walks: bool) -> None:
    plan = SetPlan(reps=6, sets=2, misalignment_deg=(-35.0, 40.0, 30.0), set_up=walks, step_off=walks)
    r = simulate(plan, SensorModel(rate_hz=52.0), 2)
    samples = Samples.measured(r.t_s, r.acc_mps2, r.gyr_radps)
    pipeline = Pipeline(get_exercise(plan.style), rate_hz=r.rate_hz, mount=DECLARED)
    events: list[Event] = []
    for a in range(0, len(samples), 10):
        events += pipeline.push(samples[a : a + 10])
    events += pipeline.finish()
    first_end_s = max(rep.lift_end_s for rep in r.truth.counted if rep.set == 1)
    revised = [e for e in events if isinstance(e, MountRevised)]
    assert revised[0].decided_s < first_end_s
    assert all(e.mount.is_corrected for e in revised)
    closed = {e.summary.set: e.summary.reps for e in events if isinstance(e, SetClosed)}
    assert closed == {1: 6, 2: 6}


@pytest.mark.parametrize("style", STYLES)
def test_whoever_declares_how_the_sensor_really_sits_is_believed(style: str) -> None:
    for seed in range(3):
        plan, sensor = random_plan(seed, style)
        made = simulate(plan, sensor, seed)
        mount = Mount(anterior=tuple(made.mount[0].tolist()), cranial=tuple(made.mount[1].tolist()), source="declared")
        samples = Samples.measured(made.t_s, made.acc_mps2, made.gyr_radps)
        assert analyze(samples, get_exercise(style), rate_hz=made.rate_hz, mount=mount)[0].mount == mount


def test_without_movement_there_is_nothing_to_learn() -> None:
    n = 3000
    rng = np.random.default_rng(1)
    samples = Samples.measured(
        np.arange(n) / 104.0, rng.normal([0, 9.81, 0], 0.03, (n, 3)), rng.normal(0, 0.002, (n, 3))
    )
    analysis, pipeline = analyze(samples, get_exercise("back-extension"), rate_hz=104.0)
    assert analysis.mount is None
    assert analysis.reps == ()
    assert len(pipeline.inclination()) == pytest.approx(n, abs=1)
