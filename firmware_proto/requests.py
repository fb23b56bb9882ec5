"""Control requests: `op, tag, arguments`. The host has one under way at a time; the tag comes back in the answer."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Self

from firmware_proto.codes import Kind, LogAction, Op, RebootMode, ShortFrame, UnknownOp
from firmware_proto.layout import Buffer, Record, pack_values, to_enum
from firmware_proto.records import pack_numbers, read_tlvs, tlv, unpack_number

_REQUEST_HEAD = struct.Struct("<BB")


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
