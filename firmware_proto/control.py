"""Control messages: a request is `op, tag, arguments`; its answer `op | 0x80, the same tag, status, data`.

The host has one request under way at a time. An answer other than OK carries no data.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Self

from firmware_proto.codes import (
    ANSWER_BIT,
    BadLength,
    BadValue,
    ErrorBits,
    Kind,
    LogAction,
    NotAnAnswer,
    Op,
    RebootMode,
    ShortFrame,
    StatusCode,
    UnknownOp,
)
from firmware_proto.layout import Buffer, Record, pack_values, to_enum
from firmware_proto.records import pack_numbers, read_tlvs, tlv, unpack_number

_REQUEST_HEAD = struct.Struct("<BB")
_ANSWER_HEAD = struct.Struct("<BBB")


@dataclass(frozen=True, kw_only=True)
class Request(Record):
    """Base of all requests.

    Attributes:
        tag: Chosen by the host, repeated in the answer.
    """

    OP: ClassVar[Op]
    OUTSIDE = frozenset({"tag"})

    tag: int = 0

    def pack(self) -> bytes:
        """The request's bytes.

        Raises:
            BadValue: A number does not fit its field.
        """
        return pack_values(_REQUEST_HEAD, self.OP, self.tag) + self._arguments()

    def _arguments(self) -> bytes:
        return super().pack()

    @classmethod
    def unpack(cls, data: Buffer) -> Self:
        """Read a request of this class.

        Raises:
            WireError: The bytes are not this request.
        """
        if len(data) < _REQUEST_HEAD.size:
            raise ShortFrame(f"a request has {len(data)} bytes, it needs an operation and a tag")
        if data[0] != cls.OP:
            raise UnknownOp(f"{cls.__name__} is operation {int(cls.OP):#04x}, these bytes are {data[0]:#04x}")
        return cls(tag=data[1], **cls._read(data[2:]))


@dataclass(frozen=True, kw_only=True)
class GetInfo(Request):
    """Info in parts that fit the MTU, from byte `offset` on; a long read of the characteristic gives it whole."""

    OP = Op.GET_INFO
    LAYOUT = struct.Struct("<H")
    offset: int = 0


# tag, field, struct code
_CONFIG_TAGS = ((0x01, "rate_dhz", "H"), (0x02, "acc_range_g", "B"), (0x03, "gyr_range_dps", "H"),
                (0x04, "mode", "B"), (0x05, "batch_ms", "H"))  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class SetConfig(Request):
    """Settings of the next session; what is None stays as it is.

    Attributes:
        rate_dhz: Nominal rate in 0.1 Hz, one of those in Info.
        mode: With or without gyroscope.
        batch_ms: How long samples may wait to share a frame.
        unknown: Tags this version does not know. A device answers UNSUPPORTED to them, so that no host believes in
            a setting that was never made.
    """

    OP = Op.SET_CONFIG
    rate_dhz: int | None = None
    acc_range_g: int | None = None
    gyr_range_dps: int | None = None
    mode: Kind | None = None
    batch_ms: int | None = None
    unknown: tuple[int, ...] = ()

    def _arguments(self) -> bytes:
        entries = ((tag, code, getattr(self, name)) for tag, name, code in _CONFIG_TAGS)
        known = b"".join(tlv(tag, pack_numbers(code, (value,))) for tag, code, value in entries if value is not None)
        return known + b"".join(tlv(tag, b"") for tag in self.unknown)

    @classmethod
    def _read(cls, data: Buffer) -> dict[str, Any]:
        known = {tag: (name, code) for tag, name, code in _CONFIG_TAGS}
        values: dict[str, Any] = {}
        unknown: list[int] = []
        for tag, value in read_tlvs(data, "SetConfig"):
            if tag in known:
                name, code = known[tag]
                values[name] = unpack_number(code, value, f"SetConfig.{name}")
            else:
                unknown.append(tag)
        if "mode" in values:
            values["mode"] = to_enum(Kind, values["mode"], "SetConfig.mode")
        return values | {"unknown": tuple(unknown)}


@dataclass(frozen=True, kw_only=True)
class Start(Request):
    """Begin a session."""

    OP = Op.START


@dataclass(frozen=True, kw_only=True)
class Stop(Request):
    """End the session; the ring keeps its samples for BACKFILL until the next START."""

    OP = Op.STOP


@dataclass(frozen=True, kw_only=True)
class Ping(Request):
    """Ask for the device's time."""

    OP = Op.PING
    LAYOUT = struct.Struct("<I")
    token: int


