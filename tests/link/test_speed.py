"""A simulated sensor whose time runs faster than ours: samples without a time are right all the same."""

import numpy as np
import pytest

from firmware_proto.twins.witmotion import measured
from imu.link.stream import Stream
from imu.model import Samples, SensorInfo
from imu.sensors import Started
from imu.sensors.witmotion import WitMotionDecoder


@pytest.mark.parametrize("speed", [1.0, 10.0])
def test_samples_without_a_time_are_placed_in_the_sensors_time(speed: float) -> None:
    info = SensorInfo(family="witmotion", model="", rate_hz=50.0)
    stream = Stream(Started(session=1, info=info, mtu=0, decoder=WitMotionDecoder(50.0)), memory=False, speed=speed)
    frame = measured(np.eye(3)[2:], np.zeros((1, 3)))
    samples = Samples.concat([stream.take(frame, 100 + k / 48 / speed) for k in range(48 * 30)])
    assert samples.t_s[-1] == pytest.approx(30, abs=0.3)
    assert samples.arrival_s[-1] == pytest.approx(30 / speed, abs=0.1)
