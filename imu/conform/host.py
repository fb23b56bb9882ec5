"""The host's side of an examination: one sensor on a raw link, what is asked of it, and the host's clock.

Time is the event loop's, so that in virtual air a minute of waiting costs nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
from collections.abc import Callable
from typing import TypeVar

from firmware_proto import wire
from imu.conform.stream import Stream
from imu.conform.table import Failed, expect
from imu.errors import ConnectionFailed
from imu.link import Backend, Found, find
from imu.link.raw import Heard, RawLink

SEARCH_S = 10.0
ANSWER_S = 5.0
"""A host gives up after this long."""
_Body = TypeVar("_Body", bound=wire.Body)


class Host:
    """Connects, asks, listens, waits.

    Attributes:
        found: The sensor, as it advertises.
        link: The connection of now.
        stream: What came since the last START.
        configured: Whether a SET_CONFIG was sent.
    """

    def __init__(self, found: Found, backend: Backend | None = None) -> None:
        self.found = found
        self.link = RawLink(found, backend)
        self.stream = Stream()
        self.configured = False
        self._backend = backend
        self._tags = itertools.cycle(range(1, 256))

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
            self.configured |= isinstance(request, wire.SetConfig)
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
