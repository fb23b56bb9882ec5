"""What the sensor still holds comes back, whatever happened; what it does not is named by index and time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from firmware_proto.codes import Op, State
from firmware_proto.virtual_sensor import Link, VirtualSensor
from imu.errors import ConnectionFailed, SensorFault

Play = Callable[..., Any]


async def out_of_reach(live: Any, at_s: float, for_s: float) -> None:
    await asyncio.sleep(at_s)
    await live.air.reach(0, within=False)
    await asyncio.sleep(for_s)
    await live.air.reach(0, within=True)


def during(seconds: float, *happens: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A stream of so many seconds, and what happens meanwhile."""

    async def scene(live: Any) -> None:
        await asyncio.gather(live.stream(seconds), *(one(live) for one in happens))

    return scene


@pytest.mark.parametrize(("mtu", "for_s"), [(23, 8.0), (185, 20.0), (247, 57.0)])
def test_a_while_out_of_reach_comes_back_whole(live: Play, mtu: int, for_s: float) -> None:
    one = live(during(for_s + 8.0, lambda live: out_of_reach(live, 3.0, for_s)), mtu=mtu)
    assert one.error is None
    one.assert_whole()
    assert one.gone == []
    assert [kind for kind in one.kinds if kind in ("lost", "resumed", "restarted")] == ["lost", "resumed"]


def test_who_stops_right_after_a_minute_out_of_reach_gets_all_of_it(live: Play) -> None:
    one = live(during(47.0, lambda live: out_of_reach(live, 5.0, 40.0)), link=Link(packets=1))
    one.assert_whole()
    assert one.sensor.state is State.IDLE


def test_who_stops_while_the_sensor_is_out_of_reach_gets_what_it_measured_until_it_is_found(live: Play) -> None:
    one = live(during(15.0, lambda live: out_of_reach(live, 5.0, 18.0)))
    assert one.error is None
    one.assert_whole()
    assert one.sensor.state is State.IDLE
    assert len(one.samples) > 20 * 104


def test_a_link_that_drops_while_the_last_gaps_are_fetched_is_taken_up_again(live: Play) -> None:
    async def drop_at_the_end(live: Any) -> None:
        await out_of_reach(live, 5.0, 20.0)
        await asyncio.sleep(2.0)
        live.air.drop(0)

    one = live(during(26.0, drop_at_the_end), link=Link(packets=1))
    one.assert_whole()
    assert one.sensor.state is State.IDLE


def test_a_sensor_that_stopped_waiting_gives_what_it_holds_before_it_begins_anew(live: Play) -> None:
    # here its patience is 3 s, so that the link still looks for it when they are over
    async def scene(live: Any) -> None:
        await asyncio.sleep(5.0)
        live.sensor.disconnect(live.air.now_us)
        live.sensor._grace_end_us = live.air.now_us + 3_000_000
        await out_of_reach(live, 0.0, 10.0)

    one = live(during(25.0, scene))
    first, stop = one.gone[0]
    assert "restarted" in one.kinds
    assert len(one.gone) == 1
    assert 7.0 * 104 < first < 8.1 * 104  # up to the end of its patience all is here
    index = one.samples.index
    np.testing.assert_array_equal(index, [*range(first), *range(stop, index[-1] + 1)])


def test_what_the_sensor_no_longer_holds_is_named_by_number_and_time(live: Play) -> None:
    # it measures on for as long as its memory reaches, here 10 s: what was on its way at the drop is overwritten
    one = live(during(40.0, lambda live: out_of_reach(live, 5.0, 20.0)), ring_bytes=10 * 104 * 12)
    index, t_s = one.samples.index, one.samples.t_s
    gone = [i for a, b in one.gone for i in range(a, b)]
    assert sorted([*index.tolist(), *gone]) == list(range(index[-1] + 1))
    assert one.link.health.lost == len(gone)
    events = [event for event in one.events if event.gap]
    assert [event.detail.split(" s: ")[1] for event in events] == [
        "the sensor no longer holds them.",
        "the sensor began anew.",
    ]
    for event in events:
        first, stop = event.gap
        assert event.detail.startswith(f"{stop - first} samples are lost for good, {first} to {stop - 1}, ")
        from_s, to_s = (float(word) for word in event.detail.split(", ")[2].split(" s:")[0].split(" to "))
        assert event.t_s == pytest.approx(from_s, abs=0.001)
        assert from_s == pytest.approx(t_s[index < first][-1] + 1 / 104, abs=0.002)
        assert to_s == pytest.approx(t_s[index >= stop][0], abs=0.002)


def test_who_never_comes_back_is_given_up_after_a_minute_with_a_reason(live: Play) -> None:
    one = live(during(500.0, lambda live: out_of_reach(live, 5.0, 400.0)))
    assert isinstance(one.error, ConnectionFailed)
    assert "was lost and not found again within 60 s" in str(one.error)
    assert one.sensor.status(one.air.now_us).state is State.IDLE
    assert len(one.samples) > 400


