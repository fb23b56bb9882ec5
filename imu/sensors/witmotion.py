"""WitMotion's Bluetooth 5 sensors as a whole: decoder, what is said to one, and its row of the table.

A sensor streams as soon as it is listened to, at the rate it was last set to, and has no request to stop: who leaves
switches the notifications off or disconnects. So its rate is set each time, which needs it unlocked. SAVE, which would
write that and whatever else was set into its memory, is never sent. Even so a WT901BLE67 was found to keep the rate
over switching off (not by us); nothing else is changed. The raw values do not depend on how it fuses them: six or nine
axes are left as they are.

Registers are read while it streams, and the answers stand between the measurements. Some users found that it does not
always answer then, so nobody is made to wait for one: a question without an answer is a question not asked.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence

import numpy as np

from imu.errors import UsageError
from imu.model import G_MPS2, NAN, Samples, SensorInfo
from imu.sensors import witmotion_frames as wit
from imu.sensors.arrivals import Arrivals
from imu.sensors.family import (
    Abilities,
    Family,
    FrameError,
    Pause,
    Plain,
    Resumed,
    Role,
    SensorStatus,
    Started,
    Talk,
    Write,
)
from imu.sensors.witmotion_frames import Register, Splitter

SERVICE_UUID = "0000ffe5-0000-1000-8000-00805f9a34fb"
"""Of WitMotion's own: it differs from the Bluetooth base in ...5f9a34fb, so the short form 0xFFE5 will not find it."""
DATA_UUID = "0000ffe4-0000-1000-8000-00805f9a34fb"
COMMAND_UUID = "0000ffe9-0000-1000-8000-00805f9a34fb"

PAUSE_S = 0.1
"""Between commands; WitMotion's own programs leave as much."""
LOOK_S = 0.1
LOOKS = 6
"""An answer is looked for so often, so far apart: with bursts, and a link that is a little late."""


class WitMotionDecoder:
    """Notifications of one stream -> samples, placed by their arrival: what was lost shows only in the rate."""

    def __init__(self, rate_hz: float) -> None:
        """Take the rate that the sensor was set to."""
        self.clipped = 0
        self._splitter = Splitter()
        self._arrivals = Arrivals(rate_hz)
        self._unplaced = np.empty((0, 7))  # acceleration, rotation and arrival

    def push(self, frame: bytes, arrival_s: float) -> Samples:
        """Decode one notification.

        Returns:
            The samples that have their place: none while it is open whether there is a hole before them.

        Raises:
            FrameError: It holds no frame, nor a part of one.
            StreamBroken: More samples come than the sensor can take.
        """
        before = self._splitter.skipped
        block = self._splitter.push(frame)
        n = len(block.acc_mps2)
        if not n and not self._splitter.answers() and self._splitter.skipped > before:
            raise FrameError("A notification from the sensor was left out: it holds no frame.")
        index, t_s = self._arrivals.place(n, arrival_s)
        self.clipped += block.clipped
        came = np.column_stack((block.acc_mps2, block.gyr_radps, np.full(n, arrival_s)))
        values, self._unplaced = np.split(np.concatenate((self._unplaced, came)), [len(index)])
        return Samples.measured(t_s, values[:, :3], values[:, 3:6], index=index, arrival_s=values[:, 6])

    def push_many(self, frames: Sequence[bytes], arrival_s: Sequence[float]) -> Samples:
        """Decode notifications in order of arrival; the same as one by one."""
        return Samples.concat([self.push(*each) for each in zip(frames, arrival_s, strict=True)])

    def time_s(self, ticks: int) -> float:
        """The sensor tells no time."""
        return math.nan

    def reconnected(self) -> None:
        """What comes now comes over another connection."""
        self._arrivals.reconnected()


