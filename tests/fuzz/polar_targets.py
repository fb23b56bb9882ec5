"""What is fuzzed of Polar's sensors: their decoders under any frames, and their dialogues under any answers."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from targets import Program, size_of

from firmware_proto.twins.polar import H10Twin, VerityTwin
from firmware_proto.twins.polar_twin import PolarTwin
from firmware_proto.virtual_source import Motion
from imu.errors import ImuError
from imu.sensors import Ask, FrameError, Hear, Pause, Read, Started, Talk
from imu.sensors.polar import H10Dialogue, VerityDialogue
from imu.sensors.polar_dialogue import CONTROL_UUID, PolarDialogue
from imu.sensors.polar_streams import H10Decoder, VerityDecoder

TICK_US, SECONDS = 30_000, 12
MOST_STEPS = 2000
MOST_HELD = 20_000
MOVED = np.random.default_rng(2).normal(0, 0.3, (500, 3)).cumsum(axis=0) % 3
PAIRS: list[tuple[Callable[[], PolarDialogue], Callable[..., PolarTwin], dict[str, Any]]] = [
    (H10Dialogue, H10Twin, {}),
    (VerityDialogue, VerityTwin, {}),
    (VerityDialogue, VerityTwin, {"tells_factor": False}),
]


def twin(which: int) -> tuple[PolarDialogue, PolarTwin]:
    """A dialogue and a sensor that listens to it."""
    said, kind, quirks = PAIRS[which % len(PAIRS)]
    sensor = kind(Motion(MOVED, 20 * MOVED, 104.0), **quirks)
    sensor.connect(0, 232)
    for uuid in said().listens:
        sensor.subscribe(uuid, True, 0)
    return said(), sensor


def said_to(sensor: PolarTwin, talk: Talk[Any], bend: Callable[[bytes], bytes] = bytes) -> Any:
    """What comes of a talk with a sensor whose every answer is bent."""
    told: list[bytes] = []
    answer: bytes | None = None
    with contextlib.closing(talk):
        try:
            step = next(talk)
            for _ in range(MOST_STEPS):
                if isinstance(step, Read):
                    answer = bend(sensor.read(step.uuid, 0)) if step.uuid == CONTROL_UUID else bend(b"text")
                elif isinstance(step, Ask):
                    told = [data for _, data in sensor.write(CONTROL_UUID, step.request, 0)]
                    answer = bend(told.pop(0))
                else:
                    assert isinstance(step, Hear | Pause)
                    answer = bend(told.pop(0) if told else b"")
                step = talk.send(answer)
        except StopIteration as end:
            return end.value
    raise AssertionError("it never ends")


@functools.cache
def sent(which: int) -> tuple[bytes, ...]:
    """Frames as a sensor sends them."""
    said, sensor = twin(which)
    said_to(sensor, said.begin(said_to(sensor, said.introduce()), None))
    return tuple(data for now in range(TICK_US, SECONDS * 1_000_000, TICK_US) for _, data in sensor.tick(now))


def polar_stream(data: bytes) -> None:
    """A decoder under frames good, lost, repeated, damaged, late, of another time and of no sense."""
    program = Program(data)
    which = program.number() % len(PAIRS)
    said, sensor = twin(which)
    started: Started = said_to(sensor, said.begin(said_to(sensor, said.introduce()), None))
    decoder, frames, at = started.decoder, sent(which), 0
    assert isinstance(decoder, H10Decoder | VerityDecoder)
    end, end_s = -1, -1.0
    while program:
        step = program.number() % 8
        frame = bytearray(frames[at % len(frames)])
        at += step < 5
        if step == 2:
            at += program.number() % 8
            continue
        if step == 3:
            decoder.reconnected()
        elif step == 4:
            for _ in range(1 + program.number() % 4):
                frame[program.number() % len(frame)] = program.number()
            frame = frame[: 1 + program.number()]
        elif step == 5:
            frame = bytearray(program.text())
        elif step == 6:
            frame[1:9] = program.number(8).to_bytes(8, "little")
        with contextlib.suppress(FrameError):
            samples = decoder.push(bytes(frame), 0.0)
            if len(samples):
                assert samples.index[0] > end
                assert samples.t_s[0] > end_s
                assert (np.diff(samples.index) > 0).all()
                assert (np.diff(samples.t_s) > 0).all()
                assert np.isfinite(samples.acc_mps2).all()
                end, end_s = int(samples.index[-1]), float(samples.t_s[-1])
        assert size_of(decoder) < MOST_HELD


def polar_talk(data: bytes) -> None:
    """Every talk with answers good, damaged, cut and of no sense: it ends, with what was wanted or a sentence."""
    program = Program(data)
    said, sensor = twin(program.number())

    def bend(answer: bytes) -> bytes:
        bent, how = bytearray(answer), program.number()
        if how % 4 == 1:
            return program.text()
        if how % 4 == 2 and bent:
            bent[program.number() % len(bent)] = program.number()
        return bytes(bent[: program.number()] if how % 4 == 3 else bent)

    talks: list[Callable[[], Talk[Any]]] = [said.introduce, said.halt, said.battery]
    with contextlib.suppress(ImuError):
        info = said_to(sensor, said.introduce(), bend)
        started = said_to(sensor, said.begin(info, None), bend)
        assert started.info.rate_hz in said.abilities.rates_hz
        talks += [lambda: said.resume(started), lambda: said.begin(info, 100.0)]
    for talk in talks:
        with contextlib.suppress(ImuError):
            said_to(sensor, talk(), bend)
    for uuid in said.listens:
        said.role(uuid, data)
    said.status(data)
    said.answers(data[:2] or b"\1", data)


TARGETS: dict[str, Callable[[bytes], None]] = {"polar stream": polar_stream, "polar talk": polar_talk}
