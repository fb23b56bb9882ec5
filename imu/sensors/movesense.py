"""Movesense as a whole: decoder, what is said to one, and its row of the table.

A sensor has few places for requests that are not answered yet, and one that never is answered keeps its place, also
over a reconnect: then it refuses everything (429) until it is started anew. So one request is made at a time, `/Info`,
which is never answered, is not asked for, and where all places are gone the sensor is restarted, once.

What an earlier program subscribed to ends with its connection; what may be left on this one is ended first. The ranges
cannot be set over this protocol. They are asked for, without waiting long, as nobody has seen the answer yet.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence

from imu.errors import ConnectionFailed, SensorFault, UsageError
from imu.model import G_MPS2, NAN, Samples, SensorInfo
from imu.sensors import movesense_control as control
from imu.sensors import movesense_packets as packets
from imu.sensors.family import (
    Abilities,
    Family,
    FrameError,
    Pause,
    Plain,
    RequestRefused,
    Resumed,
    Role,
    SensorStatus,
    Started,
    Talk,
    Write,
    ask,
)
from imu.sensors.movesense_packets import Joiner, Kind
from imu.sensors.stamps import Stamps

SERVICE_UUID = "34802252-7185-4d5d-b431-630e7050e8f0"
"""Not in the advertisement, which the name fills: the sensor is recognised by that."""
COMMAND_UUID = "34800001-7185-4d5d-b431-630e7050e8f0"
DATA_UUID = "34800002-7185-4d5d-b431-630e7050e8f0"
"""Notifies answers and measurements alike."""

STREAM = 1
"""Reference of what we subscribe to; requests have the others."""
WRAP_S = 2**32 / 1000
"""Device time comes in 32 bits of milliseconds."""
CLIPPED = 0.999
"""Of the range: from here on a value is clipped."""
MOST_ACC_G, MOST_GYR_DPS = 16, 2000
"""The widest ranges, believed where the sensor does not tell."""

PAUSE_S = 0.1
"""After what nobody waits for the answer of."""
LOOKS = 3
"""An answer that may not come is looked for so often."""
RESTART_S = 4.0
"""So long it takes to be back after a restart."""
NO_PLACE = "429"


class MovesenseDecoder:
    """Packets of one subscription, also over several connections -> samples."""

    def __init__(self, rate_hz: float, *, acc_range_g: float, gyr_range_dps: float) -> None:
        """Take what was subscribed to, and the ranges in use."""
        self.clipped = 0
        self._most = CLIPPED * acc_range_g * G_MPS2, CLIPPED * math.radians(gyr_range_dps)
        self._joiner = Joiner(STREAM)
        self._stamps = Stamps(rate_hz, of="first", wrap_s=WRAP_S)

    def push(self, frame: bytes, arrival_s: float) -> Samples:
        """Decode one notification; no samples where it is the first of two parts.

        Raises:
            FrameError: It is no packet, or it contradicts those before.
            StreamBroken: Nor did the ones before fit, but they agree among themselves: the sensor was restarted.
        """
        body = self._joiner.push(packets.packet(frame))
        if body is None:
            return Samples.empty()
        block = packets.decode_imu(body)
        n = len(block.acc_mps2)
        index, t_s = self._stamps.place(block.first_ms / 1000, n)
        most_acc, most_gyr = self._most
        at_the_end = (abs(block.acc_mps2) >= most_acc) | (abs(block.gyr_radps) >= most_gyr)
        self.clipped += int(at_the_end.any(axis=1).sum())
        return Samples.measured(
            t_s, block.acc_mps2, block.gyr_radps, index=range(index, index + n), arrival_s=[arrival_s] * n
        )

    def push_many(self, frames: Sequence[bytes], arrival_s: Sequence[float]) -> Samples:
        """Decode notifications in order of arrival; the same as one by one."""
        return Samples.concat([self.push(*each) for each in zip(frames, arrival_s, strict=True)])

    def time_s(self, ticks: int) -> float:
        """Milliseconds of device time -> seconds from the stream's sample 0; nan before the first packet."""
        return self._stamps.time_s(ticks / 1000)

    def reconnected(self) -> None:
        """It was subscribed to again, on another connection."""
        self._joiner.begin_anew()
        self._stamps.restarted()