class WitMotionDialogue(Plain):
    """What is said: unlock, set the rate, ask for a register."""

    control_uuid = COMMAND_UUID
    listens = (DATA_UUID,)

    def __init__(self) -> None:
        self._sessions = itertools.count(1)
        self._splitter = Splitter()
        self._told: dict[int, int] = {}

    def role(self, uuid: str, data: bytes) -> Role:
        """Measurements, and answers between them."""
        self._splitter.push(data)
        answers = self._splitter.answers()
        self._told |= {each.first: each.values[0] for each in answers}
        return Role.FRAME | Role.ANSWER if answers else Role.FRAME

    def answers(self, request: bytes, answer: bytes) -> bool:
        """Whether the register that was asked for has been told."""
        return request[:3] == wit.read(0)[:3] and request[3] in self._told

    def introduce(self) -> Talk[SensorInfo]:
        """It does not say what it is; only the ranges of its frames are known."""
        yield from ()
        return SensorInfo(
            family=WITMOTION.name,
            model=WITMOTION.title,
            rate_hz=ABILITIES.default_rate_hz or NAN,
            acc_range_mps2=wit.ACC_RANGE_G * G_MPS2,
            gyr_range_radps=math.radians(wit.GYR_RANGE_DPS),
        )

    def begin(self, info: SensorInfo, rate_hz: float | None) -> Talk[Started]:
        """Set the rate; it streams already.

        Raises:
            UsageError: WitMotion's sensors, or this one, do not offer the rate.
        """
        rate_hz = ABILITIES.default_rate_hz if rate_hz is None else rate_hz
        if rate_hz not in ABILITIES.rates_hz:
            raise UsageError(f"WitMotion sensors offer no {rate_hz:g} Hz here; choose one of: {_listed()}.")
        yield from self._set_rate(rate_hz)
        code = yield from self._look(Register.RATE)
        if code in set(wit.RATE_CODES.values()) - {wit.RATE_CODES[rate_hz]}:
            raise UsageError(f"This WitMotion sensor does not take {rate_hz:g} Hz; choose another of: {_listed()}.")
        return Started(
            session=next(self._sessions),
            info=dataclasses.replace(info, rate_hz=rate_hz),
            mtu=0,
            decoder=WitMotionDecoder(rate_hz),
        )

    def resume(self, started: Started) -> Talk[Resumed | None]:
        """Set the rate again, for it may have been switched off; when samples come again says what was missed."""
        if isinstance(started.decoder, WitMotionDecoder):
            started.decoder.reconnected()
        yield from self._set_rate(started.info.rate_hz)
        return Resumed(running=True, next_index=None)

    def halt(self) -> Talk[SensorStatus | None]:
        """Nothing: it streams to whom it is connected to."""
        yield from ()
        return None

    def battery(self) -> Talk[int | None]:
        """Charge in per cent, by the battery's voltage; None if it does not answer."""
        told = yield from self._look(Register.BATTERY)
        return None if told is None else wit.charge_pct(told)

    def _set_rate(self, rate_hz: float) -> Talk[None]:
        for command in (wit.UNLOCK, wit.write(Register.RATE, wit.RATE_CODES[rate_hz])):
            yield Write(COMMAND_UUID, command)
            yield Pause(PAUSE_S)

    def _look(self, register: Register) -> Talk[int | None]:
        """Ask for a register; None if nothing has come after a while."""
        self._told.pop(register, None)
        yield Write(COMMAND_UUID, wit.read(register))
        for _ in range(LOOKS):
            yield Pause(LOOK_S)
            if register in self._told:
                break
        return self._told.get(register)


def _listed() -> str:
    return ", ".join(f"{rate:g}" for rate in ABILITIES.rates_hz)


ABILITIES = Abilities(
    gyroscope=True,
    rates_hz=(50.0, 100.0, 200.0),
    default_rate_hz=50.0,  # the highest of all models: the data sheet of 2020 ends there
    latency_s=16 / 50,
    memory=False,
    numbered=False,
    device_time=False,
    battery=True,
)
WITMOTION = Family(
    name="witmotion",
    title="WitMotion BLE 5",
    service_uuid=SERVICE_UUID,
    advertised=False,
    name_prefixes=("WT",),
    dialogue=WitMotionDialogue,
    abilities=ABILITIES,
    caveats="It tells neither time nor number: durations are this computer's, and a short loss is not seen.",
)