def test_who_lets_connect_but_says_nothing_is_given_up_a_minute_after_it_was_last_heard(live: Play) -> None:
    silent_for_s = []

    async def scene(live: Any) -> None:
        now_s = asyncio.get_running_loop().time
        recording = asyncio.create_task(live.stream(500.0))
        await asyncio.sleep(5.0)
        live.sensor.faults.drop, live.sensor.faults.lose_answers_next = 1.0, 10**6
        live.air.drop(0)
        since_s = now_s()
        await recording
        silent_for_s.append(now_s() - since_s)

    one = live(scene)
    assert isinstance(one.error, ConnectionFailed)
    assert "was lost and not found again within 60 s" in str(one.error)
    assert 60.0 <= silent_for_s[0] + 0.1 < 70.0  # up to one more try, which waits 5 s for an answer


def test_a_sensor_that_answers_but_sends_nothing_any_more_is_given_up_with_a_reason(live: Play) -> None:
    async def mute(live: Any) -> None:
        await asyncio.sleep(5.0)
        live.sensor.faults.drop = 1.0

    one = live(during(500.0, mute))
    assert isinstance(one.error, SensorFault)
    assert "sent no sample over 10 connections; switch it off and on" in str(one.error)
    assert one.sensor.status(one.air.now_us).state is State.IDLE
    assert len(one.samples) > 400


def test_a_sensor_that_restarts_before_its_first_frame_begins_the_recording(live: Play) -> None:
    async def restart(live: Any) -> None:
        while live.sensor.state is not State.STREAM:  # noqa: ASYNC110 (a sensor has no events)
            await asyncio.sleep(0.001)
        live.sensor.reset(live.air.now_us)

    one = live(during(10.0, restart))
    assert one.error is None
    assert "restarted" in one.kinds
    one.assert_whole()
    assert one.gone == []


def test_a_reset_is_a_hole_that_is_named(live: Play) -> None:
    async def reset(live: Any) -> None:
        await asyncio.sleep(5.0)
        live.sensor.reset(live.air.now_us)

    one = live(during(20.0, reset))
    (gap,) = one.gone
    index = one.samples.index
    np.testing.assert_array_equal(index, [*range(gap[0]), *range(gap[1], index[-1] + 1)])
    assert (np.diff(one.samples.t_s) > 0).all()
    assert one.link.health.lost == gap[1] - gap[0]
    assert "began anew" in next(event.detail for event in one.events if event.gap)


@pytest.mark.parametrize("requests", [1, 2, 10, 25, 40, 45, 50])
def test_a_link_that_breaks_in_mid_handshake_is_tried_again(live: Play, requests: int) -> None:
    async def hang_up(live: Any) -> None:
        live.sensor.faults.hang_up_after = requests
        await asyncio.sleep(6.0)
        live.sensor.faults.hang_up_after = requests
        live.air.drop(0)

    one = live(during(12.0, hang_up))
    assert one.error is None
    one.assert_whole()


def test_who_is_deaf_for_a_while_is_connected_later(live: Play) -> None:
    async def deaf(live: Any) -> None:
        await asyncio.sleep(4.0)
        live.sensor.faults.deaf = True
        live.air.drop(0)
        await asyncio.sleep(20.0)
        live.sensor.faults.deaf = False

    one = live(during(60.0, deaf))
    one.assert_whole()


@pytest.mark.parametrize("torn", [Op.RESUME, Op.START, Op.BACKFILL, Op.STOP])
def test_an_answer_that_cannot_be_read_ends_nothing(live: Play, torn: Op) -> None:
    def tear(sensor: VirtualSensor) -> None:
        handle, done = sensor.handle, []

        def torn_once(request: bytes, now_us: int) -> bytes:
            answer = handle(request, now_us)
            if request[0] != torn or done:
                return answer
            done.append(answer)
            return answer[:2]

        sensor.handle = torn_once  # type: ignore[method-assign]

    async def drop(live: Any) -> None:
        if torn is Op.START:  # of the second stream
            await asyncio.sleep(4.0)
            live.sensor.reset(live.air.now_us)
            tear(live.sensor)
            return
        await asyncio.sleep(4.0)
        tear(live.sensor)
        live.air.drop(0)

    one = live(during(12.0, drop))
    assert one.error is None
    assert one.sensor.state is State.IDLE
    if torn is not Op.START:
        one.assert_whole()


@pytest.mark.slow
def test_counters_that_wrap_while_the_link_is_down_lose_nothing(live: Play) -> None:
    # 65536 samples at 416 Hz are 157 s, and the clock begins 100 s before the end of its 32 bits
    one = live(
        during(190.0, lambda live: out_of_reach(live, 85.0, 20.0), lambda live: out_of_reach(live, 150.0, 15.0)),
        rate_hz=416.0,
        boot_us=2**32 - 100_000_000,
    )
    assert one.error is None
    one.assert_whole()
    assert len(one.samples) > 65536
