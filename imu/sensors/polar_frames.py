"""Polar's frames (Polar Measurement Data, "PMD"): notified bytes -> decoded blocks.

Layout and numbers are those of Polar's *Measurement Data Specification* and *online_measurement* (polar-ble-sdk,
technical_documentation). All numbers are little-endian. A frame has no number of its own: it carries the device time of
its LAST sample, so a lost one shows only as a step in time.

An H10 measures acceleration alone and sends raw frames; a Verity Sense measures acceleration and rotation as two
streams on one clock, both as a reference sample followed by bit-packed differences.
"""

from __future__ import annotations

import enum
import math
import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from imu.model import G_MPS2, Floats, Ints
from imu.sensors.family import FrameError

AXES = 3
KIND_BITS = 0x3F
"""Of a frame's first byte; the others mean something else."""

_HEAD = struct.Struct("<BQB")


class Measurement(enum.IntEnum):
    """What can be measured; the number is that of its feature bit as well."""

    ECG = 0
    PPG = 1
    ACC = 2
    PPI = 3
    GYRO = 5
    MAG = 6
    SKIN_TEMPERATURE = 7
    SDK_MODE = 9
    LOCATION = 10
    PRESSURE = 11
    TEMPERATURE = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class PmdBlock:
    """The samples of one frame.

    Attributes:
        measurement: ACC or GYRO.
        last_ns: Device time of the last of them, in nanoseconds since 2000-01-01.
        values: (n, 3) m/s^2 or rad/s, in sensor axes; n is at least 1.
    """

    measurement: Measurement
    last_ns: int
    values: Floats


def decode_frame(frame: bytes, *, factor: float | None = None) -> PmdBlock:
    """Decode one notification of acceleration or rotation.

    Units. Acceleration: raw frames count mg; differences of type 0 count `factor` g, those of type 1 mg. Rotation:
    type 0 counts `factor` deg/s; type 1 holds float32 deg/s, whose bit patterns are what the differences are of.
    A factor told for type 1 multiplies it.

    Args:
        frame: As notified.
        factor: Told by the answer to START; None if none was.

    Raises:
        FrameError: It is no such frame, is cut short, or holds something else than numbers.
    """
    if len(frame) <= _HEAD.size:
        raise _refused(f"{len(frame)} bytes are no frame")
    kind, last_ns, frame_type = _HEAD.unpack_from(frame)
    if last_ns >= 1 << 63:
        raise _refused("its time is beyond all bounds")
    content = frame[_HEAD.size :]
    unit: float
    raw: Ints | Floats
    match kind & KIND_BITS, frame_type:
        case Measurement.ACC, 0 | 1 | 2:
            unit, raw = G_MPS2 / 1000, _whole(content, frame_type + 1)
        case Measurement.ACC, 0x80:
            unit, raw = _told(factor) * G_MPS2, decode_delta(content, resolution_bits=16)
        case Measurement.ACC, 0x81:
            unit, raw = (factor or 1.0) * G_MPS2 / 1000, decode_delta(content, resolution_bits=16)
        case Measurement.GYRO, 0x80:
            unit, raw = math.radians(_told(factor)), decode_delta(content, resolution_bits=16)
        case Measurement.GYRO, 0x81:
            unit, raw = math.radians(factor or 1.0), _as_floats(decode_delta(content, resolution_bits=32))
        case _:
            raise _refused(f"measurement {kind & KIND_BITS} in frames of type {frame_type:#04x} is not known")
    return PmdBlock(measurement=Measurement(kind & KIND_BITS), last_ns=last_ns, values=raw.astype(float) * unit)


def decode_delta(content: bytes, *, resolution_bits: int) -> Ints:
    """Decode a reference sample and its differences.

    After the reference come blocks of: width in bits, count of samples, and that many differences of each axis in turn,
    two's complement, packed from the least significant bit on, filled up to a whole byte.

    Args:
        content: Of a frame, behind its header.
        resolution_bits: 16 or 32. Of 32 bits, sums wrap as int32 do; of 16, a sum that leaves int16 is no sample.

    Returns:
        (n, 3) counts.

    Raises:
        FrameError: It is cut short, a width is beyond 32 bits, or a sum leaves its range.
    """
    width = resolution_bits // 8
    parts = [_whole(content[: AXES * width], width)]
    at = AXES * width
    while at < len(content):
        if at + 2 > len(content):
            raise _refused("it is cut short")
        bits, count = content[at], content[at + 1]
        end = at + 2 + (bits * count * AXES + 7) // 8
        if bits > 32 or end > len(content):
            raise _refused("it is cut short, or its differences are damaged")
        parts.append(_differences(content[at + 2 : end], bits, count))
        at = end
    counts: Ints = np.cumsum(np.concatenate(parts), axis=0, dtype=np.int64)
    if resolution_bits == 32:
        return counts.astype(np.int32).astype(np.int64)
    if counts.max() > np.iinfo(np.int16).max or counts.min() < np.iinfo(np.int16).min:
        raise _refused("its differences lead out of the range")
    return counts


def _differences(packed: bytes, bits: int, count: int) -> Ints:
    """(count, 3) signed numbers of so many bits each."""
    if not bits or not count:
        return np.zeros((count, AXES), np.int64)
    weights = np.int64(1) << np.arange(bits, dtype=np.int64)
    weights[-1] *= -1  # two's complement: the highest bit counts negative
    each = np.unpackbits(np.frombuffer(packed, np.uint8), count=bits * count * AXES, bitorder="little")
    values: Ints = each.reshape(-1, bits) @ weights
    return values.reshape(-1, AXES)


def _whole(content: bytes, width: int) -> Ints:
    """(n, 3) signed numbers of so many bytes each."""
    if not content or len(content) % (AXES * width):
        raise _refused("it is cut short")
    split = np.frombuffer(content, np.uint8).reshape(-1, width)
    wide = np.zeros((len(split), 4), np.uint8)
    wide[:, 4 - width :] = split  # at the top of an int32, from where the sign is shifted down
    values = wide.view("<i4").ravel() >> (8 * (4 - width))
    return values.astype(np.int64).reshape(-1, AXES)


def _as_floats(patterns: Ints) -> Floats:
    values: npt.NDArray[np.float32] = patterns.astype(np.int32).view(np.float32)
    if not np.isfinite(values).all():
        raise _refused("it holds something else than numbers")
    return values.astype(float)


def _told(factor: float | None) -> float:
    if factor is None:
        raise _refused("the sensor did not tell the unit of its numbers")
    return factor


def _refused(why: str) -> FrameError:
    return FrameError(f"A frame from the sensor was left out: {why}.")
