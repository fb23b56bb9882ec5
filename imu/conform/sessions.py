"""Checks of sessions: START, STOP, their refusals, and what becomes of a session when the link goes."""

from __future__ import annotations

import numpy as np

from firmware_proto import wire
from imu.conform.bench import Bench
from imu.conform.control import BAD_ARG, WRONG_STATE
from imu.conform.stream import device_us, holes, indices
from imu.conform.table import check, expect

STATES = "States"
RATE_TOLERANCE = 0.1
GRACE_S = 60.0
RANGE_GONE = wire.StatusCode.RANGE_GONE


@check("Control")
async def start_answer(b: Bench) -> str:
    """START answers session, a true rate that Info offers, scales and the MTU; Status agrees."""
    started = await b.start()
    status = await b.status()
    expect(started.session > 0, "a session from 1 on", started.session)
    near = [hz for hz in b.info.rates_hz if abs(started.true_rate_hz - hz) <= RATE_TOLERANCE * hz]
    expect(bool(near), f"within 10 % of one of {b.info.rates_hz} Hz", f"{started.true_rate_hz:.3f} Hz")
    expect(wire.MIN_MTU <= started.mtu <= 517, "an ATT_MTU of 23 to 517", started.mtu)
    expect((started.gyr_dps_per_lsb > 0) == b.has_gyroscope, "an angular rate's scale as Info has ranges",
           f"{started.gyr_dps_per_lsb:g}")  # fmt: skip
    expect((status.state, status.session) == (wire.State.STREAM, started.session),
           f"Status stream, session {started.session}", f"{status.state.name}, {status.session}")  # fmt: skip
    return f"{started.true_rate_hz:.3f} Hz, MTU {started.mtu}"


@check(STATES)
async def start_twice(b: Bench) -> str:
    """A second START is status 4 (wrong state), and the session goes on."""
    started = await b.start()
    await b.refused(wire.Start(), WRONG_STATE, "streaming")
    await b.wait(1.0)
    status = await b.status()
    expect(status.session == started.session, f"still session {started.session}", status.session)
    live = b.stream.live()
    expect(bool(live) and not holes(live), "frames without a gap", holes(live)[:3] or "none")
    return "refused"


@check(STATES)
async def stop_twice(b: Bench) -> str:
    """STOP ends a session; when idle it is status 4 (wrong state)."""
    await b.refused(wire.Stop(), WRONG_STATE, "idle")
    await b.start()
    await b.wait(0.5)
    end = await b.stop()
    at = len(b.stream.frames())
    await b.refused(wire.Stop(), WRONG_STATE, "idle again")
    await b.wait(1.0)
    status = await b.status()
    expect(status.state is wire.State.IDLE, "idle", status.state.name)
    expect(status.next_index == end, f"next index to stay {end}", status.next_index)
    expect(len(b.stream.frames()) == at, "no frame any more", len(b.stream.frames()) - at)
    return f"ended at {end}"


@check(STATES)
async def start_clears(b: Bench) -> str:
    """START begins at index 0 under another session number, clears the ring, and nothing older follows."""
    sessions = []
    for wait_s in (1.5, 0.0, 0.25):
        started = await b.start()
        sessions.append(started.session)
        await b.wait(wait_s)
        await b.refused(wire.Backfill(session=sessions[-2] if len(sessions) > 1 else 0, first=0, count=1), RANGE_GONE,
                        "a session before")  # fmt: skip
        await b.until(lambda: bool(b.stream.frames()), 3.0, "a frame")
        await b.done(wire.Stop())  # and START again with no pause, the queue being as full as it is
        first = b.stream.frames()[0]
        expect((first.index, first.frame.backfill) == (0, False), "a live frame of index 0 first", first.index)
    expect(len(set(sessions)) == len(sessions), "another number each time", sessions)
    return f"sessions {', '.join(map(str, sessions))}"


@check(STATES)
async def resume(b: Bench) -> str:
    """After a lost link sampling goes on in silence; RESUME tells the index that live frames go on with."""
    started = await _drop(b, 2.0)
    at = len(b.link.heard)
    await b.wait(1.0)
    early = b.heard(wire.DATA_UUID, at)
    expect(not early, "no frame before RESUME", f"{len(early)}")
    status = await b.status()
    expect((status.state, status.session) == (wire.State.STREAM, started.session),
           f"Status stream, session {started.session}", f"{status.state.name}, {status.session}")  # fmt: skip
    resumed = await b.ok(wire.Resume(session=started.session), wire.ResumeAnswer)
    expect(resumed.running, "a session that runs", "one that does not")
    expect(resumed.next_index >= status.next_index, f"an index from {status.next_index} on", resumed.next_index)
    at = len(b.stream.frames())
    await b.until(lambda: len(b.stream.frames()) > at + 2, 3.0, "live frames after RESUME")
    first = b.stream.frames()[at]
    expect(first.index == resumed.next_index, f"index {resumed.next_index} first", first.index)
    expect(first.frame.discontinuity, "bit 6 in the first live frame after RESUME", "none")
    return f"goes on with {resumed.next_index}"


