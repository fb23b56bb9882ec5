"""bleak's scanner and client on a bumble adapter: the host's side of the air.

bleak calls its backend interface unstable; the project pins bleak for that reason.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, TypeVar

from bleak import BleakScanner
from bleak.args import SizedBuffer
from bleak.assigned_numbers import gatt_char_props_to_strs
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, AdvertisementDataCallback, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError
from bleak.uuids import normalize_uuid_str
from bumble import core, hci
from bumble.att import ATT_Error
from bumble.device import Advertisement, Connection, Device, Peer
from bumble.keys import PairingKeys

from firmware_proto.virtual_advertising import unpack
from firmware_proto.virtual_controller import MAX_MTU, MIN_MTU

_T = TypeVar("_T")


class _Scanner(BaseBleakScanner):
    """bleak's scanner on a bumble adapter; `backends` makes the subclass that has one."""

    adapter: ClassVar[Device]

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None,
        service_uuids: list[str] | None,
        scanning_mode: str,
        **_: Any,  # noqa: ANN401  (options of other platforms)
    ) -> None:
        super().__init__(detection_callback, service_uuids)
        self._active = scanning_mode != "passive"

    async def start(self) -> None:
        self.seen_devices = {}
        self.adapter.on(Device.EVENT_ADVERTISEMENT, self._on_advertisement)
        if not self.adapter.is_scanning:
            await self.adapter.start_scanning(active=self._active)

    async def stop(self) -> None:
        self.adapter.remove_listener(Device.EVENT_ADVERTISEMENT, self._on_advertisement)
        if self.adapter.is_scanning and not self.adapter.listeners(Device.EVENT_ADVERTISEMENT):
            await self.adapter.stop_scanning()

    def _on_advertisement(self, seen: Advertisement) -> None:
        advertised = _advertised(seen)
        if self.is_allowed_uuid(advertised.service_uuids):
            address = seen.address.to_string(False)
            device = self.create_or_update_device(address, address, advertised.local_name, seen.address, advertised)
            self.call_detection_callbacks(device, advertised)


def _advertised(seen: Advertisement) -> AdvertisementData:
    """What an advertisement says, together with its scan response if there was one."""
    said = unpack(bytes(seen.data))
    return AdvertisementData(
        local_name=said.name or None,
        manufacturer_data=dict(said.manufacturer_data),
        service_data={},
        service_uuids=list(said.service_uuids),
        tx_power=None,
        rssi=seen.rssi,
        platform_data=(seen,),
    )


def _text(uuid: core.UUID) -> str:
    """The 128-bit form bleak uses throughout."""
    return normalize_uuid_str(uuid.to_hex_str("-"))


