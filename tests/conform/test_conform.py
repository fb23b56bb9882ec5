"""Conformance: a sensor that keeps to the protocol passes every check, and each check notices what is wrong."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from typer.testing import CliRunner

from firmware_proto import wire
from firmware_proto.codes import ErrorBits, Op, State, StatusCode
from firmware_proto.virtual_control import Refusal
from firmware_proto.virtual_gatt import GattService, Outgoing
from firmware_proto.virtual_radio import virtual_air
from firmware_proto.virtual_sensor import Faults, Link, VirtualSensor
from firmware_proto.virtual_time import run_virtual
from imu.app.cli import app
from imu.app.conform import MakeSensor, demo_sensor, examine_virtual
from imu.conform.bench import Bench
from imu.conform.runner import Outcome, Verdict, chosen, run
from imu.conform.table import CHECKS
from imu.link import Backend, find

ROOT = Path(__file__).resolve().parents[2]
BROKEN: list[tuple[str, str, type[Any]]] = []
"""Check, words of what it expected, and a kind of sensor that does the one thing wrong."""
ALL = frozenset({"reboot", "erase"})
Kind = TypeVar("Kind", bound=type[Any])


def breaks(check: str, expected: str) -> Callable[[Kind], Kind]:
    def enter(kind: Kind) -> Kind:
        BROKEN.append((check, expected, kind))
        return kind

    return enter


def examine(
    *names: str, kind: type[VirtualSensor] = VirtualSensor, make: MakeSensor | None = None, mtu: int = 247
) -> list[Outcome]:
    make = make or (lambda gyroscope: demo_sensor(gyroscope, kind))
    return run_virtual(examine_virtual(make, chosen(names), ALL, lambda _: None, mtu=mtu))


# Services and characteristics.


@breaks("advertised-name", "the name BX-0001")
class OtherName(VirtualSensor):
    @property
    def name(self) -> str:
        return "BX-9999"


def without(service: GattService, uuid: str) -> GattService:
    return dataclasses.replace(service, characteristics=tuple(c for c in service.characteristics if c.uuid != uuid))


@breaks("gatt-table", "indicate, write")
class NotifiedAnswers(VirtualSensor):
    @property
    def services(self) -> tuple[GattService, ...]:
        ours, *others = super().services
        info, control, *rest = ours.characteristics
        control = dataclasses.replace(control, properties=control.properties | {"notify"})
        return dataclasses.replace(ours, characteristics=(info, control, *rest)), *others


@breaks("battery-service", "180F with 2A19")
class NoBattery(VirtualSensor):
    @property
    def services(self) -> tuple[GattService, ...]:
        return tuple(service for service in super().services if service.uuid != wire.BATTERY_SERVICE_UUID)

    def tick(self, now_us: int) -> Outgoing:
        return [(uuid, data) for uuid, data in super().tick(now_us) if uuid != wire.BATTERY_LEVEL_UUID]


@breaks("device-information", "180A with 2A29")
class NoFirmwareVersion(VirtualSensor):
    @property
    def services(self) -> tuple[GattService, ...]:
        return tuple(without(service, wire.FIRMWARE_UUID) for service in super().services)


@breaks("control-needs-indications", "ATT error 0xfd")
class AnswersIntoTheVoid(VirtualSensor):
    def write(self, uuid: str, data: bytes, now_us: int) -> Outgoing:
        self._answering = True
        return super().write(uuid, data, now_us)


@breaks("silent-when-idle", "no frame")
class Chatty(VirtualSensor):
    def frames(self, now_us: int) -> list[bytes]:
        idle = self.connected and self.subscribed and self.state is State.IDLE
        return super().frames(now_us) + [bytes.fromhex("12 01 0000 00000000 0000 0000 0000")] * idle


# Info.


@breaks("info-entries", "ascending rates")
class RatesDescend(VirtualSensor):
    def info(self) -> wire.Info:
        info = super().info()
        return dataclasses.replace(info, rates_dhz=info.rates_dhz[::-1])


@breaks("get-info", "bytes in all")
class InfoFromTheBeginning(VirtualSensor):
    def _get_info(self, request: wire.GetInfo, now_us: int) -> wire.InfoPart:
        return super()._get_info(wire.GetInfo(), now_us)


# Control.


class Listening(VirtualSensor):
    """A sensor that changes requests before it takes them."""

    def handle(self, request: bytes, now_us: int) -> bytes:
        return super().handle(self.heard(request), now_us)

    def heard(self, request: bytes) -> bytes:
        raise NotImplementedError


@breaks("tag-echo", "that begins with 85 80")
class SevenBitTags(VirtualSensor):
    def handle(self, request: bytes, now_us: int) -> bytes:
        answer = super().handle(request, now_us)
        return bytes((answer[0], answer[1] & 0x7F)) + answer[2:]


@breaks("one-answer", "6 answers")
class AnswersTwice(VirtualSensor):
    def write(self, uuid: str, data: bytes, now_us: int) -> Outgoing:
        return super().write(uuid, data, now_us) * (2 if len(data) < 2 else 1)


@breaks("one-answer", "an answer to 05 within 5 s")
class IgnoresTheUnreadable(VirtualSensor):
    def write(self, uuid: str, data: bytes, now_us: int) -> Outgoing:
        return super().write(uuid, data, now_us) if len(data) != 1 else []


@breaks("unknown-op", "BAD_OP")
class UnknownIsUnsupported(VirtualSensor):
    def handle(self, request: bytes, now_us: int) -> bytes:
        answer = super().handle(request, now_us)
        return answer[:2] + bytes((StatusCode.UNSUPPORTED,)) if answer[2] == StatusCode.BAD_OP else answer


@breaks("short-requests", "BAD_ARG")
class FillsUpWithZeros(Listening):
    def heard(self, request: bytes) -> bytes:
        return request + bytes(6 - len(request)) if request[:1] == bytes((Op.PING,)) else request


@breaks("long-requests", "BAD_ARG")
class CutsOffWhatIsTooMuch(Listening):
    def heard(self, request: bytes) -> bytes:
        return request[:2] if request[:1] == bytes((Op.START,)) else request


@breaks("answers-in-time", "within 1.5 s")
class Slow(VirtualSensor):
    late: tuple[tuple[int, Outgoing], ...] = ()

    def write(self, uuid: str, data: bytes, now_us: int) -> Outgoing:
        self.late = (*self.late, (now_us + 2_000_000, super().write(uuid, data, now_us)))
        return []

    def tick(self, now_us: int) -> Outgoing:
        due = [answer for at_us, answers in self.late if at_us <= now_us for answer in answers]
        self.late = tuple(one for one in self.late if one[0] > now_us)
        return super().tick(now_us) + due


@breaks("ping", "token 0xffffffff")
class ShortTokens(VirtualSensor):
    def _ping(self, request: wire.Ping, now_us: int) -> wire.PingAnswer:
        return dataclasses.replace(super()._ping(request, now_us), token=request.token & 0xFFFF)


@breaks("ping", "departure 0 to 1 s after arrival")
class DepartsFirst(VirtualSensor):
    def _ping(self, request: wire.Ping, now_us: int) -> wire.PingAnswer:
        said = super()._ping(request, now_us)
        return dataclasses.replace(said, sent_us=said.received_us - 1 & 0xFFFFFFFF)


@breaks("set-epoch", "device time to go on")
class EpochMovesTheClock(VirtualSensor):
    def _set_epoch(self, request: wire.SetEpoch, now_us: int) -> None:
        self._clock = (request.utc_us % 2**48 - now_us * self._clock[1], self._clock[1])


@breaks("identify", "OK to Identify")
class IdentifiesOnlyIdle(VirtualSensor):
    def _identify(self, request: wire.Identify, now_us: int) -> None:
        if self.state is State.STREAM:
            raise Refusal(StatusCode.WRONG_STATE)


@breaks("self-test", "WRONG_STATE")
class SelfTestsWhileStreaming(VirtualSensor):
    def _self_test(self, request: wire.SelfTest, now_us: int) -> wire.SelfTestAnswer:
        return wire.SelfTestAnswer(errors=ErrorBits(0))


@breaks("log-unsupported", "UNSUPPORTED")
class LogsNothing(VirtualSensor):
    def _log(self, request: wire.Log, now_us: int) -> None:
        if request.action is not wire.LogAction.ERASE:
            raise Refusal(StatusCode.UNSUPPORTED)


@breaks("no-bootloader", "UNSUPPORTED")
class SaysYesToTheBootloader(VirtualSensor):
    def _reboot(self, request: wire.Reboot, now_us: int) -> None:
        return


@breaks("reboot", "another session than 1")
class CountsSessionsFromPowerOn(VirtualSensor):
    def reset(self, now_us: int) -> None:
        super().reset(now_us)
        self._session_number = 0


# SET_CONFIG.


class Setting(VirtualSensor):
    """A sensor that changes settings before it takes them."""

    def _set_config(self, request: wire.SetConfig, now_us: int) -> None:
        super()._set_config(self.meant(request), now_us)

    def meant(self, request: wire.SetConfig) -> wire.SetConfig:
        raise NotImplementedError


@breaks("config-rates", "a true rate near 52 Hz")
class OneRate(Setting):
    def meant(self, request: wire.SetConfig) -> wire.SetConfig:
        return dataclasses.replace(request, rate_dhz=None)


@breaks("config-kind", "a scale for kind 2")
class AlwaysAllAxes(Setting):
    def meant(self, request: wire.SetConfig) -> wire.SetConfig:
        return dataclasses.replace(request, mode=None)


@breaks("config-batch", "n = 19 at 1000 ms")
class ForgetsSettingsAtStop(VirtualSensor):
    def _stop(self, request: wire.Stop, now_us: int) -> None:
        super()._stop(request, now_us)
        self._config = dataclasses.replace(self._config, batch_ms=20)


@breaks("config-ranges", "g per LSB at 16 g")
class ScaleOfAnotherRange(VirtualSensor):
    def _start(self, request: wire.Start, now_us: int) -> wire.StartAnswer:
        return dataclasses.replace(super()._start(request, now_us), acc_g_per_lsb=0.000061)


@breaks("config-unknown-tag", "UNSUPPORTED")
class SkipsUnknownSettings(Setting):
    def meant(self, request: wire.SetConfig) -> wire.SetConfig:
        return dataclasses.replace(request, unknown=())


@breaks("config-illegal-value", "BAD_ARG")
class AnyBatchWillDo(Setting):
    def meant(self, request: wire.SetConfig) -> wire.SetConfig:
        return dataclasses.replace(request, batch_ms=min(request.batch_ms or 100, 1000))


@breaks("config-all-or-nothing", "as before")
class SetsBeforeItLooks(VirtualSensor):
    def _set_config(self, request: wire.SetConfig, now_us: int) -> None:
        if request.batch_ms:
            self._config = dataclasses.replace(self._config, batch_ms=request.batch_ms)
        super()._set_config(request, now_us)


@breaks("config-while-streaming", "WRONG_STATE")
class SetsWhileStreaming(VirtualSensor):
    def _set_config(self, request: wire.SetConfig, now_us: int) -> None:
        if self.state is not State.STREAM:
            super()._set_config(request, now_us)


@breaks("too-many-frames", "UNSUPPORTED")
class TwoAtLeast(VirtualSensor):
    def _frame_samples(self, rate_hz: float, kind: wire.Kind) -> int:
        return max(2, super()._frame_samples(rate_hz, kind))


# Sessions.


@breaks("start-answer", "within 10 % of one of")
class TellsAnotherRate(VirtualSensor):
    def _start(self, request: wire.Start, now_us: int) -> wire.StartAnswer:
        return dataclasses.replace(super()._start(request, now_us), true_rate_mhz=150_000)


@breaks("start-twice", "WRONG_STATE")
class StartsAnew(VirtualSensor):
    def _start(self, request: wire.Start, now_us: int) -> wire.StartAnswer:
        self._end_session(now_us)
        return super()._start(request, now_us)


@breaks("stop-twice", "WRONG_STATE")
class StopsAnytime(VirtualSensor):
    def _stop(self, request: wire.Stop, now_us: int) -> None:
        self._end_session(now_us)


@breaks("start-clears", "RANGE_GONE")
class SessionAlwaysOne(VirtualSensor):
    def _start(self, request: wire.Start, now_us: int) -> wire.StartAnswer:
        self._session_number = 0
        return super()._start(request, now_us)


@breaks("start-clears", "a live frame of index 0 first")
class KeepsTheOldQueue(VirtualSensor):
    def _start(self, request: wire.Start, now_us: int) -> wire.StartAnswer:
        old, queue = self._session, self._outbox
        left = [f for _ in range(40) if old and (f := queue.pop(old, 0, 19)) is not None]
        started = super()._start(request, now_us)
        self._sent += left
        return started


@breaks("resume", "no frame before RESUME")
class StreamsAtOnceAfterReconnect(VirtualSensor):
    def connect(self, now_us: int, mtu: int = wire.MIN_MTU) -> None:
        super().connect(now_us, mtu)
        self._held = False


@breaks("resume", "index")
class ResumesSomewhereElse(VirtualSensor):
    def _resume(self, request: wire.Resume, now_us: int) -> wire.ResumeAnswer:
        said = super()._resume(request, now_us)
        return dataclasses.replace(said, next_index=said.next_index + 1)


@breaks("resume-backfill", "s of samples taken meanwhile")
@breaks("radio-loss", "a session that runs")
class StopsWithTheLink(VirtualSensor):
    def disconnect(self, now_us: int) -> None:
        self._end_session(now_us)
        super().disconnect(now_us)


@breaks("resume-running", "no gap and no bit 6")
class ResumesAlways(VirtualSensor):
    def _resume(self, request: wire.Resume, now_us: int) -> wire.ResumeAnswer:
        self._held = self._running
        return super()._resume(request, now_us)


@breaks("resume-stopped", "not running")
class RunsForever(VirtualSensor):
    def _resume(self, request: wire.Resume, now_us: int) -> wire.ResumeAnswer:
        return dataclasses.replace(super()._resume(request, now_us), running=True)


@breaks("resume-unknown", "RANGE_GONE")
class ResumesAnySession(VirtualSensor):
    def _resume(self, request: wire.Resume, now_us: int) -> wire.ResumeAnswer:
        return super()._resume(wire.Resume(session=self._session_number), now_us)


@breaks("grace", "idle")
class WaitsForever(VirtualSensor):
    def disconnect(self, now_us: int) -> None:
        super().disconnect(now_us)
        self._grace_end_us = 2**60


@breaks("grace", "idle")
class WaitsNoMoreOnceConnected(VirtualSensor):
    def connect(self, now_us: int, mtu: int = wire.MIN_MTU) -> None:
        super().connect(now_us, mtu)
        self._grace_end_us = 2**60


# What is sent while it streams.


class Sending(VirtualSensor):
    """A sensor that changes its frames before they go."""

    def frames(self, now_us: int) -> list[bytes]:
        return [self.packed(frame) for frame in super().frames(now_us)]

    def packed(self, frame: bytes) -> bytes:
        raise NotImplementedError


@breaks("frame-layout", "nothing but data frames")
class Version2(Sending):
    def packed(self, frame: bytes) -> bytes:
        return bytes((frame[0] + 0x10,)) + frame[1:]


@breaks("frame-size", "n = 19")
class HalfAFrame(VirtualSensor):
    def _frame_samples(self, rate_hz: float, kind: wire.Kind) -> int:
        return max(1, super()._frame_samples(rate_hz, kind) // 2)


@breaks("frame-index", "index 0 first")
class CountsFromOne(Sending):
    def packed(self, frame: bytes) -> bytes:
        return frame[:2] + (int.from_bytes(frame[2:4], "little") + 1 & 0xFFFF).to_bytes(2, "little") + frame[4:]


@breaks("frame-index", "bit 6 at no frame")
class AlwaysAGap(Sending):
    def packed(self, frame: bytes) -> bytes:
        return frame[:1] + bytes((frame[1] | 0x40,)) + frame[2:]


@breaks("frame-flags", "bit 7 set")
class NeverAtItsEnd(Sending):
    def packed(self, frame: bytes) -> bytes:
        return frame[:1] + bytes((frame[1] & 0x7F,)) + frame[2:]


@breaks("frame-times", "of a line")
class StampsWhenItPacks(Sending):
    late_us = 0

    def packed(self, frame: bytes) -> bytes:
        self.late_us = 30_000 - self.late_us
        late = int.from_bytes(frame[4:8], "little") + self.late_us & 0xFFFFFFFF
        return frame[:4] + late.to_bytes(4, "little") + frame[8:]


class Paced(VirtualSensor):
    """A sensor whose crystal is far off."""

    pace = 1.0

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options, clock_ppm=1e6 * (self.pace - 1))


@breaks("sample-rate", "Hz within 10 %")
class AFifthSlow(Paced):
    pace = 0.8


@breaks("clock-rate", " to ")
class ThreePerCentFast(Paced):
    pace = 1.03


class Reporting(VirtualSensor):
    """A sensor that changes its Status."""

    def status(self, now_us: int) -> wire.Status:
        return self.said(super().status(now_us))

    def said(self, status: wire.Status) -> wire.Status:
        raise NotImplementedError


@breaks("one-clock", "after PING")
class StatusHasItsOwnClock(Reporting):
    def said(self, status: wire.Status) -> wire.Status:
        return dataclasses.replace(status, time_us=status.time_us + 1_000_000 & 0xFFFFFFFF)


@breaks("clock-runs-on", "device time to go on")
class ClockFromStart(VirtualSensor):
    def _start(self, request: wire.Start, now_us: int) -> wire.StartAnswer:
        self._clock = (-now_us * self._clock[1], self._clock[1])
        return super()._start(request, now_us)


@breaks("status-read", "a battery in mV")
class BatteryInVolts(Reporting):
    def said(self, status: wire.Status) -> wire.Status:
        return dataclasses.replace(status, battery_mv=round(status.battery_mv / 1000))


@breaks("status-each-second", " in 6")
class StatusOnlyOnChange(VirtualSensor):
    def status_due(self, now_us: int) -> bytes | None:
        self._status_us = now_us
        return super().status_due(now_us)


@breaks("status-on-change", "nothing while nothing changes")
class StatusAlways(VirtualSensor):
    def status_due(self, now_us: int) -> bytes | None:
        if now_us - self._status_us >= 1_000_000:
            self._status_seen = None
        return super().status_due(now_us)


@breaks("status-on-change", "a Status after STOP")
class StatusByTheClockOnly(VirtualSensor):
    def status_due(self, now_us: int) -> bytes | None:
        return super().status_due(now_us) if now_us - self._status_us >= 1_000_000 else None


@breaks("status-index", "by frames")
class IndexOfTheLastFrame(Reporting):
    def said(self, status: wire.Status) -> wire.Status:
        return dataclasses.replace(status, next_index=max(0, status.next_index - 38))


@breaks("stop-sends-the-rest", "samples up to")
class ForgetsTheLastFrame(VirtualSensor):
    def _stop(self, request: wire.Stop, now_us: int) -> None:
        self._held = True
        super()._stop(request, now_us)


@breaks("frames-wait", "without a gap")
class SendsIntoTheVoid(VirtualSensor):
    def frames(self, now_us: int) -> list[bytes]:
        frames = super().frames(now_us)
        if not self.subscribed:
            self._outbox.clear()
        return frames


@breaks("queue-overflow", "dropped frames in Status")
class DropsInSilence(Reporting):
    def said(self, status: wire.Status) -> wire.Status:
        return dataclasses.replace(status, dropped_frames=0)


# The ring.


@breaks("backfill", "the same samples as live")
class AnotherByteAgain(Sending):
    def packed(self, frame: bytes) -> bytes:
        return frame[:-1] + bytes((frame[-1] ^ (frame[1] >> 5 & 1),))


@breaks("backfill-between-live", "live frames meanwhile")
class LiveWaitsForBackfill(VirtualSensor):
    def frames(self, now_us: int) -> list[bytes]:
        frames = super().frames(now_us)
        held = [f for f in frames if not f[1] & 0x20]
        self.waiting = [*getattr(self, "waiting", []), *held]
        again = [f for f in frames if f[1] & 0x20]
        if self._outbox.asked:
            return again
        waited, self.waiting = self.waiting, []
        return again + waited


@breaks("backfill-partial", "up to")
class PromisesEverything(VirtualSensor):
    def _backfill(self, request: wire.Backfill, now_us: int) -> wire.BackfillAnswer:
        return dataclasses.replace(super()._backfill(request, now_us), count=request.count)


@breaks("backfill-refusals", "BAD_ARG")
class NothingIsFine(VirtualSensor):
    def _backfill(self, request: wire.Backfill, now_us: int) -> wire.BackfillAnswer:
        if not request.count:
            return wire.BackfillAnswer(first=request.first, count=0)
        return super()._backfill(request, now_us)


@breaks("backfill-busy", "BUSY at last")
class NeverBusy(VirtualSensor):
    def _backfill(self, request: wire.Backfill, now_us: int) -> wire.BackfillAnswer:
        try:
            return super()._backfill(request, now_us)
        except Refusal:
            return wire.BackfillAnswer(first=request.first, count=request.count)


@breaks("backfill-busy", "8 ranges to be taken")
class BusyAtOnce(VirtualSensor):
    def _backfill(self, request: wire.Backfill, now_us: int) -> wire.BackfillAnswer:
        if self._outbox.asked > 1:
            raise Refusal(StatusCode.BUSY)
        return super()._backfill(request, now_us)


@breaks("backfill-after-stop", "OK to Backfill")
class ClearsTheRingAtStop(VirtualSensor):
    def _backfill(self, request: wire.Backfill, now_us: int) -> wire.BackfillAnswer:
        if self.state is State.IDLE:
            raise Refusal(StatusCode.RANGE_GONE)
        return super()._backfill(request, now_us)


@breaks("ring", "at least")
class HalfARing(VirtualSensor):
    def info(self) -> wire.Info:
        info = super().info()
        return dataclasses.replace(info, ring_s=2 * info.ring_s)


# MTU, faults, other kinds of sensors.


@breaks("mtu-23", "nothing but data frames")
@breaks("mtu-185", "nothing but data frames")
@breaks("mtu-247", "nothing but data frames")
class KnowsNoMtu(VirtualSensor):
    def _frame_samples(self, rate_hz: float, kind: wire.Kind) -> int:
        return int(rate_hz * self._config.batch_ms / 1000)


@breaks("default-rate", "about 208 Hz")
class LowestRateByDefault(VirtualSensor):
    def _start(self, request: wire.Start, now_us: int) -> wire.StartAnswer:
        self._config = dataclasses.replace(self._config, rate_dhz=self._config.rate_dhz or 520)
        return super()._start(request, now_us)


@breaks("no-gyroscope", "UNSUPPORTED")
class PretendsAGyroscope(Setting):
    def meant(self, request: wire.SetConfig) -> wire.SetConfig:
        return dataclasses.replace(request, mode=None)


@breaks("fifo-overrun", "error bit 02")
class OverrunsInSilence(VirtualSensor):
    def overrun_fifo(self, now_us: int, samples: int) -> None:
        super().overrun_fifo(now_us, samples)
        self._errors &= ~ErrorBits.FIFO_OVERRUN


@breaks("low-battery", "bit 08")
class NeverLow(Reporting):
    def said(self, status: wire.Status) -> wire.Status:
        return dataclasses.replace(status, errors=status.errors & ~ErrorBits.LOW_BATTERY)


@breaks("hardware-fault", "HARDWARE_FAULT")
class FaultIsAState(VirtualSensor):
    def _start(self, request: wire.Start, now_us: int) -> wire.StartAnswer:
        if self.state is State.ERROR:
            raise Refusal(StatusCode.WRONG_STATE)
        return super()._start(request, now_us)


# The tests.


@pytest.mark.parametrize(("check", "expected", "kind"), BROKEN, ids=lambda v: getattr(v, "__name__", None))
def test_what_is_broken_fails_its_check(check: str, expected: str, kind: type[Any]) -> None:
    (outcome,) = examine(check, kind=kind)
    assert outcome.verdict is Verdict.FAILED
    assert expected in outcome.expected, outcome


def test_no_check_is_unable_to_fail() -> None:
    assert {check for check, _, _ in BROKEN} == set(CHECKS)


def test_the_virtual_sensor_passes_every_check() -> None:
    outcomes = examine()
    assert [one.check.name for one in outcomes] == [one.name for one in chosen()]
    assert [one for one in outcomes if one.verdict is not Verdict.PASSED] == []


def test_every_check_names_a_section_of_the_protocol_page() -> None:
    page = (ROOT / "firmware_proto" / "README.md").read_text(encoding="utf-8")
    headings = set(re.findall(r"^## (.+)$", page, re.MULTILINE))
    assert {one.section for one in CHECKS.values()} <= headings


def other(rate_hz: float, *, gyroscope: bool = True, delay: float = 0.0, **options: Any) -> MakeSensor:
    """Sensors unlike the demo's, with a ring of 12 s."""

    def make(wish: bool) -> VirtualSensor:
        raw = np.random.default_rng(0).integers(-2000, 2000, (int(20 * rate_hz), 6)).astype(np.int16)
        axes, faults = 6 if wish and gyroscope else 3, Faults(delay=delay, delay_us=100_000)
        ring_bytes = int(12.5 * 2 * axes * rate_hz)
        return VirtualSensor(raw[:, :axes], rate_hz, ring_bytes=ring_bytes, faults=faults, **options)

    return make


