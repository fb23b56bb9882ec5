"""When a sample was measured by the host's clock: a line over device time, from bounds alone. No I/O.

Strategy. Nothing arrives before it was sent. So host minus device time is at most what a live frame shows (arrival,
less the time of its newest sample) and at least what the request of a PING shows (sending, less the device time at
which it came). Queues only ever add to a delay: the truth lies at the lower edge of the arrivals, above the upper edge
of the requests. The line is laid under the arrivals as a linear programme would (Moon, Skelly and Towsley, "Estimation
and removal of clock skew from network delay measurements", INFOCOM 1999), whose answer is an edge of their lower convex
hull (Zhang, Liu and Xia, "Clock synchronization algorithms for network measurements", INFOCOM 2002); a hull grows point
by point and stays small.

Its slope is the one nearest to none that the delays allow: between the hull's edge a quarter into the time and the one
a quarter before its end. Otherwise a few lucky frames in a row would pass for a fast crystal.

Requests narrow the line from below. Where both edges are no further apart than `LEAST_DELAY_S` the line runs midway,
off by at most half of that; a PING whose round trip was short is what narrows them. Where there are none, or none was
quick, the line is the lower edge of the arrivals, late by the least delay of the link, which nothing else tells.

The last `WINDOW_S` say what the delay is now. The whole stream says when its samples were measured. Durations need
neither: they are device time.
"""

from __future__ import annotations

import dataclasses
import math
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from imu.model import NAN, Floats, Samples

WINDOW_S = 30.0
PIECE_S = 5.0
"""Pieces in which the window moves on."""
MOST_FAST = 1e-6 - 1.0
"""A slope: the host's time never stands still, also where ten seconds of frames come in one instant of it."""
LEARN_S = 10.0
"""Device time from which a slope is measured; before, even the worst crystal strays by no more than 5 ms."""
WORST_CRYSTAL = 500e-6
"""The worst sleep clock that Bluetooth allows (Core Specification 5.4, volume 6, part B, 4.2.2)."""
LEAST_DELAY_S = 0.030
"""The quickest of many frames takes no longer: one connection interval, the longest that phones and computers choose
by themselves for a sensor that asks for 15 to 30 ms."""
FIRST_PINGS = 5
FIRST_PINGS_EVERY_S = 0.5
PINGS_EVERY_S = 10.0
MOST_FAILURES = 3
"""So many PINGs without an answer, and no more are sent."""

Source = Literal["pings", "envelope"]


class Envelope:
    """Lower convex hull of points that come in order of x; a point out of order is left out."""

    def __init__(self, points: Iterable[tuple[float, float]] = ()) -> None:
        self.x: list[float] = []
        self.y: list[float] = []
        for x, y in points:
            self.add(x, y)

    def add(self, x: float, y: float) -> None:
        """Take a point; those above the new edge are forgotten."""
        if self.x and x <= self.x[-1]:
            return
        while len(self.x) > 1 and self._slope(-2, -1) * (x - self.x[-1]) >= y - self.y[-1]:
            self.x.pop()
            self.y.pop()
        self.x.append(x)
        self.y.append(y)

    def slope_at(self, x: float) -> float:
        """Slope of the edge over x."""
        right = min(max(bisect_right(self.x, x), 1), len(self.x) - 1)
        return self._slope(right - 1, right)

    def least(self, slope: float) -> float:
        """Intercept of the highest line of this slope that no point lies below."""
        return min(y - slope * x for x, y in zip(self.x, self.y, strict=True))

    def _slope(self, a: int, b: int) -> float:
        return (self.y[b] - self.y[a]) / (self.x[b] - self.x[a])


@dataclass(frozen=True, slots=True)
class HostLine:
    """host time = (1 + slope) x device time + offset.

    Attributes:
        slope: Host seconds beyond one in each device second.
        offset_s: Host time at device time 0.
        uncertainty_s: Half-width within which a host time is right, but for some 3 ms by which the least delay of one
            stretch of time may differ from another's.
        source: `pings` where these bound it from below, `envelope` where arrivals alone tell.
    """

    slope: float
    offset_s: float
    uncertainty_s: float
    source: Source

    def host_s(self, t_s: Floats) -> Floats:
        """(n,) host times of (n,) device times."""
        return t_s * (1 + self.slope) + self.offset_s

    @property
    def skew_ppm(self) -> float:
        """By how much the device's clock is faster than the host's."""
        return (1 / (1 + self.slope) - 1) * 1e6


