"""Checks of the control point: every request, every refusal that can be provoked from outside."""

from __future__ import annotations

import asyncio

from firmware_proto import wire
from imu.conform.bench import LINGER_S, Bench
from imu.conform.host import SEARCH_S
from imu.conform.stream import since_us
from imu.conform.table import Failed, NotChecked, check, expect
from imu.errors import SensorError

CONTROL = "Control"
IN_TIME_S = 1.5
"""The device's 1 s, and half a second for the link."""
SELF_TEST_S = 3.5
BAD_ARG, WRONG_STATE, UNSUPPORTED = wire.StatusCode.BAD_ARG, wire.StatusCode.WRONG_STATE, wire.StatusCode.UNSUPPORTED

_WITH_ARGUMENTS = (
    wire.GetInfo(), wire.Ping(token=1), wire.SetEpoch(utc_us=1), wire.Backfill(session=1, first=0, count=1),
    wire.Resume(session=1),
)  # fmt: skip
_WITHOUT = (wire.Start(), wire.Stop(), wire.Identify(), wire.SelfTest())


@check(CONTROL)
async def tag_echo(b: Bench) -> str:
    """Every answer carries its request's operation and tag, whatever the tag."""
    for op, arguments in ((wire.Op.PING, b"\1\2\3\4"), (wire.Op.IDENTIFY, b""), (0x7E, b"")):
        for tag in (0, 1, 0x7F, 0x80, 0xFF):
            await b.answer(bytes((op, tag)) + arguments)
    return "15 requests"


@check(CONTROL)
async def one_answer(b: Bench) -> str:
    """Every write gets exactly one answer, also an unreadable one."""
    requests = (wire.Ping(token=1).pack(), b"", b"\x05", b"\x05\x01\x02", b"\x7f\x01", wire.Start().pack())
    at = len(b.link.heard)
    for request in requests:
        await b.answer(request)
        await b.wait(LINGER_S)
    answers = b.heard(wire.CONTROL_UUID, at)
    expect(len(answers) == len(requests), f"{len(requests)} answers to {len(requests)} writes", len(answers))
    return f"{len(answers)} answers"


@check(CONTROL)
async def unknown_op(b: Bench) -> str:
    """An operation that this version has not is status 1 (bad op)."""
    ops = (0x00, *range(max(wire.REQUESTS) + 1, max(wire.REQUESTS) + 4), 0x40, 0x7F)
    for op in ops:
        await b.refused(bytes((op, 9)), wire.StatusCode.BAD_OP)
    return ", ".join(f"{op:02x}" for op in ops)


@check(CONTROL)
async def short_requests(b: Bench) -> str:
    """A request without tag, or with arguments too short, is status 2 (bad arg)."""
    cut = [request.pack()[:length] for request in _WITH_ARGUMENTS for length in range(2, len(request.pack()))]
    for request in (b"", *(bytes((op,)) for op in wire.REQUESTS), b"\x02\x01\x05", b"\x02\x01\x05\x02\x64", *cut):
        await b.refused(request, BAD_ARG)
    return f"{len(cut) + len(wire.REQUESTS) + 3} requests"


@check(CONTROL)
async def long_requests(b: Bench) -> str:
    """A request with arguments too long is status 2 (bad arg), and nothing is done."""
    before = (await b.status()).session
    for request in (*_WITH_ARGUMENTS, *_WITHOUT):
        for more in (b"\0", b"\0" * 5):
            await b.refused(request.pack() + more, BAD_ARG)
    after = await b.status()
    expect((after.state, after.session) == (wire.State.IDLE, before), f"idle, session {before}",
           f"{after.state.name}, {after.session}")  # fmt: skip
    return f"{2 * len(_WITH_ARGUMENTS + _WITHOUT)} requests"


@check(CONTROL)
async def answers_in_time(b: Bench) -> str:
    """An answer comes within 1 s, to SELF_TEST within 3 s."""
    slowest = 0.0
    requests = (*_WITH_ARGUMENTS, wire.SetConfig(), wire.Start(), wire.Stop(), wire.Identify(), wire.SelfTest())
    for request in requests:
        within_s = SELF_TEST_S if isinstance(request, wire.SelfTest) else IN_TIME_S
        begin_s = b.now_s()
        await b.answer(request, within_s)
        slowest = max(slowest, b.now_s() - begin_s)
    return f"the slowest after {slowest:.2f} s"


