"""One connection to one sensor: from connect to disconnect, never reused. Everything bleak raises becomes a sentence.

Callbacks are plain functions: an async one would run as a task of its own for every notification, in any order.
`close` always disconnects, also after the sensor has hung up by itself: on BlueZ a client that was never disconnected
goes on delivering, and every frame after the next connect would come twice (bleak issue 2002).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TypeVar

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakDBusError,
    BleakError,
    BleakGATTProtocolError,
    BleakGATTProtocolErrorCode,
)

from imu.errors import BluetoothUnavailable, ConnectionFailed
from imu.link.types import Backend, Found
from imu.sensors import Ask, Dialogue, Hear, Pause, Read, Role, Step, Talk, Write

CONNECT_S = 15.0
PAIR_S = 60.0
"""A person may have to say yes on this machine first."""
ANSWER_S = 5.0
DISCONNECT_S = 12.0
"""BlueZ takes 2.5 s of this, more on a busy machine; bleak gives up after 10."""

_UNPAIRED = (
    BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHENTICATION,
    BleakGATTProtocolErrorCode.INSUFFICIENT_ENCRYPTION,
)
_OUT_OF_TIME = "bring it closer and make sure that nothing else is connected to it"
_BROKEN = "bring it closer, or switch it off and on"
_PAIRING = (
    "say yes where this machine asks; if it does not ask, remove the sensor from its Bluetooth settings, switch it off "
    "and on, and try again"
)
_T = TypeVar("_T")


class NotPaired(ConnectionFailed):
    """The sensor refused because this machine is not paired with it (ATT errors 0x05 and 0x0F)."""


class Connection:
    """Talks and notifications of a connected sensor.

    Attributes:
        dropped: Set once the connection has ended, whoever ended it.
    """

    def __init__(
        self,
        found: Found,
        dialogue: Dialogue,
        *,
        on_frame: Callable[[bytes], None],
        on_status: Callable[[bytes], None],
        on_said: Callable[[], None],
        backend: Backend | None,
        pair: bool = False,
    ) -> None:
        """Nothing is sent yet; see `open`.

        Args:
            found: The sensor.
            dialogue: What it understands.
            on_frame: Takes each notification that is a frame.
            on_status: Takes each that is a status.
            on_said: Called after each answer and each write.
            backend: Instead of the platform's Bluetooth.
            pair: Whether to pair first, where that was not done before; macOS asks for it by itself.
        """
        self.name = found.name
        self.dropped = asyncio.Event()
        self._dialogue, self._pair = dialogue, pair
        self._on_frame, self._on_status, self._on_said = on_frame, on_status, on_said
        self._answers: asyncio.Queue[bytes] = asyncio.Queue()
        self._turn = asyncio.Lock()
        self._client = BleakClient(
            found.device,
            lambda _: self.dropped.set(),
            timeout=PAIR_S if pair else CONNECT_S,
            pair=pair,
            backend=backend.client if backend else None,
        )

    async def open(self) -> None:
        """Connect and listen.

        Raises:
            ConnectionFailed: It did not work; the connection is closed again.
            NotPaired: For that reason.
            BluetoothUnavailable: This machine's Bluetooth went away.
        """
        try:
            with self._named("pair with" if self._pair else "connect to"):
                await self._client.connect()
                for uuid in self._dialogue.listens:
                    await self._client.start_notify(uuid, self._listener(uuid))
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Disconnect, whatever state it is in."""
        await hang_up(self._client)

    async def run(self, talk: Talk[_T]) -> _T:
        """Say it step by step and return what comes of it; one talk at a time.

        Raises:
            ConnectionFailed: A step could not be taken.
            NotPaired: For that reason.
            ImuError: What the talk itself raises.
        """
        async with self._turn:
            with contextlib.closing(talk):
                try:
                    step = next(talk)
                    while True:
                        step = talk.send(await self._take(step))
                except StopIteration as end:
                    said: _T = end.value
                    return said

    async def _take(self, step: Step) -> bytes | None:
        match step:
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Read(uuid):
                return await self._read(uuid)
            case Write(uuid, data):
                async with self._in_time("talk to"):
                    await self._write(uuid, data)
                self._on_said()
            case Ask(request):
                self._answers = asyncio.Queue()  # what came before it is no answer to it
                async with self._in_time("talk to"):
                    await self._write(self._dialogue.control_uuid, request)
                    return await self._answer(request)
            case Hear(request):
                async with self._in_time("talk to"):
                    return await self._answer(request)
        return None

    async def _read(self, uuid: str) -> bytes | None:
        async with self._in_time("read from"):
            characteristic: BleakGATTCharacteristic | None = self._client.services.get_characteristic(uuid)
            return None if characteristic is None else bytes(await self._client.read_gatt_char(characteristic))

    async def _write(self, uuid: str, data: bytes) -> None:
        there = self._client.services.get_characteristic(uuid)
        with_response = there is None or "write" in there.properties
        await self._client.write_gatt_char(uuid, data, response=with_response)

    async def _answer(self, request: bytes) -> bytes:
        while True:
            answer = await self._answers.get()
            if self._dialogue.answers(request, answer):
                return answer

    def _listener(self, uuid: str) -> Callable[[BleakGATTCharacteristic, bytearray], None]:
        return lambda _, data: self._notified(uuid, bytes(data))

    def _notified(self, uuid: str, data: bytes) -> None:
        role = self._dialogue.role(uuid, data)
        if Role.ANSWER in role:
            self._on_said()
            if self._turn.locked():  # one that nobody asked for is not kept
                self._answers.put_nowait(data)
        if Role.STATUS in role:
            self._on_status(data)
        if Role.FRAME in role:
            self._on_frame(data)

    @contextlib.asynccontextmanager
    async def _in_time(self, doing: str) -> AsyncIterator[None]:
        with self._named(doing):
            async with asyncio.timeout(ANSWER_S):
                yield

    @contextlib.contextmanager
    def _named(self, doing: str) -> Iterator[None]:
        try:
            yield
        except BleakBluetoothNotAvailableError as error:
            raise BluetoothUnavailable("This machine's Bluetooth went away; switch it on again.") from error
        except TimeoutError as error:
            raise ConnectionFailed(
                f"Could not {doing} {self.name} (no answer in time); {self._mend(_OUT_OF_TIME)}."
            ) from error
        except (BleakError, OSError, EOFError) as error:
            failure = NotPaired if _is_unpaired(error) else ConnectionFailed
            raise failure(f"Could not {doing} {self.name} ({error}); {self._mend(_BROKEN)}.") from error

    def _mend(self, unless_pairing: str) -> str:
        return _PAIRING if self._pair else unless_pairing


def _is_unpaired(error: Exception) -> bool:
    """Whether it is the refusal of an unpaired machine. BlueZ says it in words of its own, which bleak hands on."""
    if isinstance(error, BleakGATTProtocolError):
        return error.code in _UNPAIRED
    return isinstance(error, BleakDBusError) and "Not paired" in (error.dbus_error_details or "")


async def hang_up(client: BleakClient) -> None:
    """Disconnect, whatever state it is in; a cancellation, or several, wait until that is done."""
    closing, cancelled = asyncio.create_task(_disconnect(client)), None
    while not closing.done():
        try:
            await asyncio.wait([closing])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled:
        raise cancelled
    closing.result()


async def _disconnect(client: BleakClient) -> None:
    with contextlib.suppress(BleakError, OSError, EOFError, TimeoutError):
        async with asyncio.timeout(DISCONNECT_S):
            await client.disconnect()
