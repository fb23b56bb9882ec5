"""The counters ours is compared with do count what is easy: else the comparison would be unfair."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from firmware_proto.motion import Recording, SensorModel, SetPlan, simulate
from imu.exercises import get_exercise
from imu.model import Mount, Samples

HERE = Path(__file__).resolve().parent
WORN = Mount.from_axes(cranial="+y", anterior="+z")


@pytest.fixture
def counters(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(HERE))
    return importlib.import_module("counters")


@pytest.fixture(scope="module", params=["back-extension", "good-morning"])
def made(request: pytest.FixtureRequest) -> Recording:
    """Eight even repetitions."""
    plan = SetPlan(style=request.param, reps=8, set_up=False, step_off=False, timing_spread=0.02)
    return simulate(plan, SensorModel(), 1)


@pytest.mark.parametrize("name", ["RecoFit-style", "peaks of the angle", "percentiles"])
@pytest.mark.parametrize("gyroscope", [True, False])
def test_a_clean_set_is_counted(counters: ModuleType, made: Recording, name: str, gyroscope: bool) -> None:
    reps = made.truth.counted
    inside = (made.t_s > reps[0].start_s - 0.5) & (made.t_s < reps[-1].end_s + 0.5)
    samples = Samples.measured(made.t_s, made.acc_mps2, made.gyr_radps if gyroscope else None)[inside]
    found = counters.COUNTERS[name](samples, get_exercise(made.plan.style), WORN)
    assert len(found) == 8
    assert np.all(np.diff(found) > 1.0)
    assert all(any(r.start_s - 1.0 <= t <= r.end_s + 1.0 for r in reps) for t in found)


@pytest.mark.parametrize("name", ["peaks of the angle", "percentiles"])
def test_standing_still_counts_nothing(counters: ModuleType, name: str) -> None:
    t = np.arange(3000) / 104.0
    still = Samples.measured(t, np.tile([0.0, 9.81, 0.1], (3000, 1)) + 1e-3 * np.sin(t)[:, None])
    assert not len(counters.COUNTERS[name](still, get_exercise("hinge"), WORN))


@pytest.mark.parametrize("name", ["peaks of the angle", "percentiles"])
def test_without_a_mount_there_is_no_angle(counters: ModuleType, made: Recording, name: str) -> None:
    samples = Samples.measured(made.t_s, made.acc_mps2, made.gyr_radps)
    assert not len(counters.COUNTERS[name](samples, get_exercise("hinge"), None))
