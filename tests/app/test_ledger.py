"""Whoever follows the events alone holds what the analysis holds, also where it changed its mind."""

from __future__ import annotations

import pytest

from firmware_proto.motion import STYLES, random_plan, simulate
from imu.app.board import Board
from imu.app.ledger import Ledger
from imu.exercises import get_exercise
from imu.model import (
    NAN,
    Event,
    Mount,
    MovementRejected,
    Rep,
    RepConfirmed,
    RepRevised,
    Samples,
    SetClosed,
    SetRetracted,
    SetStarted,
    SetSummary,
    Verdict,
)
from imu.motion.pipeline import Pipeline

PACKET = 10
LATEST_S = 3.0
LATEST_SLOW_S = 4.5
"""A stroke's soft end, as the fit of its shape tells it, may lie a quarter of its duration before it was seen to end."""
SLOW_S = 2.5


def followed(style: str, seed: int, mount: Mount | None = None) -> tuple[Pipeline, list[tuple[Event, float]]]:
    """A simulated visit taken live, with each event the time of the newest sample when it came."""
    plan, sensor = random_plan(seed, style)
    made = simulate(plan, sensor, seed)
    samples = Samples.measured(made.t_s, made.acc_mps2, made.gyr_radps)
    if mount is not None:
        mount = Mount.from_axes(cranial=plan.cranial, anterior=plan.anterior)
    pipeline = Pipeline(
        get_exercise(style), rate_hz=made.rate_hz, gyroscope=samples.gyr_radps is not None, mount=mount
    )
    told: list[tuple[Event, float]] = []
    for at in range(0, len(samples), PACKET):
        packet = samples[at : at + PACKET]
        told += [(event, float(packet.t_s[-1])) for event in pipeline.push(packet)]
    return pipeline, told


def known(pipeline: Pipeline) -> list[tuple[int | None, int | None, float, float]]:
    return [(r.set, r.rep, r.start_s, r.end_s) for r in pipeline.analysis().counted]


def held(ledger: Ledger) -> list[tuple[int | None, int | None, float, float]]:
    return [(r.set, r.rep, r.start_s, r.end_s) for r in ledger.counted]


@pytest.mark.parametrize("style", list(STYLES))
@pytest.mark.parametrize("seed", [0, 3, 22])
def test_following_the_events_gives_what_the_analysis_gives(style: str, seed: int) -> None:
    pipeline, told = followed(style, seed)
    board = Board(exercise=get_exercise(style), sensor="simulated")
    for event, _ in told:
        board.take(event)
    assert held(board.ledger) == known(pipeline)
    for event in pipeline.finish():
        board.take(event)
    assert held(board.ledger) == known(pipeline)
    sets = pipeline.analysis().sets
    assert [(s.set, s.reps, s.start_s, s.end_s) for s in sets] == [
        (s.set, s.reps, s.start_s, s.end_s) for _, s in sorted(board.ledger.sets.items())
    ]
    assert board.ledger.begun == {s.set for s in sets}
