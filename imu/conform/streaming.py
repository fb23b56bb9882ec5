"""Checks of what is sent while it streams: data frames, Status, and both clocks.

Most look at one recording of a plain session, made once: with a PING and a Status read now and then.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from firmware_proto import wire
from imu.conform.bench import Bench, read_status
from imu.conform.stream import Came, device_us, holes, indices, since_us
from imu.conform.table import check, expect

FRAME, STATUS, CLOCK = "Data frame", "Status", "Clock"
RECORD_S = 8.0
LATE_S = 2.0
"""What is queued on a sound link is younger."""
RATE_TOLERANCE = 0.1
STAMP_PERIODS = 2.0
"""A stamp is that of the FIFO's interrupt: off a straight line by no more than so many sample periods."""
HOST_SHARE = 0.01
"""Crystals are a hundred times better; the rest is for the link's delays."""


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
    end_index = await b.stop()
    return Recorded(
        started=started, start_s=asked_s, stop_s=stop_s, end_index=end_index, frames=b.stream.frames(),
        statuses=[(h.t_s, read_status(h.data)) for h in b.heard(wire.STATUS_UUID, at)], pings=pings, reads=reads,
    )  # fmt: skip


def _full(r: Recorded) -> int:
    kind = wire.Kind.ACC_GYR if r.started.gyr_dps_per_lsb else wire.Kind.ACC
    return max(1, min(int(r.started.true_rate_hz / 10), wire.max_samples(r.started.mtu, kind)))


@check(FRAME)
async def frame_layout(b: Bench) -> str:
    """Every notification of Data is a frame of this version, of its kind, of exactly its length."""
    r = await recorded(b)
    kind = wire.Kind.ACC_GYR if r.started.gyr_dps_per_lsb else wire.Kind.ACC
    expect(len(r.frames) > 5, f"frames within {RECORD_S:g} s", len(r.frames))
    kinds = {c.frame.kind for c in r.frames}
    expect(kinds == {kind}, f"kind {int(kind)}, as START's scales say", sorted(int(k) for k in kinds))
    return f"{len(r.frames)} frames"


@check(FRAME)
async def frame_size(b: Bench) -> str:
    """A live frame holds true rate x batch time, at most what the MTU in START's answer carries."""
    r = await recorded(b)
    wanted = _full(r)
    sizes = sorted({c.frame.n for c in r.frames[:-1] if not c.frame.backfill})
    expect(sizes == [wanted], f"n = {wanted} (MTU {r.started.mtu}, {r.started.true_rate_hz:g} Hz)", sizes)
    expect(r.frames[-1].frame.n <= wanted, f"at most {wanted} in the last frame", r.frames[-1].frame.n)
    return f"n = {wanted} at MTU {r.started.mtu}"


@check(FRAME)
async def frame_index(b: Bench) -> str:
    """Indices run from 0 without a gap, and bit 6 stands where samples are missing and nowhere else."""
    r = await recorded(b)
    expect(r.frames[0].index == 0, "index 0 first", r.frames[0].index)
    gaps = holes(r.frames)
    flagged = [c.index for c in r.frames if c.frame.discontinuity]
    starts = [end for _, end in gaps]
    expect(flagged == starts, f"bit 6 at {starts or 'no frame'}", flagged or "no frame")
    expect(all(begin < end for begin, end in gaps), "indices that only go on", gaps)
    expect(not gaps, "no gap (bring it closer and try again if the link is bad)", gaps[:3])
    return f"0 to {r.frames[-1].end - 1}"


@check(FRAME)
async def frame_flags(b: Bench) -> str:
    """No live frame carries bit 5 (backfill) unasked; bit 7 stands exactly where a value is at its end."""
    r = await recorded(b)
    again = [c.index for c in r.frames if c.frame.backfill]
    expect(not again, "no backfill unasked", again[:3])
    limits = np.iinfo(np.int16)
    for c in r.frames:
        at_end = bool(((c.frame.raw == limits.max) | (c.frame.raw == limits.min)).any())
        expect(c.frame.saturated == at_end, f"bit 7 {'set' if at_end else 'clear'} at index {c.index}",
               "set" if c.frame.saturated else "clear")  # fmt: skip
    return f"{sum(c.frame.saturated for c in r.frames)} frames at their end"


