"""A peripheral of any kind through the real bleak API, in virtual time: what `virtual_gatt` promises, a host meets."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakError, BleakGATTProtocolError

from firmware_proto.virtual_gatt import (
    Advertised,
    AttRefused,
    Faults,
    GattCharacteristic,
    GattService,
    Link,
    Outgoing,
)
from firmware_proto.virtual_radio import Air, virtual_air
from firmware_proto.virtual_time import run_virtual

SERVICE = "0f000000-1111-2222-3333-444455556666"
STATE, CONTROL, DATA, SECRET = (f"0f00000{n}-1111-2222-3333-444455556666" for n in range(1, 5))
HEART_RATE = "0000180d-0000-1000-8000-00805f9b34fb"
ODD, INSUFFICIENT_AUTHENTICATION, NOT_PERMITTED, UNLIKELY = 0x80, 0x05, 0x03, 0x0E


class Toy:
    """Counts on `DATA`, ten times a second; answers on `CONTROL` each byte written to it; keeps a secret."""

    def __init__(self, max_mtu: int = 100, **said: Any) -> None:
        self.link, self.faults = Link(), Faults()
        self.max_mtu, self.mtu, self.link_lost = max_mtu, 23, False
        self.advertised = Advertised(**{"name": "Toy", "service_uuids": (SERVICE,), **said})
        self.services = (
            GattService(
                uuid=SERVICE,
                characteristics=(
                    GattCharacteristic(uuid=STATE, properties=frozenset({"read", "write-without-response"})),
                    GattCharacteristic(uuid=CONTROL, properties=frozenset({"write", "indicate"})),
                    GattCharacteristic(uuid=DATA, properties=frozenset({"notify"})),
                    GattCharacteristic(
                        uuid=SECRET, properties=frozenset({"read", "write", "notify"}), needs_pairing=True
                    ),
                ),
            ),
            GattService(uuid=HEART_RATE, characteristics=()),
        )
        self.said: list[tuple[Any, ...]] = []
        self.value = b"at first"
        self.sent = 0

    def connect(self, now_us: int, mtu: int) -> None:
        self.mtu = mtu
        self.said.append(("connect", mtu))

    def disconnect(self, now_us: int) -> None:
        self.said.append(("disconnect",))

    def subscribe(self, uuid: str, on: bool, now_us: int) -> None:
        self.said.append(("subscribe", uuid, on))
        if uuid == DATA and self.value == b"closed":
            raise AttRefused(ODD)

    def read(self, uuid: str, now_us: int) -> bytes:
        if self.value == b"broken":
            raise KeyError("a mistake")
        if self.value == b"closed":
            raise AttRefused(ODD)
        return self.value

    def write(self, uuid: str, data: bytes, now_us: int) -> Outgoing:
        if uuid == CONTROL and not data:
            raise AttRefused(ODD + 1)
        if uuid != CONTROL:
            self.value = data
        return [(uuid, bytes((byte,))) for byte in data]

    def tick(self, now_us: int) -> Outgoing:
        first, self.sent = self.sent, now_us // 100_000
        return [(DATA, number.to_bytes(4, "little")) for number in range(first, self.sent)]


async def found(air: Air[Toy]) -> BLEDevice:
    device = await BleakScanner.find_device_by_name("Toy", 5.0, backend=air.scanner_backend)
    assert device is not None
    return device


def connected(play: Callable[[Toy, Air[Toy], BleakClient], Coroutine[Any, Any, None]], **options: Any) -> Toy:
    """Play a scene with a host that is connected, in virtual time."""
    toy = Toy(**options)

    async def whole() -> None:
        async with virtual_air([toy]) as air, BleakClient(await found(air), backend=air.client_backend) as client:
            await play(toy, air, client)

    run_virtual(whole())
    return toy


# Advertising.


def heard(toy: Toy, scanning_mode: str) -> AdvertisementData:
    async def whole() -> AdvertisementData:
        async with virtual_air([toy]) as air:
            scan = await BleakScanner.discover(
                1.0, return_adv=True, scanning_mode=scanning_mode, backend=air.scanner_backend
            )
            ((_, advertised),) = scan.values()
            return advertised

    return run_virtual(whole())


LONG = {
    "name": "A name of 24 characters.",
    "service_uuids": (HEART_RATE, SERVICE),
    "manufacturer_data": ((107, b"ab"),),
}


def test_an_active_scan_hears_what_did_not_fit_the_advertisement() -> None:
    advertised = heard(Toy(**LONG), "active")
    assert advertised.local_name == "A name of 24 characters."
    assert advertised.service_uuids == [HEART_RATE, SERVICE]
    assert advertised.manufacturer_data == {107: b"ab"}


def test_a_passive_scan_hears_the_advertisement_alone() -> None:
    advertised = heard(Toy(**LONG), "passive")
    assert advertised.local_name is None
    assert advertised.service_uuids == [HEART_RATE, SERVICE]
    assert advertised.manufacturer_data == {107: b"ab"}


# Reading and writing.


def test_services_are_found_with_their_properties() -> None:
    async def play(toy: Toy, air: Air[Toy], client: BleakClient) -> None:
        assert [service.uuid for service in client.services if service.uuid > "00002"] == [SERVICE]
        assert client.services.get_service(HEART_RATE) is not None
        seen = {part.uuid: set(part.properties) for part in client.services.get_service(SERVICE).characteristics}
        assert seen == {part.uuid: set(part.properties) for part in toy.services[0].characteristics}

    connected(play)


def test_values_are_read_and_written_with_and_without_response() -> None:
    async def play(toy: Toy, air: Air[Toy], client: BleakClient) -> None:
        assert await client.read_gatt_char(STATE) == b"at first"
        await client.write_gatt_char(STATE, b"later", response=False)
        await asyncio.sleep(0.1)
        assert await client.read_gatt_char(STATE) == b"later"

    connected(play)


@pytest.mark.parametrize(
    ("value", "ask", "code"),
    [
        (b"closed", lambda client: client.read_gatt_char(STATE), ODD),
        (b"closed", lambda client: client.start_notify(DATA, print), ODD),
        (b"", lambda client: client.write_gatt_char(CONTROL, b"", response=True), ODD + 1),
        (b"", lambda client: client.write_gatt_char(STATE, b"x", response=True), NOT_PERMITTED),
        (b"", lambda client: client.write_gatt_char(DATA, b"x", response=True), NOT_PERMITTED),
        (b"", lambda client: client.read_gatt_char(DATA), 0x02),
        (b"broken", lambda client: client.read_gatt_char(STATE), UNLIKELY),
    ],
    ids=["read", "subscribe", "write", "response not offered", "not writable", "not readable", "a mistake"],
)
def test_what_the_peripheral_refuses_is_an_att_error_with_its_code(value: bytes, ask: Any, code: int) -> None:
    async def play(toy: Toy, air: Air[Toy], client: BleakClient) -> None:
        toy.value = value
        with pytest.raises(BleakGATTProtocolError) as refused:
            await ask(client)
        assert refused.value.code == code
        toy.value = b"open"
        assert await client.read_gatt_char(STATE) == b"open"

    connected(play)


def test_a_command_that_is_not_offered_is_not_taken() -> None:
    async def play(toy: Toy, air: Air[Toy], client: BleakClient) -> None:
        answers: list[bytes] = []
        await client.start_notify(CONTROL, lambda _, data: answers.append(bytes(data)))
        await client.write_gatt_char(CONTROL, b"1", response=False)
        await client.write_gatt_char(CONTROL, b"2", response=True)
        await asyncio.sleep(1.0)
        assert answers == [b"2"]

    connected(play)


# Notifications and indications.


def test_while_an_indication_waits_for_its_confirmation_notifications_flow() -> None:
    async def play(toy: Toy, air: Air[Toy], client: BleakClient) -> None:
        heard: list[tuple[str, bytes]] = []
        for uuid in (CONTROL, DATA):
            await client.start_notify(uuid, lambda part, data: heard.append((part.uuid, bytes(data))))
        host = client._backend._peer.gatt_client  # type: ignore[attr-defined]
        confirm, loop = host.send_confirmation, asyncio.get_running_loop()
        host.send_confirmation = lambda confirmation: loop.call_later(2.0, confirm, confirmation)
        await client.write_gatt_char(CONTROL, b"123", response=True)
        await asyncio.sleep(7.0)
        assert [data for uuid, data in heard if uuid == CONTROL] == [b"1", b"2", b"3"]
        first, second, third = (place for place, (uuid, _) in enumerate(heard) if uuid == CONTROL)
        assert second - first > 18 < third - second
        counted = [int.from_bytes(data, "little") for uuid, data in heard if uuid == DATA]
        assert counted == list(range(counted[0], counted[0] + len(counted)))

    connected(play)


def test_subscriptions_are_told_and_nothing_comes_without() -> None:
    async def play(toy: Toy, air: Air[Toy], client: BleakClient) -> None:
        frames: list[bytes] = []
        await client.start_notify(DATA, lambda _, data: frames.append(bytes(data)))
        await asyncio.sleep(1.0)
        await client.stop_notify(DATA)
        n = len(frames)
        await asyncio.sleep(1.0)
        assert 8 <= n == len(frames)

    toy = connected(play)
    assert [one for one in toy.said if one[0] == "subscribe"] == [("subscribe", DATA, True), ("subscribe", DATA, False)]
    assert toy.said[-1] == ("disconnect",)


def test_the_mtu_is_23_until_the_host_asks_for_more_and_never_above_what_the_peripheral_takes() -> None:
    async def play(toy: Toy, air: Air[Toy], client: BleakClient) -> None:
        assert toy.mtu == client.mtu_size == toy.max_mtu

    for max_mtu in (23, 100):
        assert connected(play, max_mtu=max_mtu).said[0] == ("connect", 23)


# Pairing.


def test_what_needs_pairing_is_refused_until_the_host_is_paired() -> None:
    async def play(toy: Toy, air: Air[Toy], client: BleakClient) -> None:
        for ask in (
            lambda: client.read_gatt_char(SECRET),
            lambda: client.write_gatt_char(SECRET, b"x", response=True),
            lambda: client.start_notify(SECRET, print),
        ):
            with pytest.raises(BleakGATTProtocolError) as refused:
                await ask()
            assert refused.value.code == INSUFFICIENT_AUTHENTICATION
        await client.pair()
        assert await client.read_gatt_char(SECRET) == b"at first"

    assert ("subscribe", SECRET, True) not in connected(play).said


def test_who_connects_to_pair_gets_in_and_later_does_so_by_himself_until_he_unpairs() -> None:
    toy, heard = Toy(), []

    async def whole() -> None:
        async with virtual_air([toy]) as air:
            device = await found(air)
            for pair in (True, False):
                async with BleakClient(device, pair=pair, backend=air.client_backend) as client:
                    await client.start_notify(SECRET, lambda _, data: heard.append(bytes(data)))
                    await client.write_gatt_char(SECRET, b"ab", response=True)
                    await asyncio.sleep(1.0)
            async with BleakClient(device, backend=air.client_backend) as client:
                await client.unpair()
            async with BleakClient(device, backend=air.client_backend) as client:
                with pytest.raises(BleakError):
                    await client.read_gatt_char(SECRET)

    run_virtual(whole())
    assert heard == [b"a", b"b", b"a", b"b"]


# A busy machine.


class Watch(Toy):
    """Notes each time it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.told_us: list[int] = []

    def write(self, uuid: str, data: bytes, now_us: int) -> Outgoing:
        self.told_us.append(now_us)
        return super().write(uuid, data, now_us)

    def tick(self, now_us: int) -> Outgoing:
        self.told_us.append(now_us)
        return super().tick(now_us)


def test_what_a_busy_machine_was_late_for_is_lived_through_event_by_event() -> None:
    watch = Watch()

    async def whole() -> None:
        async with (
            virtual_air([watch], speed=50.0) as air,
            BleakClient(await found(air), backend=air.client_backend) as client,
        ):
            for _ in range(20):
                await asyncio.sleep(0.0107)
                await client.write_gatt_char(STATE, b"x", response=False)

    run_virtual(whole())
    steps_us = [later - sooner for sooner, later in itertools.pairwise(watch.told_us)]
    assert len(steps_us) > 300
    assert all(0 <= step_us <= 1.5 * watch.link.interval_us for step_us in steps_us)
