"""What is fuzzed: each target takes any bytes, and raises if something gives way that must not.

The same targets run under hypothesis in the suite and, much longer, under atheris by hand (see `run_atheris.py`). The
decoders get the bytes as they are; the machines with a memory take them for a program: what comes next, and when.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from firmware_proto import wire
from firmware_proto.virtual_control import MAX_ASKED
from firmware_proto.virtual_device import QUEUE_FRAMES
from firmware_proto.virtual_sensor import VirtualSensor
from imu.errors import ImuError
from imu.link.doubt import JUDGED_S
from imu.link.feed import Feed
from imu.link.monitor import Monitor
from imu.link.stream import Stream
from imu.sensors import FrameError, Talk
from imu.sensors.native import NativeDialogue

RATE_HZ = 104.0
RAW = np.random.default_rng(5).integers(-2000, 2000, (512, 6)).astype(np.int16)
INFO = wire.Info(model="BX", imu="x", rates_dhz=(520, 1040), acc_ranges_g=(16,), gyr_ranges_dps=(2000,), ring_s=105)
START = wire.StartAnswer(session=7, true_rate_mhz=104_000, acc_g_per_lsb=0.0005, gyr_dps_per_lsb=0.07, mtu=247)
OK = wire.Answer(op=wire.Op.STOP, tag=1, status=wire.StatusCode.OK).pack()
STARTED = wire.Answer(op=wire.Op.START, tag=1, status=wire.StatusCode.OK, body=START).pack()
T = TypeVar("T")
DECODERS: list[Callable[[bytes], Any]] = [
    wire.DataFrame.unpack, wire.Info.unpack, wire.Status.unpack, wire.RepRecord.unpack, wire.decode_request,
    wire.decode_answer,
]  # fmt: skip


class Program:
    """Bytes read as numbers; when they are used up, it is over."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def take(self, n: int) -> bytes:
        """The next n bytes, or what is left of them."""
        self._at += n
        return self._data[self._at - n : self._at]

    def number(self, n: int = 1) -> int:
        """The next n bytes as one number."""
        return int.from_bytes(self.take(n), "little")

    def text(self) -> bytes:
        """A piece whose length comes first."""
        return self.take(self.number())


def decoders(data: bytes) -> None:
    """Every decoder reads or refuses by name, and what was read packs to bytes that read the same."""
    for decode in DECODERS:
        with contextlib.suppress(wire.WireError):
            read = decode(data)
            assert decode(read.pack()) == read or _holds_nan(read)
    cut = [data[i : i + 32] for i in range(0, len(data), 32)]
    with contextlib.suppress(wire.WireError):
        headers, raw = wire.decode_many(cut)
        assert len(raw) == int(headers.n.sum())


def _holds_nan(read: Any) -> bool:
    return any(value != value for value in vars(getattr(read, "body", None) or read).values() if value is not None)


def dialogue(data: bytes) -> None:
    """Whatever a sensor says of itself is understood or a sentence; what is understood can be worked with."""
    said = NativeDialogue()
    info = answered(said.introduce(), INFO.pack())
    started = answered(said.begin(info, None), OK, STARTED)
    for talk in (
        said.resume(started),
        said.halt(),
        said.refill(7, 0, 5),
        said.ping(1),
        said.battery(),
        said.introduce(),
    ):
        with contextlib.suppress(ImuError):
            answered(talk, data)
    with contextlib.suppress(ImuError):
        said.status(data)
    with contextlib.suppress(ImuError):
        started = answered(said.begin(info, 104.0), OK, OK, data)
        assert 10 < started.info.rate_hz < 1000  # no rate that Info does not offer
        Stream(started)


def answered(talk: Talk[T], *answers: bytes) -> T:
    """What comes of a talk where the sensor says this, and the last of it for ever."""
    left = deque(answers)
    try:
        next(talk)
        while True:
            talk.send(left.popleft() if len(left) > 1 else left[0])
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


def stream(data: bytes) -> None:
    """A stream, its recovery and its monitor under any frames, status and answers in any order."""
    program, said = Program(data), NativeDialogue()
    started = answered(said.begin(answered(said.introduce(), INFO.pack()), None), OK, STARTED)
    feed = Feed()
    monitor = Monitor(feed)
    machine = _Machine(program, said, Stream(started), monitor)
    monitor.stream = machine.stream
    while program:
        machine.step()
        machine.check()
    times = [machine.times[index] for index in sorted(machine.times)]
    assert all(a < b for a, b in itertools.pairwise(times)), "time goes on with the index"
    machine.stream.recovery.give_up()
    assert machine.stream.recovery.missing == 0
    assert machine.stream.counted == len(machine.stream.recovery.received)