@dataclass(frozen=True, kw_only=True)
class SetEpoch(Request):
    """Tell the device the time: microseconds since 1970-01-01 UTC."""

    OP = Op.SET_EPOCH
    LAYOUT = struct.Struct("<Q")
    utc_us: int


@dataclass(frozen=True, kw_only=True)
class Backfill(Request):
    """Send samples `first` to `first + count - 1` of a session again."""

    OP = Op.BACKFILL
    LAYOUT = struct.Struct("<HIH")
    session: int
    first: int
    count: int


@dataclass(frozen=True, kw_only=True)
class Log(Request):
    """Logging on the device (optional feature). `argument` belongs to the action and is not looked into here."""

    OP = Op.LOG
    action: LogAction
    argument: bytes = b""

    def _arguments(self) -> bytes:
        return bytes((self.action,)) + self.argument

    @classmethod
    def _read(cls, data: Buffer) -> dict[str, Any]:
        if not len(data):
            raise ShortFrame("Log lacks its action")
        return {"action": to_enum(LogAction, data[0], "Log.action"), "argument": bytes(data[1:])}


@dataclass(frozen=True, kw_only=True)
class Identify(Request):
    """Blink, so that a person sees which sensor this is."""

    OP = Op.IDENTIFY


@dataclass(frozen=True, kw_only=True)
class SelfTest(Request):
    """Run the sensor's self-test; only when idle."""

    OP = Op.SELF_TEST


@dataclass(frozen=True, kw_only=True)
class Reboot(Request):
    """Restart, or enter the bootloader, after the answer was sent."""

    OP = Op.REBOOT
    LAYOUT = struct.Struct("<B")
    CONVERT = {"mode": partial(to_enum, RebootMode, what="Reboot.mode")}  # noqa: RUF012
    mode: RebootMode = RebootMode.RESTART


@dataclass(frozen=True, kw_only=True)
class Resume(Request):
    """After a reconnect: go on with this session's live frames."""

    OP = Op.RESUME
    LAYOUT = struct.Struct("<H")
    session: int


REQUESTS: dict[int, type[Request]] = {
    c.OP: c
    for c in (GetInfo, SetConfig, Start, Stop, Ping, SetEpoch, Backfill, Log, Identify, SelfTest, Reboot, Resume)
}


@dataclass(frozen=True, kw_only=True)
class InfoPart:
    """Data of the GET_INFO answer: Info's whole length and the part that fitted."""

    total: int
    part: bytes

    def pack(self) -> bytes:
        """The data's bytes."""
        return pack_numbers("H", (self.total,)) + self.part

    @classmethod
    def unpack(cls, data: Buffer) -> InfoPart:
        """Read it.

        Raises:
            ShortFrame: The length is missing.
        """
        if len(data) < 2:
            raise ShortFrame("the GET_INFO answer lacks Info's length")
        return cls(total=unpack_number("H", bytes(data[:2]), "InfoPart.total"), part=bytes(data[2:]))


@dataclass(frozen=True, kw_only=True)
class StartAnswer(Record):
    """A session began; with the answer's header 19 bytes, so that it fits the smallest MTU.

    Attributes:
        session: Its number, 1 to 65535; never that of the session before.
        true_rate_mhz: Rate measured by the device's own crystal, in 0.001 Hz.
        acc_g_per_lsb, gyr_dps_per_lsb: Physical scales; the second is 0 without gyroscope.
        mtu: ATT_MTU as the device sees it.
    """

    LAYOUT = struct.Struct("<HIffH")

    session: int
    true_rate_mhz: int
    acc_g_per_lsb: float
    gyr_dps_per_lsb: float
    mtu: int

    @property
    def true_rate_hz(self) -> float:
        """The true rate in Hz."""
        return self.true_rate_mhz / 1000

    @classmethod
    def _read(cls, data: Buffer) -> dict[str, Any]:
        values = super()._read(data)
        acc, gyr = values["acc_g_per_lsb"], values["gyr_dps_per_lsb"]
        if not (math.isfinite(acc) and acc > 0 and math.isfinite(gyr) and gyr >= 0 and values["true_rate_mhz"] > 0):
            raise BadValue(f"a rate of {values['true_rate_mhz']} mHz or scales of {acc} and {gyr} are no sensor's")
        return values


