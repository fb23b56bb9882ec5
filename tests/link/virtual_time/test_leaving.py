"""However a recording is left, the sensor is stopped and nobody stays connected to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from firmware_proto.codes import State
from firmware_proto.wire import Status
from imu.link import SensorLink, find
from imu.model import Samples

Play = Callable[..., Any]


def assert_left(live: Any) -> None:
    status = live.sensor.status(live.air.now_us)
    assert (status.state, live.sensor.connected) == (State.IDLE, False)


async def assert_left_or_stops(live: Any) -> None:
    """A sensor out of reach cannot be told; it stops by itself."""
    assert not live.sensor.connected
    if live.sensor.status(live.air.now_us).state is State.STREAM:
        await asyncio.sleep(61.0)
    assert_left(live)


async def troubled(live: Any) -> None:
    """A drop after 2 s, a connect that breaks, a lost answer, and holes all the time."""
    live.sensor.faults.drop = 0.1
    await asyncio.sleep(2.0)
    live.sensor.faults.hang_up_after = 30
    live.air.drop(0)
    await asyncio.sleep(3.0)
    live.sensor.faults.lose_answers_next = 1
    live.air.drop(0)


@pytest.mark.parametrize("after_s", [0.05, 0.15, 0.5, 2.05, 2.3, 2.7, 4.0, 5.05, 5.3, 6.0, 11.0, 12.0])
def test_a_cancellation_at_any_time_leaves_it_idle(live: Play, after_s: float) -> None:
    async def scene(live: Any) -> None:
        trouble = asyncio.create_task(troubled(live))
        recording = asyncio.create_task(live.stream(60.0))
        await asyncio.sleep(after_s)
        recording.cancel()
        with pytest.raises(asyncio.CancelledError):
            await recording
        trouble.cancel()
        await assert_left_or_stops(live)

    live(scene)


@pytest.mark.parametrize("request_number", [1, 3, 10, 20, 30, 34, 36, 38])
def test_a_cancellation_in_mid_handshake_leaves_it_idle(live: Play, request_number: int) -> None:
    async def scene(live: Any) -> None:
        recording = asyncio.create_task(live.stream(1.0))
        left, hangs_up = request_number, live.sensor.faults.hangs_up

        def counted() -> bool:
            nonlocal left
            left -= 1
            if left == 0:
                recording.cancel()
            return hangs_up()  # type: ignore[no-any-return]

        live.sensor.faults.hangs_up = counted
        await asyncio.wait([recording])
        assert left <= 0
        assert_left(live)

    live(scene)


@pytest.mark.parametrize("when", ["lost", "resumed", "found, connecting", "filling gaps"])
def test_an_error_of_who_follows_leaves_it_idle(live: Play, when: str) -> None:
    async def scene(live: Any) -> None:
        async def follow() -> None:
            async with SensorLink(await find(None, 5.0, live.backend), backend=live.backend) as link:
                async for item in link:
                    if link.health.state == when or (not isinstance(item, Samples) and item.kind == when):
                        raise KeyError(when)

        trouble = asyncio.create_task(troubled(live))
        with pytest.raises(KeyError):
            await follow()
        trouble.cancel()
        await assert_left_or_stops(live)

    live(scene)


@pytest.mark.parametrize("after_s", [5.5, 6.5])
def test_a_cancellation_in_mid_disconnect_leaves_it_idle(live: Play, after_s: float) -> None:
    async def scene(live: Any) -> None:
        class SlowClient(live.backend.client):  # type: ignore[misc,name-defined]
            async def disconnect(self) -> None:
                await asyncio.sleep(2.5)  # as BlueZ
                await super().disconnect()

        live.backend = replace(live.backend, client=SlowClient)
        live.sensor.faults.drop = 1.0  # silent: hung up after 5 s
        recording = asyncio.create_task(live.stream(60.0))
        await asyncio.sleep(after_s)
        assert live.sensor.connected
        recording.cancel()
        with pytest.raises(asyncio.CancelledError):
            await recording
        await assert_left_or_stops(live)

    live(scene)


def test_a_sensor_that_is_out_of_reach_when_it_is_left_stops_by_itself(live: Play) -> None:
    async def scene(live: Any) -> None:
        recording = asyncio.create_task(live.stream(60.0))
        await asyncio.sleep(3.0)
        await live.air.reach(0, within=False)
        recording.cancel()
        with pytest.raises(asyncio.CancelledError):
            await recording
        assert live.sensor.status(live.air.now_us).state is State.STREAM
        await asyncio.sleep(61.0)
        assert_left(live)

    live(scene)


def test_what_is_missing_is_fetched_from_a_sensor_whose_status_cannot_be_read(
    live: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(live: Any) -> None:
        asyncio.get_running_loop().call_later(2.9, setattr, live.sensor.faults, "drop_next", 1)
        with monkeypatch.context() as patch:
            patch.setattr(Status, "pack", lambda _: b"garbled")
            await live.stream(3.0)
        assert (live.kinds[-1], live.gone) == ("stopped", [])
        assert live.events[-1].detail == "The sensor was stopped."
        assert_left(live)

    live(scene)


def test_a_stream_that_a_dead_program_left_on_is_taken_over(live: Play) -> None:
    async def scene(live: Any) -> None:
        link = await SensorLink(await find(None, 5.0, live.backend), backend=live.backend).__aenter__()
        await asyncio.sleep(3.0)
        assert link._keeper is not None
        link._keeper.cancel()  # as after kill -9: no goodbye, and the radio notices in the end
        live.air.drop(0)
        await asyncio.sleep(1.0)
        assert live.sensor.status(live.air.now_us).state is State.STREAM
        await live.stream(3.0)
        assert live.error is None
        live.assert_whole()
        assert_left(live)
        await link.__aexit__()

    live(scene)
