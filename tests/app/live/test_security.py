"""Whoever may not come in is turned away, each for one reason alone: beside it stands the same request, let in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from app.live.served import Site
from websockets.exceptions import InvalidStatus

from imu.app.live.hub import Role
from imu.app.live.security import VALID_S, Door

CONTROL, VIEW = Role.CONTROL, Role.VIEW
pytestmark = pytest.mark.asyncio(loop_scope="module")
EVIL = "http://evil.example"


async def refused(site: Site, **asked: str) -> int:
    """The status with which a WebSocket is refused."""
    with pytest.raises(InvalidStatus) as error:
        async with site.raw(**asked):
            pass
    return error.value.response.status_code


async def test_the_page_is_for_those_who_have_a_link(site: Site) -> None:
    stranger = await site.ask("/")
    assert (stranger.status, "Open the link" in stranger.text) == (403, True)
    let_in = await site.ask(f"/?t={site.door.control_token}")
    assert (let_in.status, let_in.headers["location"]) == (303, "/")
    cookie = let_in.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=lax", f"Max-Age={VALID_S}", "Path=/"))
    known = await site.ask("/", cookie=cookie.partition(";")[0])
    assert (known.status, "the page" in known.text) == (200, True)


async def test_the_link_for_control_works_once_and_the_next_one_is_told(site: Site) -> None:
    token = site.door.control_token
    assert (await site.ask(f"/?t={token}")).status == 303
    again = await site.ask(f"/?t={token}")
    assert (again.status, "set-cookie" in again.headers) == (403, False)
    assert site.controls == [site.door.control_token] != [token]
    assert (await site.ask(f"/?t={site.door.control_token}")).status == 303


async def test_looking_ahead_uses_no_link_up(site: Site) -> None:
    token = site.door.control_token
    assert (await site.ask(f"/?t={token}", method="HEAD")).status == 403
    assert (await site.ask(f"/?t={token}")).status == 303


async def test_the_link_to_look_on_works_for_several_and_lets_none_command(site: Site) -> None:
    for _ in range(3):
        answer = await site.ask(f"/?t={site.door.view_token}")
        cookie = answer.headers["set-cookie"].partition(";")[0]
        posted = await site.ask("/command", body=b'{"v":1,"id":1,"do":"calibrate"}', origin=site.root, cookie=cookie)
        assert (posted.status, json.loads(posted.text)["code"]) == (403, "role")
    async with site.page(VIEW) as page:
        assert (await page.do("calibrate"))["code"] == "role"
    assert site.studio.done == []


async def test_who_has_control_keeps_it_when_following_the_other_link(site: Site) -> None:
    answer = await site.ask(f"/?t={site.door.view_token}", cookie=site.cookie(CONTROL))
    assert (answer.status, "set-cookie" in answer.headers) == (303, False)
    risen = await site.ask(f"/?t={site.door.control_token}", cookie=site.cookie(VIEW))
    assert "control." in risen.headers["set-cookie"]


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "192.0.2.1", "", "localhost."]
)
async def test_an_evil_host_is_turned_away(site: Site, host: str) -> None:
    for path in ("/", f"/?t={site.door.view_token}", "/events", "/qr.svg", "/static/page.js"):
        answer = await site.ask(path, host=host, cookie=site.cookie(CONTROL))
        assert (answer.status, "set-cookie" in answer.headers) == (421, False)
    assert (
        await site.ask("/command", body=b"{}", host=host, origin=f"http://{host}", cookie=site.cookie(CONTROL))
    ).status == 421
    assert await raw_upgrade(site, host, site.root) == 403
    assert await raw_upgrade(site, f"127.0.0.1:{site.port}", site.root) == 101


async def test_the_names_of_this_machine_are_known(site: Site) -> None:
    for host in (f"127.0.0.1:{site.port}", f"LOCALHOST:{site.port}", "localhost", "[::1]:80"):
        assert (await site.ask("/", host=host, cookie=site.cookie(VIEW))).status == 200


@pytest.mark.parametrize("origin", [EVIL, "null", "https://127.0.0.1", "http://localhost:1", "http://127.0.0.1"])
async def test_an_evil_origin_is_turned_away(site: Site, origin: str) -> None:
    assert await refused(site, origin=origin, cookie=site.cookie(CONTROL)) == 403
    answer = await site.ask("/command", body=b'{"v":1,"id":1,"do":"stop"}', origin=origin, cookie=site.cookie(CONTROL))
    assert answer.status == 403
    assert (await site.ask("/events", origin=origin, cookie=site.cookie(CONTROL))).status == 403
    assert site.studio.done == []


async def test_who_does_not_say_where_from_may_neither_listen_nor_command(site: Site) -> None:
    assert await refused(site, cookie=site.cookie(CONTROL)) == 403
    answer = await site.ask("/command", body=b'{"v":1,"id":1,"do":"stop"}', cookie=site.cookie(CONTROL))
    assert (answer.status, site.studio.done) == (403, [])


def cookies(site: Site) -> Iterator[str]:
    """Cookies that are none, or no more."""
    yield ""
    yield f"{site.cookie_name}="
    yield f"{site.cookie_name}=control"
    yield f"{site.cookie_name}={Door(key=b'another').cookie(CONTROL)}"
    yield f"{site.cookie_name}={site.door.cookie(CONTROL, now_s=0.0)}"
    yield f"{site.cookie_name}={site.door.cookie(VIEW).replace('view', 'control')}"
    yield f"other={site.door.cookie(CONTROL)}"


async def test_without_a_cookie_of_ours_nobody_comes_in(site: Site) -> None:
    for cookie in cookies(site):
        assert await refused(site, origin=site.root, cookie=cookie) == 403
        for path in ("/", "/events", "/qr.svg"):
            assert (await site.ask(path, cookie=cookie)).status == 403
        command = b'{"v":1,"id":1,"do":"stop"}'
        assert (await site.ask("/command", body=command, origin=site.root, cookie=cookie)).status == 403
    assert site.studio.done == []


async def test_the_link_to_give_away_is_for_control_alone(site: Site) -> None:
    shown = await site.ask("/qr.svg", cookie=site.cookie(CONTROL))
    assert (shown.status, "<svg" in shown.text, shown.headers["content-type"]) == (200, True, "image/svg+xml")
    assert (await site.ask("/qr.svg", cookie=site.cookie(VIEW))).status == 403


async def test_a_command_that_is_too_long_is_not_read(site: Site) -> None:
    long = json.dumps({"v": 1, "id": 1, "do": "stop", "more": "x" * 3000}).encode()
    assert (await site.ask("/command", body=long, origin=site.root, cookie=site.cookie(CONTROL))).status == 413
    async with site.page() as page:
        await page.socket.send(long.decode())
        await page.socket.wait_closed()
        assert page.socket.close_code == 1009
    assert site.studio.done == []


@pytest.mark.parametrize(
    "path", ["/static/../secret.txt", "/static/..%2fsecret.txt", "/static/%2e%2e/secret.txt", "/static//etc/passwd",
             "/static/..\\secret.txt", "/static/" + quote("....//secret.txt"), "/static/", "/static"]
)  # fmt: skip
async def test_nothing_outside_of_the_pages_files_is_served(site: Site, path: str) -> None:
    answer = await site.ask(path, cookie=site.cookie(CONTROL))
    assert answer.status in (307, 404, 405)
    assert "secret" not in answer.text
    assert (await site.ask("/static/page.js")).text == "'use strict';"


@pytest.mark.parametrize("path", ["/", "/static/page.js", "/nothing", "/events?", "/qr.svg", "/command"])
async def test_every_answer_carries_the_rules(site: Site, path: str) -> None:
    answer = await site.ask(path, cookie="" if path == "/events?" else site.cookie(VIEW))
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert f"connect-src 'self' ws://127.0.0.1:{site.port};" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-frame-options"] == "DENY"
    assert "server" not in answer.headers


async def raw_upgrade(site: Site, host: str, origin: str) -> int:
    """The status with which a WebSocket's handshake is answered; written by hand, since clients choose the host."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    lines = [
        "GET /ws HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade", f"Origin: {origin}",
        "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        f"Cookie: {site.cookie(CONTROL)}", "", "",
    ]  # fmt: skip
    writer.write("\r\n".join(lines).encode())
    status = int((await reader.readline()).split()[1])
    writer.close()
    await writer.wait_closed()
    return status