@dataclass(frozen=True, kw_only=True)
class PingAnswer(Record):
    """The token, and device time at the request's arrival and at the answer's departure, low 32 bits."""

    LAYOUT = struct.Struct("<III")
    token: int
    received_us: int
    sent_us: int


@dataclass(frozen=True, kw_only=True)
class BackfillAnswer(Record):
    """What will be sent: `count` samples from `first` on. A `first` later than asked means the rest is gone."""

    LAYOUT = struct.Struct("<IH")
    first: int
    count: int


@dataclass(frozen=True, kw_only=True)
class SelfTestAnswer(Record):
    """What the self-test found; no bits mean that all is well."""

    LAYOUT = struct.Struct("<B")
    CONVERT = {"errors": ErrorBits}  # noqa: RUF012
    errors: ErrorBits


@dataclass(frozen=True, kw_only=True)
class ResumeAnswer(Record):
    """Whether the session still runs, and the index its live frames go on with (or ended at)."""

    LAYOUT = struct.Struct("<?I")
    running: bool
    next_index: int

    @classmethod
    def _read(cls, data: Buffer) -> dict[str, Any]:
        values = super()._read(data)
        if data[0] > 1:
            raise BadValue(f"ResumeAnswer.running is 0 or 1, not {data[0]}")
        return values


Body = InfoPart | StartAnswer | PingAnswer | BackfillAnswer | SelfTestAnswer | ResumeAnswer
_BODIES: dict[Op, type[Body]] = {
    Op.GET_INFO: InfoPart,
    Op.START: StartAnswer,
    Op.PING: PingAnswer,
    Op.BACKFILL: BackfillAnswer,
    Op.SELF_TEST: SelfTestAnswer,
    Op.RESUME: ResumeAnswer,
}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the device says to a request.

    Attributes:
        op: The request's operation byte; a number where the device did not know it either.
        status: OK, or why not.
        body: The operation's data, None where it has none or failed.
    """

    op: int
    tag: int
    status: StatusCode
    body: Body | None = None

    @property
    def ok(self) -> bool:
        """Whether it was done."""
        return self.status is StatusCode.OK

    def pack(self) -> bytes:
        """The answer's bytes.

        Raises:
            BadValue: A number does not fit its field.
        """
        head = pack_values(_ANSWER_HEAD, self.op | ANSWER_BIT, self.tag, self.status)
        return head + (b"" if self.body is None else self.body.pack())


def decode_request(data: Buffer) -> Request:
    """Read any request.

    Raises:
        UnknownOp: The operation is none of this version's.
        WireError: The arguments are malformed.
    """
    if len(data) < _REQUEST_HEAD.size:
        raise ShortFrame(f"a request has {len(data)} bytes, it needs an operation and a tag")
    if data[0] not in REQUESTS:
        raise UnknownOp(f"operation {data[0]:#04x} is none of this version's")
    return REQUESTS[data[0]].unpack(data)


def decode_answer(data: Buffer) -> Answer:
    """Read any answer, with its data.

    Raises:
        NotAnAnswer: The answer bit is missing.
        UnknownOp: An OK to an operation this version does not know.
        WireError: The bytes are malformed.
    """
    if len(data) < _ANSWER_HEAD.size:
        raise ShortFrame(f"an answer has {len(data)} bytes, it needs {_ANSWER_HEAD.size}")
    if not data[0] & ANSWER_BIT:
        raise NotAnAnswer(f"{data[0]:#04x} lacks the answer bit")
    op, tag, status = data[0] & ~ANSWER_BIT, data[1], to_enum(StatusCode, data[2], "answer's status")
    if status is not StatusCode.OK:
        if len(data) > _ANSWER_HEAD.size:
            raise BadLength(f"an answer of {status.name} carries {len(data) - _ANSWER_HEAD.size} bytes of data")
        return Answer(op=op, tag=tag, status=status)
    return Answer(op=op, tag=tag, status=status, body=_body(op, data[_ANSWER_HEAD.size :]))


def _body(op: int, data: Buffer) -> Body | None:
    if op not in REQUESTS:
        raise UnknownOp(f"an OK to operation {op:#04x}, which is none of this version's")
    kind = _BODIES.get(Op(op))
    if kind is not None:
        return kind.unpack(data)
    if len(data):
        raise BadLength(f"the answer to {Op(op).name} carries {len(data)} bytes of data, it has none")
    return None
