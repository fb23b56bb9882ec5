"""Checks of the ring and of BACKFILL: what is sent again, what is refused, and that live frames go on."""

from __future__ import annotations

from firmware_proto import wire
from imu.conform.bench import Bench
from imu.conform.control import BAD_ARG
from imu.conform.stream import holes, indices, samples, since_us
from imu.conform.table import Failed, check, expect

CONTROL, RECOVERY = "Control", "Recovery"
RANGE_GONE = wire.StatusCode.RANGE_GONE
MOST_ASKED = 8
"""Ranges that wait at most."""


async def _streaming(b: Bench, seconds: float) -> wire.StartAnswer:
    started = await b.start()
    await b.wait(b.within_ring(seconds))
    expect(bool(b.stream.live()), f"frames within {b.within_ring(seconds):g} s", "none")
    return started


async def _all_again(b: Bench, first: int, end: int) -> None:
    wanted = set(range(first, end))
    await b.until(lambda: wanted <= set(indices(b.stream.again()).tolist()), 15.0, f"{first} to {end - 1} again")


@check(RECOVERY)
async def backfill(b: Bench) -> str:
    """Samples sent again are bit for bit those sent live, with their times and bit 5."""
    started = await _streaming(b, 3.0)
    count = b.stream.live()[-1].end - 10
    said = await b.ok(wire.Backfill(session=started.session, first=5, count=count), wire.BackfillAnswer)
    expect((said.first, said.count) == (5, count), f"5 and {count} samples", f"{said.first}, {said.count}")
    await _all_again(b, 5, 5 + count)
    await b.stop()
    live, again = samples(b.stream.live()), samples(b.stream.again())
    expect(set(again) == set(range(5, 5 + count)), f"nothing but 5 to {4 + count}", f"{min(again)} to {max(again)}")
    wrong = [i for i in again if i in live and live[i] != again[i]]
    expect(not wrong, "the same samples as live", f"others at {wrong[:3]}")
    _same_times(b, started)
    return f"{len(again)} samples"


def _same_times(b: Bench, started: wire.StartAnswer) -> None:
    live = b.stream.live()
    for c in b.stream.again():
        near = max((f for f in live if f.index <= c.index), key=lambda f: f.index)
        by_index_us = (c.index - near.index) * 1e6 / started.true_rate_hz
        off_us = abs(since_us(near.frame.time_us, c.frame.time_us) - by_index_us)
        expect(off_us <= 2e6 / started.true_rate_hz, f"the live time at index {c.index}", f"{off_us:.0f} us off")


@check(RECOVERY)
async def backfill_between_live(b: Bench) -> str:
    """Live frames go on while samples are sent again."""
    started = await _streaming(b, 6.0)
    taken = b.stream.live()[-1].end
    at = len(b.stream.frames())
    for _ in range(3):
        await b.ok(wire.Backfill(session=started.session, first=0, count=taken), wire.BackfillAnswer)
    await b.until(lambda: len(indices(b.stream.again())) >= 3 * taken, 30.0, f"{3 * taken} samples again")
    during = b.stream.frames()[at:]
    await b.stop()
    live = b.stream.live()
    last = max(place for place, c in enumerate(during) if c.frame.backfill)
    went_on = [c for c in during[:last] if not c.frame.backfill]
    took_s = during[last].t_s - during[0].t_s
    wanted = took_s * started.true_rate_hz / max(c.frame.n for c in live)
    expect(len(went_on) >= wanted / 2, f"about {wanted:.0f} live frames meanwhile", len(went_on))
    expect(not holes(live), "live frames without a gap", holes(live)[:3])
    return f"{len(went_on)} live frames in {took_s:.1f} s"


@check(CONTROL)
async def backfill_partial(b: Bench) -> str:
    """BACKFILL beyond what is taken promises what there is, and sends that."""
    started = await _streaming(b, 1.0)
    before = (await b.status()).next_index
    said = await b.ok(wire.Backfill(session=started.session, first=before - 5, count=60_000), wire.BackfillAnswer)
    after = (await b.status()).next_index
    end = said.first + said.count
    expect(said.first == before - 5 and before <= end <= after, f"{before - 5}, up to {before} to {after}",
           f"{said.first}, up to {end}")  # fmt: skip
    await _all_again(b, said.first, end)
    await b.stop()
    again = indices(b.stream.again())
    expect(int(again.max()) == end - 1, f"nothing beyond {end - 1}", int(again.max()))
    return f"{said.count} of 60000"


