"""Frames as they come -> samples of the stream they belong to."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from imu.link.feed import Feed
from imu.link.monitor import Monitor
from imu.link.stream import Stream
from imu.link.types import loop_s
from imu.sensors import FrameError, StreamBroken


class Intake:
    """Where the frames of one link go in; what they give goes into its feed.

    Attributes:
        stream: The running one, or the last; None before the first.
        heard_s: When the sensor last gave a sample, or answered that it measures.
        mute: Connections in a row that gave no sample; counted by the link.
        broken: Whether the stream cannot be followed any more.
    """

    def __init__(self, feed: Feed, monitor: Monitor) -> None:
        """Nothing came yet."""
        self.stream: Stream | None = None
        self.heard_s = 0.0
        self.mute = 0
        self.broken = False
        self.holding = False
        """Whether frames are kept back."""
        self._feed, self._monitor = feed, monitor
        self._anew = False
        self._early: list[tuple[bytes, float]] = []

    def frame(self, data: bytes) -> None:
        """Take a frame that comes now."""
        if self.holding or self.stream is None:
            self._early.append((data, loop_s()))
        else:
            self._take(self.stream, data, loop_s())

    def said(self) -> None:
        """Note that something was said to the sensor, or answered: of a new stream is only what comes after it."""
        if self._anew:
            self._early.clear()

    def connected(self) -> None:
        """Note that a connection begins, which has nothing to do with one before."""
        self._early.clear()

    @contextlib.contextmanager
    def held(self, *, anew: bool) -> Iterator[None]:
        """Keep frames back until it is known what they belong to: a stream that begins anew, or one that goes on.

        Those of a sensor with a memory, which never stopped measuring, go on at once.
        """
        self.holding, self._anew = anew or self.stream is None or not self.stream.memory, anew
        try:
            yield
        finally:
            self.holding = False

    def begin(self, stream: Stream) -> None:
        """Put a new stream in the place of the one before."""
        self.stream = self._monitor.stream = stream
        self.broken = False
        self._monitor.set(state="streaming")
        self.go_on()

    def go_on(self) -> None:
        """The stream runs: let in what was kept back."""
        self.heard_s = loop_s()
        early, self._early = self._early, []
        for data, arrival_s in early:
            if self.stream:
                self._take(self.stream, data, arrival_s)

    def _take(self, stream: Stream, data: bytes, arrival_s: float) -> None:
        try:
            samples = stream.take(data, arrival_s)
        except FrameError as error:
            self._monitor.bad_frame(stream, error)
            self.broken |= isinstance(error, StreamBroken)
            return
        if stream.heard_s == arrival_s:
            self.heard_s, self.mute = max(self.heard_s, arrival_s), 0
        if len(samples):
            self._feed.samples(samples)
            self._monitor.judge(stream, samples)
