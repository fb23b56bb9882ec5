"""Data frames: a header of 8 bytes and up to 31 raw samples, live or backfilled, for every MTU.

`u8 kind | u8 flags | u16 index | u32 time` then n samples of 6 or 3 int16, all little-endian. The index counts samples
and is the truth about loss; the time is the device's own, of the first sample. Both wrap and are unwrapped by the host.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from firmware_proto.codes import (
    ATT_HEADER_BYTES,
    PROTOCOL_MAJOR,
    BadLength,
    BadValue,
    Kind,
    MixedKinds,
    ShortFrame,
    UnknownKind,
    UnknownVersion,
)
from firmware_proto.layout import Buffer, pack_values

HEADER = struct.Struct("<BBHI")
HEADER_BYTES = HEADER.size
MAX_SAMPLES = 31
"""The count is five bits."""

_BACKFILL, _DISCONTINUITY, _SATURATED = 0x20, 0x40, 0x80
_RAW = np.dtype("<i2")
_HEADERS = np.dtype([("kind", "u1"), ("flags", "u1"), ("index16", "<u2"), ("time_us", "<u4")])


def max_samples(mtu: int, kind: Kind) -> int:
    """Most samples of a kind that one notification carries at an ATT_MTU; 19, 14 and 1 at 247, 185 and 23."""
    room = mtu - ATT_HEADER_BYTES - HEADER_BYTES
    return min(MAX_SAMPLES, max(0, room // kind.sample_bytes))


@dataclass(frozen=True, kw_only=True, eq=False)
class DataFrame:
    """One notification of the Data characteristic.

    Attributes:
        index16: Low 16 bits of the first sample's index.
        time_us: Device time of the first sample, low 32 bits.
        raw: (n, 6) int16 acceleration and angular rate, or (n, 3) acceleration; 1 to 31 samples.
        backfill: Sent again on request.
        discontinuity: Samples are missing between the frame before and this one.
        saturated: At least one value sits at the end of its range.
    """

    index16: int
    time_us: int
    raw: npt.NDArray[np.int16]
    backfill: bool = False
    discontinuity: bool = False
    saturated: bool = False

    @property
    def n(self) -> int:
        """Number of samples."""
        return len(self.raw)

    @property
    def kind(self) -> Kind:
        """With or without gyroscope, from the shape of `raw`."""
        return Kind.ACC_GYR if self.raw.shape[1:] == (6,) else Kind.ACC

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DataFrame):
            return NotImplemented
        return self._head() == other._head() and np.array_equal(self.raw, other.raw)

    def __hash__(self) -> int:
        return hash(self._head())

    def _head(self) -> tuple[int, int, int, bool, bool, bool]:
        return (self.n, self.index16, self.time_us, self.backfill, self.discontinuity, self.saturated)

    def pack(self) -> bytes:
        """The frame's bytes.

        Raises:
            BadValue: `raw` has a wrong shape or type, or a number does not fit its field.
        """
        if self.raw.ndim != 2 or self.raw.shape[1] not in (3, 6) or not 1 <= self.n <= MAX_SAMPLES:
            raise BadValue(f"a frame holds 1 to {MAX_SAMPLES} samples of 3 or 6 values, not {self.raw.shape}")
        if self.raw.dtype != np.int16:
            raise BadValue(f"raw samples are int16, not {self.raw.dtype}")
        flags = self.n | _BACKFILL * self.backfill | _DISCONTINUITY * self.discontinuity | _SATURATED * self.saturated
        head = pack_values(HEADER, PROTOCOL_MAJOR << 4 | self.kind, flags, self.index16, self.time_us)
        return head + self.raw.astype(_RAW).tobytes()

    @classmethod
    def unpack(cls, data: Buffer) -> DataFrame:
        """Read one frame.

        Raises:
            WireError: The bytes are not a frame.
        """
        kind = _check(data)
        _, flags, index16, time_us = HEADER.unpack_from(data)
        return cls(
            index16=index16,
            time_us=time_us,
            raw=np.frombuffer(data, _RAW, offset=HEADER_BYTES).reshape(-1, kind.channels).astype(np.int16),
            backfill=bool(flags & _BACKFILL),
            discontinuity=bool(flags & _DISCONTINUITY),
            saturated=bool(flags & _SATURATED),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Headers:
    """The headers of a batch of k frames, as arrays of length k.

    Attributes:
        kind: Common to the batch.
        n: Samples in each frame.
        index16, time_us: As on the wire, not unwrapped.
        backfill, discontinuity, saturated: The flags.
    """

    kind: Kind
    n: npt.NDArray[np.int64]
    index16: npt.NDArray[np.uint16]
    time_us: npt.NDArray[np.uint32]
    backfill: npt.NDArray[np.bool_]
    discontinuity: npt.NDArray[np.bool_]
    saturated: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.n)

    @property
    def row(self) -> npt.NDArray[np.int64]:
        """(k,) row of each frame's first sample in the batch's raw array."""
        return np.cumsum(self.n) - self.n

    @property
    def place_in_frame(self) -> npt.NDArray[np.int64]:
        """(sum n,) each sample's place in its frame, from 0."""
        return np.arange(int(self.n.sum())) - np.repeat(self.row, self.n)


