"""Before a scan what nobody listens to is disconnected on BlueZ, and nothing else."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np
import pytest
from bleak import BleakClient

from firmware_proto import wire
from firmware_proto.virtual_sensor import VirtualSensor
from imu.link import find
from imu.link.bluez import hang_up_abandoned
from imu.sensors import FAMILIES

if TYPE_CHECKING:
    from bluez.machine import Machine

pytestmark = [pytest.mark.bluez, pytest.mark.slow]


async def test_a_sensor_is_hung_up_once_nobody_hears_anything_of_it(bluez: Machine) -> None:
    sensor = VirtualSensor(np.zeros((104, 6), np.int16), 104.0, serial="VHANG0001")
    async with bluez.air([sensor], speed=5.0):
        gone = asyncio.Event()
        client = BleakClient((await find(None)).device, lambda _: gone.set())
        await client.connect()
        try:
            await client.start_notify(wire.BATTERY_LEVEL_UUID, lambda *_: None)  # as a desktop's applet may
            await hang_up_abandoned(FAMILIES)
            assert not gone.is_set()
            await client.stop_notify(wire.BATTERY_LEVEL_UUID)
            looking = asyncio.create_task(hang_up_abandoned(FAMILIES))
            await asyncio.sleep(1.0)
            await client.start_notify(wire.DATA_UUID, lambda *_: None)  # it was but about to
            await looking
            assert not gone.is_set()
            await client.stop_notify(wire.DATA_UUID)
            await hang_up_abandoned(FAMILIES, "somebody else's")
            assert not gone.is_set()
            await hang_up_abandoned(FAMILIES, client.address.lower())
            await asyncio.wait_for(gone.wait(), 10)
        finally:
            await client.disconnect()