@dataclass(slots=True)
class _Piece:
    """Bounds of a stretch of time, and where in the stream it begins.

    `requests` holds points turned upside down, so that their upper edge is a lower one.
    """

    index: int
    t_s: float
    arrivals: Envelope
    requests: Envelope
    round_trip_s: float = NAN

    def ping(self, t_s: float, sent_s: float, round_trip_s: float) -> None:
        self.requests.add(t_s, t_s - sent_s)
        self.round_trip_s = float(np.fmin(self.round_trip_s, round_trip_s))


class Clock:
    """Device time of one stream -> host time; its true rate. A stream that begins anew has a clock of its own."""

    def __init__(self) -> None:
        self._pieces: deque[_Piece] = deque()
        self._whole = _new_piece(0, NAN)
        self._newest = 0, NAN  # index and device time of the first sample of the newest frame, as stamped
        self._arrival = NAN, NAN  # device and host time of the newest sample
        self._stations: list[tuple[float, float]] = []  # device and host time, once in each window
        self._line: HostLine | None = None

    def arrived(self, samples: Samples, host_s: float) -> None:
        """Take a live frame's samples, which are newer than all before, and when they arrived."""
        index, t_s = int(samples.index[0]), float(samples.t_s[0])
        if not self._pieces:
            self._whole = _new_piece(index, t_s)
        if not self._pieces or t_s >= self._pieces[-1].t_s + PIECE_S:
            self._turn_over(index, t_s)
        newest_s = float(samples.t_s[-1])
        for piece in (self._pieces[-1], self._whole):
            piece.arrivals.add(newest_s, host_s - newest_s)
        self._newest, self._arrival, self._line = (index, t_s), (newest_s, host_s), None

    def pinged(self, sent_s: float, received_s: float, replied_s: float, answered_s: float) -> None:
        """Take a PING: host time of sending, device time of its arrival and of the reply, host time of the answer."""
        round_trip_s = answered_s - sent_s - (replied_s - received_s)
        if not self._pieces or not round_trip_s >= 0:  # also where one is not a number
            return
        for piece in (self._pieces[-1], self._whole):
            piece.ping(received_s, sent_s, round_trip_s)
        self._line = None

    @property
    def line(self) -> HostLine | None:
        """Host time by the last 30 s; None before the first frame."""
        if self._line is None and self._pieces:
            self._line = self._fit_window()
        return self._line

    @property
    def whole(self) -> HostLine | None:
        """Host time by the whole stream; its uncertainty also says how far the crystal was from running evenly."""
        line = _fit(self._whole.arrivals, self._whole.requests) if self._pieces else None
        if line is None or not self._stations:
            return line
        t_s, host_s = np.array(self._stations).T
        strayed_s = float(np.abs(line.host_s(t_s) - host_s).max())
        return dataclasses.replace(line, uncertainty_s=max(line.uncertainty_s, strayed_s))

    @property
    def latency_s(self) -> float:
        """How long after its measurement the newest sample was here; nan before the first."""
        t_s, host_s = self._arrival
        return host_s - float(self.line.host_s(np.array(t_s))) if self.line else NAN

    @property
    def round_trip_s(self) -> float:
        """Shortest round trip of a PING in the last 30 s, less the time spent in the sensor; nan without."""
        trips = [piece.round_trip_s for piece in self._pieces]
        return float(np.fmin.reduce(trips)) if trips else NAN

    @property
    def skew_ppm(self) -> float:
        """By how much the device's clock is faster than the host's, by the whole stream; nan in its first 10 s."""
        line = self.whole if self._newest[1] - self.start_s >= LEARN_S else None
        return line.skew_ppm if line else NAN

    @property
    def rate_hz(self) -> float:
        """Samples in a second of device time, by index and time of the whole stream; nan in its first 10 s."""
        (index, t_s), first = self._newest, self._whole
        return (index - first.index) / (t_s - first.t_s) if t_s - first.t_s >= LEARN_S else NAN

    @property
    def start_s(self) -> float:
        """Device time of the first sample that arrived; nan before."""
        return self._whole.t_s

    def _turn_over(self, index: int, t_s: float) -> None:
        """Begin a piece; what the window leaves behind is remembered as one point in each length of it."""
        line = self.line
        if line and t_s - (self._stations[-1][0] if self._stations else self.start_s) >= WINDOW_S:
            middle_s = (self._pieces[0].t_s + t_s) / 2
            self._stations.append((middle_s, float(line.host_s(np.array(middle_s)))))
        self._pieces.append(_new_piece(index, t_s))
        while self._pieces[0].t_s < t_s - WINDOW_S:
            self._pieces.popleft()

    def _fit_window(self) -> HostLine:
        line = _fit(
            Envelope(_joined([p.arrivals for p in self._pieces])), Envelope(_joined([p.requests for p in self._pieces]))
        )
        if line.source == "pings":
            return line
        # Where most of the time no frame was quick, nor may be the quickest have been.
        slow_s = float(np.median([p.arrivals.least(line.slope) for p in self._pieces])) - line.offset_s
        return dataclasses.replace(line, uncertainty_s=line.uncertainty_s + slow_s)


