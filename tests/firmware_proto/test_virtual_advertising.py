"""An advertisement's bytes: what is said is heard, whatever the lists' kind and wherever it is cut."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from firmware_proto.virtual_advertising import MOST_BYTES, pack, unpack
from firmware_proto.virtual_gatt import Advertised

HEART_RATE = "0000180d-0000-1000-8000-00805f9b34fb"
OURS = "6d5b0001-8c5e-4a3f-9d3c-1f2e3d4c5b6a"
SHORT = st.integers(0, 0xFFFF).map(lambda number: f"{number:08x}{HEART_RATE[8:]}")


@given(
    st.text(max_size=20),
    st.lists(SHORT, max_size=4),
    st.lists(st.uuids().map(str), max_size=1),
    st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=6)), max_size=2),
)
def test_what_is_said_is_heard(name: str, short: list[str], long: list[str], makers: list[tuple[int, bytes]]) -> None:
    said = Advertised(name=name, service_uuids=(*short, *long), manufacturer_data=tuple(makers))
    try:
        packets = pack(said)
    except ValueError:
        assume(False)
    assert all(len(packet) <= MOST_BYTES for packet in packets)
    heard = unpack(b"".join(packets))
    assert (heard.name, set(heard.service_uuids)) == (said.name, set(said.service_uuids))
    assert sorted(heard.manufacturer_data) == sorted(said.manufacturer_data)


@given(st.binary(max_size=62))
def test_any_bytes_are_an_advertisement(data: bytes) -> None:
    assert isinstance(unpack(data), Advertised)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ("0302 0d18", Advertised(name="", service_uuids=(HEART_RATE,))),
        ("0505 eefe0000", Advertised(name="", service_uuids=("0000feee-0000-1000-8000-00805f9b34fb",))),
        ("1106 6a5b4c3d2e1f3c9d3f4a5e8c01005b6d", Advertised(name="", service_uuids=(OURS,))),
        ("0408 506f6c", Advertised(name="Pol")),
        ("0408 506f6c 0609 506f6c6172", Advertised(name="Polar")),
        ("04ff 6b0001", Advertised(name="", manufacturer_data=((0x6B, b"\1"),))),
        ("02ff 6b 0302 0d18 0909 50", Advertised(name="", service_uuids=(HEART_RATE,))),
    ],
    ids=["incomplete 16", "32", "incomplete 128", "shortened", "both names", "maker", "cut off"],
)
def test_entries_of_every_kind_are_read(entries: str, expected: Advertised) -> None:
    assert unpack(bytes.fromhex(entries)) == expected


def test_more_than_two_packets_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="more than fits"):
        pack(Advertised(name="N" * 30))
