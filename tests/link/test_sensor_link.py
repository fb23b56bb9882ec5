"""Streaming from a sensor, as a person would live through it: steady, dropped, restarted, broken, stopped."""

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import numpy as np
import pytest

from firmware_proto.codes import Op, State
from firmware_proto.virtual_radio import Air
from firmware_proto.virtual_sensor import Faults, VirtualSensor
from imu.errors import ConnectionFailed, SensorFault, UsageError
from imu.link import Backend, LinkEvent, SensorLink, find, talk
from imu.model import Samples
from imu.sensors import Pause, SensorStatus, Talk
from imu.sensors.native import NativeDialogue

InAir = Callable[..., AbstractAsyncContextManager[tuple[Air, Backend]]]
MakeSensor = Callable[..., VirtualSensor]
RATE_HZ = 104.0


class Log:
    """What came over a link."""

    def __init__(self) -> None:
        self.blocks: list[Samples] = []
        self.events: list[LinkEvent] = []

    @property
    def samples(self) -> Samples:
        return Samples.concat(self.blocks)

    @property
    def n(self) -> int:
        return sum(map(len, self.blocks))

    @property
    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]


async def collect(
    link: SensorLink, n: int, each: Callable[[Log], None] = lambda _: None, after: str | None = None
) -> Log:
    """Receive at least n samples, and an event of the kind `after` if there is one to wait for; then stop."""
    log = Log()
    stopping: asyncio.Task[None] | None = None
    async with asyncio.timeout(30):
        async for item in link:
            (log.blocks if isinstance(item, Samples) else log.events).append(item)  # type: ignore[arg-type]
            each(log)
            if log.n >= n and stopping is None and (after is None or after in log.kinds):
                stopping = asyncio.create_task(link.stop())
    if stopping:
        await stopping
    return log


def once(log_n: int, action: Callable[[], None]) -> Callable[[Log], None]:
    """Do something when that many samples have come."""
    done: list[bool] = []

    def check(log: Log) -> None:
        if log.n >= log_n and not done:
            done.append(True)
            action()

    return check


def assert_whole(log: Log, one: VirtualSensor) -> None:
    """Every sample from the first to the last exactly once, with the values that the sensor measured."""
    samples = log.samples
    order = np.argsort(samples.index)
    np.testing.assert_array_equal(samples.index[order], np.arange(len(samples)))
    np.testing.assert_allclose(samples.t_s[order], samples.index[order] / RATE_HZ, atol=1e-5)
    raw = one.source.take(0, len(samples), kind=one.source.kind, divisor=1)
    np.testing.assert_array_equal(np.rint(samples.acc_mps2[order] / (0.000488 * 9.80665)), raw[:, :3])


async def is_left_alone(one: VirtualSensor) -> bool:
    """Whether nobody is connected; an emulated machine takes a moment to say so on the air."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(5):
            while one.connected:  # noqa: ASYNC110 (a sensor has no events)
                await asyncio.sleep(0.02)
    return not one.connected


async def linked(one: VirtualSensor, backend: Backend, **options: float) -> SensorLink:
    return SensorLink(await find(one.name, 5.0, backend), backend=backend, **options)


async def test_a_steady_stream(in_air: InAir, make_sensor: MakeSensor) -> None:
    one = make_sensor()
    async with in_air(one) as (_, backend):
        async with await linked(one, backend) as link:
            assert link.info.rate_hz == RATE_HZ
            assert link.info.mount is not None
            log = await collect(link, 1040)
        assert_whole(log, one)
        assert one.state is State.IDLE
        assert await is_left_alone(one)
        health = link.health
        assert (health.received, health.lost, health.missing, health.reconnects) == (log.n, 0, 0, 0)
        assert health.effective_rate_hz == pytest.approx(RATE_HZ, rel=0.01)
        assert (health.mtu, health.battery_pct, health.state) == (247, 87, "stopped")
        assert log.kinds[0] == "battery"
        assert log.kinds[-1] == "stopped"


async def test_a_drop_in_mid_stream_loses_nothing(in_air: InAir, make_sensor: MakeSensor) -> None:
    one = make_sensor()
    async with in_air(one) as (air, backend):
        async with await linked(one, backend) as link:
            log = await collect(link, 2500, once(800, lambda: air.drop(0)), after="backfilled")
        assert_whole(log, one)
        assert link.health.reconnects == 1
        assert link.health.filled > 100
        assert [kind for kind in log.kinds if kind in ("lost", "resumed", "backfilled")] == [
            "lost",
            "resumed",
            "backfilled",
        ]


async def test_lost_damaged_and_repeated_frames_lose_nothing(in_air: InAir, make_sensor: MakeSensor) -> None:
    one = make_sensor(faults=Faults(seed=4, drop=0.05, corrupt=0.05, duplicate=0.05))
    async with in_air(one) as (_, backend):
        async with await linked(one, backend) as link:
            log = await collect(link, 1500)
        assert_whole(log, one)
        assert link.health.bad_frames > 0
        assert log.kinds.count("bad_frame") == min(20, link.health.bad_frames)


async def test_a_restarted_sensor_goes_on_as_a_new_stream_behind_the_old_one(
    in_air: InAir, make_sensor: MakeSensor
) -> None:
    one = make_sensor()
    async with in_air(one) as (air, backend):
        async with await linked(one, backend) as link:
            log = await collect(link, 1500, once(700, lambda: one.reset(air.now_us)))
        assert "restarted" in log.kinds
        index, t_s = log.samples.index, log.samples.t_s
        order = np.argsort(index)
        assert len(set(index.tolist())) == len(index)
        assert (np.diff(t_s[order]) > 0).all()
        assert np.diff(index[order]).max() > 1
        assert link.health.lost == index.max() + 1 - len(index)


def step_clock(one: VirtualSensor) -> None:
    """The sensor's clock jumps by a second, its index does not."""
    assert one._session is not None
    one._clock = (one._clock[0] + 1e6, one._clock[1])
    one._session.t0_us += 1e6


