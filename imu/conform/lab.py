"""Checks for which something must be chosen that no usual host can choose: the MTU, a fault, another kind of sensor.

They run on virtual sensors, and on a real one where it happens to be so.
"""

from __future__ import annotations

from firmware_proto import wire
from imu.conform.bench import Bench
from imu.conform.control import BAD_ARG, UNSUPPORTED, WRONG_STATE
from imu.conform.stream import holes
from imu.conform.table import NotChecked, check, expect

FRAME = "Data frame"
_FAULT = wire.StatusCode.HARDWARE_FAULT


async def _at_mtu(b: Bench, mtu: int) -> str:
    if b.fresh.mtu == mtu:
        return await _streams_at(b, mtu)
    try:
        lab = b.lab
    except NotChecked:
        raise NotChecked(f"the MTU is {b.fresh.mtu} here, and only the Bluetooth stacks can choose another") from None
    async with lab.another(mtu=mtu) as other:
        return await _streams_at(other, mtu)


async def _streams_at(b: Bench, mtu: int) -> str:
    started = await b.start(wire.SetConfig(rate_dhz=b.rate_dhz()))
    kind = wire.Kind.ACC_GYR if b.has_gyroscope else wire.Kind.ACC
    wanted = b.per_frame(started.true_rate_hz, kind)
    expect(started.mtu == mtu, f"MTU {mtu} in START's answer", started.mtu)
    await b.wait(3.0)
    await b.stop()
    longest = max((len(h.data) for h in b.heard(wire.DATA_UUID)), default=0)
    expect(longest <= mtu - 3, f"frames of at most {mtu - 3} bytes", longest)
    live = b.stream.live()
    sizes = sorted({c.frame.n for c in live[:-1]})
    expect(sizes == [wanted], f"n = {wanted}", sizes or "no frames")
    expect(not holes(live), "no gap", holes(live)[:3])
    part = await b.ok(wire.GetInfo(), wire.InfoPart)
    expect(len(part.part) == min(part.total, mtu - 8), f"{min(part.total, mtu - 8)} bytes of Info", len(part.part))
    whole = await b.link.read(wire.INFO_UUID)
    expect(len(whole) == part.total, f"{part.total} bytes by a long read", len(whole))
    return f"n = {wanted}, {longest} bytes, {started.true_rate_hz:g} Hz"


@check(FRAME)
async def mtu_23(b: Bench) -> str:
    """At MTU 23: one sample of six axes in a frame of 20 bytes, Info by long read and in parts of 15."""
    return await _at_mtu(b, 23)


@check(FRAME)
async def mtu_185(b: Bench) -> str:
    """At MTU 185: at most 14 samples of six axes."""
    return await _at_mtu(b, 185)


@check(FRAME)
async def mtu_247(b: Bench) -> str:
    """At MTU 247: at most 19 samples of six axes."""
    return await _at_mtu(b, 247)


@check(FRAME)
async def default_rate(b: Bench) -> str:
    """Without a rate chosen by the host: the highest, or the next one where a frame holds but one sample."""
    said = []
    for mtu in (247, 23):
        async with b.lab.another(mtu=mtu) as other:
            kind = wire.Kind.ACC_GYR if other.has_gyroscope else wire.Kind.ACC
            one_sample = wire.max_samples(mtu, kind) == 1
            wanted = sorted(other.info.rates_dhz)[-2 if one_sample and len(other.info.rates_dhz) > 1 else -1]
            if not other.carried(wanted, kind):
                expect(other.refused_first, f"UNSUPPORTED: MTU {mtu} does not carry {wanted / 10:g} Hz", "OK")
                continue
            came = other.fresh.true_rate_hz
            expect(abs(came - wanted / 10) <= wanted / 100, f"about {wanted / 10:g} Hz at MTU {mtu}", f"{came:g} Hz")
            said.append(f"{came:g} Hz at MTU {mtu}")
    return ", ".join(said)


@check("Control")
async def no_gyroscope(b: Bench) -> str:
    """A sensor without gyroscope has no ranges for it, and kind 1 is status 5 (unsupported)."""
    if not b.has_gyroscope:
        return await _without_gyroscope(b)
    try:
        lab = b.lab
    except NotChecked:
        raise NotChecked("it has a gyroscope") from None
    async with lab.another(gyroscope=False) as other:
        return await _without_gyroscope(other)


