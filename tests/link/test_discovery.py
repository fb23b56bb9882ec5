"""Finding sensors: none, one, two, the one that was named; and machines without Bluetooth."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import numpy as np
import pytest
from bleak.backends.scanner import AdvertisementData, AdvertisementDataCallback, BaseBleakScanner
from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason, BleakError
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_proto import wire
from firmware_proto.twins.polar import H10Twin, VerityTwin
from firmware_proto.virtual_radio import Air
from firmware_proto.virtual_sensor import VirtualSensor
from firmware_proto.virtual_source import Motion
from imu.errors import BluetoothUnavailable, SensorNotFound, SeveralSensors
from imu.link import NO_RSSI_DBM, Backend, Found, Seen, SensorLink, discovery, find, scan
from imu.link.discovery import BATTERY_SERVICE_UUID
from imu.sensors import Family
from imu.sensors.native import NATIVE

InAir = Callable[..., AbstractAsyncContextManager[tuple[Air, Backend]]]
MakeSensor = Callable[..., VirtualSensor]


async def test_nobody_there(in_air: InAir) -> None:
    async with in_air() as (_, backend):
        assert await scan(0.3, backend) == []
        with pytest.raises(SensorNotFound, match=r"within 0\.3 s \(nothing else .*\); wake it up"):
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
        of_which = rf"2 sensors are in range: {one.name} \(Our own sensor, {air.address(0)}\), .*--sensor NAME"
        with pytest.raises(SeveralSensors, match=of_which):
            await find(None, 5.0, backend)
        assert (await find(two.name.lower(), 5.0, backend)).name == two.name
        assert (await find(air.address(0).lower(), 5.0, backend)).name == one.name
        with pytest.raises(SensorNotFound, match=rf"'BX-none' was not found within 0.5 s .in range: .*{one.name}"):
            await find("BX-none", 0.5, backend)


async def test_sensors_that_do_not_advertise_their_service_are_found(in_air: InAir, make_sensor: MakeSensor) -> None:
    still = Motion(np.tile((0.0, 1.0, 0.0), (10, 1)), np.zeros((10, 3)), 52.0)
    async with in_air(H10Twin(still), VerityTwin(still), make_sensor()) as (air, backend):
        seen = {one.address: one.family.name for one in await scan(1.5, backend) if isinstance(one, Found)}
        assert seen == {air.address(0): "polar-h10", air.address(1): "verity", air.address(2): "native"}
        found = await find(air.sensors[0].advertised.name.upper(), 5.0, backend)
        assert (found.family.name, found.name[:10]) == ("polar-h10", "Polar H10 ")


async def test_a_sensor_that_somebody_listens_to_is_left_alone(in_air: InAir, make_sensor: MakeSensor) -> None:
    one = make_sensor()
    async with in_air(one) as (_, backend):
        async with SensorLink(await find(one.name, 5.0, backend), backend=backend) as link:
            with pytest.raises(SensorNotFound):
                await find(None, 1.0, backend)
            assert one.connected
        assert link.health.reconnects == 0


def advertised(
    name: str | None = None, *, services: tuple[str, ...] = (), rssi: int = -60, charge: bytes | None = None
) -> AdvertisementData:
    """What a packet says."""
    battery = {} if charge is None else {BATTERY_SERVICE_UUID: charge}
    return AdvertisementData(name, {}, battery, list(services), None, rssi, ())


def heard(*packets: tuple[str, AdvertisementData]) -> Backend:
    """A machine whose Bluetooth hears these packets, each from its address, and then nothing more."""

    class Scripted(BaseBleakScanner):
        def __init__(self, callback: AdvertisementDataCallback, uuids: None, *_: object, **__: object) -> None:
            super().__init__(callback, uuids)

        async def start(self) -> None:
            for address, packet in packets:
                device = self.create_or_update_device(address, address, packet.local_name, None, packet)
                self.call_detection_callbacks(device, packet)

        async def stop(self) -> None:
            """There is nothing to stop."""

    return Backend(scanner=Scripted)


BY_NAME = Family(
    name="by-name",
    title="Known By Name",
    service_uuid="34802252-7185-4d5d-b431-630e7050e8f0",
    advertised=False,
    name_prefixes=("Known ",),
    dialogue=NATIVE.dialogue,
    abilities=NATIVE.abilities,
)


@pytest.fixture
def by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A family that does not advertise its service."""
    monkeypatch.setattr(discovery, "FAMILIES", (NATIVE, BY_NAME))


