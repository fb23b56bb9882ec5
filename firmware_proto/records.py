"""What can be read from a device: Info (capabilities, as TLVs), Status and the repetitions it counted itself."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from firmware_proto.codes import (
    PROTOCOL_MAJOR,
    PROTOCOL_MINOR,
    BadLength,
    BadValue,
    ErrorBits,
    Features,
    RepPhase,
    ShortFrame,
    State,
    UnknownVersion,
)
from firmware_proto.layout import Buffer, Record, to_enum

AXIS_NAMES = (None, "+x", "-x", "+y", "-y", "+z", "-z")
"""Axis names by their code in the mounting byte; code 7 is reserved and reads as unknown."""


def mounting_code(*, cranial: str | None, anterior: str | None) -> int:
    """The mounting byte: bits 0-2 the sensor axis that points to the head, bits 3-5 the one out of the chest.

    Raises:
        BadValue: A name is no axis.
    """
    try:
        return AXIS_NAMES.index(cranial) | AXIS_NAMES.index(anterior) << 3
    except ValueError as error:
        raise BadValue(f"{cranial!r}, {anterior!r}: an axis is one of {AXIS_NAMES[1:]} or None") from error


def mounting_axes(code: int) -> tuple[str | None, str | None]:
    """(cranial, anterior) axis names; both None where they are unknown or lie on one line, which no sensor can."""
    names = (*AXIS_NAMES, None)
    cranial, anterior = names[code & 7], names[code >> 3 & 7]
    if cranial is not None and anterior is not None and cranial[1] == anterior[1]:
        return None, None
    return cranial, anterior


def read_tlvs(data: Buffer, what: str) -> Iterator[tuple[int, bytes]]:
    """Walk `u8 tag, u8 length, value` entries; ShortFrame where the last one is cut."""
    at = 0
    while at < len(data):
        if at + 2 > len(data) or at + 2 + data[at + 1] > len(data):
            raise ShortFrame(f"{what}: the entry at byte {at} is cut off")
        end = at + 2 + data[at + 1]
        yield data[at], bytes(data[at + 2 : end])
        at = end


def tlv(tag: int, value: bytes) -> bytes:
    """One entry."""
    if len(value) > 255:
        raise BadValue(f"entry {tag:#04x} has {len(value)} bytes, 255 are the most")
    return bytes((tag, len(value))) + value


def pack_numbers(code: str, numbers: tuple[int, ...]) -> bytes:
    """Numbers of one `struct` code, little-endian."""
    try:
        return struct.pack(f"<{len(numbers)}{code}", *numbers)
    except struct.error as error:
        raise BadValue(f"{numbers}: {error}") from error


def unpack_numbers(code: str, value: bytes, what: str) -> tuple[int, ...]:
    """The reverse; BadLength where the value is no whole count of them."""
    size = struct.calcsize(f"<{code}")
    if len(value) % size:
        raise BadLength(f"{what}: {len(value)} bytes are no whole count of {size}-byte numbers")
    return struct.unpack(f"<{len(value) // size}{code}", value)


def unpack_number(code: str, value: bytes, what: str) -> int:
    """One number, which must fill the value."""
    numbers = unpack_numbers(code, value, what)
    if len(numbers) != 1:
        raise BadLength(f"{what}: {len(numbers)} numbers where one belongs")
    return numbers[0]


# tag, field, struct code; "s" is text, a leading * a list
_INFO_TAGS: tuple[tuple[int, str, str], ...] = (
    (0x01, "model", "s"),
    (0x02, "imu", "s"),
    (0x03, "rates_dhz", "*H"),
    (0x04, "acc_ranges_g", "*B"),
    (0x05, "gyr_ranges_dps", "*H"),
    (0x06, "features", "I"),
    (0x07, "ring_s", "H"),
    (0x08, "log_bytes", "I"),
    (0x09, "mounting", "B"),
)

NO_FEATURES = Features(0)


@dataclass(frozen=True, kw_only=True)
class Info:
    """What a device is and can do. Fields are entries; a device leaves out what it has nothing to say about.

    Attributes:
        rates_dhz: Nominal rates offered, in 0.1 Hz, ascending.
        acc_ranges_g, gyr_ranges_dps: Ranges offered; no gyroscope ranges mean no gyroscope.
        ring_s: Seconds of samples the ring holds at the highest rate, with all axes.
        log_bytes: Flash for logging, 0 without.
        mounting: Which axes point where, see `mounting_code`.
    """

    major: int = PROTOCOL_MAJOR
    minor: int = PROTOCOL_MINOR
    model: str = ""
    imu: str = ""
    rates_dhz: tuple[int, ...] = ()
    acc_ranges_g: tuple[int, ...] = ()
    gyr_ranges_dps: tuple[int, ...] = ()
    features: Features = NO_FEATURES
    ring_s: int = 0
    log_bytes: int = 0
    mounting: int = 0

    @property
    def rates_hz(self) -> tuple[float, ...]:
        """Nominal rates in Hz."""
        return tuple(rate / 10 for rate in self.rates_dhz)

    @property
    def cranial(self) -> str | None:
        """The sensor axis that points to the head (`+y`), or None."""
        return mounting_axes(self.mounting)[0]

    @property
    def anterior(self) -> str | None:
        """The sensor axis that points out of the chest, or None."""
        return mounting_axes(self.mounting)[1]

    def pack(self) -> bytes:
        """The characteristic's value; empty entries are left out.

        Raises:
            BadValue: A number or text does not fit its entry.
        """
        entries = ((tag, code, getattr(self, name)) for tag, name, code in _INFO_TAGS)
        body = b"".join(tlv(tag, _encode(code, value)) for tag, code, value in entries if value)
        return pack_numbers("B", (self.major, self.minor)) + body

    @classmethod
    def unpack(cls, data: Buffer) -> Info:
        """Read it; unknown entries are skipped, of a repeated one the last counts.

        Raises:
            WireError: The bytes are not an Info of this major version.
        """
        if len(data) < 2:
            raise ShortFrame(f"Info has {len(data)} bytes, its version alone has 2")
        if data[0] != PROTOCOL_MAJOR:
            raise UnknownVersion(f"the sensor speaks protocol {data[0]}, this program {PROTOCOL_MAJOR}")
        known = {tag: (name, code) for tag, name, code in _INFO_TAGS}
        values: dict[str, Any] = {}
        for tag, value in read_tlvs(data[2:], "Info"):
            if tag in known:
                name, code = known[tag]
                values[name] = _decode(code, value, f"Info.{name}")
        values["features"] = Features(values.get("features", 0))
        return cls(major=data[0], minor=data[1], **values)


def _encode(code: str, value: Any) -> bytes:  # noqa: ANN401  (text, number or numbers, as the code says)
    if code == "s":
        return bytes(value.encode())
    return pack_numbers(code[-1], tuple(value) if code[0] == "*" else (value,))


def _decode(code: str, value: bytes, what: str) -> str | int | tuple[int, ...]:
    if code[0] == "*":
        return unpack_numbers(code[-1], value, what)
    if code != "s":
        return unpack_number(code, value, what)
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise BadValue(f"{what} is not UTF-8 text") from error


@dataclass(frozen=True, kw_only=True)
class Status(Record):
    """How the device is, 20 bytes: read at any time, notified once a second while streaming and on change.

    Attributes:
        session: Number of the running or last session; 0 before the first.
        next_index: Index the next sample will get, and `oldest_index` the first one still in the ring.
        time_us: Device time, low 32 bits.
        dropped_frames: Live frames dropped from the queue in this session; stays at 65535.
    """

    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<BBHIIIHH")
    CONVERT = {"state": partial(to_enum, State, what="Status.state"), "errors": ErrorBits}  # noqa: RUF012

    state: State
    errors: ErrorBits
    session: int
    next_index: int
    oldest_index: int
    time_us: int
    battery_mv: int
    dropped_frames: int


@dataclass(frozen=True, kw_only=True)
class RepRecord(Record):
    """A repetition counted on the device, 20 bytes (optional feature).

    Attributes:
        time_us: Device time at which the phase was entered.
        up_ms, top_ms, down_ms, bottom_ms: Durations of the phases finished so far, 0 for the others.
        rom_ddeg: Range of the trunk's pitch in 0.1 degrees.
    """

    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<BBHIHHHHhBB")
    CONVERT = {"phase": partial(to_enum, RepPhase, what="RepRecord.phase")}  # noqa: RUF012

    version: int = PROTOCOL_MAJOR
    phase: RepPhase
    rep: int
    time_us: int
    up_ms: int
    top_ms: int
    down_ms: int
    bottom_ms: int
    rom_ddeg: int
    confidence_pct: int
    reserved: int = 0

    @classmethod
    def _read(cls, data: Buffer) -> dict[str, Any]:
        values = super()._read(data)
        if values["version"] != PROTOCOL_MAJOR:
            raise UnknownVersion(f"a rep record of protocol {values['version']}, this program speaks {PROTOCOL_MAJOR}")
        return values
