"""Virtual sensors on a complete Bluetooth LE stack in this process: no radio, no driver, the real ATT and GATT.

Each `VirtualSensor` becomes a bumble peripheral on its own virtual controller; one more controller is this machine's
adapter, and `Air.scanner_backend` and `Air.client_backend` let bleak use it: `BleakScanner(backend=...)`,
`BleakClient(device, backend=...)`. What is not real: radio time, and the supervision timeout, which `Air.drop` stands
in for. bleak calls its backend interface unstable; the project pins bleak for that reason. The adapter may also belong
to another host that is reached over HCI, an operating system's kernel for example: then bleak needs no backend.

This file is long on purpose: it is the only one here that may know bleak and bumble, and nearly every line of it speaks
to one of them. From above: the controller, the peripheral (one sensor), the scanner, the client, the air.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, TypeAlias, TypeVar

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
from bumble import core, hci, ll
from bumble.att import ATT_PDU, ATT_Error, Bearer, ErrorCode
from bumble.controller import Controller
from bumble.core import AdvertisingData
from bumble.device import Advertisement, Connection, Device, DeviceConfiguration, Peer
from bumble.gatt import Characteristic, CharacteristicValue, Service
from bumble.link import LocalLink
from bumble.transport import open_transport

from firmware_proto import wire
from firmware_proto.virtual_sensor import VirtualSensor

# bumble warns of every packet that was under way when a link was lost, which is what `Air.drop` is for; whoever wants
# to see it sets this logger's level, and then keeps it
if logging.getLogger("bumble").level == logging.NOTSET:
    logging.getLogger("bumble").setLevel(logging.CRITICAL)

SUPERVISION_TIMEOUT = 0x08
"""HCI reason of a lost radio link (Bluetooth Core 5.4, Vol 1, Part F, 2.8)."""
_CCCD_IMPROPERLY_CONFIGURED = 0xFD
_ADVERTISING_INTERVAL_MS = 100
_ACL_BYTES = 251
_MIN_TICK_S = 0.002

_Properties = Characteristic.Properties
_Permissions = Characteristic.Permissions
_T = TypeVar("_T")


class _Controller(Controller):
    """bumble's virtual controller with buffers of a modern one, and a connection attempt that can be cancelled."""

    def __init__(self, name: str, link: LocalLink, **host: Any) -> None:  # noqa: ANN401  (where its host is)
        super().__init__(name, link=link, **host)
        self.is_deaf: Callable[[hci.Address], bool] = lambda _: False
        self.le_acl_data_packet_length = self.acl_data_packet_length = _ACL_BYTES
        # with either of these bumble's host expects events that its controller does not send
        self.le_features &= ~(hci.LeFeatureMask.LL_PRIVACY | hci.LeFeatureMask.LE_EXTENDED_ADVERTISING)

    def on_hci_le_create_connection_cancel_command(
        self, command: hci.HCI_LE_Create_Connection_Cancel_Command
    ) -> hci.HCI_StatusReturnParameters:
        pending, self.pending_le_connection = self.pending_le_connection, None
        if isinstance(pending, hci.HCI_LE_Create_Connection_Command):
            self.send_hci_packet(
                hci.HCI_LE_Connection_Complete_Event(
                    status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
                    connection_handle=0,
                    role=hci.Role.CENTRAL,
                    peer_address_type=pending.peer_address.address_type,
                    peer_address=pending.peer_address,
                    connection_interval=0,
                    peripheral_latency=0,
                    supervision_timeout=0,
                    central_clock_accuracy=0,
                )
            )
        return super().on_hci_le_create_connection_cancel_command(command)

    def on_ll_advertising_pdu(self, packet: ll.AdvertisingPdu) -> None:
        """Hear an advertisement; a sensor that is deaf is seen, but not connected to."""
        pending = self.pending_le_connection
        if isinstance(pending, hci.HCI_LE_Create_Connection_Command) and self.is_deaf(pending.peer_address):
            self.pending_le_connection = None
            super().on_ll_advertising_pdu(packet)
            self.pending_le_connection = pending
        else:
            super().on_ll_advertising_pdu(packet)

    def lose_link(self, peer: hci.Address | None, reason: int) -> None:
        """Drop the connection to `peer`, or all, as if the radio had fallen silent."""
        for connection in list(self.le_connections.values()):
            if peer is None or connection.peer_address == peer:
                self.on_le_disconnected(connection, reason)


