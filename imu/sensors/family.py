"""What the link has to know of a family of sensors, and nothing about how its bytes look.

A family brings a `Dialogue`: it says which bytes to write and what the answers mean. It does no I/O and knows no time,
so the link is the same for all families, and a family is tested with bytes alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from imu.errors import DataError, SensorFault
from imu.model import Samples, SensorInfo


class FrameError(DataError):
    """A frame that cannot be believed. It is counted and left out; the stream goes on."""


class StreamBroken(FrameError):
    """Frame after frame contradicts what was believed of the stream: it has to be started anew."""


class RequestRefused(SensorFault):
    """The sensor answered a request with something else than OK.

    Attributes:
        code: The sensor's word for it (`BUSY`, `RANGE_GONE`, ...).
    """

    def __init__(self, request: str, code: str) -> None:
        super().__init__(f"The sensor refused {request} ({code}); switch it off and on and try again.")
        self.code = code


class Decoder(Protocol):
    """Bytes of one stream -> samples. The result does not depend on how frames are batched."""

    clipped: int
    """Samples so far that reached the end of their range."""

    def push(self, frame: bytes, arrival_s: float) -> Samples:
        """Decode one notification; raises FrameError if it is none, StreamBroken if the stream cannot be followed."""

    def time_s(self, ticks: int) -> float:
        """A device time as the sensor counts it -> seconds from the stream's sample 0; nan before the first frame."""

    def push_many(self, frames: Sequence[bytes], arrival_s: Sequence[float]) -> Samples:
        """Decode notifications in order of arrival; raises FrameError if one of them is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    """A stream began.

    Attributes:
        session: The sensor's number of it; a new one means that the sensor began anew.
        info: With the true rate and the ranges of this stream.
        mtu: ATT_MTU as the sensor sees it.
        decoder: For this stream, and only for it.
    """

    session: int
    info: SensorInfo
    mtu: int
    decoder: Decoder


@dataclass(frozen=True, kw_only=True, slots=True)
class Resumed:
    """What became of a stream while the link was down: whether it runs, and the index it goes on with."""

    running: bool
    next_index: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Refill:
    """Which samples the sensor is going to send again; fewer than asked for means that the others are gone."""

    first: int
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Pong:
    """The number of a PING, and device time when it came and when it was answered, as the sensor counts it."""

    token: int
    received: int
    replied: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SensorStatus:
    """What the sensor says of itself once a second.

    Attributes:
        state: In words, as in `streaming`.
        session, next_index, oldest_index: The stream, where it is, and how far back it can be asked for.
        errors: In words.
    """

    state: str
    session: int
    next_index: int
    oldest_index: int
    battery_mv: int
    dropped_frames: int
    errors: tuple[str, ...] = ()


class Dialogue(Protocol):
    """How to talk to one sensor of a family.

    The link reads `info_uuid` and whatever of `text_uuids` there is, writes requests to `control_uuid`, takes answers
    from the same, frames from `data_uuid` and status from `status_uuid`.
    """

    info_uuid: str
    control_uuid: str
    data_uuid: str
    status_uuid: str
    battery_uuid: str
    text_uuids: Mapping[str, str]
    """Characteristics that hold text, by what it is: `serial`, `firmware`, `model`."""

    def describe(self, info: bytes, texts: Mapping[str, str]) -> SensorInfo:
        """Read what the sensor is; raises SensorFault if it cannot be understood."""

    def configure(self, info: SensorInfo, rate_hz: float) -> bytes:
        """The request that sets the rate; raises UsageError if the sensor does not offer it."""

    def start(self) -> bytes:
        """The request that begins a stream."""

    def started(self, answer: bytes, info: SensorInfo) -> Started:
        """What the answer to `start` says."""

    def stop(self) -> bytes:
        """The request that ends whatever runs."""

    def resume(self, session: int) -> bytes:
        """The request, after a reconnect, to go on with a stream."""

    def resumed(self, answer: bytes) -> Resumed:
        """What the answer to `resume` says."""

    def refill(self, session: int, first: int, count: int) -> bytes:
        """The request to send samples again; the most that fit one request if `count` is more."""

    def refilling(self, answer: bytes) -> Refill:
        """What the answer to `refill` says; a count of 0 if all of it is gone."""

    def ping(self, token: int) -> bytes | None:
        """The request to tell the time; None where the family has none."""

    def pong(self, answer: bytes) -> Pong:
        """What the answer to `ping` says."""

    def check(self, answer: bytes) -> None:
        """Raise RequestRefused unless the answer is OK."""

    def answers(self, request: bytes, answer: bytes) -> bool:
        """Whether this answer belongs to that request."""

    def status(self, data: bytes) -> SensorStatus:
        """Read a status; raises FrameError if it is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """One row of the table of sensors.

    Attributes:
        name: For people and files.
        service_uuid: In the advertisement of every sensor of the family.
        name_prefix: Of the advertised name.
        dialogue: Makes a dialogue for one sensor.
    """

    name: str
    service_uuid: str
    name_prefix: str
    dialogue: Callable[[], Dialogue]
