"""What is fuzzed of Movesense and WitMotion: decoders under any notifications, and dialogues under any answers."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable

import numpy as np
from sensors.desk import Desk, swinging
from targets import Program, size_of

from firmware_proto.twins.movesense import MovesenseTwin
from firmware_proto.twins.witmotion import WitMotionTwin
from firmware_proto.virtual_gatt import Outgoing
from imu.errors import ImuError
from imu.sensors import Family, FrameError, Started
from imu.sensors.movesense import MOVESENSE, MovesenseDecoder
from imu.sensors.witmotion import WITMOTION, WitMotionDecoder

SECONDS = 12
MOST_HELD = 20_000
FAMILIES = (MOVESENSE, WITMOTION)


class BentDesk(Desk):
    """A desk at which every notification may be bent."""

    bend: Callable[[bytes], bytes] = bytes

    def _take(self, came: Outgoing) -> None:
        super()._take([(uuid, self.bend(data)) for uuid, data in came])


def desk(family: Family, quirks: int = 0) -> BentDesk:
    """A dialogue and a sensor that listens to it."""
    if family is MOVESENSE:
        return BentDesk(family, MovesenseTwin(swinging(), tells_ranges=not quirks & 1, taken=8 * (quirks >> 1 & 1)))
    return BentDesk(family, WitMotionTwin(swinging(), burst=1 + quirks % 16, cut=bool(quirks & 16)))


@functools.cache
def sent(family: Family) -> tuple[bytes, ...]:
    """Notifications as a sensor sends them."""
    there = desk(family, 16 if family is WITMOTION else 0)
    there.begin()
    there.wait(SECONDS)
    return tuple(frame for frame, _ in there.frames)


def strap_stream(data: bytes) -> None:
    """A decoder under notifications good, lost, repeated, damaged, late and of no sense."""
    program = Program(data)
    family = FAMILIES[program.number() % 2]
    decoder = started(family).decoder
    assert isinstance(decoder, MovesenseDecoder | WitMotionDecoder)
    frames, at, now_s, end, end_s = sent(family), 0, 0.0, -1, -1.0
    while program:
        step = program.number()
        now_s += (step >> 4) ** 3 / 400
        frame = bytearray(frames[at % len(frames)])
        at += step % 8 != 5
        if step % 8 == 2:
            at += program.number() % 8
            continue
        if step % 8 == 3:
            decoder.reconnected()
        elif step % 8 == 4:
            for _ in range(1 + program.number() % 4):
                frame[program.number() % len(frame)] = program.number()
            frame = frame[: 1 + program.number()]
        elif step % 8 == 5:
            frame = bytearray(program.text())
        with contextlib.suppress(FrameError):
            samples = decoder.push(bytes(frame), now_s)
            if len(samples):
                assert samples.index[0] > end
                assert samples.t_s[0] > end_s
                assert (np.diff(samples.index) > 0).all()
                assert (np.diff(samples.t_s) > 0).all()
                assert np.isfinite(samples.acc_mps2).all()
                assert samples.gyr_radps is not None
                assert np.isfinite(samples.gyr_radps).all()
                end, end_s = int(samples.index[-1]), float(samples.t_s[-1])
        assert size_of(decoder) < MOST_HELD


@functools.cache
def introduced(family: Family) -> Started:
    return desk(family).begin()


def started(family: Family) -> Started:
    """A stream that began, anew."""
    info = introduced(family).info
    there = desk(family)
    return there.run(there.said.begin(info, None))


def strap_talk(data: bytes) -> None:
    """Every talk with notifications good, damaged, cut and of no sense: it ends, with what was wanted or a sentence."""
    program = Program(data)
    family = FAMILIES[program.number() % 2]
    there = desk(family, program.number())
    said = there.said

    def bend(answer: bytes) -> bytes:
        bent, how = bytearray(answer), program.number()
        if how % 4 == 1:
            return program.text()
        if how % 4 == 2 and bent:
            bent[program.number() % len(bent)] = program.number()
        return bytes(bent[: program.number()] if how % 4 == 3 else bent)

    there.bend = bend
    talks = [said.introduce, said.halt, said.battery, said.introduce]
    with contextlib.suppress(ImuError):
        begun = there.begin()
        assert begun.info.rate_hz in family.abilities.rates_hz
        with contextlib.suppress(ImuError):
            there.run(said.resume(begun))
    for talk in talks:
        with contextlib.suppress(ImuError):
            there.run(talk())
    for uuid in said.listens:
        said.role(uuid, data)
    said.answers(data[:5].ljust(5, b"\1"), data)
    assert size_of(said) < MOST_HELD


TARGETS: dict[str, Callable[[bytes], None]] = {"strap stream": strap_stream, "strap talk": strap_talk}
