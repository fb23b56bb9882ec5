"""Checks of data frames: what is in them, how they follow one another, and the queue they wait in."""

from __future__ import annotations

import numpy as np

from firmware_proto import wire
from imu.conform.bench import Bench
from imu.conform.recorded import Recorded, recorded
from imu.conform.stream import holes, indices
from imu.conform.table import check, expect

FRAME = "Data frame"


def _full(r: Recorded) -> int:
    kind = wire.Kind.ACC_GYR if r.started.gyr_dps_per_lsb else wire.Kind.ACC
    return max(1, min(int(r.started.true_rate_hz / 10), wire.max_samples(r.started.mtu, kind)))


@check(FRAME)
async def frame_layout(b: Bench) -> str:
    """Every notification of Data is a frame of this version, of its kind, of exactly its length."""
    r = await recorded(b)
    kind = wire.Kind.ACC_GYR if r.started.gyr_dps_per_lsb else wire.Kind.ACC
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
