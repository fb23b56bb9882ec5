"""Finding sensors: none, one, two, the one that was named; and machines without Bluetooth."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from bleak.backends.scanner import BaseBleakScanner
from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason, BleakError

from firmware_proto.virtual_radio import Air
from firmware_proto.virtual_sensor import VirtualSensor
from imu.errors import BluetoothUnavailable, SensorNotFound, SeveralSensors
from imu.link import Backend, SensorLink, find, scan

InAir = Callable[..., AbstractAsyncContextManager[tuple[Air, Backend]]]
MakeSensor = Callable[..., VirtualSensor]


async def test_nobody_there(in_air: InAir) -> None:
    async with in_air() as (_, backend):
        assert await scan(0.3, backend) == []
        with pytest.raises(SensorNotFound, match=r"No sensor was found within 0\.3 s; wake it up"):
            await find(None, 0.3, backend)


async def test_the_only_one_is_found_without_a_name(in_air: InAir, make_sensor: MakeSensor) -> None:
    one = make_sensor()
    async with in_air(one) as (air, backend):
        found = await find(None, 5.0, backend)
        assert (found.name, found.address, found.family.name) == (one.name, air.address(0), "native")


async def test_of_two_one_must_be_named(in_air: InAir, make_sensor: MakeSensor) -> None:
    one, two = make_sensor(), make_sensor()
    async with in_air(one, two) as (air, backend):
        assert {found.name for found in await scan(1.0, backend)} == {one.name, two.name}
        with pytest.raises(SeveralSensors, match=r"2 sensors are in range: .*--sensor NAME"):
            await find(None, 5.0, backend)
        assert (await find(two.name.lower(), 5.0, backend)).name == two.name
        assert (await find(air.address(0).lower(), 5.0, backend)).name == one.name
        with pytest.raises(SensorNotFound, match=rf"'bx-none' was not found within 0.5 s .in range: .*{one.name}"):
            await find("BX-none", 0.5, backend)


async def test_a_sensor_that_somebody_listens_to_is_left_alone(in_air: InAir, make_sensor: MakeSensor) -> None:
    one = make_sensor()
    async with in_air(one) as (_, backend):
        async with SensorLink(await find(one.name, 5.0, backend), backend=backend) as link:
            with pytest.raises(SensorNotFound):
                await find(None, 1.0, backend)
            assert one.connected
        assert link.health.reconnects == 0


def failing(error: Exception) -> Backend:
    """A machine whose Bluetooth answers a scan with this error."""

    class Broken(BaseBleakScanner):
        def __init__(self, detection_callback: object, service_uuids: object, *_: object, **__: object) -> None:
            super().__init__(None, None)

        async def start(self) -> None:
            raise error

        async def stop(self) -> None:
            raise BleakError("not started")

    return Backend(scanner=Broken)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            BleakBluetoothNotAvailableError("x", BleakBluetoothNotAvailableReason.POWERED_OFF),
            "Bluetooth is switched off",
        ),
        (
            BleakBluetoothNotAvailableError("x", BleakBluetoothNotAvailableReason.NO_BLUETOOTH),
            "has no Bluetooth adapter",
        ),
        (
            BleakBluetoothNotAvailableError("x", BleakBluetoothNotAvailableReason.DENIED_BY_USER),
            "may not use Bluetooth",
        ),
        (BleakError("org.bluez is not there"), r"does not answer \(org\.bluez is not there\)"),
        (FileNotFoundError(2, "No such file or directory"), "does not answer"),
    ],
)
async def test_no_bluetooth_is_said_in_words_with_a_way_out(error: Exception, words: str) -> None:
    with pytest.raises(BluetoothUnavailable, match=words) as caught:
        await scan(0.1, failing(error))
    assert "imu demo" in str(caught.value)


def test_importing_the_link_does_not_load_bleak() -> None:
    code = "import sys, imu.link, imu.sensors; assert not {'bleak', 'bumble', 'pandas', 'scipy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
