"""Polar H10 and Verity Sense: the PMD service (Polar Measurement Data) -> decoded blocks and control answers.

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

from imu.errors import SensorFault
from imu.model import G_MPS2, Floats, Ints
from imu.sensors.family import FrameError, RequestRefused

SERVICE_UUID = "fb005c80-02e7-f387-1cad-8acd2d8df0c8"
CONTROL_UUID = "fb005c81-02e7-f387-1cad-8acd2d8df0c8"
"""Read: features. Write: requests. Indicates: answers."""
DATA_UUID = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"

EPOCH_UNIX_S = 946_684_800
"""Device time counts from 2000-01-01 00:00 UTC, where the clock was ever set."""

AXES = 3
MOST_PARAMETERS = 4096
"""Bytes an answer may have in all its parts; real ones stay below a hundred."""

_HEAD = struct.Struct("<BQB")
_ANSWER = 0xF0
_FEATURES = 0x0F
_STOPPED = 0x01


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


class Op(enum.IntEnum):
    """Requests to the control point."""

    SETTINGS = 1
    START = 2
    STOP = 3
    SDK_SETTINGS = 4
    MEASUREMENT_STATUS = 5
    SDK_STATUS = 6


class Status(enum.IntEnum):
    """Outcome of a request."""

    OK = 0
    INVALID_OP = 1
    INVALID_MEASUREMENT = 2
    NOT_SUPPORTED = 3
    INVALID_LENGTH = 4
    INVALID_PARAMETER = 5
    ALREADY_IN_STATE = 6
    INVALID_RESOLUTION = 7
    INVALID_RATE = 8
    INVALID_RANGE = 9
    INVALID_MTU = 10
    INVALID_CHANNELS = 11
    INVALID_STATE = 12
    IN_CHARGER = 13
    DISK_FULL = 14


class Setting(enum.IntEnum):
    """Kinds of settings; `RANGE` is in g or deg/s, `RANGE_MILLI` in thousandths of it."""

    RATE_HZ = 0
    RESOLUTION_BITS = 1
    RANGE = 2
    RANGE_MILLI = 3
    CHANNELS = 4
    FACTOR = 5
    SECURITY = 6


_SETTING_FORMAT = {
    Setting.RATE_HZ: "H",
    Setting.RESOLUTION_BITS: "H",
    Setting.RANGE: "H",
    Setting.RANGE_MILLI: "I",
    Setting.CHANNELS: "B",
    Setting.FACTOR: "f",
    Setting.SECURITY: "16s",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamSettings:
    """What to ask of a stream.

    Attributes:
        full_scale: Range in g or deg/s.
        channels: Told by sensors that offer it (Verity Sense: 3); None leaves it out (H10).
    """

    rate_hz: int
    full_scale: int
    resolution_bits: int = 16
    channels: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """Answer to one request.

    Attributes:
        op, measurement, status: As numbers, for a later firmware may know more of them than we do.
        more: The parameters go on in the next indication.
    """

    op: int
    measurement: int
    status: int
    more: bool
    parameters: bytes

    def check(self) -> None:
        """Raise RequestRefused unless it is OK."""
        if self.status != Status.OK:
            raise RequestRefused(
                f"{_name(Op, self.op)} {_name(Measurement, self.measurement)}", _name(Status, self.status)
            )


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

    def times_ns(self, rate_hz: float) -> Ints:
        """(n,) device times, backwards from the last sample at this rate."""
        n = len(self.values)
        back_ns: Ints = np.rint(np.arange(n - 1, -1, -1) * (1e9 / rate_hz)).astype(np.int64)
        return self.last_ns - back_ns


def request(op: Op, measurement: Measurement) -> bytes:
    """A request without settings: to ask for settings, or to stop. SDK mode is started and stopped as a stream is."""
    return bytes((op, measurement))


def start(measurement: Measurement, settings: StreamSettings | None = None) -> bytes:
    """The request that begins a stream; SDK mode takes no settings."""
    body = request(Op.START, measurement)
    if settings is None:
        return body
    asked = [
        (Setting.RATE_HZ, settings.rate_hz),
        (Setting.RESOLUTION_BITS, settings.resolution_bits),
        (Setting.RANGE, settings.full_scale),
    ]
    if settings.channels is not None:
        asked.append((Setting.CHANNELS, settings.channels))
    return body + b"".join(struct.pack("<BB" + _SETTING_FORMAT[kind], kind, 1, value) for kind, value in asked)


def features(read: bytes) -> frozenset[Measurement]:
    """What the sensor can measure, from a read of the control point.

    Raises:
        SensorFault: It is not a list of features.
    """
    if len(read) < 3 or read[0] != _FEATURES:
        raise _fault("its list of features")
    bits = int.from_bytes(read[1:3], "little")
    return frozenset(kind for kind in Measurement if bits >> kind & 1)


def stopped(indication: bytes) -> tuple[int, ...] | None:
    """The measurements that the sensor says, unasked, to have stopped; None if the indication says something else."""
    return tuple(indication[1:]) if indication[:1] == bytes((_STOPPED,)) else None


def answer(indication: bytes) -> Answer:
    """Read one indication. Refusals may end after the status: a sensor that saw too small an MTU answers so.

    Raises:
        SensorFault: It is no answer.
    """
    if len(indication) < 4 or indication[0] != _ANSWER:
        raise _fault("its answer")
    return Answer(
        op=indication[1],
        measurement=indication[2],
        status=indication[3],
        more=any(indication[4:5]),
        parameters=indication[5:],
    )


class Answers:
    """Joins the parts of answers that do not fit one indication."""

    def __init__(self) -> None:
        self._begun: Answer | None = None

    def push(self, indication: bytes) -> Answer | None:
        """Take one indication; the whole answer with its last part, None before. Another answer drops a begun one.

        Raises:
            SensorFault: It is no answer, or one without end.
        """
        part = answer(indication)
        begun, self._begun = self._begun, None
        before = b""
        if begun is not None and (begun.op, begun.measurement) == (part.op, part.measurement):
            before = begun.parameters
        whole = Answer(
            op=part.op,
            measurement=part.measurement,
            status=part.status,
            more=part.more,
            parameters=before + part.parameters,
        )
        if len(whole.parameters) > MOST_PARAMETERS:
            raise _fault("its answer without end")
        if whole.more and whole.status == Status.OK:
            self._begun = whole
            return None
        return whole


def settings(parameters: bytes) -> dict[Setting, tuple[float, ...]]:
    """Read the settings that a sensor offers or has taken, in any order. The security setting is left out.

    Raises:
        SensorFault: They end within a value, or hold a kind that is not known and so has no known length.
    """
    found: dict[Setting, tuple[float, ...]] = {}
    at = 0
    while at < len(parameters):
        try:
            kind, count = Setting(parameters[at]), parameters[at + 1]
            values = struct.unpack_from("<" + _SETTING_FORMAT[kind] * count, parameters, at + 2)
        except (ValueError, IndexError, struct.error) as error:
            raise _fault("its settings") from error
        at += 2 + count * struct.calcsize("<" + _SETTING_FORMAT[kind])
        if kind is not Setting.SECURITY:
            found[kind] = values
    return found


def factor(started: Answer) -> float | None:
    """Unit of one count (g or deg/s), from the answer to START; None where the sensor told none.

    An H10 ends its answer with one reserved byte, which is no setting.

    Raises:
        SensorFault: The answer cannot be understood, or the factor is no positive number.
    """
    told = settings(started.parameters) if len(started.parameters) > 1 else {}
    values = told.get(Setting.FACTOR)
    if not values:
        return None
    if not (math.isfinite(values[0]) and values[0] > 0):
        raise _fault("the factor it tells")
    return values[0]


def battery_percent(read: bytes) -> int:
    """Battery Level (Bluetooth SIG, 0x2A19) -> per cent.

    Raises:
        FrameError: It is none.
    """
    if len(read) != 1 or read[0] > 100:
        raise FrameError("A battery level from the sensor was left out: it is not 0 to 100 %.")
    return read[0]


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
    match kind & 0x3F, frame_type:
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
            raise _refused(f"measurement {kind & 0x3F} in frames of type {frame_type:#04x} is not known")
    return PmdBlock(measurement=Measurement(kind & 0x3F), last_ns=last_ns, values=raw.astype(float) * unit)


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


def _fault(what: str) -> SensorFault:
    return SensorFault(f"The sensor cannot be understood in {what}; switch it off and on and try again.")


def _name(names: type[enum.IntEnum], number: int) -> str:
    return names(number).name if number in names.__members__.values() else f"{number:#04x}"
