"""Every number both sides of the link must agree on, and the errors of the codec. Nothing here does anything.

The 128-bit base was drawn at random once; a characteristic differs from it only in bytes 2-3.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

PROTOCOL_MAJOR = 1
"""Raised when an old host could misread the bytes; a host refuses a major it does not know."""
PROTOCOL_MINOR = 0
"""Raised when something was added that an old host can ignore."""

NAME_PREFIX = "BX-"
"""Advertised names are this and the last four hexadecimal digits of the serial number."""


def _ours(part: int) -> str:
    return f"81c9{part:04x}-81ef-4fd5-9d75-84c7670e1a29"


def _sig(part: int) -> str:
    return f"0000{part:04x}-0000-1000-8000-00805f9b34fb"


SERVICE_UUID = _ours(0x0001)
INFO_UUID = _ours(0x0002)
CONTROL_UUID = _ours(0x0003)
DATA_UUID = _ours(0x0004)
STATUS_UUID = _ours(0x0005)
REPS_UUID = _ours(0x0006)

# Assigned by the Bluetooth SIG (Assigned Numbers, sections 3.4 and 3.8).
BATTERY_SERVICE_UUID = _sig(0x180F)
BATTERY_LEVEL_UUID = _sig(0x2A19)
DEVICE_INFORMATION_UUID = _sig(0x180A)
MANUFACTURER_UUID = _sig(0x2A29)
MODEL_UUID = _sig(0x2A24)
SERIAL_UUID = _sig(0x2A25)
FIRMWARE_UUID = _sig(0x2A26)
HARDWARE_UUID = _sig(0x2A27)

MIN_MTU = 23
"""ATT_MTU before any exchange (Bluetooth Core 5.4, Vol 3, Part G, 5.2.1)."""
MAX_MTU = 247
"""The largest worth asking for: one link-layer packet of 251 bytes holds it with its L2CAP header."""
ATT_HEADER_BYTES = 3
"""Opcode and handle in front of every notification and indication."""


class Kind(IntEnum):
    """What a data frame holds; low nibble of its first byte."""

    ACC_GYR = 1
    ACC = 2

    @property
    def channels(self) -> int:
        """int16 values in one sample."""
        return 6 if self is Kind.ACC_GYR else 3

    @property
    def sample_bytes(self) -> int:
        """Bytes of one sample."""
        return 2 * self.channels


class Op(IntEnum):
    """Control operations. The answer carries `op | 0x80`."""

    GET_INFO = 0x01
    SET_CONFIG = 0x02
    START = 0x03
    STOP = 0x04
    PING = 0x05
    SET_EPOCH = 0x06
    BACKFILL = 0x07
    LOG = 0x08
    IDENTIFY = 0x09
    SELF_TEST = 0x0A
    REBOOT = 0x0B
    RESUME = 0x0C


ANSWER_BIT = 0x80


class StatusCode(IntEnum):
    """How a control request ended."""

    OK = 0
    BAD_OP = 1
    BAD_ARG = 2
    BUSY = 3
    WRONG_STATE = 4
    UNSUPPORTED = 5
    RANGE_GONE = 6
    HARDWARE_FAULT = 7


class State(IntEnum):
    """What the device is doing."""

    IDLE = 0
    STREAM = 1
    LOG = 2
    BOTH = 3
    ERROR = 4


class ErrorBits(IntFlag):
    """What the device reports besides its state. Bits not named here are kept as they are."""

    IMU = 0x01
    FIFO_OVERRUN = 0x02
    FLASH = 0x04
    LOW_BATTERY = 0x08
    CHARGING = 0x10
    HOT = 0x20


class Features(IntFlag):
    """What a device offers beyond the streaming every device has (Info tag 06)."""

    ON_DEVICE_REPS = 0x01
    LOGGING = 0x02
    DFU = 0x04


class RepPhase(IntEnum):
    """Phase in a repetition counted on the device."""

    BOTTOM = 0
    UP = 1
    TOP = 2
    DOWN = 3


class LogAction(IntEnum):
    """First argument of LOG."""

    START = 0
    STOP = 1
    LIST = 2
    READ = 3
    ERASE = 4


class RebootMode(IntEnum):
    """Argument of REBOOT."""

    RESTART = 0
    DFU = 1


class WireError(ValueError):
    """Bytes that are not a message of this protocol. The codec raises this or a subclass, and nothing else."""


class ShortFrame(WireError):
    """Fewer bytes than the message's fixed part."""


class BadLength(WireError):
    """The length contradicts the message's own layout."""


class UnknownKind(WireError):
    """A data frame of a kind this version does not know."""


class UnknownVersion(WireError):
    """The other side speaks a major version this one does not."""


class UnknownOp(WireError):
    """A control message with an operation this version does not know."""


class NotAnAnswer(WireError):
    """A control message without the answer bit where an answer was expected."""


class BadValue(WireError):
    """A field holds a value it may not have."""


class MixedKinds(WireError):
    """Frames with and without gyroscope in one batch; they make no common array."""