class _Link(LocalLink):
    """bumble's link, on which data comes from the address of its connection.

    bumble puts the sender's latest random address there, and a kernel takes a new one for every scan.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def send_acl_data(
        self, sender: Controller, destination: hci.Address, transport: core.PhysicalTransport, data: bytes
    ) -> None:
        receiver, connection = self.find_le_controller(destination), sender.le_connections.get(destination)
        if receiver is not None and connection is not None:
            loop = asyncio.get_running_loop()
            loop.call_soon(receiver.on_link_acl_data, connection.self_address, transport, data)


def _deny(_: Any) -> bytes:  # noqa: ANN401  (bumble hands in any bearer)
    raise ATT_Error(ErrorCode.READ_NOT_PERMITTED)


class _Peripheral:
    """One virtual sensor as a GATT server."""

    def __init__(
        self, sensor: VirtualSensor, link: LocalLink, number: int, clock: Callable[[], int], tick_s: float
    ) -> None:
        self.sensor, self._clock, self._tick_s = sensor, clock, tick_s
        self.address = hci.Address(f"F0:B5:00:00:{number >> 8:02X}:{number & 0xFF:02X}")
        self.controller = _Controller(sensor.name, link)
        config = DeviceConfiguration(
            name=sensor.name,
            address=self.address,
            advertising_interval_min=_ADVERTISING_INTERVAL_MS,
            advertising_interval_max=_ADVERTISING_INTERVAL_MS,
        )
        self.device = Device.from_config_with_hci(config, self.controller, self.controller)
        self._answers: asyncio.Queue[bytes] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._connection: Connection | None = None
        self._answering = False
        self._in_reach = True
        self._battery_pct = -1
        self._add_services()
        self.device.on(Device.EVENT_CONNECTION, self._on_connection)
        self._serve = self.device.gatt_server.on_gatt_pdu
        self.device.gatt_server.on_gatt_pdu = self._on_request  # type: ignore[method-assign, assignment]
        self.lose_link: Callable[[], None] = lambda: None

    async def start(self, mtu: int) -> None:
        self.device.gatt_server.max_mtu = mtu
        await self.device.power_on()
        await self._advertise()

    async def stop(self) -> None:
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

    def _add_services(self) -> None:
        sensor = self.sensor
        self._control: Characteristic[Any] = Characteristic(
            wire.CONTROL_UUID,
            _Properties.WRITE | _Properties.INDICATE,
            _Permissions.WRITEABLE,
            CharacteristicValue(read=_deny, write=self._on_control),
        )
        self._data: Characteristic[Any] = Characteristic(
            wire.DATA_UUID, _Properties.NOTIFY, _Permissions.READABLE, CharacteristicValue(read=_deny)
        )
        self._status = _readable(wire.STATUS_UUID, lambda: sensor.status(self._clock()).pack(), _Properties.NOTIFY)
        self._battery = _readable(wire.BATTERY_LEVEL_UUID, self._battery_level, _Properties.NOTIFY)
        self._control.on(Characteristic.EVENT_SUBSCRIPTION, self._on_control_subscription)
        self._data.on(Characteristic.EVENT_SUBSCRIPTION, self._on_data_subscription)
        info = _readable(wire.INFO_UUID, lambda: sensor.info().pack())
        ours = Service(wire.SERVICE_UUID, [info, self._control, self._data, self._status])
        battery = Service(_uuid(wire.BATTERY_SERVICE_UUID), [self._battery])
        self.device.add_services([ours, battery, _device_information(sensor)])
        self.device.advertising_data = _advertisement(sensor.name, ours.uuid)

    def _battery_level(self) -> bytes:
        return bytes((round(self.sensor.charge_pct(self._clock())),))

    # A connection's life. Its tasks ask whether it is still theirs: a cancellation alone can get lost, since until
    # Python 3.12 asyncio.wait_for, which bumble's requests use, swallows one that meets the very result it waits for.

    def _on_connection(self, connection: Connection) -> None:
        self._connection = connection
        self.sensor.connect(self._clock(), connection.att_mtu)
        connection.on(Connection.EVENT_CONNECTION_ATT_MTU_UPDATE, lambda: self._on_mtu(connection))
        connection.on(Connection.EVENT_DISCONNECTION, self._on_disconnection)
        self._answers, self._answering = asyncio.Queue(), False
        self._spawn(self._pump(connection))
        self._spawn(self._answer(connection))

    def _on_request(self, bearer: Bearer, request: ATT_PDU) -> None:
        if self._connection is not None and self.sensor.faults.hangs_up():
            self.lose_link()
        else:
            self._serve(bearer, request)

    def _on_mtu(self, connection: Connection) -> None:
        self.sensor.mtu = min(connection.att_mtu, wire.MAX_MTU)

    def _on_disconnection(self, _reason: int) -> None:
        self._connection = None
        if self.sensor.connected:
            self.sensor.disconnect(self._clock())
        for task in self._tasks:
            task.cancel()
        self._spawn(self._advertise())

    def _on_data_subscription(self, _bearer: object, notify: bool, _indicate: bool) -> None:
        self.sensor.subscribed = notify

    def _on_control_subscription(self, _bearer: object, _notify: bool, indicate: bool) -> None:
        self._answering = indicate

    def _on_control(self, _bearer: object, request: bytes) -> None:
        if not self._answering:
            raise ATT_Error(_CCCD_IMPROPERLY_CONFIGURED)
        answer = self.sensor.handle(bytes(request), self._clock())
        if not self.sensor.faults.loses_answer():
            self._answers.put_nowait(answer)

    async def _answer(self, connection: Connection) -> None:
        while self._connection is connection:
            await self.device.indicate_subscriber(connection, self._control, await self._answers.get())
            self._answers.task_done()

    async def _pump(self, connection: Connection) -> None:
        while self._connection is connection and not self.sensor.link_lost:
            await asyncio.sleep(self._tick_s)
            for frame in self.sensor.tick(self._clock()):
                await self.device.notify_subscriber(connection, self._data, frame)
            await self._notify_state(connection)
        if self._connection is connection:
            await self._answers.join()
            await connection.disconnect(SUPERVISION_TIMEOUT)

    async def _notify_state(self, connection: Connection) -> None:
        status = self.sensor.status_due(self._clock())
        if status is not None:
            await self.device.notify_subscriber(connection, self._status, status)
        level = self._battery_level()
        if level[0] != self._battery_pct:
            self._battery_pct = level[0]
            await self.device.notify_subscriber(connection, self._battery, level)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _cancel_tasks(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _readable(
    uuid: str, read: Callable[[], bytes], more: Characteristic.Properties = _Properties.READ
) -> Characteristic[Any]:
    return Characteristic(
        _uuid(uuid), _Properties.READ | more, _Permissions.READABLE, CharacteristicValue(read=lambda _: read())
    )


def _device_information(sensor: VirtualSensor) -> Service:
    texts = {
        wire.MANUFACTURER_UUID: "virtual",
        wire.MODEL_UUID: sensor.model,
        wire.SERIAL_UUID: sensor.serial,
        wire.FIRMWARE_UUID: sensor.firmware,
    }
    return Service(_uuid(wire.DEVICE_INFORMATION_UUID), [_readable(uuid, text.encode) for uuid, text in texts.items()])


def _advertisement(name: str, service: core.UUID) -> bytes:
    flags = AdvertisingData.Flags.LE_GENERAL_DISCOVERABLE_MODE | AdvertisingData.Flags.BR_EDR_NOT_SUPPORTED
    kinds = AdvertisingData.Type
    entries: list[tuple[int, bytes]] = [
        (kinds.FLAGS, bytes((flags,))),
        (kinds.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS, bytes(service)),
        (kinds.COMPLETE_LOCAL_NAME, name.encode()),
    ]
    return bytes(AdvertisingData(entries))


_SIG_TAIL = "-0000-1000-8000-00805f9b34fb"


def _uuid(text: str) -> core.UUID:
    """The short form of the SIG's UUIDs, as a device sends them."""
    return core.UUID(text[4:8].upper() if text.startswith("0000") and text.endswith(_SIG_TAIL) else text)


