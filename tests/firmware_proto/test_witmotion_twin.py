"""The virtual WitMotion sensor keeps to WitMotion's documents, and to what users report."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sensors.desk import swinging

from firmware_proto.twins.witmotion import COMMAND_UUID, DATA_UUID, RATE, WitMotionTwin, answer, measured
from firmware_proto.virtual_gatt import AttRefused

STEP_US = 30_000
UNLOCK, SET_50, SET_100, SAVE = (
    bytes.fromhex(each) for each in ("ffaa6988b5", "ffaa030800", "ffaa030900", "ffaa000000")
)


def connected(mtu: int = 247, **quirks: Any) -> WitMotionTwin:
    twin = WitMotionTwin(swinging(), **quirks)
    twin.connect(0, mtu)
    twin.subscribe(DATA_UUID, True, 0)
    return twin


def streamed(twin: WitMotionTwin, seconds: float, at_us: int = 0) -> list[bytes]:
    ticks = range(at_us + STEP_US, at_us + round(seconds * 1e6), STEP_US)
    return [data for now_us in ticks for _, data in twin.tick(now_us)]


def set_to(twin: WitMotionTwin, command: bytes, at_us: int = 0) -> None:
    for each in (UNLOCK, command):
        twin.write(COMMAND_UUID, each, at_us)


def test_its_bytes_are_those_of_the_documents() -> None:
    """Worked out by hand from WitMotion's tables, and the data sheet's own example."""
    assert answer(0x3A, {0x3A: 360, 0x3B: 105, 0x3C: 122}).hex() == "55713a00680169007a0000000000000000000000"
    frame = measured(np.array([[0.5, -0.25, 1.0]]), np.array([[125.0, -250.0, 0.0]]))
    assert len(frame) == 20
    assert frame[:14].hex() == "5561" + "000400fe0008" + "000800f00000"
    level = measured(np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]), np.zeros((3, 3)))
    roll_pitch = np.frombuffer(level, "<i2").reshape(3, 10)[:, 7:9] * (180 / 32768)
    np.testing.assert_allclose(roll_pitch, [[0, 0], [90, 0], [0, -90]], atol=0.01)
    assert WitMotionTwin(swinging()).advertised.name == "WT901BLE67"
    with pytest.raises(AttRefused):
        connected().read(DATA_UUID, 0)


def test_it_streams_slowly_as_soon_as_it_is_listened_to() -> None:
    twin = WitMotionTwin(swinging())
    twin.connect(0, 247)
    assert not streamed(twin, 3)
    twin.subscribe(DATA_UUID, True, 3_000_000)
    frames = streamed(twin, 3, 3_000_000)
    assert len(frames) == pytest.approx(30, abs=1)
    assert {len(frame) for frame in frames} == {20}


def test_settings_are_ignored_until_it_is_unlocked() -> None:
    twin = connected()
    twin.write(COMMAND_UUID, SET_50, 0)
    assert twin.registers[RATE] == 6
    twin.write(COMMAND_UUID, UNLOCK, 0)
    twin.write(COMMAND_UUID, SET_50, 11_000_000)
    assert twin.registers[RATE] == 6, "it was unlocked too long ago"
    set_to(twin, SET_50, 12_000_000)
    assert twin.registers[RATE] == 8
    twin.write(COMMAND_UUID, SAVE, 12_000_000)
    assert twin.saves == 1
    open_one = connected(locks=False)
    open_one.write(COMMAND_UUID, SET_100, 0)
    assert open_one.registers[RATE] == 9


@pytest.mark.parametrize(
    ("command", "mtu", "size"), [(SET_50, 247, 40), (SET_100, 247, 80), (SET_100, 63, 60), (SET_50, 23, 20)]
)
def test_several_frames_come_in_one_notification(command: bytes, mtu: int, size: int) -> None:
    twin = connected(mtu)
    set_to(twin, command)
    frames = streamed(twin, 4)
    assert {len(frame) for frame in frames} == {size}
    assert sum(map(len, frames)) / 20 == pytest.approx(200 if command == SET_50 else 400, rel=0.03)


def test_frames_may_be_cut_anywhere() -> None:
    twin = connected(burst=8, cut=True)
    set_to(twin, SET_50)
    frames = streamed(twin, 4)
    assert {len(frame) % 20 for frame in frames} != {0}
    whole = np.frombuffer(b"".join(frames), np.uint8)
    whole = whole[: len(whole) // 20 * 20].reshape(-1, 20)
    assert (whole[:, :2] == (0x55, 0x61)).all()


def test_answers_stand_between_the_frames() -> None:
    twin = connected(battery_cv=382)
    set_to(twin, SET_50)
    before = streamed(twin, 1)
    twin.write(COMMAND_UUID, bytes.fromhex("ffaa276400"), 1_000_000)
    frames = b"".join(before + streamed(twin, 1, 1_000_000))
    kinds = [frames[at : at + 2] for at in range(0, len(frames), 20)]
    assert kinds.count(b"\x55\x71") == 1
    assert kinds[-1] == b"\x55\x61"
    at = kinds.index(b"\x55\x71") * 20
    assert frames[at : at + 6] == bytes.fromhex("55716400") + (382).to_bytes(2, "little")


def test_a_stalled_link_loses_the_newest() -> None:
    twin = connected()
    set_to(twin, SET_50)
    streamed(twin, 1)
    twin.stall(1_000_000, 5_000_000)
    assert not streamed(twin, 4, 1_000_000)
    came = sum(map(len, streamed(twin, 1, 6_000_000))) / 20
    assert 100 < came < 200, "two seconds of them and what was taken since"
