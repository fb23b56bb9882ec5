"""The web server of the live page: the page's files, a WebSocket, and server-sent events with POST beside it.

All that comes in goes past the guard first (`security.py` has the rules); all that goes out comes from the hub. Nothing
here knows of sensors. Whatever a viewer does, its own connection is all it can lose.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import io
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import segno
import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from uvicorn.protocols.http.h11_impl import H11Protocol

from imu.app.live.commands import MOST_BYTES, BadCommand, Command, parse
from imu.app.live.hub import Allowance, CutOff, Hub, Role, Viewer
from imu.app.live.messages import Done, Hello, Refused
from imu.app.live.security import VALID_S, Door, headers
from imu.errors import UsageError

STATIC = Path(__file__).with_name("static")
NO_ENTRY = "Open the link that imu live printed in its terminal."
USED = "This link was used before, or is none; take the one that imu live printed last."
ELSEWHERE = "This is not the name of the machine that imu live runs on."
SEND_S = 20.0
"""A viewer that takes nothing for so long is gone."""
BODY_S = 5.0
POLICY = 1008
"""WebSocket close code (RFC 6455, 7.4.1): a rule was broken."""
PING_S = 5.0
MOST_CONNECTIONS, MOST_OF_ONE = 128, 64
"""In all, and from one address: who has not even a link cannot use up the files that the recording needs."""
FIRST_S = 10.0
"""A connection that has asked for nothing after so long is closed."""
GRACE_S = 2
_STATUS = {"role": 403, "state": 409, "busy": 429, "storage": 507}
"""HTTP status of a command that was not carried out, by its code; 400 for any other."""


class Studio(Protocol):
    """What the pages look at and command."""

    hub: Hub
    view_link: str | None
    """The link that control may give away, None where no other machine can follow it."""

    def hello(self, role: Role) -> Hello:
        """The first message to a viewer."""

    def do(self, command: Command) -> None:
        """Carry a command out; raises BadCommand where it cannot be."""


class Pages:
    """The routes.

    Args:
        studio: What is shown and commanded.
        door: Who is let in.
        on_control: Called when the link for control was used, which it can be but once.
        static: Folder of the page's files.
    """

    def __init__(self, studio: Studio, door: Door, *, on_control: Callable[[], None], static: Path = STATIC) -> None:
        self._studio, self._door, self._on_control, self._static = studio, door, on_control, static
        self._posts = {role: Allowance() for role in Role}
        """Who only looks on cannot use up what is left for who has control."""

    def app(self) -> Starlette:
        """The application."""
        routes = [
            Route("/", self._page),
            WebSocketRoute("/ws", self._socket),
            Route("/events", self._events),
            Route("/command", self._command, methods=["POST"]),
            Route("/qr.svg", self._qr),
            Mount("/static", StaticFiles(directory=self._static, check_dir=False)),
        ]
        return Starlette(routes=routes, middleware=[Middleware(_Guard, door=self._door)])

    def _role(self, connection: HTTPConnection) -> Role | None:
        """Who asks, where the request does not come from another page."""
        if "origin" in connection.headers and not self._is_ours(connection):
            return None
        return self._door.role(connection.cookies.get(_cookie(connection.scope)))

    def _is_ours(self, connection: HTTPConnection) -> bool:
        return self._door.is_ours(connection.headers.get("origin"), connection.headers.get("host", ""))

    async def _page(self, request: Request) -> Response:
        """The page; with a link's token in it, the cookie for it. Who only looks ahead (HEAD) uses up no link."""
        token, known = request.query_params.get("t"), self._role(request)
        if token is None:
            return FileResponse(self._static / "index.html") if known else PlainTextResponse(NO_ENTRY, 403)
        role = self._door.trade(token) if request.method == "GET" else None
        if role is None and known is None:
            return PlainTextResponse(USED, 403)
        answer = RedirectResponse("/", 303)
        if role is not None and known is not Role.CONTROL:
            answer.set_cookie(
                _cookie(request.scope), self._door.cookie(role), max_age=VALID_S, httponly=True, samesite="lax",
                secure=self._door.secure,
            )  # fmt: skip
        if role is Role.CONTROL:
            self._on_control()
        return answer

    async def _qr(self, request: Request) -> Response:
        """The link for viewing, to be scanned by the next phone."""
        link = self._studio.view_link
        if self._role(request) is not Role.CONTROL or link is None:
            return PlainTextResponse(NO_ENTRY, 403)
        out = io.BytesIO()
        segno.make(link, micro=False).save(out, kind="svg", scale=8, dark="#000", light="#fff")
        return Response(out.getvalue(), media_type="image/svg+xml")

    async def _socket(self, socket: WebSocket) -> None:
        role = self._role(socket)
        if role is None or not self._is_ours(socket):
            await socket.close(POLICY)
            return
        await socket.accept()
        why = ""
        try:
            with self._joined(role) as viewer:
                await _either(self._tell(socket, viewer), self._listen(socket, viewer))
        except CutOff as cut_off:
            why = str(cut_off)
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):  # it is gone
            await socket.close(POLICY, why)

    async def _tell(self, socket: WebSocket, viewer: Viewer) -> None:
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                text = await viewer.next()
                async with _patience():
                    await socket.send_text(text)

    async def _listen(self, socket: WebSocket, viewer: Viewer) -> None:
        while (message := await socket.receive())["type"] != "websocket.disconnect":
            viewer.allowance.spend()
            viewer.answer(self._carry_out(viewer.role, message.get("text") or message.get("bytes") or ""))

    def _joined(self, role: Role) -> AbstractContextManager[Viewer]:
        return self._studio.hub.joined(role, self._studio.hello(role))

    def _carry_out(self, role: Role, text: str | bytes) -> Done | Refused:
        """Read a command and do it."""
        number, do = None, ""
        try:
            number, command = parse(text)
            do = command.do
            if role is not Role.CONTROL:
                raise BadCommand("Only a page opened with the link for control can do that.", code="role")
            self._studio.do(command)
        except BadCommand as error:
            number = error.id if number is None else number
            return Refused(id=number, do=do or error.do, code=error.code, text=str(error))
        return Done(id=number, do=do)

    async def _events(self, request: Request) -> Response:
        """The same messages for a browser whose WebSocket is refused."""
        role = self._role(request)
        return PlainTextResponse(NO_ENTRY, 403) if role is None else _Events(self._joined(role))

    async def _command(self, request: Request) -> Response:
        """One command of a page that listens to `/events`."""
        role = self._role(request)
        if role is None or not self._is_ours(request):
            return self._answer(_refused("role", NO_ENTRY))
        try:
            self._posts[role].spend()
            body = await _short_body(request)
        except CutOff as error:
            return self._answer(_refused("busy", str(error)))
        except TimeoutError:
            return self._answer(_refused("malformed", "The command did not come in time; send it again."), 408)
        if body is None:
            return self._answer(_refused("malformed", f"A command has at most {MOST_BYTES} bytes."), 413)
        return self._answer(self._carry_out(role, body))

    def _answer(self, answer: Done | Refused, status: int | None = None) -> Response:
        """An answer to a POST, its status by its code where none is given."""
        code = _STATUS.get(answer.code, 400) if isinstance(answer, Refused) else 200
        return Response(self._studio.hub.text(answer), status or code, media_type="application/json")