@check("Recovery")
async def resume_backfill(b: Bench) -> str:
    """The ring holds what was taken while the link was down: after RESUME and BACKFILL nothing is missing."""
    away_s = b.within_ring(3.0)
    started = await _drop(b, away_s)
    resumed = await b.ok(wire.Resume(session=started.session), wire.ResumeAnswer)
    last = b.stream.live()[-1].end
    gap = resumed.next_index - last
    took_s = gap / started.true_rate_hz
    expect(took_s > 0.7 * away_s, f"about {away_s:.1f} s of samples taken meanwhile", f"{took_s:.1f} s")
    said = await b.ok(wire.Backfill(session=started.session, first=last, count=gap), wire.BackfillAnswer)
    expect((said.first, said.count) == (last, gap), f"{last} and {gap - 1} more", f"{said.first}, {said.count}")
    await b.until(lambda: set(range(last, last + gap)) <= set(indices(b.stream.again()).tolist()), 10.0,
                  f"{gap} samples again")  # fmt: skip
    end = await b.stop()
    every = sorted(b.stream.frames(), key=lambda c: c.index)
    expect(not holes(every) and every[-1].end == end, f"0 to {end - 1}, each once", holes(every)[:3])
    steps = np.diff(device_us(every)) / np.diff([c.index for c in every])
    off = float(np.abs(steps * started.true_rate_hz / 1e6 - 1).max())
    expect(off < RATE_TOLERANCE * 2, "times in line with the index throughout", f"{off:.0%} off")
    return f"{gap} samples"


async def _drop(b: Bench, away_s: float) -> wire.StartAnswer:
    """A session whose link is lost for a while; the host is connected and listens again, but has not said RESUME."""
    started = await b.start()
    await b.until(lambda: len(b.stream.live()) >= 5, 5.0, "five frames")
    await b.leave()
    begin_s = b.now_s()
    await b.away(begin_s + away_s)
    await b.connect()
    return started


@check(STATES)
async def resume_running(b: Bench) -> str:
    """RESUME of a session that was never interrupted is answered and changes nothing."""
    started = await b.start()
    await b.wait(0.7)
    for _ in range(3):
        resumed = await b.ok(wire.Resume(session=started.session), wire.ResumeAnswer)
        expect(resumed.running, "a session that runs", "one that does not")
        await b.wait(0.3)
    await b.stop()
    live = b.stream.live()
    flagged = [c.index for c in live if c.frame.discontinuity]
    expect(not holes(live) and not flagged, "no gap and no bit 6", holes(live)[:3] or flagged)
    expect(any(c.index == resumed.next_index for c in live), f"a frame that begins with {resumed.next_index}", "none")
    return "nothing changed"


@check(STATES)
async def resume_stopped(b: Bench) -> str:
    """RESUME after STOP says that the session does not run, and its end."""
    started = await b.start()
    await b.wait(0.7)
    end = await b.stop()
    resumed = await b.ok(wire.Resume(session=started.session), wire.ResumeAnswer)
    expect((resumed.running, resumed.next_index) == (False, end), f"not running, {end}",
           f"{'running' * resumed.running or 'not running'}, {resumed.next_index}")  # fmt: skip
    return f"its end, {end}"


@check("Control")
async def resume_unknown(b: Bench) -> str:
    """RESUME of a session that the device does not remember is status 6 (range gone)."""
    started = await b.start()
    await b.refused(wire.Resume(session=started.session % 0xFFFF + 1), RANGE_GONE, "no such session")
    await b.refused(wire.Resume(session=0), RANGE_GONE, "no such session")
    await b.refused(b"\x0c\x01\x01", BAD_ARG, "unreadable arguments come first")
    return "refused"


@check(STATES)
async def grace(b: Bench) -> str:
    """Without RESUME a lost session ends after 60 s, or the ring's length, also when a host connects meanwhile."""
    started = await b.start()
    await b.until(lambda: len(b.stream.live()) >= 3, 5.0, "three frames")
    lost = b.stream.live()[-1].end
    await b.leave()
    left_s = b.now_s()
    grace_s = min(GRACE_S, b.ring_samples() / started.true_rate_hz)
    await b.away(left_s + 0.4 * grace_s)
    await b.connect()
    status = await b.status()
    expect(status.state is wire.State.STREAM, f"sampling {b.now_s() - left_s:.0f} s after the drop", status.state.name)
    await b.wait(left_s + 0.9 * grace_s - b.now_s())
    status = await b.status()
    expect(status.state is wire.State.STREAM, f"sampling {b.now_s() - left_s:.0f} s after the drop", status.state.name)
    await b.wait(left_s + 1.05 * grace_s + 3 - b.now_s())
    status = await b.status()
    expect(status.state is wire.State.IDLE, f"idle {b.now_s() - left_s:.0f} s after the drop", status.state.name)
    resumed = await b.ok(wire.Resume(session=started.session), wire.ResumeAnswer)
    expect(not resumed.running, "a session that has ended", "one that runs")
    took_s = (resumed.next_index - lost) / started.true_rate_hz
    expect(
        abs(took_s - grace_s) < 3 + 0.05 * grace_s, f"an end about {grace_s:.0f} s after the drop", f"{took_s:.1f} s"
    )
    said = await b.ok(
        wire.Backfill(session=started.session, first=resumed.next_index - 5, count=5), wire.BackfillAnswer
    )
    expect(said.count == 5, "the ring to stay readable", said.count)
    return f"ended {took_s:.1f} s after the drop"
