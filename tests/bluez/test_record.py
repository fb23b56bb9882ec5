"""`imu record`, the program itself, over a real BlueZ: what a person on Linux has, but for the radio."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from firmware_proto.codes import State
from firmware_proto.motion import Recording
from firmware_proto.virtual_radio import Air
from firmware_proto.virtual_sensor import VirtualSensor
from imu.app.demo import virtual_sensor
from imu.app.person import perform
from imu.exercises import get_exercise
from imu.sessions import Session, read_session

if TYPE_CHECKING:
    from bluez.machine import Machine

pytestmark = pytest.mark.bluez
ROOT = Path(__file__).resolve().parents[2]
SPEED = 10.0
PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def three_reps() -> Recording:
    return perform(get_exercise("back-extension"), reps=3, seed=3)


class Program:
    """A running `imu record`."""

    def __init__(self, process: asyncio.subprocess.Process, out: Path) -> None:
        self.process, self.out = process, out

    async def end(self, exit_code: int = 0) -> Session:
        """Wait for its end; the only session it left."""
        said = (await asyncio.wait_for(self.process.communicate(), PATIENCE_S))[0].decode()
        assert self.process.returncode == exit_code, said
        (folder,) = self.out.iterdir()
        return read_session(folder)


@asynccontextmanager
async def imu_record(out: Path, *arguments: str) -> AsyncIterator[Program]:
    """Start it as a person does; it does not outlive the block."""
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from imu.app.cli import main; main()"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code, "record", "--out", str(out), *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield Program(process, out)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not done():  # noqa: ASYNC110  (the sensor's state)
            await asyncio.sleep(0.01)


async def is_left_alone(sensor: VirtualSensor) -> bool:
    """Whether nobody is connected; an emulated machine takes a moment to say so on the air."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(5):
            while sensor.connected:  # noqa: ASYNC110 (a sensor has no events)
                await asyncio.sleep(0.02)
    return not sensor.connected


async def until_measured(air: Air, seconds: float) -> None:
    """Wait until the sensor has measured so much of a stream."""
    sensor = air.sensors[0]
    await until(lambda: sensor.status(air.now_us).next_index > seconds * sensor.source.nominal_hz)


def assert_whole(session: Session, performed: Recording) -> None:
    """Every sample once, in order, as it was measured; after the performance the sensor is held still."""
    samples, n = session.samples, min(len(session.samples), len(performed.t_s))
    np.testing.assert_array_equal(samples.index, np.arange(len(samples)))
    np.testing.assert_allclose(samples.acc_mps2[:n], performed.acc_mps2[:n], atol=1e-4)


async def test_a_set_with_a_drop_in_its_middle_is_an_ordinary_session(
    bluez: Machine, three_reps: Recording, tmp_path: Path
) -> None:
    whole_s = float(three_reps.t_s[-1])
    async with bluez.air([virtual_sensor(three_reps)], speed=SPEED) as air:
        async with imu_record(tmp_path / "out", "--duration", f"{whole_s - 1.0:.1f}") as program:
            await until_measured(air, whole_s / 2)
            air.drop(0)
            session = await program.end()
        assert air.sensors[0].state is State.IDLE
        assert await is_left_alone(air.sensors[0])
    assert_whole(session, three_reps)
    assert [one.reps for one in session.sets] == [3]
    link = session.header.link
    assert (link["reconnects"], link["lost"]) == (1, 0)
    assert link["filled"] > 0
    assert {"connected", "lost", "resumed", "stopped"} <= {event.kind for event in session.events}


async def test_ctrl_c_ends_the_session_and_stops_the_sensor(
    bluez: Machine, three_reps: Recording, tmp_path: Path
) -> None:
    async with bluez.air([virtual_sensor(three_reps)], speed=SPEED) as air:
        async with imu_record(tmp_path / "out") as program:
            await until_measured(air, float(three_reps.t_s[-1]) - 1.0)
            program.process.send_signal(signal.SIGINT)
            session = await program.end()
        assert air.sensors[0].state is State.IDLE
        assert await is_left_alone(air.sensors[0])
    assert_whole(session, three_reps)
    assert [one.reps for one in session.sets] == [3]


async def test_after_a_program_that_was_killed_the_next_one_finds_the_sensor(
    bluez: Machine, three_reps: Recording, tmp_path: Path
) -> None:
    async with bluez.air([virtual_sensor(three_reps)], speed=SPEED) as air:
        async with imu_record(tmp_path / "first") as killed:
            await until_measured(air, 5.0)
            killed.process.kill()
            await killed.process.wait()
        async with imu_record(tmp_path / "second", "--duration", "5") as program:
            session = await program.end()
        assert await is_left_alone(air.sensors[0])
    assert_whole(session, three_reps)
