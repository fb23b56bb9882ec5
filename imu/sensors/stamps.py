"""Where a block of samples belongs that carries one device time and no number: index and time of each of its samples.

Holes. Nothing but the step from one block's stamp to the next says that something is missing between them. It is held
against the samples that should lie between the two, at the period that the stamps themselves have shown so far; the
rate that the sensor tells may be several per cent off. What is lost on the way are whole blocks, so a step that is
longer by less than about half a block is a jittering stamp, or one rounded to milliseconds, and no hole. Where all
blocks so far were of one size, so were those lost, as far as the step leaves that open.

Times. Samples of blocks that follow each other lie evenly between their stamps. Behind a hole they lie as far from
their own stamp as the period says, so a lost block does not stretch the ones beside it (polar-ble-sdk issue 775). Time
always runs on with the index, at no less than half its pace, whatever the stamps say.

A stamp that goes back, or forth by more than ten minutes, is refused. Where the sensor's clock was set or began anew,
every stamp from then on is; they agree with one another but not with what was believed, and after a few of them the
stream is said to be broken, which only a new one mends.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from imu.model import Floats
from imu.sensors.family import FrameError, StreamBroken

RATE_TOLERANCE = 0.1
"""By this share the rate that the sensor tells may be off."""
LEAST_DOUBT = 0.001
"""By this share a period may be off however long it was measured; clocks drift."""
STAMP_JITTER_S = 0.004
"""What stamps may be off from each other, as it weighs on a period measured between them."""
MEMORY_S = 60.0
"""The period is that of about so long."""
LEAST_HOLE = 0.4
"""Of a block: a step longer by less than this hides no lost one."""
LONGEST_HOLE_S = 600.0
"""A lost sensor is given up long before. A clock that is set jumps by more: by years, or from one time zone to another,
which is a quarter of an hour at least."""
LEAST_PACE = 0.5
"""Of the period: samples are never nearer to each other than this share of it."""
BROKEN_AFTER = 5
"""So many blocks refused in a row, which agree among themselves, are right, and what was believed is wrong."""


class Stamps:
    """The places of one stream's blocks."""

    def __init__(self, rate_hz: float, *, of: Literal["first", "last"], wrap_s: float = math.inf) -> None:
        """Take what the sensor says of itself.

        Args:
            rate_hz: As told; the true one may be up to 10 % off.
            of: Which sample of a block its stamp belongs to.
            wrap_s: The stamps begin anew after so long, as 2**32 ms do.
        """
        self._told_s = 1 / rate_hz
        self._of = of
        self._wrap_s = wrap_s
        self._zero_s = math.nan
        self._newest = (math.nan, 0)  # stamp and samples of the newest block
        self._refused = (math.nan, 0)
        self._refusals = 0
        self._restarted = False
        self._measured = (0.0, 0)  # time and samples between blocks that followed each other
        self._size: int | None = None  # of every block so far, if it is one
        self._next = 0
        self._end_s = math.nan

    @property
    def period_s(self) -> float:
        """From sample to sample, by the stamps so far."""
        span_s, samples = self._measured
        if not samples:
            return self._told_s
        least_s, most_s = self._told_s / (1 + RATE_TOLERANCE), self._told_s / (1 - RATE_TOLERANCE)
        return min(max(span_s / samples, least_s), most_s)

    @property
    def zero_s(self) -> float:
        """Device time of the stream's sample 0; nan before the first block."""
        return self._zero_s

    def time_s(self, stamp_s: float) -> float:
        """Seconds from the stream's sample 0 to a device time; nan before the first block."""
        return self._newest[0] + self._step_s(self._newest[0], stamp_s) - self._zero_s

    def restarted(self) -> None:
        """The sensor was stopped and started again on the same clock: between two blocks any number is missing."""
        self._restarted = True

    def place(self, stamp_s: float, n: int) -> tuple[int, Floats]:
        """Place a block, in order of arrival.

        Args:
            stamp_s: Device time of its first or last sample.
            n: Its samples, at least one.

        Returns:
            Its first sample's index, and (n,) times in seconds from the stream's sample 0, increasing with the index.

        Raises:
            FrameError: Its stamp cannot be; nothing is changed by it.
            StreamBroken: Nor could those of some blocks before it, but they agree with one another.
        """
        if math.isnan(self._zero_s):
            return self._begin(stamp_s, n)
        step_s = self._step_s(self._newest[0], stamp_s)
        missing = self._missing(self._newest[1], step_s, n)
        if missing is None:
            raise self._refusal(stamp_s, n, step_s)
        follows = not missing and not self._restarted
        if follows:
            self._learn(step_s, self._between(self._newest[1], n))
        self._newest = self._newest[0] + step_s, n
        self._size = n if n == self._size else None
        self._refused, self._refusals, self._restarted = (math.nan, 0), 0, False
        index = self._next + missing
        self._next = index + n
        return index, self._times(self._newest[0] - self._zero_s, n, follows=follows)

    def _begin(self, stamp_s: float, n: int) -> tuple[int, Floats]:
        t_s: Floats = np.arange(n, dtype=float) * self._told_s
        self._zero_s = stamp_s - (float(t_s[-1]) if self._of == "last" else 0.0)
        self._newest, self._size, self._next, self._end_s = (stamp_s, n), n, n, float(t_s[-1])
        return 0, t_s

    def _step_s(self, before_s: float, stamp_s: float) -> float:
        if math.isinf(self._wrap_s):
            return stamp_s - before_s
        return (stamp_s - before_s + self._wrap_s / 2) % self._wrap_s - self._wrap_s / 2

    def _between(self, before: int, n: int) -> int:
        """Samples from the stamp of a block to that of the next, of n samples."""
        return n if self._of == "last" else before

    def _missing(self, before: int, step_s: float, n: int) -> int | None:
        """Samples lost between a block and the next; None where the step between them cannot be."""
        between, period_s, doubt = self._between(before, n), self.period_s, self._doubt
        longer = step_s / period_s - between
        slack = max(LEAST_HOLE * min(before, n), doubt * between)
        if not -slack <= longer <= LONGEST_HOLE_S / period_s or step_s <= 0:
            return None
        if self._restarted:
            return max(round(longer), 1)
        if longer <= slack:
            return 0
        whole = round(longer / n) * n
        if self._size == n and whole and abs(longer - whole) <= 1 + doubt * (between + longer):
            return whole
        return round(longer)

    @property
    def _doubt(self) -> float:
        """Share by which the period may be off."""
        span_s, samples = self._measured
        return min(max(STAMP_JITTER_S / span_s, LEAST_DOUBT), RATE_TOLERANCE) if samples else RATE_TOLERANCE

    def _learn(self, step_s: float, samples: int) -> None:
        span_s, counted = self._measured
        if span_s > MEMORY_S:
            span_s, counted = span_s / 2, counted // 2
        self._measured = span_s + step_s, counted + samples

    def _times(self, stamp_s: float, n: int, *, follows: bool) -> Floats:
        """(n,) times as the stamp says, as far as what was placed before allows."""
        count, least_s = np.arange(n, dtype=float), LEAST_PACE * self.period_s
        if self._of == "first":
            t_s: Floats = stamp_s + count * self.period_s
        elif follows:
            t_s = self._end_s + (count + 1) * ((stamp_s - self._end_s) / n)
        else:
            t_s = stamp_s - count[::-1] * self.period_s
        t_s = np.maximum(t_s, self._end_s + (count + 1) * least_s)
        self._end_s = float(t_s[-1])
        return t_s

    def _refusal(self, stamp_s: float, n: int, step_s: float) -> FrameError:
        before_s, before = self._refused
        agree = bool(before) and self._missing(before, self._step_s(before_s, stamp_s), n) is not None
        self._refusals = self._refusals + 1 if agree else 1
        self._refused = stamp_s, n
        if self._refusals >= BROKEN_AFTER:
            return StreamBroken(
                f"{BROKEN_AFTER} frames in a row contradict the clock of those before, but not each other; start the "
                "stream anew."
            )
        return FrameError(f"A frame from the sensor was left out: its time is {step_s:.3f} s from the newest one's.")