@pytest.mark.parametrize(
    ("make", "mtu", "elsewhere"),
    [
        (other(107.1, boot_us=2**32 - 60_000_000, clock_ppm=50), 247, {"too-many-frames"}),
        (other(26.0, gyroscope=False), 185, {"too-many-frames", "config-kind"}),
        pytest.param(other(416.0, link=Link(interval_us=7_500, packets=6)), 247, set(), marks=pytest.mark.slow),
        pytest.param(other(104.0, delay=0.05), 247, {"too-many-frames"}, marks=pytest.mark.slow),
        pytest.param(other(104.0), 23, {"too-many-frames"}, marks=pytest.mark.slow),
    ],
    ids=["3 % fast, clock wraps", "26 Hz, no gyroscope", "416 Hz", "late frames", "MTU 23"],
)
def test_a_sensor_that_is_merely_another_one_fails_nothing(make: MakeSensor, mtu: int, elsewhere: set[str]) -> None:
    outcomes = examine(make=make, mtu=mtu)
    assert [one for one in outcomes if one.verdict is Verdict.FAILED] == []
    assert {one.check.name for one in outcomes if one.verdict is Verdict.NOT_CHECKED} == elsewhere


def test_what_this_machine_cannot_choose_is_said_and_not_counted() -> None:
    """A real sensor is one without a lab around it."""

    async def real() -> list[Outcome]:
        async with virtual_air([demo_sensor(True)]) as air:
            backend = Backend(scanner=air.scanner_backend, client=air.client_backend)
            bench = Bench(await find(None, backend=backend), backend=backend)
            names = ("ping", "mtu-23", "mtu-247", "hardware-fault", "no-gyroscope", "reboot", "log-unsupported")
            return await run(bench, chosen(names), lambda _: None)

    said = {one.check.name: (one.verdict, one.came) for one in run_virtual(real())}
    assert {name for name, (verdict, _) in said.items() if verdict is Verdict.PASSED} == {
        "ping", "mtu-247", "log-unsupported",
    }  # fmt: skip
    assert "the MTU is 247 here" in said["mtu-23"][1]
    assert "only a virtual sensor" in said["hardware-fault"][1]
    assert "it has a gyroscope" in said["no-gyroscope"][1]
    assert "ask for it with --reboot" in said["reboot"][1]
    assert "--erase" in said["log-unsupported"][1]


