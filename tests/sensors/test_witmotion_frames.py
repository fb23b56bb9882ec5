"""WitMotion's frames: however they are cut and damaged, the sound ones come out."""

import itertools
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imu.model import G_MPS2
from imu.sensors import witmotion_frames as witmotion
from imu.sensors.witmotion_frames import Register, Splitter, WitBlock

Vectors = Callable[[str], list[dict[str, Any]]]
COUNTS = st.tuples(*[st.integers(-(2**15), 2**15 - 1)] * 9)


def frame(counts: tuple[int, ...]) -> bytes:
    return b"\x55\x61" + struct.pack("<9h", *counts)


def steady(k: int) -> bytes:
    """A frame without the bytes that one begins with in its data."""
    return frame((k, 100, 2048, k, -5, 7, 300, 400, 500))


def counts_of(blocks: list[WitBlock]) -> list[list[int]]:
    acc = np.concatenate([block.acc_mps2 for block in blocks]) / G_MPS2 * 2048
    gyr = np.rad2deg(np.concatenate([block.gyr_radps for block in blocks])) * 32768 / 2000
    return np.rint(np.hstack([acc, gyr])).astype(int).tolist()


def test_scales() -> None:
    block = Splitter().push(frame((2048, -32768, 0, 16384, -16384, 32767, 0, 0, 0)))
    np.testing.assert_allclose(block.acc_mps2, [[G_MPS2, -16 * G_MPS2, 0]])
    np.testing.assert_allclose(np.rad2deg(block.gyr_radps), [[1000, -1000, 2000 * 32767 / 32768]])
    assert block.clipped == 1


@pytest.mark.parametrize(("count", "clipped"), [(32767, 1), (-32767, 1), (-32768, 1), (32766, 0), (-32766, 0)])
def test_the_end_of_a_range_is_clipped(count: int, clipped: int) -> None:
    assert Splitter().push(frame((0, 0, count, 0, 0, 0, 0, 0, 0))).clipped == clipped


@given(st.lists(COUNTS, min_size=1, max_size=20), st.lists(st.integers(0, 400)))
def test_frames_come_out_however_they_are_notified(counts: list[tuple[int, ...]], cuts: list[int]) -> None:
    data = b"".join(frame(each) for each in counts)
    splitter = Splitter()
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    blocks = [splitter.push(data[a:b]) for a, b in itertools.pairwise(edges)]
    assert counts_of(blocks) == [list(each[:6]) for each in counts]
    assert splitter.skipped == 0


@given(st.integers(1, 8), st.binary(min_size=1, max_size=60), st.integers(0, 19))
def test_damage_costs_no_frame_far_from_it(n: int, damage: bytes, cut: int) -> None:
    """Bytes put in and bytes lost; after them, at most what the damage could hide is gone."""
    before, after = b"".join(map(steady, range(n))), b"".join(map(steady, range(100, 110)))
    splitter = Splitter()
    blocks = [splitter.push(before), splitter.push(damage + after[cut:])]
    found = [row[0] for row in counts_of(blocks)]
    assert found[:n] == list(range(n))
    assert set(found) >= set(range(105, 110))


def test_a_beginning_inside_of_a_frame_is_none() -> None:
    inside = frame((0x6155, 1, 2, 3, 4, 5, 6, 7, 8))
    splitter = Splitter()
    blocks = [splitter.push(b"\x00" + inside + steady(1) + steady(2))]
    assert [row[0] for row in counts_of(blocks)] == [0x6155, 1, 2]
    assert splitter.skipped == 1
    lost = Splitter()
    assert [row[0] for row in counts_of([lost.push(inside[1:] + steady(1) + steady(2))])] == [1, 2]


def test_a_beginning_is_not_believed_because_it_begins_a_notification() -> None:
    """Out of step, the next frame has to follow, wherever notifications are cut."""
    splitter = Splitter()
    first = splitter.push(bytes(3) + b"\x55")
    second = splitter.push(b"\x61" + bytes(25) + steady(1) + steady(2))
    assert [row[0] for row in counts_of([first, second])] == [1, 2]
    assert splitter.skipped == 30


@given(st.lists(st.binary(max_size=100) | st.binary(max_size=30).map(lambda rest: b"\x55\x61" + rest)))
def test_any_bytes_are_taken_and_each_is_accounted_for(notifications: list[bytes]) -> None:
    splitter = Splitter()
    blocks = [splitter.push(each) for each in notifications]
    frames = sum(len(block.acc_mps2) for block in blocks) + len(splitter.answers())
    left = sum(map(len, notifications)) - 20 * frames - splitter.skipped
    assert 0 <= left < 20


def test_of_a_frame_torn_in_two_nothing_is_made() -> None:
    """A notification is lost that ended one frame and began another."""
    data = b"".join(map(steady, range(6)))
    splitter = Splitter()
    found = [row[0] for row in counts_of([splitter.push(data[:33]), splitter.push(data[70:])])]
    assert found == [0, 4, 5]


def test_answers_to_reads_come_between_the_samples() -> None:
    splitter = Splitter()
    block = splitter.push(steady(1) + b"\x55\x71\x64\x00" + struct.pack("<8h", 397, *[0] * 7) + steady(2))
    assert len(block.acc_mps2) == 2
    (answer,) = splitter.answers()
    assert (answer.first, answer.values[0]) == (Register.BATTERY, 397)
    assert splitter.answers() == []


def test_commands() -> None:
    assert witmotion.write(Register.RATE, witmotion.RATE_CODES[100]) == bytes.fromhex("ffaa030900")
    assert witmotion.read(Register.BATTERY) == bytes.fromhex("ffaa276400")


@pytest.mark.parametrize(("volts", "left"), [(4.1, 100), (3.96, 100), (3.82, 60), (3.81, 50), (3.4, 5), (3.3, 0)])
def test_the_charge_is_read_from_the_voltage(volts: float, left: int) -> None:
    assert witmotion.charge_pct(round(volts * 100)) == left
    assert witmotion.charge_pct(0) is None


def test_real_commands(vectors: Vectors) -> None:
    sent = {each["hex"] for each in vectors("wit_cmd")}
    rates = [witmotion.write(Register.RATE, witmotion.RATE_CODES[rate_hz]) for rate_hz in (50, 100, 200)]
    assert sent == {each.hex() for each in [witmotion.UNLOCK, *rates, witmotion.read(0x3A)]}


def test_real_frames(vectors: Vectors) -> None:
    for real in vectors("wit_ble68"):
        beginning = bytes.fromhex(real["hex"])
        splitter = Splitter()
        assert len(splitter.push(beginning).acc_mps2) == 0
        block = splitter.push(bytes(4))  # pitch and yaw were not kept
        np.testing.assert_allclose(block.acc_mps2[0] / G_MPS2, real["expect"]["acc_g"])
        np.testing.assert_allclose(np.rad2deg(block.gyr_radps[0]), real["expect"]["gyro_dps"])
    (answer,) = vectors("wit_0x71")
    splitter = Splitter()
    splitter.push(bytes.fromhex(answer["hex"]))
    (registers,) = splitter.answers()
    assert registers.first == answer["expect"]["start_register"]
    assert list(registers.values[:3]) == answer["expect"]["magn_raw"]
