"""Sensors that really have a fault, over a real link: each is named once, in words; a sound one of nothing."""

import asyncio
import dataclasses
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import numpy as np
import pytest

from firmware_proto import wire
from firmware_proto.codes import StatusCode
from firmware_proto.virtual_control import Refusal
from firmware_proto.virtual_radio import Air, virtual_air
from firmware_proto.virtual_sensor import Faults, Link, VirtualSensor
from imu.link import Backend, LinkEvent, LinkHealth, SensorLink, find, talk
from imu.model import Samples

InAir = Callable[..., AbstractAsyncContextManager[tuple[Air, Backend]]]
RATE_HZ = 104.0
G = 2049
"""1 g at 0.488 mg/LSB."""


def raw(seconds: int = 60) -> np.ndarray:
    """A sound sensor that lies still."""
    noise = np.random.default_rng(1).normal(0, 3, (seconds * int(RATE_HZ), 6))
    return np.asarray(np.rint(noise + np.array((0, 0, G, 0, 0, 0))), np.int16)


def stuck() -> np.ndarray:
    made = raw()
    made[:, 4] = 17
    return made


def biased() -> np.ndarray:
    return raw() + np.array((0, 0, 0, 0, 0, 300), np.int16)  # 21 deg/s


def clipped() -> np.ndarray:
    made = raw()
    made[::20, 0] = 32767
    return made


class MisTold(VirtualSensor):
    """Says that it measures 8 % faster than it does."""

    def _start(self, request: wire.Start, now_us: int) -> wire.StartAnswer:
        said = super()._start(request, now_us)
        return dataclasses.replace(said, true_rate_mhz=round(said.true_rate_mhz * 1.08))


class Dumb(VirtualSensor):
    """Knows no PING, as it says."""

    def _ping(self, request: wire.Ping, now_us: int) -> wire.PingAnswer:
        raise Refusal(StatusCode.UNSUPPORTED)


class Mute(VirtualSensor):
    """Answers no PING: what it says instead belongs to no request."""

    asked = 0

    def handle(self, request: bytes, now_us: int) -> bytes:
        answer = super().handle(request, now_us)
        if request[0] != wire.Op.PING:
            return answer
        self.asked += 1
        return bytes((answer[0], answer[1] ^ 0xFF)) + answer[2:]


async def streamed(one: VirtualSensor, backend: Backend, n: int) -> tuple[SensorLink, list[LinkEvent], int, LinkHealth]:
    """Stream at least n samples and stop; the link, its events, the samples, and the health before the end."""
    events, count, stopping, health = [], 0, None, LinkHealth()
    async with asyncio.timeout(60), SensorLink(await find(one.name, 5.0, backend), backend=backend) as link:
        async for item in link:
            if isinstance(item, Samples):
                count += len(item)
            else:
                events.append(item)
            if count >= n and stopping is None:
                health, stopping = link.health, asyncio.create_task(link.stop())
        assert stopping is not None
        await stopping
    return link, events, count, health


def serial(k: int = 0) -> str:
    return f"W000{0x2000 + k:04X}"


@pytest.mark.parametrize(
    ("made", "n", "words"),
    [
        (lambda: VirtualSensor(stuck(), RATE_HZ, serial=serial(1)), 1200, "gyroscope's y axis does not move"),
        (lambda: VirtualSensor(biased(), RATE_HZ, serial=serial(2)), 1200, "gyroscope's z axis reads +21 deg/s"),
        (lambda: VirtualSensor(clipped(), RATE_HZ, serial=serial(3)), 1200, "acceleration is at the end of its range"),
        (
            lambda: VirtualSensor(raw(), RATE_HZ, serial=serial(4), acc_g_per_lsb=0.000244),
            1200,
            "accelerometer reads 0.50 g instead of 1",
        ),
        (lambda: MisTold(raw(), RATE_HZ, serial=serial(5)), 2200, "measures 112 times a second, but it is 104"),
        (
            lambda: VirtualSensor(raw(), RATE_HZ, serial=serial(6), link=Link(interval_us=150_000, packets=1)),
            1900,
            "samples a second come in time",
        ),
    ],
    ids=["stuck", "offset", "clipped", "scale", "rate", "slow"],
)
async def test_a_fault_is_named_once(in_air: InAir, made: Callable[[], VirtualSensor], n: int, words: str) -> None:
    one = made()
    async with in_air(one, speed=30.0) as (_, backend):
        link, events, _, health = await streamed(one, backend, n)
    said = [event.detail for event in events if event.kind == "warning"]
    assert len([detail for detail in said if words in detail]) == 1
    assert any(words in standing for standing in health.warnings)
    assert any(words in warned for warned in link.health.warned)