def _text(uuid: core.UUID) -> str:
    """The 128-bit form bleak uses throughout."""
    return (f"{uuid.to_hex_str():0>8}{_SIG_TAIL}" if len(uuid.uuid_bytes) < 16 else uuid.to_hex_str("-")).lower()


class _Scanner(BaseBleakScanner):
    """bleak's scanner on a bumble adapter; `adapter` is set by a subclass made for each air."""

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
        kinds = AdvertisingData.Type
        uuids = seen.data.get_all(kinds.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS)
        names: list[str] = seen.data.get_all(kinds.COMPLETE_LOCAL_NAME)
        advertised = AdvertisementData(
            local_name=names[0] if names else None,
            manufacturer_data={},
            service_data={},
            service_uuids=[_text(uuid) for some in uuids for uuid in some],
            tx_power=None,
            rssi=seen.rssi,
            platform_data=(seen,),
        )
        if self.is_allowed_uuid(advertised.service_uuids):
            address = seen.address.to_string(False)
            device = self.create_or_update_device(address, address, advertised.local_name, seen.address, advertised)
            self.call_detection_callbacks(device, advertised)


class _Client(BaseBleakClient):
    """bleak's client on a bumble adapter; `adapter` and `scanner` are set by a subclass made for each air."""

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
        return self._connection.att_mtu if self._connection else wire.MIN_MTU

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
                await self._peer.request_mtu(wire.MAX_MTU)
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
        raise BleakError("virtual sensors do not pair")

    async def unpair(self) -> None:
        await self.disconnect()

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


