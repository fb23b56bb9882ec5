"""What each sensor says: one file per family, bytes -> samples, no I/O. A new family is a file and a row here."""

from imu.sensors.family import (
    Decoder,
    Dialogue,
    Family,
    FrameError,
    Pong,
    Refill,
    RequestRefused,
    Resumed,
    SensorStatus,
    Started,
    StreamBroken,
)
from imu.sensors.native import NATIVE, NativeDecoder

FAMILIES: tuple[Family, ...] = (NATIVE,)
"""All families the link looks for."""

__all__ = [
    "FAMILIES",
    "Decoder",
    "Dialogue",
    "Family",
    "FrameError",
    "NativeDecoder",
    "Pong",
    "Refill",
    "RequestRefused",
    "Resumed",
    "SensorStatus",
    "Started",
    "StreamBroken",
]