async def test_a_low_battery_stands_as_a_warning_and_is_an_event(in_air: InAir) -> None:
    one = VirtualSensor(raw(), RATE_HZ, serial=serial(), battery_pct=12.0)
    async with in_air(one) as (_, backend):
        link, events, _, health = await streamed(one, backend, 300)
    assert health.warnings == link.health.warned == ("The battery is at 12 %: charge it soon.",)
    assert [event.detail for event in events if event.kind == "battery"] == ["12 %; charge it soon"]


async def test_a_fault_that_is_over_is_good_again(in_air: InAir) -> None:
    made = raw()
    made[:600, 4] = 17
    one = VirtualSensor(made, RATE_HZ, serial=serial())
    async with in_air(one, speed=60.0) as (_, backend):
        _, events, _, health = await streamed(one, backend, 4400)
    kinds = [(event.kind, event.detail) for event in events if event.kind in ("warning", "good_again")]
    assert [kind for kind, _ in kinds] == ["warning", "good_again"]
    assert kinds[1][1] == "Good again: the gyroscope's axes."
    assert not health.warnings
    assert len(health.warned) == 1


async def test_a_sound_sensor_over_a_lossy_link_is_not_doubted(in_air: InAir) -> None:
    one = VirtualSensor(raw(), RATE_HZ, serial=serial(), faults=Faults(seed=2, drop=0.03, duplicate=0.03))
    async with in_air(one) as (_, backend):
        link, events, _, _ = await streamed(one, backend, 1600)
    assert [event.detail for event in events if event.kind == "warning"] == []
    assert link.health.warned == ()
    assert link.health.true_rate_hz == pytest.approx(RATE_HZ, rel=1e-4)


@pytest.mark.virtual_time
@pytest.mark.parametrize("kind", [VirtualSensor, Dumb, Mute])
async def test_the_time_of_day_of_samples_with_and_without_pings(
    kind: type[VirtualSensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talk, "PING_S", 0.1)
    monkeypatch.setattr("imu.link.clock.FIRST_PINGS_EVERY_S", 0.05)
    speed, one = 20.0, kind(raw(), RATE_HZ, serial=serial(), boot_us=2**32 - 8_000_000)
    async with virtual_air([one], speed=speed) as air:
        backend = Backend(scanner=air.scanner_backend, client=air.client_backend)
        link, events, n, health = await streamed(one, backend, 2000)
        loop = asyncio.get_running_loop()
        (fit,) = link.clock
        begin_s = time.time() - (loop.time() - (loop.time() - air.now_us / 1e6 / speed))
        assert one._session is not None
        first_us = one._session.t0_us - one._clock[0]
    assert not {"lost", "gone", "bad_frame", "warning"} & {event.kind for event in events}
    assert link.health.received == n
    start_s = np.datetime64(fit.start_utc[:-1], "us").astype(float) / 1e6
    assert abs(start_s - (begin_s + first_us / 1e6 / speed)) < fit.uncertainty_s + 0.05
    assert fit.skew_ppm == pytest.approx((speed - 1) * 1e6, rel=0.05)
    assert -0.001 < health.latency_s < 1.0
    assert np.isfinite(health.round_trip_s) == (kind is VirtualSensor)
    if isinstance(one, Mute):
        assert one.asked == 3
