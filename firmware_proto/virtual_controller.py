"""bumble's virtual controller and the link between controllers, mended where they are not like a radio.

A modern controller's buffers, a connection attempt that can be cancelled, a scan response of its own, and data that
comes from the address of its connection.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bumble import core, hci, ll
from bumble.controller import Controller
from bumble.link import LocalLink

# bumble warns of every packet that was under way when a link was lost, which is what `Air.drop` is for; whoever wants
# to see it sets this logger's level, and then keeps it
if logging.getLogger("bumble").level == logging.NOTSET:
    logging.getLogger("bumble").setLevel(logging.CRITICAL)

ACL_BYTES = 251
"""Longest packet on the air, with data length extension (Bluetooth Core 5.4, Vol 6, Part B, 2.4)."""
MAX_MTU = ACL_BYTES - 4
"""Longest attribute packet that fits one of them behind its L2CAP header; bumble's link does not join pieces."""
MIN_MTU = 23
"""Before any exchange (Bluetooth Core 5.4, Vol 3, Part G, 5.2.1)."""
RSSI_DBM = -50


@dataclass
class _Scannable(ll.AdvInd):
    """An advertisement, with what an active scanner is answered."""

    scan_response: bytes = b""


class VirtualController(Controller):
    """A Bluetooth LE controller without a radio.

    Attributes:
        is_deaf: Whether the peripheral at an address answers no connection request.
    """

    def __init__(self, name: str, link: LocalLink, **host: Any) -> None:  # noqa: ANN401  (where its host is)
        super().__init__(name, link=link, **host)
        self.is_deaf: Callable[[hci.Address], bool] = lambda _: False
        self.le_acl_data_packet_length = self.acl_data_packet_length = ACL_BYTES
        # with either of these bumble's host expects events that its controller does not send
        self.le_features &= ~(hci.LeFeatureMask.LL_PRIVACY | hci.LeFeatureMask.LE_EXTENDED_ADVERTISING)

    def on_hci_le_create_connection_cancel_command(
        self, command: hci.HCI_LE_Create_Connection_Cancel_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Give up an attempt to connect, and say so to the host."""
        pending, self.pending_le_connection = self.pending_le_connection, None
        if isinstance(pending, hci.HCI_LE_Create_Connection_Command):
            self.send_hci_packet(
                hci.HCI_LE_Connection_Complete_Event(
                    status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
                    connection_handle=0,
                    role=hci.Role.CENTRAL,
                    peer_address_type=pending.peer_address.address_type,
                    peer_address=pending.peer_address,
                    connection_interval=0,
                    peripheral_latency=0,
                    supervision_timeout=0,
                    central_clock_accuracy=0,
                )
            )
        return super().on_hci_le_create_connection_cancel_command(command)

    def send_advertising_pdu(self, packet: ll.AdvertisingPdu) -> None:
        """Advertise, or ask for a connection."""
        if isinstance(packet, ll.AdvInd):
            response = bytes(self.le_legacy_advertiser.scan_response_data)
            packet = _Scannable(packet.advertiser_address, packet.data, scan_response=response)
        super().send_advertising_pdu(packet)

    def on_ll_advertising_pdu(self, packet: ll.AdvertisingPdu) -> None:
        """Hear an advertisement; a sensor that is deaf is seen, but not connected to."""
        pending = self.pending_le_connection
        if isinstance(pending, hci.HCI_LE_Create_Connection_Command) and self.is_deaf(pending.peer_address):
            self.pending_le_connection = None
            super().on_ll_advertising_pdu(packet)
            self.pending_le_connection = pending
        else:
            super().on_ll_advertising_pdu(packet)

    def on_advertising_pdu(self, pdu: ll.AdvInd | ll.AdvExtInd) -> None:
        """Report an advertisement and, to an active scan, its response; connect if that is what was waited for."""
        if self.le_scan_enable and isinstance(pdu, _Scannable):
            self._report(pdu, hci.HCI_LE_Advertising_Report_Event.EventType.ADV_IND, pdu.data)
            if self.le_scan_type == hci.HCI_LE_Set_Scan_Parameters_Command.ACTIVE_SCANNING:
                self._report(pdu, hci.HCI_LE_Advertising_Report_Event.EventType.SCAN_RSP, pdu.scan_response)
        pending = self.pending_le_connection
        if pending is not None and pending.peer_address == pdu.advertiser_address:
            self.create_le_connection(pdu.advertiser_address)

    def _report(self, pdu: ll.AdvInd, kind: int, data: bytes) -> None:
        report = hci.HCI_LE_Advertising_Report_Event.Report(
            event_type=kind,
            address_type=pdu.advertiser_address.address_type,
            address=pdu.advertiser_address,
            data=data,
            rssi=RSSI_DBM,
        )
        self.send_hci_packet(hci.HCI_LE_Advertising_Report_Event([report]))

    def lose_link(self, peer: hci.Address | None, reason: int) -> None:
        """Drop the connection to `peer`, or all, as if the radio had fallen silent."""
        for connection in list(self.le_connections.values()):
            if peer is None or connection.peer_address == peer:
                self.on_le_disconnected(connection, reason)


class VirtualLink(LocalLink):
    """bumble's link, on which data comes from the address of its connection.

    bumble puts the sender's latest random address there, and a kernel takes a new one for every scan.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def send_acl_data(
        self, sender: Controller, destination: hci.Address, transport: core.PhysicalTransport, data: bytes
    ) -> None:
        """Carry data from one end of a connection to the other."""
        receiver, connection = self.find_le_controller(destination), sender.le_connections.get(destination)
        if receiver is not None and connection is not None:
            loop = asyncio.get_running_loop()
            loop.call_soon(receiver.on_link_acl_data, connection.self_address, transport, data)
