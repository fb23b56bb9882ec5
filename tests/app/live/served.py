"""The live page's server with a real uvicorn on a free port, and pages that are no browsers."""

from __future__ import annotations

import asyncio
import contextlib
import json
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from imu.app.board import Board
from imu.app.display import Lines
from imu.app.live.commands import Command
from imu.app.live.hub import Hub, Role
from imu.app.live.messages import Hello, Link, Snapshot
from imu.app.live.page import PageDisplay
from imu.app.live.security import Door
from imu.app.live.server import STATIC, Pages, listen, serving
from imu.exercises import get_exercise

Message = dict[str, Any]


class StillStudio:
    """A studio in which nothing moves: it has a board to show, and notes what it is commanded."""

    view_link: str | None = "http://192.0.2.7:8770/?t=x"

    def __init__(self) -> None:
        self.link = Link(stage="looking", text="Looking for a sensor ...")
        self.hub = Hub(self._snapshot, lambda: None)
        board = Board(exercise=get_exercise("back-extension"), sensor="")
        self.page = PageDisplay(board, self.hub, Lines(board))
        self.done: list[Command] = []

    def _snapshot(self) -> Snapshot:
        return self.page.snapshot(self.link)

    def hello(self, role: Role) -> Hello:
        return Hello(
            role=role.value, program="imu", session="s", stale_s=1.5, exercises=(), verdicts={}, max_load_kg=1000.0,
            max_reps=1000,
        )  # fmt: skip

    def do(self, command: Command) -> None:
        self.done.append(command)


@dataclass(kw_only=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str


@dataclass(kw_only=True)
class Site:
    """A server, and how a page that is no browser asks it."""

    root: str
    door: Door
    studio: Any
    port: int
    controls: list[str] = field(default_factory=list)

    @property
    def cookie_name(self) -> str:
        return f"imu-live-{self.port}"

    def cookie(self, role: Role) -> str:
        return f"{self.cookie_name}={self.door.cookie(role)}"

    async def ask(self, path: str, *, body: bytes | None = None, method: str | None = None, **headers: str) -> Answer:
        """Ask as a browser does, following nothing; `headers` are written with `_` for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.root + path, data=body, headers=named, method=method)
        return await asyncio.to_thread(_open, request)

    async def command(self, do: str, *, role: Role = Role.CONTROL, **keys: object) -> Answer:
        body = json.dumps({"v": 1, "id": 1, "do": do, **keys}).encode()
        return await self.ask("/command", body=body, origin=self.root, cookie=self.cookie(role))

    def page(self, role: Role = Role.CONTROL) -> AbstractAsyncContextManager[Page]:
        return self.raw(cookie=self.cookie(role), origin=self.root)

    @contextlib.asynccontextmanager
    async def raw(self, *, origin: str | None = None, path: str = "/ws", **headers: str) -> AsyncIterator[Page]:
        socket = connect(
            self.root.replace("http", "ws") + path, origin=origin, additional_headers=headers, proxy=None,  # type: ignore[arg-type]
            max_size=None,
        )  # fmt: skip
        async with socket as connection:
            yield Page(connection)


class _Nowhere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Nowhere)


def _open(request: urllib.request.Request) -> Answer:
    try:
        with _OPENER.open(request, timeout=10.0) as answer:
            return Answer(status=answer.status, headers=dict(answer.headers.items()), text=answer.read().decode())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(status=error.code, headers=dict(error.headers.items()), text=error.read().decode())


class Page:
    """What a page hears, message by message."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket, self.heard = socket, list[Message]()
        self._id = 0

    async def next(self) -> Message:
        async with asyncio.timeout(10.0):
            message: Message = json.loads(await self.socket.recv())
        self.heard.append(message)
        return message

    async def until(self, wanted: Callable[[Message], bool]) -> Message:
        while not wanted(message := await self.next()):
            pass
        return message

    async def until_kind(self, kind: str) -> Message:
        return await self.until(lambda message: message["kind"] == kind)

    async def do(self, do: str, **keys: object) -> Message:
        """Command, and wait for the answer."""
        self._id += 1
        await self.socket.send(json.dumps({"v": 1, "id": self._id, "do": do, **keys}))
        return await self.until(lambda message: message["kind"] in ("done", "error") and message["id"] == self._id)


@contextlib.asynccontextmanager
async def served(studio: Any, *, port: int = 0, static: Path = STATIC) -> AsyncIterator[Site]:
    """Serve a studio; nothing of it is left afterwards."""
    with contextlib.closing(listen("127.0.0.1", port)) as listener:
        number = listener.getsockname()[1]
        door = Door(key=b"k" * 32)
        site = Site(root=f"http://127.0.0.1:{number}", door=door, studio=studio, port=number)
        pages = Pages(studio, door, on_control=lambda: site.controls.append(door.control_token), static=static)
        async with serving(pages.app(), listener):
            try:
                yield site
            finally:
                studio.hub.close("over")
