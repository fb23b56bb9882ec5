"""The whole link, on real bleak, to a sensor out of its mind: its errors have names, and its memory stays small."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_proto.virtual_radio import Air, virtual_air
from firmware_proto.virtual_sensor import VirtualSensor
from firmware_proto.virtual_time import run_virtual
from imu.errors import SensorError
from imu.link import Backend, SensorLink, find
from imu.model import Samples

HERE = Path(__file__).resolve().parent
RATE_HZ = 104.0
STREAM_S = 20.0
MOST_S = 400.0
"""Of virtual time, in which a stream of 20 s is over whatever the sensor does."""


@pytest.fixture(scope="module")
def targets() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(HERE))
        yield importlib.import_module("targets")


class Hostile(VirtualSensor):
    """Says what it should, save for a share of each kind of message: that is damaged, made up, doubled or left out."""

    def __init__(self, seed: int, **share: float) -> None:
        raw = np.random.default_rng(1).integers(-2000, 2000, (2000, 6)).astype(np.int16)
        super().__init__(raw, RATE_HZ, serial="V000666B")
        self.chaos, self.share = random.Random(seed), share

    def spoil(self, data: bytes, kind: str) -> bytes:
        if self.chaos.random() >= self.share.get(kind, 0.0):
            return data
        how = self.chaos.randrange(4)
        if how == 0:
            return self.chaos.randbytes(self.chaos.randrange(30))
        if how == 1:
            return data[: self.chaos.randrange(len(data) + 1)]
        spoiled = bytearray(data)
        for _ in range(how):
            spoiled[self.chaos.randrange(len(spoiled))] = self.chaos.randrange(256)
        return bytes(spoiled)

    def handle(self, request: bytes, now_us: int) -> bytes:
        return self.spoil(super().handle(request, now_us), "answers")

    def frames(self, now_us: int) -> list[bytes]:
        frames = [self.spoil(frame, "frames") for frame in super().frames(now_us)]
        if self.chaos.random() < self.share.get("frames", 0.0) / 4:
            self.chaos.shuffle(frames)
        return frames

    def status_due(self, now_us: int) -> bytes | None:
        due = super().status_due(now_us)
        return due and self.spoil(due, "status")

    def info(self) -> Any:
        info = super().info()
        return info if self.chaos.random() >= self.share.get("info", 0.0) else Spoiled(self.spoil(info.pack(), "info"))


class Spoiled:
    """An Info that packs to other bytes."""

    rates_dhz = acc_ranges_g = gyr_ranges_dps = ()

    def __init__(self, data: bytes) -> None:
        self._data = data

    def pack(self) -> bytes:
        return self._data


class Watched(SensorLink):
    """Notes what a callback lets through, which bleak would swallow."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.let_through: list[BaseException] = []
        self.ended: SensorError | None = None

    def _on_frame(self, data: bytes) -> None:
        with self._noting():
            super()._on_frame(data)

    def _on_status(self, data: bytes) -> None:
        with self._noting():
            super()._on_status(data)

    @contextlib.contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self.let_through.append(error)
            raise


async def _drops(air: Air, chaos: random.Random, every_s: float) -> None:
    while every_s:
        await asyncio.sleep(chaos.uniform(0.2, 2.0) * every_s)
        air.drop(0)


async def _ramble(air: Air, chaos: random.Random, every_s: float) -> None:
    """Answers that nobody asked for."""
    while every_s:
        await asyncio.sleep(every_s)
        air._peripherals[0]._answers.put_nowait(chaos.randbytes(3))


async def _record(
    sensor: Hostile, *, drop_s: float = 0.0, ramble_s: float = 0.0, look: Callable[[Watched], object] = id
) -> Watched:
    """A stream from it, as long as it lasts; `look` is called just before it is stopped."""
    seen: set[int] = set()
    async with virtual_air([sensor]) as air:
        backend = Backend(scanner=air.scanner_backend, client=air.client_backend)
        link = Watched(await find(None, backend=backend), backend=backend)
        work = [asyncio.create_task(one) for one in (_drops(air, sensor.chaos, drop_s),
                                                     _ramble(air, sensor.chaos, ramble_s))]  # fmt: skip
        try:
            async with asyncio.timeout(MOST_S), link:
                work.append(asyncio.create_task(_stop_later(link, look)))
                async for item in link:
                    if isinstance(item, Samples):
                        assert not seen & set(item.index.tolist())
                        seen |= set(item.index.tolist())
        except SensorError as error:
            link.ended = error
        finally:
            for one in work:
                one.cancel()
            await asyncio.gather(*work, return_exceptions=True)
    return link


async def _stop_later(link: Watched, look: Callable[[Watched], object]) -> None:
    await asyncio.sleep(STREAM_S)
    look(link)
    await link.stop()


SHARE = st.sampled_from([0.0, 0.0, 0.02, 0.2, 1.0])


@given(
    seed=st.integers(0, 2**32), answers=SHARE, frames=SHARE, status=SHARE, info=st.sampled_from([0.0, 0.0, 0.2]),
    drop_s=st.sampled_from([0.0, 0.0, 3.0, 15.0]), ramble_s=st.sampled_from([0.0, 0.05]),
)  # fmt: skip
@settings(max_examples=15, deadline=None)
def test_the_link_ends_with_a_name_whatever_the_sensor_says(
    seed: int, answers: float, frames: float, status: float, info: float, drop_s: float, ramble_s: float
) -> None:
    sensor = Hostile(seed, answers=answers, frames=frames, status=status, info=info)
    link = run_virtual(_record(sensor, drop_s=drop_s, ramble_s=ramble_s))
    assert link.let_through == []
    assert link.ended is None or "The link to" not in str(link.ended), "nobody foresaw this"


@pytest.mark.parametrize("kind", ["frames", "status", "answers"])
def test_what_cannot_be_used_leaves_nothing_behind(targets: ModuleType, kind: str) -> None:
    """Ten times as much nonsense in the same time does not make the link's memory larger."""
    sizes: list[int] = []

    def look(link: Watched) -> None:
        assert link._connection is not None
        sizes.append(targets.size_of([link._connection._answers._queue, link._intake, link._monitor]))

    for often in (0.05, 0.5):
        sensor = Hostile(3, **({} if kind == "answers" else {kind: often}))
        run_virtual(_record(sensor, ramble_s=0.005 / often if kind == "answers" else 0.0, look=look))
    assert sizes[1] < 1.2 * sizes[0]
