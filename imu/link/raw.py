"""A connected sensor, byte by byte: for whoever examines it instead of using it.

`Connection` hides what a conformance check is after: answers that nobody asked for, refusals of the attribute protocol,
characteristics that are missing. Here everything heard is kept in the order in which it came.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.exc import BleakError, BleakGATTProtocolError

from imu.errors import ConnectionFailed
from imu.link.connection import CONNECT_S, hang_up
from imu.link.types import Backend, Found

REPLY_S = 6.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """One notification or indication, at the event loop's time."""

    t_s: float
    uuid: str
    data: bytes


class RawLink:
    """One connection from connect to disconnect, never reused.

    Attributes:
        heard: All that came, in order; the owner may clear it.
        dropped: Set once the connection has ended, whoever ended it.
    """

    def __init__(self, found: Found, backend: Backend | None = None) -> None:
        """Nothing is sent yet; see `open`."""
        self.name = found.name
        self.heard: list[Heard] = []
        self.dropped = asyncio.Event()
        self._news = asyncio.Event()
        self._client = BleakClient(
            found.device, lambda _: self._hang_up(), timeout=CONNECT_S, backend=backend.client if backend else None
        )

    async def open(self) -> None:
        """Connect, and listen to nothing.

        Raises:
            ConnectionFailed: It did not work; the connection is closed again.
        """
        try:
            with self._named("connect to"):
                await self._client.connect()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Disconnect, whatever state it is in."""
        await hang_up(self._client)

    def table(self) -> dict[str, dict[str, frozenset[str]]]:
        """Services, their characteristics and the properties of these (`read`, `write`, `notify`, `indicate`, ...)."""
        with self._named("examine"):
            return {s.uuid: {c.uuid: frozenset(c.properties) for c in s.characteristics} for s in self._client.services}

    async def listen(self, uuid: str) -> None:
        """Switch a characteristic's notifications or indications on.

        Raises:
            ConnectionFailed: It did not work.
        """
        with self._named("listen to"):
            await self._client.start_notify(uuid, self._into(uuid))

    async def unlisten(self, uuid: str) -> None:
        """Switch them off again.

        Raises:
            ConnectionFailed: It did not work.
        """
        with self._named("stop listening to"):
            await self._client.stop_notify(uuid)

    async def read(self, uuid: str) -> bytes:
        """Read a characteristic.

        Raises:
            ConnectionFailed: There is none, or it cannot be read.
        """
        with self._named("read from"):
            return bytes(await asyncio.wait_for(self._client.read_gatt_char(uuid), REPLY_S))

    async def write(self, uuid: str, data: bytes) -> int | None:
        """Write with response; returns the ATT error with which it was refused, None if it was taken.

        Raises:
            ConnectionFailed: There was no response.
        """
        with self._named("write to"):
            try:
                await asyncio.wait_for(self._client.write_gatt_char(uuid, data, response=True), REPLY_S)
            except BleakGATTProtocolError as refused:
                return int(refused.args[0])
        return None

    async def news(self, within_s: float) -> None:
        """Wait until something is heard or the link drops, at most so long."""
        self._news.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), within_s)

    def _into(self, uuid: str) -> Callable[[BleakGATTCharacteristic, bytearray], None]:
        def take(_: BleakGATTCharacteristic, data: bytearray) -> None:
            self.heard.append(Heard(t_s=asyncio.get_running_loop().time(), uuid=uuid, data=bytes(data)))
            self._news.set()

        return take

    def _hang_up(self) -> None:
        self.dropped.set()
        self._news.set()

    @contextlib.contextmanager
    def _named(self, doing: str) -> Iterator[None]:
        try:
            yield
        except (BleakError, OSError, EOFError, TimeoutError) as error:
            why = str(error) or "no answer in time"
            raise ConnectionFailed(f"Could not {doing} {self.name} ({why}); bring it closer and try again.") from error
