"""The data frames of one session as they came, with their index unwrapped."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from firmware_proto import wire
from imu.conform.table import Failed
from imu.link.raw import Heard
from imu.model import Floats, Ints

MICROSECONDS = 1 << 32


@dataclass(frozen=True, kw_only=True)
class Came:
    """One data frame, at the host's time, with the index of its first sample."""

    t_s: float
    index: int
    frame: wire.DataFrame

    @property
    def end(self) -> int:
        """One past its last sample."""
        return self.index + self.frame.n


class Stream:
    """What came of a session, over one connection or several."""

    def __init__(self, started: wire.StartAnswer | None = None) -> None:
        self.started = started
        self._heard: list[Heard] = []
        self._read = 0
        self._newest = 0
        self._came: list[Came] = []

    def follow(self, heard: list[Heard], since: int = 0) -> None:
        """Take what a connection hears from there on; what one before heard must be complete."""
        self.frames()
        self._heard, self._read = heard, since

    def frames(self) -> list[Came]:
        """All frames so far, in order of arrival.

        Raises:
            Failed: One of them is none.
        """
        news, self._read = self._heard[self._read :], len(self._heard)
        self._came += [self._place(h) for h in news if h.uuid == wire.DATA_UUID]
        return list(self._came)

    def _place(self, heard: Heard) -> Came:
        try:
            frame = wire.DataFrame.unpack(heard.data)
        except wire.WireError as error:
            raise Failed("nothing but data frames", f"{heard.data.hex(' ')}: {error}") from error
        index = self._newest + (frame.index16 - self._newest + 0x8000) % 0x10000 - 0x8000
        self._newest = self._newest if frame.backfill else max(self._newest, index)
        return Came(t_s=heard.t_s, index=index, frame=frame)

    def live(self) -> list[Came]:
        """The live ones."""
        return [c for c in self.frames() if not c.frame.backfill]

    def again(self) -> list[Came]:
        """Those sent again."""
        return [c for c in self.frames() if c.frame.backfill]


def indices(frames: Iterable[Came]) -> Ints:
    """(n,) index of every sample, in the frames' order."""
    parts = [np.arange(c.index, c.end) for c in frames]
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def samples(frames: Iterable[Came]) -> dict[int, bytes]:
    """Every sample's bytes by its index."""
    return {c.index + i: row.tobytes() for c in frames for i, row in enumerate(c.frame.raw)}


def device_us(frames: list[Came]) -> Floats:
    """(k,) device time of each frame's first sample, unwrapped from the first frame on."""
    wrapped = np.array([c.frame.time_us for c in frames], np.int64)
    steps = (np.diff(wrapped) + MICROSECONDS // 2) % MICROSECONDS - MICROSECONDS // 2
    return np.asarray(np.concatenate([wrapped[:1], wrapped[0] + np.cumsum(steps)]), float)


def holes(frames: list[Came]) -> list[tuple[int, int]]:
    """Stretches [a, b) between frames that follow one another; b < a where one goes back."""
    return [(one.end, other.index) for one, other in itertools.pairwise(frames) if one.end != other.index]


def since_us(earlier: int, later: int) -> int:
    """Device time from one u32 to another, nearest to zero."""
    return (later - earlier + MICROSECONDS // 2) % MICROSECONDS - MICROSECONDS // 2
