"""A broken sensor is not believed, and the figures say what happened."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imu.link.health import Doubt, Pace
from imu.model import Samples, SensorInfo

INFO = SensorInfo(family="native", model="BX", rate_hz=100.0)
N = 1200


def block(seed: int = 0) -> Samples:
    rng = np.random.default_rng(seed)
    return Samples.measured(np.arange(N) / 100, rng.normal((0, 0, 9.81), 0.02, (N, 3)), rng.normal(0, 0.002, (N, 3)))


def broken(acc: np.ndarray | None = None, gyr: np.ndarray | None = None) -> Samples:
    sound = block()
    return Samples.measured(sound.t_s, sound.acc_mps2 if acc is None else acc, sound.gyr_radps if gyr is None else gyr)


STUCK = block().acc_mps2 * (1, 0, 1)
CLIPPED = np.where(np.arange(N)[:, None] % 20 == 0, INFO.acc_range_mps2, block().acc_mps2)


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (broken(acc=STUCK), "acceleration's y axis does not move"),
        (broken(gyr=np.zeros((N, 3))), "gyroscope is zero throughout"),
        (broken(acc=CLIPPED), "end of its range in 5%"),
    ],
)
def test_a_broken_sensor_is_named_once(samples: Samples, words: str) -> None:
    doubt = Doubt(INFO)
    said = doubt.push(samples)
    assert len(said) == 1
    assert words in said[0]
    assert doubt.words == tuple(said)
    assert doubt.push(samples) == []


def test_a_sound_sensor_raises_no_doubt_and_a_doubt_passes() -> None:
    doubt = Doubt(INFO)
    assert doubt.push(block()) == []
    assert doubt.push(broken(acc=STUCK))
    doubt.push(block(1))
    assert doubt.words == ()


@given(st.lists(st.integers(1, N - 1), max_size=10))
def test_doubt_does_not_depend_on_how_the_samples_are_cut(cuts: list[int]) -> None:
    samples = Samples.concat([block(), broken(gyr=np.zeros((N, 3))), block(2)])
    whole, parts = Doubt(INFO), Doubt(INFO)
    edges = [0, *sorted(cuts), len(samples)]
    said = [w for a, b in itertools.pairwise(edges) if b > a for w in parts.push(samples[a:b])]
    assert said == whole.push(samples)


def test_rate_and_latency() -> None:
    pace = Pace()
    assert np.isnan(pace.rate_hz)
    assert np.isnan(pace.latency_s)
    for k in range(100):
        t_s = np.arange(10 * k, 10 * k + 10) / 100
        late_s = 0.4 if k == 99 else 0.05
        samples = Samples.measured(t_s, np.zeros((10, 3)), arrival_s=np.full(10, t_s[-1] + late_s))
        pace.note(samples, 9 * (k + 1))  # one in ten went missing
    assert pace.rate_hz == pytest.approx(90.0)
    assert pace.latency_s == pytest.approx(0.35)