def decode_many(frames: Sequence[Buffer]) -> tuple[Headers, npt.NDArray[np.int16]]:
    """Read a batch of frames at once.

    Args:
        frames: Frames of one kind, in any order; an empty batch counts as ACC_GYR.

    Returns:
        The headers, and (sum n, 6) or (sum n, 3) int16 raw samples in the frames' order.

    Raises:
        WireError: A frame is malformed; the message names its place in the batch.
        MixedKinds: Frames of both kinds.
    """
    kinds = {_check(frame, place) for place, frame in enumerate(frames)}
    if len(kinds) > 1:
        raise MixedKinds("frames with and without gyroscope in one batch; decode them apart")
    kind = kinds.pop() if kinds else Kind.ACC_GYR
    heads = np.frombuffer(b"".join([bytes(f[:HEADER_BYTES]) for f in frames]), _HEADERS)
    raw = np.frombuffer(b"".join([bytes(f[HEADER_BYTES:]) for f in frames]), _RAW).reshape(-1, kind.channels)
    flags = heads["flags"]
    headers = Headers(
        kind=kind,
        n=(flags & MAX_SAMPLES).astype(np.int64),
        index16=heads["index16"].astype(np.uint16),
        time_us=heads["time_us"].astype(np.uint32),
        backfill=(flags & _BACKFILL) != 0,
        discontinuity=(flags & _DISCONTINUITY) != 0,
        saturated=(flags & _SATURATED) != 0,
    )
    return headers, raw.astype(np.int16)


def _check(data: Buffer, place: int | None = None) -> Kind:
    """The frame's kind, if its version, kind and length agree."""
    what = "data frame" if place is None else f"data frame {place} of the batch"
    if len(data) < HEADER_BYTES:
        raise ShortFrame(f"{what} has {len(data)} bytes, its header alone has {HEADER_BYTES}")
    version, low = data[0] >> 4, data[0] & 0x0F
    if version != PROTOCOL_MAJOR:
        raise UnknownVersion(f"{what} is of protocol {version}, this program speaks {PROTOCOL_MAJOR}")
    if low not in (Kind.ACC_GYR, Kind.ACC):
        raise UnknownKind(f"{what} is of kind {low}; known are 1 (acc + gyr) and 2 (acc)")
    kind, n = Kind(low), data[1] & MAX_SAMPLES
    if n == 0 or len(data) != HEADER_BYTES + n * kind.sample_bytes:
        raise BadLength(f"{what} has {len(data)} bytes and claims {n} samples of {kind.sample_bytes}")
    return kind
