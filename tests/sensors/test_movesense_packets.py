"""Movesense's packets and responses: what was packed comes out, in one part or two, and damage is refused by name."""

import contextlib
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imu.errors import SensorFault
from imu.sensors import FrameError, RequestRefused
from imu.sensors import movesense_control as control
from imu.sensors import movesense_packets as packets
from imu.sensors.movesense_packets import Joiner, Kind

Vectors = Callable[[str], list[dict[str, Any]]]
REFERENCE = 7
VALUES = np.random.default_rng(1).normal(0, 5, (2, 8, 3)).astype(np.float32)


def body(first_ms: int = 1000, n: int = 8) -> bytes:
    return struct.pack("<I", first_ms) + VALUES[:, :n].tobytes()


def notified(whole: bytes, split: int = 150) -> list[bytes]:
    parts = [whole[:split]] + ([whole[split:]] if len(whole) > split else [])
    return [bytes((kind, REFERENCE)) + part for kind, part in zip((2, 3), parts, strict=False)]


def joined(notifications: list[bytes], joiner: Joiner | None = None) -> list[bytes]:
    joiner = joiner or Joiner(REFERENCE)
    bodies = [joiner.push(packets.packet(each)) for each in notifications]
    return [each for each in bodies if each is not None]


@pytest.mark.parametrize("n", [1, 4, 8])
def test_samples_come_out_in_si_units(n: int) -> None:
    (whole,) = joined(notified(body(n=n)))
    block = packets.decode_imu(whole)
    np.testing.assert_array_equal(block.acc_mps2, VALUES[0, :n])
    np.testing.assert_allclose(np.rad2deg(block.gyr_radps), VALUES[1, :n], rtol=1e-12)
    assert block.first_ms == 1000


def test_packets_of_other_requests_are_left_alone() -> None:
    first, second = notified(body())
    between = [bytes((1, REFERENCE, 200, 0)), bytes((2, 9)) + body(n=1)]
    assert joined([first, *between, second]) == [body()]


def test_a_lost_second_part_loses_no_other_packet() -> None:
    first, _ = notified(body(1000))
    came = [first, *notified(body(1077)), first, *notified(body(1154, 4))]
    assert joined(came) == [body(1077), body(1154, 4)]


def test_a_second_part_without_a_first_is_refused() -> None:
    joiner = Joiner(REFERENCE)
    first, second = notified(body())
    with pytest.raises(FrameError, match="first part"):
        joined([second], joiner)
    with pytest.raises(FrameError, match="whole samples"):
        joined([first, second[:-1]], joiner)
    assert joined([first, second], joiner) == [body()], "what came before is forgotten"


@pytest.mark.parametrize(
    "whole",
    [b"", bytes(4), bytes(27), body()[:-1], body(n=1)[:-4] + struct.pack("<f", float("inf"))],
)
def test_what_is_no_measurement_is_refused(whole: bytes) -> None:
    with pytest.raises(FrameError):
        packets.decode_imu(whole)


def test_requests_are_those_of_the_specification() -> None:
    assert control.hello(5) == bytes.fromhex("0005")
    assert control.subscribe(9, control.imu_path(104)) == b"\x01\x09/Meas/IMU6/104\x00"
    assert control.unsubscribe(9) == bytes.fromhex("0209")
    assert control.get(3, control.BATTERY_PATH) == b"\x04\x03/System/Energy/Level\x00"


def test_the_greeting_says_who_it_is() -> None:
    said = b"\x01\x05" + b"\x01" + b"\0".join([b"123456789012", b"Movesense", b"0C8CDC000000", b"MD", b"2.3.1", b""])
    read = control.greeting(packets.packet(said))
    assert (read.protocol, read.serial, read.model, read.firmware) == (1, "123456789012", "Movesense", "MD 2.3.1")


@pytest.mark.parametrize(
    ("said", "why"),
    [("Hello", "update it"), ("\x02x", "update it"), ("\x01174630", "MTU"), ("", "cannot be understood")],
)
def test_a_greeting_that_is_none_says_what_to_do(said: str, why: str) -> None:
    with pytest.raises(SensorFault, match=why):
        control.greeting(packets.packet(b"\x01\x05" + said.encode()))