class MovesenseDialogue(Plain):
    """What is said: hello, subscribe, unsubscribe, get."""

    control_uuid = COMMAND_UUID
    listens = (DATA_UUID,)

    def __init__(self) -> None:
        self._references = itertools.cycle(range(STREAM + 1, 256))
        self._sessions = itertools.count(1)
        self._rates_hz = ABILITIES.rates_hz
        self._awaited = 0  # reference of a request whose answer may not come
        self._told: packets.Packet | None = None
        self._restarted = False

    def role(self, uuid: str, data: bytes) -> Role:
        """What cannot be read is a frame, so that it is counted as a bad one."""
        try:
            packet = packets.packet(data)
        except FrameError:
            return Role.FRAME
        if packet.kind is Kind.RESPONSE:
            self._told = packet if packet.reference == self._awaited else self._told
            return Role.ANSWER
        return Role.FRAME if packet.reference == STREAM else Role.NOTHING

    def answers(self, request: bytes, answer: bytes) -> bool:
        """Whether the reference is the same."""
        return answer[1:2] == request[1:2]

    def introduce(self) -> Talk[SensorInfo]:
        """Who it is, which rates it offers, and its ranges as far as it tells.

        Raises:
            SensorFault: It speaks another protocol, or cannot be understood.
        """
        who = control.greeting(packets.packet((yield from ask(control.hello(next(self._references))))))
        self._rates_hz = yield from self._offered()
        acc_g = yield from self._range(control.ACC_CONFIG_PATH, control.ACC_RANGES_G)
        gyr_dps = yield from self._range(control.GYR_CONFIG_PATH, control.GYR_RANGES_DPS)
        return SensorInfo(
            family=MOVESENSE.name,
            model=who.model,
            rate_hz=ABILITIES.default_rate_hz or NAN,
            serial=who.serial,
            firmware=who.firmware,
            acc_range_mps2=(acc_g or MOST_ACC_G) * G_MPS2,
            gyr_range_radps=math.radians(gyr_dps or MOST_GYR_DPS),
        )

    def begin(self, info: SensorInfo, rate_hz: float | None) -> Talk[Started]:
        """End what may be left, subscribe.

        Raises:
            UsageError: It does not offer the rate.
            RequestRefused: It refuses.
            ConnectionFailed: It had no place for requests left, and was restarted.
            SensorFault: It has none again.
        """
        rate_hz = max(self._rates_hz) if rate_hz is None else rate_hz
        if rate_hz not in self._rates_hz:
            offered = ", ".join(f"{rate:g}" for rate in self._rates_hz)
            raise UsageError(f"This Movesense offers no {rate_hz:g} Hz here; choose one of: {offered}.")
        yield from self._unsubscribe()
        yield from self._subscribe(rate_hz)
        decoder = MovesenseDecoder(
            rate_hz, acc_range_g=info.acc_range_mps2 / G_MPS2, gyr_range_dps=math.degrees(info.gyr_range_radps)
        )
        streaming = dataclasses.replace(info, rate_hz=rate_hz)
        return Started(session=next(self._sessions), info=streaming, mtu=0, decoder=decoder)

    def resume(self, started: Started) -> Talk[Resumed | None]:
        """Subscribe again: that ended with the connection, but the sensor's clock went on."""
        if isinstance(started.decoder, MovesenseDecoder):
            started.decoder.reconnected()
        yield from self._subscribe(started.info.rate_hz)
        return Resumed(running=True, next_index=None)

    def halt(self) -> Talk[SensorStatus | None]:
        """Unsubscribe."""
        yield from self._unsubscribe()
        return None

    def battery(self) -> Talk[int | None]:
        """Ask for the charge in per cent.

        Raises:
            RequestRefused, FrameError: It does not say.
        """
        return control.battery_percent((yield from self._once(*self._get(control.BATTERY_PATH))))

    def _offered(self) -> Talk[tuple[float, ...]]:
        """Those of our rates that the sensor lists."""
        try:
            told = yield from self._ask(*self._get(control.ACC_INFO_PATH))
        except RequestRefused:
            return ABILITIES.rates_hz
        listed, _ = control.offered(told, 1)
        offered = tuple(rate for rate in ABILITIES.rates_hz if rate in listed)
        if not offered:
            raise SensorFault("This Movesense lists no rate we know; update it with Movesense's phone app.")
        return offered

    def _range(self, path: str, ranges: tuple[int, ...]) -> Talk[int | None]:
        """The range in use, if it answers soon."""
        self._awaited, self._told = next(self._references), None
        yield Write(COMMAND_UUID, control.get(self._awaited, path))
        for _ in range(LOOKS):
            yield Pause(PAUSE_S)
            if self._told is not None:
                break
        told, self._awaited = self._told, 0
        try:
            return control.in_use(control.check(told, path), ranges) if told else None
        except SensorFault:
            return None

    def _subscribe(self, rate_hz: float) -> Talk[None]:
        path = control.imu_path(round(rate_hz))
        yield from self._ask(control.subscribe(STREAM, path), f"SUBSCRIBE {path}")

    def _unsubscribe(self) -> Talk[None]:
        """Not waited for: it may be that there is nothing to end, and that it does not say so."""
        yield Write(COMMAND_UUID, control.unsubscribe(STREAM))
        yield Pause(PAUSE_S)

    def _get(self, path: str) -> tuple[bytes, str]:
        """The request, and the same in words."""
        return control.get(next(self._references), path), f"GET {path}"

    def _once(self, request: bytes, what: str) -> Talk[bytes]:
        """What a good response holds."""
        return control.check(packets.packet((yield from ask(request))), what)

    def _ask(self, request: bytes, what: str) -> Talk[bytes]:
        """What a good response holds; a sensor without a place for requests is restarted, but only once."""
        try:
            return (yield from self._once(request, what))
        except RequestRefused as refused:
            if refused.code != NO_PLACE:
                raise
        if self._restarted:
            raise SensorFault(
                "The sensor refuses all requests (429) until it is started anew: take it off the strap and wait until "
                "it has switched itself off, or take its battery out; then try again."
            )
        self._restarted = True
        yield Write(COMMAND_UUID, control.put_system_mode(next(self._references), control.RESTART))
        yield Pause(RESTART_S)
        raise ConnectionFailed("The sensor had no place for requests left (429) and was restarted; connect again.")


ABILITIES = Abilities(
    gyroscope=True,
    # 13 and 26 Hz are few; from 208 Hz on, a packet does not fit the buffer of Movesense's own sample program.
    rates_hz=(52.0, 104.0),
    default_rate_hz=104.0,
    latency_s=8 / 104,
    memory=False,
    numbered=False,
    device_time=True,
    battery=True,
)
MOVESENSE = Family(
    name="movesense",
    title="Movesense",
    service_uuid=SERVICE_UUID,
    advertised=False,
    name_prefixes=("Movesense ",),
    dialogue=MovesenseDialogue,
    abilities=ABILITIES,
    caveats="Its firmware has to be 2.3 or newer, and what a drop loses cannot be had again.",
)
