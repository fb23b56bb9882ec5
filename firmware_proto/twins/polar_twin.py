"""What a Polar H10 and a Polar Verity Sense have in common as virtual peripherals: table, control point, bad habits.

Written from Polar's own documents (Measurement Data Specification, online_measurement, SdkModeExplained,
TimeSystemExplained, KnownIssues) and, where these are silent, from what users of the sensors report. Nothing of this
has been held against a sensor of hardware. Assumed besides what `polar_device` says: SDK mode outlives a connection.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from firmware_proto.twins import polar_bytes as pmd
from firmware_proto.twins.polar_bytes import SDK_MODE
from firmware_proto.twins.polar_device import ATT_HEADER_BYTES, CONTROL_UUID, DATA_UUID, PolarDevice
from firmware_proto.virtual_faults import Outgoing
from firmware_proto.virtual_gatt import Advertised, AttRefused, GattCharacteristic, GattService
from firmware_proto.virtual_source import Motion

PMD_UUID = "fb005c80-02e7-f387-1cad-8acd2d8df0c8"
_SIG = "0000{}-0000-1000-8000-00805f9b34fb"
HEART_RATE_UUID, POLAR_UUID = _SIG.format("180d"), _SIG.format("feee")
BATTERY_UUID, BATTERY_LEVEL_UUID = _SIG.format("180f"), _SIG.format("2a19")
INFORMATION_UUID = _SIG.format("180a")
POLAR_COMPANY = 0x006B
MAX_MTU = 232
NEEDED_MTU = 40
"""That 23 is too little is known; where it begins to be enough is not."""
CCCD_IMPROPERLY_CONFIGURED = 0xFD
READ_NOT_PERMITTED = 0x02

Offered = Mapping[int, Sequence[int]]


class PolarTwin(PolarDevice):
    """The table and the control point of both.

    Args:
        motion, device: As of `PolarDevice`.
        serial: 8 hexadecimal digits, which end the advertised name.
        charging: It lies in the charger and refuses to measure.
        needs_pairing: Its control point and data are closed to who has not paired, as with some firmware.
        parts_of: Bytes of an answer's parameters in one indication; None for as many as the MTU takes.
        echoes_features: A read of the control point comes as an indication as well, as BlueZ may deliver it.
    """

    title: ClassVar[str]
    model: ClassVar[str]
    measures: ClassVar[tuple[int, ...]]

    def __init__(
        self,
        motion: Motion,
        *,
        serial: str = "B0D1C0DE",
        firmware: str = "3.3.1",
        battery_pct: int = 76,
        charging: bool = False,
        needs_pairing: bool = False,
        parts_of: int | None = None,
        echoes_features: bool = False,
        **device: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(motion, **device)
        self.serial, self.firmware = serial, firmware
        self.battery_pct, self.charging = battery_pct, charging
        self._needs_pairing, self._parts_of, self._echoes = needs_pairing, parts_of, echoes_features

    @property
    def name(self) -> str:
        """The advertised name."""
        return f"{self.title} {self.serial}"

    @property
    def max_mtu(self) -> int:
        """The largest ATT_MTU it agrees to."""
        return MAX_MTU

    @property
    def advertised(self) -> Advertised:
        """What a scan finds, which is not the service that matters."""
        return Advertised(
            name=self.name,
            service_uuids=(HEART_RATE_UUID, POLAR_UUID),
            manufacturer_data=((POLAR_COMPANY, bytes.fromhex("72083b56")),),
        )

    @property
    def services(self) -> tuple[GattService, ...]:
        """What a discovery finds."""
        control = _characteristic(CONTROL_UUID, "read", "write", "indicate", needs_pairing=self._needs_pairing)
        data = _characteristic(DATA_UUID, "notify", needs_pairing=self._needs_pairing)
        level = _characteristic(BATTERY_LEVEL_UUID, "read", "notify")
        about = tuple(_characteristic(uuid, "read") for uuid in self._about)
        return (
            GattService(uuid=PMD_UUID, characteristics=(control, data)),
            GattService(uuid=BATTERY_UUID, characteristics=(level,)),
            GattService(uuid=INFORMATION_UUID, characteristics=about),
        )

    def read(self, uuid: str, now_us: int) -> bytes:
        """The value of a characteristic.

        Raises:
            AttRefused: It cannot be read.
        """
        told = pmd.features(of=self.features)
        if uuid == CONTROL_UUID and self._echoes:
            self._unasked.append((CONTROL_UUID, told))
        values = {CONTROL_UUID: told, BATTERY_LEVEL_UUID: bytes((self.battery_pct,)), **self._about}
        if uuid not in values:
            raise AttRefused(READ_NOT_PERMITTED)
        return values[uuid]

    def write(self, uuid: str, data: bytes, now_us: int) -> Outgoing:
        """Take a request; its answer leaves at once.

        Raises:
            AttRefused: Nobody would hear the answer.
        """
        if CONTROL_UUID not in self._hearing:
            raise AttRefused(CCCD_IMPROPERLY_CONFIGURED)
        told = self._answer(data, now_us)
        return [] if self.faults.loses_answer() else [(CONTROL_UUID, part) for part in told]

    def _answer(self, request: bytes, now_us: int) -> list[bytes]:
        if self.mtu < NEEDED_MTU:
            return pmd.answer(request, pmd.INVALID_MTU)
        status, parameters = self._outcome(request, now_us)
        most = self.mtu - ATT_HEADER_BYTES - pmd.ANSWER_BYTES
        return pmd.answer(request, status, parameters, part_bytes=min(self._parts_of or most, most))

    def _outcome(self, request: bytes, now_us: int) -> tuple[int, bytes]:
        op, kind = (*request[:2], -1, -1)[:2]
        if op == pmd.GET_STATUS:
            return pmd.OK, bytes(each | (each in self.running) << 6 for each in self.measures)
        if op == pmd.GET_SDK_STATUS:
            return self._sdk_status()
        if op not in (pmd.GET_SETTINGS, pmd.START, pmd.STOP, pmd.GET_SDK_SETTINGS):
            return pmd.INVALID_OP, b""
        if len(request) < 2:
            return pmd.INVALID_LENGTH, b""
        if kind == SDK_MODE and op in (pmd.START, pmd.STOP):
            return self._sdk_mode(enter=op == pmd.START), b""
        if kind not in self.measures:
            return pmd.INVALID_TYPE, b""
        if op == pmd.START:
            return self._start(kind, request[2:], now_us)
        if op == pmd.STOP:
            return self._stop(kind, now_us), b""
        return pmd.OK, pmd.settings(self._offered(kind, sdk_mode=op == pmd.GET_SDK_SETTINGS))

    def _start(self, measurement: int, chosen: bytes, now_us: int) -> tuple[int, bytes]:
        if self.charging:
            return pmd.IN_CHARGER, b""
        if measurement in self.running:
            return pmd.ALREADY_IN_STATE, b""
        try:
            settings = pmd.read_settings(chosen)
        except ValueError:
            return pmd.INVALID_PARAMETER, b""
        for kind, values in self._offered(measurement).items():
            if settings.get(kind) not in values:
                return pmd.REFUSALS[kind], b""
        self._begin(measurement, settings, now_us)
        return pmd.OK, self._told(measurement, settings)

    def _stop(self, measurement: int, now_us: int) -> int:
        if measurement not in self.running:
            return pmd.ALREADY_IN_STATE
        self._end(measurement, now_us)
        return pmd.OK

    def _sdk_status(self) -> tuple[int, bytes]:
        return pmd.INVALID_OP, b""

    def _sdk_mode(self, *, enter: bool) -> int:
        return pmd.NOT_SUPPORTED

    @property
    @abstractmethod
    def features(self) -> tuple[int, ...]:
        """What it says it can do, each by the number of its bit."""

    @abstractmethod
    def _offered(self, measurement: int, *, sdk_mode: bool = False) -> Offered:
        """The settings to choose from."""

    @abstractmethod
    def _told(self, measurement: int, settings: Mapping[int, int]) -> bytes:
        """What the answer to START ends with."""

    @property
    def _about(self) -> dict[str, bytes]:
        told = {"2a29": "Polar Electro Oy", "2a24": self.model, "2a25": self.serial, "2a26": self.firmware}
        return {_SIG.format(short): text.encode() for short, text in told.items()}


def _characteristic(uuid: str, *properties: str, needs_pairing: bool = False) -> GattCharacteristic:
    return GattCharacteristic(uuid=uuid, properties=frozenset(properties), needs_pairing=needs_pairing)
