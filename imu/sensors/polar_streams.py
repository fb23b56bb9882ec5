"""Polar's frames of one stream -> samples: of an H10 acceleration alone, of a Verity Sense both its streams in one.

The two streams of a Verity Sense have frames of their own size, at their own times, but one clock. Samples are those of
the accelerometer; the gyroscope is interpolated at their times, where it measured on both sides of them. So a hole in
either is a hole, and what comes out does not depend on which stream's frames arrive first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from imu.model import G_MPS2, Floats, Ints, Samples
from imu.sensors.family import FrameError, StreamBroken
from imu.sensors.polar_frames import KIND_BITS, Measurement, PmdBlock, decode_frame, decode_frames
from imu.sensors.polar_packed import AXES
from imu.sensors.stamps import BROKEN_AFTER, Stamps

RAIL = 0.999
"""Of the full scale: from here on a value is clipped."""
BEHIND_S = 5.0
"""One stream may be this far behind the other; a frame of either holds 2.5 s at most."""


class H10Decoder:
    """Frames of an H10's accelerometer -> samples without rotation."""

    def __init__(self, rate_hz: float, *, acc_range_g: float, acc_factor: float | None = None) -> None:
        """Take what was asked for, and the unit if the answer to START told one."""
        self._acc = _Track(rate_hz, full_scale=acc_range_g * G_MPS2)
        self._factor = acc_factor
        self.clipped = 0

    def reconnected(self) -> None:
        """The stream was stopped and started again on the sensor's same clock."""
        self._acc.stamps.restarted()

    def push(self, frame: bytes, arrival_s: float) -> Samples:
        """Decode one frame; no sample of one that came twice.

        Raises:
            FrameError: It is no frame of this stream; nothing else is changed by it.
            StreamBroken: Nor were the ones before it, and they agree among themselves.
        """
        return self._take(decode_frame(frame, factor=self._factor), arrival_s)

    def time_s(self, ticks: int) -> float:
        """Device time in ns -> seconds from the stream's sample 0; nan before the first frame."""
        return self._acc.stamps.time_s(ticks * 1e-9)

    def push_many(self, frames: Sequence[bytes], arrival_s: Sequence[float]) -> Samples:
        """Decode frames in order of arrival; the same as one by one, and raises as that does, or earlier."""
        blocks = decode_frames(frames, factor=self._factor).split() if frames else []
        taken = [self._take(block, at_s) for block, at_s in zip(blocks, arrival_s, strict=True)]
        return Samples.concat(taken) if taken else Samples.empty(gyroscope=False)

    def _take(self, block: PmdBlock, arrival_s: float) -> Samples:
        if block.measurement is not Measurement.ACC:
            raise _unasked(block)
        index, t_s = self._acc.place(block)
        self.clipped = self._acc.clipped
        return _samples(t_s, block.values[: len(index)], None, index, arrival_s)


class VerityDecoder:
    """Frames of a Verity Sense's two streams -> samples with rotation. Sample 0 is the first that has both."""

    def __init__(
        self,
        rate_hz: float,
        *,
        acc_range_g: float,
        gyr_range_dps: float,
        acc_factor: float | None = None,
        gyr_factor: float | None = None,
    ) -> None:
        """Take what was asked for, and the units if the answers to START told them."""
        self._tracks = {
            Measurement.ACC: _Track(rate_hz, full_scale=acc_range_g * G_MPS2),
            Measurement.GYRO: _Track(rate_hz, full_scale=math.radians(gyr_range_dps)),
        }
        self._factors: dict[int, float | None] = {Measurement.ACC: acc_factor, Measurement.GYRO: gyr_factor}
        self._acc, self._gyr = _Waiting(), _Waiting()
        self._most = math.ceil(BEHIND_S * rate_hz)
        self._base: tuple[int, float] | None = None  # index and device time of sample 0
        self._given_up = 0  # frames in a row with which samples had to be given up
        self.clipped = 0

    def reconnected(self) -> None:
        """The streams were stopped and started again on the sensor's same clock."""
        for track in self._tracks.values():
            track.stamps.restarted()

    def push(self, frame: bytes, arrival_s: float) -> Samples:
        """Decode one frame of either stream; the samples of which both are there now.

        Raises:
            FrameError: It is no frame of these streams, and nothing else is changed by it; or the other stream is so
                far behind that samples had to be given up.
            StreamBroken: That goes on, or a clock began anew.
        """
        factor = self._factors.get(frame[0] & KIND_BITS) if frame else None
        return self._take(decode_frame(frame, factor=factor), arrival_s)

    def time_s(self, ticks: int) -> float:
        """Device time in ns -> seconds from the stream's sample 0; nan before that."""
        return ticks * 1e-9 - self._base[1] if self._base else math.nan

    def push_many(self, frames: Sequence[bytes], arrival_s: Sequence[float]) -> Samples:
        """Decode frames in order of arrival; the same as one by one, and raises as that does, or earlier."""
        blocks: dict[int, PmdBlock] = {}
        kinds = [frame[0] & KIND_BITS if frame else -1 for frame in frames]
        for kind in set(kinds):
            ours = [at for at, each in enumerate(kinds) if each == kind]
            decoded = decode_frames([frames[at] for at in ours], factor=self._factors.get(kind))
            blocks.update(zip(ours, decoded.split(), strict=True))
        taken = [self._take(blocks[at], at_s) for at, at_s in enumerate(arrival_s)]
        return Samples.concat(taken) if taken else Samples.empty()

    def _take(self, block: PmdBlock, arrival_s: float) -> Samples:
        track = self._tracks.get(block.measurement)
        if track is None:
            raise _unasked(block)
        index, t_s = track.place(block)
        self.clipped = sum(each.clipped for each in self._tracks.values())
        of_acc = block.measurement is Measurement.ACC
        ours = self._acc if of_acc else self._gyr
        ours.add(index, track.stamps.zero_s + t_s, block.values[: len(index)])
        if len(ours.t_s) > self._most:
            self._give_up(ours, "gyroscope" if of_acc else "accelerometer")
        self._given_up = 0
        return self._together(arrival_s)

    def _together(self, arrival_s: float) -> Samples:
        """The waiting samples of the accelerometer up to the gyroscope's newest, where that has both neighbours."""
        gyr, acc = self._gyr, self._acc.take_to(self._gyr.end_s)
        after = np.searchsorted(gyr.t_s, acc.t_s)
        step = np.diff(gyr.index, prepend=-2)  # whatever came before the oldest that waits is not beside it
        both = (step == 1)[after] | (gyr.t_s[after] == acc.t_s)
        t_s = acc.t_s[both]
        gyr_radps = np.column_stack([np.interp(t_s, gyr.t_s, axis) for axis in gyr.values.T]) if len(t_s) else None
        gyr.drop_before(self._acc.next_s)
        if gyr_radps is None:
            return Samples.empty()
        if self._base is None:
            self._base = int(acc.index[both][0]), float(t_s[0])
        index, zero_s = self._base
        return _samples(t_s - zero_s, acc.values[both], gyr_radps, acc.index[both] - index, arrival_s)

    def _give_up(self, waiting: _Waiting, other: str) -> None:
        waiting.drop_to(self._most)
        self._given_up += 1
        if self._given_up >= BROKEN_AFTER:
            raise StreamBroken(f"The {other}'s frames have stopped; start the stream anew.")
        raise FrameError(f"Samples were given up: the {other}'s frames are {BEHIND_S:g} s behind.")


