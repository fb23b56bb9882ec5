"""Virtual sensors on a complete Bluetooth LE stack in this process: no radio, no driver, the real ATT and GATT.

Each peripheral is served by bumble on a virtual controller of its own (`virtual_peripheral`); one more controller is
this machine's adapter, and `Air.scanner_backend` and `Air.client_backend` let bleak use it (`virtual_host`):
`BleakScanner(backend=...)`, `BleakClient(device, backend=...)`. What is not real: radio time, and the supervision
timeout, which `Air.drop` stands in for. The adapter may also belong to another host that is reached over HCI, an
operating system's kernel for example: then bleak needs no backend.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeAlias, TypeVar

from bleak.backends.client import BaseBleakClient
from bleak.backends.scanner import BaseBleakScanner
from bumble import hci
from bumble.device import Device, DeviceConfiguration
from bumble.link import LocalLink
from bumble.transport import open_transport

from firmware_proto.virtual_controller import MAX_MTU, VirtualController, VirtualLink
from firmware_proto.virtual_gatt import VirtualPeripheral
from firmware_proto.virtual_host import backends
from firmware_proto.virtual_peripheral import SUPERVISION_TIMEOUT, ServedPeripheral

Kind = TypeVar("Kind", bound=VirtualPeripheral)


@dataclass(frozen=True, kw_only=True)
class Air(Generic[Kind]):
    """Virtual sensors in range of a virtual adapter.

    Attributes:
        scanner_backend, client_backend: For bleak's `backend=` arguments; None where the host is an operating system.
        sensors: What is in the air, in the order given.
        clock: Simulated time of the sensors in microseconds.
        speed: How much faster than the wall clock it runs.
    """

    scanner_backend: type[BaseBleakScanner] | None
    client_backend: type[BaseBleakClient] | None
    sensors: tuple[Kind, ...]
    clock: Callable[[], int]
    speed: float
    _peripherals: tuple[ServedPeripheral, ...]
    _adapter: VirtualController

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
    sensors: Sequence[Kind], *, speed: float = 1.0, mtu: int = MAX_MTU, host: str | None = None
) -> AsyncIterator[Air[Kind]]:
    """Put sensors in the air.

    Args:
        sensors: Each is served as a peripheral of its own name.
        speed: How much faster than the wall clock the sensors' time runs.
        mtu: Largest ATT_MTU that any of them agrees to; one whose `max_mtu` is less agrees to that.
        host: HCI of a host elsewhere, whose adapter this air gives, in bumble's notation (`tcp-client:HOST:PORT`);
            None for a host in this process.

    Yields:
        The air; all of it is gone when the context ends.
    """
    loop = asyncio.get_running_loop()
    begin_s = loop.time()

    def clock() -> int:
        return int((loop.time() - begin_s) * 1e6 * speed)

    link = VirtualLink()
    peripherals = tuple(
        ServedPeripheral(sensor, link, number, clock, speed) for number, sensor in enumerate(sensors, 1)
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
                speed=speed,
                _peripherals=peripherals,
                _adapter=controller,
            )
            for number, peripheral in enumerate(peripherals):
                peripheral.lose_link = partial(air.drop, number)
            deaf = {peripheral.address: peripheral.peripheral.faults for peripheral in peripherals}
            controller.is_deaf = lambda address: address in deaf and deaf[address].deaf
            yield air
        finally:
            await _clear(controller, peripherals)


_numbers = itertools.count()


def _adapter_address(kind: hci.AddressType) -> hci.Address:
    """One that no adapter had before, for hosts that remember whom they met."""
    number = next(_numbers)
    return hci.Address(f"F1:B5:00:00:{number >> 8 & 0xFF:02X}:{number & 0xFF:02X}", kind)


_Host: TypeAlias = tuple[VirtualController, type[BaseBleakScanner] | None, type[BaseBleakClient] | None]


@contextlib.asynccontextmanager
async def _host_here(link: LocalLink) -> AsyncIterator[_Host]:
    """A host in this process, and bleak's backends on it."""
    controller = VirtualController("adapter", link)
    config = DeviceConfiguration(name="adapter", address=_adapter_address(hci.Address.RANDOM_DEVICE_ADDRESS))
    adapter = Device.from_config_with_hci(config, controller, controller)
    await adapter.power_on()
    try:
        yield controller, *backends(adapter)
    finally:
        if adapter.is_scanning:
            await adapter.stop_scanning()
        await adapter.power_off()


@contextlib.asynccontextmanager
async def _host_elsewhere(link: LocalLink, host: str) -> AsyncIterator[_Host]:
    """A host that is reached over HCI; it has its adapter for as long as this lasts."""
    async with await open_transport(host) as hci_of_host:
        controller = VirtualController(
            "adapter",
            link,
            host_source=hci_of_host.source,
            host_sink=hci_of_host.sink,
            public_address=_adapter_address(hci.Address.PUBLIC_DEVICE_ADDRESS),
        )
        yield controller, None, None


async def _clear(controller: VirtualController, peripherals: Sequence[ServedPeripheral]) -> None:
    """Hang up, fall silent, and leave no task behind."""
    controller.lose_link(None, SUPERVISION_TIMEOUT)
    for peripheral in peripherals:
        peripheral.controller.lose_link(None, SUPERVISION_TIMEOUT)
    await asyncio.sleep(0)
    for peripheral in peripherals:
        await peripheral.stop()