def _new_piece(index: int, t_s: float) -> _Piece:
    return _Piece(index, t_s, Envelope(), Envelope())


def _joined(parts: Sequence[Envelope]) -> Iterable[tuple[float, float]]:
    return ((x, y) for part in parts for x, y in zip(part.x, part.y, strict=True))


def _fit(arrivals: Envelope, requests: Envelope) -> HostLine:
    """The line between both edges, or on the lower edge of the arrivals."""
    span_s = arrivals.x[-1] - arrivals.x[0]
    low, high = _slopes(arrivals)
    slope = max(min(max(0.0, low), high), MOST_FAST)
    turned_s = abs(high - low) * span_s / 4  # half of what a line of any of these slopes has moved at the ends
    latest_s = arrivals.least(slope)
    apart_s = latest_s + requests.least(-slope) if requests.x else math.inf
    if apart_s > LEAST_DELAY_S:
        return HostLine(slope, latest_s, LEAST_DELAY_S + turned_s, "envelope")
    return HostLine(slope, latest_s - apart_s / 2, abs(apart_s) / 2 + turned_s, "pings")  # apart < 0: a contradiction


def _slopes(arrivals: Envelope) -> tuple[float, float]:
    """Between these the slope lies."""
    first_s, last_s = arrivals.x[0], arrivals.x[-1]
    quarter_s = (last_s - first_s) / 4
    if last_s - first_s < LEARN_S:
        return -WORST_CRYSTAL, WORST_CRYSTAL
    return arrivals.slope_at(first_s + quarter_s), arrivals.slope_at(last_s - quarter_s)


class Pings:
    """When to send a PING: a few at first, then seldom; never again to a sensor that refuses. Host time is given."""

    def __init__(self) -> None:
        self._sent = 0
        self._failures = 0
        self._next_s = 0.0
        self.wanted = True
        """Whether the sensor answers them, as far as known."""

    def due(self, now_s: float) -> bool:
        """Whether to send one now."""
        return self.wanted and now_s >= self._next_s

    def sent(self, now_s: float) -> int:
        """Note that one is sent; returns its number."""
        self._sent += 1
        self._next_s = now_s + (FIRST_PINGS_EVERY_S if self._sent < FIRST_PINGS else PINGS_EVERY_S)
        return self._sent

    def answered(self) -> None:
        """Note that it was answered."""
        self._failures = 0

    def failed(self, *, refused: bool = False) -> None:
        """Note that it was not."""
        self._failures += 1
        self.wanted = not refused and self._failures < MOST_FAILURES
