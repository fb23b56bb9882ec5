"""BlueZ delivers every frame twice after a drop if the client was not disconnected before it connects again.

That is bleak's issue 2002. The first test shows that the trap is there, so that the second one means something.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest
from bleak import BleakClient

from firmware_proto import wire
from firmware_proto.virtual_radio import Air
from firmware_proto.virtual_sensor import VirtualSensor
from imu.link import Found, SensorLink, find
from imu.model import Samples

if TYPE_CHECKING:
    from bluez.machine import Machine

pytestmark = pytest.mark.bluez
SPEED = 5.0
DROPS = 3
PATIENCE_S = 60.0


@pytest.fixture
def sensor() -> VirtualSensor:
    raw = np.random.default_rng(1).integers(-4000, 4000, (30 * 104, 6)).astype(np.int16)
    return VirtualSensor(raw, 104.0, serial="VDUP0001")


async def frames_of_a_careless_client(air: Air, found: Found, n: int) -> list[bytes]:
    """What comes after a drop to a client that connects again just so; n frames at least."""
    frames: list[bytes] = []
    dropped, enough = asyncio.Event(), asyncio.Event()

    def take(_: object, data: bytearray) -> None:
        frames.append(bytes(data))
        if len(frames) >= n:
            enough.set()

    async def listen(request: wire.Request) -> None:
        await client.connect()
        await client.start_notify(wire.CONTROL_UUID, lambda *_: None)
        await client.start_notify(wire.DATA_UUID, take)
        await client.write_gatt_char(wire.CONTROL_UUID, request.pack(), response=True)
        frames.clear()
        enough.clear()
        await asyncio.wait_for(enough.wait(), PATIENCE_S)

    client = BleakClient(found.device, lambda _: dropped.set())
    try:
        await listen(wire.Start())
        session = air.sensors[0].status(air.now_us).session
        air.drop(0)
        await asyncio.wait_for(dropped.wait(), PATIENCE_S)
        leaked = client._backend._bus  # type: ignore[attr-defined]
        await listen(wire.Resume(session=session))
        leaked.disconnect()
        return list(frames)
    finally:
        await client.disconnect()


async def test_a_client_that_does_not_disconnect_gets_every_frame_twice(bluez: Machine, sensor: VirtualSensor) -> None:
    async with bluez.air([sensor], speed=SPEED) as air:
        frames = await frames_of_a_careless_client(air, await find(sensor.name), 40)
    assert set(Counter(frames[2:-2]).values()) == {2}


async def test_our_link_gets_every_frame_once_however_often_it_is_dropped(
    bluez: Machine, sensor: VirtualSensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames: list[bytes] = []
    take = SensorLink._on_frame

    def count(link: SensorLink, data: bytes) -> None:
        frames.append(data)
        take(link, data)

    monkeypatch.setattr(SensorLink, "_on_frame", count)
    blocks: list[Samples] = []
    async with bluez.air([sensor], speed=SPEED) as air, SensorLink(await find(sensor.name)) as link:
        drops, stopping = 0, None
        async with asyncio.timeout(PATIENCE_S):
            async for item in link:
                if isinstance(item, Samples):
                    blocks.append(item)
                health = link.health
                whole = health.reconnects == drops and not health.missing and health.received > 300 * (drops + 1)
                if whole and drops < DROPS:
                    drops += 1
                    air.drop(0)
                elif whole and stopping is None:
                    stopping = asyncio.create_task(link.stop())
        assert (link.health.reconnects, link.health.lost) == (DROPS, 0)
    index = np.sort(Samples.concat(blocks).index)
    np.testing.assert_array_equal(index, np.arange(len(index)))
    assert set(Counter(frames).values()) == {1}
