"""Finding sensors, and saying in one sentence why none can be found.

Every device in range is listened to, not only those that advertise one of our services: the names of Polar's and
Movesense's sensors fill their advertisements and leave no room for it. A scan without a filter hears them on BlueZ, on
Windows (where bleak never lets the system filter) and on macOS in a terminal that may use Bluetooth; macOS 12.0 to 12.2
alone show nothing without one (bleak issue 635).

A device says what it is in two packets, the advertisement and the answer to a scan, and either may come first or alone
(bleak's documentation of `BleakScanner`; its pull request 282). Therefore what was heard of it is added up.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from bleak import BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason, BleakError

from imu.errors import BluetoothUnavailable, SensorNotFound, SeveralSensors
from imu.link.bluez import hang_up_abandoned
from imu.link.types import NO_RSSI_DBM, Backend, Found, Seen
from imu.sensors import FAMILIES

SECOND_LOOK_S = 1.5
"""After the first sensor, how long to look for another one; sensors advertise at least once a second."""
SCAN_S = 8.0
BATTERY_SERVICE_UUID = "0000180f-0000-1000-8000-00805f9b34fb"
"""Under it a device may advertise its charge as service data: one byte, per cent, as Battery Level (0x2A19) has it."""

_ADVICE = {
    "linux": "check that bluetoothd runs (systemctl status bluetooth) and that rfkill does not block the adapter",
    "darwin": "switch Bluetooth on and allow this terminal in System Settings, Privacy & Security, Bluetooth",
    "win32": "switch Bluetooth on in Settings, Bluetooth & devices",
}
_REASONS = {
    BleakBluetoothNotAvailableReason.NO_BLUETOOTH: "this machine has no Bluetooth adapter",
    BleakBluetoothNotAvailableReason.NO_BLE_CENTRAL_ROLE: "the adapter does not speak Bluetooth Low Energy",
    BleakBluetoothNotAvailableReason.POWERED_OFF: "Bluetooth is switched off",
    BleakBluetoothNotAvailableReason.DENIED_BY_USER: "this program may not use Bluetooth",
    BleakBluetoothNotAvailableReason.DENIED_BY_SYSTEM: "this program may not use Bluetooth",
    BleakBluetoothNotAvailableReason.DENIED_BY_UNKNOWN: "this program may not use Bluetooth",
}

InRange: TypeAlias = dict[str, Seen]
"""What has been heard so far, by address; sensors of known families are `Found`."""


async def scan(
    timeout_s: float = SCAN_S, backend: Backend | None = None, watch: Callable[[Collection[Seen]], None] | None = None
) -> list[Seen]:
    """List the devices in range, the strongest first; those that can be recorded are `Found`.

    Args:
        timeout_s: How long to listen.
        backend: Instead of the platform's Bluetooth.
        watch: Told all that has been heard so far, whenever something is heard.

    Raises:
        BluetoothUnavailable: This machine cannot scan.
    """
    in_range: InRange = {}
    async with _listening(in_range, lambda _: watch and watch(in_range.values()), backend):
        await asyncio.sleep(timeout_s)
    return sorted(in_range.values(), key=lambda seen: -seen.rssi_dbm)


async def find(sensor: str | None = None, timeout_s: float = SCAN_S, backend: Backend | None = None) -> Found:
    """Find the one sensor of a known family, or the one that was named.

    Args:
        sensor: Name or address, upper or lower case; None if there should be but one.
        timeout_s: How long to look.
        backend: Instead of the platform's Bluetooth.

    Raises:
        BluetoothUnavailable: This machine cannot scan.
        SensorNotFound: None answered, or not the one named, or that one is of no family that is known.
        SeveralSensors: None was named and more than one answered, or several have the name.
    """
    in_range: InRange = {}
    first = asyncio.Event()

    def note(seen: Seen) -> None:
        if isinstance(seen, Found) and (sensor is None or _is(seen, sensor)):
            first.set()

    async with _listening(in_range, note, backend):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await first.wait()
            if sensor is None:
                await asyncio.sleep(min(SECOND_LOOK_S, timeout_s))
    return _only(in_range, timeout_s) if sensor is None else _named(sensor, in_range, timeout_s)


def _only(in_range: InRange, timeout_s: float) -> Found:
    found = [seen for seen in in_range.values() if isinstance(seen, Found)]
    if len(found) > 1:
        raise SeveralSensors(f"{len(found)} sensors are in range: {_list(found)}; say which one with --sensor NAME.")
    if not found:
        heard = f"other devices heard: {len(in_range)}" if in_range else "nothing else was heard either"
        raise SensorNotFound(
            f"No sensor was found within {timeout_s:g} s ({heard}); wake it up, bring it closer, and make sure that no "
            "other program or phone is connected to it."
        )
    return found[0]


def _named(sensor: str, in_range: InRange, timeout_s: float) -> Found:
    named = [seen for seen in in_range.values() if _is(seen, sensor)]
    found = [seen for seen in named if isinstance(seen, Found)]
    if len(found) > 1:
        raise SeveralSensors(
            f"{len(found)} sensors are called so: {_list(found)}; say which one with --sensor ADDRESS."
        )
    if found:
        return found[0]
    if named:
        kinds = ", ".join(family.title for family in FAMILIES)
        raise SensorNotFound(
            f"{sensor} was seen, but it is of no kind that is known here; known are: {kinds}. What another program "
            "recorded with it can be read with imu import."
        )
    others = _list([seen for seen in in_range.values() if isinstance(seen, Found)]) or "no sensor at all"
    raise SensorNotFound(
        f"The sensor {sensor!r} was not found within {timeout_s:g} s (in range: {others}); wake it up or bring it "
        "closer, and make sure that no other program or phone is connected to it."
    )


def _is(seen: Seen, sensor: str) -> bool:
    return sensor.casefold() in ((seen.name or "").casefold(), seen.address.casefold())


def _list(found: Collection[Found]) -> str:
    return ", ".join(f"{one.name} ({one.family.title}, {one.address})" for one in found)


@dataclass(slots=True)
class _Heard:
    """All that one device has said of itself so far."""

    name: str | None = None
    service_uuids: set[str] = field(default_factory=set)
    rssi_dbm: int = NO_RSSI_DBM
    battery_pct: int | None = None

    def add(self, device: BLEDevice, advertised: AdvertisementData) -> Seen:
        """Take what it says now; gives what is known of it."""
        self.name = _readable(advertised.local_name) or _readable(device.name) or self.name
        self.service_uuids.update(advertised.service_uuids)
        if advertised.rssi != NO_RSSI_DBM:
            self.rssi_dbm = advertised.rssi
        charge = advertised.service_data.get(BATTERY_SERVICE_UUID, b"")
        if len(charge) == 1 and charge[0] <= 100:
            self.battery_pct = charge[0]
        for family in FAMILIES:
            if family.recognises(self.name, self.service_uuids):
                return Found(
                    name=self.name or f"unnamed {family.name} sensor",
                    address=device.address,
                    rssi_dbm=self.rssi_dbm,
                    battery_pct=self.battery_pct,
                    family=family,
                    device=device,
                )
        return Seen(name=self.name, address=device.address, rssi_dbm=self.rssi_dbm, battery_pct=self.battery_pct)


def _readable(name: str | None) -> str:
    """A name without what is not to be seen: sensors fill it up with zeros, and anybody may advertise anything."""
    return "".join(filter(str.isprintable, name or "")).strip()


@contextlib.asynccontextmanager
async def _listening(in_range: InRange, note: Callable[[Seen], object], backend: Backend | None) -> AsyncIterator[None]:
    """Scan while inside: `in_range` fills, and `note` is told of each device whenever it is heard."""
    heard: dict[str, _Heard] = {}

    def detected(device: BLEDevice, advertised: AdvertisementData) -> None:
        seen = heard.setdefault(device.address, _Heard()).add(device, advertised)
        in_range[device.address] = seen
        note(seen)

    virtual = backend.scanner if backend else None
    if virtual is None:
        await hang_up_abandoned(FAMILIES)
    with bluetooth():
        scanner = BleakScanner(detected, backend=virtual)
        await scanner.start()
    try:
        yield
    finally:
        with contextlib.suppress(BleakError, OSError, EOFError):
            await scanner.stop()


@contextlib.contextmanager
def bluetooth() -> Iterator[None]:
    """Say why the machine's Bluetooth cannot be used.

    Raises:
        BluetoothUnavailable: Anything inside the block failed for that reason.
    """
    try:
        yield
    except BleakBluetoothNotAvailableError as error:
        why = _REASONS.get(error.reason, "this machine's Bluetooth does not answer")
        raise BluetoothUnavailable(_unavailable(why)) from error
    except (BleakError, OSError, EOFError) as error:  # without a message bus bleak lets the socket's own error through
        raise BluetoothUnavailable(_unavailable(f"this machine's Bluetooth does not answer ({error})")) from error


def _unavailable(why: str) -> str:
    advice = _ADVICE.get(sys.platform, "switch Bluetooth on")
    return f"No sensor can be looked for: {why}; {advice}, or try imu demo, which needs no radio."
