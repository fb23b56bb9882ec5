"""One stream of one sensor, from START on: frames -> samples on the recording's timeline, each exactly once."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from imu.link.clock import Clock, HostLine
from imu.link.doubt import Doubt, Findings, link_findings
from imu.link.health import LinkHealth, Pace
from imu.link.intervals import Interval
from imu.link.recovery import Recovery
from imu.model import ClockFit, Samples
from imu.sensors import Pong, Started

MOST_KNOTS = 1000
"""Ends of holes whose times are remembered; older ones were filled or given up long ago."""


class Stream:
    """What has been received of a stream. No I/O; time comes as an argument.

    A recording normally is one stream. If the sensor had to begin anew (it restarted, or was out of reach for longer
    than it waits) another one follows, and is put behind the first by the host's clock: the only clock that ran on.
    """

    newest_t_s: float
    """Device time of the newest sample, on the recording's timeline; nan before the first."""
    next_index: int
    """One past the newest sample, on the recording's numbering."""
    counted: int
    bad_frames: int
    heard_s: float
    """Host time of the newest frame that gave samples, whether they were new or not; -inf before the first."""
    _zero_host_s: float

    def __init__(
        self,
        started: Started,
        before: Stream | None = None,
        *,
        memory: bool = True,
        device_time: bool = True,
        speed: float = 1.0,
    ) -> None:
        """Begin.

        Args:
            started: What began.
            before: The stream that this one continues.
            memory: Whether the sensor holds samples that can be had again.
            device_time: Whether it tells its time; what has none has no skew either.
            speed: How much faster than the host's time the sensor's runs: 1 but in a simulation.
        """
        self.started, self.memory, self._device_time, self._speed = started, memory, device_time, speed
        self.recovery = Recovery()
        self.heard_s = -math.inf
        self.bad_frames = before.bad_frames if before else 0
        before = before if before and before.counted else None  # what never gave a sample left nothing to go on from
        self.newest_t_s = before.newest_t_s if before else math.nan
        self.next_index = before.next_index if before else 0
        self.counted = before.counted if before else 0
        self._lost_before = before.lost if before else 0
        self._filled_before = before.filled if before else 0
        self._clipped_before = before.clipped if before else 0
        self._zero_host_s = before._zero_host_s if before else math.nan
        self._begin = before.end_index if before else 0
        self._shift: tuple[int, float] | None = None if before else (0, 0.0)
        self._gone: list[Interval] = []
        self._knots: list[tuple[int, float]] = []
        self._in_time = 0
        self._pace = Pace()
        self.clock = Clock()
        """On the recording's timeline, in host time as given."""
        self._clocks: tuple[Clock, ...] = (*(before._clocks if before else ()), self.clock)
        self._doubt = Doubt(started.info)

    def take(self, frame: bytes, host_s: float) -> Samples:
        """Decode a frame; returns the samples that are new, which may be none.

        Raises:
            FrameError: It cannot be believed.
        """
        samples = self.started.decoder.push(frame, host_s * self._speed)
        if not len(samples):
            return samples
        self.heard_s = host_s
        live = int(samples.index[-1]) >= self.recovery.front
        samples = samples[self.recovery.take(samples.index, host_s)]
        if not len(samples):
            return samples
        samples = self._on_timeline(samples, host_s)
        self.counted += len(samples)
        if live:
            self._remember(samples, jump=int(samples.index[0]) > self.next_index)
            self.newest_t_s, self.next_index = float(samples.t_s[-1]), int(samples.index[-1]) + 1
            self._in_time += len(samples)
            self._pace.note(self.newest_t_s, self._in_time)
            self.clock.arrived(samples, host_s)
        return samples

    def pinged(self, sent_s: float, pong: Pong, answered_s: float) -> None:
        """Take the answer to a PING and the host time when it was sent and answered."""
        if self._shift is None:
            return
        received_s, replied_s = (self.started.decoder.time_s(t) + self._shift[1] for t in (pong.received, pong.replied))
        self.clock.pinged(sent_s, received_s, replied_s, answered_s)

    def judge(self, samples: Samples) -> list[Findings]:
        """What is wrong with sensor and link, for each stretch that these samples complete."""
        stretches = self._doubt.push(samples)
        if stretches:
            stretches[-1] |= link_findings(
                told_hz=self.started.info.rate_hz, true_hz=self.clock.rate_hz, in_time_hz=self._pace.rate_hz,
                latency_s=self.clock.latency_s, memory=self.memory,
            )  # fmt: skip
        return stretches

    def clock_fits(self, utc_s: float) -> tuple[ClockFit, ...]:
        """How the recording's time lies in the time of day, one fit for each stream.

        Args:
            utc_s: Seconds since 1970 at host time 0.
        """
        lines = [(clock.start_s, clock.whole) for clock in self._clocks]
        return tuple(_fit(line, start_s, utc_s) for start_s, line in lines if line)

    @property
    def lost(self) -> int:
        """Samples gone for good."""
        return self._lost_before + (self.recovery.lost if self._shift else 0)

    @property
    def begin_index(self) -> int:
        """Where its sample 0 lies, on the recording's numbering; -1 while that is not known."""
        return self._shift[0] if self._shift else -1

    @property
    def end_index(self) -> int:
        """One past the newest sample known to have been taken, here or not, on the recording's numbering."""
        return self._begin if self._shift is None else self._shift[0] + self.recovery.reached

    def gone(self) -> list[Interval]:
        """The holes given up since the last call, on the recording's numbering."""
        gone, self._gone = self._gone, []
        if self._shift is None or not self.counted:  # nothing of this stream has a place yet
            return gone
        return [*gone, *((a + self._shift[0], b + self._shift[0]) for a, b in self.recovery.gone())]

    def regained(self) -> list[Interval]:
        """What was given up and came after all, since the last call, on the recording's numbering."""
        begin = self._shift[0] if self._shift else 0
        return [(a + begin, b + begin) for a, b in self.recovery.regained()]

    def time_s(self, index: int) -> float:
        """When a sample was taken, here or not, on the recording's timeline: exact beside a hole, about right in it."""
        at, t_s = zip(*self._knots, (self.next_index - 1, self.newest_t_s), strict=True)
        beyond: int = min(index - at[0], 0) + max(index - at[-1], 0)
        return float(np.interp(index, at, t_s) + beyond / self.started.info.rate_hz)

    @property
    def filled(self) -> int:
        """Samples that came late, on request."""
        return self._filled_before + self.recovery.filled

    @property
    def clipped(self) -> int:
        """Samples at the end of the sensor's range."""
        return self._clipped_before + self.started.decoder.clipped

    def health(self, now: LinkHealth) -> LinkHealth:
        """The same with this stream's figures."""
        return dataclasses.replace(
            now,
            effective_rate_hz=self._pace.rate_hz,
            received=self.counted,
            missing=self.recovery.missing,
            filled=self.filled,
            lost=self.lost,
            bad_frames=self.bad_frames,
            mtu=self.started.mtu,
            latency_s=self.clock.latency_s,
            true_rate_hz=self.clock.rate_hz,
            round_trip_s=self.clock.round_trip_s,
            clock_uncertainty_s=self.clock.line.uncertainty_s if self.clock.line else math.nan,
            skew_ppm=self.clock.skew_ppm if self._device_time else math.nan,
            clipped=self.clipped,
        )

    def _remember(self, samples: Samples, *, jump: bool) -> None:
        """Note the time at both ends of a hole."""
        behind = not self._knots or self._knots[-1][0] < self.next_index - 1
        if jump and behind and math.isfinite(self.newest_t_s):
            self._knots.append((self.next_index - 1, self.newest_t_s))
        if jump or not self._knots:
            self._knots.append((int(samples.index[0]), float(samples.t_s[0])))
            del self._knots[:-MOST_KNOTS]

    def _on_timeline(self, samples: Samples, host_s: float) -> Samples:
        last_s = float(samples.t_s[-1])
        if math.isnan(self._zero_host_s):
            self._zero_host_s = host_s - last_s
        if self._shift is None:
            rate_hz = self.started.info.rate_hz
            shift_s = max(host_s - self._zero_host_s - last_s, self.newest_t_s + 2 / rate_hz)
            skipped = round((shift_s - self.newest_t_s) * rate_hz) - 1
            index = max(self.next_index + skipped, self._begin + 1)  # at least one is lost: there is a seam here
            self._shift = index, shift_s
            self._knots = [(self.next_index - 1, self.newest_t_s), (index, shift_s)]
            self._lost_before += index - self._begin
            self._gone.append((self._begin, index))
        index, time_s = self._shift
        return dataclasses.replace(
            samples,
            t_s=samples.t_s + time_s,
            index=samples.index + index,
            arrival_s=samples.arrival_s / self._speed - self._zero_host_s,
        )


def _fit(line: HostLine, start_s: float, utc_s: float) -> ClockFit:
    return ClockFit.at(
        start_s,
        utc_s + float(line.host_s(np.array(start_s))),
        skew_ppm=line.skew_ppm,
        uncertainty_s=line.uncertainty_s,
        source=line.source,
    )
