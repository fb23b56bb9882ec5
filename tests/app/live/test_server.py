"""Many pages at once over real sockets: each hears the same, and whatever one does is its own affair."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator

import pytest
from app.live.served import Message, Page, Site, StillStudio, served
from websockets.exceptions import ConnectionClosed

from imu.app.live import commands, server
from imu.app.live.hub import MOST_AT_ONCE, MOST_ONLOOKERS, MOST_WAITING, Role
from imu.app.live.messages import Remark
from imu.app.live.server import MOST_OF_ONE

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def greeted(page: Page) -> None:
    assert [(await page.next())["kind"] for _ in range(2)] == ["hello", "snapshot"]


async def remark(page: Page) -> str:
    return str((await page.until_kind("remark"))["text"])


@contextlib.asynccontextmanager
async def events(site: Site, role: Role) -> AsyncIterator[asyncio.Queue[Message]]:
    """What comes over server-sent events."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    lines = ["GET /events HTTP/1.1", f"Host: 127.0.0.1:{site.port}", f"Cookie: {site.cookie(role)}", "", ""]
    writer.write("\r\n".join(lines).encode())
    heard: asyncio.Queue[Message] = asyncio.Queue()

    async def read() -> None:
        async for line in reader:
            if line.startswith(b"data: "):
                heard.put_nowait(json.loads(line[6:]))

    reading = asyncio.create_task(read())
    try:
        yield heard
    finally:
        reading.cancel()
        writer.close()
        await writer.wait_closed()


async def test_all_pages_hear_the_same_whichever_way_they_listen(site: Site) -> None:
    async with site.page() as one, site.page(Role.VIEW) as two, events(site, Role.VIEW) as three:
        await greeted(one)
        await greeted(two)
        assert [(await three.get())["kind"] for _ in range(2)] == ["hello", "snapshot"]
        for text in ("a", "b °", "c"):
            site.studio.hub.publish(Remark(text=text))
        got = [[await remark(page) for _ in range(3)] for page in (one, two)]
        assert got == [["a", "b °", "c"]] * 2
        assert [(await three.get())["text"] for _ in range(3)] == ["a", "b °", "c"]
        assert [page.heard[0]["role"] for page in (one, two)] == ["control", "view"]
    for _ in range(500):
        if not site.studio.hub.viewers:
            return
        await asyncio.sleep(0.01)
    pytest.fail("who left is still counted as a viewer")


async def test_a_command_is_carried_out_and_answered_whichever_way_it_comes(site: Site) -> None:
    async with site.page() as page:
        assert await page.do("set_load", load_kg=20) | {"host_s": 0} == {
            "v": 1, "kind": "done", "host_s": 0, "age_s": None, "id": 1, "do": "set_load",
        }  # fmt: skip
        assert (await page.do("set_load", load_kg="much"))["code"] == "value"
    posted = await site.command("start_set")
    assert (posted.status, json.loads(posted.text)["kind"]) == (200, "done")
    wrong = await site.command("set_exercise", exercise="yoga")
    assert (wrong.status, json.loads(wrong.text)["kind"]) == (400, "error")
    assert site.studio.done == [commands.SetLoad(load_kg=20.0), commands.StartSet()]


async def test_what_cannot_be_read_is_answered_and_the_page_stays(site: Site) -> None:
    async with site.page() as page:
        for said in ("", "nonsense", "[1]", b"\xff\xfe", '{"v":1,"id":3,"do":"\\ud800"}'):
            await page.socket.send(said)
            assert (await page.until_kind("error"))["code"] in ("malformed", "unknown")
        assert (await page.do("calibrate"))["kind"] == "done"


async def test_who_floods_is_cut_off_and_nobody_else_notices(site: Site) -> None:
    async with site.page() as flood, site.page(Role.VIEW) as calm:
        await greeted(calm)
        with contextlib.suppress(ConnectionClosed):
            for n in range(3 * int(MOST_AT_ONCE)):
                await flood.socket.send(json.dumps({"v": 1, "id": n, "do": "sound_test"}))
            while True:
                await flood.next()
        assert flood.socket.close_code == 1008
        assert len(site.studio.done) <= MOST_AT_ONCE + 2
        site.studio.hub.publish(Remark(text="still here"))
        assert await remark(calm) == "still here"


