"""A virtual peripheral of any kind as a GATT server on a controller of its own.

This side knows bumble, and of the peripheral only what `virtual_gatt` says; what a sensor does, and when, is its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeAlias

from bumble import hci
from bumble.att import ATT_PDU, Bearer
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.gatt import Characteristic
from bumble.link import LocalLink

from firmware_proto.virtual_advertising import pack
from firmware_proto.virtual_controller import MAX_MTU, VirtualController
from firmware_proto.virtual_gatt import Outgoing, VirtualPeripheral
from firmware_proto.virtual_table import VirtualTable

SUPERVISION_TIMEOUT = 0x08
"""HCI reason of a lost radio link (Bluetooth Core 5.4, Vol 1, Part F, 2.8)."""
_ADVERTISING_INTERVAL_MS = 100
_MIN_TICK_S = 0.002
_MOST_EVENTS = 32
"""So many connection events at a time are made up for one by one; more of them are taken in larger steps."""

_Queue: TypeAlias = "asyncio.Queue[tuple[Characteristic[Any], bytes]]"


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
        self._notifications: _Queue = asyncio.Queue()
        self._indications: _Queue = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._connection: Connection | None = None
        self._told_us = 0
        self._in_reach = True
        server = self.device.gatt_server
        self._table = VirtualTable(peripheral, server, now_us=self._catch_up, send=self._send)
        server.on_gatt_pdu = self._on_request  # type: ignore[method-assign, assignment]
        self.device.on(Device.EVENT_CONNECTION, self._on_connection)
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

    def _on_request(self, bearer: Bearer, request: ATT_PDU) -> None:
        if self._connection is not None and self.peripheral.faults.hangs_up():
            self.lose_link()
        else:
            self._table.serve(bearer, request)

    # A connection's life. Its tasks ask whether it is still theirs: a cancellation alone can get lost, since until
    # Python 3.12 asyncio.wait_for, which bumble's requests use, swallows one that meets the very result it waits for.

    def _on_connection(self, connection: Connection) -> None:
        self._connection, self._told_us = connection, self._clock()
        self.peripheral.connect(self._told_us, connection.att_mtu)
        connection.on(Connection.EVENT_CONNECTION_ATT_MTU_UPDATE, lambda: self._on_mtu(connection))
        connection.on(Connection.EVENT_DISCONNECTION, self._on_disconnection)
        self._notifications, self._indications = asyncio.Queue(), asyncio.Queue()
        self._spawn(self._pump(connection))
        self._spawn(self._deliver(connection, self._notifications, self.device.notify_subscriber))
        self._spawn(self._deliver(connection, self._indications, self.device.indicate_subscriber))

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
            self._send(self.peripheral.tick(self._catch_up()))
        if self._connection is connection:
            await self._notifications.join()
            await self._indications.join()
            await connection.disconnect(SUPERVISION_TIMEOUT)

    def _catch_up(self) -> int:
        """Live through the connection events for which a busy machine is late, before now; returns the time now."""
        now_us = self._clock()
        step_us = max(self.peripheral.link.interval_us, (now_us - self._told_us) // _MOST_EVENTS)
        for event_us in range(self._told_us + step_us, now_us - step_us // 2, step_us):
            self._send(self.peripheral.tick(event_us))
        self._told_us = now_us
        return now_us

    def _send(self, values: Outgoing) -> None:
        """Notify or indicate, as the host chose; without a subscription nothing is sent."""
        connection = self._connection
        if connection is None:
            return
        for uuid, value in values:
            characteristic, notify, indicate = self._table.chosen(uuid, connection)
            if indicate:
                self._indications.put_nowait((characteristic, value))
            elif notify:
                self._notifications.put_nowait((characteristic, value))

    async def _deliver(self, connection: Connection, queue: _Queue, send: Callable[..., Awaitable[None]]) -> None:
        """Send one after the other; an indication is sent when it is confirmed."""
        while self._connection is connection:
            characteristic, value = await queue.get()
            await send(connection, characteristic, value)
            queue.task_done()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _cancel_tasks(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
