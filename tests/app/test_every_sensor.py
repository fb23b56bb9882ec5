"""The same set through every kind of sensor: found, recorded, gone for a while, found again, counted."""

from __future__ import annotations

import asyncio
import dataclasses
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from firmware_proto.motion import Recording
from firmware_proto.virtual_radio import Air, virtual_air
from firmware_proto.virtual_time import run_virtual
from imu.app.cli import app
from imu.app.demo import MOVEMENT_HZ, TWINS
from imu.app.display import Lines
from imu.app.person import perform
from imu.app.record import Plan, Recorded, find_and_record
from imu.errors import UsageError
from imu.exercises import get_exercise
from imu.link import Backend
from imu.sensors import FAMILIES, Family
from imu.sessions import read_session

if TYPE_CHECKING:
    from bluez.machine import Machine

REPS = 10
BACK_EXTENSION = dataclasses.replace(get_exercise("back-extension"), target_tempo="1-0-1-2")
"""Whoever holds the top for 2 s has time for a sensor that is gone for one and found again."""
AWAY_S = 1.0
OFF_S = 0.3
"""How far repetitions may be from their true distances: a hole is as long as it was."""
BLUEZ_SPEED, BLUEZ_SPEED_IN_TIME = 10.0, 5.0
"""The second where a machine that is late does harm: what was late passes for lost, or the sensor no longer waits."""
BLUEZ_OFF_S = 1.0
STILL_S = 20.0
"""How long the person stands there afterwards, where time runs faster than a real BlueZ finds a sensor again."""


@pytest.fixture(scope="module")
def performed() -> Recording:
    return perform(BACK_EXTENSION, reps=REPS, seed=4, rate_hz=MOVEMENT_HZ)


async def record(
    around: AbstractAsyncContextManager[Air[Any]], out: Path, *, drop_s: float, until_s: float
) -> Recorded:
    """Record the only sensor of an air, which goes out of reach once on the way."""
    async with around as air:

        class Losing(Lines):
            """Takes the sensor away at its time."""

            away: asyncio.Task[None] | None = None

            def refresh(self) -> None:
                if self.away is None and self.board.live.t_s >= drop_s:
                    self.away = asyncio.create_task(self.leave())

            async def leave(self) -> None:
                await air.reach(0, within=False)
                await asyncio.sleep(AWAY_S / air.speed)
                await air.reach(0, within=True)

        plan = Plan(exercise=BACK_EXTENSION, out=out, synthetic=True, duration_s=until_s)
        backend = Backend(scanner=air.scanner_backend, client=air.client_backend, speed=air.speed)
        return await find_and_record(None, plan, backend=backend, display=Losing)


def assert_counted(recorded: Recorded, family: Family, performed: Recording, *, off_s: float = OFF_S) -> None:
    """Each repetition in its place; the hole marked, or filled where the sensor remembers."""
    assert recorded.error is None
    assert recorded.folder is not None
    session = read_session(recorded.folder)
    kinds, index = {event.kind for event in session.events}, session.samples.index
    assert session.header.sensor.family == family.name
    assert session.header.link["reconnects"] == 1
    assert {"lost", "resumed", "stopped"} <= kinds
    missing = int(index[-1] - index[0] + 1 - len(index))
    assert missing == session.header.link["lost"]
    assert (missing > 0) == ("gone" in kinds) == (not family.abilities.memory)
    late_s = [
        rep.start_s - true.start_s for rep, true in zip(recorded.analysis.counted, performed.truth.counted, strict=True)
    ]
    assert max(late_s) - min(late_s) < off_s


def test_every_family_has_a_twin_and_the_demo_names_them() -> None:
    assert {family.name for family in FAMILIES} == set(TWINS)
    refused = CliRunner().invoke(app, ["demo", "--sensor", "nonesuch"])
    assert refused.exit_code == UsageError.exit_code
    assert all(name in refused.stderr for name in TWINS)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_set_during_which_the_sensor_is_lost_and_found_is_counted_exactly(
    family: Family, performed: Recording, tmp_path: Path
) -> None:
    drop_s = performed.truth.counted[4].lift_end_s + 0.2
    air = virtual_air([TWINS[family.name](performed)])
    recorded = run_virtual(record(air, tmp_path, drop_s=drop_s, until_s=float(performed.t_s[-1])))
    assert_counted(recorded, family, performed)


@pytest.mark.bluez
@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
async def test_the_same_over_a_real_bluez(family: Family, performed: Recording, bluez: Machine, tmp_path: Path) -> None:
    end_s = float(performed.t_s[-1])
    able = family.abilities
    speed = BLUEZ_SPEED if able.device_time and not able.memory else BLUEZ_SPEED_IN_TIME
    air = bluez.air([TWINS[family.name](performed)], speed=speed)
    recorded = await record(air, tmp_path, drop_s=end_s, until_s=end_s + STILL_S)
    assert_counted(recorded, family, performed, off_s=BLUEZ_OFF_S)
