"""A dialogue and a twin across a table: no radio, and time passes only when somebody says so."""

from __future__ import annotations

from collections import deque
from typing import Any, TypeVar

import numpy as np

from firmware_proto.virtual_gatt import Outgoing, VirtualPeripheral
from firmware_proto.virtual_source import Motion, Values
from imu.errors import ConnectionFailed
from imu.model import G_MPS2, Samples
from imu.sensors import Ask, Family, Hear, Pause, Read, Role, Started, Talk, Write

T = TypeVar("T")
STEP_US = 30_000
RATE_HZ = 104.0


def swinging(seconds: float = 30.0) -> Motion:
    """A body that swings slowly, by g and deg/s of known functions of time."""
    return Motion(*moved(np.arange(0, seconds, 1 / RATE_HZ)), RATE_HZ)


def shifted(samples: Samples) -> float:
    """By so much the movement runs ahead of the times that the samples say; it is the movement, to some 0.03 s."""
    assert samples.gyr_radps is not None
    shifts_s = np.arange(-1, 1.5, 0.005)
    off = [np.abs(moved(samples.t_s + s)[0] * G_MPS2 - samples.acc_mps2).max() for s in shifts_s]
    best_s = float(shifts_s[int(np.argmin(off))])
    acc, gyr = moved(samples.t_s + best_s)
    np.testing.assert_allclose(samples.acc_mps2, acc * G_MPS2, atol=0.25)
    np.testing.assert_allclose(samples.gyr_radps, np.deg2rad(gyr), atol=0.05)
    return best_s


def moved(t_s: np.ndarray[Any, Any]) -> tuple[Values, Values]:
    """Its acceleration and rotation at some instants."""
    angle = 0.8 * np.sin(t_s)
    acc = np.column_stack((0.05 * np.sin(3 * t_s), np.sin(angle), np.cos(angle)))
    gyr = np.column_stack((np.rad2deg(0.8 * np.cos(t_s)), 20 * np.sin(2 * t_s), 0 * t_s))
    return acc, gyr


class Desk:
    """The two of them.

    Attributes:
        written: What was written to it, in order.
        frames: What came of it, with the time of arrival in seconds.
    """

    def __init__(self, family: Family, twin: VirtualPeripheral, mtu: int = 247) -> None:
        self.twin, self.said, self.now_us = twin, family.dialogue(), 0
        self.written: list[bytes] = []
        self.frames: list[tuple[bytes, float]] = []
        self._answers: deque[bytes] = deque()
        self.connect(mtu)

    def connect(self, mtu: int = 247) -> None:
        """Connect and listen."""
        self.twin.connect(self.now_us, min(mtu, self.twin.max_mtu))
        for uuid in self.said.listens:
            self.twin.subscribe(uuid, True, self.now_us)

    def begin(self, rate_hz: float | None = None) -> Started:
        """Start a stream; what came before it is not part of it."""
        info = self.run(self.said.introduce())
        return self.run(self.said.begin(info, rate_hz))

    def run(self, talk: Talk[T]) -> T:
        """Say something, step by step."""
        answer: bytes | None = None
        try:
            step = next(talk)
            while True:
                match step:
                    case Read(uuid):
                        there = {each.uuid for service in self.twin.services for each in service.characteristics}
                        answer = self.twin.read(uuid, self.now_us) if uuid in there else None
                    case Write(uuid, data):
                        answer = self._write(uuid, data)
                    case Ask(request):
                        self._answers.clear()
                        self._write(self.said.control_uuid, request)
                        answer = self._answer(request)
                    case Hear(request):
                        answer = self._answer(request)
                    case Pause(seconds):
                        self.wait(seconds)
                        answer = None
                step = talk.send(answer)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]

    def wait(self, seconds: float) -> list[bytes]:
        """Let time pass; the frames that came."""
        before = len(self.frames)
        for _ in range(round(seconds * 1e6 / STEP_US)):
            self.now_us += STEP_US
            self._take(self.twin.tick(self.now_us))
        return [frame for frame, _ in self.frames[before:]]

    def stream(self, started: Started, seconds: float) -> Samples:
        """Let time pass; the samples of what came, and of what came since the last write."""
        self.wait(seconds)
        came, self.frames = self.frames, []
        return Samples.concat([started.decoder.push(*each) for each in came])

    def _write(self, uuid: str, data: bytes) -> None:
        self.written.append(data)
        self._take(self.twin.write(uuid, data, self.now_us))
        self.frames.clear()  # as the link does while a stream begins

    def _take(self, came: Outgoing) -> None:
        for uuid, data in came:
            role = self.said.role(uuid, data)
            if Role.FRAME in role:
                self.frames.append((data, self.now_us * 1e-6))
            if Role.ANSWER in role:
                self._answers.append(data)

    def _answer(self, request: bytes) -> bytes:
        for _ in range(200):
            while self._answers:
                answer = self._answers.popleft()
                if self.said.answers(request, answer):
                    return answer
            self.wait(STEP_US * 1e-6)
        raise ConnectionFailed("It does not answer.")
