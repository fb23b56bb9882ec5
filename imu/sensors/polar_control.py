"""Polar's control point (Polar Measurement Data, "PMD"): requests -> bytes, and bytes -> answers, settings, features.

Layout and numbers are those of Polar's *Measurement Data Specification* and *online_measurement* (polar-ble-sdk,
technical_documentation). All numbers are little-endian.
"""

from __future__ import annotations

import enum
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from imu.errors import SensorFault
from imu.sensors.family import RequestRefused
from imu.sensors.polar_frames import Measurement

MOST_PARAMETERS = 4096
"""Bytes an answer may have in all its parts; real ones stay below a hundred."""

_ANSWER = 0xF0
_FEATURES = 0x0F
_STOPPED = 0x01


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


_MENDS: Mapping[int, str] = {
    Status.NOT_SUPPORTED: "update its firmware with Polar's app",
    Status.ALREADY_IN_STATE: "another program or a phone may be using it: close that and try again",
    Status.INVALID_RATE: "choose another rate",
    Status.INVALID_MTU: "the link carries too little at a time (its MTU is too small): try again, else update the "
    "computer's Bluetooth driver or use another adapter",
    Status.INVALID_STATE: "it is busy with another measurement or a recording: end that in Polar's app and try again",
    Status.IN_CHARGER: "take it off the charger and try again",
    Status.DISK_FULL: "its memory is full: empty it in Polar's app",
}
_ELSE = "switch it off and on and try again"


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
        """Raise RequestRefused unless it is OK; it says what to do."""
        if self.status != Status.OK:
            request = f"{_name(Op, self.op)} {_name(Measurement, self.measurement)}"
            raise RequestRefused(request, _name(Status, self.status), _MENDS.get(self.status, _ELSE))


def request(op: Op, measurement: Measurement | None = None) -> bytes:
    """A request without settings: to ask for settings or a status, or to stop. SDK mode stops as a stream does."""
    return bytes((op,)) if measurement is None else bytes((op, measurement))


def answers(request: bytes, indication: bytes) -> bool:
    """Whether an indication is the answer to a request, or a part of it."""
    return len(indication) > 2 and indication[0] == _ANSWER and indication[1:].startswith(request[:2])


def is_answer(indication: bytes) -> bool:
    """Whether an indication is an answer to anything; the list of features may come as one that is none."""
    return indication[:1] == bytes((_ANSWER,))


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
        goes_on = whole.more and whole.status == Status.OK
        if len(whole.parameters) > MOST_PARAMETERS or (goes_on and not part.parameters):
            raise _fault("its answer without end")
        if goes_on:
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


def _fault(what: str) -> SensorFault:
    return SensorFault(f"The sensor cannot be understood in {what}; switch it off and on and try again.")


def _name(names: type[enum.IntEnum], number: int) -> str:
    return names(number).name if number in names.__members__.values() else f"{number:#04x}"
