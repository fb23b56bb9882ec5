"""The virtual Movesense keeps to Movesense's documents, and to what users report."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from sensors.desk import moved, swinging

from firmware_proto.twins.movesense import COMMAND_UUID, DATA_UUID, MovesenseTwin
from firmware_proto.twins.movesense_bytes import body, notified
from firmware_proto.virtual_gatt import AttRefused

STEP_US = 30_000


def connected(mtu: int = 161, **quirks: Any) -> MovesenseTwin:
    twin = MovesenseTwin(swinging(), **quirks)
    twin.connect(0, mtu)
    twin.subscribe(DATA_UUID, True, 0)
    return twin


def asked(twin: MovesenseTwin, request: bytes, at_us: int = 0) -> bytes | None:
    """The response, if there is one soon."""
    twin.write(COMMAND_UUID, request, at_us)
    answers = [data for _, data in twin.tick(at_us + STEP_US) if data[0] == 1]
    return answers[0] if answers else None


def streamed(twin: MovesenseTwin, seconds: float, at_us: int = 0) -> Iterator[bytes]:
    for now_us in range(at_us + STEP_US, at_us + round(seconds * 1e6), STEP_US):
        yield from (data for _, data in twin.tick(now_us) if data[0] != 1)


def test_its_bytes_are_those_of_the_documents() -> None:
    """Worked out by hand from the protocol's tables."""
    twin = connected()
    hello = b"\x01\x05\x01174630000192\0Movesense\x000C8CDC000000\0Movesense sport\x002.3.1\0"
    assert asked(twin, bytes.fromhex("0005")) == hello
    info = asked(twin, b"\x04\x06/Meas/Acc/Info\0")
    assert info is not None
    assert info.hex() == "0106c800" + "080d001a0034006800d000a00141038206" + "0402040810"
    assert asked(twin, b"\x04\x07/System/Energy/Level\0") == bytes.fromhex("0107c8005f")
    assert asked(twin, b"\x04\x08/Nothing\0") == bytes.fromhex("01089401")
    assert twin.advertised.name == "Movesense 174630000192"
    with pytest.raises(AttRefused):
        twin.read(DATA_UUID, 0)


def test_a_packet_holds_the_time_of_its_first_sample_and_is_split_at_150_bytes() -> None:
    acc, gyr = moved(np.arange(8) / 104)
    first, second = notified(0x63, body(106005, acc, gyr, ranges=(8, 2000)))
    assert first[:6].hex() == "0263" + "159e0100"
    assert (len(first), second[:2].hex(), len(second)) == (152, "0363", 48)
    assert len(notified(0x63, body(0, acc[:4], gyr[:4], ranges=(8, 2000)))) == 1
    (clipped,) = notified(1, body(0, np.full((1, 3), 9.0), np.full((1, 3), -300.0), ranges=(8, 245)))
    np.testing.assert_allclose(struct.unpack("<6f", clipped[6:]), [8 * 9.80665] * 3 + [-245] * 3, rtol=1e-6)


@pytest.mark.parametrize(("rate", "samples"), [(52, 4), (104, 8)])
def test_thirteen_packets_a_second(rate: int, samples: int) -> None:
    twin = connected()
    assert asked(twin, b"\x01\x09/Meas/IMU6/%d\0" % rate) == bytes.fromhex("0109c800")
    parts = list(streamed(twin, 10))
    wholes = [part for part in parts if part[0] == 2]
    assert len(wholes) == pytest.approx(130, abs=2)
    stamps = [struct.unpack_from("<I", part, 2)[0] for part in wholes]
    assert np.diff(stamps).mean() == pytest.approx(1000 * samples / rate, rel=1e-3)


def test_subscriptions_end_with_the_connection_and_are_few() -> None:
    twin = connected()
    for reference in range(4):
        assert asked(twin, bytes((1, reference)) + b"/Meas/IMU6/52\0") == bytes((1, reference, 200, 0))
    assert asked(twin, b"\x01\x09/Meas/IMU6/52\0") == bytes.fromhex("010901fb"), "the wrong way round"
    assert asked(twin, b"\x02\x03") == bytes.fromhex("0103c800")
    assert asked(twin, b"\x02\x03") == bytes.fromhex("01039401")
    twin.disconnect(STEP_US)
    twin.connect(STEP_US, 161)
    twin.subscribe(DATA_UUID, True, STEP_US)
    assert not list(streamed(twin, 2, STEP_US))


def test_places_for_requests_are_gone_until_a_restart() -> None:
    twin = connected(places=3)
    for reference in (10, 11, 12):
        assert asked(twin, bytes((4, reference)) + b"/Info\0") is None
    twin.disconnect(0)
    twin.connect(0, 161)
    twin.subscribe(DATA_UUID, True, 0)
    assert asked(twin, b"\x04\x20/System/Energy/Level\0") == bytes.fromhex("0120ad01"), "429, over a reconnect"
    ((_, accepted),) = twin.write(COMMAND_UUID, bytes((7, 0x21, 5)), 0)
    assert accepted == bytes.fromhex("0121ca00")
    assert twin.link_lost
    twin.connect(0, 161)
    twin.subscribe(DATA_UUID, True, 0)
    assert asked(twin, b"\x04\x22/System/Energy/Level\0") == bytes.fromhex("0122c8005f")


def test_what_a_small_mtu_does_not_take_is_cut_off() -> None:
    twin = connected(23)
    assert len(asked(twin, bytes.fromhex("0005")) or b"") == 20
    asked(twin, b"\x01\x09/Meas/IMU6/104\0")
    assert {len(part) for part in streamed(twin, 2)} == {20}


def test_a_stalled_link_loses_the_newest() -> None:
    twin = connected()
    asked(twin, b"\x01\x09/Meas/IMU6/104\0")
    assert len(list(streamed(twin, 1))) > 20
    twin.stall(1_000_000, 5_000_000)
    assert not list(streamed(twin, 4, 1_000_000))
    stamps = [struct.unpack_from("<I", part, 2)[0] for part in streamed(twin, 3, 6_000_000) if part[0] == 2]
    assert np.diff(stamps).max() > 2000