@check(CLOCK)
async def frame_times(b: Bench) -> str:
    """Frame times go with the index by START's true rate within 10 %, and lie on a straight line."""
    r = await recorded(b)
    live = [c for c in r.frames if not c.frame.backfill]
    time_us, index = device_us(live), np.array([c.index for c in live], float)
    expect(bool((np.diff(time_us) > 0).all()), "device time that increases from frame to frame", "steps back")
    slope, zero = np.polyfit(index, time_us, 1)
    hz = 1e6 / slope
    told = r.started.true_rate_hz
    expect(abs(hz - told) <= RATE_TOLERANCE * told, f"{told:.3f} Hz within 10 %", f"{hz:.3f} Hz")
    off_us = float(np.abs(time_us - (zero + slope * index)).max())
    expect(off_us <= STAMP_PERIODS * slope, f"stamps within {STAMP_PERIODS * slope:.0f} us of a line", f"{off_us:.0f}")
    return f"{hz:.3f} Hz, told {told:.3f}; at most {off_us:.0f} us off a line"


@check(CLOCK)
async def sample_rate(b: Bench) -> str:
    """Samples come at the true rate by the host's clock, within 10 %."""
    r = await recorded(b)
    took_s = r.stop_s - r.start_s
    hz = r.end_index / took_s
    told = r.started.true_rate_hz
    expect(abs(hz - told) <= RATE_TOLERANCE * told, f"{told:.3f} Hz within 10 %", f"{hz:.1f} Hz")
    return f"{hz:.1f} Hz"


@check(CLOCK)
async def clock_rate(b: Bench) -> str:
    """Device time runs as fast as the host's, within 1 % and the link's delays."""
    r = await recorded(b)
    one, other = r.pings[0], r.pings[-1]
    device_s = since_us(one.time_us, other.time_us) * 1e-6
    least_s, most_s = other.before_s - one.after_s, other.after_s - one.before_s
    slack_s = HOST_SHARE * most_s
    expect(least_s - slack_s <= device_s <= most_s + slack_s, f"{least_s:.3f} to {most_s:.3f} s", f"{device_s:.3f} s")
    return f"{device_s:.3f} s in {least_s:.3f} to {most_s:.3f} s"


@check(CLOCK)
async def one_clock(b: Bench) -> str:
    """PING, Status and frames tell the same time."""
    r = await recorded(b)
    for one, other in zip(r.pings, r.reads, strict=True):
        passed_s, most_s = since_us(one.time_us, other.time_us) * 1e-6, other.after_s - one.before_s
        expect(-0.01 <= passed_s <= most_s + 0.01, f"Status 0 to {most_s:.2f} s after PING", f"{passed_s:.3f} s")
    expect(len(r.frames) > 0, "frames", "none")
    for probe in r.pings:
        past = [c for c in r.frames if c.t_s <= probe.before_s]
        if past:
            age_s = since_us(past[-1].frame.time_us, probe.time_us) * 1e-6
            expect(0 <= age_s <= LATE_S, f"the newest frame 0 to {LATE_S:g} s before PING", f"{age_s:.3f} s")
    return f"{len(r.pings)} times"


@check(CLOCK)
async def clock_runs_on(b: Bench) -> str:
    """Device time runs on through sessions and connections."""
    said, begin_s = await b.ok(wire.Ping(token=1), wire.PingAnswer), b.now_s()
    await b.wait(1.0)
    await b.start()
    await b.stop()
    await b.leave()
    await b.connect()
    later = await b.ok(wire.Ping(token=2), wire.PingAnswer)
    off_s = since_us(said.sent_us, later.received_us) * 1e-6 - (b.now_s() - begin_s)
    expect(abs(off_s) < 0.5, "device time to go on as the host's", f"{off_s:+.3f} s")
    return "through a session and a reconnect"


@check(STATUS)
async def status_read(b: Bench) -> str:
    """Status reads 20 bytes: idle, no error, a battery, the ring within the session."""
    status = await b.status()
    expect(status.state is wire.State.IDLE, "idle", status.state.name)
    expect(not status.errors & wire.ErrorBits.IMU, "no fault of the motion sensor", f"{int(status.errors):#04x}")
    expect(status.oldest_index <= status.next_index, "oldest <= next index", f"{status.oldest_index}")
    expect(500 <= status.battery_mv <= 20_000, "a battery in mV", status.battery_mv)
    return f"{status.battery_mv} mV"


@check(STATUS)
async def status_each_second(b: Bench) -> str:
    """While streaming Status is notified once a second."""
    r = await recorded(b)
    times = [t for t, _ in r.statuses if r.start_s <= t <= r.stop_s]
    took_s = r.stop_s - r.start_s
    low, high = int(took_s * 0.7), int(took_s * 1.2) + 4
    expect(low <= len(times) <= high, f"{low} to {high} in {took_s:.1f} s", len(times))
    longest_s = max(np.diff(times), default=took_s)
    expect(longest_s <= 2.0, "at most 2 s between two", f"{longest_s:.1f} s")
    return f"{len(times)} in {took_s:.1f} s"


