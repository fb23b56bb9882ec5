"""A Polar H10 and a Polar Verity Sense as virtual peripherals: their table, control point, frames and bad habits.

Written from Polar's own documents (Measurement Data Specification, online_measurement, SdkModeExplained,
TimeSystemExplained, KnownIssues) and, where these are silent, from what users of the sensors report. Nothing of this
has been held against a sensor of hardware. Assumed besides what `polar_device` says: SDK mode outlives a connection.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from firmware_proto.twins import polar_bytes as pmd
from firmware_proto.twins.polar_bytes import ACC, BLOCK, GYRO, SDK_MODE, Counts
from firmware_proto.twins.polar_device import ATT_HEADER_BYTES, CONTROL_UUID, DATA_UUID, PolarDevice, Stream
from firmware_proto.virtual_faults import Outgoing
from firmware_proto.virtual_gatt import Advertised, AttRefused, GattCharacteristic, GattService
from firmware_proto.virtual_source import Motion, Values

PMD_UUID = "fb005c80-02e7-f387-1cad-8acd2d8df0c8"
_SIG = "0000{}-0000-1000-8000-00805f9b34fb"
HEART_RATE_UUID, POLAR_UUID = _SIG.format("180d"), _SIG.format("feee")
BATTERY_UUID, BATTERY_LEVEL_UUID = _SIG.format("180f"), _SIG.format("2a19")
INFORMATION_UUID = _SIG.format("180a")
POLAR_COMPANY = 0x006B
MAX_MTU = 232
NEEDED_MTU = 40
"""That 23 is too little is known; where it begins to be enough is not."""
H10_SAMPLES = 36
"""Of a frame at the largest MTU."""
MOST_BLOCKS = 50
CCCD_IMPROPERLY_CONFIGURED = 0xFD
READ_NOT_PERMITTED = 0x02
ACC_G_PER_G, GYR_DPS_PER_DPS = 3.05e-5, 3.5e-5
"""Of a range, what a count is: as in the LSM6DS3TR-C (ST, DocID030071), 0.244 mg at 8 g and 0.07 deg/s at 2000."""

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


class H10Twin(PolarTwin):
    """Acceleration in frames of 36 samples, which leave only when full. Worn upright, x points to the feet."""

    title = "Polar H10"
    model = "H10"
    measures = (ACC,)

    @property
    def features(self) -> tuple[int, ...]:
        """ECG, which this twin lists and does not measure, and ACC."""
        return (0, ACC)

    def _offered(self, measurement: int, *, sdk_mode: bool = False) -> Offered:
        return {pmd.RATE: (25, 50, 100, 200), pmd.RESOLUTION: (16,), pmd.RANGE: (2, 4, 8)}

    def _told(self, measurement: int, settings: Mapping[int, int]) -> bytes:
        return b"\x01"  # reserved

    def _frame(self, measurement: int, stream: Stream, device_s: float) -> bytes | None:
        n = min(H10_SAMPLES, self._room() // 6)
        if stream.taken(device_s) < stream.sent + n:
            return None
        moved = self._values(measurement, stream, stream.sent, stream.sent + n)
        worn = np.column_stack((-moved[:, 1], moved[:, 0], moved[:, 2]))
        most = 1000 * stream.settings[pmd.RANGE]
        return self._sent(measurement, stream, 1, pmd.raw(np.clip(np.rint(1000 * worn), -most, most)), n)


class VerityTwin(PolarTwin):
    """Acceleration and rotation as two compressed streams; a frame leaves when it has filled the MTU.

    Args:
        motion, all_have: As of `PolarTwin`.
        tells_factor: Some firmware counts in units told by the answer to START (frames of type 0); later firmware tells
            none and sends mg, and deg/s as float32 (type 1).
        has_sdk_mode: Firmware from 1.1.5 on.
    """

    title = "Polar Sense"
    model = "Verity Sense"
    measures = (ACC, GYRO)

    def __init__(
        self,
        motion: Motion,
        *,
        tells_factor: bool = True,
        has_sdk_mode: bool = True,
        **all_have: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(motion, **all_have)
        self.sdk_mode = False
        self._tells_factor, self._has_sdk_mode = tells_factor, has_sdk_mode

    @property
    def features(self) -> tuple[int, ...]:
        """PPG, ACC, PPI, GYRO, MAG, and SDK mode where there is one."""
        return (1, ACC, 3, GYRO, 6, *((SDK_MODE,) if self._has_sdk_mode else ()))

    def _offered(self, measurement: int, *, sdk_mode: bool = False) -> Offered:
        wide = self.sdk_mode or (sdk_mode and self._has_sdk_mode)
        ranges = {ACC: (2, 4, 8, 16) if wide else (8,), GYRO: (250, 500, 1000, 2000) if wide else (2000,)}
        rates = (26, 52, 104, 208, 416) if wide else (52,)
        return {pmd.RATE: rates, pmd.RESOLUTION: (16,), pmd.RANGE: ranges[measurement], pmd.CHANNELS: (3,)}

    def _told(self, measurement: int, settings: Mapping[int, int]) -> bytes:
        return pmd.factor(_unit(measurement, settings)) if self._tells_factor else b""

    def _sdk_status(self) -> tuple[int, bytes]:
        return (pmd.OK, bytes((self.sdk_mode,))) if self._has_sdk_mode else (pmd.INVALID_OP, b"")

    def _sdk_mode(self, *, enter: bool) -> int:
        if not self._has_sdk_mode:
            return pmd.NOT_SUPPORTED
        if self.running:
            return pmd.INVALID_STATE
        if self.sdk_mode is enter:
            return pmd.ALREADY_IN_STATE
        self.sdk_mode = enter
        return pmd.OK

    def _frame(self, measurement: int, stream: Stream, device_s: float) -> bytes | None:
        blocks = min((stream.taken(device_s) - stream.sent - 1) // BLOCK, MOST_BLOCKS)
        if blocks < 1 or blocks == stream.tried:
            return None
        stream.tried = blocks
        values = self._values(measurement, stream, stream.sent, stream.sent + 1 + blocks * BLOCK)
        frame_type, width, counts = self._counts(measurement, values, stream.settings)
        packed = pmd.compress(counts, width=width, room=self._room())
        if not packed.full and blocks < MOST_BLOCKS:
            return None
        stream.tried = 0
        return self._sent(measurement, stream, frame_type | pmd.COMPRESSED, packed.content, packed.samples)

    def _counts(self, measurement: int, values: Values, settings: Mapping[int, int]) -> tuple[int, int, Counts]:
        """Frame type, bytes of a count, and the counts."""
        unit = _unit(measurement, settings)
        counts = np.clip(np.rint(values / unit), -32768, 32767)
        if self._tells_factor:
            return 0, 2, counts.astype(np.int64)
        if measurement == ACC:
            return 1, 2, np.rint(1000 * unit * counts).astype(np.int64)
        return 1, 4, (counts * unit).astype(np.float32).view(np.int32).astype(np.int64)


def _unit(measurement: int, settings: Mapping[int, int]) -> float:
    """Of a count, in g or deg/s."""
    return settings[pmd.RANGE] * (ACC_G_PER_G if measurement == ACC else GYR_DPS_PER_DPS)


def _characteristic(uuid: str, *properties: str, needs_pairing: bool = False) -> GattCharacteristic:
    return GattCharacteristic(uuid=uuid, properties=frozenset(properties), needs_pairing=needs_pairing)
