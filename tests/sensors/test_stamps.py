"""Blocks with one device time each: lost ones are found, times are right and only ever increase."""

import itertools
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imu.model import Floats
from imu.sensors import FrameError, StreamBroken
from imu.sensors.stamps import BROKEN_AFTER, Stamps

WRAP_S = 2**32 / 1000
Of = Literal["first", "last"]
OFS: st.SearchStrategy[Of] = st.sampled_from(["first", "last"])


def blocks(sizes: list[int]) -> list[tuple[int, int]]:
    """Index of the first sample, and count of samples, of each block."""
    return list(zip(itertools.accumulate(sizes, initial=0), sizes, strict=False))


class Sensor:
    """Stamps of a sensor whose rate is off, rounded and wrapped as it does."""

    def __init__(self, *, of: Of, off: float, start_s: float, step_s: float) -> None:
        self.of, self.start_s, self.step_s, self.true_s = of, start_s, step_s, (1 - off) / 104

    def stamp_s(self, first: int, n: int) -> float:
        exact = self.start_s + (first + (n - 1 if self.of == "last" else 0)) * self.true_s
        return float(round(exact / self.step_s) * self.step_s % WRAP_S)


SENSORS = st.builds(
    Sensor,
    of=OFS,
    off=st.floats(-0.05, 0.05),
    start_s=st.floats(0, WRAP_S - 1) | st.floats(WRAP_S - 10, WRAP_S),
    step_s=st.sampled_from([1e-3, 1e-6]),
)
# Sizes that differ by less than twice: a lost block is more than the rate explains. The first seconds come whole.
UNEVEN = st.integers(2, 40).flatmap(lambda a: st.lists(st.integers(a, 2 * a - 1), min_size=30, max_size=80))


@given(SENSORS, UNEVEN, st.data())
def test_lost_blocks_are_found_and_times_are_right(sensor: Sensor, sizes: list[int], data: st.DataObject) -> None:
    all_blocks = blocks(sizes)
    sure = next((k for k, (first, _) in enumerate(all_blocks) if first > 104), len(all_blocks) - 1)
    lost = data.draw(st.sets(st.integers(sure + 1, len(all_blocks))))
    stamps = Stamps(104, of=sensor.of, wrap_s=WRAP_S)
    placed: list[Floats] = []
    end = true_end = 0
    for k, (first, n) in enumerate(all_blocks):
        if k in lost:
            continue
        index, t_s = stamps.place(sensor.stamp_s(first, n), n)
        assert abs((index - end) - (first - true_end)) <= 1, "a hole is right to a sample"
        end, true_end = index + n, first + n
        placed.append(t_s)
        if k > 1:  # zero is where the told rate put it: at most the first block's length times the rate's error off
            true_s = np.arange(first, first + n) * sensor.true_s
            assert np.abs(t_s - true_s).max() <= 1 / 104 + 0.05 * sizes[0] / 104 + 2 * sensor.step_s
    assert (np.diff(np.concatenate(placed)) > 0).all()


@given(SENSORS, st.integers(1, 40), st.sets(st.integers(1, 40), max_size=15))
def test_of_blocks_of_one_size_lost_ones_are_found_from_the_start(sensor: Sensor, n: int, lost: set[int]) -> None:
    stamps = Stamps(104, of=sensor.of, wrap_s=WRAP_S)
    kept = [first for k, (first, _) in enumerate(blocks([n] * 42)) if k not in lost]
    places = [stamps.place(sensor.stamp_s(first, n), n) for first in kept]
    wrong = [index - first for (index, _), first in zip(places, kept, strict=True)]
    early = next((k for k, pair in enumerate(itertools.pairwise(kept)) if pair[1] - pair[0] == n), len(kept))
    if all(b - a <= 8 * n for a, b in itertools.pairwise(kept[: early + 2])):
        assert not any(wrong)
    assert (np.diff(np.concatenate([t_s for _, t_s in places])) > 0).all()


