"""A virtual peripheral of any kind as a GATT server on a controller of its own.

This side knows bumble, and of the peripheral only what `virtual_gatt` says; what a sensor does, and when, is its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from bumble import core, hci
from bumble.att import (
    ATT_PDU,
    ATT_Error,
    ATT_Error_Response,
    ATT_Write_Command,
    ATT_Write_Request,
    AttributeValueV2,
    Bearer,
    ErrorCode,
)
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.gatt import (
    GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR,
    Characteristic,
    CharacteristicValue,
    ClientCharacteristicConfigurationBits,
    Descriptor,
    Service,
)
from bumble.link import LocalLink

from firmware_proto.virtual_advertising import pack, short
from firmware_proto.virtual_controller import MAX_MTU, VirtualController
from firmware_proto.virtual_gatt import AttRefused, GattCharacteristic, Outgoing, VirtualPeripheral

SUPERVISION_TIMEOUT = 0x08
"""HCI reason of a lost radio link (Bluetooth Core 5.4, Vol 1, Part F, 2.8)."""
_ADVERTISING_INTERVAL_MS = 100
_MIN_TICK_S = 0.002

_T = TypeVar("_T")
_Permissions = Characteristic.Permissions
_Properties = Characteristic.Properties
_PROPERTIES = {
    "read": _Properties.READ,
    "write": _Properties.WRITE,
    "write-without-response": _Properties.WRITE_WITHOUT_RESPONSE,
    "notify": _Properties.NOTIFY,
    "indicate": _Properties.INDICATE,
}


class ServedPeripheral:
    """One virtual peripheral in the air.

    Attributes:
        lose_link: What the air does when the link is lost on this side.
    """

    def __init__(
        self, peripheral: VirtualPeripheral, link: LocalLink, number: int, clock: Callable[[], int], speed: float
    ) -> None:
        self.peripheral, self._clock = peripheral, clock
        self._tick_s = max(_MIN_TICK_S, peripheral.link.interval_us / 1e6 / speed)
        self.address = hci.Address(f"F0:B5:00:00:{number >> 8:02X}:{number & 0xFF:02X}")
        self.controller = VirtualController(peripheral.advertised.name, link)
        config = DeviceConfiguration(
            name=peripheral.advertised.name,
            address=self.address,
            advertising_interval_min=_ADVERTISING_INTERVAL_MS,
            advertising_interval_max=_ADVERTISING_INTERVAL_MS,
        )
        self.device = Device.from_config_with_hci(config, self.controller, self.controller)
        self.device.advertising_data, self.device.scan_response_data = pack(peripheral.advertised)
        self._indications: asyncio.Queue[tuple[Characteristic[Any], bytes]] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._connection: Connection | None = None
        self._in_reach = True
        self._characteristics: dict[str, Characteristic[Any]] = {}
        self._add_services()
        self.device.on(Device.EVENT_CONNECTION, self._on_connection)
        self._serve = self.device.gatt_server.on_gatt_pdu
        self.device.gatt_server.on_gatt_pdu = self._on_request  # type: ignore[method-assign, assignment]
        self.lose_link: Callable[[], None] = lambda: None

    async def start(self, mtu: int) -> None:
        """Switch on, and advertise; `mtu` bounds what the peripheral agrees to."""
        self.device.gatt_server.max_mtu = min(mtu, self.peripheral.max_mtu, MAX_MTU)
        await self.device.power_on()
        await self._advertise()

    async def stop(self) -> None:
        """Fall silent, and leave no task behind."""
        self.device.remove_listener(Device.EVENT_CONNECTION, self._on_connection)
        await self._cancel_tasks()
        if self.device.is_advertising:
            await self.device.stop_advertising()
        await self.device.power_off()

    async def _advertise(self) -> None:
        if self._in_reach and not self.device.is_advertising:
            await self.device.start_advertising()

    async def reach(self, *, within: bool) -> None:
        """Come into reach, or go out of it: nothing is heard of it any more."""
        self._in_reach = within
        if within:
            await self._advertise()
            return
        self.lose_link()
        await asyncio.sleep(0)
        if self.device.is_advertising:
            await self.device.stop_advertising()

    # The table.

    def _add_services(self) -> None:
        for service in self.peripheral.services:
            parts = [self._characteristic(described) for described in service.characteristics]
            self.device.add_service(Service(_uuid(service.uuid), parts))

    def _characteristic(self, described: GattCharacteristic) -> Characteristic[Any]:
        """One that asks the peripheral; without a refusal of ours bumble would leave a request unanswered."""
        uuid, closed = described.uuid, described.needs_pairing

        def read(connection: Connection) -> bytes:
            if "read" not in described.properties:
                raise ATT_Error(ErrorCode.READ_NOT_PERMITTED)
            return _answered(connection, closed, lambda: self.peripheral.read(uuid, self._clock()))

        def write(connection: Connection, data: bytes) -> None:
            if not described.properties & {"write", "write-without-response"}:
                raise ATT_Error(ErrorCode.WRITE_NOT_PERMITTED)
            values = _answered(connection, closed, lambda: self.peripheral.write(uuid, bytes(data), self._clock()))
            self._spawn(self._send(connection, values))

        properties = _Properties(0)
        for name in described.properties:
            properties |= _PROPERTIES[name]
        value: CharacteristicValue[Any] = CharacteristicValue(read=read, write=write)
        made = Characteristic(_uuid(uuid), properties, _Permissions.READABLE | _Permissions.WRITEABLE, value)
        if described.properties & {"notify", "indicate"}:
            made.descriptors = [self._switch(made, described)]
        self._characteristics[uuid.lower()] = made
        return made

    def _switch(self, characteristic: Characteristic[Any], described: GattCharacteristic) -> Descriptor:
        """The descriptor with which a host switches notifications and indications on."""
        server = self.device.gatt_server

        def write(bearer: Bearer, value: bytes) -> None:
            def tell() -> None:
                self.peripheral.subscribe(described.uuid, any(value), self._clock())

            _answered(bearer, described.needs_pairing, tell)
            server.write_cccd(bearer, characteristic, value)

        value = AttributeValueV2(lambda bearer: server.read_cccd(bearer, characteristic), write)
        return Descriptor(
            GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR, _Permissions.READABLE | _Permissions.WRITEABLE, value
        )

    def _on_request(self, bearer: Bearer, request: ATT_PDU) -> None:
        if self._connection is not None and self.peripheral.faults.hangs_up():
            self.lose_link()
        elif self._takes(request):
            self._serve(bearer, request)
        elif isinstance(request, ATT_Write_Request):
            refusal = ATT_Error_Response(
                request_opcode_in_error=request.op_code,
                attribute_handle_in_error=request.attribute_handle,
                error_code=ErrorCode.WRITE_NOT_PERMITTED,
            )
            self.device.gatt_server.send_response(bearer, refusal)

    def _takes(self, request: ATT_PDU) -> bool:
        """Whether a write comes with or without a response as the characteristic has it; bumble does not look."""
        if not isinstance(request, ATT_Write_Request | ATT_Write_Command):
            return True
        written = self.device.gatt_server.get_attribute(request.attribute_handle)
        with_response = isinstance(request, ATT_Write_Request)
        needed = _Properties.WRITE if with_response else _Properties.WRITE_WITHOUT_RESPONSE
        return not isinstance(written, Characteristic) or bool(written.properties & needed)

    # A connection's life. Its tasks ask whether it is still theirs: a cancellation alone can get lost, since until
    # Python 3.12 asyncio.wait_for, which bumble's requests use, swallows one that meets the very result it waits for.

    def _on_connection(self, connection: Connection) -> None:
        self._connection = connection
        self.peripheral.connect(self._clock(), connection.att_mtu)
        connection.on(Connection.EVENT_CONNECTION_ATT_MTU_UPDATE, lambda: self._on_mtu(connection))
        connection.on(Connection.EVENT_DISCONNECTION, self._on_disconnection)
        self._indications = asyncio.Queue()
        self._spawn(self._pump(connection))
        self._spawn(self._indicate(connection))

    def _on_mtu(self, connection: Connection) -> None:
        self.peripheral.mtu = connection.att_mtu

    def _on_disconnection(self, _reason: int) -> None:
        self._connection = None
        self.peripheral.disconnect(self._clock())
        for task in self._tasks:
            task.cancel()
        self._spawn(self._advertise())

    async def _pump(self, connection: Connection) -> None:
        """Send what is due, connection event by connection event."""
        while self._connection is connection and not self.peripheral.link_lost:
            await asyncio.sleep(self._tick_s)
            await self._send(connection, self.peripheral.tick(self._clock()))
        if self._connection is connection:
            await self._indications.join()
            await connection.disconnect(SUPERVISION_TIMEOUT)

    async def _send(self, connection: Connection, values: Outgoing) -> None:
        """Notify, or put in the queue of indications, as the host chose; without a subscription nothing is sent."""
        for uuid, value in values:
            characteristic = self._characteristics[uuid.lower()]
            chosen = int.from_bytes(self.device.gatt_server.read_cccd(connection, characteristic), "little")
            if chosen & ClientCharacteristicConfigurationBits.INDICATION:
                self._indications.put_nowait((characteristic, value))
            elif chosen:
                await self.device.notify_subscriber(connection, characteristic, value)

    async def _indicate(self, connection: Connection) -> None:
        """Send one indication after the other, each when the one before it is confirmed."""
        while self._connection is connection:
            characteristic, value = await self._indications.get()
            await self.device.indicate_subscriber(connection, characteristic, value)
            self._indications.task_done()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _cancel_tasks(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _answered(connection: Any, closed: bool, ask: Callable[[], _T]) -> _T:  # noqa: ANN401
    """What the peripheral answers; its refusal becomes bumble's, and so does a mistake of its own, which is logged."""
    if closed and not connection.is_encrypted:
        raise ATT_Error(ErrorCode.INSUFFICIENT_AUTHENTICATION)
    try:
        return ask()
    except AttRefused as refused:
        raise ATT_Error(ErrorCode(refused.code)) from refused
    except Exception as mistake:
        logging.getLogger(__name__).exception("a virtual peripheral broke down")  # bumble would swallow it
        raise ATT_Error(ErrorCode.UNLIKELY_ERROR) from mistake


def _uuid(text: str) -> core.UUID:
    """The short form of the SIG's UUIDs, as a device sends them."""
    return core.UUID.from_bytes(short(text))
