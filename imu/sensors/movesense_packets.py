"""Movesense: the GATT SensorData Protocol (GSP) -> decoded packets.

Layout and numbers are those of Movesense's *GATT SensorData Protocol* and of the resource files in movesense-device-lib
(meas/imu.yaml, samples/gatt_sensordata_app). All numbers are little-endian. A packet has no number of its own: it
carries the device time of its FIRST sample, in milliseconds, so a lost one shows only as a step in time.
"""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass

import numpy as np

from imu.errors import SensorFault
from imu.model import Floats
from imu.sensors.family import FrameError, RequestRefused

SERVICE_UUID = "34802252-7185-4d5d-b431-630e7050e8f0"
"""Not in the advertisement, which the name fills: the sensor is recognised by that."""
COMMAND_UUID = "34800001-7185-4d5d-b431-630e7050e8f0"
DATA_UUID = "34800002-7185-4d5d-b431-630e7050e8f0"
"""Notifies answers and measurements alike."""
NAME_PREFIX = "Movesense "

RATES_HZ = (52, 104)
"""Offered by us. At 208 Hz a packet would not fit the buffer of Movesense's own sample firmware."""
BATTERY_PATH = "/System/Energy/Level"

AXES = 3
LEAST_FIRST = 18
"""Bytes a first of two parts has at least, by the smallest ATT_MTU of 23; Movesense's sample firmware splits at 150."""
MOST_BODY = 512
"""Bytes a first part may have: the longest value of a characteristic (Bluetooth Core, vol. 3 part F, 3.2.9)."""
_STAMP = struct.Struct("<I")


class Command(enum.IntEnum):
    """Requests."""

    HELLO = 0
    SUBSCRIBE = 1
    UNSUBSCRIBE = 2
    GET = 4


class Kind(enum.IntEnum):
    """First byte of what the sensor sends."""

    RESPONSE = 1
    DATA = 2
    DATA_PART2 = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Packet:
    """One notification.

    Attributes:
        reference: The number given with the request that it belongs to.
    """

    kind: Kind
    reference: int
    body: bytes


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


@dataclass(frozen=True, kw_only=True, slots=True)
class ImuBlock:
    """The samples of one packet.

    Attributes:
        first_ms: Device time of the first of them, in milliseconds modulo 2^32.
        acc_mps2: (n, 3) in sensor axes; n is at least 1.
        gyr_radps: (n, 3) in sensor axes.
    """

    first_ms: int
    acc_mps2: Floats
    gyr_radps: Floats

    def times_ms(self, rate_hz: float) -> Floats:
        """(n,) device times, forwards from the first sample at this rate."""
        n = len(self.acc_mps2)
        times_ms: Floats = self.first_ms + np.arange(n, dtype=float) * (1000 / rate_hz)
        return times_ms


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


def packet(notification: bytes) -> Packet:
    """Read one notification.

    Raises:
        FrameError: It is none of the protocol.
    """
    if len(notification) < 2 or notification[0] not in Kind.__members__.values():
        raise _refused("it is no packet")
    return Packet(kind=Kind(notification[0]), reference=notification[1], body=notification[2:])


def greeting(response: Packet) -> Greeting:
    """Read the response to HELLO, which has no status.

    Raises:
        SensorFault: It is none.
    """
    texts = response.body[1:].split(b"\0")
    if response.kind is not Kind.RESPONSE or len(texts) < 5:
        raise _fault()
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


class Joiner:
    """Packets of one subscription, in one part or two -> whole bodies.

    Nothing in a packet says whether a second part follows, so a first part is taken as whole if it holds whole samples.
    The only known split, at 150 bytes, leaves a sample cut. Nor do parts carry a number: if a second part and the first
    part after it are both lost, what is left is joined as if it belonged together.
    """

    lost: int
    """First parts so far whose second part never came."""

    def __init__(self, reference: int, arrays: int = 2) -> None:
        """Take the reference of the subscription, and its arrays: 2 for IMU6, 3 for IMU9."""
        self.lost = 0
        self._reference = reference
        self._sample = arrays * AXES * 4
        self._begun = b""

    def push(self, part: Packet) -> bytes | None:
        """Take one packet; None until a body is whole, and for packets of other requests.

        Raises:
            FrameError: It is a second part without a first, or the two hold no whole samples; both are dropped.
        """
        if part.kind is Kind.RESPONSE or part.reference != self._reference:
            return None
        begun, self._begun = self._begun, b""
        if part.kind is Kind.DATA_PART2 and not begun:
            raise _refused("its first part is missing")
        if part.kind is Kind.DATA and begun:
            self.lost += 1
            begun = b""
        body = begun + part.body
        if self._whole(body):
            return body
        if part.kind is Kind.DATA_PART2 or not LEAST_FIRST <= len(body) <= MOST_BODY:
            raise _refused(f"{len(body)} bytes are no whole samples")
        self._begun = body
        return None

    def _whole(self, body: bytes) -> bool:
        return len(body) > _STAMP.size and (len(body) - _STAMP.size) % self._sample == 0


def decode_imu(body: bytes, arrays: int = 2) -> ImuBlock:
    """Decode a whole body: all accelerations (m/s^2), then all rotations (deg/s), each three float32.

    Args:
        body: As `Joiner` gives it.
        arrays: 2 for IMU6, 3 for IMU9, whose magnetic field is left out.

    Raises:
        FrameError: It holds no whole number of samples, or something else than numbers.
    """
    n, rest = divmod(len(body) - _STAMP.size, arrays * AXES * 4)
    if n < 1 or rest:
        raise _refused(f"{len(body)} bytes are no whole samples")
    values = np.frombuffer(body, "<f4", offset=_STAMP.size).reshape(arrays, n, AXES)[:2]
    if not np.isfinite(values).all():
        raise _refused("it holds something else than numbers")
    acc, gyr = values.astype(float)
    return ImuBlock(first_ms=_STAMP.unpack_from(body)[0], acc_mps2=acc, gyr_radps=np.deg2rad(gyr))


def _refused(why: str) -> FrameError:
    return FrameError(f"A packet from the sensor was left out: {why}.")


def _fault() -> SensorFault:
    return SensorFault("The sensor's answer cannot be understood; switch it off and on and try again.")
