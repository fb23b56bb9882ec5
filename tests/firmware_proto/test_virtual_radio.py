"""Virtual sensors through the real bleak API, in process: what a host meets on the air."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import numpy as np
import pytest
from bleak import BleakClient, BleakScanner
from bleak.backends.device import BLEDevice
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError

from firmware_proto import wire
from firmware_proto.virtual_radio import Air, virtual_air
from firmware_proto.virtual_sensor import VirtualSensor
from firmware_proto.wire import StatusCode

pytestmark = pytest.mark.virtual_time
SPEED = 10.0
PATIENCE_S = 20.0


def sensor(serial: str = "V0000001", seconds: int = 120) -> VirtualSensor:
    raw = np.zeros((seconds * 104, 6), np.int16)
    raw[:, 0] = np.arange(len(raw))
    return VirtualSensor(raw, 104.0, serial=serial)


async def find(air: Air, name: str) -> BLEDevice:
    found = await BleakScanner.find_device_by_name(
        name, PATIENCE_S, service_uuids=[wire.SERVICE_UUID], backend=air.scanner_backend
    )
    assert found is not None
    return found


class Session:
    """A connected host with plain bleak: its frames, its answers."""

    def __init__(self, client: BleakClient) -> None:
        self.client = client
        self.answers: asyncio.Queue[bytes] = asyncio.Queue()
        self.frames: list[bytes] = []
        self.arrived = asyncio.Event()
        self.statuses: list[wire.Status] = []

    async def subscribe(self) -> None:
        def on_frame(_: object, data: bytearray) -> None:
            self.frames.append(bytes(data))
            self.arrived.set()

        await self.client.start_notify(wire.CONTROL_UUID, lambda _, data: self.answers.put_nowait(bytes(data)))
        await self.client.start_notify(wire.DATA_UUID, on_frame)
        await self.client.start_notify(wire.STATUS_UUID, lambda _, data: self.statuses.append(wire.Status.unpack(data)))

    async def ask(self, request: wire.Request) -> Any:
        await self.client.write_gatt_char(wire.CONTROL_UUID, request.pack(), response=True)
        answer = wire.decode_answer(await asyncio.wait_for(self.answers.get(), PATIENCE_S))
        assert answer.op == request.OP
        return answer.body if answer.ok else answer.status

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not done():
                self.arrived.clear()
                await self.arrived.wait()

    @property
    def indices(self) -> list[int]:
        frames = [wire.DataFrame.unpack(f) for f in self.frames]
        return [f.index16 + i for f in frames for i in range(f.n)]


@asynccontextmanager
async def connected(air: Air, name: str = "BX-0001") -> AsyncIterator[Session]:
    async with BleakClient(await find(air, name), backend=air.client_backend) as client:
        session = Session(client)
        await session.subscribe()
        yield session


async def _forever(read: Callable[[], Awaitable[object]]) -> None:
    while True:
        await read()


@pytest.fixture
async def air() -> AsyncIterator[Air]:
    async with virtual_air([sensor()], speed=SPEED) as air:
        yield air


async def test_several_sensors_are_in_the_air_by_name_and_service() -> None:
    sensors = [sensor("V0000001"), sensor("V0000002"), sensor("V00000ab")]
    async with virtual_air(sensors) as air:
        seen: set[str | None] = set()
        async with asyncio.timeout(PATIENCE_S), BleakScanner(backend=air.scanner_backend) as scanner:
            async for device, advertised in scanner.advertisement_data():
                assert wire.SERVICE_UUID in advertised.service_uuids
                seen.add(device.name)
                if len(seen) == 3:
                    break
        assert seen == {"BX-0001", "BX-0002", "BX-00ab"}


@pytest.mark.parametrize("turns", range(1, 8))
async def test_a_request_that_is_given_up_disturbs_nobody(
    air: Air, turns: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(air) as host:
        reading = asyncio.create_task(host.client.read_gatt_char(wire.INFO_UUID))
        for _ in range(turns):
            await asyncio.sleep(0)
        reading.cancel()
        assert wire.Info.unpack(await host.client.read_gatt_char(wire.INFO_UUID)) == air.sensors[0].info()
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_a_scan_for_another_service_finds_nothing(air: Air) -> None:
    found = await BleakScanner.discover(0.3, service_uuids=[wire.BATTERY_SERVICE_UUID], backend=air.scanner_backend)
    assert found == []


async def test_what_the_device_is_can_be_read(air: Air) -> None:
    async with connected(air) as host:
        client = host.client
        assert client.mtu_size == 247
        info = wire.Info.unpack(await client.read_gatt_char(wire.INFO_UUID))
        assert info == air.sensors[0].info()
        assert await client.read_gatt_char(wire.BATTERY_LEVEL_UUID) == bytes((87,))
        assert await client.read_gatt_char(wire.SERIAL_UUID) == b"V0000001"
        assert await client.read_gatt_char(wire.FIRMWARE_UUID) == b"1.0.0"
        assert wire.Status.unpack(await client.read_gatt_char(wire.STATUS_UUID)).state is wire.State.IDLE
        with pytest.raises(BleakGATTProtocolError):
            await client.read_gatt_char(wire.CONTROL_UUID)


async def test_three_hundred_samples_without_a_hole(air: Air) -> None:
    async with connected(air) as host:
        started = await host.ask(wire.Start())
        assert started.mtu == 247
        await host.until(lambda: len(host.frames) >= 30)
        assert await host.ask(wire.Stop()) is None
        assert host.indices[:300] == list(range(300))
        _, raw = wire.decode_many(host.frames)
        np.testing.assert_array_equal(raw[:, 0], host.indices)
        assert any(s.state is wire.State.STREAM and s.session == started.session for s in host.statuses)


async def test_the_smallest_mtu_streams_as_well() -> None:
    async with virtual_air([sensor()], speed=SPEED, mtu=23) as air, connected(air) as host:
        info = wire.Info.unpack(await host.client.read_gatt_char(wire.INFO_UUID))
        assert len(info.pack()) > 22
        started = await host.ask(wire.Start())
        assert (started.mtu, started.true_rate_mhz) == (23, 52_000)
        await host.until(lambda: len(host.frames) >= 100)
        assert host.indices[:100] == list(range(100))


async def test_pings_follow_the_devices_clock(air: Air) -> None:
    async with connected(air) as host:
        before_us = air.now_us
        pongs = [await host.ask(wire.Ping(token=token)) for token in range(5)]
        after_us = air.now_us
        times = [pong.received_us for pong in pongs]
        assert [pong.token for pong in pongs] == list(range(5))
        assert [before_us, *times, after_us] == sorted([before_us, *times, after_us])


async def test_wrong_states_are_answered_not_ignored(air: Air) -> None:
    async with connected(air) as host:
        assert await host.ask(wire.Stop()) is StatusCode.WRONG_STATE
        await host.ask(wire.Start())
        assert await host.ask(wire.Start()) is StatusCode.WRONG_STATE
        assert await host.ask(wire.SetConfig(rate_dhz=520)) is StatusCode.WRONG_STATE
        assert await host.ask(wire.Log(action=wire.LogAction.LIST)) is StatusCode.UNSUPPORTED


async def test_control_without_its_indications_is_refused(air: Air) -> None:
    async with BleakClient(await find(air, "BX-0001"), backend=air.client_backend) as client:
        with pytest.raises(BleakGATTProtocolError):
            await client.write_gatt_char(wire.CONTROL_UUID, wire.Start().pack(), response=True)


async def test_after_a_radio_loss_every_index_comes_exactly_once(air: Air) -> None:
    async with connected(air) as host:
        session = (await host.ask(wire.Start())).session
        await host.until(lambda: len(host.frames) >= 20)
        gone = asyncio.Event()
        host.client._backend.set_disconnected_callback(gone.set)
        air.drop(0)
        await asyncio.wait_for(gone.wait(), PATIENCE_S)
        assert not host.client.is_connected
        before = host.indices
    async with connected(air) as again:
        resumed = await again.ask(wire.Resume(session=session))
        assert resumed.running
        first = len(before)
        assert before == list(range(first))
        asked = wire.Backfill(session=session, first=first, count=resumed.next_index - first)
        assert (await again.ask(asked)).count == asked.count
        await again.until(lambda: len(again.indices) >= asked.count + 100)
        await again.ask(wire.Stop())
        everything = sorted(before + again.indices)
        assert everything == list(range(len(everything)))
        assert any(wire.DataFrame.unpack(f).backfill for f in again.frames)


async def test_io_after_a_loss_is_a_bleak_error_and_closing_is_harmless(air: Air) -> None:
    async with connected(air) as host:
        air.drop(0)
        status = host.client.read_gatt_char
        with pytest.raises(BleakError):
            await asyncio.wait_for(_forever(lambda: status(wire.STATUS_UUID)), PATIENCE_S)
        await host.client.disconnect()


async def test_a_reboot_hangs_up_after_its_answer(air: Air) -> None:
    gone = asyncio.Event()
    async with connected(air) as host:
        host.client._backend.set_disconnected_callback(gone.set)
        assert await host.ask(wire.Reboot()) is None
        await asyncio.wait_for(gone.wait(), PATIENCE_S)
    async with connected(air) as host:
        assert await host.ask(wire.Resume(session=1)) is StatusCode.RANGE_GONE


async def test_after_each_restart_the_new_connection_gets_every_frame(air: Air) -> None:
    for _ in range(3):
        gone = asyncio.Event()
        async with connected(air) as host:
            host.client._backend.set_disconnected_callback(gone.set)
            await host.ask(wire.Start())
            await host.until(lambda host=host: len(host.frames) >= 30)
            assert host.indices == list(range(len(host.indices)))
            air.sensors[0].reset(air.now_us)
            await asyncio.wait_for(gone.wait(), PATIENCE_S)


async def test_nothing_of_a_connection_outlives_the_sensors_restart(air: Air) -> None:
    before, gone = asyncio.all_tasks(), asyncio.Event()
    async with connected(air) as host:
        host.client._backend.set_disconnected_callback(gone.set)
        await host.ask(wire.Start())
        air.sensors[0].reset(air.now_us)
        await asyncio.wait_for(gone.wait(), PATIENCE_S)
    await find(air, "BX-0001")
    assert asyncio.all_tasks() == before


async def test_a_restart_while_nobody_is_connected_costs_the_next_host_nothing(air: Air) -> None:
    air.sensors[0].reset(air.now_us)
    async with connected(air) as host:
        await host.ask(wire.Start())
        await host.until(lambda: len(host.frames) >= 20)
        assert host.indices == list(range(len(host.indices)))


async def test_an_unknown_address_is_not_found(air: Air) -> None:
    client = BleakClient("F0:00:00:00:00:99", timeout=0.3, backend=air.client_backend)
    with pytest.raises(BleakDeviceNotFoundError):
        await client.connect()


async def test_a_sensor_that_is_taken_times_out_and_is_there_again_later(air: Air) -> None:
    device = await find(air, "BX-0001")
    async with BleakClient(device, backend=air.client_backend):
        second = BleakClient(device, timeout=0.3, backend=air.client_backend)
        with pytest.raises(TimeoutError):
            await second.connect()
    async with BleakClient(device, backend=air.client_backend) as client:
        assert client.is_connected


async def test_two_sensors_stream_at_once() -> None:
    async with virtual_air([sensor("V0000001"), sensor("V0000002")], speed=SPEED) as air, AsyncExitStack() as stack:
        hosts = [await stack.enter_async_context(connected(air, name)) for name in ("BX-0001", "BX-0002")]
        for host in hosts:
            await host.ask(wire.Start())
        for host in hosts:
            await host.until(lambda host=host: len(host.frames) >= 10)
        air.drop(0)
        more = len(hosts[1].frames) + 10
        await hosts[1].until(lambda: len(hosts[1].frames) >= more)
        assert hosts[1].indices[:200] == list(range(len(hosts[1].indices[:200])))


async def test_nothing_is_left_running_when_the_air_is_gone() -> None:
    before = asyncio.all_tasks()
    async with virtual_air([sensor()], speed=SPEED) as air, connected(air) as host:
        await host.ask(wire.Start())
        await host.until(lambda: len(host.frames) >= 3)
    assert asyncio.all_tasks() == before


async def test_an_air_that_ends_under_a_host_hangs_up_on_it() -> None:
    gone = asyncio.Event()
    async with virtual_air([sensor()], speed=SPEED) as air:
        client = BleakClient(await find(air, "BX-0001"), lambda _: gone.set(), backend=air.client_backend)
        await client.connect()
    await asyncio.wait_for(gone.wait(), PATIENCE_S)
    assert not client.is_connected
