"""BlueZ refuses in words of its own what a sensor keeps from who is not paired; that is understood as well.

Pairing itself cannot be had here: the emulated kernel refuses its curves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from firmware_proto.twins.polar import H10Twin
from firmware_proto.virtual_source import Motion
from imu.errors import ConnectionFailed
from imu.link import SensorLink, find

if TYPE_CHECKING:
    from bluez.machine import Machine

pytestmark = [pytest.mark.bluez, pytest.mark.slow]


async def test_a_sensor_that_wants_to_be_paired_is_asked_to(bluez: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imu.link.connection.PAIR_S", 3.0)
    rest = Motion(np.tile([0.0, 0.0, 1.0], (100, 1)), np.zeros((100, 3)), 200.0)
    async with bluez.air([H10Twin(rest, needs_pairing=True, serial="0000AAA1")], speed=1.0):
        link = SensorLink(await find(None))
        with pytest.raises(ConnectionFailed, match=r"Could not pair with Polar H10 0000AAA1 .*; say yes where this"):
            await link.__aenter__()
        event = await anext(link)
        assert event.kind == "pairing"  # type: ignore[union-attr]
