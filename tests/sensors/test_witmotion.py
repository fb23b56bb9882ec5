"""WitMotion's sensor as a whole: what is said to its virtual twin, and the samples that come of what that sends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sensors.desk import Desk, shifted, swinging

from firmware_proto.twins.witmotion import BATTERY, RATE, WitMotionTwin, answer, measured
from imu.errors import UsageError
from imu.model import G_MPS2, Samples
from imu.sensors import FAMILIES, FrameError
from imu.sensors.witmotion import WITMOTION, WitMotionDecoder

UNLOCK, SAVE = "ffaa6988b5", "ffaa00"


def desk(seconds: float = 40.0, **quirks: Any) -> Desk:
    return Desk(WITMOTION, WitMotionTwin(swinging(seconds), **quirks))


@pytest.mark.parametrize(("rate_hz", "code"), [(None, "08"), (100, "09"), (200, "0b")])
def test_it_is_unlocked_and_set_to_the_rate_and_nothing_is_saved(rate_hz: float | None, code: str) -> None:
    there = desk(locks=True)
    started = there.begin(rate_hz)
    assert [each.hex() for each in there.written] == [UNLOCK, f"ffaa03{code}00", "ffaa270300"]
    assert started.info.rate_hz == (rate_hz or 50)
    assert started.info.acc_range_mps2 == 16 * G_MPS2
    there.run(there.said.resume(started))
    there.run(there.said.halt())
    there.run(there.said.battery())
    assert not any(each.hex().startswith(SAVE) for each in there.written)
    assert isinstance(there.twin, WitMotionTwin)
    assert there.twin.saves == 0


@pytest.mark.parametrize("off_ppm", [-40_000, 0, 30_000])
@pytest.mark.parametrize("quirks", [{}, {"burst": 8}, {"burst": 16, "cut": True}, {"answers": False}])
def test_samples_are_the_movement_at_their_times(quirks: dict[str, Any], off_ppm: float) -> None:
    there = desk(true_rate_ppm=off_ppm, **quirks)
    started = there.begin()
    begun_s = 0.1  # the first samples after the rate was set came before the last command
    samples = there.stream(started, 30)
    np.testing.assert_array_equal(samples.index, np.arange(len(samples)))
    assert len(samples) > 29 * 50 * (1 + off_ppm * 1e-6)
    assert samples.t_s[0] == 0
    late = samples[samples.t_s > 12]
    assert abs(shifted(late) - begun_s) < 0.1 + 6 * abs(off_ppm) * 1e-6
    assert (len(late) - 1) / np.ptp(late.t_s) == pytest.approx(50 * (1 + off_ppm * 1e-6), rel=2e-3)


def test_a_rate_that_is_not_offered_names_those_that_are() -> None:
    with pytest.raises(UsageError, match="50, 100, 200"):
        desk().begin(104)


def test_a_sensor_that_does_not_take_the_rate_is_found_out() -> None:
    with pytest.raises(UsageError, match="does not take 100 Hz"):
        desk(most_hz=50).begin(100)
    assert desk(most_hz=50, answers=False).begin(100).info.rate_hz == 100, "one that does not answer is believed"


def test_the_battery_is_read_between_the_measurements() -> None:
    there = desk(battery_cv=382, burst=8)
    started = there.begin()
    assert there.run(there.said.battery()) == 60
    samples = there.stream(started, 5)
    assert len(samples) > 200
    assert desk(answers=False).run(WITMOTION.dialogue().battery()) is None
    assert desk(battery_cv=0).begin() is not None
    assert Desk(WITMOTION, WitMotionTwin(swinging(), battery_cv=0)).run(there.said.battery()) is None


def test_what_was_lost_on_the_way_is_a_hole_and_what_only_waited_is_none() -> None:
    there = desk()
    started = there.begin()
    before = there.stream(started, 15)
    assert isinstance(there.twin, WitMotionTwin)
    there.twin.stall(there.now_us, 1_500_000)
    waited = there.stream(started, 5)
    np.testing.assert_array_equal(np.diff(waited.index), 1)
    there.twin.stall(there.now_us, 6_000_000)  # it holds two seconds of them
    after = there.stream(started, 12)
    whole = Samples.concat([before, waited, after])
    (hole,) = np.flatnonzero(np.diff(whole.index) > 1)
    assert np.diff(whole.index)[hole] == pytest.approx(200, abs=15)
    assert np.diff(whole.t_s)[hole] == pytest.approx(4, abs=0.3)


def test_after_a_reconnect_the_same_stream_goes_on_behind_a_hole() -> None:
    there = desk(burst=8, cut=True)
    started = there.begin()
    before = there.stream(started, 10.02)
    there.twin.disconnect(there.now_us)
    there.wait(5)
    there.connect()
    resumed = there.run(there.said.resume(started))
    assert resumed is not None
    assert resumed.running
    after = there.stream(started, 10)
    assert np.diff(np.concatenate((before.t_s[-1:], after.t_s[:1]))) == pytest.approx(5, abs=0.5)
    assert after.index[0] - before.index[-1] == pytest.approx(250, abs=25)
    np.testing.assert_array_equal(np.diff(after.index), 1)
    assert abs(shifted(after) - 0.1) < 0.2


def test_a_sensor_that_was_switched_off_is_set_again() -> None:
    there = desk()
    started = there.begin()
    there.stream(started, 3)
    assert isinstance(there.twin, WitMotionTwin)
    there.twin.switch_off(there.now_us)
    there.twin.registers[RATE] = 6
    there.connect()
    there.run(there.said.resume(started))
    assert there.twin.registers[RATE] == 8


def test_clipped_samples_are_counted_once() -> None:
    decoder = WitMotionDecoder(50)
    acc = np.array([[0.0, 0.0, 17.0], [0.0, 0.0, 1.0]])
    decoder.push(measured(acc, np.zeros((2, 3))), 1.0)
    decoder.push(measured(acc, np.array([[0.0, -2500.0, 0.0]] * 2)), 1.04)
    assert decoder.clipped == 3


def test_what_holds_no_frame_is_refused() -> None:
    decoder = WitMotionDecoder(50)
    with pytest.raises(FrameError):
        decoder.push(bytes(40), 0.0)
    assert len(decoder.push(answer(BATTERY, {BATTERY: 391}), 0.1)) == 0
    assert len(decoder.push(measured(np.zeros((1, 3)), np.zeros((1, 3)))[:9], 0.2)) == 0


def test_it_is_known_by_its_name() -> None:
    assert WITMOTION in FAMILIES
    assert WITMOTION.recognises("WT901BLE67", [])
    assert not WITMOTION.recognises("BX-0001", [])
    assert not WITMOTION.recognises(None, [])
