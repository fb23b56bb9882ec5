"""Control answers: `op | 0x80, the request's tag, status, data`. One other than OK carries no data."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any

from firmware_proto.codes import (
    ANSWER_BIT,
    BadLength,
    BadValue,
    ErrorBits,
    NotAnAnswer,
    Op,
    ShortFrame,
    StatusCode,
    UnknownOp,
)
from firmware_proto.layout import Buffer, Record, pack_values, to_enum
from firmware_proto.records import pack_numbers, unpack_number
from firmware_proto.requests import REQUESTS

_ANSWER_HEAD = struct.Struct("<BBB")


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
