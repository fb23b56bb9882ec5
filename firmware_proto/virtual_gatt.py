"""What a virtual peripheral of any kind is: an advertisement, a GATT table, and a behaviour without I/O.

Time comes only through `now_us` arguments (any clock that does not run backwards), so that a test can live through an
hour in a blink. Whoever has a radio serves such an object (`virtual_radio`); whoever has none calls its methods.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from firmware_proto.virtual_faults import Faults, Outgoing

__all__ = [
    "Advertised", "AttRefused", "Faults", "GattCharacteristic", "GattService", "Link", "Outgoing", "VirtualPeripheral",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Link:
    """How much the link carries: so many packets in each connection interval."""

    interval_us: int = 30_000
    packets: int = 4


@dataclass(frozen=True, kw_only=True)
class GattCharacteristic:
    """One characteristic of a table.

    Attributes:
        uuid: In the long form of 36 characters.
        properties: Of `read`, `write`, `write-without-response`, `notify`, `indicate`.
        needs_pairing: Read, written and switched on only over an encrypted link, else refused (ATT error 0x05 or 0x0F).
    """

    uuid: str
    properties: frozenset[str]
    needs_pairing: bool = False


@dataclass(frozen=True, kw_only=True)
class GattService:
    """One service of a table; UUIDs in the long form of 36 characters."""

    uuid: str
    characteristics: tuple[GattCharacteristic, ...]


@dataclass(frozen=True, kw_only=True)
class Advertised:
    """What a peripheral says of itself; what does not fit 31 bytes is in the scan response.

    Attributes:
        name: The local name.
        service_uuids: In the long form of 36 characters; those of the SIG are sent in 2 bytes.
        manufacturer_data: (company, bytes) of each entry of it.
    """

    name: str
    service_uuids: tuple[str, ...] = ()
    manufacturer_data: tuple[tuple[int, bytes], ...] = ()


class AttRefused(Exception):
    """A read or write is refused: an answer of the peripheral, not an error of ours.

    Attributes:
        code: The ATT error (Bluetooth Core 5.4, Vol 3, Part F, 3.4.1.1; 0x80 to 0x9F are the application's own).
    """

    def __init__(self, code: int) -> None:
        super().__init__(f"ATT error 0x{code:02X}")
        self.code = code


class VirtualPeripheral(Protocol):
    """A peripheral as its radio sees it.

    Attributes:
        link: Capacity of the link; `faults` what goes wrong on it.
        mtu: ATT_MTU in force, written by the radio; 23 after each connect until the host asks for more.
        link_lost: It hung up (it restarted), and so it stays until the next connect.
    """

    link: Link
    faults: Faults
    mtu: int
    link_lost: bool

    @property
    def max_mtu(self) -> int:
        """The largest ATT_MTU it agrees to."""
        ...

    @property
    def advertised(self) -> Advertised:
        """What a scan finds."""
        ...

    @property
    def services(self) -> tuple[GattService, ...]:
        """What a discovery finds."""
        ...

    def connect(self, now_us: int, mtu: int) -> None:
        """A host connected."""

    def disconnect(self, now_us: int) -> None:
        """The link is gone, and with it every subscription."""

    def subscribe(self, uuid: str, on: bool, now_us: int) -> None:
        """A host switched notifications or indications of a characteristic on or off.

        Raises:
            AttRefused: They are not to be had.
        """

    def read(self, uuid: str, now_us: int) -> bytes:
        """The value of a characteristic.

        Raises:
            AttRefused: It is not to be had.
        """
        ...

    def write(self, uuid: str, data: bytes, now_us: int) -> Outgoing:
        """Take a write; gives the notifications and indications that leave at once, in order.

        Raises:
            AttRefused: The value is refused.
        """
        ...

    def tick(self, now_us: int) -> Outgoing:
        """The notifications and indications due by now, in order; none to who is not subscribed."""
        ...
