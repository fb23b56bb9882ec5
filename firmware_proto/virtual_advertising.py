"""An advertisement's bytes, packed and read (Supplement to the Bluetooth Core Specification 11, Part A)."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from firmware_proto.virtual_gatt import Advertised

MOST_BYTES = 31
"""Of an advertisement, and of a scan response (Bluetooth Core 5.4, Vol 6, Part B, 2.3.1.1 and 2.3.2.2)."""
GENERAL_AND_LE_ONLY = 0x06
"""Flags of a peripheral that anybody may find and that has no classic Bluetooth."""
SIG_TAIL = "-0000-1000-8000-00805f9b34fb"
"""End of the UUIDs that have a short form (Bluetooth Core 5.4, Vol 3, Part B, 2.5.1)."""

FLAGS, UUIDS_16, UUIDS_128, SHORT_NAME, NAME, MANUFACTURER = 0x01, 0x03, 0x07, 0x08, 0x09, 0xFF
UUID_BYTES = {0x02: 2, UUIDS_16: 2, 0x04: 4, 0x05: 4, 0x06: 16, UUIDS_128: 16}
"""Bytes of a UUID in each kind of list, incomplete ones among them."""


def pack(advertised: Advertised) -> tuple[bytes, bytes]:
    """The advertisement and the scan response: each entry stands in the first that has room for it.

    Raises:
        ValueError: An entry fits neither.
    """
    packets = [b"", b""]
    for kind, data in _entries(advertised):
        entry = bytes((len(data) + 1, kind)) + data
        room = [i for i, packet in enumerate(packets) if len(packet) + len(entry) <= MOST_BYTES]
        if not room:
            raise ValueError(f"{advertised.name} says more than fits an advertisement and a scan response")
        packets[room[0]] += entry
    return packets[0], packets[1]


def unpack(data: bytes) -> Advertised:
    """What an advertisement says, together with its scan response if there was one; the name is empty without."""
    name, shortened, uuids, makers = "", "", [], []
    for kind, value in _parts(data):
        if kind == NAME:
            name = value.decode(errors="replace")
        elif kind == SHORT_NAME:
            shortened = value.decode(errors="replace")
        elif kind in UUID_BYTES:
            uuids += [_long(uuid) for uuid in _cut(value, UUID_BYTES[kind])]
        elif kind == MANUFACTURER and len(value) >= 2:
            makers.append((int.from_bytes(value[:2], "little"), value[2:]))
    return Advertised(name=name or shortened, service_uuids=tuple(uuids), manufacturer_data=tuple(makers))


def short(uuid: str) -> bytes:
    """A UUID as it is sent, 2 bytes where it has a short form."""
    wide = UUID(uuid)
    is_short = str(wide).startswith("0000") and str(wide).endswith(SIG_TAIL)
    return wide.bytes[2:4][::-1] if is_short else wide.bytes[::-1]


def _entries(advertised: Advertised) -> Iterator[tuple[int, bytes]]:
    yield FLAGS, bytes((GENERAL_AND_LE_ONLY,))
    uuids = [short(uuid) for uuid in advertised.service_uuids]
    for kind in (UUIDS_16, UUIDS_128):
        if listed := b"".join(uuid for uuid in uuids if len(uuid) == UUID_BYTES[kind]):
            yield kind, listed
    yield NAME, advertised.name.encode()
    for company, data in advertised.manufacturer_data:
        yield MANUFACTURER, company.to_bytes(2, "little") + data


def _parts(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(kind, value) of each entry; one that is cut off ends it."""
    while data and 0 < data[0] < len(data):
        yield data[1], data[2 : data[0] + 1]
        data = data[data[0] + 1 :]


def _cut(data: bytes, size: int) -> list[bytes]:
    return [data[i : i + size] for i in range(0, len(data) - size + 1, size)]


def _long(uuid: bytes) -> str:
    """The form of 36 characters."""
    return str(UUID(bytes=uuid[::-1])) if len(uuid) == 16 else f"{int.from_bytes(uuid, 'little'):08x}{SIG_TAIL}"