@check(STATUS)
async def status_on_change(b: Bench) -> str:
    """A change of state or session is notified at once; while nothing changes when idle, nothing is."""
    await b.wait(1.0)
    at = len(b.link.heard)
    await b.wait(3.0)
    idle = b.statuses(at)
    changes = {(s.state, s.errors, s.session) for _, s in idle}
    expect(len(idle) <= len(changes), "nothing while nothing changes", f"{len(idle)} within 3 s")
    started = await b.start()
    wanted = wire.State.STREAM, started.session
    await b.until(lambda: wanted in [(s.state, s.session) for _, s in b.statuses(at)], 0.8, "a Status after START")
    at = len(b.link.heard)
    await b.done(wire.Stop())
    await b.until(lambda: wire.State.IDLE in [s.state for _, s in b.statuses(at)], 0.8, "a Status after STOP")
    return "after START and STOP"


@check(STATUS)
async def status_index(b: Bench) -> str:
    """Next index is that of the sample to come, the session is START's, nothing is dropped on a good link."""
    r = await recorded(b)
    for probe in r.reads:
        past = [c for c in r.frames if c.t_s <= probe.before_s]
        newest = past[-1] if past else None
        if newest is not None:
            ahead_s = since_us(newest.frame.time_us, probe.time_us) * 1e-6
            index = newest.index + ahead_s * r.started.true_rate_hz
            slack = 2 + RATE_TOLERANCE * ahead_s * r.started.true_rate_hz
            expect(abs(probe.next_index - index) <= slack, f"next index {index:.0f} by frames", probe.next_index)
    for _, status in r.statuses:
        expect(status.state is wire.State.IDLE or status.session == r.started.session,
               f"session {r.started.session}", status.session)  # fmt: skip
        expect(not status.dropped_frames or bool(holes(r.frames)), "no frame dropped", status.dropped_frames)
    return f"{len(r.reads)} times"


@check(FRAME)
async def stop_sends_the_rest(b: Bench) -> str:
    """The last frames after STOP reach exactly to Status' next index."""
    r = await recorded(b)
    expect(r.frames[-1].end == r.end_index, f"samples up to {r.end_index - 1}", r.frames[-1].end - 1)
    expect(len(indices(r.frames)) == len(set(indices(r.frames).tolist())), "each once", "some twice")
    return f"{r.end_index} samples"


@check("States")
async def frames_wait(b: Bench) -> str:
    """While the notifications of Data are off, live frames wait and none is lost."""
    started = await b.start()
    await b.until(lambda: len(b.stream.live()) >= 3, 5.0, "three frames")
    await b.link.unlisten(wire.DATA_UUID)
    at = len(b.stream.frames())
    await b.wait(15 * b.stream.live()[0].frame.n / started.true_rate_hz)
    expect(len(b.stream.frames()) == at, "no frame while they are off", len(b.stream.frames()) - at)
    await b.link.listen(wire.DATA_UUID)
    end = await b.stop()
    live = b.stream.live()
    expect(not holes(live) and live[-1].end == end, f"0 to {end - 1} without a gap", holes(live)[:3] or live[-1].end)
    return f"{end} samples"


@check("Recovery")
async def queue_overflow(b: Bench) -> str:
    """When the queue of 32 overflows the oldest frames go: Status counts them, bit 6 stands at the gap."""
    started = await b.start()
    await b.until(lambda: len(b.stream.live()) >= 3, 5.0, "three frames")
    before = b.stream.live()[-1].frame.n
    await b.link.unlisten(wire.DATA_UUID)
    await b.wait(50 * before / started.true_rate_hz)
    await b.link.listen(wire.DATA_UUID)
    await b.wait(2.0)
    end = await b.stop()
    status, live = await b.status(), b.stream.live()
    gaps = holes(live)
    expect(len(gaps) == 1, "one gap", gaps)
    dropped = (gaps[0][1] - gaps[0][0]) / before
    expect(8 <= dropped <= 25, "about 18 of 50 frames dropped, 32 kept", f"{dropped:.0f}")
    flagged = [c.index for c in live if c.frame.discontinuity]
    expect(flagged == [gaps[0][1]], f"bit 6 at {gaps[0][1]}", flagged)
    expect(status.dropped_frames == round(dropped), f"{dropped:.0f} dropped frames in Status", status.dropped_frames)
    expect(live[-1].end == end, f"all up to {end - 1}", live[-1].end - 1)
    return f"{dropped:.0f} frames dropped"
