"""The same set through every kind of sensor: found, recorded, dropped, found again, counted."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import numpy as np
import pytest
from conftest import InAir

from firmware_proto.motion import Recording
from firmware_proto.virtual_time import VirtualTimeLoop
from imu.app.board import Board
from imu.app.demo import MOVEMENT_HZ, TWINS
from imu.app.display import Lines
from imu.app.person import perform
from imu.app.record import Plan, find_and_record
from imu.exercises import get_exercise
from imu.sensors import FAMILIES, Family
from imu.sessions import read_session

REPS = 10
BACK_EXTENSION = dataclasses.replace(get_exercise("back-extension"), target_tempo="2-0-1-3")
EMULATED_SPEED = 40.0
STILL_S = 90.0
"""How long the person stands there afterwards; a real BlueZ that runs so much faster takes so long to connect again."""


@pytest.fixture(scope="module")
def performed() -> Recording:
    return perform(BACK_EXTENSION, reps=REPS, seed=4, rate_hz=MOVEMENT_HZ)


def test_every_family_has_a_twin() -> None:
    assert {family.name for family in FAMILIES} == set(TWINS)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
async def test_a_set_with_a_drop_is_counted_exactly(
    family: Family, performed: Recording, in_air: InAir, tmp_path: Path
) -> None:
    virtual = isinstance(asyncio.get_running_loop(), VirtualTimeLoop)
    end_s = float(performed.t_s[-1])
    hold_s = performed.truth.counted[4].lift_end_s + 0.3
    drop_s = hold_s if virtual else end_s

    async with in_air(TWINS[family.name](performed), speed=1.0 if virtual else EMULATED_SPEED) as (air, backend):

        class Dropping(Lines):
            """Cuts the link once, at its time."""

            dropped = False

            def refresh(self) -> None:
                if not self.dropped and self.board.live.t_s >= drop_s:
                    self.dropped = True
                    air.drop(0)

        plan = Plan(
            exercise=BACK_EXTENSION, out=tmp_path, synthetic=True, duration_s=end_s + (2.0 if virtual else STILL_S)
        )
        recorded = await find_and_record(None, plan, backend=backend, display=Dropping)
    assert recorded.error is None
    assert recorded.folder is not None
    session = read_session(recorded.folder)
    print([(e.kind, e.t_s, e.detail) for e in session.events])
    print(session.header.link)
    index = session.samples.index
    print(np.diff(index).max(), np.diff(session.samples.t_s).max())
    print([r.start_s - t.start_s for r, t in zip(recorded.analysis.counted, performed.truth.counted)])
    assert len(recorded.analysis.counted) == REPS
