"""Sensors to put in the air."""

from collections.abc import Callable
from itertools import count

import numpy as np
import pytest

from firmware_proto.virtual_sensor import VirtualSensor

RATE_HZ = 104.0
_serials = count(0x1000)


def _sensor(**options: object) -> VirtualSensor:
    """A sensor with a serial number of its own, whose raw samples are all different."""
    n = np.arange(120 * int(RATE_HZ))[:, None]
    raw = ((n * (7, 11, 13, 17, 19, 23) + (0, 100, 2048, 0, 50, 9)) % 4001 - 2000).astype(np.int16)
    return VirtualSensor(raw, RATE_HZ, serial=f"V000{next(_serials):04X}", **options)  # type: ignore[arg-type]


@pytest.fixture
def make_sensor() -> Callable[..., VirtualSensor]:
    """Make a sensor with a serial number of its own, whose raw samples are all different."""
    return _sensor
