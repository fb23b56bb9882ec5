"""The virtual sensor's control point: a request in, its answer out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from firmware_proto import wire
from firmware_proto.codes import ErrorBits, Kind, Op, RebootMode, State, StatusCode
from firmware_proto.virtual_device import QUEUE_FRAMES, VirtualDevice
from firmware_proto.virtual_session import Outbox, Session

MAX_FRAMES_PER_S = 4 / 0.030
"""Four packets in each 30 ms, the most a usual central takes; what needs more is not offered."""
MAX_ASKED = 8
"""Ranges that may wait to be sent again before the device is BUSY."""


class Refusal(Exception):
    """A request is answered with a status other than OK: an answer, not an error of ours."""

    def __init__(self, status: StatusCode) -> None:
        super().__init__(status.name)
        self.status = status


class VirtualControl(VirtualDevice):
    """The virtual device and its control point; `VirtualSensor` adds the radio's view of it."""

    def handle(self, request: bytes, now_us: int) -> bytes:
        """Answer a control request, whatever its bytes."""
        self._advance(now_us)
        op, tag = request[0] & 0x7F if request else 0, request[1] if len(request) > 1 else 0
        body, status = None, StatusCode.OK
        try:
            message = wire.decode_request(request)
            body = self._handlers[message.OP](message, now_us)
        except Refusal as refusal:
            status = refusal.status
        except wire.UnknownOp:
            status = StatusCode.BAD_OP
        except wire.WireError:
            status = StatusCode.BAD_ARG
        return wire.Answer(op=op, tag=tag, status=status, body=body).pack()

    @property
    def _handlers(self) -> dict[Op, Callable[[Any, int], wire.Body | None]]:
        return {
            Op.GET_INFO: self._get_info,
            Op.SET_CONFIG: self._set_config,
            Op.START: self._start,
            Op.STOP: self._stop,
            Op.PING: self._ping,
            Op.SET_EPOCH: self._set_epoch,
            Op.BACKFILL: self._backfill,
            Op.LOG: self._log,
            Op.IDENTIFY: self._identify,
            Op.SELF_TEST: self._self_test,
            Op.REBOOT: self._reboot,
            Op.RESUME: self._resume,
        }

    def _get_info(self, request: wire.GetInfo, now_us: int) -> wire.InfoPart:
        whole = self.info().pack()
        if request.offset > len(whole):
            raise Refusal(StatusCode.BAD_ARG)
        room = self.mtu - wire.ATT_HEADER_BYTES - 5  # the answer's header and the length
        return wire.InfoPart(total=len(whole), part=whole[request.offset : request.offset + room])

    def _set_config(self, request: wire.SetConfig, now_us: int) -> None:
        if self.state is State.STREAM:
            raise Refusal(StatusCode.WRONG_STATE)
        of_gyroscope = request.mode is Kind.ACC_GYR or request.gyr_range_dps is not None
        if request.unknown or (of_gyroscope and self.source.kind is Kind.ACC):
            raise Refusal(StatusCode.UNSUPPORTED)
        info = self.info()
        for wish, offered in (
            (request.rate_dhz, info.rates_dhz),
            (request.acc_range_g, info.acc_ranges_g),
            (request.gyr_range_dps, info.gyr_ranges_dps),
            (request.batch_ms, range(1, 1001)),
        ):
            if wish is not None and wish not in offered:
                raise Refusal(StatusCode.BAD_ARG)
        named: dict[str, Any] = {"rate_dhz": request.rate_dhz, "kind": request.mode, "batch_ms": request.batch_ms}
        self._config = replace(self._config, **{k: v for k, v in named.items() if v is not None})

    def _start(self, request: wire.Start, now_us: int) -> wire.StartAnswer:
        if self.state is State.ERROR:
            raise Refusal(StatusCode.HARDWARE_FAULT)
        if self.state is not State.IDLE:
            raise Refusal(StatusCode.WRONG_STATE)
        kind, rates = self._config.kind, self.source.divisors
        rate_dhz = self._config.rate_dhz or _default_rate(rates, wire.max_samples(self.mtu, kind))
        if rate_dhz / 10 / self._frame_samples(rate_dhz / 10, kind) > MAX_FRAMES_PER_S:
            raise Refusal(StatusCode.UNSUPPORTED)
        self._session_number = self._session_number % 0xFFFF + 1
        divisor = rates[rate_dhz]
        session = Session(
            number=self._session_number,
            source=self.source,
            kind=kind,
            divisor=divisor,
            t0_us=self._device_us(now_us) + 1e6 * divisor / self.source.rate_hz,
            ring_samples=self._ring_bytes // kind.sample_bytes,
        )
        self._session, self._running, self._held = session, True, False
        self._discard()  # a frame of an older session would be taken for one of this
        self._outbox = Outbox(capacity=QUEUE_FRAMES)
        self._errors &= ~ErrorBits.FIFO_OVERRUN
        return wire.StartAnswer(
            session=session.number,
            true_rate_mhz=round(session.rate_hz * 1000),
            acc_g_per_lsb=self._scales[0],
            gyr_dps_per_lsb=self._scales[1] if kind is Kind.ACC_GYR else 0.0,
            mtu=self.mtu,
        )

    def _stop(self, request: wire.Stop, now_us: int) -> None:
        if self.state is not State.STREAM:
            raise Refusal(StatusCode.WRONG_STATE)
        self._end_session(now_us)

    def _ping(self, request: wire.Ping, now_us: int) -> wire.PingAnswer:
        time_us = int(self._device_us(now_us)) & 0xFFFFFFFF
        return wire.PingAnswer(token=request.token, received_us=time_us, sent_us=time_us)

    def _set_epoch(self, request: wire.SetEpoch, now_us: int) -> None:
        self._epoch_us = request.utc_us - int(self._device_us(now_us))

    def _backfill(self, request: wire.Backfill, now_us: int) -> wire.BackfillAnswer:
        session, device_us = self._session, self._device_us(now_us)
        if session is None or request.session != session.number:
            raise Refusal(StatusCode.RANGE_GONE)
        taken = session.next_index(device_us)
        if request.count == 0 or request.first >= taken:
            raise Refusal(StatusCode.BAD_ARG)
        last = min(request.first + request.count, taken)
        first, end = session.run(max(request.first, session.oldest_index(device_us)), last)
        if first >= end:
            raise Refusal(StatusCode.RANGE_GONE)
        if self._outbox.asked >= MAX_ASKED:
            raise Refusal(StatusCode.BUSY)
        self._outbox.ask_again(first, last)
        return wire.BackfillAnswer(first=first, count=last - first)

    def _log(self, request: wire.Log, now_us: int) -> None:
        raise Refusal(StatusCode.UNSUPPORTED)

    def _identify(self, request: wire.Identify, now_us: int) -> None:
        self.identified += 1

    def _self_test(self, request: wire.SelfTest, now_us: int) -> wire.SelfTestAnswer:
        if self.state is State.STREAM:
            raise Refusal(StatusCode.WRONG_STATE)
        return wire.SelfTestAnswer(errors=self._errors & ErrorBits.IMU)

    def _reboot(self, request: wire.Reboot, now_us: int) -> None:
        if request.mode is RebootMode.DFU:
            raise Refusal(StatusCode.UNSUPPORTED)
        self.reset(now_us)

    def _resume(self, request: wire.Resume, now_us: int) -> wire.ResumeAnswer:
        session = self._session
        if session is None or request.session != session.number:
            raise Refusal(StatusCode.RANGE_GONE)
        if not self._running:
            return wire.ResumeAnswer(running=False, next_index=session.next_index(self._device_us(now_us)))
        if self._held:
            self._held = False
            self._outbox.resume(session.next_index(self._device_us(now_us)))
        return wire.ResumeAnswer(running=True, next_index=self._outbox.next_index)


def _default_rate(rates: dict[int, int], per_packet: int) -> int:
    """The full rate, or half of it where a packet holds but one sample."""
    return max(rates) if per_packet > 1 or len(rates) == 1 else sorted(rates)[-2]
