"""WitMotion BLE 5 (WT901BLECL, BWT901BLE, WT9011DCL): frames of 20 bytes -> decoded blocks, and commands.

Layout and numbers are those of WitMotion's data sheet of the WT901BLECL (v20-0707), its *Bluetooth 5.0 communication
protocol* and its own programs (WitBluetooth_BWT901BLE5_0). All numbers are little-endian. A frame has neither time,
number nor checksum.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from imu.model import G_MPS2, Floats

FRAME_BYTES = 20
ACC_RANGE_G = 16.0
GYR_RANGE_DPS = 2000.0
"""Ranges, which are fixed in these frames (data sheet of the WT901BLECL): a count is
16 g / 32768 or 2000 deg/s / 32768."""
FULL_SCALE = 32768
"""Counts of a full range."""

_MARK = 0x55
_MOTION = 0x61
_REGISTERS = 0x71
_KINDS = (_MOTION, _REGISTERS)
_UNITS = np.repeat([ACC_RANGE_G * G_MPS2 / FULL_SCALE, float(np.deg2rad(GYR_RANGE_DPS)) / FULL_SCALE], 3)

UNLOCK = bytes.fromhex("ffaa6988b5")
"""To be sent first: a locked sensor takes no settings."""


class Register(enum.IntEnum):
    """Registers we know."""

    RATE = 0x03
    BATTERY = 0x64


RATE_CODES = {0.2: 1, 0.5: 2, 1.0: 3, 2.0: 4, 5.0: 5, 10.0: 6, 20.0: 7, 50.0: 8, 100.0: 9, 200.0: 11}
"""Hz -> value of the rate register. The data sheet of 2020 ends at 50 Hz; the others are those of newer programs. For
200 Hz one document says 10; WitMotion's own demos send 11, as its serial sensors have it."""
CHARGE_PCT = {396: 100, 393: 90, 387: 75, 382: 60, 379: 50, 377: 40, 373: 30, 370: 20, 368: 15, 350: 10, 340: 5}
"""From so many hundredths of a volt on, so much is left (Bluetooth 5.0 communication protocol)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WitBlock:
    """The samples of one notification, oldest first.

    Attributes:
        acc_mps2: (n, 3) in sensor axes.
        gyr_radps: (n, 3) in sensor axes.
        clipped: Of them, how many reached the end of a range.
    """

    acc_mps2: Floats
    gyr_radps: Floats
    clipped: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Registers:
    """Answer to a read: eight registers from `first` on, as signed counts."""

    first: int
    values: tuple[int, ...]


def write(register: int, value: int) -> bytes:
    """Set a register; unlock before, and save after if it is to stay."""
    return bytes((0xFF, 0xAA, register)) + value.to_bytes(2, "little")


def read(register: int) -> bytes:
    """Ask for eight registers from this one on."""
    return bytes((0xFF, 0xAA, 0x27)) + register.to_bytes(2, "little")


def charge_pct(battery: int) -> int | None:
    """What the battery's register holds -> per cent; None for 0, which it holds just after it was switched on."""
    return max((pct for least, pct in CHARGE_PCT.items() if battery >= least), default=0) if battery else None


class Splitter:
    """Notifications -> frames, found again after damage.

    Frames may be cut between notifications, and several may come in one. A frame is believed where it begins as one and
    is followed by another, or by nothing yet. Where that is not so, bytes are skipped to the next place where it is,
    for the two bytes that a frame begins with may stand inside of one as well. So nothing is made of what a loss tore
    in two. (Junk right behind a frame, in the same notification, costs that frame.)
    """

    skipped: int
    """Bytes so far that belonged to no frame."""

    def __init__(self) -> None:
        self.skipped = 0
        self._rest = b""
        self._answers: list[Registers] = []

    def push(self, notification: bytes) -> WitBlock:
        """Take one notification; the samples that it completes, which may be none. Any bytes are taken."""
        data = self._rest + notification
        starts, end = _frames(data)
        self._rest = data[end:]
        self.skipped += end - FRAME_BYTES * len(starts)
        frames = np.frombuffer(data, np.uint8)[np.asarray(starts, np.int64)[:, None] + np.arange(FRAME_BYTES)]
        self._answers += [_registers(each.tobytes()) for each in frames[frames[:, 1] == _REGISTERS]]
        return _block(frames[frames[:, 1] == _MOTION])

    def answers(self) -> list[Registers]:
        """The answers to reads since the last call."""
        given, self._answers = self._answers, []
        return given


def _frames(data: bytes) -> tuple[list[int], int]:
    """Where whole frames begin, and where what is not decided yet does."""
    starts: list[int] = []
    at = 0
    while at < len(data):
        n = _run(data, at)
        n -= n > 0 and not _begins(data, at + n * FRAME_BYTES)
        if n:
            starts += range(at, at + n * FRAME_BYTES, FRAME_BYTES)
            at += n * FRAME_BYTES
        elif at + FRAME_BYTES > len(data) and _begins(data, at):
            break
        else:
            there = data.find(_MARK, at + 1)
            at = len(data) if there < 0 else there
    return starts, at


def _run(data: bytes, at: int) -> int:
    """How many whole frames follow one upon the other from here on."""
    whole = (len(data) - at) // FRAME_BYTES
    rows = np.frombuffer(data, np.uint8, whole * FRAME_BYTES, at).reshape(-1, FRAME_BYTES)
    begins = (rows[:, 0] == _MARK) & np.isin(rows[:, 1], _KINDS)
    return whole if begins.all() else int(begins.argmin())


def _begins(data: bytes, at: int) -> bool:
    """Whether a frame may begin here, as far as there is anything."""
    head = data[at : at + 2]
    return (not head or head[0] == _MARK) and (len(head) < 2 or head[1] in _KINDS)


def _block(frames: npt.NDArray[np.uint8]) -> WitBlock:
    counts = frames[:, 2:14].copy().view("<i2").reshape(-1, 6)
    values = counts * _UNITS
    clipped = int(((counts >= FULL_SCALE - 1) | (counts <= 1 - FULL_SCALE)).any(axis=1).sum())
    return WitBlock(acc_mps2=values[:, :3], gyr_radps=values[:, 3:], clipped=clipped)


def _registers(frame: bytes) -> Registers:
    values = np.frombuffer(frame, "<i2", offset=4)
    return Registers(first=int.from_bytes(frame[2:4], "little"), values=tuple(values.tolist()))
