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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from imu.model import G_MPS2, Floats, Ints
from imu.sensors.family import FrameError
from imu.sensors.polar_packed import differences, refused, whole

KIND_BITS = 0x3F
"""Of a frame's first byte; the others mean something else."""

_HEAD = struct.Struct("<BQB")
_HEADS = np.dtype([("kind", "u1"), ("last_ns", "<u8"), ("type", "u1")])
"""The same, as columns."""


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


_KINDS: Mapping[int, Measurement] = {int(kind): kind for kind in Measurement}


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


@dataclass(frozen=True, kw_only=True, slots=True)
class PmdBlocks:
    """The samples of some frames of one measurement.

    Attributes:
        last_ns: (k,) device time of the last sample of each frame, in nanoseconds since 2000-01-01.
        samples: (k,) how many samples each frame holds; at least 1.
        values: (n, 3) m/s^2 or rad/s of all of them in order, in sensor axes.
    """

    measurement: Measurement
    last_ns: Ints
    samples: Ints
    values: Floats

    def split(self) -> list[PmdBlock]:
        """Frame by frame."""
        ends = self.samples.cumsum()
        bounds = zip((ends - self.samples).tolist(), ends.tolist(), self.last_ns.tolist(), strict=True)
        return [PmdBlock(measurement=self.measurement, last_ns=ns, values=self.values[a:b]) for a, b, ns in bounds]


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
    measurement, frame_type, last_ns = _head(frame)
    values, _ = _values(measurement, frame_type, [frame[_HEAD.size :]], factor)
    return PmdBlock(measurement=measurement, last_ns=last_ns, values=values)


def decode_frames(frames: Sequence[bytes], *, factor: float | None = None) -> PmdBlocks:
    """Decode notifications of one measurement in one go: the same as one by one, in a fraction of the time.

    Args:
        frames: As notified, at least one, all of the same measurement and type, as those of a stream are.
        factor: Told by the answer to START; None if none was.

    Raises:
        FrameError: One of them is no such frame, is of another kind than the first, is cut short, or holds something
            else than numbers.
    """
    measurement, frame_type, _ = _head(min(frames, key=len))
    heads = np.frombuffer(b"".join([frame[: _HEAD.size] for frame in frames]), _HEADS)
    last_ns = heads["last_ns"].astype(np.int64)
    if (last_ns < 0).any():
        raise refused("its time is beyond all bounds")
    if (heads["kind"] & KIND_BITS != measurement).any() or (heads["type"] != frame_type).any():
        raise refused("it is of another kind than those before")
    values, samples = _values(measurement, frame_type, [frame[_HEAD.size :] for frame in frames], factor)
    return PmdBlocks(measurement=measurement, last_ns=last_ns, samples=samples, values=values)


def _head(frame: bytes) -> tuple[Measurement, int, int]:
    """Measurement, type of the frame, and time of its last sample."""
    if len(frame) <= _HEAD.size:
        raise refused(f"{len(frame)} bytes are no frame")
    kind, last_ns, frame_type = _HEAD.unpack_from(frame)
    if last_ns >= 1 << 63:
        raise refused("its time is beyond all bounds")
    measurement = _KINDS.get(kind & KIND_BITS)
    if measurement is None:
        raise _unknown(kind & KIND_BITS, frame_type)
    return measurement, frame_type, last_ns


def _values(
    measurement: Measurement, frame_type: int, contents: Sequence[bytes], factor: float | None
) -> tuple[Floats, Ints]:
    """(n, 3) values of what stands behind the heads of frames of one kind, and how many samples each holds."""
    unit: float
    counts: Ints
    match measurement, frame_type:
        case Measurement.ACC, 0 | 1 | 2:
            unit, (counts, each) = G_MPS2 / 1000, whole(contents, frame_type + 1)
        case Measurement.ACC, 0x80:
            unit, (counts, each) = _told(factor) * G_MPS2, differences(contents, 2)
        case Measurement.ACC, 0x81:
            unit, (counts, each) = (factor or 1.0) * G_MPS2 / 1000, differences(contents, 2)
        case Measurement.GYRO, 0x80:
            unit, (counts, each) = math.radians(_told(factor)), differences(contents, 2)
        case Measurement.GYRO, 0x81:
            unit, (counts, each) = math.radians(factor or 1.0), differences(contents, 4)
            return _as_floats(counts) * unit, each
        case _:
            raise _unknown(measurement, frame_type)
    return np.multiply(counts, unit), each


def _as_floats(patterns: Ints) -> Floats:
    values: npt.NDArray[np.float32] = patterns.astype(np.int32).view(np.float32)
    if not np.isfinite(values).all():
        raise refused("it holds something else than numbers")
    return values.astype(float)


def _told(factor: float | None) -> float:
    if factor is None:
        raise refused("the sensor did not tell the unit of its numbers")
    return factor


def _unknown(kind: int, frame_type: int) -> FrameError:
    return refused(f"measurement {kind} in frames of type {frame_type:#04x} is not known")
