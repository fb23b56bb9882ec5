"""Movesense's GATT SensorData Protocol (GSP): notifications -> packets, and packets -> decoded blocks.

Layout and numbers are those of Movesense's *GATT SensorData Protocol* and of the resource files in movesense-device-lib
(meas/imu.yaml, samples/gatt_sensordata_app). All numbers are little-endian. A packet has no number of its own: it
carries the device time of its FIRST sample, in milliseconds, so a lost one shows only as a step in time.
"""

from __future__ import annotations

import enum
import struct
from dataclasses import dataclass

import numpy as np

from imu.model import Floats
from imu.sensors.family import FrameError

AXES = 3
LEAST_FIRST = 18
"""Bytes a first of two parts has at least, by the smallest ATT_MTU of 23; Movesense's sample firmware splits at 150."""
MOST_BODY = 512
"""Bytes a first part may have: the longest value of a characteristic (Bluetooth Core, vol. 3 part F, 3.2.9)."""
_STAMP = struct.Struct("<I")


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


def packet(notification: bytes) -> Packet:
    """Read one notification.

    Raises:
        FrameError: It is none of the protocol.
    """
    if len(notification) < 2 or notification[0] not in Kind.__members__.values():
        raise _refused("it is no packet")
    return Packet(kind=Kind(notification[0]), reference=notification[1], body=notification[2:])


class Joiner:
    """Packets of one subscription, in one part or two -> whole bodies.

    Nothing in a packet says whether a second part follows, so a first part is taken as whole if it holds whole samples.
    The only known split, at 150 bytes, leaves a sample cut. Nor do parts carry a number: if a second part and the first
    part after it are both lost, what is left is joined as if it belonged together.
    """

    def __init__(self, reference: int, arrays: int = 2) -> None:
        """Take the reference of the subscription, and its arrays: 2 for IMU6, 3 for IMU9."""
        self._reference = reference
        self._sample = arrays * AXES * 4
        self._begun = b""

    def begin_anew(self) -> None:
        """What was begun will not be ended."""
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
        body = part.body if part.kind is Kind.DATA else begun + part.body
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