@check(CONTROL)
async def backfill_refusals(b: Bench) -> str:
    """BACKFILL of no samples, or from one not yet taken, is status 2; of an unknown session status 6 first."""
    started = await _streaming(b, 1.0)
    session, other = started.session, started.session % 0xFFFF + 1
    for first, count in ((0, 0), (0x7FFFFFFF, 1), (0xFFFFFFFF, 0xFFFF)):
        await b.refused(wire.Backfill(session=session, first=first, count=count), BAD_ARG)
    for first, count in ((0, 1), (0, 0), (0x7FFFFFFF, 1)):
        await b.refused(wire.Backfill(session=other, first=first, count=count), RANGE_GONE, "no such session")
    return "refused"


@check(CONTROL)
async def backfill_busy(b: Bench) -> str:
    """Eight ranges may wait; a ninth is status 3 (busy)."""
    started = await _streaming(b, 6.0)
    request = wire.Backfill(session=started.session, first=0, count=b.stream.live()[-1].end)
    for asked in range(5 * MOST_ASKED):
        answer = await b.answer(request)
        if answer.status is wire.StatusCode.BUSY:
            expect(asked >= MOST_ASKED, f"{MOST_ASKED} ranges to be taken", asked)
            return f"busy after {asked}"
        expect(answer.ok, "OK or BUSY", answer.status.name)
    raise Failed("BUSY at last", f"{5 * MOST_ASKED} ranges of {request.count} samples taken")


@check("States")
async def backfill_after_stop(b: Bench) -> str:
    """The ring stays readable after STOP, and after a reconnect, until the next START."""
    started = await _streaming(b, 1.5)
    end = await b.stop()
    await b.ok(wire.Backfill(session=started.session, first=0, count=end), wire.BackfillAnswer)
    await _all_again(b, 0, end)
    await b.leave()
    await b.connect()
    await b.ok(wire.Backfill(session=started.session, first=end - 5, count=5), wire.BackfillAnswer)
    at = len(b.stream.frames())
    await b.until(lambda: len(b.stream.frames()) > at, 3.0, "samples again after a reconnect")
    return f"{end} samples"


@check(RECOVERY)
async def ring(b: Bench) -> str:
    """The ring holds the seconds that Info tells at the highest rate; what left it is status 6 (range gone)."""
    started = await b.start()
    wanted = b.ring_samples()
    await b.wait(1.03 * wanted / started.true_rate_hz + 3.0)
    while (status := await b.status()).oldest_index == 0 and status.next_index < 4 * wanted:
        await b.wait(wanted / started.true_rate_hz / 4)
    held = status.next_index - status.oldest_index
    expect(held >= 0.97 * wanted, f"at least {wanted:.0f} samples ({b.info.ring_s} s)", held)
    expect(status.oldest_index > 0, f"a ring that ends before {4 * wanted:.0f} samples", "one that holds all")
    await b.refused(wire.Backfill(session=started.session, first=0, count=1), RANGE_GONE, "it left the ring")
    margin = int(started.true_rate_hz)
    oldest = status.oldest_index + margin
    said = await b.ok(wire.Backfill(session=started.session, first=0, count=oldest), wire.BackfillAnswer)
    expect(status.oldest_index <= said.first <= oldest, f"a first of about {status.oldest_index}", said.first)
    expect(said.first + said.count == oldest, f"samples up to {oldest - 1}", said.first + said.count - 1)
    count = 2 * margin
    await b.ok(wire.Backfill(session=started.session, first=oldest + margin, count=count), wire.BackfillAnswer)
    await _all_again(b, oldest + margin, oldest + margin + count)
    await b.stop()
    live, again = samples(b.stream.live()), samples(b.stream.again())
    wrong = [i for i in again if i in live and live[i] != again[i]]
    expect(not wrong, "the oldest samples as they were sent live", f"others at {wrong[:3]}")
    return f"{held} samples, {held / started.true_rate_hz:.0f} s"
