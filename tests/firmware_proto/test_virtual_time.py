"""Nobody waits in virtual time, and everything happens in the order in which it would have."""

import asyncio

import pytest

from firmware_proto.virtual_time import NothingToWaitFor, run_virtual


def test_an_hour_passes_in_order() -> None:
    async def work() -> tuple[list[str], float]:
        happened: list[str] = []

        async def after(seconds: float, what: str) -> None:
            await asyncio.sleep(seconds)
            happened.append(what)

        await asyncio.gather(after(3600.0, "last"), after(60.0, "second"), after(0.1, "first"))
        return happened, asyncio.get_running_loop().time()

    happened, now_s = run_virtual(work())
    assert happened == ["first", "second", "last"]
    assert now_s == pytest.approx(3600.0)


def test_a_timeout_strikes_what_takes_longer() -> None:
    async def work() -> None:
        async with asyncio.timeout(5.0):
            await asyncio.sleep(6.0)

    with pytest.raises(TimeoutError):
        run_virtual(work())


def test_what_would_hang_says_so() -> None:
    async def hang() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(NothingToWaitFor):
        run_virtual(hang())
