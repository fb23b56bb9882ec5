"""The virtual Polar sensors: byte for byte what the maker's documents show, and the habits users complain of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_proto.twins import polar_bytes
from firmware_proto.twins.polar import H10Twin, VerityTwin
from firmware_proto.twins.polar_device import CONTROL_UUID, DATA_UUID, UNSET_NS
from firmware_proto.twins.polar_twin import PolarTwin
from firmware_proto.virtual_gatt import AttRefused, Link, VirtualPeripheral
from firmware_proto.virtual_source import Motion
from imu.sensors.polar_frames import decode_frame
from imu.sensors.polar_packed import differences

STEP_US = 30_000
START_200_HZ_8_G = "0202 00 01 c800 01 01 1000 02 01 0800"
NOISE = np.random.default_rng(3).normal(0, 0.02, (500, 3))


def still() -> Motion:
    return Motion(NOISE + np.eye(3)[1], 50 * NOISE, 104.0)


def connected(twin: PolarTwin, mtu: int = 232) -> PolarTwin:
    twin.connect(0, mtu)
    for uuid in (CONTROL_UUID, DATA_UUID):
        twin.subscribe(uuid, True, 0)
    return twin


def ask(twin: PolarTwin, request: str, now_us: int = 0) -> str:
    return " ".join(data.hex() for _, data in twin.write(CONTROL_UUID, bytes.fromhex(request), now_us))


def frames(twin: PolarTwin, first_us: int, last_us: int) -> list[tuple[int, bytes]]:
    """When each came, and what."""
    ticks = range(first_us + STEP_US, last_us + 1, STEP_US)
    return [(now, data) for now in ticks for uuid, data in twin.tick(now) if uuid == DATA_UUID]


def test_they_are_peripherals() -> None:
    for twin in (H10Twin(still()), VerityTwin(still())):
        peripheral: VirtualPeripheral = twin
        assert "fb005c80-02e7-f387-1cad-8acd2d8df0c8" not in peripheral.advertised.service_uuids
        assert peripheral.advertised.name.endswith(twin.serial)


def test_an_h10_answers_as_the_specification_shows() -> None:
    twin = connected(H10Twin(still()))
    assert twin.read(CONTROL_UUID, 0).hex() == "0f05" + "00" * 15
    assert ask(twin, "0102") == "f0010200000004190032006400c800010110000203020004000800"
    assert ask(twin, START_200_HZ_8_G) == "f00202000001"
    assert ask(twin, START_200_HZ_8_G) == "f0020206", "it runs already"
    assert ask(twin, "0302") == "f003020000"
    assert ask(twin, "0302") == "f0030206"
    assert ask(twin, "0202 00 01 3300 01 01 1000 02 01 0800") == "f0020208", "no such rate"
    assert ask(twin, "0202 00 01 c800 01 01 1000 02 01 1000") == "f0020209", "no such range"
    assert ask(twin, "0202 00 02 c800") == "f0020205"
    assert ask(twin, "0105") == "f0010502", "no gyroscope"
    assert ask(twin, "0209") == "f0020903", "no SDK mode"
    assert ask(twin, "2a") == "f02a0001"
    assert ask(twin, "01") == "f0010004"


def test_a_verity_answers_as_its_firmware_does() -> None:
    twin = connected(VerityTwin(still()))
    assert twin.read(CONTROL_UUID, 0).hex()[:6] == "0f6e02"
    assert ask(twin, "0105") == "f001050000 0001 3400 0101 1000 0201 d007 0401 03".replace(" ", "")
    assert ask(twin, "06") == "f00600000000"
    assert ask(twin, "0209") == "f002090000"
    assert ask(twin, "06") == "f00600000001"
    wide = ask(twin, "0102")
    assert wide == "f001020000 0005 1a00 3400 6800 d000 a001 0101 1000 0204 0200040008001000 0401 03".replace(" ", "")
    assert (
        ask(twin, "0202 00 01 d000 01 01 1000 02 01 0800 04 01 03")
        == "f0020200000501" + np.float32(2.44e-4).tobytes().hex()
    )
    assert ask(twin, "0309") == "f003090c", "not while it measures"
    assert ask(twin, "05") == "f0050000004205"
    later = connected(VerityTwin(still(), tells_factor=False))
    assert ask(later, "0202 00 01 3400 01 01 1000 02 01 0800 04 01 03") == "f002020000"
    assert ask(later, "0205 00 01 3400 01 01 1000 02 01 d007 04 01 02") == "f002050b", "two channels"
    assert ask(connected(VerityTwin(still(), has_sdk_mode=False)), "0209") == "f0020903"


def test_its_bad_habits() -> None:
    small = connected(H10Twin(still()), mtu=23)
    assert ask(small, "0102") == "f001020a", "four bytes, whatever is asked"
    assert ask(connected(H10Twin(still(), charging=True)), START_200_HZ_8_G) == "f002020d"
    parts = ask(connected(H10Twin(still(), parts_of=12)), "0102")
    assert parts == "f0010200010004190032006400c8000101 f00102000010000203020004000800"
    deaf = H10Twin(still())
    deaf.connect(0, 232)
    with pytest.raises(AttRefused):
        ask(deaf, "0102")
    closed = H10Twin(still(), needs_pairing=True).services[0].characteristics
    assert all(each.needs_pairing for each in closed)
    echo = connected(H10Twin(still(), echoes_features=True))
    told = echo.read(CONTROL_UUID, 0)
    assert echo.tick(STEP_US) == [(CONTROL_UUID, told)]


def test_frames_of_36_leave_when_they_are_full() -> None:
    twin = connected(H10Twin(still(), true_rate_ppm=20_000, on_for_s=10))
    ask(twin, START_200_HZ_8_G)
    came = frames(twin, 0, 2_010_000)
    assert [len(data) for _, data in came] == [226] * (int(2.01 * 204) // 36)
    for (now_us, data), k in zip(came, range(1, 99), strict=False):
        last_ns = int.from_bytes(data[1:9], "little")
        assert last_ns - UNSET_NS - 10_000_000_000 == pytest.approx(36 * k / 204 * 1e9)
        assert 0 <= now_us * 1000 - (last_ns - UNSET_NS - 10_000_000_000) < 35e6
    assert ask(twin, "0302", 2_010_000) == "f003020000"
    assert frames(twin, 2_010_000, 3_000_000) == [], "the rest is never sent"


def test_a_drop_ends_the_stream_and_the_body_moves_on() -> None:
    twin = connected(H10Twin(Motion(np.arange(3000)[:, None] * 1e-3 * np.ones(3), np.zeros((3000, 3)), 100.0)))
    ask(twin, START_200_HZ_8_G)
    frames(twin, 0, 1_000_000)
    twin.disconnect(1_000_000)
    assert twin.abandoned == 1
    assert frames(twin, 1_000_000, 5_000_000) == []
    connected(twin)
    assert ask(twin, "0302", 5_000_000) == "f0030206"
    ask(twin, START_200_HZ_8_G, 5_000_000)
    (_, data), *_ = frames(twin, 5_000_000, 6_000_000)
    assert int.from_bytes(data[14:16], "little", signed=True) == pytest.approx(500, abs=2)
    twin.lose_power(6_000_000)
    assert twin.link_lost
    connected(twin)
    ask(twin, START_200_HZ_8_G, 7_000_000)
    (_, data), *_ = frames(twin, 7_000_000, 8_000_000)
    assert int.from_bytes(data[1:9], "little") - UNSET_NS < 2e9, "its clock began anew"


def test_a_slow_link_loses_whole_frames() -> None:
    twin = connected(H10Twin(still(), link=Link(interval_us=1_000_000, packets=2)))
    ask(twin, START_200_HZ_8_G)
    stamps = [int.from_bytes(data[1:9], "little") for _, data in frames(twin, 0, 60_000_000)]
    steps = np.diff(stamps) / 180e6
    assert len(stamps) == 2 * 60
    assert steps == pytest.approx(np.rint(steps), abs=1e-6)
    assert steps.max() > 1.5


def test_who_stops_unasked_says_what() -> None:
    twin = connected(VerityTwin(still()))
    for measurement, full_scale in (("02", "0800"), ("05", "d007")):
        ask(twin, f"02{measurement} 00 01 3400 01 01 1000 02 01 {full_scale} 04 01 03")
    twin.stop_by_itself(0)
    assert twin.tick(STEP_US) == [(CONTROL_UUID, bytes.fromhex("010205"))]
    assert not twin.running


def test_a_verity_fills_its_frames_with_blocks_of_several_widths() -> None:
    body = np.concatenate((NOISE, NOISE + np.sin(np.arange(500) / 8)[:, None], NOISE))
    twin = connected(VerityTwin(Motion(body, 300 * body, 104.0)))
    ask(twin, "0202 00 01 3400 01 01 1000 02 01 0800 04 01 03")
    widths, sizes = set(), []
    for _, data in frames(twin, 0, 14_000_000):
        sizes.append(len(data))
        at = 16
        while at < len(data):
            widths.add(data[at])
            at += 2 + (data[at] * data[at + 1] * 3 + 7) // 8
        assert at == len(data)
        decode_frame(data, factor=1.0)
    assert len(widths) > 3
    assert min(sizes) > 220
    assert max(sizes) <= 229


COUNTS = st.lists(st.tuples(*[st.integers(-(2**15), 2**15 - 1)] * 3), min_size=1, max_size=200)
PATTERNS = st.lists(st.tuples(*[st.integers(-(2**31), 2**31 - 1)] * 3), min_size=1, max_size=60)


@given(COUNTS | COUNTS.map(lambda c: [(x // 500, y // 70, z // 9) for x, y, z in c]), st.integers(20, 400))
def test_what_is_compressed_is_what_comes_out(counts: list[tuple[int, ...]], room: int) -> None:
    packed = polar_bytes.compress(np.array(counts), width=2, room=room)
    assert len(packed.content) <= room
    assert differences([packed.content], 2)[0].tolist() == [list(c) for c in counts[: packed.samples]]
    assert packed.full is (packed.samples < len(counts))


@given(PATTERNS, st.integers(30, 800))
def test_so_it_is_where_sums_wrap(patterns: list[tuple[int, ...]], room: int) -> None:
    packed = polar_bytes.compress(np.array(patterns), width=4, room=room)
    assert len(packed.content) <= room
    assert differences([packed.content], 4)[0].tolist() == [list(p) for p in patterns[: packed.samples]]


@given(st.binary(max_size=30), st.sampled_from([23, 40, 232]))
def test_any_request_is_answered_or_refused(request_bytes: bytes, mtu: int) -> None:
    for kind in (H10Twin, VerityTwin):
        twin: Any = connected(kind(still()), mtu)
        for _, told in twin.write(CONTROL_UUID, request_bytes, 0):
            assert told[:1] == b"\xf0"
            assert len(told) <= mtu - 3