@dataclass(frozen=True, kw_only=True)
class Air:
    """Virtual sensors in range of a virtual adapter.

    Attributes:
        scanner_backend, client_backend: For bleak's `backend=` arguments; None where the host is an operating system.
        sensors: What is in the air, in the order given.
        clock: Simulated time of the sensors in microseconds.
    """

    scanner_backend: type[BaseBleakScanner] | None
    client_backend: type[BaseBleakClient] | None
    sensors: tuple[VirtualSensor, ...]
    clock: Callable[[], int]
    _peripherals: tuple[_Peripheral, ...]
    _adapter: _Controller

    @property
    def now_us(self) -> int:
        """Simulated time, the `now_us` of the sensors."""
        return self.clock()

    def address(self, i: int) -> str:
        """Bluetooth address of a sensor, as bleak writes it."""
        return self._peripherals[i].address.to_string(False)

    def drop(self, i: int, reason: int = SUPERVISION_TIMEOUT) -> None:
        """Lose the radio link to sensor `i`: both sides see `reason` and no goodbye; the sensor advertises again."""
        self._adapter.lose_link(self._peripherals[i].address, reason)
        self._peripherals[i].controller.lose_link(None, reason)

    async def reach(self, i: int, *, within: bool) -> None:
        """Take sensor `i` out of reach, where it is neither connected nor seen, or bring it back."""
        await self._peripherals[i].reach(within=within)