class Mute(VirtualSensor):
    """Has no Control at all."""

    @property
    def services(self) -> tuple[GattService, ...]:
        return tuple(without(service, wire.CONTROL_UUID) for service in super().services)


def test_a_sensor_that_cannot_even_be_asked_still_gets_its_table() -> None:
    said = {one.check.name: one for one in examine("gatt-table", "battery-service", "ping", "ring", kind=Mute)}
    assert said["battery-service"].verdict is Verdict.PASSED
    assert wire.CONTROL_UUID in said["gatt-table"].expected
    assert {said["ping"].verdict, said["ring"].verdict} == {Verdict.FAILED}


class Silent(VirtualSensor):
    """Answers, and sends no frame."""

    def frames(self, now_us: int) -> list[bytes]:
        super().frames(now_us)
        return []


def test_a_sensor_without_frames_fails_in_words() -> None:
    failed = {one.check.name: one for one in examine(kind=Silent) if one.verdict is Verdict.FAILED}
    assert {"frame-layout", "backfill", "resume", "mtu-23", "config-rates"} <= set(failed)
    assert [one for one in failed.values() if "something else" in one.came] == []


def test_the_command_says_what_passed_and_writes_it_down(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["conform", "demo", "--only", "ping", "--only", "reboot", "--json", f"{tmp_path}/o"])
    assert done.exit_code == 0
    assert "1 passed, 0 failed, 1 not checked" in done.stdout
    rows = json.loads((tmp_path / "o").read_text(encoding="utf-8"))
    assert [(row["check"], row["result"]) for row in rows] == [("ping", "passed"), ("reboot", "not checked")]
    assert rows[0]["section"] == "Control"


def test_the_command_fails_where_a_check_does_and_names_expected_came_and_section(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("imu.app.conform.demo_sensor", lambda gyroscope: demo_sensor(gyroscope, ShortTokens))
    done = CliRunner().invoke(app, ["conform", "demo", "--only", "ping", "--only", "tag-echo"])
    assert done.exit_code == 4
    row = next(line for line in done.stdout.splitlines() if line.startswith("ping"))
    for word in ("FAILED", "token 0xffffffff", "0x0000ffff", "Control"):
        assert word in row
    assert "error: 1 of 2 checks failed (ping)" in done.stderr


def test_the_command_lists_its_checks_and_knows_no_others() -> None:
    listed = CliRunner().invoke(app, ["conform", "--list"])
    assert listed.exit_code == 0
    assert all(name in listed.stdout for name in CHECKS)
    wrong = CliRunner().invoke(app, ["conform", "demo", "--only", "pong"])
    assert wrong.exit_code == 2
    assert "There is no check 'pong'" in wrong.stderr
