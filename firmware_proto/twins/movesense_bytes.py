"""Movesense's packets and responses as its firmware writes them (*GATT SensorData Protocol*, version 1)."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np

from firmware_proto.virtual_source import Values

HELLO, SUBSCRIBE, UNSUBSCRIBE, GET, PUT_SYSTEMMODE = 0, 1, 2, 4, 7
RESPONSE, DATA, DATA_PART2 = 1, 2, 3
OK, ACCEPTED, NOT_FOUND, TOO_MANY, NO_STORAGE = 200, 202, 404, 429, 507
RESTART = 5

RATES_HZ = (13, 26, 52, 104, 208, 416, 833, 1666)
ACC_RANGES_G = (2, 4, 8, 16)
GYR_RANGES_DPS = (125, 245, 500, 1000, 2000)
SPLIT_BYTES = 150
G_MPS2 = 9.80665


def response(reference: int, holds: bytes) -> bytes:
    """A response to the request with this reference."""
    return bytes((RESPONSE, reference)) + holds


def status(code: int) -> bytes:
    """As responses to all but HELLO begin."""
    return code.to_bytes(2, "little")


def hello(protocol: int | None, serial: str) -> bytes:
    """What the response to HELLO holds: version, serial number, product, address, name and version of the program."""
    if protocol is None:
        return b"Hello"
    texts = (serial, "Movesense", "0C8CDC000000", "Movesense sport", "2.3.1")
    return bytes((protocol,)) + b"".join(text.encode() + b"\0" for text in texts)


def info(range_format: str, ranges: Sequence[int]) -> bytes:
    """The rates and the ranges to choose from, each behind its count."""
    rates = struct.pack(f"<B{len(RATES_HZ)}H", len(RATES_HZ), *RATES_HZ)
    return rates + struct.pack(f"<B{len(ranges)}{range_format}", len(ranges), *ranges)


def body(stamp_ms: int, acc_g: Values, gyr_dps: Values, *, ranges: tuple[int, int]) -> bytes:
    """The content of a packet: the time of its first sample, all accelerations, all rotations."""
    acc, gyr = (np.clip(values, -most, most) for values, most in zip((acc_g, gyr_dps), ranges, strict=True))
    return struct.pack("<I", stamp_ms) + (acc * G_MPS2).astype("<f4").tobytes() + gyr.astype("<f4").tobytes()


def notified(reference: int, whole: bytes) -> list[bytes]:
    """A packet's content in one notification, or in two."""
    parts = whole[:SPLIT_BYTES], whole[SPLIT_BYTES:]
    return [bytes((kind, reference)) + part for kind, part in zip((DATA, DATA_PART2), parts, strict=True) if part]
