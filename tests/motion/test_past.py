"""A live analysis that keeps only the last stretch finds what one finds that keeps everything."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from firmware_proto.motion import Recording, SensorModel, SetPlan, simulate
from imu.exercises import get_exercise
from imu.model import Analysis, Event, LiveState, Mount, Samples, SetClosed, SetStarted
from imu.motion.pipeline import Pipeline

KEEP_S = 40.0
DECLARED = Mount.from_axes(cranial="+y", anterior="+z")


def visit(style: str, *, gyroscope: bool = True, straight_hold_s: float = 0.0) -> Recording:
    """Three sets with walks between: everything but the last one is long past in the end."""
    reps = 1 if style == "sorensen-hold" else 5
    plan = SetPlan(
        style=style, reps=reps, sets=3, rest_s=50.0, between_sets="leave", straight_hold_s=straight_hold_s,
        top_hold_s=20.0 if reps == 1 else None, misalignment_deg=(2.0, -4.0, 3.0),
    )  # fmt: skip
    return simulate(plan, SensorModel(gyroscope=gyroscope), 3)


def analysed(
    recording: Recording, keep_s: float, *, mount: Mount | None = DECLARED, size: int = 52, calibrate: bool = False
) -> tuple[Analysis, list[Event], list[LiveState], Pipeline]:
    samples = Samples.measured(recording.t_s, recording.acc_mps2, recording.gyr_radps)
    pipeline = Pipeline(
        get_exercise(recording.plan.style), rate_hz=recording.rate_hz, gyroscope=recording.gyr_radps is not None,
        mount=mount, keep_s=keep_s,
    )  # fmt: skip
    if calibrate:
        pipeline.calibrate()
    events, states = [], []
    for start in range(0, len(samples), size):
        events += pipeline.push(samples[start : start + size])
        states.append(pipeline.state)
    events += pipeline.finish()
    return pipeline.analysis(), events, states, pipeline


@pytest.mark.parametrize(
    ("style", "gyroscope", "mount", "calibrate"),
    [
        ("back-extension", True, DECLARED, True),
        ("back-extension", True, None, False),
        ("good-morning", True, DECLARED, False),
        ("deadlift", False, DECLARED, False),
        ("sorensen-hold", True, DECLARED, False),
    ],
)
def test_what_is_let_go_was_found_before(style: str, gyroscope: bool, mount: Mount | None, calibrate: bool) -> None:
    recording = visit(style, gyroscope=gyroscope, straight_hold_s=5.0 if calibrate else 0.0)
    whole, all_events, _, everything = analysed(recording, np.inf, mount=mount, calibrate=calibrate)
    short, events, states, pipeline = analysed(recording, KEEP_S, mount=mount, calibrate=calibrate)
    assert len(pipeline.trunk().t_s) < 0.7 * len(everything.trunk().t_s)
    assert [(r.set, r.rep) for r in short.counted] == [(r.set, r.rep) for r in whole.counted]
    for name in ("start_s", "end_s", "lift_s", "lower_s", "top_hold_s", "top_deg", "top_deviation_deg", "hold_s"):
        ours, theirs = (np.array([getattr(r, name) for r in found.counted]) for found in (short, whole))
        np.testing.assert_allclose(ours, theirs, atol=0.02, err_msg=name)
    assert [s.reps for s in short.sets] == [s.reps for s in whole.sets]
    assert len(whole.sets) == 3
    np.testing.assert_allclose([s.rest_s for s in short.sets], [s.rest_s for s in whole.sets], atol=0.02)
    assert short.straight_line_source == whole.straight_line_source
    assert short.straight_line_deg == pytest.approx(whole.straight_line_deg, abs=0.1)
    assert short.slips == whole.slips
    for kind in (SetStarted, SetClosed):
        assert sum(isinstance(e, kind) for e in events) == sum(isinstance(e, kind) for e in all_events) == 3
    sets = [state.set for state in states]
    assert sets == sorted(sets)


def test_memory_is_bounded_by_what_is_kept() -> None:
    recording = visit("back-extension")
    longer = dataclasses.replace(
        recording,
        t_s=np.arange(3 * len(recording)) / recording.rate_hz,
        acc_mps2=np.tile(recording.acc_mps2, (3, 1)),
        gyr_radps=np.tile(recording.gyr_radps, (3, 1)) if recording.gyr_radps is not None else None,
    )
    found, _, _, pipeline = analysed(longer, KEEP_S)
    assert [s.reps for s in found.sets] == [5] * 9
    assert [s.set for s in found.sets] == list(range(1, 10))
    kept = pipeline.trunk().t_s
    assert kept[-1] - kept[0] < 2 * KEEP_S + 60.0