@given(OFS, st.integers(1, 40), st.floats(0.05, 590))
def test_after_a_restart_on_the_same_clock_the_hole_is_a_step(of: Of, n: int, away_s: float) -> None:
    """Its length is any number of samples, not whole blocks, and it is told even where it is short."""
    stamps, true_s = Stamps(200, of=of), 1.02 / 200
    back = n - 1 if of == "last" else 0
    start_s = 5.8e8
    for k in range(100):
        index, t_s = stamps.place(start_s + (k * n + back) * true_s, n)
    stamps.restarted()
    again_s = start_s + (100 * n - 1) * true_s + away_s
    after, after_s = stamps.place(again_s + back * true_s, n)
    assert abs((after - index - n + 1) * true_s - away_s) <= true_s + 1e-6 * away_s
    assert after_s[0] - t_s[-1] == pytest.approx(away_s, abs=1e-6)
    follows, _ = stamps.place(again_s + (n + back) * true_s, n)
    assert follows == after + n


def test_a_lost_block_stretches_no_other() -> None:
    """polar-ble-sdk issue 775: spread over the whole step, samples beside a hole seem to come at half the rate."""
    stamps = Stamps(52, of="last")
    places = [stamps.place(10 + k * 36 / 52, 36) for k in (0, 1, 2, 4, 5)]
    assert [index for index, _ in places] == [0, 36, 72, 144, 180]
    for _, t_s in places:
        np.testing.assert_allclose(np.diff(t_s), 1 / 52)


@given(OFS, st.lists(st.floats(-0.1, 0.1), min_size=3, max_size=60))
def test_stamps_that_jitter_make_no_hole(of: Of, jitter: list[float]) -> None:
    stamps = Stamps(200, of=of)
    places = [stamps.place((k + offset) * 36 / 200, 36) for k, offset in enumerate(jitter)]
    assert [index for index, _ in places] == [36 * k for k in range(len(jitter))]
    assert (np.diff(np.concatenate([t_s for _, t_s in places])) > 0).all()


def test_stamps_that_cannot_be_are_refused_and_change_nothing() -> None:
    """Sent twice, from before, and from hours or years ahead: each by itself is left out, and the stream goes on."""
    stamps = Stamps(200, of="last")
    stamps.place(100.0, 36)
    stamps.place(100.18, 36)
    for wrong_s in (100.18, 99.0, 7300.0, 7.9e8, 100.19):
        with pytest.raises(FrameError) as refused:
            stamps.place(wrong_s, 36)
        assert not isinstance(refused.value, StreamBroken)
    index, t_s = stamps.place(100.36, 36)
    assert index == 72
    assert t_s[-1] == pytest.approx(0.36 + 35 / 200)
    assert stamps.time_s(100.36) == pytest.approx(t_s[-1])


@pytest.mark.parametrize("to_s", [0.0, 5.8e8 + 3600, 7.9e8])
def test_a_clock_that_began_anew_or_was_set_breaks_the_stream(to_s: float) -> None:
    stamps = Stamps(200, of="last")
    for k in range(20):
        stamps.place(5.8e8 + k * 0.18, 36)
    for k in range(BROKEN_AFTER - 1):
        with pytest.raises(FrameError) as refused:
            stamps.place(to_s + k * 0.18, 36)
        assert not isinstance(refused.value, StreamBroken)
    with pytest.raises(StreamBroken):
        stamps.place(to_s + BROKEN_AFTER * 0.18, 36)


@given(OFS, st.lists(st.tuples(st.floats(0, WRAP_S) | st.floats(0, 3), st.integers(1, 130)), max_size=40))
def test_whatever_the_stamps_times_increase_with_the_index(of: Of, said: list[tuple[float, int]]) -> None:
    stamps = Stamps(52, of=of, wrap_s=WRAP_S)
    end, end_s = 0, -1.0
    for stamp_s, n in said:
        try:
            index, t_s = stamps.place(stamp_s, n)
        except FrameError:
            continue
        assert index >= end
        assert t_s[0] > end_s
        assert (np.diff(t_s) > 0).all()
        end, end_s = index + n, float(t_s[-1])
