"""What the link has to know of a family of sensors, and nothing about how its bytes look.

A family brings a `Dialogue`: what is to be said to a sensor, as generators of steps, and what its notifications are. It
does no I/O and knows no time: the link takes the steps one by one, and a test sends in the answers with bytes alone.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Generator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, TypeVar

from imu.errors import DataError, SensorFault
from imu.model import Samples, SensorInfo

BATTERY_LEVEL_UUID = "00002a19-0000-1000-8000-00805f9b34fb"
"""Battery Level of the Bluetooth SIG: one byte, per cent."""


class FrameError(DataError):
    """A frame that cannot be believed. It is counted and left out; the stream goes on."""


class StreamBroken(FrameError):
    """Frame after frame contradicts what was believed of the stream: it has to be started anew."""


class RequestRefused(SensorFault):
    """The sensor answered a request with something else than OK.

    Attributes:
        code: The sensor's word for it (`BUSY`, `RANGE_GONE`, ...).
    """

    def __init__(self, request: str, code: str, mend: str = "switch it off and on and try again") -> None:
        """Say what was refused, the sensor's word for it, and what to do about it."""
        super().__init__(f"The sensor refused {request} ({code}); {mend}.")
        self.code = code


class Role(enum.Flag):
    """What a notification is; it may be several at once, where answers stand between measurements."""

    NOTHING = 0
    FRAME = enum.auto()
    ANSWER = enum.auto()
    STATUS = enum.auto()


@dataclass(frozen=True, slots=True)
class Read:
    """Read a characteristic: gives its bytes, or None where the sensor has no such characteristic."""

    uuid: str


@dataclass(frozen=True, slots=True)
class Write:
    """Write to a characteristic, with response where it takes that; gives None. No answer is waited for."""

    uuid: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Ask:
    """Write a request to the control characteristic: gives the first answer to it from then on."""

    request: bytes


@dataclass(frozen=True, slots=True)
class Hear:
    """Wait for the next answer to a request made before: gives that."""

    request: bytes


@dataclass(frozen=True, slots=True)
class Pause:
    """Do nothing for a while; gives None."""

    seconds: float


T = TypeVar("T")
Step: TypeAlias = Read | Write | Ask | Hear | Pause
Talk: TypeAlias = Generator[Step, bytes | None, T]
"""Something to be said, step by step, and what comes of it. A step that fails ends it."""


def read(uuid: str) -> Talk[bytes | None]:
    """Read a characteristic; None where the sensor has none."""
    return (yield Read(uuid))


def ask(request: bytes) -> Talk[bytes]:
    """Make a request and return its answer."""
    return (yield Ask(request)) or b""


def hear(request: bytes) -> Talk[bytes]:
    """Return the next answer to a request made before."""
    return (yield Hear(request)) or b""


def percent(level: bytes | None) -> int | None:
    """Battery Level as read -> per cent; None where there was none, or it is not 0 to 100 %."""
    return level[0] if level and level[0] <= 100 else None


