"""What is said to a sensor of Polar's, to measure and to stop again.

Order matters. A stream that an earlier program left running is stopped first, or the sensor refuses to start it. And
everything is ended in any case: an H10 left streaming goes on until its battery is empty (Polar's *KnownIssues*). SDK
mode, in which alone a Verity Sense measures faster than 52 Hz, changes only while nothing runs (*SdkModeExplained*).
"""

from __future__ import annotations

import contextlib
import itertools
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from imu.errors import ImuError, SensorFault, UsageError
from imu.model import SensorInfo
from imu.sensors import polar_control as control
from imu.sensors.family import (
    Abilities,
    Pause,
    Plain,
    RequestRefused,
    Resumed,
    Role,
    SensorStatus,
    Started,
    Talk,
    ask,
    hear,
    read,
)
from imu.sensors.polar_control import Op, Setting, Status, StreamSettings
from imu.sensors.polar_frames import KIND_BITS, Measurement
from imu.sensors.polar_streams import H10Decoder, VerityDecoder

SERVICE_UUID = "fb005c80-02e7-f387-1cad-8acd2d8df0c8"
CONTROL_UUID = "fb005c81-02e7-f387-1cad-8acd2d8df0c8"
"""Read: features. Write: requests. Indicates: answers."""
DATA_UUID = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"

RESOLUTION_BITS = 16
"""The only one they have."""
MTU_WITHIN_S = (0.2, 1.0)
"""So long to wait, twice, for host and sensor to agree on more than the least MTU, with which it refuses everything."""

_TEXTS: Mapping[str, str] = {
    "model": "00002a24-0000-1000-8000-00805f9b34fb",
    "serial": "00002a25-0000-1000-8000-00805f9b34fb",
    "firmware": "00002a26-0000-1000-8000-00805f9b34fb",
}
"""Of the Device Information Service (Bluetooth SIG, 0x180A)."""
_STOPPED = (Status.OK, Status.ALREADY_IN_STATE, Status.INVALID_STATE)
Factors = tuple[float | None, ...]
"""The unit that the sensor told of each stream; None where it told none."""