def test_the_range_in_use_is_one_of_those_there_are() -> None:
    assert control.in_use(b"\x08", control.ACC_RANGES_G) == 8
    assert control.in_use(b"\xd0\x07", control.GYR_RANGES_DPS) == 2000
    assert control.in_use(b"\x07", control.ACC_RANGES_G) is None
    assert control.in_use(b"", control.ACC_RANGES_G) is None


def test_a_response_is_read_or_says_why_not() -> None:
    assert control.check(packets.packet(bytes.fromhex("0103 c800 5f")), "GET") == b"\x5f"
    assert control.battery_percent(b"\x5f") == 95
    assert control.check(packets.packet(bytes.fromhex("0103 ca00")), "PUT") == b""
    for code, said in (("429", "ad01"), ("404", "9401"), ("507", "01fb"), ("507", "fb01")):
        with pytest.raises(RequestRefused) as refused:
            control.check(packets.packet(bytes.fromhex("0103" + said)), "SUBSCRIBE")
        assert refused.value.code == code
    with pytest.raises(SensorFault):
        control.check(packets.packet(bytes.fromhex("0103c8")), "GET")


def test_rates_and_ranges_are_read() -> None:
    assert control.offered(bytes.fromhex("02 3400 6800  02 04 08"), 1) == ((52, 104), (4, 8))
    assert control.offered(bytes.fromhex("01 3400  02 f401 d007"), 2) == ((52,), (500, 2000))
    for cut in ("", "02 3400", "01 3400 02 04", "01 3400 01 04 08"):
        with pytest.raises(SensorFault):
            control.offered(bytes.fromhex(cut), 1)


@given(st.lists(st.binary(max_size=60) | st.binary(max_size=200).map(lambda rest: bytes((2, REFERENCE)) + rest)))
def test_any_packets_are_samples_or_a_frame_error(notifications: list[bytes]) -> None:
    joiner = Joiner(REFERENCE)
    for each in notifications:
        with contextlib.suppress(FrameError):
            whole = joiner.push(packets.packet(each))
            if whole is not None:
                block = packets.decode_imu(whole)
                assert len(block.acc_mps2) == len(block.gyr_radps) > 0
                assert np.isfinite(block.gyr_radps).all()


@given(st.binary(max_size=60).map(lambda rest: b"\x01\x01" + rest))
def test_any_response_is_read_or_a_sensor_fault(data: bytes) -> None:
    response = packets.packet(data)
    with contextlib.suppress(SensorFault):
        control.greeting(response)
    with contextlib.suppress(SensorFault):
        control.check(response, "GET")
    for range_bytes in (1, 2):
        with contextlib.suppress(SensorFault):
            control.offered(data, range_bytes)


@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.integers(packets.LEAST_FIRST, 200))
def test_where_a_packet_is_split_does_not_matter(first_ms: int, n: int, split: int) -> None:
    if (split - 4) % 24 == 0:
        split += 1  # a first part of whole samples cannot be told from a whole packet
    assert joined(notified(body(first_ms, n), split)) == [body(first_ms, n)]


def test_real_packets(vectors: Vectors) -> None:
    real, as_notified = vectors("movesense_imu9_52")
    (notification,) = as_notified["notifications"]
    packet = packets.packet(bytes.fromhex(notification))
    whole = Joiner(packet.reference, arrays=3).push(packet)
    assert whole == bytes.fromhex(real["hex"])
    block = packets.decode_imu(whole, arrays=3)
    expect = real["expect"]
    assert (block.first_ms, len(block.acc_mps2)) == (expect["timestamp_ms"], expect["n"])
    np.testing.assert_allclose(block.acc_mps2, expect["acc_mps2"], rtol=1e-12)
    np.testing.assert_allclose(np.rad2deg(block.gyr_radps), expect["gyro_dps"], rtol=1e-12)
    (full,) = vectors("movesense_rsp_507")
    response = packets.packet(bytes.fromhex(full["hex"]))
    assert (response.kind, response.reference) == (Kind.RESPONSE, full["expect"]["ref"])
    assert control.status(response) == full["expect"]["status_be"]
    for name, key, range_bytes in (("movesense_accInfo", "Ranges_g", 1), ("movesense_gyroInfo", "Ranges_dps", 2)):
        (info,) = vectors(name)
        rates, ranges = control.offered(bytes.fromhex(info["hex"]), range_bytes)
        assert list(rates) == info["expect"]["SampleRates"]
        assert list(ranges) == info["expect"][key]
