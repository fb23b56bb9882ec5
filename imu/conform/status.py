"""Checks of Status, and of the clock that frames, Status and PING share."""

from __future__ import annotations

import numpy as np

from firmware_proto import wire
from imu.conform.bench import Bench
from imu.conform.recorded import recorded
from imu.conform.stream import device_us, holes, since_us
from imu.conform.table import check, expect

STATUS, CLOCK = "Status", "Clock"
LATE_S = 2.0
"""What is queued on a sound link is younger."""
RATE_TOLERANCE = 0.1
STAMP_PERIODS = 2.0
"""A stamp is that of the FIFO's interrupt: off a straight line by no more than so many sample periods."""
HOST_SHARE = 0.01
"""Crystals are a hundred times better; the rest is for the link's delays."""


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
    for probe in r.pings:
        past = [c for c in r.frames if c.t_s <= probe.before_s]
        if past:
            age_s = since_us(past[-1].frame.time_us, probe.time_us) * 1e-6
            expect(0 <= age_s <= LATE_S, f"the newest frame 0 to {LATE_S:g} s before PING", f"{age_s:.3f} s")
    return f"{len(r.pings)} times"


@check(CLOCK)
async def clock_runs_on(b: Bench) -> str:
    """Device time runs on through sessions and connections."""
    async with b.clock_goes_on():
        await b.wait(1.0)
        await b.start()
        await b.stop()
        await b.leave()
        await b.connect()
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
    begin_s, at = b.now_s(), len(b.link.heard)
    await b.start()
    await b.wait(6.0)  # and Status is not read meanwhile: BlueZ tells what was read as if it had been notified
    took_s, times = b.now_s() - begin_s, [t_s for t_s, _ in b.statuses(at)]
    low, high = int(took_s * 0.7), int(took_s * 1.2) + 2
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
