"""Checks of SET_CONFIG: what it sets, what it refuses, and that a refusal sets nothing."""

from __future__ import annotations

import numpy as np

from firmware_proto import wire
from imu.conform.bench import MAX_FRAMES_PER_S, Bench
from imu.conform.control import BAD_ARG, CONTROL, UNSUPPORTED, WRONG_STATE
from imu.conform.stream import device_us
from imu.conform.table import NotChecked, check, expect

RATE_TOLERANCE = 0.1
"""The true rate must be within 10 % of the truth (section Device facts)."""
SCALE_BOUNDS = 0.9, 1.3
"""Of range / 32768: a chip's full scale may lie beyond its range (the LSM6DS3TR-C's by up to 15 %), hardly below."""
_FULL = 32768


@check(CONTROL)
async def config_rates(b: Bench) -> str:
    """Each rate of Info that the MTU carries is taken, started and kept within 10 %."""
    kind = wire.Kind.ACC_GYR if b.has_gyroscope else wire.Kind.ACC
    rates = [rate for rate in b.info.rates_dhz if b.carried(rate, kind)]
    for rate in rates:
        started = await b.start(wire.SetConfig(rate_dhz=rate))
        _near(started.true_rate_hz, rate / 10, f"a true rate near {rate / 10:g} Hz")
        await b.until(lambda: len(b.stream.live()) >= 10, 10.0 + 100 / rate, f"ten frames at {rate / 10:g} Hz")
        live = b.stream.live()
        hz = float((live[-1].index - live[0].index) / (np.ptp(device_us(live)) * 1e-6))
        _near(hz, started.true_rate_hz, f"{started.true_rate_hz:g} Hz by its own clock")
        await b.stop()
    return ", ".join(f"{rate / 10:g}" for rate in rates) + " Hz"


def _near(came: float, wanted: float, words: str) -> None:
    expect(abs(came - wanted) <= RATE_TOLERANCE * wanted, words, f"{came:.3f} Hz")


@check(CONTROL)
async def config_kind(b: Bench) -> str:
    """Kind 2 gives frames without angular rate, and a scale of 0 for it; kind 1 all axes again."""
    if not b.has_gyroscope:
        raise NotChecked("it has no gyroscope")
    for kind in (wire.Kind.ACC, wire.Kind.ACC_GYR):
        started = await b.start(wire.SetConfig(mode=kind))
        expect((started.gyr_dps_per_lsb > 0) == (kind is wire.Kind.ACC_GYR), f"a scale for kind {int(kind)}",
               f"{started.gyr_dps_per_lsb:g} deg/s")  # fmt: skip
        await b.until(lambda: len(b.stream.live()) >= 3, 5.0, f"frames of kind {int(kind)}")
        kinds = {c.frame.kind for c in b.stream.live()}
        expect(kinds == {kind}, f"frames of kind {int(kind)}", sorted(int(k) for k in kinds))
        await b.stop()
    return "2, then 1"


@check(CONTROL)
async def config_batch(b: Bench) -> str:
    """The batch time sets the samples of a frame, and lasts through sessions and connections."""
    kind = wire.Kind.ACC_GYR if b.has_gyroscope else wire.Kind.ACC
    rate_hz, sizes = b.rate_dhz() / 10, []
    batches = [ms for ms in (1000, 40, 20) if b.carried(b.rate_dhz(), kind, ms)]
    if not batches:
        raise NotChecked(f"an MTU of {b.fresh.mtu} leaves no choice at {rate_hz:g} Hz")
    for batch_ms in batches:
        await b.done(wire.SetConfig(batch_ms=batch_ms))
        for again in (False, True):
            if again:
                await b.leave()
                await b.connect()
            started = await b.start()
            await b.until(lambda: len(b.stream.live()) >= 3, 10.0, "three frames")
            wanted = b.per_frame(started.true_rate_hz, kind, batch_ms)
            sizes = sorted({c.frame.n for c in b.stream.live()})
            expect(sizes == [wanted], f"n = {wanted} at {batch_ms} ms{', after a reconnect' * again}", sizes)
            await b.stop()
    return f"{len(batches)} batch times"


