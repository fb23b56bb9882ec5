"""One connection to one sensor: from connect to disconnect, never reused. Everything bleak raises becomes a sentence.

Callbacks are plain functions: an async one would run as a task of its own for every notification, in any order.
`close` always disconnects, also after the sensor has hung up by itself: on BlueZ a client that was never disconnected
goes on delivering, and every frame after the next connect would come twice (bleak issue 2002).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator

from bleak import BleakClient
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.exc import BleakBluetoothNotAvailableError, BleakError

from imu.errors import BluetoothUnavailable, ConnectionFailed
from imu.link.types import Backend, Found
from imu.sensors import Dialogue

CONNECT_S = 15.0
ANSWER_S = 5.0
DISCONNECT_S = 12.0
"""BlueZ takes 2.5 s of this, more on a busy machine; bleak gives up after 10."""


class Connection:
    """Requests and notifications of a connected sensor.

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
        on_answer: Callable[[], None],
        backend: Backend | None,
    ) -> None:
        """Nothing is sent yet; see `open`."""
        self.name = found.name
        self.dropped = asyncio.Event()
        self._dialogue = dialogue
        self._on_frame, self._on_status, self._on_answer = on_frame, on_status, on_answer
        self._answers: asyncio.Queue[bytes] = asyncio.Queue()
        self._turn = asyncio.Lock()
        self._client = BleakClient(
            found.device,
            lambda _: self.dropped.set(),
            timeout=CONNECT_S,
            backend=backend.client if backend else None,
        )

    async def open(self) -> None:
        """Connect and listen.

        Raises:
            ConnectionFailed: It did not work; the connection is closed again.
            BluetoothUnavailable: This machine's Bluetooth went away.
        """
        said = self._dialogue
        try:
            with self._named("connect to"):
                await self._client.connect()
                for uuid, take in (
                    (said.control_uuid, self._take_answer),
                    (said.status_uuid, self._on_status),
                    (said.data_uuid, self._on_frame),
                ):
                    await self._client.start_notify(uuid, _plain(take))
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Disconnect, whatever state it is in."""
        await hang_up(self._client)

    async def read(self, uuid: str) -> bytes | None:
        """Read a characteristic; None where the sensor has none.

        Raises:
            ConnectionFailed: The sensor did not say.
        """
        with self._named("read from"):
            characteristic: BleakGATTCharacteristic | None = self._client.services.get_characteristic(uuid)
            if characteristic is None:
                return None
            async with asyncio.timeout(ANSWER_S):
                return bytes(await self._client.read_gatt_char(characteristic))

    async def request(self, request: bytes) -> bytes:
        """Send a request and return its answer; one at a time.

        Raises:
            ConnectionFailed: There was no answer.
        """
        async with self._turn:
            with self._named("talk to"):
                async with asyncio.timeout(ANSWER_S):
                    await self._client.write_gatt_char(self._dialogue.control_uuid, request, response=True)
                    while True:
                        answer = await self._answers.get()
                        if self._dialogue.answers(request, answer):
                            return answer

    def _take_answer(self, answer: bytes) -> None:
        self._on_answer()
        if self._turn.locked():  # one that nobody asked for is not kept
            self._answers.put_nowait(answer)

    @contextlib.contextmanager
    def _named(self, doing: str) -> Iterator[None]:
        try:
            yield
        except BleakBluetoothNotAvailableError as error:
            raise BluetoothUnavailable("This machine's Bluetooth went away; switch it on again.") from error
        except TimeoutError as error:
            raise ConnectionFailed(
                f"Could not {doing} {self.name} (no answer in time); bring it closer and make sure that nothing else "
                "is connected to it."
            ) from error
        except (BleakError, OSError, EOFError) as error:
            raise ConnectionFailed(
                f"Could not {doing} {self.name} ({error}); bring it closer, or switch it off and on."
            ) from error


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


def _plain(take: Callable[[bytes], None]) -> Callable[[BleakGATTCharacteristic, bytearray], None]:
    """Bleak's kind of callback around one that wants nothing but the bytes."""
    return lambda _, data: take(bytes(data))
