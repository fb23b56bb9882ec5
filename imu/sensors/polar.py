"""Polar H10 and Verity Sense, the two of Polar's sensors that stream motion: what each is, and its row of the table.

What is said to one is in `polar_dialogue`, its frames in `polar_streams`, the bytes in `polar_control`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import ClassVar

from imu.model import G_MPS2, SensorInfo
from imu.sensors import polar_control as control
from imu.sensors.family import Abilities, Family, Started, Talk
from imu.sensors.polar_control import Op, Status, StreamSettings
from imu.sensors.polar_dialogue import SERVICE_UUID, Factors, PolarDialogue
from imu.sensors.polar_frames import Measurement
from imu.sensors.polar_streams import H10Decoder, VerityDecoder

ACC_RANGE_G = 8
"""The widest of an H10, the only one of a Verity Sense outside SDK mode."""
GYR_RANGE_DPS = 2000

_NO_SDK_MODE = (Status.INVALID_OP, Status.INVALID_MEASUREMENT, Status.NOT_SUPPORTED)


class H10Dialogue(PolarDialogue):
    """Acceleration alone.

    Axes, worn with the name upright: z out of the chest (polar-ble-sdk issue 223: who leans back reads +z), and, as a
    program of a user has it, x to the feet: `--mount -x,+z`. The studs let it be worn upside down as well, which an
    accelerometer alone does not always betray; so what it sits like is learned unless somebody says it.
    """

    name = "polar-h10"
    title = "Polar H10"
    abilities = Abilities(
        gyroscope=False,
        rates_hz=(100.0, 200.0),  # 50 and 25 Hz are there as well, 0.7 and 1.4 s late: a frame holds 36 samples
        default_rate_hz=200.0,
        latency_s=36 / 200,
        memory=False,
        numbered=False,
        device_time=True,
        battery=True,
    )
    ranges: ClassVar[Mapping[Measurement, int]] = {Measurement.ACC: ACC_RANGE_G}

    def _started(self, info: SensorInfo, asked: tuple[StreamSettings, ...], factors: Factors) -> Started:
        (acc,), (factor,) = asked, factors
        decoder = H10Decoder(acc.rate_hz, acc_range_g=acc.full_scale, acc_factor=factor)
        streaming = dataclasses.replace(
            info, rate_hz=float(acc.rate_hz), acc_range_mps2=acc.full_scale * G_MPS2, gyr_range_radps=0.0
        )
        return Started(session=next(self._sessions), info=streaming, mtu=0, decoder=decoder)


class VerityDialogue(PolarDialogue):
    """Acceleration and rotation, in SDK mode where the firmware has it (1.1.5 and later)."""

    name = "verity"
    title = "Polar Verity Sense"
    abilities = Abilities(
        gyroscope=True,
        # A frame is sent when it is full, with 70 to 130 samples (polar-ble-sdk issues 317, 439), of our virtual one
        # with up to 164: at 52 Hz they come up to 2.5 s late, at 208 Hz 0.8 s. At 416 Hz the link carries twice as
        # much, and whole frames were seen to be lost (issue 775).
        rates_hz=(52.0, 104.0, 208.0),
        default_rate_hz=208.0,
        latency_s=0.8,
        memory=False,
        numbered=False,
        device_time=True,
        battery=True,
    )
    ranges: ClassVar[Mapping[Measurement, int]] = {Measurement.ACC: ACC_RANGE_G, Measurement.GYRO: GYR_RANGE_DPS}

    def _prepare(self) -> Talk[None]:
        """Enter SDK mode, unless it is on or the firmware has none: then 52 Hz is all there is.

        Raises:
            RequestRefused: It cannot now, as while it records.
        """
        if Measurement.SDK_MODE not in self._can:
            return
        now = yield from self._ask(control.request(Op.SDK_STATUS))
        if now.status == Status.OK and any(now.parameters[:1]):
            return
        entered = yield from self._ask(control.start(Measurement.SDK_MODE))
        if entered.status not in (Status.ALREADY_IN_STATE, *_NO_SDK_MODE):
            entered.check()

    def _to_stop(self) -> tuple[Measurement, ...]:
        sdk_mode = (Measurement.SDK_MODE,) if Measurement.SDK_MODE in self._can else ()
        return *self.ranges, *sdk_mode

    def _started(self, info: SensorInfo, asked: tuple[StreamSettings, ...], factors: Factors) -> Started:
        (acc, gyr), (acc_factor, gyr_factor) = asked, factors
        decoder = VerityDecoder(
            acc.rate_hz,
            acc_range_g=acc.full_scale,
            gyr_range_dps=gyr.full_scale,
            acc_factor=acc_factor,
            gyr_factor=gyr_factor,
        )
        streaming = dataclasses.replace(
            info,
            rate_hz=float(acc.rate_hz),
            acc_range_mps2=acc.full_scale * G_MPS2,
            gyr_range_radps=math.radians(gyr.full_scale),
        )
        return Started(session=next(self._sessions), info=streaming, mtu=0, decoder=decoder)


H10 = Family(
    name=H10Dialogue.name,
    title=H10Dialogue.title,
    service_uuid=SERVICE_UUID,
    advertised=False,
    name_prefixes=("Polar H10",),
    dialogue=H10Dialogue,
    abilities=H10Dialogue.abilities,
    caveats="It measures no rotation, wakes only on the skin, and what a drop loses cannot be had again.",
)
VERITY = Family(
    name=VerityDialogue.name,
    title=VerityDialogue.title,
    service_uuid=SERVICE_UUID,
    advertised=False,
    name_prefixes=("Polar Sense", "Polar Verity"),
    dialogue=VerityDialogue,
    abilities=VerityDialogue.abilities,
    caveats="The screen is up to 0.8 s behind, and what a drop loses cannot be had again.",
)