async def _without_gyroscope(b: Bench) -> str:
    expect(not b.info.gyr_ranges_dps, "no ranges of angular rate", b.info.gyr_ranges_dps)
    await b.refused(wire.SetConfig(mode=wire.Kind.ACC_GYR), UNSUPPORTED, "no gyroscope")
    await b.refused(wire.SetConfig(gyr_range_dps=250), UNSUPPORTED, "no gyroscope")
    started = await b.start(wire.SetConfig(mode=wire.Kind.ACC))
    expect(started.gyr_dps_per_lsb == 0, "a scale of 0 for the angular rate", started.gyr_dps_per_lsb)
    await b.until(lambda: len(b.stream.live()) >= 3, 5.0, "three frames")
    kinds = {c.frame.kind for c in b.stream.live()}
    expect(kinds == {wire.Kind.ACC}, "frames of kind 2", sorted(int(k) for k in kinds))
    await b.stop()
    return "refused"


@check("States")
async def radio_loss(b: Bench) -> str:
    """A radio that falls silent is as good as a goodbye: sampling goes on, RESUME finds it."""
    lab, started = b.lab, await b.start()
    await b.until(lambda: len(b.stream.live()) >= 3, 5.0, "three frames")
    lab.lose_link()
    await b.leave()
    await b.away(b.now_s() + 2.0)
    await b.connect()
    resumed = await b.ok(wire.Resume(session=started.session), wire.ResumeAnswer)
    expect(resumed.running, "a session that runs", "one that does not")
    return f"goes on with {resumed.next_index}"


@check("Recovery")
async def fifo_overrun(b: Bench) -> str:
    """A FIFO overrun moves the index on: Status bit 1, bit 6 at the gap, BACKFILL of it is status 6."""
    lab, started = b.lab, await b.start()
    await b.wait(1.0)
    lost = round(started.true_rate_hz / 2)
    lab.overrun_fifo(lost)
    await b.wait(2.0)
    status = await b.status()
    expect(wire.ErrorBits.FIFO_OVERRUN in status.errors, "error bit 02 in Status", f"{int(status.errors):#04x}")
    await b.stop()
    live = b.stream.live()
    gaps = holes(live)
    expect([end - begin for begin, end in gaps] == [lost], f"a gap of {lost} samples", gaps)
    flagged = [c.index for c in live if c.frame.discontinuity]
    expect(flagged == [gaps[0][1]], f"bit 6 at {gaps[0][1]}", flagged)
    await b.refused(wire.Backfill(session=started.session, first=gaps[0][0], count=lost), wire.StatusCode.RANGE_GONE,
                    "never taken")  # fmt: skip
    return f"a gap of {lost}"


@check("Power")
async def low_battery(b: Bench) -> str:
    """A battery below 10 % sets Status bit 3, and is said at once."""
    async with b.lab.another() as other:
        at = len(other.link.heard)
        other.lab.drain_battery()
        await other.until(lambda: any(wire.ErrorBits.LOW_BATTERY in s.errors for _, s in other.statuses(at)), 2.0,
                          "a Status with bit 08")  # fmt: skip
        level = await other.link.read(wire.BATTERY_LEVEL_UUID)
        expect(level[0] < 10, "a battery level below 10 %", level[0])
    return f"{level[0]} %"


@check("States")
async def hardware_fault(b: Bench) -> str:
    """When the motion sensor fails: Status 4 (error), START status 7, the rest as in the table of states."""
    async with b.lab.another() as other:
        started = await other.start()
        await other.wait(1.0)
        at = len(other.link.heard)
        other.lab.fail_imu()
        await other.until(lambda: wire.State.ERROR in [s.state for _, s in other.statuses(at)], 2.0,
                          "a Status with state 4")  # fmt: skip
        status = await other.status()
        expect(wire.ErrorBits.IMU in status.errors, "error bit 01 in Status", f"{int(status.errors):#04x}")
        await other.refused(wire.Start(), _FAULT)
        await other.refused(wire.Start().pack() + b"\0", BAD_ARG, "unreadable arguments come first")
        await other.refused(wire.Stop(), WRONG_STATE)
        await other.done(wire.SetConfig(batch_ms=100))
        found = await other.ok(wire.SelfTest(), wire.SelfTestAnswer, 3.5)
        expect(wire.ErrorBits.IMU in found.errors, "bit 01 of SELF_TEST", f"{int(found.errors):#04x}")
        await other.ok(wire.Ping(token=1), wire.PingAnswer)
        resumed = await other.ok(wire.Resume(session=started.session), wire.ResumeAnswer)
        expect(not resumed.running, "a session that has ended", "one that runs")
        await other.ok(wire.Backfill(session=started.session, first=0, count=10), wire.BackfillAnswer)
    return "status 7"