@dataclasses.dataclass
class _Machine:
    program: Program
    said: NativeDialogue
    stream: Stream
    monitor: Monitor
    now_s: float = 0.0
    next: int = 0
    times: dict[int, float] = dataclasses.field(default_factory=dict)

    def step(self) -> None:
        step = self.program.number()
        actions = (self.good, self.good, self.lost, self.junk, self.damaged, self.again, self.ask, self.other)
        self.now_s += (step >> 3) / 20
        actions[step & 7]()

    def frame(self, first: int, *, backfill: bool = False) -> bytes:
        return wire.DataFrame(
            index16=first & 0xFFFF, time_us=round(first * 1e6 / RATE_HZ) & 0xFFFFFFFF,
            raw=RAW[np.arange(first, first + 10) % len(RAW)], backfill=backfill,
        ).pack()  # fmt: skip

    def take(self, data: bytes) -> None:
        try:
            samples = self.stream.take(data, self.now_s)
        except FrameError as error:
            return self.monitor.bad_frame(self.stream, error)
        self.monitor.judge(self.stream, samples)
        assert np.isfinite(samples.t_s).all()
        assert np.isfinite(samples.acc_mps2).all()
        new = dict(zip(samples.index.tolist(), samples.t_s.tolist(), strict=True))
        assert not new.keys() & self.times.keys(), "no sample comes twice"
        assert all(index >= 0 for index in new)
        self.times |= new
        return None

    def good(self) -> None:
        self.take(self.frame(self.next))
        self.next += 10

    def lost(self) -> None:
        self.next += 10 * self.program.number(2)

    def junk(self) -> None:
        self.take(self.program.text())

    def damaged(self) -> None:
        data = bytearray(self.frame(self.next))
        for _ in range(1 + self.program.number() % 4):
            data[self.program.number() % len(data)] = self.program.number()
        self.take(bytes(data))

    def again(self) -> None:
        self.take(self.frame(self.program.number(2), backfill=True))

    def ask(self) -> None:
        recovery = self.stream.recovery
        hole = recovery.due(self.now_s)
        if hole is None:
            return
        assert 0 <= hole[0] < hole[1] <= recovery.reached
        recovery.asked(hole, self.now_s)
        if self.program.number() & 1:
            recovery.promised(self.program.number(4), self.program.number(2))

    def other(self) -> None:
        what = self.program.number() % 4
        if what == 0:
            self.stream.recovery.disconnected()
        elif what == 1:
            self.stream.recovery.reaches(self.program.number(4), self.now_s)
        elif what == 2:
            with contextlib.suppress(FrameError):
                self.monitor.status(self.said.status(self.program.take(20)))
        else:
            self.monitor.battery(self.program.number())

    def check(self) -> None:
        stream, recovery = self.stream, self.stream.recovery
        assert stream.counted == len(recovery.received) == len(self.times)
        assert 0 <= recovery.missing <= recovery.reached
        assert recovery.lost >= 0
        assert sum(map(len, stream._doubt._waiting)) < JUDGED_S * RATE_HZ
        assert self.monitor.health.bad_frames == stream.bad_frames


def device(data: bytes) -> None:
    """The virtual sensor under any requests and any radio, at any time."""
    program = Program(data)
    sensor = VirtualSensor(RAW, RATE_HZ, ring_bytes=20_000)
    now_us = 0
    while program:
        step = program.number()
        now_us += (step >> 4) ** 2 * 20_000
        _step(sensor, program, step & 15, now_us)
        status = sensor.status(now_us)
        assert wire.Status.unpack(status.pack()) == status
        assert status.oldest_index <= status.next_index
        assert len(sensor._outbox._live) <= QUEUE_FRAMES
        assert sensor._outbox.asked <= MAX_ASKED
        for frame in sensor.frames(now_us):
            assert len(frame) <= sensor.mtu - 3
            wire.DataFrame.unpack(frame)
        due = sensor.status_due(now_us)
        assert due is None or len(due) == 20


def _step(sensor: VirtualSensor, program: Program, step: int, now_us: int) -> None:
    if step == 0 and not sensor.connected:
        sensor.connect(now_us, 23 + program.number() % 225)
    elif step == 1:
        sensor.disconnect(now_us)
    elif step == 2:
        sensor.subscribed = sensor.connected and bool(program.number() & 1)
    elif step == 3:
        sensor.stall(now_us, program.number() * 50_000)
    elif step == 4:
        sensor.overrun_fifo(now_us, program.number())
    elif step == 5:
        sensor.reset(now_us)
    elif step == 6:
        _ask(sensor, program.text(), now_us)
    else:
        op = program.number() % 14
        _ask(sensor, bytes((op, 1)) + program.take(_ARGUMENTS.get(op, 0)), now_us)


_ARGUMENTS = {1: 2, 2: 6, 5: 4, 6: 8, 7: 8, 8: 1, 11: 1, 12: 2}


def _ask(sensor: VirtualSensor, request: bytes, now_us: int) -> None:
    answer = wire.decode_answer(sensor.handle(request, now_us))
    sent = (request + b"\0\0")[:2]
    assert (answer.op, answer.tag) == (sent[0] & 0x7F, sent[1])
    assert len(answer.pack()) <= sensor.mtu - 3


def size_of(state: Any, seen: set[int] | None = None) -> int:
    """How many values a state holds, in all its containers."""
    seen = set() if seen is None else seen
    if id(state) in seen:
        return 0
    seen.add(id(state))
    if isinstance(state, np.ndarray):
        return int(state.size)
    if isinstance(state, bytes | bytearray | str):
        return len(state)
    if isinstance(state, dict):
        return sum(size_of(part, seen) for part in state.values())
    if isinstance(state, list | tuple | set | frozenset | deque):
        return sum(size_of(part, seen) for part in state)
    slots = [name for kind in type(state).__mro__ for name in getattr(kind, "__slots__", ())]
    parts = [getattr(state, name, None) for name in slots] + list(getattr(state, "__dict__", {}).values())
    return 1 + sum(size_of(part, seen) for part in parts)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "decoders": decoders, "dialogue": dialogue, "stream": stream, "device": device,
}  # fmt: skip
