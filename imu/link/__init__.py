"""Bluetooth Low Energy: find a sensor, connect, keep the connection, lose no sample.

bleak is loaded only when something is asked for that needs it, so that `imu --help` stays quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from imu.link.health import BATTERY_LOW_PCT, LinkHealth
from imu.link.types import NO_RSSI_DBM, Backend, Found, LinkEvent, Seen

if TYPE_CHECKING:
    from imu.link.discovery import find, scan
    from imu.link.sensor_link import SensorLink

_LATER = {"scan": "discovery", "find": "discovery", "SensorLink": "sensor_link"}


def __getattr__(name: str) -> Any:  # noqa: ANN401 (a module's attribute can be anything)
    """Load what needs bleak on first use (PEP 562)."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)


__all__ = [
    "BATTERY_LOW_PCT",
    "NO_RSSI_DBM",
    "Backend",
    "Found",
    "LinkEvent",
    "LinkHealth",
    "Seen",
    "SensorLink",
    "find",
    "scan",
]
