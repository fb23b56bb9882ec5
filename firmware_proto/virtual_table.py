"""A peripheral's GATT table on bumble's server: requests go to the peripheral, its refusals back to the host."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from bumble import core
from bumble.att import (
    ATT_PDU,
    ATT_Error,
    ATT_Error_Response,
    ATT_Write_Command,
    ATT_Write_Request,
    AttributeValueV2,
    Bearer,
    ErrorCode,
)
from bumble.device import Connection
from bumble.gatt import (
    GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR,
    Characteristic,
    CharacteristicValue,
    ClientCharacteristicConfigurationBits,
    Descriptor,
    Service,
)
from bumble.gatt_server import Server

from firmware_proto.virtual_advertising import short
from firmware_proto.virtual_gatt import AttRefused, GattCharacteristic, Outgoing, VirtualPeripheral

_T = TypeVar("_T")
_Properties = Characteristic.Properties
_PROPERTIES = {
    "read": _Properties.READ,
    "write": _Properties.WRITE,
    "write-without-response": _Properties.WRITE_WITHOUT_RESPONSE,
    "notify": _Properties.NOTIFY,
    "indicate": _Properties.INDICATE,
}
_OPEN = Characteristic.Permissions.READABLE | Characteristic.Permissions.WRITEABLE
"""bumble's own permissions are not used: it has no word for a peripheral that changes its mind."""


class VirtualTable:
    """The table of one peripheral.

    Args:
        peripheral: Whose it is.
        server: Where it is entered.
        now_us: Called before each request; the time that the peripheral is told with it.
        send: Takes what a write is answered with.
    """

    def __init__(
        self,
        peripheral: VirtualPeripheral,
        server: Server,
        *,
        now_us: Callable[[], int],
        send: Callable[[Outgoing], None],
    ) -> None:
        self._peripheral, self._server, self._now_us, self._send = peripheral, server, now_us, send
        self._serve: Callable[[Bearer, ATT_PDU], object] = server.on_gatt_pdu
        self._characteristics: dict[str, Characteristic[Any]] = {}
        for service in peripheral.services:
            parts = [self._characteristic(described) for described in service.characteristics]
            server.add_service(Service(_uuid(service.uuid), parts))

    def chosen(self, uuid: str, connection: Connection) -> tuple[Characteristic[Any], bool, bool]:
        """A characteristic, and whether the host wants its notifications and its indications."""
        characteristic = self._characteristics[uuid.lower()]
        bits = int.from_bytes(self._server.read_cccd(connection, characteristic), "little")
        kinds = ClientCharacteristicConfigurationBits
        return characteristic, bool(bits & kinds.NOTIFICATION), bool(bits & kinds.INDICATION)

    def serve(self, bearer: Bearer, request: ATT_PDU) -> None:
        """Take a host's request."""
        if self._takes(request):
            self._serve(bearer, request)
        elif isinstance(request, ATT_Write_Request):
            refusal = ATT_Error_Response(
                request_opcode_in_error=request.op_code,
                attribute_handle_in_error=request.attribute_handle,
                error_code=ErrorCode.WRITE_NOT_PERMITTED,
            )
            self._server.send_response(bearer, refusal)

    def _takes(self, request: ATT_PDU) -> bool:
        """Whether a write comes with or without a response as the characteristic has it; bumble does not look."""
        if not isinstance(request, ATT_Write_Request | ATT_Write_Command):
            return True
        written = self._server.get_attribute(request.attribute_handle)
        with_response = isinstance(request, ATT_Write_Request)
        needed = _Properties.WRITE if with_response else _Properties.WRITE_WITHOUT_RESPONSE
        return not isinstance(written, Characteristic) or bool(written.properties & needed)

    def _characteristic(self, described: GattCharacteristic) -> Characteristic[Any]:
        """One that asks the peripheral; without a refusal of ours bumble would leave a request unanswered."""
        uuid, offered, peripheral = described.uuid, described.properties, self._peripheral

        def read(connection: Connection) -> bytes:
            if "read" not in offered:
                raise ATT_Error(ErrorCode.READ_NOT_PERMITTED)
            return self._asked(connection, described, lambda now_us: peripheral.read(uuid, now_us))

        def write(connection: Connection, data: bytes) -> None:
            if not offered & {"write", "write-without-response"}:
                raise ATT_Error(ErrorCode.WRITE_NOT_PERMITTED)
            self._send(self._asked(connection, described, lambda now_us: peripheral.write(uuid, bytes(data), now_us)))

        properties = _Properties(0)
        for name in offered:
            properties |= _PROPERTIES[name]
        value: CharacteristicValue[Any] = CharacteristicValue(read=read, write=write)
        made = Characteristic(_uuid(uuid), properties, _OPEN, value)
        if offered & {"notify", "indicate"}:
            made.descriptors = [self._switch(made, described)]
        self._characteristics[uuid.lower()] = made
        return made

    def _switch(self, characteristic: Characteristic[Any], described: GattCharacteristic) -> Descriptor:
        """The descriptor with which a host switches notifications and indications on."""

        def write(bearer: Bearer, value: bytes) -> None:
            on = any(value)
            self._asked(bearer, described, lambda now_us: self._peripheral.subscribe(described.uuid, on, now_us))
            self._server.write_cccd(bearer, characteristic, value)

        value = AttributeValueV2(lambda bearer: self._server.read_cccd(bearer, characteristic), write)
        return Descriptor(GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR, _OPEN, value)

    def _asked(self, host: Any, described: GattCharacteristic, ask: Callable[[int], _T]) -> _T:  # noqa: ANN401 (bumble's)
        """What the peripheral answers; its refusal becomes bumble's, and so does a mistake in it, which is logged."""
        if described.needs_pairing and not host.is_encrypted:
            raise ATT_Error(ErrorCode.INSUFFICIENT_AUTHENTICATION)
        try:
            return ask(self._now_us())
        except AttRefused as refused:
            raise ATT_Error(ErrorCode(refused.code)) from refused
        except Exception as mistake:
            logging.getLogger(__name__).exception("a virtual peripheral broke down")  # bumble would swallow it
            raise ATT_Error(ErrorCode.UNLIKELY_ERROR) from mistake


def _uuid(text: str) -> core.UUID:
    """The short form of the SIG's UUIDs, as a device sends them."""
    return core.UUID.from_bytes(short(text))
