"""Sensors in virtual air: real bleak, real attribute protocol, no radio."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import count

import numpy as np
import pytest

from firmware_proto.virtual_radio import Air, virtual_air
from firmware_proto.virtual_sensor import VirtualSensor
from imu.link import Backend

RATE_HZ = 104.0
_serials = count(0x1000)

InAir = Callable[..., AbstractAsyncContextManager[tuple[Air, Backend]]]


def _sensor(**options: object) -> VirtualSensor:
    """A sensor with a serial number of its own, whose raw samples are all different."""
    n = np.arange(120 * int(RATE_HZ))[:, None]
    raw = ((n * (7, 11, 13, 17, 19, 23) + (0, 100, 2048, 0, 50, 9)) % 4001 - 2000).astype(np.int16)
    return VirtualSensor(raw, RATE_HZ, serial=f"V000{next(_serials):04X}", **options)  # type: ignore[arg-type]


@pytest.fixture
def in_air() -> InAir:
    """Put sensors in the air."""

    @asynccontextmanager
    async def put(*sensors: VirtualSensor, speed: float = 10.0, mtu: int = 247) -> AsyncIterator[tuple[Air, Backend]]:
        async with virtual_air(sensors, speed=speed, mtu=mtu) as air:
            yield air, Backend(scanner=air.scanner_backend, client=air.client_backend)

    return put


@pytest.fixture
def make_sensor() -> Callable[..., VirtualSensor]:
    """Make a sensor with a serial number of its own, whose raw samples are all different."""
    return _sensor