def _refused(code: str, text: str) -> Refused:
    """What is said to a command that was not even read."""
    return Refused(id=None, do="", code=code, text=text)


class _Events(Response):
    """Server-sent events (WHATWG HTML, 9.2): one message a `data:` line."""

    media_type = "text/event-stream"

    def __init__(self, joined: AbstractContextManager[Viewer]) -> None:
        super().__init__(headers={"cache-control": "no-store"})
        del self.headers["content-length"]
        self._joined = joined

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False
        try:
            with self._joined as viewer:
                begun = True
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                await _either(self._tell(send, viewer), self._until_gone(receive))
        except CutOff as why:
            if not begun:
                await PlainTextResponse(str(why), 503)(scope, receive, send)
            else:
                await send({"type": "http.response.body", "body": b""})

    async def _tell(self, send: Send, viewer: Viewer) -> None:
        text = "retry: 1000"
        while True:
            async with _patience():
                await send({"type": "http.response.body", "body": f"{text}\n\n".encode(), "more_body": True})
            text = f"data: {await viewer.next()}"

    async def _until_gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass


async def _short_body(request: Request) -> bytes | None:
    """The body of a request, None where it is too long; raises TimeoutError where it does not come."""
    body = b""
    async with asyncio.timeout(BODY_S):
        async for part in request.stream():
            body += part
            if len(body) > MOST_BYTES:
                return None
    return body