class _Client(BaseBleakClient):
    """bleak's client on a bumble adapter; `backends` makes the subclass that has one."""

    adapter: ClassVar[Device]
    scanner: ClassVar[type[_Scanner]]

    def __init__(
        self,
        address_or_ble_device: BLEDevice | str,
        services: set[str] | None = None,
        *,
        disconnected_callback: Callable[[], None] | None,
        timeout: float,
        **_: Any,  # noqa: ANN401  (options of other platforms)
    ) -> None:
        super().__init__(address_or_ble_device, disconnected_callback=disconnected_callback, timeout=timeout)
        self._target = address_or_ble_device
        self._only = services
        self._connection: Connection | None = None
        self._peer: Peer | None = None
        self._subscriptions: dict[int, Callable[[bytes], None]] = {}

    @property
    def name(self) -> str:
        name = self._target.name if isinstance(self._target, BLEDevice) else None
        return name or self.address.replace(":", "-")

    @property
    def mtu_size(self) -> int:
        return self._connection.att_mtu if self._connection else MIN_MTU

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    async def connect(self, pair: bool, **kwargs: object) -> None:
        if self._connection is not None:
            raise BleakError("already connected")
        wish = kwargs.get("timeout")
        timeout_s = float(wish) if isinstance(wish, int | float) else self._timeout
        connection = await self._reach(timeout_s)
        try:
            async with asyncio.timeout(timeout_s):
                connection.on(Connection.EVENT_DISCONNECTION, self._on_disconnection)
                self._connection, self._peer = connection, Peer(connection)
                await self._peer.request_mtu(MAX_MTU)
                if pair or await self._keys(connection):
                    await self.pair()
                self.services = await self._discover(self._peer)
            if self._connection is None:
                raise BleakError("the link was lost while connecting")
        except BaseException as error:
            connection.remove_listener(Connection.EVENT_DISCONNECTION, self._on_disconnection)
            if self._forget():
                await asyncio.shield(connection.disconnect())
            if isinstance(error, asyncio.CancelledError) and not _being_cancelled():
                raise BleakError("the link was lost while connecting") from error
            raise

    async def _reach(self, timeout_s: float) -> Connection:
        if not isinstance(self._target, BLEDevice):
            found = await BleakScanner.find_device_by_address(self.address, timeout_s, backend=self.scanner)
            if found is None:
                raise BleakDeviceNotFoundError(self.address, f"{self.address} was not found")
            self._target = found
        # bumble has to end the attempt itself, else its controller goes on with it
        attempt = asyncio.ensure_future(self.adapter.connect(self._target.details, timeout=timeout_s))
        try:
            return await asyncio.shield(attempt)
        except core.TimeoutError as error:
            raise TimeoutError(f"{self.address} did not answer within {timeout_s:g} s") from error
        except asyncio.CancelledError:
            with contextlib.suppress(hci.HCI_Error):
                await self.adapter.send_sync_command(hci.HCI_LE_Create_Connection_Cancel_Command())
            (outcome,) = await asyncio.gather(attempt, return_exceptions=True)
            if isinstance(outcome, Connection):
                await outcome.disconnect()
            raise

    async def _discover(self, peer: Peer) -> BleakGATTServiceCollection:
        found = BleakGATTServiceCollection()
        for service in await peer.discover_services():
            if self._only and _text(service.uuid) not in self._only:
                continue
            ours = BleakGATTService(service, service.handle, _text(service.uuid))
            found.add_service(ours)
            for part in await service.discover_characteristics():
                properties = list(gatt_char_props_to_strs(part.properties))
                described = BleakGATTCharacteristic(
                    part, part.handle - 1, _text(part.uuid), properties, lambda: self.mtu_size - 3, ours
                )
                found.add_characteristic(described)
                for descriptor in await part.discover_descriptors():
                    found.add_descriptor(
                        BleakGATTDescriptor(descriptor, descriptor.handle, _text(descriptor.type), described)
                    )
        return found

    def _forget(self) -> bool:
        """Forget the connection; whether there was one."""
        connected, self._connection, self._peer, self.services = self._connection is not None, None, None, None
        self._subscriptions.clear()
        return connected

    def _on_disconnection(self, _reason: int) -> None:
        self._forget()
        if self._disconnected_callback is not None:
            self._disconnected_callback()

    async def disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(hci.HCI_Error, core.BaseBumbleError):  # it went away by itself meanwhile
                await self._connection.disconnect()

    async def pair(self, *args: object, **kwargs: object) -> None:
        """Encrypt the link, with the keys of an earlier time or by Just Works, as a host without screen and keys."""
        connection = self._connection
        if connection is not None and not connection.is_encrypted:
            known = await self._keys(connection)
            await self._ask(lambda _: connection.encrypt() if known else connection.pair())

    async def unpair(self) -> None:
        if self._connection is not None and self.adapter.keystore is not None and await self._keys(self._connection):
            await self.adapter.keystore.delete(str(self._connection.peer_address))
        await self.disconnect()

    async def _keys(self, connection: Connection) -> PairingKeys | None:
        """What is left of a pairing; with whom it once paired a host encrypts each connection."""
        return await self.adapter.keystore.get(str(connection.peer_address)) if self.adapter.keystore else None

    async def _ask(self, request: Callable[[Peer], Awaitable[_T]]) -> _T:
        """Make an ATT request, with bleak's errors."""
        if self._peer is None:
            raise BleakError("Not connected")
        # As with any other stack a request that nobody waits for any more goes on: its answer is still to come.
        asked = asyncio.ensure_future(request(self._peer))
        asked.add_done_callback(_look_at)
        try:
            return await asyncio.shield(asked)
        except ATT_Error as error:
            raise BleakGATTProtocolError(error.error_code) from error
        except (core.ProtocolError, hci.HCI_Error) as error:
            raise BleakError(f"pairing failed: {error}") from error
        except (core.InvalidStateError, TimeoutError, core.TimeoutError) as error:
            raise BleakError(f"the link was lost: {error}") from error
        except asyncio.CancelledError as error:
            if _being_cancelled():
                raise
            raise BleakError("the link was lost") from error  # bumble cancels the requests of a lost link

    async def read_gatt_char(
        self, characteristic: BleakGATTCharacteristic, *, use_cached: bool = False, **kwargs: object
    ) -> bytearray:
        return bytearray(await self._ask(lambda peer: peer.read_value(characteristic.obj)))

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, *, use_cached: bool = False, **kwargs: object
    ) -> bytearray:
        return bytearray(await self._ask(lambda peer: peer.read_value(descriptor.obj)))

    async def write_gatt_char(self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool) -> None:
        await self._ask(lambda peer: peer.write_value(characteristic.obj, bytes(data), response))

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: SizedBuffer) -> None:
        await self._ask(lambda peer: peer.write_value(descriptor.obj, bytes(data), True))

    async def start_notify(
        self, characteristic: BleakGATTCharacteristic, callback: NotifyCallback, **kwargs: object
    ) -> None:
        handle = characteristic.handle
        if handle in self._subscriptions:
            raise BleakError("notifications of this characteristic were started already")

        def subscriber(value: bytes) -> None:
            callback(bytearray(value))

        await self._ask(lambda peer: peer.subscribe(characteristic.obj, subscriber))
        self._subscriptions[handle] = subscriber

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        subscriber = self._subscriptions.pop(characteristic.handle, None)
        if subscriber is not None:
            await self._ask(lambda peer: peer.unsubscribe(characteristic.obj, subscriber))


def _look_at(done: asyncio.Future[Any]) -> None:
    """Nobody has to know how a request ended that was given up."""
    if not done.cancelled():
        done.exception()


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def backends(adapter: Device) -> tuple[type[BaseBleakScanner], type[BaseBleakClient]]:
    """The scanner's and the client's class on one adapter, for bleak's `backend=` arguments."""
    scanner = type("AdapterScanner", (_Scanner,), {"adapter": adapter})
    return scanner, type("AdapterClient", (_Client,), {"adapter": adapter, "scanner": scanner})
