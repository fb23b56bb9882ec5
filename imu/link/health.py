"""What a person is told about the link: a snapshot with figures and words."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from imu.model import NAN, Samples, SensorInfo

BATTERY_LOW_PCT = 15
"""At this or below the battery is low."""
RATE_WINDOW_S = 5.0
LATENCY_WINDOW_S = 30.0
JUDGED_S = 5.0
"""Stretch of samples judged at a time; noise alone moves every axis of a sound sensor within it."""
CLIPPED_SHARE = 0.01
STILL_CLIPPED = 0.999
"""Of the range: from here on a value is clipped."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkHealth:
    """State of the link.

    Attributes:
        state: In words: `connecting`, `streaming`, `lost, searching`, `filling gaps`, `stopped`.
        effective_rate_hz: Samples that came in time, per second of device time over the last 5 s; nan before.
        received: Samples, each counted once.
        missing: Not here, but may still come.
        filled: Came late, on request.
        lost: Gone for good.
        reconnects: How often the link was lost and found.
        bad_frames: Frames, and answers to requests for them, that could not be believed.
        battery_pct: None while unknown.
        mtu: ATT_MTU as the sensor sees it; 0 while unknown.
        latency_s: Delay of the newest frame beyond the least delay of the last 30 s.
        clipped: Samples at the end of the sensor's range.
        dropped_frames: Frames the sensor dropped from its queue, the link being too slow.
        warnings: Sentences about what is wrong now.
    """

    state: str = "connecting"
    effective_rate_hz: float = NAN
    received: int = 0
    missing: int = 0
    filled: int = 0
    lost: int = 0
    reconnects: int = 0
    bad_frames: int = 0
    battery_pct: int | None = None
    mtu: int = 0
    latency_s: float = NAN
    clipped: int = 0
    dropped_frames: int = 0
    warnings: tuple[str, ...] = ()


class Pace:
    """Effective rate and latency over sliding windows, from one figure per frame."""

    def __init__(self) -> None:
        self._received: deque[tuple[float, int]] = deque()
        self._delays: deque[tuple[float, float]] = deque()

    def note(self, samples: Samples, received: int) -> None:
        """Take a live frame's samples and the count of live ones so far."""
        t_s = float(samples.t_s[-1])
        self._received.append((t_s, received))
        self._delays.append((t_s, float(samples.arrival_s[-1]) - t_s))
        _forget(self._received, t_s - RATE_WINDOW_S)
        _forget(self._delays, t_s - LATENCY_WINDOW_S)

    @property
    def rate_hz(self) -> float:
        """Samples per second of device time."""
        if len(self._received) < 2:
            return NAN
        (t0, n0), (t1, n1) = self._received[0], self._received[-1]
        return (n1 - n0) / (t1 - t0) if t1 > t0 else NAN

    @property
    def latency_s(self) -> float:
        """Delay of the newest frame beyond the least one."""
        return self._delays[-1][1] - min(d for _, d in self._delays) if self._delays else NAN


def _forget(window: deque[tuple[float, int]] | deque[tuple[float, float]], before_s: float) -> None:
    while len(window) > 1 and window[0][0] < before_s:
        window.popleft()


class Doubt:
    """Looks for what no sound sensor on a body says: an axis that never moves, zeros, values at the range's end."""

    def __init__(self, info: SensorInfo) -> None:
        self.words: tuple[str, ...] = ()
        """What is wrong with the last stretch, in sentences."""
        self._info = info
        self._n = max(2, round(JUDGED_S * info.rate_hz))
        self._waiting: list[Samples] = []

    def push(self, samples: Samples) -> list[str]:
        """Take samples as they come; returns what is newly wrong. Stretches are cut by count, not by frame."""
        self._waiting.append(samples)
        if sum(map(len, self._waiting)) < self._n:
            return []
        whole = Samples.concat(self._waiting)
        new: list[str] = []
        for start in range(0, len(whole) - self._n + 1, self._n):
            words = self._judge(whole[start : start + self._n])
            new += [word for word in words if word not in self.words]
            self.words = words
        self._waiting = [whole[len(whole) - len(whole) % self._n :]]
        return new

    def _judge(self, samples: Samples) -> tuple[str, ...]:
        parts = [("acceleration", samples.acc_mps2, self._info.acc_range_mps2)]
        if samples.gyr_radps is not None:
            parts.append(("gyroscope", samples.gyr_radps, self._info.gyr_range_radps))
        words: list[str] = []
        for what, values, full_scale in parts:
            stuck = np.ptp(values, axis=0) == 0
            clipped = (np.abs(values) >= STILL_CLIPPED * full_scale).any(axis=1).mean()
            if not values.any():
                words.append(f"The {what} is zero throughout: this sensor is broken or not measuring.")
            elif stuck.any():
                words.append(f"The {what}'s {'xyz'[int(stuck.argmax())]} axis does not move: do not trust this sensor.")
            if clipped > CLIPPED_SHARE:
                words.append(
                    f"The {what} is at the end of its range in {clipped:.0%} of the samples: choose a wider one."
                )
        return tuple(words)