class _Track:
    """The frames of one measurement, put in their place."""

    def __init__(self, rate_hz: float, *, full_scale: float) -> None:
        self.stamps = Stamps(rate_hz, of="last")
        self.clipped = 0
        self._rail = RAIL * full_scale
        self._newest_ns = -1

    def place(self, block: PmdBlock) -> tuple[Ints, Floats]:
        """(n,) indices and times from this measurement's sample 0; none of a block that came twice."""
        if block.last_ns == self._newest_ns:
            return np.empty(0, np.int64), np.empty(0)
        n = len(block.values)
        first, t_s = self.stamps.place(block.last_ns * 1e-9, n)
        self._newest_ns = block.last_ns
        self.clipped += int((np.abs(block.values) >= self._rail).any(axis=1).sum())
        return np.arange(first, first + n), t_s


@dataclass
class _Waiting:
    """Samples of one measurement that wait for the other: indices, device times, values; the newest there was."""

    index: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    t_s: Floats = field(default_factory=lambda: np.empty(0))
    values: Floats = field(default_factory=lambda: np.empty((0, AXES)))
    end_s: float = -math.inf

    @property
    def next_s(self) -> float:
        """The time before which none will be wanted any more."""
        return float(self.t_s[0]) if len(self.t_s) else self.end_s

    def add(self, index: Ints, t_s: Floats, values: Floats) -> None:
        self.index = np.concatenate((self.index, index))
        self.t_s = np.concatenate((self.t_s, t_s))
        self.values = np.concatenate((self.values, values))
        self.end_s = float(self.t_s[-1]) if len(self.t_s) else self.end_s

    def take_to(self, end_s: float) -> _Waiting:
        """Take out those up to a time."""
        n = int(np.searchsorted(self.t_s, end_s, side="right"))
        taken = _Waiting(index=self.index[:n], t_s=self.t_s[:n], values=self.values[:n])
        self._keep_from(n)
        return taken

    def drop_before(self, start_s: float) -> None:
        """Keep the last that is not later than a time, and those behind it."""
        self._keep_from(max(int(np.searchsorted(self.t_s, start_s, side="right")) - 1, 0))

    def drop_to(self, count: int) -> None:
        """Keep so many of the newest."""
        self._keep_from(max(len(self.t_s) - count, 0))

    def _keep_from(self, n: int) -> None:
        self.index, self.t_s, self.values = self.index[n:], self.t_s[n:], self.values[n:]


def _samples(t_s: Floats, acc_mps2: Floats, gyr_radps: Floats | None, index: Ints, arrival_s: float) -> Samples:
    return Samples.measured(t_s, acc_mps2, gyr_radps, index=index, arrival_s=np.full(len(t_s), arrival_s))


def _unasked(block: PmdBlock) -> FrameError:
    return FrameError(f"A frame from the sensor was left out: {block.measurement.name} is not what was started.")
