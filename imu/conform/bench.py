"""What a check works with: one sensor on a link, its answers and frames, and the host's clock.

Time is the event loop's, so that in virtual air a minute of waiting costs nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar

from firmware_proto import wire
from imu.conform.stream import Stream
from imu.conform.table import Failed, NotChecked, expect
from imu.errors import ConnectionFailed
from imu.link import Backend, Found, find
from imu.link.raw import Heard, RawLink

SEARCH_S = 10.0
ANSWER_S = 5.0
"""A host gives up after this long."""
QUEUE_S = 4.0
"""A queue of 32 frames is empty by then on any link worth the name."""
LINGER_S = 0.4
"""So long what must not come is waited for."""
MAX_FRAMES_PER_S = 4 / 0.030
"""What needs more is refused by START (section Data frame)."""
_Body = TypeVar("_Body", bound=wire.Body)


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


class Bench:
    """A sensor under examination.

    Attributes:
        found: The sensor, as it advertises.
        may: What the person allowed besides: `reboot`, `erase`.
        stream: What came since the last START.
        recorded: A plain session that several checks look at, once it was recorded.
        refused_first: START without a rate chosen by us was UNSUPPORTED.
    """

    def __init__(
        self, found: Found, *, backend: Backend | None = None, lab: Lab | None = None, may: frozenset[str] = frozenset()
    ) -> None:
        self.found, self.may = found, may
        self.link = RawLink(found, backend)
        self.stream = Stream()
        self.recorded: object = None
        self._backend, self._lab = backend, lab
        self._tags = itertools.cycle(range(1, 256))
        self._configured = False
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

    async def connect(self, *, listen: bool = True) -> None:
        """Find the sensor and connect.

        Raises:
            SensorError: It is not there, or would not connect.
        """
        self.found = await find(self.found.address, SEARCH_S, self._backend)
        self.link = RawLink(self.found, self._backend)
        await self.link.open()
        self.stream.follow(self.link.heard)
        for uuid in (wire.CONTROL_UUID, wire.STATUS_UUID, wire.DATA_UUID) if listen else ():
            with contextlib.suppress(ConnectionFailed):  # one that is missing is for a check to find
                await self.link.listen(uuid)

    async def leave(self) -> None:
        """Disconnect."""
        await self.link.close()

    async def away(self, until_s: float) -> None:
        """Let time pass without a link."""
        await asyncio.sleep(max(until_s - self.now_s(), 0.0))

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
        if self._configured:
            kind = wire.Kind.ACC_GYR if self.has_gyroscope else wire.Kind.ACC
            await self.settle(wire.SetConfig(rate_dhz=self.rate_dhz(), mode=kind, batch_ms=100))
            self._configured = False
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

    # Requests.

    async def exchange(self, request: bytes, within_s: float = ANSWER_S) -> bytes:
        """Write a request and return its answer, whatever it says.

        Raises:
            Failed: The write was refused, the link dropped, or nothing came in time.
        """
        heard = self.link.heard
        at = len(heard)
        refused = await self.link.write(wire.CONTROL_UUID, request)
        expect(refused is None, f"the write of {_hex(request)} to be taken", f"ATT error {refused}")
        await self.until(lambda: any(h.uuid == wire.CONTROL_UUID for h in heard[at:]),
                         within_s, f"an answer to {_hex(request)} within {within_s:g} s")  # fmt: skip
        return next(h.data for h in heard[at:] if h.uuid == wire.CONTROL_UUID)

    async def answer(self, request: wire.Request | bytes, within_s: float = ANSWER_S) -> wire.Answer:
        """The answer, read; it carries the request's operation and tag.

        Raises:
            Failed: It cannot be read, or is another request's.
        """
        if isinstance(request, wire.Request):
            self._configured |= isinstance(request, wire.SetConfig)
            request = dataclasses.replace(request, tag=next(self._tags)).pack()
        data = await self.exchange(request, within_s)
        try:
            answer = wire.decode_answer(data)
        except wire.WireError as error:
            raise Failed(f"a readable answer to {_hex(request)}", f"{_hex(data)}: {error}") from error
        sent = (request + b"\0\0")[:2]
        expect(
            (answer.op, answer.tag) == (sent[0] & ~wire.ANSWER_BIT, sent[1]),
            f"an answer to {_hex(request)} that begins with {sent[0] | wire.ANSWER_BIT:02x} {sent[1]:02x}",
            _hex(data),
        )
        return answer

    async def ok(self, request: wire.Request, body: type[_Body], within_s: float = ANSWER_S) -> _Body:
        """The data of an OK.

        Raises:
            Failed: It is refused.
        """
        answer = await self.answer(request, within_s)
        expect(answer.ok and isinstance(answer.body, body), f"OK to {request}", answer.status.name)
        assert isinstance(answer.body, body)  # noqa: S101 (for the type checker)
        return answer.body

    async def done(self, request: wire.Request) -> None:
        """An OK without data.

        Raises:
            Failed: It is refused.
        """
        answer = await self.answer(request)
        expect(answer.ok, f"OK to {request}", answer.status.name)

    async def refused(self, request: wire.Request | bytes, status: wire.StatusCode, why: str = "") -> None:
        """It is answered with this status.

        Raises:
            Failed: It is answered otherwise.
        """
        answer = await self.answer(request)
        what = _hex(request) if isinstance(request, bytes) else str(request)
        expect(answer.status is status, f"{status.name} to {what}{why and f' ({why})'}", answer.status.name)

    async def status(self) -> wire.Status:
        """Read Status.

        Raises:
            Failed: It is none.
        """
        return read_status(await self.link.read(wire.STATUS_UUID))

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

    async def wait(self, seconds: float) -> None:
        """Let time pass on a link that must hold.

        Raises:
            Failed: It dropped.
        """
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.link.dropped.wait(), seconds)
        expect(not self.link.dropped.is_set(), "the link to hold", "the sensor hung up")

    async def until(self, done: Callable[[], bool], within_s: float, expected: str) -> None:
        """Wait for something.

        Raises:
            Failed: It did not come in time, or the link dropped.
        """
        loop = asyncio.get_running_loop()
        end_s = loop.time() + within_s
        while not done():
            expect(not self.link.dropped.is_set(), expected, "the sensor hung up")
            expect(loop.time() < end_s, expected, "nothing")
            await self.link.news(max(end_s - loop.time(), 0.001))

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

    def now_s(self) -> float:
        """The host's clock."""
        return asyncio.get_running_loop().time()

    def statuses(self, since: int = 0) -> list[tuple[float, wire.Status]]:
        """Status notifications with the time they came.

        Raises:
            Failed: One of them is none.
        """
        return [(h.t_s, read_status(h.data)) for h in self.heard(wire.STATUS_UUID, since)]

    def heard(self, uuid: str, since: int = 0) -> list[Heard]:
        """What came from a characteristic."""
        return [h for h in self.link.heard[since:] if h.uuid == uuid]


def read_status(data: bytes) -> wire.Status:
    """Status, or a failure."""
    try:
        return wire.Status.unpack(data)
    except wire.WireError as error:
        raise Failed("a Status of 20 bytes", f"{_hex(data)}: {error}") from error


def _hex(data: bytes) -> str:
    return data.hex(" ") or "nothing"
