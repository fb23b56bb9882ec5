"""The firmware's behaviour as an object without I/O: requests in, answers and notifications out.

Strategy: time comes only through `now_us` arguments (any clock that does not run backwards), so a test can live through
an hour in a blink. Whoever has a radio serves it as a `VirtualPeripheral`; without one `handle` answers a control
request, `frames` gives the data notifications that a link of the given speed would have carried by now, `status_due`
the status ones. What a radio does to the device is said by `connect`, `disconnect`, `mtu` and `subscribe`. Each session
plays the recording from its beginning.
"""

from __future__ import annotations

from collections.abc import Callable

from firmware_proto import wire
from firmware_proto.virtual_control import VirtualControl
from firmware_proto.virtual_faults import Faults
from firmware_proto.virtual_gatt import (
    Advertised,
    AttRefused,
    GattCharacteristic,
    GattService,
    Link,
    Outgoing,
)

__all__ = ["Faults", "Link", "VirtualSensor"]

CCCD_IMPROPERLY_CONFIGURED = 0xFD
"""ATT error of a request whose answer nobody would hear (Supplement to the Bluetooth Core Specification 11, Part B)."""
READ_NOT_PERMITTED = 0x02


class VirtualSensor(VirtualControl):
    """One sensor as a peripheral. The arguments are those of `VirtualDevice`."""

    _answering = False
    _battery_seen: bytes | None = None

    @property
    def max_mtu(self) -> int:
        """The largest ATT_MTU it agrees to."""
        return wire.MAX_MTU

    @property
    def advertised(self) -> Advertised:
        """What a scan finds."""
        return Advertised(name=self.name, service_uuids=(wire.SERVICE_UUID,))

    @property
    def services(self) -> tuple[GattService, ...]:
        """What a discovery finds."""
        ours = (
            _characteristic(wire.INFO_UUID, "read"),
            _characteristic(wire.CONTROL_UUID, "write", "indicate"),
            _characteristic(wire.DATA_UUID, "notify"),
            _characteristic(wire.STATUS_UUID, "read", "notify"),
        )
        battery = (_characteristic(wire.BATTERY_LEVEL_UUID, "read", "notify"),)
        about = (wire.MANUFACTURER_UUID, wire.MODEL_UUID, wire.SERIAL_UUID, wire.FIRMWARE_UUID)
        return (
            GattService(uuid=wire.SERVICE_UUID, characteristics=ours),
            GattService(uuid=wire.BATTERY_SERVICE_UUID, characteristics=battery),
            GattService(
                uuid=wire.DEVICE_INFORMATION_UUID,
                characteristics=tuple(_characteristic(uuid, "read") for uuid in about),
            ),
        )

    def disconnect(self, now_us: int) -> None:
        """The link is gone, and with it who heard the answers; for the rest see `VirtualDevice`."""
        super().disconnect(now_us)
        self._answering = False

    def subscribe(self, uuid: str, on: bool, now_us: int) -> None:
        """A host switched notifications or indications of a characteristic on or off."""
        if uuid == wire.DATA_UUID:
            self.subscribed = on
        elif uuid == wire.CONTROL_UUID:
            self._answering = on

    def read(self, uuid: str, now_us: int) -> bytes:
        """The value of a characteristic.

        Raises:
            AttRefused: It cannot be read.
        """
        values: dict[str, Callable[[], bytes]] = {
            wire.INFO_UUID: lambda: self.info().pack(),
            wire.STATUS_UUID: lambda: self.status(now_us).pack(),
            wire.BATTERY_LEVEL_UUID: lambda: self._battery_level(now_us),
            wire.MANUFACTURER_UUID: lambda: b"virtual",
            wire.MODEL_UUID: self.model.encode,
            wire.SERIAL_UUID: self.serial.encode,
            wire.FIRMWARE_UUID: self.firmware.encode,
        }
        if uuid not in values:
            raise AttRefused(READ_NOT_PERMITTED)
        return values[uuid]()

    def write(self, uuid: str, data: bytes, now_us: int) -> Outgoing:
        """Take a control request; its answer leaves at once.

        Raises:
            AttRefused: Nobody would hear the answer.
        """
        if not self._answering:
            raise AttRefused(CCCD_IMPROPERLY_CONFIGURED)
        answer = self.handle(data, now_us)
        return [] if self.faults.loses_answer() else [(wire.CONTROL_UUID, answer)]

    def tick(self, now_us: int) -> Outgoing:
        """Frames that arrived since the last call, then status and battery level where they are due."""
        due = [(wire.DATA_UUID, frame) for frame in self.frames(now_us)]
        status, level = self.status_due(now_us), self._battery_level(now_us)
        if status is not None:
            due.append((wire.STATUS_UUID, status))
        if level != self._battery_seen:
            self._battery_seen = level
            due.append((wire.BATTERY_LEVEL_UUID, level))
        return due

    def _battery_level(self, now_us: int) -> bytes:
        return bytes((round(self.charge_pct(now_us)),))


def _characteristic(uuid: str, *properties: str) -> GattCharacteristic:
    return GattCharacteristic(uuid=uuid, properties=frozenset(properties))