async def test_a_stream_that_cannot_be_followed_any_more_is_started_anew(
    in_air: InAir, make_sensor: MakeSensor
) -> None:
    one = make_sensor()
    async with in_air(one) as (_, backend):
        async with await linked(one, backend) as link:
            log = await collect(link, 1500, once(500, lambda: step_clock(one)))
        assert log.kinds.count("restarted") == 1
        assert "lost" not in log.kinds
        order = np.argsort(log.samples.index)
        assert (np.diff(log.samples.t_s[order]) > 0).all()
        assert 5 <= link.health.bad_frames < 50


async def test_a_sensor_that_contradicts_itself_again_and_again_is_given_up(
    in_air: InAir, make_sensor: MakeSensor
) -> None:
    one = make_sensor()
    steps = [once(n, lambda: step_clock(one)) for n in range(200, 1200, 200)]

    def step_often(log: Log) -> None:
        for step in steps:
            step(log)

    async with in_air(one) as (_, backend), await linked(one, backend) as link:
        with pytest.raises(SensorFault, match="contradict each other again and again"):
            await collect(link, 5000, step_often)
        assert link.health.state == "failed"


async def test_a_stream_without_a_frame_to_believe_is_lost_even_if_the_sensor_says_its_status(
    in_air: InAir, make_sensor: MakeSensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = make_sensor()
    monkeypatch.setattr("imu.link.sensor_link.SILENCE_S", 0.5)

    spoil = once(300, lambda: setattr(one.faults, "corrupt", 1.0))

    def spoil_until_lost(log: Log) -> None:
        spoil(log)
        if "lost" in log.kinds:
            one.faults.corrupt = 0.0

    async with in_air(one) as (_, backend):
        async with await linked(one, backend) as link:
            log = await collect(link, 1500, spoil_until_lost)
        assert log.kinds.count("lost") >= 1
        assert_whole(log, one)


async def test_an_answer_that_cannot_be_read_is_counted_and_asked_for_again(
    in_air: InAir, make_sensor: MakeSensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = make_sensor()
    handle, torn = one.handle, []

    def tear(request: bytes, now_us: int) -> bytes:
        answer = handle(request, now_us)
        if request[0] != Op.BACKFILL or torn:
            return answer
        torn.append(answer)
        return answer[:5]

    monkeypatch.setattr(one, "handle", tear)
    async with in_air(one) as (_, backend):
        async with await linked(one, backend) as link:
            log = await collect(link, 1500, once(300, lambda: setattr(one.faults, "drop_next", 3)))
        assert torn
        assert link.health.bad_frames == 1
        assert_whole(log, one)


async def test_what_nobody_foresaw_is_a_sentence_with_its_cause(
    in_air: InAir, make_sensor: MakeSensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = make_sensor()

    async def fail(*_: object) -> bool:
        raise KeyError("nobody knows")

    monkeypatch.setattr(talk, "refill", fail)
    async with in_air(one) as (_, backend), await linked(one, backend) as link:
        with pytest.raises(SensorFault, match=r"link to BX-\w+ failed \(KeyError: 'nobody knows'\)") as said:
            await collect(link, 5000)
        assert isinstance(said.value.__cause__, KeyError)
    assert one.state is State.IDLE


async def test_a_cancellation_while_leaving_waits_until_the_sensor_is_stopped(
    in_air: InAir, make_sensor: MakeSensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = make_sensor()
    halt, halting = NativeDialogue.halt, asyncio.Event()

    def slow(said: NativeDialogue) -> Talk[SensorStatus | None]:
        halting.set()
        yield Pause(0.2)
        return (yield from halt(said))

    monkeypatch.setattr(NativeDialogue, "halt", slow)
    async with in_air(one) as (_, backend):

        async def record() -> None:
            async with await linked(one, backend):
                pass

        task = asyncio.create_task(record())
        await halting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert one.state is State.IDLE
        assert await is_left_alone(one)


async def test_a_stream_left_on_by_a_program_that_died_is_taken_over(in_air: InAir, make_sensor: MakeSensor) -> None:
    one = make_sensor()
    async with in_air(one) as (air, backend):
        link = await linked(one, backend)
        await link.__aenter__()
        assert link._keeper is not None
        link._keeper.cancel()
        assert link._connection is not None
        air.drop(0)
        await asyncio.wait_for(link._connection.dropped.wait(), 5)
        assert one.state is State.STREAM
        async with await linked(one, backend) as second:
            log = await collect(second, 300)
        assert_whole(log, one)
        assert one.state is State.IDLE
        await link.__aexit__()


@pytest.mark.parametrize("error", [KeyError, asyncio.CancelledError])
async def test_leaving_in_any_way_stops_the_sensor(
    in_air: InAir, make_sensor: MakeSensor, error: type[BaseException]
) -> None:
    one = make_sensor()
    async with in_air(one) as (_, backend):

        async def record() -> None:
            async with await linked(one, backend) as link:
                async for item in link:
                    if isinstance(item, Samples):
                        assert one.state is State.STREAM
                        raise error

        with pytest.raises(error):
            await record()
        assert one.state is State.IDLE
        assert await is_left_alone(one)


async def test_a_cancelled_recorder_stops_the_sensor(in_air: InAir, make_sensor: MakeSensor) -> None:
    one = make_sensor()
    async with in_air(one) as (_, backend):
        streaming = asyncio.Event()

        async def record() -> None:
            async with await linked(one, backend) as link:
                async for _ in link:
                    streaming.set()

        task = asyncio.create_task(record())
        await streaming.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert one.state is State.IDLE


async def test_another_rate(in_air: InAir, make_sensor: MakeSensor) -> None:
    one = make_sensor()
    async with in_air(one) as (_, backend):
        async with await linked(one, backend, rate_hz=52.0) as link:
            assert link.info.rate_hz == 52.0
            log = await collect(link, 200)
        assert np.diff(np.sort(log.samples.t_s)) == pytest.approx(1 / 52, rel=1e-3)
        with pytest.raises(UsageError, match="offers no 99 Hz; choose one of: 26, 52, 104"):
            async with await linked(one, backend, rate_hz=99.0):
                pass
        assert await is_left_alone(one)


async def test_the_smallest_mtu_still_streams(in_air: InAir, make_sensor: MakeSensor) -> None:
    one = make_sensor()
    async with in_air(one, mtu=23, speed=5.0) as (_, backend):
        async with await linked(one, backend) as link:
            log = await collect(link, 150)
        assert link.health.mtu == 23
        np.testing.assert_array_equal(np.sort(log.samples.index), np.arange(log.n))


async def test_a_faulty_sensor_is_said_to_be_faulty(in_air: InAir, make_sensor: MakeSensor) -> None:
    one = make_sensor()
    async with in_air(one) as (air, backend):
        one.fail_imu(air.now_us)
        with pytest.raises(SensorFault, match=r"refused START \(HARDWARE_FAULT\)"):
            async with await linked(one, backend):
                pass
        assert await is_left_alone(one)


async def test_a_dead_axis_is_a_warning(in_air: InAir) -> None:
    raw = np.random.default_rng(0).integers(-500, 500, (2000, 6)).astype(np.int16)
    raw[:, 1] = 0
    one = VirtualSensor(raw, RATE_HZ, serial="VDEAD0001")
    async with in_air(one) as (_, backend), await linked(one, backend) as link:
        log = await collect(link, 900)
    assert any("y axis does not move" in event.detail for event in log.events if event.kind == "warning")
    assert "y axis does not move" in link.health.warnings[0]


async def test_a_sensor_that_is_gone_for_good_ends_the_link_with_a_reason(
    in_air: InAir, make_sensor: MakeSensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = make_sensor()
    monkeypatch.setattr("imu.link.sensor_link.GIVE_UP_S", 0.5)
    monkeypatch.setattr("imu.link.sensor_link.SEARCH_S", 0.3)
    async with in_air(one) as (air, backend):
        tasks = []

        def take_away() -> None:
            air.drop(0)
            tasks.append(asyncio.ensure_future(air._peripherals[0].stop()))

        async with await linked(one, backend) as link:
            with pytest.raises(ConnectionFailed, match="was lost and not found again"):
                await collect(link, 5000, once(200, take_away))
        assert link.health.state == "failed"


async def test_a_sensor_out_of_reach_cannot_be_connected(
    in_air: InAir, make_sensor: MakeSensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = make_sensor()
    monkeypatch.setattr("imu.link.connection.CONNECT_S", 0.3)
    async with in_air(one) as (air, backend):
        link = await linked(one, backend)
        await air._peripherals[0].stop()
        with pytest.raises(ConnectionFailed, match=f"Could not connect to {one.name}"):
            await link.__aenter__()
