"""What only BlueZ, the Bluetooth of Linux, does: a connection outlives the program that made it.

After a program was killed bluetoothd keeps its sensor connected. The sensor does not advertise then, so that no scan
finds it, and measures on for nobody until its battery is empty (BlueZ issue 89).
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

from imu.sensors import Family

if TYPE_CHECKING:
    from dbus_fast.aio import MessageBus

SERVICE, DEVICE, CHARACTERISTIC = "org.bluez", "org.bluez.Device1", "org.bluez.GattCharacteristic1"
ANSWER_S = 5.0
"""BlueZ takes half of this to disconnect."""
SECOND_LOOK_S = 2.0
"""A program that has just connected listens after that."""
IN_USE = ("Notifying", "NotifyAcquired", "WriteAcquired")
"""Of a characteristic that a program uses. BlueZ forgets with a program what that one used."""

Objects: TypeAlias = dict[str, dict[str, dict[str, Any]]]
"""All that BlueZ knows: path -> interface -> property -> value."""


async def hang_up_abandoned(families: Iterable[Family]) -> None:
    """Disconnect every sensor that is connected to this machine while no program listens to it.

    A sensor of which any characteristic is in use, also one that means nothing to us, is another program's and is left
    alone; and so is one that is not seen idle twice, `SECOND_LOOK_S` apart. Elsewhere than on Linux, and without
    BlueZ, nothing happens.

    Args:
        families: The sensors that may be disconnected.
    """
    if sys.platform != "linux":
        return
    from dbus_fast import Message  # noqa: PLC0415  (there on Linux only)
    from dbus_fast.errors import AuthError, InvalidAddressError  # noqa: PLC0415

    # what is wrong with the message bus the scan will say
    with contextlib.suppress(OSError, EOFError, AuthError, InvalidAddressError):
        async with asyncio.timeout(SECOND_LOOK_S + ANSWER_S), message_bus() as bus:
            paths = abandoned(await known_objects(bus), families)
            if paths:
                await asyncio.sleep(SECOND_LOOK_S)
                paths &= abandoned(await known_objects(bus), families)
            for path in paths:
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


def abandoned(objects: Objects, families: Iterable[Family]) -> set[str]:
    """Paths of the sensors that are connected, and of which nothing is in use."""
    used = [path for path, has in objects.items() if any(_is(has.get(CHARACTERISTIC), name) for name in IN_USE)]
    return {
        path
        for path, has in objects.items()
        if _is(has.get(DEVICE), "Connected")
        and _is(has.get(DEVICE), "ServicesResolved")
        and any(_is_one_of(has[DEVICE], family) for family in families)
        and not any(other.startswith(path + "/") for other in used)
    }


def _is_one_of(device: dict[str, Any], family: Family) -> bool:
    """Whether it is such a sensor; a watch that has the same service under another name is none."""
    name, uuids = (device[key].value if key in device else () for key in ("Name", "UUIDs"))
    return family.service_uuid in uuids and family.recognises(name or None, uuids)


def _is(properties: dict[str, Any] | None, name: str) -> bool:
    return properties is not None and name in properties and bool(properties[name].value)
