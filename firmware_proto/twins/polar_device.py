"""A sensor of Polar's below its control point: clock, streams, frames, and a link that carries so much.

What is assumed: a stream ends with its connection; a smaller MTU makes smaller frames; what has not filled a frame when
a stream stops is never sent; so many frames wait for a slow link, the next ones are lost.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from firmware_proto.twins import polar_bytes as pmd
from firmware_proto.virtual_faults import Faults, Outgoing
from firmware_proto.virtual_gatt import Link
from firmware_proto.virtual_source import Motion, Values

CONTROL_UUID = "fb005c81-02e7-f387-1cad-8acd2d8df0c8"
DATA_UUID = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"
UNSET_NS = 599_616_000_000_000_000
"""2019-01-01 since 2000-01-01: where the clock begins after a loss of power (TimeSystemExplained)."""
LEAST_MTU = 23
ATT_HEADER_BYTES = 3
QUEUE_FRAMES = 24


@dataclass(kw_only=True)
class Stream:
    """One running measurement.

    Attributes:
        rate_hz: True rate on the device's clock; sample 0 is taken at `zero_s` of it.
        sent: Samples that have left.
        tried: Blocks that were not enough for a frame yet.
    """

    settings: Mapping[int, int]
    rate_hz: float
    zero_s: float
    sent: int = 0
    tried: int = 0

    def taken(self, device_s: float) -> int:
        """Samples taken by now."""
        return max(0, math.floor((device_s - self.zero_s) * self.rate_hz + 1e-6) + 1)

    def times_s(self, first: int, end: int) -> Values:
        """Device times of samples."""
        return self.zero_s + np.arange(first, end) / self.rate_hz


class PolarDevice(ABC):
    """What both sensors have in common, below the control point.

    Args:
        motion: Played from the first START on, and anew after the last stream was properly stopped.
        true_rate_ppm: How much faster it samples than it says, by its own clock.
        clock_ppm: How much faster its clock runs than `now_us`.
        on_for_s: How long it has been switched on, so how far its clock is, at `now_us` = 0.

    Attributes:
        running: The streams by measurement.
        abandoned: How often a connection ended with a stream still running: an H10 would go on until its battery is
            empty (KnownIssues).
        link_lost: It hung up, and so it stays until the next connect.
    """

    def __init__(
        self,
        motion: Motion,
        *,
        true_rate_ppm: float = 0.0,
        clock_ppm: float = 0.0,
        on_for_s: float = 30.0,
        link: Link | None = None,
        faults: Faults | None = None,
    ) -> None:
        self.motion = motion
        self.link, self.faults = link or Link(), faults or Faults()
        self.mtu = LEAST_MTU
        self.link_lost = False
        self.running: dict[int, Stream] = {}
        self.abandoned = 0
        self._rate = 1 + true_rate_ppm * 1e-6
        self._clock = (on_for_s, 1 + clock_ppm * 1e-6)
        self._motion_s: float | None = None
        self._hearing: set[str] = set()
        self._queue: deque[bytes] = deque()
        self._unasked: Outgoing = []
        self._event = 0
        self._stalled_until_us = 0

    def connect(self, now_us: int, mtu: int) -> None:
        """A host connected."""
        self.link_lost, self.mtu = False, mtu
        self._event = now_us // self.link.interval_us

    def disconnect(self, now_us: int) -> None:
        """The link is gone, and the streams with it."""
        self.abandoned += bool(self.running)
        self.mtu = LEAST_MTU
        self.running.clear()
        self._hearing.clear()
        self._queue.clear()
        self._unasked.clear()
        self.faults.clear()

    def subscribe(self, uuid: str, on: bool, now_us: int) -> None:
        """A host switched answers or frames on or off."""
        (self._hearing.add if on else self._hearing.discard)(uuid)

    def tick(self, now_us: int) -> Outgoing:
        """What was carried since the last call."""
        for measurement, stream in self.running.items():
            while (frame := self._frame(measurement, stream, self._device_s(now_us))) is not None:
                if len(self._queue) < QUEUE_FRAMES:
                    self._queue.append(frame)
        event = now_us // self.link.interval_us
        self._event, events = event, max(event - self._event, 0)
        carried = 0 if now_us < self._stalled_until_us else min(events * self.link.packets, len(self._queue))
        sent = [(DATA_UUID, self._queue.popleft()) for _ in range(carried)]
        heard = self.faults.apply(sent, now_us) if DATA_UUID in self._hearing else []
        unasked, self._unasked = self._unasked, []
        return [*unasked, *heard]

    def stall(self, now_us: int, duration_us: int) -> None:
        """The link carries nothing for a while."""
        self._stalled_until_us = now_us + duration_us

    def stop_by_itself(self, now_us: int) -> None:
        """It ends its streams, and says so unasked."""
        if self.running:
            self._unasked.append((CONTROL_UUID, pmd.stopped(tuple(self.running))))
        self.running.clear()

    def lose_power(self, now_us: int) -> None:
        """Off the strap for long, or its battery changed: it hangs up, and its clock begins anew."""
        self.disconnect(now_us)
        self.link_lost = True
        self._clock = (-now_us * 1e-6 * self._clock[1], self._clock[1])

    def _begin(self, measurement: int, settings: Mapping[int, int], now_us: int) -> None:
        rate_hz, device_s = settings[pmd.RATE] * self._rate, self._device_s(now_us)
        self.running[measurement] = Stream(settings=settings, rate_hz=rate_hz, zero_s=device_s + 1 / rate_hz)
        self._motion_s = now_us * 1e-6 if self._motion_s is None else self._motion_s

    def _end(self, measurement: int, now_us: int) -> None:
        self.running.pop(measurement)
        if not self.running:
            self._motion_s = None

    @abstractmethod
    def _frame(self, measurement: int, stream: Stream, device_s: float) -> bytes | None:
        """The next frame, if it is full."""

    def _room(self) -> int:
        """Bytes of a frame's content."""
        return self.mtu - ATT_HEADER_BYTES - pmd.HEADER_BYTES

    def _values(self, measurement: int, stream: Stream, first: int, end: int) -> Values:
        """(n, 3) g or deg/s, in the movement's axes."""
        on_for_s, speed = self._clock
        now_s = (stream.times_s(first, end) - on_for_s) / speed
        return self.motion.at(now_s - (self._motion_s or 0.0))[measurement == pmd.GYRO]

    def _sent(self, measurement: int, stream: Stream, frame_type: int, content: bytes, samples: int) -> bytes:
        stream.sent += samples
        last_s = float(stream.times_s(stream.sent - 1, stream.sent)[0])
        return pmd.frame(measurement, UNSET_NS + round(last_s * 1e9), frame_type, content)

    def _device_s(self, now_us: int) -> float:
        """Seconds since its clock began."""
        on_for_s, speed = self._clock
        return on_for_s + now_us * 1e-6 * speed
