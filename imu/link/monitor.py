"""Keeps the figures of the link and says what happens on it, each thing once."""

from __future__ import annotations

import dataclasses
import logging
import math

from imu.errors import ImuError
from imu.link.doubt import Warnings
from imu.link.feed import Feed
from imu.link.health import BATTERY_LOW_PCT, LinkHealth
from imu.link.stream import Stream
from imu.model import Samples
from imu.sensors import SensorStatus

log = logging.getLogger(__name__)

MOST_BAD_FRAME_EVENTS = 20
"""Further ones are only counted."""


class Monitor:
    """Health and events of one link.

    Attributes:
        stream: The stream its figures are of, None before the first.
    """

    def __init__(self, feed: Feed) -> None:
        """Events go into `feed`."""
        self.stream: Stream | None = None
        self._feed = feed
        self._health = LinkHealth()
        self._said: tuple[str, ...] = ()
        self._warnings = Warnings()

    @property
    def health(self) -> LinkHealth:
        """How the link is, now."""
        now = self.stream.health(self._health) if self.stream else self._health
        standing, said = self._warnings.standing.values(), self._warnings.said
        return dataclasses.replace(now, warnings=(*standing, *_battery_low(now.battery_pct)), warned=tuple(said))

    @property
    def state(self) -> str:
        """What the link does, in words."""
        return self._health.state

    def set(self, **changes: object) -> None:
        """Change fields of the health that are not the stream's."""
        self._health = dataclasses.replace(self._health, **changes)  # type: ignore[arg-type]

    def note(self, kind: str, detail: str) -> None:
        """Say what happened."""
        self._feed.note(kind, self.stream.newest_t_s if self.stream else math.nan, detail)

    def battery(self, percent: int | None) -> None:
        """Take a reading; said at first and when it becomes low."""
        if percent is None:
            return
        before = self._health.battery_pct
        if before is None or percent <= BATTERY_LOW_PCT < before:
            self.note("battery", f"{percent} %{'; charge it soon' if percent <= BATTERY_LOW_PCT else ''}")
        if _battery_low(percent) and not _battery_low(before):
            self._warnings.said += _battery_low(percent)
        self.set(battery_pct=percent)

    def status(self, status: SensorStatus) -> None:
        """Take what the sensor says of itself."""
        self.set(dropped_frames=status.dropped_frames)
        for words in status.errors:
            if words not in self._said:
                self.note("warning", f"The sensor says: {words}.")
        self._said = status.errors

    def bad_frame(self, stream: Stream, error: ImuError) -> None:
        """Count a frame, or an answer on the way to one, that cannot be believed."""
        stream.bad_frames += 1
        log.warning("%s", error)
        if stream.bad_frames <= MOST_BAD_FRAME_EVENTS:
            self.note("bad_frame", str(error))

    def judge(self, stream: Stream, samples: Samples) -> None:
        """Say what is newly wrong with the sensor or the link, and what is good again."""
        for found in stream.judge(samples):
            new, over = self._warnings.judge(found)
            for words in new:
                self.note("warning", words)
            for what in over:
                self.note("good_again", f"Good again: {what}.")

    def gone(self, stream: Stream) -> None:
        """Say which samples were given up since it was last asked, hole by hole."""
        held = "no longer holds them" if stream.memory else "sends each but once"
        for gap in stream.gone():
            (first, stop), (from_s, to_s) = gap, (stream.time_s(gap[0]), stream.time_s(gap[1]))
            self._feed.note(
                "gone",
                from_s,
                f"{stop - first} samples are lost for good, {first} to {stop - 1}, {from_s:.3f} to {to_s:.3f} s: the "
                f"sensor {'began anew' if stop == stream.begin_index else held}.",
                gap,
            )
        for first, stop in stream.regained():
            self.note("regained", f"{stop - first} samples given up before came after all, {first} to {stop - 1}.")


def _battery_low(percent: int | None) -> tuple[str, ...]:
    low = percent is not None and percent <= BATTERY_LOW_PCT
    return (f"The battery is at {percent} %: charge it soon.",) if low else ()