@check(CONTROL)
async def ping(b: Bench) -> str:
    """PING returns its token; departure is not before arrival, and both increase."""
    last_us, trips = None, []
    for token in (0, 1, 0xFFFFFFFF, 0x12345678, 0x80000000):
        begin_s = b.now_s()
        said = await b.ok(wire.Ping(token=token), wire.PingAnswer)
        trips.append(b.now_s() - begin_s)
        expect(said.token == token, f"token {token:#010x}", f"{said.token:#010x}")
        held_us = since_us(said.received_us, said.sent_us)
        expect(0 <= held_us <= IN_TIME_S * 1e6, "departure 0 to 1 s after arrival", f"{held_us} us")
        if last_us is not None:
            passed_us = since_us(last_us, said.received_us)
            expect(passed_us > 0, "arrival after the departure before", f"{passed_us} us")
        last_us = said.sent_us
        await b.wait(0.1)
    return f"shortest round trip {min(trips) * 1e3:.0f} ms"


@check("Clock")
async def set_epoch(b: Bench) -> str:
    """SET_EPOCH is taken, and does not move device time."""
    async with b.clock_goes_on():
        for utc_us in (1_800_000_000_000_000, 0, 2**64 - 1, 1_800_000_000_000_000):
            await b.done(wire.SetEpoch(utc_us=utc_us))
    return "device time went on"


@check(CONTROL)
async def identify(b: Bench) -> str:
    """IDENTIFY is taken, idle and streaming."""
    await b.done(wire.Identify())
    await b.start()
    await b.done(wire.Identify())
    return "look whether it blinked"


@check("States")
async def self_test(b: Bench) -> str:
    """SELF_TEST answers its bits when idle, and status 4 (wrong state) while streaming."""
    found = await b.ok(wire.SelfTest(), wire.SelfTestAnswer, SELF_TEST_S)
    expect(not found.errors & wire.ErrorBits.IMU, "a motion sensor that works", f"{int(found.errors):#04x}")
    await b.start()
    await b.refused(wire.SelfTest(), WRONG_STATE, "streaming")
    return f"bits {int(found.errors):#04x}"


@check(CONTROL)
async def log_unsupported(b: Bench) -> str:
    """LOG is status 5 (unsupported) without feature bit 1; an action that is none is status 2."""
    if wire.Features.LOGGING in b.info.features:
        raise NotChecked("it has feature bit 1, and version 1.0 of the protocol defines no logging")
    actions = [a for a in wire.LogAction if a is not wire.LogAction.ERASE or "erase" in b.may]
    for action in actions:
        await b.refused(wire.Log(action=action), UNSUPPORTED, "no feature bit 1")
    await b.refused(bytes((wire.Op.LOG, 1, 5)), BAD_ARG, "no such action")
    return "all actions" if "erase" in b.may else "all but erase (ask for it with --erase)"


@check(CONTROL)
async def no_bootloader(b: Bench) -> str:
    """REBOOT into a bootloader is status 5 (unsupported) without feature bit 2."""
    if wire.Features.DFU in b.info.features:
        raise NotChecked("it has a bootloader (feature bit 2), and would go there")
    await b.refused(wire.Reboot(mode=wire.RebootMode.DFU), UNSUPPORTED, "no feature bit 2")
    return "refused"


@check("States")
async def reboot(b: Bench) -> str:
    """REBOOT is answered and then happens; of before, only the session number is remembered."""
    if "reboot" not in b.may:
        raise NotChecked("restarts the sensor; ask for it with --reboot")
    for request in (b"\x0b\x01", b"\x0b\x01\x02", b"\x0b\x01\x00\x00"):
        await b.refused(request, BAD_ARG)
    sessions = [(await b.start()).session]
    for _ in range(2):  # a count that begins at 1 with every restart is noticed at the second
        await b.wait(1.0)
        await b.done(wire.Reboot())
        await b.until(b.link.dropped.is_set, 5.0, "the link to end")
        await b.leave()
        await _come_back(b)
        status = await b.status()
        expect((status.state, status.session) == (wire.State.IDLE, 0), "idle, session 0",
               f"{status.state.name}, {status.session}")  # fmt: skip
        await b.refused(wire.Resume(session=sessions[-1]), wire.StatusCode.RANGE_GONE, "a session before the restart")
        sessions.append((await b.start(wire.SetConfig(rate_dhz=b.rate_dhz()))).session)
        expect(sessions[-1] != sessions[-2], f"another session than {sessions[-2]}", sessions[-1])
    return f"sessions {', '.join(map(str, sessions))}"


async def _come_back(b: Bench) -> None:
    end_s = b.now_s() + 2 * SEARCH_S
    while True:
        try:
            return await b.connect()
        except SensorError as error:
            if b.now_s() > end_s:
                raise Failed("the sensor to come back", str(error)) from error
            await asyncio.sleep(0.5)
