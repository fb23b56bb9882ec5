"""What a person is told about the link: a snapshot with figures and words."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from imu.model import NAN

BATTERY_LOW_PCT = 15
"""At this or below the battery is low."""
RATE_WINDOW_S = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkHealth:
    """State of the link.

    Attributes:
        state: In words: `connecting`, `streaming`, `filling gaps`, `lost, searching`, `found, connecting`, `stopping`,
            `stopped`, `failed`.
        effective_rate_hz: Samples that came in time, per second of device time over the last 5 s; nan before.
        true_rate_hz: Samples the sensor takes in a second of device time, whether they came or not; nan in the first
            10 s of a stream.
        received: Samples, each counted once.
        missing: Not here, but may still come.
        filled: Came late, on request.
        lost: Gone for good.
        sees_losses: Whether the sensor's frames tell time or number, so that each lost one is known.
        reconnects: How often the link was lost and found.
        bad_frames: Frames, and answers to requests for them, that could not be believed.
        battery_pct: None while unknown.
        mtu: ATT_MTU as the sensor sees it; 0 while unknown.
        latency_s: From the measurement of the newest sample to its arrival, within `clock_uncertainty_s`.
        round_trip_s: The shortest of a PING in the last 30 s; nan without.
        clock_uncertainty_s: Half-width within which host times of samples are right.
        skew_ppm: By how much the sensor's clock is faster than this computer's; nan in the first 10 s of a stream, and
            where the sensor tells no time.
        clipped: Samples at the end of the sensor's range.
        dropped_frames: Frames the sensor dropped from its queue, the link being too slow.
        warnings: Sentences about what is wrong now.
        warned: Sentences about all that was wrong at any time, in order.
    """

    state: str = "connecting"
    effective_rate_hz: float = NAN
    true_rate_hz: float = NAN
    received: int = 0
    missing: int = 0
    filled: int = 0
    lost: int = 0
    sees_losses: bool = True
    reconnects: int = 0
    bad_frames: int = 0
    battery_pct: int | None = None
    mtu: int = 0
    latency_s: float = NAN
    round_trip_s: float = NAN
    clock_uncertainty_s: float = NAN
    skew_ppm: float = NAN
    clipped: int = 0
    dropped_frames: int = 0
    warnings: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()


class Pace:
    """Effective rate over a sliding window, from one figure per frame."""

    def __init__(self) -> None:
        self._received: deque[tuple[float, int]] = deque()

    def note(self, t_s: float, received: int) -> None:
        """Take the time of a live frame's newest sample and the count of live ones so far."""
        self._received.append((t_s, received))
        while len(self._received) > 1 and self._received[0][0] < t_s - RATE_WINDOW_S:
            self._received.popleft()

    @property
    def rate_hz(self) -> float:
        """Samples per second of device time."""
        if len(self._received) < 2:
            return NAN
        (t0, n0), (t1, n1) = self._received[0], self._received[-1]
        return (n1 - n0) / (t1 - t0) if t1 > t0 else NAN
