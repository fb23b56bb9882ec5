"""A sensor without a gyroscope is a full citizen: it counts exactly, and what it lacks is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from firmware_proto.virtual_time import run_virtual
from imu.app.demo import MOVEMENT_HZ, record_virtual
from imu.app.person import perform
from imu.app.record import Plan, report
from imu.exercises import get_exercise

REPS = 10


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_an_h10_counts_exactly_and_says_that_it_has_no_gyroscope(
    seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    exercise = get_exercise("back-extension")
    performed = perform(exercise, reps=REPS, seed=seed, rate_hz=MOVEMENT_HZ)
    plan = Plan(exercise=exercise, out=tmp_path, synthetic=True, duration_s=float(performed.t_s[-1]) - 0.5)
    recorded = run_virtual(record_virtual(performed, plan, sensor="polar-h10"))
    assert recorded.error is None
    assert len(recorded.analysis.counted) == len(recorded.live.counted) == REPS
    assert recorded.folder is not None
    assert json.loads((recorded.folder / "session.json").read_text())["sensor"]["has_gyroscope"] is False
    assert "no gyroscope" in (recorded.folder / "events.csv").read_text()
    assert (recorded.folder / "samples.csv").read_text().splitlines()[0].endswith("acc_z_mps2")
    report(recorded)
    assert "This sensor has no gyroscope" in capsys.readouterr().out
    rep = recorded.analysis.counted[2]
    assert rep.lift_start_pm_s > 0.08, "with a gyroscope it is 0.03 s"
