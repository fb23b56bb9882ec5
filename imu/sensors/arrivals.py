"""Samples with neither time nor number -> index and time, by when they arrived.

Nothing arrives before it was measured, and delays only ever add: the newest sample of an arrival is as old as the link
was slow. So the truth lies at the lower edge of the arrivals. Samples are counted and laid along a time that runs at
the told period until the arrivals have shown the true one. How late each arrival is on that time says the rest.

Rate. The quickest arrival of each half second is kept for a minute. Under them lies their lower convex hull, which no
delay can push down (as in Zhang, Liu and Xia, "Clock synchronization algorithms for network measurements", INFOCOM
2002); its rise over the middle half of the minute is the period, and while the minute is young the one told is believed
as far as that leaves it open. Time is never set: it runs by up to `MOST_SLEW` faster or slower until it is in step
again, so that no stroke is cut or stretched by what was learned.

Holes. After a stall that ends with its backlog, lateness is what it was. Where samples are gone for good, it stays. So
when an arrival is later than those before by more than `LATE_S`, it and what follows is kept back until one is in step
again, and then there was no hole; or until they were late for `SETTLE_S`, and then there was one, just before them, as
long as the quickest of them was late. After a reconnect there always is one. Else fewer samples lost than `LATE_S`
holds are not seen, and a loss that goes on and on is taken for a lower rate; a delay that grows by more than that at
once and stays is taken for a hole. Sensors of this kind give no more to go by.

What is learned from an arrival counts from the next one on, so the result does not depend on how the bytes of one were
cut into notifications.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from imu.model import Floats, Ints
from imu.sensors.family import StreamBroken

LATE_S = 0.4
"""So much later than before all at once is no jitter, if it stays; twice as much while little is known of the link."""
SETTLE_S = 2.0
"""It has stayed after so long: a backlog has come by then, and of several bursts one was quick."""
AGAIN_S = 1.0
"""After a reconnect, when no backlog comes."""
FLOOR_S = 4.0
"""Before is the quickest arrival of so long: short, that a wrong rate may not look like a hole."""
EARLY_S = 5.0
"""Arrivals that lie so far before their time contradict all that was believed."""
BLOCK_S = 0.5
BLOCKS = 120
"""The quickest arrival of each block is kept, for a minute."""
LEARN_S = 3.0
"""Stretch of arrivals from which the period is believed rather than the one told."""
LOCK_S = 10.0
"""Stretch of arrivals after which time is kept in step with them."""
RATE_OFF = 0.08
"""Share by which the true rate may miss the one told."""
MOST_SLEW = 0.005
"""Time runs faster or slower than the samples by no more than this share,"""
SLEW_S = 20.0
"""and by what would take so long to be in step again."""
MOST_ARRIVALS = 1000
"""Within `FLOOR_S`; no link has so many."""

_Placed = list[tuple[Ints, Floats]]


class Arrivals:
    """The places of one stream's samples."""

    def __init__(self, rate_hz: float) -> None:
        """Take the rate that the sensor was set to; the true one may be up to 8 % off."""
        self._pace = _Pace(1 / rate_hz)
        self._arrival_s = math.nan
        self._before = (-1, -1 / rate_hz)  # index and time of the newest sample of all arrivals before this one
        self._newest = self._before
        self._floor: deque[tuple[float, float]] = deque(maxlen=MOST_ARRIVALS)  # arrivals, and how late they were
        self._held: _Placed = []
        self._reconnected = False
        self._judged_s = 0.0
        self._settled_s = 0.0  # for how long what is held has been late
        self._least_late_s = math.inf  # of it

    @property
    def period_s(self) -> float:
        """From sample to sample, by the arrivals so far."""
        return self._pace.period_s

    def reconnected(self) -> None:
        """Between the samples so far and the next ones some are missing."""
        self._reconnected = True

    def place(self, n: int, arrival_s: float) -> tuple[Ints, Floats]:
        """Place the next samples.

        Args:
            n: How many came.
            arrival_s: When, by a clock that never goes back.

        Returns:
            Index and time in seconds from the stream's sample 0, both increasing, of the oldest samples without a place
            so far: none while it is open whether there is a hole before them, and later these and the new ones.

        Raises:
            StreamBroken: They come long before they can have been measured; they are left out.
        """
        placed: _Placed = []
        if n:
            if arrival_s != self._arrival_s:
                placed = self._turn_over()
                self._arrival_s = arrival_s
            placed += self._take(n)
        if not placed:
            return np.empty(0, np.int64), np.empty(0)
        return np.concatenate([index for index, _ in placed]), np.concatenate([t_s for _, t_s in placed])

    def _take(self, n: int) -> _Placed:
        """Lay samples along the time; what can be let go with them."""
        index: Ints = self._newest[0] + 1 + np.arange(n, dtype=np.int64)
        t_s: Floats = self._before[1] + (index - self._before[0]).astype(float) * self._pace.pace_s
        late_s = self._arrival_s - float(t_s[-1])
        late_s -= self._floor_s(late_s)
        if late_s < -EARLY_S:
            raise StreamBroken("Samples come faster than the sensor can take them; start the stream anew.")
        self._newest = int(index[-1]), float(t_s[-1])
        self._held.append((index, t_s))
        late = late_s > (LATE_S if self._pace.in_step else 2 * LATE_S)
        return [] if late or self._reconnected else self._release()

    def _floor_s(self, otherwise_s: float) -> float:
        """Lateness of the quickest arrival of late; what is given where there was none."""
        return min((late_s for _, late_s in self._floor), default=otherwise_s)

    def _release(self) -> _Placed:
        held, self._held = self._held, []
        self._settled_s, self._least_late_s = 0.0, math.inf
        return held

    def _turn_over(self) -> _Placed:
        """Learn from an arrival that is complete; what can be let go by that."""
        late_s, placed = self._arrival_s - self._newest[1], _Placed()
        if self._held:
            placed = self._judge(late_s)
        elif self._newest[0] >= 0:
            self._floor.append((self._arrival_s, late_s))
            while self._floor[0][0] < self._arrival_s - FLOOR_S:
                self._floor.popleft()
            self._pace.note(self._newest, self._arrival_s)
        self._before = self._newest
        return placed

    def _judge(self, late_s: float) -> _Placed:
        """Judge what is held by one more arrival of it."""
        placed: _Placed = []
        if late_s > self._least_late_s + LATE_S:  # the hole, if there is one, is before this one
            first, held = self._before[0] + 1, self._release()
            placed = [(index, t_s) for index, t_s in held if index[0] < first]
            self._held = [(index, t_s) for index, t_s in held if index[0] >= first]
        elif math.isfinite(self._least_late_s):
            self._settled_s += min(self._arrival_s - self._judged_s, LATE_S)
        self._judged_s, self._least_late_s = self._arrival_s, min(self._least_late_s, late_s)
        enough_s = AGAIN_S if self._reconnected else SETTLE_S
        return placed + self._declare() if self._settled_s >= enough_s else placed

    def _declare(self) -> _Placed:
        """There is a hole before what is held."""
        missing = max(round((self._least_late_s - self._floor_s(0.0)) / self.period_s), 1)
        missing_s = missing * self.period_s
        self._newest = self._newest[0] + missing, self._newest[1] + missing_s
        self._pace.begin_anew()
        self._reconnected = False
        return [(index + missing, t_s + missing_s) for index, t_s in self._release()]


