"""The same set through every kind of sensor: found, recorded, dropped, found again, counted."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import pytest
from conftest import InAir

from firmware_proto.motion import Recording
from firmware_proto.virtual_time import VirtualTimeLoop
from imu.app.demo import MOVEMENT_HZ, TWINS
from imu.app.display import Lines
from imu.app.person import perform
from imu.app.record import Plan, find_and_record
from imu.exercises import get_exercise
from imu.sensors import FAMILIES, Family
from imu.sessions import read_session

REPS = 10
BACK_EXTENSION = dataclasses.replace(get_exercise("back-extension"), target_tempo="2-0-1-3")
"""Whoever holds the top for 3 s has time for a link that is lost and found again."""
BLUEZ_SPEED = 40.0
STILL_S = 60.0
"""How long the person stands there afterwards where a real BlueZ, for which time runs faster, finds the link again."""
OFF_S = 0.2
"""How far repetitions may be from their true distances: a hole is as long as it was."""


@pytest.fixture(scope="module")
def performed() -> Recording:
    return perform(BACK_EXTENSION, reps=REPS, seed=4, rate_hz=MOVEMENT_HZ)


def test_every_family_has_a_twin() -> None:
    assert {family.name for family in FAMILIES} == set(TWINS)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
async def test_a_set_with_a_drop_is_counted_exactly(
    family: Family, performed: Recording, in_air: InAir, tmp_path: Path
) -> None:
    in_virtual_time = isinstance(asyncio.get_running_loop(), VirtualTimeLoop)
    duration_s = drop_s = float(performed.t_s[-1])
    if in_virtual_time:
        drop_s = performed.truth.counted[4].lift_end_s + 0.3
    else:
        duration_s += STILL_S

    async with in_air(TWINS[family.name](performed), speed=1.0 if in_virtual_time else BLUEZ_SPEED) as (air, backend):

        class Dropping(Lines):
            """Cuts the link once, at its time."""

            dropped = False

            def refresh(self) -> None:
                if not self.dropped and self.board.live.t_s >= drop_s:
                    self.dropped = True
                    air.drop(0)

        plan = Plan(exercise=BACK_EXTENSION, out=tmp_path, synthetic=True, duration_s=duration_s)
        recorded = await find_and_record(None, plan, backend=backend, display=Dropping)

    assert recorded.error is None
    assert recorded.folder is not None
    session = read_session(recorded.folder)
    kinds, index = [event.kind for event in session.events], session.samples.index
    assert session.header.link["reconnects"] == 1
    assert {"lost", "resumed", "stopped"} <= set(kinds)
    missing = int(index[-1] - index[0] + 1 - len(index))
    assert missing == session.header.link["lost"]
    assert (missing > 0) == ("gone" in kinds) == (not family.abilities.memory)
    assert session.samples.t_s[-1] >= duration_s
    assert len(recorded.analysis.counted) == REPS
    late_s = [
        rep.start_s - true.start_s for rep, true in zip(recorded.analysis.counted, performed.truth.counted, strict=True)
    ]
    assert max(late_s) - min(late_s) < OFF_S
