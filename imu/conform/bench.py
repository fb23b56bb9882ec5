"""What a check works with: a sensor that is brought to the same beginning before each check, and its sessions."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from firmware_proto import wire
from imu.conform.host import Host
from imu.conform.stream import Stream, since_us
from imu.conform.table import Failed, NotChecked, expect
from imu.errors import ConnectionFailed
from imu.link import Backend, Found

QUEUE_S = 4.0
"""A queue of 32 frames is empty by then on any link worth the name."""
LINGER_S = 0.4
"""So long what must not come is waited for."""
CLOCK_S = 0.5
"""Two answers over the air may be late by so much, and no more is said of the clock between them."""
MAX_FRAMES_PER_S = 4 / 0.030
"""What needs more is refused by START (section Data frame)."""


class Lab(Protocol):
    """What a check may choose where the sensor is a virtual one."""

    def another(self, *, mtu: int = wire.MAX_MTU, gyroscope: bool = True) -> AbstractAsyncContextManager[Bench]:
        """A sensor of the same making, fresh from power-on, on a link of that MTU."""

    def lose_link(self) -> None:
        """The radio falls silent, without a goodbye."""

    def fail_imu(self) -> None:
        """The motion sensor stops working."""

    def overrun_fifo(self, samples: int) -> None:
        """The motion sensor loses the next samples."""

    def drain_battery(self) -> None:
        """5 % are left."""


class Bench(Host):
    """A sensor under examination.

    Attributes:
        may: What the person allowed besides: `reboot`, `erase`.
        recorded: A plain session that several checks look at, once it was recorded.
        refused_first: START without a rate chosen by us was UNSUPPORTED.
    """

    def __init__(
        self, found: Found, *, backend: Backend | None = None, lab: Lab | None = None, may: frozenset[str] = frozenset()
    ) -> None:
        super().__init__(found, backend)
        self.may, self._lab = may, lab
        self.recorded: object = None
        self._info: wire.Info | None = None
        self._fresh: wire.StartAnswer | None = None
        self.refused_first = False

    @property
    def info(self) -> wire.Info:
        """As read at the beginning.

        Raises:
            Failed: It could not be read.
        """
        if self._info is None:
            raise Failed("a readable Info", "none")
        return self._info

    @property
    def fresh(self) -> wire.StartAnswer:
        """Answer to the first START, before any SET_CONFIG of ours if it could start so.

        Raises:
            Failed: It did not start.
        """
        if self._fresh is None:
            raise Failed("OK to the first START", "none")
        return self._fresh

    @property
    def lab(self) -> Lab:
        """What a virtual sensor lets one choose.

        Raises:
            NotChecked: This one is real.
        """
        if self._lab is None:
            raise NotChecked("only a virtual sensor can be made to do this; run it against your simulator or by hand")
        return self._lab

    # Coming and going.

    async def introduce(self) -> None:
        """Connect, and learn what most checks have to know; where that cannot be learned, they will fail and say so.

        Raises:
            SensorError: It would not connect.
        """
        await self.connect()
        with contextlib.suppress(wire.WireError, ConnectionFailed):
            self._info = wire.Info.unpack(await self.link.read(wire.INFO_UUID))
        await self.calm()
        with contextlib.suppress(Failed, ConnectionFailed):
            await self._start_first()
        await self.calm()

    async def _start_first(self) -> None:
        answer = await self.answer(wire.Start())
        self.refused_first = answer.status is wire.StatusCode.UNSUPPORTED
        if self.refused_first:  # a rate this MTU cannot carry
            await self.done(wire.SetConfig(rate_dhz=min(self.info.rates_dhz)))
            answer = await self.answer(wire.Start())
        self._fresh = answer.body if isinstance(answer.body, wire.StartAnswer) else None

    async def prepare(self) -> None:
        """Before each check: connected, listening, idle, configured as the protocol says by default.

        Raises:
            SensorError: It is not there any more.
        """
        if self.link.dropped.is_set():
            await self.leave()
            await self.connect()
        await self.calm()
        if self.configured:
            kind = wire.Kind.ACC_GYR if self.has_gyroscope else wire.Kind.ACC
            await self.settle(wire.SetConfig(rate_dhz=self.rate_dhz(), mode=kind, batch_ms=100))
            self.configured = False
        self.stream = Stream()
        self.link.heard.clear()

    async def calm(self) -> None:
        """Stop whatever runs, and let what is queued come in; a sensor that refuses is for the checks to find."""
        await self.settle(wire.Stop())
        await asyncio.sleep(LINGER_S)

    async def settle(self, request: wire.Request) -> None:
        """Ask for something whose answer is of no interest now."""
        with contextlib.suppress(Failed, ConnectionFailed):
            await self.exchange(request.pack())

    async def clean_up(self) -> None:
        """After all checks: stop it and leave."""
        if not self.link.dropped.is_set():
            await self.settle(wire.Stop())
        await self.leave()

    # Streaming.

    @property
    def has_gyroscope(self) -> bool:
        """As Info says."""
        return bool(self.info.gyr_ranges_dps)

    def per_frame(self, rate_hz: float, kind: wire.Kind, batch_ms: int = 100) -> int:
        """Samples in a full live frame (section Data frame)."""
        most = wire.max_samples(self.fresh.mtu, kind)
        return max(1, min(int(rate_hz * batch_ms / 1000), most))

    def carried(self, rate_dhz: int, kind: wire.Kind, batch_ms: int = 100) -> bool:
        """Whether the link carries a nominal rate (section Data frame)."""
        return rate_dhz / 10 / self.per_frame(rate_dhz / 10, kind, batch_ms) <= MAX_FRAMES_PER_S

    def rate_dhz(self) -> int:
        """The rate with which it starts by itself, in 0.1 Hz: one that leaves room on the link for backfill."""
        return min(self.info.rates_dhz, key=lambda dhz: abs(dhz / 10 - self.fresh.true_rate_hz))

    def ring_samples(self) -> float:
        """What the ring holds, by Info: its seconds are those at the highest rate with all axes."""
        return self.info.ring_s * max(self.info.rates_hz)

    def within_ring(self, seconds: float) -> float:
        """So many seconds, but no more than fill half of the ring."""
        return min(seconds, self.ring_samples() / self.fresh.true_rate_hz / 2)

    async def start(self, config: wire.SetConfig | None = None) -> wire.StartAnswer:
        """Configure and start; `stream` is then of this session.

        Raises:
            Failed: It is refused.
        """
        if config is not None:
            await self.done(config)
        started = await self.ok(wire.Start(), wire.StartAnswer)
        at = max(i for i, h in enumerate(self.link.heard) if h.uuid == wire.CONTROL_UUID)
        self.stream = Stream(started)
        self.stream.follow(self.link.heard, at + 1)
        return started

    async def stop(self) -> int:
        """STOP, and wait until all that was queued is here, at most `QUEUE_S`; the session's end.

        Raises:
            Failed: It is refused.
        """
        await self.done(wire.Stop())
        end = (await self.status()).next_index
        with contextlib.suppress(Failed):
            await self.until(lambda: any(c.end >= end for c in self.stream.live()[-2:]), QUEUE_S, "the last frame")
        await self.wait(LINGER_S)
        return end

    @contextlib.asynccontextmanager
    async def clock_goes_on(self) -> AsyncIterator[None]:
        """Whatever is done inside, device time has to go on as the host's does.

        Raises:
            Failed: It did not.
        """
        before, begin_s = await self.ok(wire.Ping(token=1), wire.PingAnswer), self.now_s()
        yield
        after = await self.ok(wire.Ping(token=2), wire.PingAnswer)
        off_s = since_us(before.sent_us, after.received_us) * 1e-6 - (self.now_s() - begin_s)
        expect(abs(off_s) < CLOCK_S, "device time to go on as the host's", f"{off_s:+.3f} s")