class _Pace:
    """How fast samples follow one another, and how fast time runs with them."""

    def __init__(self, told_s: float) -> None:
        self.period_s = self.pace_s = self._told_s = self._believed_s = told_s
        self._begin_s = self._least_late_s = math.inf  # of the block
        self._quickest = (0, 0.0)  # index and arrival
        self._kept: deque[tuple[int, float]] = deque(maxlen=BLOCKS)
        self._in_step_s = math.nan

    @property
    def in_step(self) -> bool:
        """Whether so much has come that time is kept in step with it."""
        return not math.isnan(self._in_step_s)

    def begin_anew(self) -> None:
        """What was kept lies before a hole, whose length is not known to the sample."""
        self._kept.clear()
        self._begin_s, self.pace_s, self._believed_s = math.inf, self.period_s, self.period_s

    def note(self, newest: tuple[int, float], arrival_s: float) -> None:
        """Take an arrival, and index and time of its newest sample."""
        if arrival_s >= self._begin_s + BLOCK_S:
            self._kept.append(self._quickest)
            self._begin_s = math.inf
            if self._kept[-1][1] - self._kept[0][1] >= LEARN_S:
                self._learn(newest)
        late_s = arrival_s - newest[1]
        if math.isinf(self._begin_s):
            self._begin_s, self._least_late_s = arrival_s, math.inf
        if late_s < self._least_late_s:
            self._least_late_s, self._quickest = late_s, (newest[0], arrival_s)

    def _learn(self, newest: tuple[int, float]) -> None:
        index, arrival_s = (np.array(of, float) for of in zip(*self._kept, strict=True))
        span_s = float(arrival_s[-1] - arrival_s[0])
        self.period_s = self._measured(index, arrival_s, span_s)
        late_s = float((arrival_s - self.period_s * index).min()) + self.period_s * newest[0] - newest[1]
        if not self.in_step:
            self._in_step_s = late_s if span_s >= LOCK_S else math.nan
            slew = 0.0
        else:
            slew = (late_s - self._in_step_s) / SLEW_S
        self.pace_s = self.period_s * (1 + min(max(slew, -MOST_SLEW), MOST_SLEW))

    def _measured(self, index: Floats, arrival_s: Floats, span_s: float) -> float:
        """The period, as near to the one told, or known before a hole, as the arrivals leave open."""
        quarter = (index[-1] - index[0]) / 4
        first, last = index[0] + quarter, index[-1] - quarter
        rise_s = _edge(index, arrival_s, last) - _edge(index, arrival_s, first)
        period_s = float(rise_s / (last - first))
        delay_s = arrival_s - period_s * index
        # Of a few arrivals all may have been slow: what they leave open shrinks as more of them are on the edge.
        doubt = float(delay_s.mean() - delay_s.min()) * LOCK_S / span_s**2
        period_s = min(max(self._believed_s, period_s / (1 + doubt)), period_s * (1 + doubt))
        return min(max(period_s, self._told_s / (1 + RATE_OFF)), self._told_s / (1 - RATE_OFF))


def _edge(x: Floats, y: Floats, at: float) -> float:
    """Height of the points' lower convex hull: that of the lowest line from a point before it to one behind."""
    left, right = x <= at, x > at
    slopes = (y[right] - y[left, None]) / (x[right] - x[left, None])
    return float((y[left, None] + slopes * (at - x[left, None])).min())
