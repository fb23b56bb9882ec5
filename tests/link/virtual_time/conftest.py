"""A sensor, a link and the air between them in virtual time: a minute out of reach costs no minute."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from firmware_proto.virtual_radio import Air, virtual_air
from firmware_proto.virtual_sensor import VirtualSensor
from firmware_proto.virtual_time import run_virtual
from imu.errors import SensorError
from imu.link import Backend, LinkEvent, SensorLink, find
from imu.model import G_MPS2, Samples


@dataclass(kw_only=True)
class Live:
    """One sensor in the air, and what a link to it gave."""

    air: Air
    sensor: VirtualSensor
    backend: Backend
    blocks: list[Samples] = field(default_factory=list)
    events: list[LinkEvent] = field(default_factory=list)
    error: SensorError | None = None
    link: SensorLink | None = None
    said: list[str] = field(default_factory=list)

    async def stream(self, seconds: float) -> None:
        """Record for so many seconds from the first sample on, then stop and take the rest."""
        found = await find(self.sensor.advertised.name, 5.0, self.backend)
        try:
            async with SensorLink(found, backend=self.backend, say=self.said.append) as self.link:
                asyncio.get_running_loop().call_later(seconds, self.stop)
                await self.take()
        except SensorError as error:
            self.error = error

    async def take(self) -> None:
        """Take what comes until nothing comes any more."""
        assert self.link is not None
        async for item in self.link:
            (self.blocks if isinstance(item, Samples) else self.events).append(item)  # type: ignore[arg-type]

    def stop(self) -> None:
        assert self.link is not None
        self._stopping = asyncio.ensure_future(self.link.stop())

    @property
    def samples(self) -> Samples:
        """All samples in order, each as often as it came."""
        whole = Samples.concat(self.blocks)
        return whole[np.argsort(whole.index, kind="stable")]

    @property
    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]

    @property
    def gone(self) -> list[tuple[int, int]]:
        return [event.gap for event in self.events if event.gap]

    def assert_whole(self, upto: int | None = None) -> None:
        """Every sample once, with the values and times of the sensor."""
        samples = self.samples
        n = len(samples) if upto is None else upto
        np.testing.assert_array_equal(samples.index, np.arange(n))
        session = self.sensor._session
        assert session is not None
        assert n >= session.next_index(self.sensor._device_us(self.air.now_us))
        raw = session.source.take(0, n, kind=session.kind, divisor=session.divisor)
        acc = self.sensor._scales[0] * G_MPS2
        np.testing.assert_array_equal(np.rint(samples.acc_mps2 / acc), raw[:, :3])
        np.testing.assert_allclose(samples.t_s, samples.index / session.rate_hz, atol=1e-5)


Play = Callable[[Live], Coroutine[Any, Any, None]]


@pytest.fixture
def live() -> Callable[..., Live]:
    """Play a scene in virtual time; the sensor's raw samples are all different."""

    def play(
        scene: Play, *, of: Any = None, rate_hz: float = 104.0, mtu: int = 247, **options: Any
    ) -> Live:  # `of`: a sensor of another make
        n = np.arange(240 * int(rate_hz))[:, None]
        raw = ((n * (7, 11, 13, 17, 19, 23) + (0, 100, 2048, 0, 50, 9)) % 4001 - 2000).astype(np.int16)
        sensor = of or VirtualSensor(raw, rate_hz, serial="VTIME0001", **options)

        async def whole() -> Live:
            async with virtual_air([sensor], mtu=mtu) as air:
                backend = Backend(scanner=air.scanner_backend, client=air.client_backend)
                one = Live(air=air, sensor=sensor, backend=backend)
                await scene(one)
                return one

        return run_virtual(whole())

    return play