async def test_who_does_not_listen_costs_nobody_anything_and_gets_a_snapshot_later(site: Site) -> None:
    slow = socket.create_connection(("127.0.0.1", site.port))
    asked = f"GET /events HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nCookie: {site.cookie(Role.VIEW)}\r\n\r\n".encode()
    slow.sendall(asked)
    async with site.page(Role.VIEW) as quick:
        await greeted(quick)
        text = 20_000 * "x"
        for n in range(8):  # far more than the buffers of a socket
            for i in range(MOST_WAITING // 2):
                site.studio.hub.publish(Remark(text=f"{n}.{i} {text}"))
            for i in range(MOST_WAITING // 2):
                assert (await remark(quick)).startswith(f"{n}.{i} ")
        (stuck,) = [one for one in site.studio.hub.viewers if one._waiting]
        assert len(stuck._waiting) <= MOST_WAITING

        def read() -> list[Message]:
            with slow.makefile("rb") as lines:
                got = []
                for line in lines:
                    if line.startswith(b"data: "):
                        got.append(json.loads(line[6:]))
                        if got[-1].get("text", "").startswith("the last"):
                            return got
            return got

        site.studio.hub.publish(Remark(text="the last"))
        got = await asyncio.to_thread(read)
    kinds = [message["kind"] for message in got]
    assert kinds[:2] == ["hello", "snapshot"]
    assert kinds.count("snapshot") > 1
    assert len(got) < 8 * MOST_WAITING // 2
    slow.close()


async def test_a_page_finds_a_server_that_was_started_again() -> None:
    async with served(StillStudio()) as first, first.page(Role.VIEW) as page:
        await greeted(page)
        cookie, port = first.cookie(Role.VIEW), first.port
        first.studio.hub.close("The program was ended.")
        assert (await page.until_kind("bye"))["text"] == "The program was ended."
        with pytest.raises(ConnectionClosed):
            await page.next()
    async with served(StillStudio(), port=port) as again, again.raw(cookie=cookie, origin=again.root) as page:
        await greeted(page)


async def test_a_hanging_request_hangs_alone(site: Site) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", site.port)
    head = f"POST /command HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nOrigin: {site.root}\r\nContent-Length: 50\r\n"
    writer.write(f"{head}Cookie: {site.cookie(Role.CONTROL)}\r\n\r\n{{".encode())
    await writer.drain()
    assert (await site.command("stop")).status == 200
    writer.close()
    await writer.wait_closed()
    assert site.studio.done == [commands.Stop()]


async def test_one_page_too_many_is_told_so(site: Site) -> None:
    async with contextlib.AsyncExitStack() as stack:
        pages = [await stack.enter_async_context(site.page(Role.VIEW)) for _ in range(MOST_ONLOOKERS)]
        await greeted(pages[-1])
        refused = await site.ask("/events", cookie=site.cookie(Role.VIEW))
        assert (refused.status, refused.text) == (503, "Too many pages are open; close some.")
        async with site.page(Role.VIEW) as late:
            with pytest.raises(ConnectionClosed):
                await late.next()
            assert (late.socket.close_code, late.socket.close_reason) == (1008, refused.text)
        async with site.page() as control:
            await greeted(control)


async def test_who_holds_connections_without_a_word_is_cut_off_and_keeps_nobody_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "FIRST_S", 0.3)
    async with served(StillStudio()) as site, site.page() as page:
        await greeted(page)
        mute = [await asyncio.open_connection("127.0.0.1", site.port) for _ in range(MOST_OF_ONE)]
        mute[0][1].write(b"GET / HTTP/1.1\r\nHost:")  # and no more of it
        async with asyncio.timeout(10.0):
            for reader, writer in mute:
                with contextlib.suppress(ConnectionResetError):
                    assert await reader.read() == b""
                writer.close()
        assert (await site.ask("/", cookie=site.cookie(Role.VIEW))).status == 200
        site.studio.hub.publish(Remark(text="still here"))
        assert await remark(page) == "still here"


async def test_one_address_cannot_take_every_connection() -> None:
    async with served(StillStudio()) as site:
        mute = [await asyncio.open_connection("127.0.0.1", site.port) for _ in range(MOST_OF_ONE)]
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        with contextlib.suppress(ConnectionResetError):
            async with asyncio.timeout(5.0):  # less than it is patient with others
                assert await reader.read() == b""
        for one in (writer, *(writer for _, writer in mute)):
            one.close()


async def test_posts_that_come_too_fast_are_refused() -> None:
    async with served(StillStudio()) as site:
        answers = [await site.command("sound_test") for _ in range(int(MOST_AT_ONCE) + 10)]
        codes = [answer.status for answer in answers]
        assert 429 in codes
        assert len(site.studio.done) == codes.count(200) >= MOST_AT_ONCE
        busy = json.loads(answers[codes.index(429)].text)
        assert (busy["kind"], busy["code"], busy["text"].partition(";")[0]) == (
            "error",
            "busy",
            "Too many commands at once",
        )


async def test_who_only_looks_on_cannot_use_up_the_posts_of_who_has_control() -> None:
    async with served(StillStudio()) as site:
        codes = [(await site.command("stop", role=Role.VIEW)).status for _ in range(int(MOST_AT_ONCE) + 10)]
        assert set(codes) == {403, 429}
        assert (await site.command("stop")).status == 200
