"""Frames of our own sensors -> samples in SI units, in sensor axes, on the device's clock.

What a frame says of its index and time is judged in `placing`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from firmware_proto import wire
from imu.model import G_MPS2, Floats, Ints, Samples
from imu.sensors.family import FrameError
from imu.sensors.placing import Placing

FULL_SCALE = 32767
"""int16: a value at or beyond this is clipped."""


class NativeDecoder:
    """Frames of one stream -> samples. Late, repeated and backfilled frames come out under their true index."""

    def __init__(self, start: wire.StartAnswer) -> None:
        """Take rate and scales from the answer to START."""
        self.clipped = 0
        units = [start.acc_g_per_lsb * G_MPS2] * 3
        self._kind = wire.Kind.ACC
        if start.gyr_dps_per_lsb > 0:
            units += [float(np.deg2rad(start.gyr_dps_per_lsb))] * 3
            self._kind = wire.Kind.ACC_GYR
        self._scale = np.array(units)[:, None]
        self._placing = Placing(start.true_rate_hz)

    def push(self, frame: bytes, arrival_s: float) -> Samples:
        """Decode one frame.

        Raises:
            FrameError: It is no frame of this stream; nothing else is changed by it.
            StreamBroken: Nor were the ones before it, and they agree among themselves.
        """
        try:
            read = wire.DataFrame.unpack(frame)
        except wire.WireError as error:
            raise FrameError(f"A frame from the sensor was left out: {error}.") from error
        self._expect(read.kind)
        n = read.n
        index, t_s = self._placing.place(read.index16, read.time_us, n, backfill=read.backfill)
        return self._samples(read.raw, t_s, np.arange(index, index + n), np.full(n, arrival_s))

    def push_many(self, frames: Sequence[bytes], arrival_s: Sequence[float]) -> Samples:
        """Decode frames in order of arrival; the same as one by one.

        Args:
            frames: As notified.
            arrival_s: Host time of each, on the zero of `t_s`.

        Returns:
            All their samples in that order. `t_s` is 0 at the stream's sample 0 and increases with the index.

        Raises:
            FrameError: One of them is no frame of this stream.
            StreamBroken: Nor were the ones before it, and they agree among themselves.
        """
        if not frames:
            return Samples.empty(gyroscope=self._kind is wire.Kind.ACC_GYR)
        try:
            heads, raw = wire.decode_many(frames)
        except wire.WireError as error:
            raise FrameError(f"A frame from the sensor was left out: {error}.") from error
        self._expect(heads.kind)
        heads_of = zip(
            heads.index16.tolist(), heads.time_us.tolist(), heads.n.tolist(), heads.backfill.tolist(), strict=True
        )
        places = [self._placing.place(i16, us, n, backfill=again) for i16, us, n, again in heads_of]
        return self._samples(
            raw,
            np.concatenate([t_s for _, t_s in places]),
            np.repeat([index for index, _ in places], heads.n) + heads.place_in_frame,
            np.repeat(np.asarray(arrival_s, float), heads.n),
        )

    def time_s(self, ticks: int) -> float:
        """Device time in 32 bits of microseconds -> seconds from the stream's sample 0; nan before the first frame."""
        return self._placing.time_s(ticks)

    def _expect(self, kind: wire.Kind) -> None:
        if kind is not self._kind:
            raise FrameError(f"A frame from the sensor was left out: {kind.name} is not what was started.")

    def _samples(self, raw: npt.NDArray[np.int16], t_s: Floats, index: Ints, arrival_s: Floats) -> Samples:
        values = raw.ravel()
        if values[values.argmax()] >= FULL_SCALE or values[values.argmin()] <= -FULL_SCALE:
            self.clipped += int(((raw >= FULL_SCALE) | (raw <= -FULL_SCALE)).any(axis=1).sum())
        values = (raw.T * self._scale).T
        return Samples(
            t_s=t_s,
            acc_mps2=values[:, :3],
            gyr_radps=values[:, 3:] if self._kind is wire.Kind.ACC_GYR else None,
            index=index,
            filled=np.zeros(len(raw), bool),
            arrival_s=arrival_s,
        )