@contextlib.asynccontextmanager
async def virtual_air(
    sensors: Sequence[VirtualSensor], *, speed: float = 1.0, mtu: int = wire.MAX_MTU, host: str | None = None
) -> AsyncIterator[Air]:
    """Put sensors in the air.

    Args:
        sensors: Each is served as a peripheral of its own name.
        speed: How much faster than the wall clock the sensors' time runs.
        mtu: Largest ATT_MTU the sensors agree to.
        host: HCI of a host elsewhere, whose adapter this air gives, in bumble's notation (`tcp-client:HOST:PORT`);
            None for a host in this process.

    Yields:
        The air; all of it is gone when the context ends.
    """
    loop = asyncio.get_running_loop()
    begin_s = loop.time()

    def clock() -> int:
        return int((loop.time() - begin_s) * 1e6 * speed)

    link = _Link()
    peripherals = tuple(
        _Peripheral(sensor, link, number, clock, max(_MIN_TICK_S, sensor.link.interval_us / 1e6 / speed))
        for number, sensor in enumerate(sensors, 1)
    )
    async with _host_here(link) if host is None else _host_elsewhere(link, host) as (controller, scanner, client):
        try:
            for peripheral in peripherals:
                await peripheral.start(mtu)
            air = Air(
                scanner_backend=scanner,
                client_backend=client,
                sensors=tuple(sensors),
                clock=clock,
                _peripherals=peripherals,
                _adapter=controller,
            )
            for number, peripheral in enumerate(peripherals):
                peripheral.lose_link = partial(air.drop, number)
            deaf = {peripheral.address: peripheral.sensor.faults for peripheral in peripherals}
            controller.is_deaf = lambda address: address in deaf and deaf[address].deaf
            yield air
        finally:
            await _clear(controller, peripherals)


_numbers = itertools.count()


def _adapter_address(kind: hci.AddressType) -> hci.Address:
    """One that no adapter had before, for hosts that remember whom they met."""
    number = next(_numbers)
    return hci.Address(f"F1:B5:00:00:{number >> 8 & 0xFF:02X}:{number & 0xFF:02X}", kind)


_Host: TypeAlias = tuple[_Controller, type[_Scanner] | None, type[_Client] | None]


@contextlib.asynccontextmanager
async def _host_here(link: LocalLink) -> AsyncIterator[_Host]:
    """A host in this process, and bleak's backends on it."""
    controller = _Controller("adapter", link)
    config = DeviceConfiguration(name="adapter", address=_adapter_address(hci.Address.RANDOM_DEVICE_ADDRESS))
    adapter = Device.from_config_with_hci(config, controller, controller)
    await adapter.power_on()
    scanner = type("VirtualScanner", (_Scanner,), {"adapter": adapter})
    client = type("VirtualClient", (_Client,), {"adapter": adapter, "scanner": scanner})
    try:
        yield controller, scanner, client
    finally:
        if adapter.is_scanning:
            await adapter.stop_scanning()
        await adapter.power_off()


@contextlib.asynccontextmanager
async def _host_elsewhere(link: LocalLink, host: str) -> AsyncIterator[_Host]:
    """A host that is reached over HCI; it has its adapter for as long as this lasts."""
    async with await open_transport(host) as hci_of_host:
        controller = _Controller(
            "adapter",
            link,
            host_source=hci_of_host.source,
            host_sink=hci_of_host.sink,
            public_address=_adapter_address(hci.Address.PUBLIC_DEVICE_ADDRESS),
        )
        yield controller, None, None


async def _clear(controller: _Controller, peripherals: Sequence[_Peripheral]) -> None:
    """Hang up, fall silent, and leave no task behind."""
    controller.lose_link(None, SUPERVISION_TIMEOUT)
    for peripheral in peripherals:
        peripheral.controller.lose_link(None, SUPERVISION_TIMEOUT)
    await asyncio.sleep(0)
    for peripheral in peripherals:
        await peripheral.stop()
