"""What only BlueZ, the Bluetooth of Linux, does: a connection outlives the program that made it.

After a program was killed bluetoothd keeps its sensor connected. The sensor does not advertise then, so that no scan
finds it, and measures on for nobody until its battery is empty (BlueZ issue 89).
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Collection, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from dbus_fast.aio import MessageBus

SERVICE, DEVICE, CHARACTERISTIC = "org.bluez", "org.bluez.Device1", "org.bluez.GattCharacteristic1"
ANSWER_S = 5.0
"""BlueZ takes half of this to disconnect."""

Objects: TypeAlias = dict[str, dict[str, dict[str, Any]]]
"""All that BlueZ knows: path -> interface -> property -> value."""


async def hang_up_abandoned(service_uuids: Collection[str]) -> None:
    """Disconnect every sensor that is connected to this machine while no program listens to it.

    BlueZ forgets with a program what it listened to. A program that has connected in this very moment and does not
    listen yet is cut off as well, and has to try again. Elsewhere than on Linux, and without BlueZ, nothing happens.

    Args:
        service_uuids: What makes a device a sensor of ours.
    """
    if sys.platform != "linux":
        return
    from dbus_fast import Message  # noqa: PLC0415  (there on Linux only)
    from dbus_fast.errors import AuthError, InvalidAddressError  # noqa: PLC0415

    # what is wrong with the message bus the scan will say
    with contextlib.suppress(OSError, EOFError, AuthError, InvalidAddressError):
        async with asyncio.timeout(ANSWER_S), message_bus() as bus:
            for path in _abandoned(await known_objects(bus), service_uuids):
                await bus.call(Message(SERVICE, path, DEVICE, "Disconnect"))


@contextlib.asynccontextmanager
async def message_bus() -> AsyncIterator[MessageBus]:
    """The system's message bus, as bleak finds it."""
    from bleak.backends.bluezdbus.utils import get_dbus_authenticator  # noqa: PLC0415  (there on Linux only)
    from dbus_fast import BusType  # noqa: PLC0415
    from dbus_fast.aio import MessageBus  # noqa: PLC0415

    bus = MessageBus(bus_type=BusType.SYSTEM, auth=get_dbus_authenticator())
    await bus.connect()
    try:
        yield bus
    finally:
        bus.disconnect()
        with contextlib.suppress(OSError, EOFError):
            await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]


async def known_objects(bus: MessageBus) -> Objects:
    """All that BlueZ knows; nothing as long as it does not run."""
    from dbus_fast import Message, MessageType  # noqa: PLC0415

    reply = await bus.call(Message(SERVICE, "/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects"))
    return reply.body[0] if reply and reply.message_type is MessageType.METHOD_RETURN else {}


def _abandoned(objects: Objects, service_uuids: Collection[str]) -> Iterator[str]:
    """Paths of such devices."""
    listened_to = [path for path, has in objects.items() if _is(has.get(CHARACTERISTIC), "Notifying")]
    for path, has in objects.items():
        device = has.get(DEVICE)
        if (
            device is not None
            and _is(device, "Connected")
            and _is(device, "ServicesResolved")
            and not set(device["UUIDs"].value).isdisjoint(service_uuids)
            and not any(other.startswith(path + "/") for other in listened_to)
        ):
            yield path


def _is(properties: dict[str, Any] | None, name: str) -> bool:
    return properties is not None and name in properties and bool(properties[name].value)