@contextlib.asynccontextmanager
async def _patience() -> AsyncIterator[None]:
    """Do not wait for ever for a viewer to take a message."""
    try:
        async with asyncio.timeout(SEND_S):
            yield
    except TimeoutError:
        raise CutOff("Nothing was taken for too long.") from None


async def _either(*works: Coroutine[Any, Any, None]) -> None:
    """Run until one of them is over, and end the others; the error of any is raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            raise end


class _Guard:
    """Turns away who names an address that is none of ours, and gives every answer its headers."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app, self._door = app, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        host, came_to = Headers(scope=scope).get("host", ""), (scope.get("server") or (None,))[0]
        known = self._door.knows(host, came_to)
        extra = headers(host if known else "invalid", secure=self._door.secure)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in extra.items():
                    answer.setdefault(name, value)
            await send(message)

        if known:
            await self._app(scope, receive, guarded)
        elif scope["type"] == "websocket":
            await WebSocket(scope, receive, send).close(POLICY)
        else:
            await PlainTextResponse(ELSEWHERE, 421)(scope, receive, guarded)


def _cookie(scope: Scope) -> str:
    """The cookie's name; browsers do not tell ports apart, and there may be two programs."""
    return f"imu-live-{(scope.get('server') or ('', 0))[1]}"


def _address(connection: object) -> str | None:
    """Where a connection comes from."""
    client: tuple[str, int] | None = getattr(connection, "client", None)
    return client and client[0]


class _Connection(H11Protocol):
    """A connection that is closed at once where there are too many, and soon where nothing is asked."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        of_one = [one for one in self.connections if _address(one) == _address(self)]
        if len(self.connections) > MOST_CONNECTIONS or len(of_one) > MOST_OF_ONE:
            transport.abort()
        else:
            self.loop.call_later(FIRST_S, self._give_up)

    def _give_up(self) -> None:
        if self.scope is None and self in self.connections:
            self.transport.abort()


class _Server(uvicorn.Server):
    """A server that leaves the signals to the program: Ctrl-C ends the recording first."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return contextlib.nullcontext()


def listen(host: str, port: int) -> socket.socket:
    """Take a port; 0 is any that is free.

    Raises:
        UsageError: It cannot be had.
    """
    try:
        return socket.create_server((host, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            why = f"Port {port} is in use, perhaps by another imu live; end that one"
        else:
            why = f"Port {port} cannot be used ({error.strerror or error})"
        raise UsageError(f"{why}, or choose another port: --port {port + 1}, or --port 0 for any.") from None


@contextlib.asynccontextmanager
async def serving(
    app: ASGIApp, listener: socket.socket, *, certificate: Path | None = None, key: Path | None = None
) -> AsyncIterator[None]:
    """Serve an application in this loop while inside; over TLS with a certificate."""
    config = uvicorn.Config(
        app, http=_Connection, ws="websockets-sansio", lifespan="off", log_config=None, log_level="error",
        access_log=False, server_header=False, proxy_headers=False, ws_max_size=MOST_BYTES, ws_max_queue=4,
        ws_ping_interval=PING_S, ws_ping_timeout=2 * PING_S, ws_per_message_deflate=False,
        timeout_graceful_shutdown=GRACE_S, ssl_certfile=certificate, ssl_keyfile=key,
    )  # fmt: skip
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        up = asyncio.create_task(server.up.wait())
        await asyncio.wait([task, up], return_when=asyncio.FIRST_COMPLETED)
        up.cancel()
        if task.done():
            task.result()
        yield
    finally:
        server.should_exit = True
        await task
