"""Bytes as a sensor of Polar's sends them (Polar Measurement Data Specification; online_measurement): the packing side.

All numbers are little-endian. A frame: measurement, u64 nanoseconds since 2000-01-01 of its last sample, frame type,
content. Compressed content: one sample as it is, then blocks of (bits, count, differences to the sample before, axis by
axis, packed from the least significant bit on, filled up to a byte).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]

ACC, GYRO, SDK_MODE = 2, 5, 9
GET_SETTINGS, START, STOP, GET_SDK_SETTINGS, GET_STATUS, GET_SDK_STATUS = 1, 2, 3, 4, 5, 6
OK, INVALID_OP, INVALID_TYPE, NOT_SUPPORTED, INVALID_LENGTH, INVALID_PARAMETER, ALREADY_IN_STATE = range(7)
INVALID_RESOLUTION, INVALID_RATE, INVALID_RANGE, INVALID_MTU, INVALID_CHANNELS, INVALID_STATE, IN_CHARGER = range(7, 14)
RATE, RESOLUTION, RANGE, RANGE_MILLI, CHANNELS, FACTOR = range(6)
COMPRESSED = 0x80
HEADER_BYTES = 10
"""Of a frame."""
ANSWER_BYTES = 5
"""Of an answer, before its parameters."""
REFUSALS = {
    RATE: INVALID_RATE, RESOLUTION: INVALID_RESOLUTION, RANGE: INVALID_RANGE, CHANNELS: INVALID_CHANNELS,
}  # fmt: skip
"""The status that refuses a value of a setting."""
BLOCK = 12
"""Samples of a block, the last of a frame excepted: blocks of noise are narrow, those of a movement wide."""

_SIZES = {RATE: 2, RESOLUTION: 2, RANGE: 2, RANGE_MILLI: 4, CHANNELS: 1}
_ANSWER = 0xF0
_STOPPED = 0x01


def answer(request: bytes, status: int, parameters: bytes = b"", *, part_bytes: int = 1) -> list[bytes]:
    """The indications that answer a request: refusals are 4 bytes, more than fits one goes on in the next."""
    head = bytes((_ANSWER, request[0] if request else 0, request[1] if len(request) > 1 else 0, status))
    if status != OK:
        return [head]
    parts = [parameters[at : at + part_bytes] for at in range(0, len(parameters), part_bytes)] or [b""]
    return [head + bytes((left > 0,)) + part for left, part in zip(range(len(parts) - 1, -1, -1), parts, strict=True)]


def stopped(measurements: Sequence[int]) -> bytes:
    """What a sensor indicates that stops by itself."""
    return bytes((_STOPPED, *measurements))


def features(*, of: Sequence[int]) -> bytes:
    """What a read of the control point gives."""
    bits = sum(1 << measurement for measurement in of)
    return bytes((0x0F,)) + bits.to_bytes(2, "little") + bytes(14)


def settings(offered: Mapping[int, Sequence[int]]) -> bytes:
    """Settings, each with its values."""
    return b"".join(
        bytes((kind, len(values))) + b"".join(value.to_bytes(_SIZES[kind], "little") for value in values)
        for kind, values in offered.items()
    )


def read_settings(chosen: bytes) -> dict[int, int]:
    """Settings of one value each, in any order.

    Raises:
        ValueError: They are no such settings.
    """
    found, at = {}, 0
    while at < len(chosen):
        kind, count = chosen[at], chosen[at + 1] if at + 1 < len(chosen) else 0
        end = at + 2 + _SIZES.get(kind, 0)
        if kind not in _SIZES or count != 1 or end > len(chosen):
            raise ValueError("no settings of one value each")
        found[kind] = int.from_bytes(chosen[at + 2 : end], "little")
        at = end
    return found


def factor(unit: float) -> bytes:
    """The setting with which a sensor tells the unit of its counts."""
    return struct.pack("<BBf", FACTOR, 1, unit)


def frame(measurement: int, last_ns: int, frame_type: int, content: bytes) -> bytes:
    """One notification."""
    return struct.pack("<BQB", measurement, last_ns, frame_type) + content


def raw(counts: npt.NDArray[Any], *, width: int = 2) -> bytes:
    """(n, 3) counts as signed numbers of so many bytes, 2 or 4."""
    return counts.astype(f"<i{width}").tobytes()


@dataclass(frozen=True)
class Packed:
    """Compressed content: the bytes, of how many samples, and whether no more would have fitted."""

    content: bytes
    samples: int
    full: bool


def compress(counts: Counts, *, width: int, room: int) -> Packed:
    """Pack as many of (n, 3) counts of so many bytes each as there is room for, in blocks of `BLOCK`."""
    content = raw(counts[:1], width=width)
    half = 1 << 8 * width - 1
    steps = (np.diff(counts, axis=0) + half) % (2 * half) - half if width == 4 else np.diff(counts, axis=0)
    at = 0
    while at < len(steps):
        block = steps[at : at + BLOCK]
        bits = int(max(block.max(), (~block).max())).bit_length() + 1
        fits = min(len(block), max(room - len(content) - 2, 0) * 8 // (3 * bits))
        if fits:
            content += bytes((bits, fits)) + _pack(block[:fits], bits)
        at += fits
        if fits < len(block):
            return Packed(content, at + 1, full=True)
    return Packed(content, at + 1, full=False)


def _pack(values: Counts, bits: int) -> bytes:
    each = (values.reshape(-1, 1) >> np.arange(bits)) & 1
    return np.packbits(each.astype(np.uint8).ravel(), bitorder="little").tobytes()
