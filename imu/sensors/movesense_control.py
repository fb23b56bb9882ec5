"""Movesense's GATT SensorData Protocol (GSP): requests -> bytes, and responses -> what they say.

Layout and numbers are those of Movesense's *GATT SensorData Protocol* and of the resource files in movesense-device-lib
(meas/acc.yaml, meas/gyro.yaml, system/energy.yaml). All numbers are little-endian.
"""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass

from imu.errors import SensorFault
from imu.sensors.family import FrameError, RequestRefused
from imu.sensors.movesense_packets import Kind, Packet

PROTOCOL = 1
"""Version of GSP that is spoken here, the only one there is."""
BATTERY_PATH = "/System/Energy/Level"
ACC_INFO_PATH = "/Meas/Acc/Info"
ACC_CONFIG_PATH = "/Meas/Acc/Config"
GYR_CONFIG_PATH = "/Meas/Gyro/Config"
ACC_RANGES_G = (2, 4, 8, 16)
GYR_RANGES_DPS = (125, 245, 500, 1000, 2000)
RESTART = 5
"""System mode of the program that runs already: to go there is to start it anew."""


class Command(enum.IntEnum):
    """Requests."""

    HELLO = 0
    SUBSCRIBE = 1
    UNSUBSCRIBE = 2
    GET = 4
    PUT_SYSTEMMODE = 7


@dataclass(frozen=True, kw_only=True, slots=True)
class Greeting:
    """Who the sensor is.

    Attributes:
        protocol: Version of GSP; 1 is known.
        firmware: Name and version of the program on it.
    """

    protocol: int
    serial: str
    model: str
    firmware: str


def imu_path(rate_hz: int) -> str:
    """Path of acceleration and rotation at this rate."""
    return f"/Meas/IMU6/{rate_hz}"


def hello(reference: int) -> bytes:
    """Ask who it is."""
    return bytes((Command.HELLO, reference))


def subscribe(reference: int, path: str) -> bytes:
    """Begin to measure; its data come under this reference, which is not 0."""
    return bytes((Command.SUBSCRIBE, reference)) + path.encode() + b"\0"


def unsubscribe(reference: int) -> bytes:
    """End what was begun under this reference."""
    return bytes((Command.UNSUBSCRIBE, reference))


def get(reference: int, path: str) -> bytes:
    """Ask once."""
    return bytes((Command.GET, reference)) + path.encode() + b"\0"


def put_system_mode(reference: int, mode: int) -> bytes:
    """Go to a system mode."""
    return bytes((Command.PUT_SYSTEMMODE, reference, mode))


def greeting(response: Packet) -> Greeting:
    """Read the response to HELLO, which has no status.

    Raises:
        SensorFault: It is none, is cut short, or of another protocol.
    """
    if response.kind is not Kind.RESPONSE or not response.body:
        raise _fault()
    if response.body[0] != PROTOCOL:  # Movesense's sample program says "Hello" instead of a version
        raise SensorFault(
            f"This Movesense does not speak version {PROTOCOL} of its data protocol; update it with Movesense's phone "
            "app."
        )
    texts = response.body[1:].split(b"\0")
    if len(texts) < 5:
        raise SensorFault(
            "The sensor's answer was cut short: this machine's Bluetooth takes too small packets (ATT_MTU below 155); "
            "try another adapter or its newest driver."
        )
    try:
        serial, model, _, app, version = (text.decode() for text in texts[:5])
    except UnicodeDecodeError as error:
        raise _fault() from error
    return Greeting(protocol=response.body[0], serial=serial, model=model, firmware=f"{app} {version}".strip())


def status(response: Packet) -> int:
    """The status of a response to anything but HELLO, which has none: as in HTTP, 200 is OK.

    Movesense's sample firmware writes a 507 (no free slot) the wrong way round; it is read as what was meant.

    Raises:
        SensorFault: It is no response, or has no status.
    """
    if response.kind is not Kind.RESPONSE or len(response.body) < 2:
        raise _fault()
    little, big = int.from_bytes(response.body[:2], "little"), int.from_bytes(response.body[:2], "big")
    return big if 100 <= big < 600 <= little else little


def check(response: Packet, request: str) -> bytes:
    """What a response holds behind its status; a status of 200 to 299 is good.

    Args:
        response: To anything but HELLO.
        request: In words, for the error.

    Raises:
        RequestRefused: Its status is another; the code is the status in digits.
        SensorFault: It is no response.
    """
    if not 200 <= (code := status(response)) < 300:
        raise RequestRefused(request, str(code))
    return response.body[2:]


def in_use(told: bytes, ranges: tuple[int, ...]) -> int | None:
    """What the response to a GET of a `.../Config` holds -> the range in g or deg/s; None if it is none of these."""
    value = int.from_bytes(told, "little")
    return value if value in ranges else None


def battery_percent(told: bytes) -> int:
    """What the response to a GET of `BATTERY_PATH` holds -> per cent.

    Raises:
        FrameError: It is no battery level.
    """
    if len(told) != 1 or told[0] > 100:
        raise FrameError("A battery level from the sensor was left out: it is not 0 to 100 %.")
    return told[0]


def offered(told: bytes, range_bytes: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What the response to a GET of `/Meas/Acc/Info` or `/Meas/Gyro/Info` holds -> rates in Hz, ranges in g or deg/s.

    Args:
        told: Two arrays, each behind its count.
        range_bytes: Of one range: 1 for acceleration, 2 for rotation.

    Raises:
        SensorFault: It ends within one, or goes on behind them.
    """
    try:
        ranges_at = 1 + told[0] * 2
        rates = struct.unpack_from(f"<{told[0]}H", told, 1)
        ranges = struct.unpack(f"<{told[ranges_at]}{'BH'[range_bytes - 1]}", told[ranges_at + 1 :])
    except (IndexError, struct.error) as error:
        raise _fault() from error
    return rates, ranges


def _fault() -> SensorFault:
    return SensorFault("The sensor's answer cannot be understood; switch it off and on and try again.")
