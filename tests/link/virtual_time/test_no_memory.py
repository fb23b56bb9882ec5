"""A sensor that sends each sample but once: what a drop takes is lost and named, and nothing else is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from bleak.exc import BleakError

from firmware_proto.twins.movesense import MovesenseTwin
from firmware_proto.twins.polar import H10Twin, VerityTwin
from firmware_proto.twins.polar_bytes import GYRO
from firmware_proto.twins.witmotion import WitMotionTwin
from firmware_proto.virtual_source import Motion
from imu.errors import ConnectionFailed
from imu.link.recovery import PATIENCE_S
from imu.model import G_MPS2

Play = Callable[..., Any]
H10_HZ = 200.0


def motion(seconds: float = 60.0, rate_hz: float = 400.0) -> Motion:
    """A movement in which no two seconds are alike."""
    t_s = np.arange(0, seconds, 1 / rate_hz)
    acc = np.column_stack((np.sin(t_s**1.2), np.cos(0.7 * t_s), 0.1 + 0.01 * t_s))
    return Motion(acc, 50 * acc, rate_hz)


def still(noise: float = 1.0) -> Motion:
    """Somebody lying still, and so much of a chip's usual noise."""
    rng, at = np.random.default_rng(0), np.array([0, 0, 1])
    acc, gyr = rng.normal(0, 5e-4 * noise, (4000, 3)), rng.normal(0, 0.02 * noise, (4000, 3))
    return Motion(at + acc, gyr, 208.0)


def during(seconds: float, *happens: Callable[[Any], Any]) -> Callable[[Any], Any]:
    async def scene(live: Any) -> None:
        await asyncio.gather(live.stream(seconds), *(one(live) for one in happens))

    return scene


async def out_of_reach(live: Any, at_s: float, for_s: float) -> None:
    await asyncio.sleep(at_s)
    await live.air.reach(0, within=False)
    await asyncio.sleep(for_s)
    await live.air.reach(0, within=True)


def assert_marked(live: Any) -> None:
    """Every sample once and in order, or in a hole that is named."""
    index = live.samples.index.tolist()
    gone = [i for first, stop in live.gone for i in range(first, stop)]
    assert sorted(index + gone) == list(range(index[-1] + 1))
    assert (np.diff(live.samples.t_s) > 0).all()
    assert (live.link.health.lost, live.link.health.missing) == (len(gone), 0)


@pytest.mark.parametrize("twin", [H10Twin, VerityTwin, MovesenseTwin, WitMotionTwin])
def test_a_drop_is_a_hole_that_is_marked(live: Play, twin: Callable[[Motion], Any]) -> None:
    one = live(during(20.0, lambda live: out_of_reach(live, 6.0, 5.0)), of=twin(motion()))
    assert one.error is None
    assert_marked(one)
    assert one.kinds == ["battery", "connected", "lost", "resumed", "gone", "stopped"]
    rate_hz = one.link.info.rate_hz
    assert 5.0 * rate_hz < one.link.health.lost < 6.5 * rate_hz
    assert np.isfinite(one.link.health.skew_ppm) == one.link._able.device_time
    newest = np.flatnonzero(np.diff(one.samples.arrival_s, append=np.inf))
    late_s = (one.samples.arrival_s - one.samples.t_s)[newest]
    before, after = np.split(late_s, [np.searchsorted(one.samples.t_s[newest], 7.0)])
    assert after.min() == pytest.approx(before.min(), abs=0.05)


def test_what_comes_after_a_drop_is_where_it_belongs(live: Play) -> None:
    one = live(during(20.0, lambda live: out_of_reach(live, 6.0, 5.0)), of=H10Twin(motion()))
    assert one.error is None
    assert_marked(one)
    samples = one.samples
    np.testing.assert_allclose(samples.t_s, samples.index / H10_HZ, atol=0.003)
    felt = one.sensor.motion.at(samples.t_s + 1 / H10_HZ)[0]
    np.testing.assert_allclose(samples.acc_mps2[:, [1, 0, 2]] / G_MPS2, felt * (1, -1, 1), atol=0.005)
    said = {event.kind: event.detail for event in one.events}
    assert said["lost"] == "The connection was lost; what it measures meanwhile is lost, too, looking for it."
    assert said["gone"].endswith("s: the sensor sends each but once.")
    assert said["resumed"] == "The sensor measures again."
    assert not one.sensor.running


def test_a_hole_is_given_up_as_soon_as_it_is_one(live: Play) -> None:
    states = set()

    async def lose_a_frame(live: Any) -> None:
        await asyncio.sleep(4.0)
        live.sensor.faults.drop_next = 1
        now_s = asyncio.get_running_loop().time
        since_s = now_s()
        while not live.gone:
            states.add(live.link.health.state)
            await asyncio.sleep(0.02)
        assert now_s() - since_s < 2 * 36 / H10_HZ + PATIENCE_S + 0.2

    one = live(during(6.0, lose_a_frame), of=H10Twin(motion()))
    assert_marked(one)
    assert states == {"streaming"}
    assert "backfilled" not in one.kinds