class PolarDialogue(Plain, ABC):
    """What H10 and Verity Sense have in common."""

    control_uuid = CONTROL_UUID
    listens = (CONTROL_UUID, DATA_UUID)
    name: ClassVar[str]
    title: ClassVar[str]
    abilities: ClassVar[Abilities]
    ranges: ClassVar[Mapping[Measurement, int]]
    """What is measured, each with its full scale in g or deg/s if the sensor leaves the choice."""

    def __init__(self) -> None:
        self._sessions = itertools.count(1)
        self._can: frozenset[Measurement] = frozenset()
        self._begun: tuple[tuple[StreamSettings, ...], Factors] | None = None

    def role(self, uuid: str, data: bytes) -> Role:
        """Frames of what another program measures, and the list of features, are nothing to us."""
        if uuid == DATA_UUID:
            kind = data[0] & KIND_BITS if data else -1
            others = kind in Measurement.__members__.values() and kind not in self.ranges
            return Role.NOTHING if others else Role.FRAME
        if control.is_answer(data):
            return Role.ANSWER
        return Role.STATUS if self.ranges.keys() & set(control.stopped(data) or ()) else Role.NOTHING

    def answers(self, request: bytes, answer: bytes) -> bool:
        """Whether operation and measurement are the same."""
        return control.answers(request, answer)

    def status(self, data: bytes) -> SensorStatus:
        """The only one there is: the sensor stopped by itself."""
        return SensorStatus(state="stopped by the sensor", session=-1)

    def introduce(self) -> Talk[SensorInfo]:
        """Read what it can measure, and the texts of the device information service.

        Raises:
            SensorFault: It does not offer what we need, or cannot be understood.
        """
        self._can = control.features((yield from read(CONTROL_UUID)) or b"")
        lacking = [kind.name for kind in self.ranges if kind not in self._can]
        if lacking:
            what = " and ".join(lacking)
            raise SensorFault(f"This {self.title} does not offer {what}; update its firmware with Polar's app.")
        texts = {}
        for what, uuid in _TEXTS.items():
            texts[what] = ((yield from read(uuid)) or b"").decode("utf-8", "replace").strip("\0 ")
        return SensorInfo(
            family=self.name,
            model=texts["model"] or self.title,
            rate_hz=self.abilities.default_rate_hz or 0.0,
            serial=texts["serial"],
            firmware=texts["firmware"],
            has_gyroscope=self.abilities.gyroscope,
        )

    def begin(self, info: SensorInfo, rate_hz: float | None) -> Talk[Started]:
        """Stop what may run, choose among the settings it offers, start; whatever fails, nothing is left running.

        Raises:
            UsageError: The sensor does not offer the rate.
            RequestRefused: It refuses, with what to do about it.
            SensorFault: It cannot be understood.
        """
        yield from self._stop_streams()
        try:
            asked = yield from self._choose(rate_hz)
            factors = yield from self._start(asked)
        except ImuError:
            yield from self.halt()
            raise
        self._begun = asked, factors
        return self._started(info, asked, factors)

    def resume(self, started: Started) -> Talk[Resumed | None]:
        """Start again as before: the stream ended with the connection, but the sensor's clock went on."""
        if self._begun is None:
            return None
        asked, factors = self._begun
        yield from self._stop_streams()
        yield from self._prepare()
        if isinstance(started.decoder, H10Decoder | VerityDecoder):
            started.decoder.reconnected()
        same = (yield from self._start(asked)) == factors
        return Resumed(running=True, next_index=None) if same else None

    def halt(self) -> Talk[SensorStatus | None]:
        """Stop all of it, even where the sensor refuses to stop a part."""
        for kind in self._to_stop():
            with contextlib.suppress(RequestRefused):
                yield from self._stop(kind)
        return None

    @abstractmethod
    def _started(self, info: SensorInfo, asked: tuple[StreamSettings, ...], factors: Factors) -> Started:
        """What began."""

    def _prepare(self) -> Talk[None]:
        """What comes before the settings."""
        yield from ()

    def _to_stop(self) -> tuple[Measurement, ...]:
        return tuple(self.ranges)

    def _choose(self, rate_hz: float | None) -> Talk[tuple[StreamSettings, ...]]:
        """The settings of each stream, of those offered."""
        yield from self._prepare()
        told = []
        for kind in self.ranges:
            answer = yield from self._ask(control.request(Op.SETTINGS, kind))
            answer.check()
            told.append(control.settings(answer.parameters))
        offered = set(self.abilities.rates_hz).intersection(*(each.get(Setting.RATE_HZ, ()) for each in told))
        rate = self._rate(offered, rate_hz)
        return tuple(
            StreamSettings(
                rate_hz=rate,
                full_scale=_nearest(full_scale, each.get(Setting.RANGE, ())),
                resolution_bits=_nearest(RESOLUTION_BITS, each.get(Setting.RESOLUTION_BITS, ())),
                channels=int(each[Setting.CHANNELS][0]) if each.get(Setting.CHANNELS) else None,
            )
            for full_scale, each in zip(self.ranges.values(), told, strict=True)
        )

    def _rate(self, offered: set[float], rate_hz: float | None) -> int:
        if not offered:
            raise SensorFault(f"This {self.title} offers no rate we know; update its firmware with Polar's app.")
        if rate_hz is None:
            default_hz = self.abilities.default_rate_hz
            return int(default_hz if default_hz in offered else max(offered))
        if rate_hz not in offered:
            choice = ", ".join(f"{rate:g}" for rate in sorted(offered))
            raise UsageError(f"This {self.title} offers no {rate_hz:g} Hz; choose one of: {choice}.")
        return int(rate_hz)

    def _start(self, asked: tuple[StreamSettings, ...]) -> Talk[Factors]:
        """Start each stream; the units the sensor tells."""
        factors = []
        for kind, wanted in zip(self.ranges, asked, strict=True):
            answer = yield from self._ask(control.start(kind, wanted))
            answer.check()
            factors.append(control.factor(answer))
        return tuple(factors)

    def _stop_streams(self) -> Talk[None]:
        for kind in self.ranges:
            yield from self._stop(kind)

    def _stop(self, kind: Measurement) -> Talk[None]:
        """Stop one; it may be that it does not run."""
        answer = yield from self._ask(control.request(Op.STOP, kind))
        if answer.status not in _STOPPED:
            answer.check()

    def _ask(self, request: bytes) -> Talk[control.Answer]:
        """Make a request; its whole answer, whatever the outcome. A link just made may not have its MTU yet."""
        for seconds in MTU_WITHIN_S:
            answer = yield from self._ask_once(request)
            if answer.status != Status.INVALID_MTU:
                return answer
            yield Pause(seconds)
        return (yield from self._ask_once(request))

    def _ask_once(self, request: bytes) -> Talk[control.Answer]:
        parts = control.Answers()
        whole = parts.push((yield from ask(request)))
        while whole is None:
            whole = parts.push((yield from hear(request)))
        return whole


def _nearest(wanted: int, offered: tuple[float, ...]) -> int:
    """The setting wanted, or the nearest of those offered."""
    return int(min(offered, key=lambda each: abs(each - wanted), default=wanted))
