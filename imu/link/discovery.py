"""Finding sensors, and saying in one sentence why none can be found."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable, Iterator

from bleak import BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason, BleakError

from imu.errors import BluetoothUnavailable, SensorNotFound, SeveralSensors
from imu.link.bluez import hang_up_abandoned
from imu.link.types import Backend, Found
from imu.sensors import FAMILIES

SECOND_LOOK_S = 1.5
"""After the first sensor, how long to look for another one; sensors advertise at least once a second."""
SCAN_S = 8.0

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


async def scan(timeout_s: float = SCAN_S, backend: Backend | None = None) -> list[Found]:
    """List the sensors in range, the strongest first.

    Raises:
        BluetoothUnavailable: This machine cannot scan.
    """
    seen: dict[str, Found] = {}
    async with _scanning(seen, lambda _: None, backend):
        await asyncio.sleep(timeout_s)
    return sorted(seen.values(), key=lambda found: -found.rssi_dbm)


async def find(sensor: str | None = None, timeout_s: float = SCAN_S, backend: Backend | None = None) -> Found:
    """Find the one sensor, or the one that was named.

    Args:
        sensor: Name or address, upper or lower case; None if there should be but one.
        timeout_s: How long to look.
        backend: Instead of the platform's Bluetooth.

    Raises:
        BluetoothUnavailable: This machine cannot scan.
        SensorNotFound: None answered, or not the one named.
        SeveralSensors: None was named and more than one answered.
    """
    seen: dict[str, Found] = {}
    first = asyncio.Event()
    wanted = None if sensor is None else sensor.casefold()

    def note(found: Found) -> None:
        if wanted is None or wanted in (found.name.casefold(), found.address.casefold()):
            first.set()

    async with _scanning(seen, note, backend):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await first.wait()
            if wanted is None:
                await asyncio.sleep(min(SECOND_LOOK_S, timeout_s))
    if wanted is not None:
        return _named(wanted, seen, timeout_s)
    if len(seen) > 1:
        names = ", ".join(f"{found.name} ({found.address})" for found in seen.values())
        raise SeveralSensors(f"{len(seen)} sensors are in range: {names}; say which one with --sensor NAME.")
    if not seen:
        raise SensorNotFound(
            f"No sensor was found within {timeout_s:g} s; wake it up, bring it closer, and make sure that no other "
            "program or phone is connected to it."
        )
    return next(iter(seen.values()))


def _named(wanted: str, seen: dict[str, Found], timeout_s: float) -> Found:
    for found in seen.values():
        if wanted in (found.name.casefold(), found.address.casefold()):
            return found
    others = ", ".join(found.name for found in seen.values()) or "no sensor at all"
    raise SensorNotFound(
        f"The sensor {wanted!r} was not found within {timeout_s:g} s (in range: {others}); wake it up or bring "
        "it closer."
    )


@contextlib.asynccontextmanager
async def _scanning(
    seen: dict[str, Found], note: Callable[[Found], None], backend: Backend | None
) -> AsyncIterator[None]:
    """Scan while inside; `seen` fills with sensors of our families by address."""

    def detected(device: BLEDevice, advertised: AdvertisementData) -> None:
        name = advertised.local_name or device.name  # either may be None
        for family in FAMILIES:
            if family.service_uuid in advertised.service_uuids:
                shown = name or f"unnamed {family.name} sensor"
                seen[device.address] = Found(
                    name=shown, address=device.address, family=family, rssi_dbm=advertised.rssi, device=device
                )
                note(seen[device.address])

    service_uuids = [family.service_uuid for family in FAMILIES]
    virtual = backend.scanner if backend else None
    if virtual is None:
        await hang_up_abandoned(FAMILIES)
    with bluetooth():
        scanner = BleakScanner(detected, service_uuids, backend=virtual)
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