def test_who_stops_it_while_it_is_out_of_reach_finds_it_once_more_only_to_stop_it(live: Play) -> None:
    one = live(during(8.0, lambda live: out_of_reach(live, 6.0, 10.0)), of=H10Twin(motion()))
    assert one.error is None
    assert one.kinds[-2:] == ["lost", "stopped"]
    assert one.events[-1].detail == "The sensor was stopped."
    assert not one.sensor.running


@pytest.mark.parametrize(("twin", "says"), [(H10Twin, "once more to stop it."), (MovesenseTwin, "the end.")])
def test_of_one_that_could_not_be_stopped_it_is_said_what_becomes_of_it(
    live: Play, twin: Callable[[Motion], Any], says: str
) -> None:
    one = live(during(8.0, lambda live: out_of_reach(live, 6.0, 60.0)), of=twin(motion()))
    assert one.error is None
    assert one.kinds[-2:] == ["lost", "stopped"]
    assert one.events[-1].detail.startswith("The sensor was out of reach at the end.")
    assert one.events[-1].detail.endswith(says)


def test_a_sensor_that_stops_by_itself_is_started_again(live: Play) -> None:
    async def stops(live: Any) -> None:
        await asyncio.sleep(5.0)
        live.sensor.stop_by_itself(live.air.now_us)

    one = live(during(12.0, stops), of=H10Twin(motion()))
    assert one.error is None
    assert_marked(one)
    assert one.samples.t_s[-1] > 11.0
    assert one.link.health.lost < H10_HZ


def test_a_clock_that_begins_anew_is_another_stream_behind_the_first(live: Play) -> None:
    async def lose_power(live: Any) -> None:
        await asyncio.sleep(5.0)
        live.sensor.lose_power(live.air.now_us)

    one = live(during(12.0, lose_power), of=H10Twin(motion(), on_for_s=1000.0))
    assert one.error is None
    assert_marked(one)
    assert one.kinds.count("restarted") == 1


def test_frames_that_come_seldom_are_no_silence(live: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imu.link.sensor_link.SILENCE_S", 0.5)

    async def lose_a_frame(live: Any) -> None:
        await asyncio.sleep(7.0)
        live.sensor.faults.drop_next = 1

    one = live(during(12.0, lose_a_frame), of=VerityTwin(still()))
    assert one.error is None
    assert_marked(one)
    assert np.diff(one.samples.arrival_s).max() > 1.0
    assert "lost" not in one.kinds


def test_of_two_slow_streams_a_lost_frame_is_only_a_hole(live: Play) -> None:
    """Who lies still with an old Verity Sense gets a frame every three seconds."""

    async def lose_a_frame(live: Any) -> None:
        await asyncio.sleep(10.0)
        live.sensor.faults.drop_next = 1

    one = live(during(40.0, lose_a_frame), of=VerityTwin(still(noise=0.1), has_sdk_mode=False))
    assert one.error is None
    assert_marked(one)
    assert len(one.gone) == 1
    assert not {"bad_frame", "lost", "restarted"} & set(one.kinds)


def test_half_of_a_stream_is_silence(live: Play) -> None:
    async def lose_half(live: Any) -> None:
        await asyncio.sleep(5.0)
        del live.sensor.running[GYRO]

    one = live(during(20.0, lose_half), of=VerityTwin(motion()))
    assert one.error is None
    assert_marked(one)
    assert one.kinds.count("lost") == 1
    assert one.samples.t_s[-1] > 18.0


def test_it_is_paired_with_when_it_asks_for_it_and_not_before(live: Play) -> None:
    twin, paired = H10Twin(motion(), needs_pairing=True), []

    async def scene(live: Any) -> None:
        class Watched(live.backend.client):  # type: ignore[misc,name-defined]
            async def connect(self, pair: bool, **options: Any) -> None:
                paired.append(pair)
                await super().connect(pair, **options)

        live.backend = replace(live.backend, client=Watched)
        await asyncio.gather(live.stream(12.0), out_of_reach(live, 6.0, 1.0))

    one = live(scene, of=twin)
    assert one.error is None
    assert paired == [False, True, False]
    assert one.said == [f"{twin.advertised.name} talks only to machines it is paired with: say yes if you are asked."]
    assert [event.detail for event in one.events if event.kind == "pairing"] == one.said
    assert_marked(one)


@pytest.mark.parametrize("failure", ["refused", "no use"])
def test_a_pairing_that_fails_is_tried_once_and_says_what_to_do(live: Play, failure: str) -> None:
    tried = []

    async def scene(live: Any) -> None:
        class Stubborn(live.backend.client):  # type: ignore[misc,name-defined]
            async def connect(self, pair: bool, **options: Any) -> None:
                tried.append(pair)
                if pair and failure == "refused":
                    raise BleakError("[org.bluez.Error.AuthenticationRejected] Authentication Rejected")
                await super().connect(pair=False, **options)

        live.backend = replace(live.backend, client=Stubborn)
        await live.stream(5.0)

    one = live(scene, of=H10Twin(motion(), needs_pairing=True))
    assert isinstance(one.error, ConnectionFailed)
    assert str(one.error).startswith(f"Could not pair with {one.sensor.advertised.name} (")
    assert "say yes where this machine asks; if it does not ask, remove the sensor from its Bluetooth" in str(one.error)
    assert tried == [False, True]
    assert len(one.said) == 1
