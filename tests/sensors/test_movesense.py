"""Movesense as a whole: what is said to its virtual twin, and the samples that come of what that sends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sensors.desk import Desk, shifted, swinging

from firmware_proto.twins import movesense_bytes as twin_bytes
from firmware_proto.twins.movesense import MovesenseTwin
from imu.errors import ConnectionFailed, SensorFault, UsageError
from imu.model import G_MPS2, Samples
from imu.sensors import FAMILIES, FrameError, RequestRefused, StreamBroken
from imu.sensors.movesense import MOVESENSE, STREAM


def desk(mtu: int = 247, **quirks: Any) -> Desk:
    return Desk(MOVESENSE, MovesenseTwin(swinging(), **quirks), mtu)


def twin_of(there: Desk) -> MovesenseTwin:
    assert isinstance(there.twin, MovesenseTwin)
    return there.twin


def test_it_says_who_it_is_and_is_subscribed_to() -> None:
    there = desk(acc_range_g=4, gyr_range_dps=1000)
    started = there.begin()
    info = started.info
    assert (info.family, info.model, info.serial) == ("movesense", "Movesense", "174630000192")
    assert info.firmware == "Movesense sport 2.3.1"
    assert info.rate_hz == 104
    assert info.acc_range_mps2 == 4 * G_MPS2
    assert np.rad2deg(info.gyr_range_radps) == pytest.approx(1000)
    assert there.written[-1] == b"\x01\x01/Meas/IMU6/104\x00"
    assert there.written[-2] == bytes((2, STREAM)), "what may be left is ended first"
    assert not any(b"/Info\0" in each and b"Acc" not in each for each in there.written), "/Info keeps its place"
    assert there.run(there.said.battery()) == 95
    there.run(there.said.halt())
    assert not twin_of(there).subscriptions


@pytest.mark.parametrize("off_ppm", [-40_000, 0, 30_000])
@pytest.mark.parametrize("rate_hz", [52, 104])
def test_samples_are_the_movement_at_their_times(rate_hz: float, off_ppm: float) -> None:
    there = desk(true_rate_ppm=off_ppm, on_for_ms=2**32 - 5_000)
    started = there.begin(rate_hz)
    samples = there.stream(started, 20)
    np.testing.assert_array_equal(samples.index, np.arange(len(samples)))
    assert samples.t_s[0] == 0
    true_hz = rate_hz * (1 + off_ppm * 1e-6)
    assert len(samples) > 19.5 * true_hz
    assert (len(samples) - 1) / samples.t_s[-1] == pytest.approx(true_hz, rel=1e-3)
    assert abs(shifted(samples)) < 0.011


def test_ranges_that_it_does_not_tell_are_not_waited_for() -> None:
    there = desk(tells_ranges=False)
    info = there.begin().info
    assert info.acc_range_mps2 == 16 * G_MPS2
    assert there.now_us < 2_000_000


@pytest.mark.parametrize("protocol", [None, 2])
def test_another_protocol_is_refused_with_what_to_do(protocol: int | None) -> None:
    with pytest.raises(SensorFault, match="update it"):
        desk(protocol=protocol).begin()


def test_too_small_an_mtu_is_said() -> None:
    with pytest.raises(SensorFault, match="ATT_MTU below 155"):
        desk(23).begin()


def test_a_rate_that_is_not_offered_names_those_that_are() -> None:
    with pytest.raises(UsageError, match="52, 104"):
        desk().begin(208)


def test_a_sensor_without_a_place_for_requests_is_restarted_once() -> None:
    there = desk(places=3, taken=3)
    with pytest.raises(ConnectionFailed, match="restarted"):
        there.begin()
    assert twin_of(there).restarts == 1
    there.connect()
    assert len(there.stream(there.begin(), 3)) > 200
    twin_of(there).restart(there.now_us)
    twin_of(there)._talk.under_way += [(None, b"")] * 3
    there.connect()
    with pytest.raises(SensorFault, match="off the strap"):
        there.begin()
    assert twin_of(there).restarts == 2, "but by us only once"
    with pytest.raises(RequestRefused):
        there.run(there.said.battery())


def test_what_an_earlier_program_left_is_ended_and_others_are_left_alone() -> None:
    there = desk()
    for reference in (STREAM, 9):
        there.twin.write("", bytes((1, reference)) + b"/Meas/IMU6/52\0", 0)
    samples = there.stream(there.begin(), 5)
    assert set(twin_of(there).subscriptions) == {STREAM, 9}
    np.testing.assert_array_equal(np.diff(samples.index), 1)
    assert 470 < len(samples) < 560


def test_no_place_for_another_subscription_is_read_the_wrong_way_round() -> None:
    there = desk()
    for reference in range(10, 14):
        there.twin.write("", bytes((1, reference)) + b"/Meas/IMU6/13\0", 0)
    with pytest.raises(RequestRefused, match="507"):
        there.begin()


def test_a_lost_part_is_a_hole() -> None:
    there = desk()
    started = there.begin()
    before = there.stream(started, 10)
    twin_of(there).faults.drop_next = 1
    there.wait(5)
    kind, *_ = there.frames[0][0]
    assert kind == twin_bytes.DATA_PART2, "the part before it was lost"
    with pytest.raises(FrameError, match="first part"):
        started.decoder.push(*there.frames.pop(0))
    whole = Samples.concat([before, there.stream(started, 1)])
    (hole,) = np.flatnonzero(np.diff(whole.index) > 1)
    assert np.diff(whole.index)[hole] == 9
    assert np.diff(whole.t_s)[hole] == pytest.approx(9 / 104, abs=2e-3)


def test_after_a_reconnect_the_same_stream_goes_on_behind_a_hole() -> None:
    there = desk(clock_ppm=100)
    started = there.begin()
    before = there.stream(started, 10.02)
    there.twin.disconnect(there.now_us)
    there.wait(5)
    there.connect()
    resumed = there.run(there.said.resume(started))
    assert resumed is not None
    assert resumed.running
    after = there.stream(started, 10)
    assert after.t_s[0] - before.t_s[-1] == pytest.approx(5.07, abs=0.07)
    assert after.index[0] - before.index[-1] == pytest.approx((after.t_s[0] - before.t_s[-1]) * 104, abs=1)
    assert abs(shifted(after)) < 0.011


def test_a_sensor_that_was_restarted_meanwhile_breaks_the_stream() -> None:
    there = desk()
    started = there.begin()
    there.stream(started, 5)
    twin_of(there).restart(there.now_us)
    there.connect()
    there.run(there.said.resume(started))
    there.wait(3)
    broken = 0
    for frame, at in there.frames:
        try:
            started.decoder.push(frame, at)
        except StreamBroken:
            broken += 1
        except FrameError:
            pass
    assert broken


def test_clipped_samples_are_counted_once() -> None:
    there = desk(acc_range_g=2)
    started = there.begin()
    there.frames.clear()
    acc = np.array([[0, 0, 3.0], [0, 0, 1.0], [0, -2.5, 1.0], [0, 0, 1.0]])
    whole = twin_bytes.body(1000, acc, np.array([[2500.0, 0, 0], *[[0.0, 0, 0]] * 3]), ranges=(2, 2000))
    for part in twin_bytes.notified(STREAM, whole):
        started.decoder.push(part, 1.0)
    assert started.decoder.clipped == 2


def test_it_is_known_by_its_name() -> None:
    assert MOVESENSE in FAMILIES
    assert MOVESENSE.recognises("Movesense 174630000192", ["0000180d-0000-1000-8000-00805f9b34fb"])
    assert not MOVESENSE.recognises("Polar H10 B0D1C0DE", [])
