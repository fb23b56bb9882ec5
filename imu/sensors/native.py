"""Our own sensors: the wire protocol of `firmware_proto` -> samples in SI units, in sensor axes, on the device's clock.

What a frame says of its index and time is judged in `placing`.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from firmware_proto import wire
from imu.errors import SensorFault, UsageError
from imu.model import G_MPS2, Floats, Ints, Mount, Samples, SensorInfo
from imu.sensors.family import (
    Abilities,
    Family,
    FrameError,
    Pong,
    Refill,
    RequestRefused,
    Resumed,
    SensorStatus,
    Started,
)
from imu.sensors.placing import Placing

FULL_SCALE = 32767
"""int16: a value at or beyond this is clipped."""
RATE_OFF = 0.25
"""Share by which a true rate may miss the nominal one; parts are off by several per cent, seldom by more."""
MOST_REFILL = 0xFFFF
"""Samples one request can ask for."""

_STATES = {
    wire.State.IDLE: "idle",
    wire.State.STREAM: "streaming",
    wire.State.LOG: "logging",
    wire.State.BOTH: "streaming and logging",
    wire.State.ERROR: "faulty",
}
_ERRORS = {
    wire.ErrorBits.IMU: "motion sensor fault",
    wire.ErrorBits.FIFO_OVERRUN: "samples lost inside the sensor",
    wire.ErrorBits.FLASH: "flash fault",
    wire.ErrorBits.LOW_BATTERY: "battery low",
    wire.ErrorBits.CHARGING: "charging",
    wire.ErrorBits.HOT: "too hot",
}
_Body = TypeVar("_Body")


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


class NativeDialogue:
    """Requests and answers of the native protocol."""

    info_uuid = wire.INFO_UUID
    control_uuid = wire.CONTROL_UUID
    data_uuid = wire.DATA_UUID
    status_uuid = wire.STATUS_UUID
    battery_uuid = wire.BATTERY_LEVEL_UUID
    text_uuids: Mapping[str, str] = {
        "serial": wire.SERIAL_UUID,
        "firmware": wire.FIRMWARE_UUID,
        "model": wire.MODEL_UUID,
    }

    def __init__(self) -> None:
        self._tags = itertools.cycle(range(1, 256))
        self._info = wire.Info()

    def describe(self, info: bytes, texts: Mapping[str, str]) -> SensorInfo:
        """Read Info and the texts of the device information service.

        Raises:
            SensorFault: Info cannot be understood, as of a later major version.
        """
        try:
            self._info = wire.Info.unpack(info)
        except wire.WireError as error:
            raise SensorFault(
                f"This sensor cannot be understood: {error}; update the program or the sensor."
            ) from error
        said = self._info
        mount = None
        if said.cranial and said.anterior:
            mount = Mount.from_axes(cranial=said.cranial, anterior=said.anterior, source="nominal")
        return SensorInfo(
            family=NATIVE.name,
            model=said.model or texts.get("model", ""),
            rate_hz=max(said.rates_hz, default=0.0),
            serial=texts.get("serial", ""),
            firmware=texts.get("firmware", ""),
            has_gyroscope=bool(said.gyr_ranges_dps),
            mount=mount,
            extra={"imu": said.imu, "protocol": f"{said.major}.{said.minor}"},
        )

    def configure(self, info: SensorInfo, rate_hz: float) -> bytes:
        """The request that sets the rate.

        Raises:
            UsageError: The sensor does not offer it.
        """
        rate_dhz = round(rate_hz * 10)
        if rate_dhz not in self._info.rates_dhz:
            offered = ", ".join(f"{rate:g}" for rate in self._info.rates_hz)
            raise UsageError(f"The sensor {info.model} offers no {rate_hz:g} Hz; choose one of: {offered}.")
        return wire.SetConfig(tag=next(self._tags), rate_dhz=rate_dhz).pack()

    def start(self) -> bytes:
        """Begin a stream."""
        return wire.Start(tag=next(self._tags)).pack()

    def started(self, answer: bytes, info: SensorInfo) -> Started:
        """Session, true rate, ranges and a decoder."""
        body = self._body(answer, wire.StartAnswer)
        if not any(abs(body.true_rate_hz - hz) <= RATE_OFF * hz for hz in self._info.rates_hz):
            raise SensorFault(
                f"The sensor says that it measures at {body.true_rate_hz:g} Hz, which is none of its rates; switch it "
                "off and on."
            )
        full = FULL_SCALE + 1
        streaming = dataclasses.replace(
            info,
            rate_hz=body.true_rate_hz,
            has_gyroscope=body.gyr_dps_per_lsb > 0,
            acc_range_mps2=body.acc_g_per_lsb * full * G_MPS2,
            gyr_range_radps=float(np.deg2rad(body.gyr_dps_per_lsb * full)),
            extra={
                **info.extra,
                "acc_g_per_lsb": f"{body.acc_g_per_lsb:.9g}",
                "gyr_dps_per_lsb": f"{body.gyr_dps_per_lsb:.9g}",
            },
        )
        return Started(session=body.session, info=streaming, mtu=body.mtu, decoder=NativeDecoder(body))

    def stop(self) -> bytes:
        """End the stream."""
        return wire.Stop(tag=next(self._tags)).pack()

    def resume(self, session: int) -> bytes:
        """Go on with a stream after a reconnect."""
        return wire.Resume(tag=next(self._tags), session=session).pack()

    def resumed(self, answer: bytes) -> Resumed:
        """Whether the stream runs and where it is."""
        body = self._body(answer, wire.ResumeAnswer)
        return Resumed(running=body.running, next_index=body.next_index)

    def refill(self, session: int, first: int, count: int) -> bytes:
        """Ask for samples again."""
        return wire.Backfill(tag=next(self._tags), session=session, first=first, count=min(count, MOST_REFILL)).pack()

    def refilling(self, answer: bytes) -> Refill:
        """What will be sent."""
        try:
            body = self._body(answer, wire.BackfillAnswer)
        except RequestRefused as refused:
            if refused.code != wire.StatusCode.RANGE_GONE.name:
                raise
            return Refill(first=0, count=0)
        return Refill(first=body.first, count=body.count)

    def ping(self, token: int) -> bytes:
        """Ask for the sensor's time."""
        return wire.Ping(tag=next(self._tags), token=token).pack()

    def pong(self, answer: bytes) -> Pong:
        """When the sensor had the request, and when it answered."""
        body = self._body(answer, wire.PingAnswer)
        return Pong(token=body.token, received=body.received_us, replied=body.sent_us)

    def check(self, answer: bytes) -> None:
        """Raise RequestRefused unless the answer is OK."""
        self._ok(answer)

    def answers(self, request: bytes, answer: bytes) -> bool:
        """Whether operation and tag are the same."""
        return answer[:2] == bytes((request[0] | wire.ANSWER_BIT, request[1]))

    def status(self, data: bytes) -> SensorStatus:
        """Read a status.

        Raises:
            FrameError: It is none.
        """
        try:
            said = wire.Status.unpack(data)
        except wire.WireError as error:
            raise FrameError(f"A status from the sensor was left out: {error}.") from error
        return SensorStatus(
            state=_STATES[said.state],
            session=said.session,
            next_index=said.next_index,
            oldest_index=said.oldest_index,
            battery_mv=said.battery_mv,
            dropped_frames=said.dropped_frames,
            errors=tuple(words for bit, words in _ERRORS.items() if bit in said.errors),
        )

    def _ok(self, answer: bytes) -> wire.Answer:
        try:
            read = wire.decode_answer(answer)
        except wire.WireError as error:
            raise SensorFault(f"The sensor's answer cannot be understood: {error}; switch it off and on.") from error
        if not read.ok:
            names = {int(op): op.name for op in wire.Op}
            raise RequestRefused(names.get(read.op, f"request {read.op:#04x}"), read.status.name)
        return read

    def _body(self, answer: bytes, kind: type[_Body]) -> _Body:
        body = self._ok(answer).body
        if not isinstance(body, kind):
            raise SensorFault(f"The sensor's answer is not the {kind.__name__} it should be; switch it off and on.")
        return body


NATIVE = Family(
    name="native",
    title="Our own sensor",
    service_uuid=wire.SERVICE_UUID,
    advertised=True,
    name_prefixes=(wire.NAME_PREFIX,),
    dialogue=NativeDialogue,
    abilities=Abilities(
        gyroscope=True,
        rates_hz=(),
        default_rate_hz=None,
        latency_s=0.1,
        memory=True,
        numbered=True,
        device_time=True,
        battery=True,
    ),
)
