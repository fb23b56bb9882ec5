"""A Polar H10 and a Polar Verity Sense as virtual peripherals: what each measures and how it sends it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from firmware_proto.twins import polar_bytes as pmd
from firmware_proto.twins.polar_bytes import ACC, BLOCK, GYRO, SDK_MODE, Counts
from firmware_proto.twins.polar_device import Stream
from firmware_proto.twins.polar_twin import Offered, PolarTwin
from firmware_proto.virtual_source import Motion, Values

H10_SAMPLES = 36
"""Of a frame at the largest MTU."""
MOST_BLOCKS = 50
ACC_G_PER_G, GYR_DPS_PER_DPS = 3.05e-5, 3.5e-5
"""Of a range, what a count is: as in the LSM6DS3TR-C (ST, DocID030071), 0.244 mg at 8 g and 0.07 deg/s at 2000."""


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
