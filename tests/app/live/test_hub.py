"""Telling many at once: nobody's slowness is another's, and the newest wins."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable

import pytest
from app.live.served import Message, StillStudio
from hypothesis import given
from hypothesis import strategies as st

from firmware_proto.virtual_time import run_virtual
from imu.app.live.hub import (
    MOST_ANSWERS,
    MOST_AT_ONCE,
    MOST_ONLOOKERS,
    MOST_VIEWERS,
    MOST_WAITING,
    Allowance,
    CutOff,
    Hub,
    Role,
    Viewer,
)
from imu.app.live.messages import VERSION, Done, Hello, Remark, RepChanged, Row, encode

HELLO = Hello(
    role="view", program="imu", session="s", stale_s=1.5, exercises=(), verdicts={}, max_load_kg=1.0, max_reps=1
)  # fmt: skip


def in_hub(work: Callable[[Hub], object]) -> None:
    async def run() -> None:
        await work(StillStudio().hub)  # type: ignore[misc]

    run_virtual(run())


async def heard(viewer: Viewer) -> list[Message]:
    """All that waits for a viewer."""
    messages = []
    while True:
        try:
            async with asyncio.timeout(0.01):
                messages.append(json.loads(await viewer.next()))
        except TimeoutError:
            return messages


def said(messages: list[Message]) -> list[str]:
    return [message.get("text", message["kind"]) for message in messages]


def test_a_viewer_is_greeted_and_then_hears_all_in_order() -> None:
    async def run(hub: Hub) -> None:
        with hub.joined(Role.VIEW, HELLO) as viewer:
            for n in range(3):
                hub.publish(Remark(text=str(n)))
            assert said(await heard(viewer)) == ["hello", "snapshot", "0", "1", "2"]
            viewer.answer(Done(id=4, do="stop"))
            assert said(await heard(viewer)) == ["done"]
        hub.publish(Remark(text="nobody is there"))
        assert not hub.viewers

    in_hub(run)


def test_who_falls_behind_gets_a_snapshot_in_place_of_all_and_nobody_else_does() -> None:
    async def run(hub: Hub) -> None:
        with hub.joined(Role.VIEW, HELLO) as slow, hub.joined(Role.VIEW, HELLO) as quick:
            got = await heard(quick)
            for n in range(10 * MOST_WAITING):
                hub.publish(Remark(text=str(n)))
                got += await heard(quick)
                assert len(slow._waiting) <= MOST_WAITING
            late = said(await heard(slow))
            assert said(got) == ["hello", "snapshot", *map(str, range(10 * MOST_WAITING))]
            at = late.index("snapshot")
            assert late[:at] == ["hello"]
            assert late[at + 1 :] == [str(n) for n in range(10 * MOST_WAITING - len(late) + at + 1, 10 * MOST_WAITING)]
            assert late.count("snapshot") == 1

    in_hub(run)


def test_when_the_past_changes_all_get_a_snapshot_once_and_lose_nothing() -> None:
    async def run(hub: Hub) -> None:
        with hub.joined(Role.VIEW, HELLO) as viewer:
            await heard(viewer)
            hub.publish(Remark(text="before"))
            hub.resync()
            hub.resync()
            hub.publish(Remark(text="after"))
            assert said(await heard(viewer)) == ["before", "snapshot", "after"]

    in_hub(run)


def test_answers_that_are_not_read_cut_off() -> None:
    async def run(hub: Hub) -> None:
        with hub.joined(Role.CONTROL, HELLO) as viewer:
            for n in range(MOST_ANSWERS + 1):
                viewer.answer(Done(id=n, do="stop"))
            with pytest.raises(CutOff):
                await viewer.next()

    in_hub(run)


def test_so_many_pages_and_no_more() -> None:
    async def run(hub: Hub) -> None:
        onlookers = [hub.joined(Role.VIEW, HELLO) for _ in range(MOST_ONLOOKERS)]
        for page in onlookers:
            page.__enter__()
        with pytest.raises(CutOff), hub.joined(Role.VIEW, HELLO):
            pass
        with hub.joined(Role.CONTROL, HELLO):  # who has control comes in all the same
            assert len(hub.viewers) == MOST_ONLOOKERS + 1
        onlookers[0].__exit__(None, None, None)
        with hub.joined(Role.VIEW, HELLO):
            assert len(hub.viewers) == MOST_ONLOOKERS
        controls = [hub.joined(Role.CONTROL, HELLO) for _ in range(MOST_VIEWERS - MOST_ONLOOKERS + 1)]
        for page in controls:
            page.__enter__()
        with pytest.raises(CutOff), hub.joined(Role.CONTROL, HELLO):
            pass

    in_hub(run)


def test_at_the_end_everything_is_said_first() -> None:
    async def run(hub: Hub) -> None:
        with hub.joined(Role.VIEW, HELLO) as viewer:
            hub.close("over")
            for kind in ("hello", "snapshot", "bye"):
                assert json.loads(await viewer.next())["kind"] == kind
            with pytest.raises(CutOff):
                await viewer.next()

    in_hub(run)


def test_no_hand_asks_too_much_and_no_program_for_long() -> None:
    async def run(_: Hub) -> None:
        hand, program = Allowance(), Allowance()
        for _ in range(100):
            hand.spend()
            await asyncio.sleep(0.25)
        for _ in range(int(MOST_AT_ONCE)):
            program.spend()
        with pytest.raises(CutOff):
            program.spend()

    in_hub(run)


ANY = st.characters(exclude_categories=())
"""Lone surrogates among them, as a page's JSON may hold."""
MET = st.none() | st.booleans()
numbers = st.floats() | st.integers(-10, 10).map(float)


@given(
    start_s=numbers,
    phases_s=st.tuples(*[numbers] * 4),
    text=st.text(ANY),
    hits=st.tuples(*[MET] * 4),
)
def test_a_message_is_json_whatever_stands_in_it(
    start_s: float, phases_s: tuple[float, ...], text: str, hits: tuple[bool | None, ...]
) -> None:
    row = Row(
        id=text, start_s=start_s, end_s=start_s, set=None, rep=None, counted=False, verdict="COUNTED",
        verdict_words=text, label=None, label_words=None, phases_s=phases_s, hits=hits, adherence=math.nan, tempo="",
        rom_deg=start_s, top_deviation_deg=math.inf, flags=("SWUNG",),
    )  # fmt: skip
    written = encode(RepChanged(row=row), host_s=1.0, age_s=math.nan)
    read = json.loads(written, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert (read["v"], read["kind"], read["age_s"], read["was"]) == (VERSION, "rep", None, None)
    assert read["row"]["id"] == text
    assert read["row"]["hits"] == list(hits)
    assert (read["row"]["start_s"] is None) is not math.isfinite(start_s)
    assert "\n" not in written
