"""What each sensor says: one file per family, bytes -> samples, no I/O. A new family is a file and a row here."""

from imu.sensors.family import (
    Abilities,
    Ask,
    Decoder,
    Dialogue,
    Family,
    FrameError,
    Hear,
    Pause,
    Plain,
    Pong,
    Read,
    Refill,
    RequestRefused,
    Resumed,
    Role,
    SensorStatus,
    Started,
    Step,
    StreamBroken,
    Talk,
    Write,
    ask,
    hear,
    read,
)
from imu.sensors.movesense import MOVESENSE
from imu.sensors.native import NATIVE
from imu.sensors.native_frames import NativeDecoder
from imu.sensors.polar import H10, VERITY
from imu.sensors.witmotion import WITMOTION

FAMILIES: tuple[Family, ...] = (NATIVE, H10, VERITY, MOVESENSE, WITMOTION)
"""All families the link looks for."""

__all__ = [
    "FAMILIES",
    "Abilities",
    "Ask",
    "Decoder",
    "Dialogue",
    "Family",
    "FrameError",
    "Hear",
    "NativeDecoder",
    "Pause",
    "Plain",
    "Pong",
    "Read",
    "Refill",
    "RequestRefused",
    "Resumed",
    "Role",
    "SensorStatus",
    "Started",
    "Step",
    "StreamBroken",
    "Talk",
    "Write",
    "ask",
    "hear",
    "read",
]
