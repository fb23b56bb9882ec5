"""A mount nobody declared, learned from the motion: however the sensor sits, the same is counted."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_proto.motion import Recording, SensorModel, SetPlan, simulate
from firmware_proto.motion_plan import rotation
from imu.exercises import get_exercise
from imu.model import Analysis, Floats, Mount, Samples
from imu.motion.pipeline import analyze

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


@settings(max_examples=12, deadline=None)
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


def test_what_is_declared_is_not_learned() -> None:
    r = recording("back-extension")
    samples = Samples.measured(r.t_s, r.acc_mps2, r.gyr_radps)
    mount = Mount.from_axes(cranial="+y", anterior="+z")
    analysis, _ = analyze(samples, get_exercise("back-extension"), rate_hz=r.rate_hz, mount=mount)
    assert analysis.mount == mount


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