@pytest.mark.usefixtures("by_name")
async def test_a_sensor_without_its_service_is_known_as_soon_as_its_name_is_there() -> None:
    first, then = ("A", advertised(rssi=-70, charge=b"\x50")), ("A", advertised("Known 17", rssi=-64))
    (nameless,) = await scan(0.0, heard(first))
    assert (nameless, isinstance(nameless, Found)) == (
        Seen(name=None, address="A", rssi_dbm=-70, battery_pct=80),
        False,
    )
    found = await find(None, 0.1, heard(first, then, ("B", advertised("Known? no"))))
    assert (found.name, found.family.name, found.rssi_dbm, found.battery_pct) == ("Known 17", "by-name", -64, 80)


async def test_either_packet_may_come_alone_and_the_signal_is_the_latest() -> None:
    services = ("A", advertised(services=(wire.SERVICE_UUID,), rssi=-50))
    name, untold = ("A", advertised("BX-1", rssi=-90)), ("A", advertised(rssi=NO_RSSI_DBM))
    for packets in ((services, name, untold), (name, services, name), (services, services, name)):
        found = await find("bx-1", 0.1, heard(*packets))
        assert (found.name, found.family.name, found.rssi_dbm) == ("BX-1", "native", -90)
    assert (await find("A", 0.1, heard(services))).name == "unnamed native sensor"
    assert (await scan(0.0, heard(("A", advertised(rssi=NO_RSSI_DBM)))))[0].rssi_dbm == NO_RSSI_DBM


@pytest.mark.usefixtures("by_name")
async def test_a_named_sensor_of_no_known_kind_is_said_to_have_been_seen() -> None:
    band, known = ("A", advertised("Band 6")), ("B", advertised("Known 1"))
    with pytest.raises(SensorNotFound, match=r"Band 6 was seen, .* known are: Our own sensor, Known By Name\."):
        await find("Band 6", 0.1, heard(band, known))
    with pytest.raises(SensorNotFound, match=r"'Band 7' was not found .*in range: Known 1 \(Known By Name, B\)"):
        await find("Band 7", 0.1, heard(band, known))
    with pytest.raises(SensorNotFound, match=r"\(other devices heard: 1\)"):
        await find(None, 0.1, heard(band))


@pytest.mark.usefixtures("by_name")
async def test_of_two_with_one_name_the_address_chooses() -> None:
    both = heard(("A", advertised("Known 1")), ("B", advertised("Known 1")))
    with pytest.raises(SeveralSensors, match=r"Known 1 \(Known By Name, A\), .* B\); .*--sensor ADDRESS"):
        await find("Known 1", 0.1, both)
    assert (await find("b", 0.1, both)).address == "B"


@pytest.mark.usefixtures("by_name")
async def test_a_name_is_what_can_be_read_of_it() -> None:
    air = heard(("A", advertised("Known 1\0\0")), ("B", advertised("\x1b[31mred\n")), ("C", advertised("\0")))
    assert {one.address: one.name for one in await scan(0.0, air)} == {"A": "Known 1", "B": "[31mred", "C": None}
    assert (await find("known 1", 0.1, air)).address == "A"


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from("AB"), st.binary(max_size=3), st.none() | st.text(max_size=4))))
def test_whatever_is_advertised_a_charge_is_a_share_and_every_address_is_listed_once(
    packets: list[tuple[str, bytes, str | None]],
) -> None:
    air = heard(*((address, advertised(name, charge=charge)) for address, charge, name in packets))
    seen = asyncio.run(scan(0.0, air))
    assert sorted(one.address for one in seen) == sorted({address for address, _, _ in packets})
    assert all(one.battery_pct is None or 0 <= one.battery_pct <= 100 for one in seen)


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
