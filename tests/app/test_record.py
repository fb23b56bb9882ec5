"""From a sensor to a session: real bleak over a complete BLE stack in this process, only the radio is not there."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import numpy as np
import pytest
from typer.testing import Result

from firmware_proto.motion import Recording
from firmware_proto.virtual_radio import Air, virtual_air
from firmware_proto.virtual_sensor import Link, VirtualSensor
from firmware_proto.virtual_time import run_virtual
from imu.app.analyze import rederive
from imu.app.demo import record_virtual, virtual_sensor
from imu.app.display import Lines
from imu.app.person import perform
from imu.app.record import Plan, Recorded, Recorder, find_and_record
from imu.errors import DataError, SensorNotFound, SeveralSensors, StorageError, UsageError
from imu.exercises import get_exercise
from imu.link import Backend
from imu.model import Analysis, Samples, SensorInfo
from imu.sessions import read_session

Imu = Callable[..., Result]
InAir = Callable[..., AbstractAsyncContextManager[tuple[Air, Backend]]]
pytestmark = pytest.mark.virtual_time


def plan(out: Path, **declared: object) -> Plan:
    return Plan.build(get_exercise("back-extension"), out=out, **declared)


async def test_the_whole_job(performance: Recording, tmp_path: Path, imu: Imu) -> None:
    declared = plan(
        tmp_path, load_kg=10.0, person="p07", note="arms crossed", synthetic=True,
        duration_s=performance.t_s[-1] - 0.5,
    )  # fmt: skip
    # The time of day stands still in virtual time: so fast, it is 3 s behind at the end.
    recorded = await record_virtual(performance, declared, speed=30.0, display=Lines)
    assert recorded.folder is not None
    session = read_session(recorded.folder)
    assert len(recorded.live.counted) == len(recorded.analysis.counted) == 10
    assert [one.reps for one in session.sets] == [10]
    assert sum(rep.counted for rep in session.reps) == 10
    assert session.header.synthetic
    assert (session.header.load_kg, session.header.person, session.header.notes) == (10.0, "p07", "arms crossed")
    assert session.header.link["lost"] == 0
    assert session.header.link["warned"] == []
    assert abs(session.utc()[0] - np.datetime64(session.header.started_utc[:-1])) < np.timedelta64(5, "s")
    assert session.samples.index[-1] - session.samples.index[0] + 1 == len(session.samples)
    kinds = [event.kind for event in session.events]
    assert {"connected", "set_started", "set_ended", "stopped"} <= set(kinds)

    written = {name: (recorded.folder / name).read_bytes() for name in ("reps.csv", "sets.csv")}
    assert imu("analyze", recorded.folder).exit_code == 0
    assert {name: (recorded.folder / name).read_bytes() for name in written} == written


async def test_what_the_sensor_measured_is_what_the_file_holds(performance: Recording, tmp_path: Path) -> None:
    recorded = await record_virtual(performance, plan(tmp_path, duration_s=20.0), display=Lines)
    assert recorded.folder is not None
    samples = read_session(recorded.folder).samples
    first = int(samples.index[0])
    assert abs(samples.acc_mps2 - performance.acc_mps2[first : first + len(samples)]).max() < 1e-4


@pytest.mark.parametrize("sensor", ["native", "witmotion"])
async def test_the_rate_is_the_one_asked_for_or_those_offered_are_named(
    sensor: str, performance: Recording, tmp_path: Path
) -> None:
    rates = {"native": 52.0, "witmotion": 100.0}
    asked = plan(tmp_path, duration_s=8.0, rate_hz=rates[sensor])
    recorded = await record_virtual(performance, asked, sensor=sensor, display=Lines)
    assert recorded.folder is not None
    session = read_session(recorded.folder)
    assert session.header.sensor.rate_hz == pytest.approx(rates[sensor], rel=0.02)
    assert len(session.samples) == pytest.approx(8 * rates[sensor], rel=0.1)
    with pytest.raises(UsageError, match=rf"offers? no 77 Hz.*; choose one of: .*{rates[sensor]:g}"):
        await record_virtual(performance, plan(tmp_path, rate_hz=77.0), sensor=sensor, display=Lines)


async def test_two_sensors_make_the_person_choose(in_air: InAir, performance: Recording, tmp_path: Path) -> None:
    other = VirtualSensor(performance.raw, performance.rate_hz, serial="OTHER002")
    async with in_air(virtual_sensor(performance), other, speed=20.0) as (_, backend):
        with pytest.raises(SeveralSensors, match="--sensor"):
            await find_and_record(None, plan(tmp_path), backend=backend, display=Lines)
        named = await find_and_record("BX-R002", plan(tmp_path, duration_s=3.0), backend=backend, display=Lines)
    assert named.folder is not None
    assert read_session(named.folder).header.sensor.serial == "OTHER002"


async def test_a_sensor_that_is_not_there_leaves_no_folder(
    in_air: InAir, performance: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imu.app.record.SCAN_S", 0.5)
    async with in_air(virtual_sensor(performance), speed=20.0) as (_, backend):
        with pytest.raises(SensorNotFound):
            await find_and_record("BX-NONE", plan(tmp_path / "out"), backend=backend, display=Lines)
    assert not (tmp_path / "out").exists()


async def test_a_drop_in_mid_set_loses_nothing(in_air: InAir, tmp_path: Path) -> None:
    performance = perform(get_exercise("back-extension"), reps=5, seed=2)
    async with in_air(virtual_sensor(performance)) as (air, backend):

        class Dropping(Lines):
            """Cuts the link when the second rep is announced."""

            done = False

            def refresh(self) -> None:
                if not self.done and self.board.live.count >= 2:
                    self.done = True
                    air.drop(0)

        declared = plan(tmp_path, duration_s=performance.t_s[-1] - 0.5)
        recorded = await find_and_record(None, declared, backend=backend, display=Dropping)
    assert recorded.folder is not None
    assert len(recorded.analysis.counted) == 5
    session = read_session(recorded.folder)
    assert session.header.link["reconnects"] == 1
    assert {"lost", "resumed"} <= {event.kind for event in session.events}
    assert session.samples.index[-1] - session.samples.index[0] + 1 == len(session.samples)


async def pressed_while_it_ends(out: Path, times: int) -> Recorded:
    """A recording that ends by itself soon after a silence; Ctrl-C is pressed so often while the rest is fetched."""
    sensor = virtual_sensor(perform(get_exercise("back-extension"), reps=3, seed=2))
    sensor.link = Link(packets=1)
    left = [times]

    class Pressing(Lines):
        def refresh(self) -> None:
            if self.board.live.t_s >= 20.0 and left[0]:
                left[0] -= 1
                recording.cancel()

    async def out_of_reach() -> None:
        await asyncio.sleep(10.0)
        await air.reach(0, within=False)
        await asyncio.sleep(12.0)
        await air.reach(0, within=True)

    async with virtual_air([sensor]) as air, asyncio.TaskGroup() as tasks:
        backend = Backend(scanner=air.scanner_backend, client=air.client_backend)
        work = find_and_record(None, plan(out, duration_s=20.0), backend=backend, display=Pressing)
        recording = asyncio.create_task(work)
        tasks.create_task(out_of_reach())
        return await recording


async def test_who_presses_once_while_it_ends_by_itself_cuts_nothing_short(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorded = await pressed_while_it_ends(tmp_path, 1)
    assert "It is ending already" in capsys.readouterr().out
    assert (recorded.error, recorded.end.interrupted, recorded.health.state) == (None, False, "stopped")
    assert recorded.folder is not None
    samples = read_session(recorded.folder).samples
    assert list(samples.index) == list(range(len(samples)))
    assert samples.t_s[-1] > 20.0


def test_who_presses_twice_has_it_at_once_and_keeps_what_came(tmp_path: Path) -> None:
    with pytest.raises(asyncio.CancelledError):
        run_virtual(pressed_while_it_ends(tmp_path, 2))
    (folder,) = tmp_path.iterdir()
    samples = read_session(folder).samples
    assert (np.diff(samples.index) > 1).any(), "it was not fetched to the end"
    assert len(samples) > 800


async def test_who_presses_when_all_is_kept_is_still_told_what_there_is(
    performance: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pressed_meanwhile(folder: Path) -> Analysis:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        return rederive(folder)

    monkeypatch.setattr("imu.app.record.rederive", pressed_meanwhile)
    recorded = await record_virtual(performance, plan(tmp_path, duration_s=5.0), display=Lines)
    assert recorded.folder is not None
    assert (recorded.error, recorded.health.state) == (None, "stopped")


async def test_trouble_with_the_disk_is_told_at_the_end_even_if_it_passed(
    performance: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hiccup(Recorder):
        """Fails once, as a network drive does, and keeps nothing of that event."""

        failed = False

        def event(self, kind: str, t_s: float, detail: str = "") -> None:
            if not Hiccup.failed:
                Hiccup.failed = True
                raise StorageError("the disk was gone for a moment")
            super().event(kind, t_s, detail)

    monkeypatch.setattr("imu.app.record.Recorder", Hiccup)
    recorded = await record_virtual(performance, plan(tmp_path, duration_s=5.0), display=Lines)
    assert isinstance(recorded.error, StorageError)
    assert recorded.folder is not None
    assert len(read_session(recorded.folder).samples) > 400


def test_a_recording_of_nothing_leaves_no_folder(tmp_path: Path) -> None:
    sensor = SensorInfo(family="native", model="BX", rate_hz=104.0)
    recorder = Recorder(tmp_path, plan(tmp_path).header(sensor))
    recorder.event("connected", 0.0, "and then nothing")
    assert recorder.close(Analysis()) is None
    assert list(tmp_path.iterdir()) == []


async def test_a_session_that_cannot_be_counted_again_is_no_success(
    performance: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Shaken(Recorder):
        """Keeps samples whose clock jumps back by a minute."""

        def append(self, samples: Samples) -> None:
            super().append(dataclasses.replace(samples, t_s=samples.t_s - 60.0 * (samples.index > 200)))

    monkeypatch.setattr("imu.app.record.Recorder", Shaken)
    recorded = await record_virtual(performance, plan(tmp_path, duration_s=5.0), display=Lines)
    assert recorded.folder is not None
    assert isinstance(recorded.error, DataError)
    assert "time goes back" in str(recorded.error)
