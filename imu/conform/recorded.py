"""One plain session, recorded once, at which several checks look: with a PING and a Status read now and then."""

from __future__ import annotations

from dataclasses import dataclass

from firmware_proto import wire
from imu.conform.bench import Bench
from imu.conform.host import read_status
from imu.conform.stream import Came
from imu.conform.table import expect

RECORD_S = 8.0


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What the device said while it streamed: the host's time around the question, device time, next index."""

    before_s: float
    after_s: float
    time_us: int
    next_index: int


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """One plain session from START to its last frame."""

    started: wire.StartAnswer
    start_s: float
    stop_s: float
    end_index: int
    frames: list[Came]
    statuses: list[tuple[float, wire.Status]]
    pings: list[Probe]
    reads: list[Probe]


async def recorded(b: Bench) -> Recorded:
    """The session that most checks of this module look at; recorded when first asked for."""
    if not isinstance(b.recorded, Recorded):
        b.recorded = await _record(b)
    return b.recorded


async def _record(b: Bench) -> Recorded:
    asked_s, at = b.now_s(), len(b.link.heard)
    started = await b.start()
    begin_s = b.now_s()
    pings: list[Probe] = []
    reads: list[Probe] = []
    while b.now_s() < begin_s + RECORD_S:
        before_s = b.now_s()
        said = await b.ok(wire.Ping(token=len(pings)), wire.PingAnswer)
        pings.append(Probe(before_s=before_s, after_s=b.now_s(), time_us=said.sent_us, next_index=0))
        before_s = b.now_s()
        status = await b.status()
        reads.append(Probe(before_s=before_s, after_s=b.now_s(), time_us=status.time_us, next_index=status.next_index))
        await b.wait(0.5)
    stop_s = b.now_s()
    end_index, frames = await b.stop(), b.stream.frames()
    expect(len(frames) > 5, f"frames within {RECORD_S:g} s", len(frames))
    return Recorded(
        started=started, start_s=asked_s, stop_s=stop_s, end_index=end_index, frames=frames,
        statuses=[(h.t_s, read_status(h.data)) for h in b.heard(wire.STATUS_UUID, at)], pings=pings, reads=reads,
    )  # fmt: skip