class Decoder(Protocol):
    """Bytes of one stream -> samples. The result does not depend on how frames are batched."""

    clipped: int
    """Samples so far that reached the end of their range."""

    def push(self, frame: bytes, arrival_s: float) -> Samples:
        """Decode one notification.

        Returns:
            The samples it completes: none where it is but a part. `t_s` is 0 at sample 0 and increases with `index`; a
            hole is a jump of both.

        Raises:
            FrameError: It is no frame of this stream.
            StreamBroken: The stream cannot be followed any more.
        """

    def time_s(self, ticks: int) -> float:
        """A device time as the sensor counts it -> seconds from the stream's sample 0; nan before the first frame."""

    def push_many(self, frames: Sequence[bytes], arrival_s: Sequence[float]) -> Samples:
        """Decode notifications in order of arrival; raises FrameError if one of them is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    """A stream began.

    Attributes:
        session: The sensor's number of it; a new one means that the sensor began anew. Any number where it has none.
        info: With the true rate and the ranges of this stream.
        mtu: ATT_MTU as the sensor sees it; 0 where it does not say.
        decoder: For this stream, and only for it.
    """

    session: int
    info: SensorInfo
    mtu: int
    decoder: Decoder


@dataclass(frozen=True, kw_only=True, slots=True)
class Resumed:
    """What became of a stream while the link was down: whether it runs, and the index it goes on with.

    Attributes:
        running: Whether more will come.
        next_index: None where the sensor does not say: the next frame will show it.
    """

    running: bool
    next_index: int | None


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
    """What the sensor says of itself.

    Attributes:
        state: In words, as in `streaming`.
        session, next_index, oldest_index: The stream, where it is, and how far back it can be asked for. Another
            session than the one started means that the sensor stopped it or began anew.
        battery_mv: None where it does not say.
        errors: In words.
    """

    state: str
    session: int
    next_index: int = 0
    oldest_index: int = 0
    battery_mv: int | None = None
    dropped_frames: int = 0
    errors: tuple[str, ...] = ()


class Dialogue(Protocol):
    """How to talk to one sensor of a family. Made anew for every sensor; it may remember what was said."""

    @property
    def control_uuid(self) -> str:
        """Where requests go."""

    @property
    def listens(self) -> tuple[str, ...]:
        """Characteristics whose notifications or indications are switched on, in this order."""

    def role(self, uuid: str, data: bytes) -> Role:
        """What a notification of one of `listens` is; any bytes are taken."""

    def answers(self, request: bytes, answer: bytes) -> bool:
        """Whether this answer belongs to that request."""

    def status(self, data: bytes) -> SensorStatus:
        """Read what is a `Role.STATUS`; raises FrameError if it is none."""

    def introduce(self) -> Talk[SensorInfo]:
        """Ask what the sensor is; raises SensorFault if that cannot be understood."""

    def begin(self, info: SensorInfo, rate_hz: float | None) -> Talk[Started]:
        """Stop what an earlier program left running, configure, start.

        Raises:
            UsageError: The sensor does not offer the rate.
            SensorFault: It refuses, or cannot be understood.
        """

    def resume(self, started: Started) -> Talk[Resumed | None]:
        """Go on with a stream on a new connection. None: it is gone, begin anew.

        A sensor without memory is stopped and started again, and its decoder told if it has to know.
        """

    def halt(self) -> Talk[SensorStatus | None]:
        """Stop; how far the stream went, if the sensor says so intelligibly."""

    def refill(self, session: int, first: int, count: int) -> Talk[Refill]:
        """Ask for samples again, for the most that fit one request if `count` is more; count 0 if all are gone."""

    def ping(self, token: int) -> Talk[Pong | None]:
        """Ask for the sensor's time; None where the family has no such thing."""

    def battery(self) -> Talk[int | None]:
        """Charge in per cent; None where the sensor does not say."""


class Plain:
    """What sensors have in common that hold no samples and tell no time: a base of their dialogues."""

    def status(self, data: bytes) -> SensorStatus:
        """They say nothing of themselves, unless that they stopped."""
        return SensorStatus(state="stopped", session=-1)

    def refill(self, session: int, first: int, count: int) -> Talk[Refill]:
        """Nothing can be had again."""
        yield from ()
        return Refill(first=0, count=0)

    def ping(self, token: int) -> Talk[Pong | None]:
        """They cannot be asked for their time."""
        yield from ()
        return None

    def battery(self) -> Talk[int | None]:
        """Read the standard Battery Level; None where there is none, or it is not 0 to 100 %."""
        return percent((yield from read(BATTERY_LEVEL_UUID)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Abilities:
    """What a family of sensors can and cannot do.

    Attributes:
        gyroscope: Whether it measures rotation.
        rates_hz: Those to choose from, rising; empty where each sensor tells its own.
        default_rate_hz: The one used if none is chosen; None where the sensor chooses.
        latency_s: From a measurement to its arrival, at most, on a good link at the default rate: what a frame holds.
        memory: Whether it holds samples for a while, so that those lost on the way can be had again.
        numbered: Whether frames carry a number, so that a lost one is known for sure.
        device_time: Whether frames carry the sensor's own time.
        battery: Whether it tells its charge.
    """

    gyroscope: bool
    rates_hz: tuple[float, ...]
    default_rate_hz: float | None
    latency_s: float
    memory: bool
    numbered: bool
    device_time: bool
    battery: bool

    def latency_at(self, rate_hz: float) -> float:
        """The same at another rate, for a frame holds so many samples."""
        return self.latency_s * (self.default_rate_hz / rate_hz if self.default_rate_hz else 1.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """One row of the table of sensors.

    Attributes:
        name: For options and files.
        title: For people.
        service_uuid: Of the service that makes a device one of this family.
        advertised: Whether that is in its advertisement; if not, it is recognised by its name.
        name_prefixes: Of the advertised name.
        dialogue: Makes a dialogue for one sensor.
        abilities: What it can and cannot do.
        caveats: What to know before relying on it, in a sentence; empty if nothing.
        if_left: What becomes of one that could not be stopped, in a sentence; empty where it stops with its connection.
    """

    name: str
    title: str
    service_uuid: str
    advertised: bool
    name_prefixes: tuple[str, ...]
    dialogue: Callable[[], Dialogue]
    abilities: Abilities
    caveats: str = ""
    if_left: str = ""

    def recognises(self, name: str | None, service_uuids: Collection[str]) -> bool:
        """Whether what a device advertises is that of a sensor of this family; UUIDs in lower case, as bleak's."""
        if self.advertised:
            return self.service_uuid in service_uuids
        return name is not None and name.startswith(self.name_prefixes)
