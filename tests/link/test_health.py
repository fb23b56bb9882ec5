"""A broken sensor and a slow link are named, a moving body is not, and each thing is said once."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_proto.motion import simulate
from firmware_proto.motion_random import random_plan
from imu.link.doubt import GOOD_AGAIN, Doubt, Warnings, link_findings
from imu.link.health import Pace
from imu.model import G_MPS2, Samples, SensorInfo

INFO = SensorInfo(family="native", model="BX", rate_hz=100.0)
N = 1200


def block(seed: int = 0) -> Samples:
    rng = np.random.default_rng(seed)
    return Samples.measured(np.arange(N) / 100, rng.normal((0, 0, 9.81), 0.02, (N, 3)), rng.normal(0, 0.002, (N, 3)))


def broken(acc: np.ndarray | None = None, gyr: np.ndarray | None = None) -> Samples:
    sound = block()
    return Samples.measured(sound.t_s, sound.acc_mps2 if acc is None else acc, sound.gyr_radps if gyr is None else gyr)


def at_rest(gyr_dps: float = 0.0, gravity: float = 1.0) -> Samples:
    sound = block()
    assert sound.gyr_radps is not None
    return broken(sound.acc_mps2 * gravity, sound.gyr_radps + np.deg2rad((0.0, gyr_dps, 0.0)))


STUCK = block().acc_mps2 * (1, 0, 1)
CLIPPED = np.where(np.arange(N)[:, None] % 20 == 0, INFO.acc_range_mps2, block().acc_mps2)


@pytest.mark.parametrize(
    ("samples", "what", "words"),
    [
        (broken(acc=STUCK), "the acceleration's axes", "acceleration's y axis does not move"),
        (broken(gyr=np.zeros((N, 3))), "the gyroscope's axes", "gyroscope is zero throughout"),
        (broken(acc=CLIPPED), "the acceleration's range", "end of its range in 5%"),
        (at_rest(gyr_dps=-12.0), "the gyroscope's offset", "y axis reads -12 deg/s"),
        (at_rest(gravity=0.5), "the acceleration's scale", "reads 0.50 g"),
        (at_rest(gravity=1.2), "the acceleration's scale", "reads 1.20 g"),
    ],
)
def test_a_broken_sensor_is_found_in_every_stretch(samples: Samples, what: str, words: str) -> None:
    found = Doubt(INFO).push(samples)
    assert len(found) == 2
    for stretch in found:
        assert list(stretch) == [what]
        assert words in stretch[what]


@pytest.mark.parametrize("samples", [block(), at_rest(gyr_dps=8.0), at_rest(gravity=1.08), at_rest(gravity=0.92)])
def test_what_a_sound_part_may_be_like_raises_no_doubt(samples: Samples) -> None:
    assert Doubt(INFO).push(samples) == [{}, {}]


def test_a_turning_body_is_no_offset() -> None:
    angle = np.deg2rad(12.0) * np.arange(N) / 100
    acc = 9.81 * np.column_stack([np.sin(angle), np.zeros(N), np.cos(angle)]) + block().acc_mps2 * (1, 1, 0)
    gyr = np.deg2rad((0.0, -12.0, 0.0)) + np.random.default_rng(2).normal(0, 0.01, (N, 3))
    assert Doubt(INFO).push(broken(acc, gyr)) == [{}, {}]


@pytest.mark.parametrize("seed", range(4))
def test_sound_sensors_on_moving_people_raise_no_doubt(seed: int) -> None:
    """Whole simulated sessions, rests and all; sensors of a cheap class, with offsets of up to 8 deg/s and 40 mg."""
    made = simulate(*random_plan(seed), seed)
    acc_unit, gyr_unit = made.acc_g_per_lsb * G_MPS2, np.deg2rad(made.gyr_dps_per_lsb)
    gyroscope = made.raw.shape[1] == 6
    info = dataclasses.replace(INFO, acc_range_mps2=32768 * acc_unit, gyr_range_radps=32768 * gyr_unit)
    gyr = made.raw[:, 3:] * gyr_unit if gyroscope else None
    found = Doubt(info).push(Samples.measured(made.t_s, made.raw[:, :3] * acc_unit, gyr))
    assert len(found) >= 5
    assert not any(found)


@given(st.lists(st.integers(1, N - 1), max_size=10))
def test_doubt_does_not_depend_on_how_the_samples_are_cut(cuts: list[int]) -> None:
    samples = Samples.concat([block(), broken(gyr=np.zeros((N, 3))), block(2)])
    whole, parts = Doubt(INFO), Doubt(INFO)
    edges = [0, *sorted(cuts), len(samples)]
    said = [found for a, b in itertools.pairwise(edges) if b > a for found in parts.push(samples[a:b])]
    assert said == whole.push(samples)


@pytest.mark.parametrize(
    ("figures", "what"),
    [
        ({}, []),
        ({"true_hz": np.nan, "in_time_hz": np.nan, "latency_s": np.nan}, []),
        ({"in_time_hz": 90.0}, ["the link's pace"]),
        ({"true_hz": 92.0, "in_time_hz": 92.0}, ["the sensor's rate"]),
        ({"true_hz": 99.0, "in_time_hz": 99.0}, []),  # 5 % off, as cheap clocks are
        ({"latency_s": 2.0}, ["the delay"]),
    ],
)
def test_bad_figures_of_the_link_are_found(figures: dict[str, float], what: list[str]) -> None:
    sound = {"told_hz": 104.0, "true_hz": 104.0, "in_time_hz": 104.0, "latency_s": 0.03}
    assert list(link_findings(**(sound | figures))) == what


def test_a_warning_is_said_once_and_its_end_once() -> None:
    warnings = Warnings()
    assert warnings.judge({"it": "It is bad in 5% of the samples."}) == (["It is bad in 5% of the samples."], [])
    for _ in range(3):  # flickering, and with another figure
        assert warnings.judge({}) == ([], [])
        assert warnings.judge({"it": "It is bad in 6% of the samples."}) == ([], [])
    assert [warnings.judge({}) for _ in range(GOOD_AGAIN)][-1] == ([], ["it"])
    assert not warnings.standing
    assert warnings.judge({}) == ([], [])
    assert warnings.said == ["It is bad in 5% of the samples."]


def test_one_slow_stretch_is_no_slow_link() -> None:
    warnings, slow = Warnings(), {"the link's pace": "Slow."}
    assert [warnings.judge(found)[0] for found in (slow, {}, slow, {}, slow, slow, slow)] == [
        [], [], [], [], [], ["Slow."], [],
    ]  # fmt: skip


def test_effective_rate() -> None:
    pace = Pace()
    assert np.isnan(pace.rate_hz)
    for k in range(100):
        pace.note((10 * k + 9) / 100, 9 * (k + 1))  # one in ten went missing
    assert pace.rate_hz == pytest.approx(90.0)
