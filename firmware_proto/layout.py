"""Messages whose bytes are a fixed row of numbers: the dataclass's fields, in order, in a `struct` layout."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import fields
from enum import IntEnum
from typing import Any, ClassVar, Self, TypeVar

from firmware_proto.codes import BadLength, BadValue, ShortFrame

Buffer = bytes | bytearray | memoryview
EnumT = TypeVar("EnumT", bound=IntEnum)


def pack_values(layout: struct.Struct, *values: Any) -> bytes:  # noqa: ANN401  (struct takes any number)
    """Pack, or raise BadValue where a number does not fit its field."""
    try:
        return layout.pack(*values)
    except (struct.error, OverflowError) as error:
        raise BadValue(f"{values} does not fit the layout {layout.format}: {error}") from error


def unpack_exactly(layout: struct.Struct, data: Buffer, what: str) -> tuple[Any, ...]:
    """Unpack a message that has exactly the layout's length."""
    if len(data) < layout.size:
        raise ShortFrame(f"{what} has {len(data)} bytes, it needs {layout.size}")
    if len(data) > layout.size:
        raise BadLength(f"{what} has {len(data)} bytes, it must have {layout.size}")
    return layout.unpack(data)


def to_enum(enum: type[EnumT], value: int, what: str) -> EnumT:
    """The enum's member, or BadValue."""
    try:
        return enum(value)
    except ValueError as error:
        raise BadValue(f"{what}: {value} is no {enum.__name__}") from error


class Record:
    """Base of the fixed-length messages.

    A subclass is a frozen dataclass whose own fields stand in the order of `LAYOUT`; `CONVERT` names those that are
    enums. Fields in `OUTSIDE` travel elsewhere (a request's tag) and are no part of the layout.
    """

    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<")
    CONVERT: ClassVar[dict[str, Callable[[int], Any]]] = {}
    OUTSIDE: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def _names(cls) -> list[str]:
        return [f.name for f in fields(cls) if f.name not in cls.OUTSIDE]  # type: ignore[arg-type]

    def pack(self) -> bytes:
        """The message's bytes.

        Raises:
            BadValue: A number does not fit its field.
        """
        return pack_values(self.LAYOUT, *(getattr(self, name) for name in self._names()))

    @classmethod
    def unpack(cls, data: Buffer) -> Self:
        """Read the message.

        Raises:
            WireError: The bytes are not this message.
        """
        return cls(**cls._read(data))

    @classmethod
    def _read(cls, data: Buffer) -> dict[str, Any]:
        values = dict(zip(cls._names(), unpack_exactly(cls.LAYOUT, data, cls.__name__), strict=True))
        for name, convert in cls.CONVERT.items():
            values[name] = convert(values[name])
        return values
