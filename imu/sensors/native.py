"""Our own sensors: what is said to one, by the wire protocol of `firmware_proto`. Its frames: `native_frames`."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from collections.abc import Mapping
from typing import TypeVar

import numpy as np

from firmware_proto import wire
from imu.errors import SensorFault, UsageError
from imu.model import G_MPS2, Mount, SensorInfo
from imu.sensors.family import (
    Abilities,
    Family,
    FrameError,
    Pong,
    Refill,
    RequestRefused,
    Resumed,
    Role,
    SensorStatus,
    Started,
    Talk,
    ask,
    percent,
    read,
)
from imu.sensors.native_frames import FULL_SCALE, NativeDecoder

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
_TEXTS: Mapping[str, str] = {"serial": wire.SERIAL_UUID, "firmware": wire.FIRMWARE_UUID, "model": wire.MODEL_UUID}
_ROLES: Mapping[str, Role] = {wire.CONTROL_UUID: Role.ANSWER, wire.STATUS_UUID: Role.STATUS, wire.DATA_UUID: Role.FRAME}
_Body = TypeVar("_Body")


class NativeDialogue:
    """Requests and answers of the native protocol."""

    control_uuid = wire.CONTROL_UUID
    listens = (wire.CONTROL_UUID, wire.STATUS_UUID, wire.DATA_UUID)

    def __init__(self) -> None:
        self._tags = itertools.cycle(range(1, 256))
        self._info = wire.Info()

    def role(self, uuid: str, data: bytes) -> Role:
        """Answer, status or frame, by where it came from."""
        return _ROLES.get(uuid, Role.NOTHING)

    def answers(self, request: bytes, answer: bytes) -> bool:
        """Whether operation and tag are the same."""
        return answer[:2] == bytes((request[0] | wire.ANSWER_BIT, request[1]))

    def introduce(self) -> Talk[SensorInfo]:
        """Read Info and the texts of the device information service.

        Raises:
            SensorFault: There is no Info, or it cannot be understood, as of a later major version.
        """
        info = yield from read(wire.INFO_UUID)
        if info is None:
            raise SensorFault("This sensor does not say what it is; update its firmware.")
        texts = {}
        for what, uuid in _TEXTS.items():
            texts[what] = ((yield from read(uuid)) or b"").decode("utf-8", "replace")
        return self._describe(info, texts)

    def begin(self, info: SensorInfo, rate_hz: float | None) -> Talk[Started]:
        """Stop what may run, set the rate if one is wanted, start.

        Raises:
            UsageError: The sensor does not offer the rate.
            SensorFault: It refuses, or what it says makes no sense.
        """
        yield from self._stop()
        if rate_hz is not None:
            self._ok((yield from ask(self._configure(info, rate_hz))))
        answer = yield from ask(wire.Start(tag=next(self._tags)).pack())
        return self._started(self._body(answer, wire.StartAnswer), info)

    def resume(self, started: Started) -> Talk[Resumed | None]:
        """Ask whether the stream runs and where it is; None if the sensor knows nothing of it."""
        answer = yield from ask(wire.Resume(tag=next(self._tags), session=started.session).pack())
        try:
            body = self._body(answer, wire.ResumeAnswer)
        except RequestRefused:
            return None
        return Resumed(running=body.running, next_index=body.next_index)

    def halt(self) -> Talk[SensorStatus | None]:
        """Stop, and read how far the stream went."""
        yield from self._stop()
        status = yield from read(wire.STATUS_UUID)
        try:
            return self.status(status) if status else None
        except FrameError:
            return None

    def refill(self, session: int, first: int, count: int) -> Talk[Refill]:
        """Ask for samples again; those of a range that is gone are none.

        Raises:
            RequestRefused: As with `BUSY`: they may be asked for again.
        """
        tag, most = next(self._tags), min(count, MOST_REFILL)
        answer = yield from ask(wire.Backfill(tag=tag, session=session, first=first, count=most).pack())
        try:
            body = self._body(answer, wire.BackfillAnswer)
        except RequestRefused as refused:
            if refused.code != wire.StatusCode.RANGE_GONE.name:
                raise
            return Refill(first=0, count=0)
        return Refill(first=body.first, count=body.count)

    def ping(self, token: int) -> Talk[Pong | None]:
        """Ask for the sensor's time: when it had the request, and when it answered."""
        answer = yield from ask(wire.Ping(tag=next(self._tags), token=token).pack())
        body = self._body(answer, wire.PingAnswer)
        return Pong(token=body.token, received=body.received_us, replied=body.sent_us)

    def battery(self) -> Talk[int | None]:
        """Read the standard Battery Level."""
        return percent((yield from read(wire.BATTERY_LEVEL_UUID)))

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

    def _stop(self) -> Talk[None]:
        """End the stream; a sensor that refuses has none, which is as well."""
        with contextlib.suppress(RequestRefused):
            self._ok((yield from ask(wire.Stop(tag=next(self._tags)).pack())))

    def _describe(self, info: bytes, texts: Mapping[str, str]) -> SensorInfo:
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
            model=said.model or texts["model"],
            rate_hz=max(said.rates_hz, default=0.0),
            serial=texts["serial"],
            firmware=texts["firmware"],
            has_gyroscope=bool(said.gyr_ranges_dps),
            mount=mount,
            extra={"imu": said.imu, "protocol": f"{said.major}.{said.minor}"},
        )

    def _configure(self, info: SensorInfo, rate_hz: float) -> bytes:
        rate_dhz = round(rate_hz * 10)
        if rate_dhz not in self._info.rates_dhz:
            offered = ", ".join(f"{rate:g}" for rate in self._info.rates_hz)
            raise UsageError(f"The sensor {info.model} offers no {rate_hz:g} Hz; choose one of: {offered}.")
        return wire.SetConfig(tag=next(self._tags), rate_dhz=rate_dhz).pack()

    def _started(self, body: wire.StartAnswer, info: SensorInfo) -> Started:
        """Session, true rate, ranges and a decoder."""
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

    def _ok(self, answer: bytes) -> wire.Answer:
        try:
            said = wire.decode_answer(answer)
        except wire.WireError as error:
            raise SensorFault(f"The sensor's answer cannot be understood: {error}; switch it off and on.") from error
        if not said.ok:
            names = {int(op): op.name for op in wire.Op}
            raise RequestRefused(names.get(said.op, f"request {said.op:#04x}"), said.status.name)
        return said

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
    if_left="It stops by itself within a minute.",
)