@check(CONTROL)
async def config_ranges(b: Bench) -> str:
    """Each range of Info is taken, and START's scale fits it."""
    for g in b.info.acc_ranges_g:
        started = await b.start(wire.SetConfig(acc_range_g=g))
        _scale(started.acc_g_per_lsb, g, "g")
        await b.stop()
    for dps in b.info.gyr_ranges_dps:
        started = await b.start(wire.SetConfig(gyr_range_dps=dps))
        _scale(started.gyr_dps_per_lsb, dps, "deg/s")
        await b.stop()
    ranges = [f"{g} g" for g in b.info.acc_ranges_g] + [f"{d} deg/s" for d in b.info.gyr_ranges_dps]
    return ", ".join(ranges)


def _scale(per_lsb: float, full: int, unit: str) -> None:
    low, high = (full / _FULL * bound for bound in SCALE_BOUNDS)
    expect(low <= per_lsb <= high, f"{low:.3g} to {high:.3g} {unit} per LSB at {full} {unit}", f"{per_lsb:.6g}")


@check(CONTROL)
async def config_unknown_tag(b: Bench) -> str:
    """An unknown SET_CONFIG tag is status 5 (unsupported)."""
    for tag in (0, 6, 0x7F, 0xFF):
        await b.refused(wire.SetConfig(unknown=(tag,)), UNSUPPORTED, f"tag {tag:#04x}")
    return "4 tags"


@check(CONTROL)
async def config_illegal_value(b: Bench) -> str:
    """A value that Info does not offer, or of another length, is status 2 (bad arg)."""
    free_g = next(g for g in range(1, 256) if g not in b.info.acc_ranges_g)
    illegal = [wire.SetConfig(rate_dhz=max(b.info.rates_dhz) + 1), wire.SetConfig(rate_dhz=0),
               wire.SetConfig(acc_range_g=free_g), wire.SetConfig(batch_ms=0),
               wire.SetConfig(batch_ms=1001)]  # fmt: skip
    if b.has_gyroscope:
        illegal.append(wire.SetConfig(gyr_range_dps=max(b.info.gyr_ranges_dps) + 1))
    for request in illegal:
        await b.refused(request, BAD_ARG)
    unreadable = (b"\x01\x01\x68", b"\x05\x03\x64\x00\x00", b"\x04\x01\x03", b"\x04\x01\x00", b"\x01\x02\x10")
    for entry in unreadable:
        await b.refused(bytes((wire.Op.SET_CONFIG, 1)) + entry, BAD_ARG)
    return f"{len(illegal) + len(unreadable)} values"


@check(CONTROL)
async def config_all_or_nothing(b: Bench) -> str:
    """SET_CONFIG is all or nothing: of a refused one nothing is set."""
    kind = wire.Kind.ACC_GYR if b.has_gyroscope else wire.Kind.ACC
    await b.done(wire.SetConfig(rate_dhz=b.rate_dhz(), batch_ms=100))
    await b.refused(wire.SetConfig(batch_ms=20, unknown=(0x7F,)), UNSUPPORTED)
    await b.refused(wire.SetConfig(rate_dhz=max(b.info.rates_dhz) + 1, batch_ms=20), BAD_ARG)
    started = await b.start()
    await b.until(lambda: len(b.stream.live()) >= 2, 5.0, "two frames")
    wanted, came = b.per_frame(started.true_rate_hz, kind), b.stream.live()[0].frame.n
    expect(came == wanted, f"n = {wanted} as before", came)
    return f"n = {came} as before"


@check("States")
async def config_while_streaming(b: Bench) -> str:
    """SET_CONFIG while streaming is status 4 (wrong state)."""
    await b.start()
    await b.refused(wire.SetConfig(batch_ms=100), WRONG_STATE, "streaming")
    await b.refused(wire.SetConfig(batch_ms=0), WRONG_STATE, "the state comes before what Info offers")
    await b.refused(b"\x02\x01\x05\x02\x64", BAD_ARG, "unreadable arguments come before the state")
    return "refused"


@check("Data frame")
async def too_many_frames(b: Bench) -> str:
    """START is status 5 (unsupported) where its frames would be more than 133 a second."""
    kind = wire.Kind.ACC_GYR if b.has_gyroscope else wire.Kind.ACC
    rate = max(b.info.rates_dhz)
    if b.carried(rate, kind, 1):
        raise NotChecked(f"{rate / 10:g} Hz, its highest rate, is no more than {MAX_FRAMES_PER_S:.0f} frames a second")
    await b.done(wire.SetConfig(rate_dhz=rate, batch_ms=1))
    await b.refused(wire.Start(), UNSUPPORTED, f"{rate / 10:g} Hz, a frame for each sample")
    return "refused"
