"""The page in a real Chromium, before the real server.

Two ways to fill it. `demo` is the whole program: a virtual sensor, bleak, the recorder, the server, in a thread of its
own. `stage` is the real server without a recorder, whose messages a test writes: for what seldom happens, and for what
has to be seen at rest. In both, speech and tones are written down by the page's own browser (`SPY`).
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import math
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, BrowserContext, Page

from firmware_proto.motion import Recording
from firmware_proto.virtual_radio import Air, virtual_air
from imu.app import words
from imu.app.demo import virtual_sensor
from imu.app.live import present
from imu.app.live.commands import MAX_LOAD_KG, MAX_REPS, BadCommand, Command
from imu.app.live.hub import Hub, Role
from imu.app.live.messages import STALE_S, Hello, Line, Link, Message, Settings, Snapshot, State, Trace
from imu.app.live.run import Links, Where
from imu.app.live.run import live as live_page
from imu.app.live.security import Door
from imu.app.live.server import Pages, listen, serving
from imu.app.live.studio import Studio
from imu.app.record import Plan
from imu.exercises import EXERCISES, get_exercise
from imu.link import Backend
from imu.tempo import Tempo

PORTRAIT, LANDSCAPE, LAPTOP = (390, 844), (844, 390), (1366, 768)
HERE = Path(__file__).parent
SPY = (HERE / "spy.js").read_text(encoding="utf-8")
PATIENCE_S = 20.0


@dataclasses.dataclass
class Opened:
    """A page, and what went wrong in it."""

    page: Page
    context: BrowserContext
    trouble: list[str]

    def heard(self) -> list[dict[str, Any]]:
        """What was spoken and played, in order."""
        return self.page.evaluate("window.__heard")

    def ask(self, name: str) -> Any:
        """What a function in a file here says of the page."""
        return self.page.evaluate((HERE / f"{name}.js").read_text(encoding="utf-8").rstrip().rstrip(";"))

    def wait_for(self, script: str) -> None:
        """Wait until something is so; the page's own policy lets no text become a script, so it is asked from here."""
        ends_s = time.monotonic() + PATIENCE_S
        while not self.page.evaluate(script):
            assert time.monotonic() < ends_s, script
            self.page.wait_for_timeout(20)

    def said(self) -> list[str]:
        return [one["say"] for one in self.heard() if "say" in one]


class Open:
    """Opens links; no page may ask for anything elsewhere, or have an error, unless the test takes it off the list."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._pages: list[Opened] = []

    def __call__(
        self, link: str, size: tuple[int, int] = PORTRAIT, *, scheme: str = "dark", script: str = ""
    ) -> Opened:
        context = self._browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, service_workers="block"
        )
        context.add_init_script(SPY + script)
        page = context.new_page()
        one, own = Opened(page, context, []), link.split("?", maxsplit=1)[0]

        def is_ours(url: str) -> bool:
            return url.startswith((own, own.replace("http", "ws", 1)))

        page.on("pageerror", lambda error: one.trouble.append(f"error: {error}"))
        page.on("console", lambda said: said.type in ("error", "warning") and one.trouble.append(said.text))
        page.on("request", lambda request: is_ours(request.url) or one.trouble.append(f"asked for {request.url}"))
        page.on("websocket", lambda way: is_ours(way.url) or one.trouble.append(f"asked for {way.url}"))
        page.goto(link)
        self._pages.append(one)
        return one

    def close(self) -> None:
        """Close all; whoever serves them calls it before that ends."""
        pages, self._pages = self._pages, []
        trouble = [said for one in pages for said in one.trouble]
        for one in pages:
            one.context.close()
        assert trouble == []


class Thread:
    """A coroutine in a loop and thread of its own, until it is ended."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self.loop = asyncio.new_event_loop()
        self._error: BaseException | None = None
        self._task: asyncio.Task[Any] | None = None
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    def _run(self, work: Callable[[], Any]) -> None:
        async def main() -> None:
            self._task = asyncio.current_task()
            with contextlib.suppress(asyncio.CancelledError):
                await work()

        try:
            self.loop.run_until_complete(main())
        except BaseException as error:
            self._error = error
        finally:
            self.loop.close()

    def call(self, what: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        """Run something in the loop, and wait for what it gives."""

        async def run() -> Any:
            given = what(*arguments, **more)
            return await given if asyncio.iscoroutine(given) else given

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(10)

    def end(self) -> None:
        if self._thread.is_alive() and self._task is not None:
            self.loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(20)
        assert not self._thread.is_alive()
        if self._error is not None:
            raise self._error


# --- the stage: the server, and messages that a test writes ----------------------------------------------------------

LINK = Link(
    stage="recording", text="Recording from BX-DEMO.", sensor="BX-DEMO", words="nothing lost", good=True,
    battery_pct=87, folder="20261120T183005Z_back-extension",
)  # fmt: skip
STATE = State(
    t_s=20.0, phase="bottom", phase_words="BOTTOM", phase_since_s=19.8, phase_s=0.2, pitch_deg=-40.0, count=0, set=1,
    set_open=True, set_marked=False,
)  # fmt: skip
LINE = Line(pitch_deg=45.0, low_deg=35.0, high_deg=55.0, source="nominal")


def settings_of(tempo: str = "3-0-1-1", **changes: Any) -> Settings:
    target = Tempo.parse(tempo)
    made = Settings(
        exercise=present.choice(get_exercise("back-extension")), tempo=target.text, phases_s=target.phases_s,
        hold_s=target.hold_s, synthetic=True,
    )  # fmt: skip
    return dataclasses.replace(made, **changes)


class Stage:
    """The real server, hub and messages; what they tell is what a test puts in."""

    def __init__(self, port: int = 0) -> None:
        self.snapshot = Snapshot(link=LINK, settings=settings_of(), state=STATE, line=LINE)
        self.age_s, self.silent_since_s = 0.0, math.inf
        self.done: list[Command] = []
        self.refuse: BadCommand | None = None
        self.session = "a"
        self.view_link: str | None = None
        self._key, self._port = bytes(32), port
        self._begin()

    def _begin(self) -> None:
        ready: queue.Queue[int] = queue.Queue()
        self.door = Door(key=self._key)

        async def serve() -> None:
            self.hub = Hub(lambda: self.snapshot, self._age_s)
            with contextlib.closing(listen("127.0.0.1", self._port)) as listener:
                self._port = listener.getsockname()[1]
                pages = Pages(self, self.door, on_control=lambda: None)
                async with serving(pages.app(), listener):
                    ready.put(self._port)
                    try:
                        await self._keep_telling()
                    finally:
                        self.hub.close("The program was ended; the session is kept.")
                        await self.hub.gone()

        self._thread = Thread(serve)
        ready.get(timeout=10)

    def _age_s(self) -> float:
        return self.age_s + max(time.monotonic() - self.silent_since_s, 0.0)

    async def _keep_telling(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            self.hub.publish(self.snapshot.link)

    def hello(self, role: Role) -> Hello:
        return Hello(
            role=role.value, program="imu 0", session=self.session, stale_s=STALE_S,
            exercises=tuple(present.choice(row) for row in EXERCISES.values()),
            verdicts={verdict.value: said for verdict, said in words.VERDICTS.items()}, max_load_kg=MAX_LOAD_KG,
            max_reps=MAX_REPS, view_link=self.view_link if role is Role.CONTROL else None,
        )  # fmt: skip

    def do(self, command: Command) -> None:
        if self.refuse is not None:
            raise self.refuse
        self.done.append(command)

    def was_asked(self, *commands: Command) -> None:
        """Wait for these commands, and no others, to have been asked for."""
        ends_s = time.monotonic() + PATIENCE_S
        while self.done != list(commands) and time.monotonic() < ends_s:
            time.sleep(0.01)
        assert self.done == list(commands)

    @property
    def links(self) -> Links:
        return Links(self.door, "127.0.0.1", self._port)

    def tell(self, *messages: Message) -> None:
        """Say something to all pages."""
        for message in messages:
            self._thread.call(self.hub.publish, message)

    def show(self, **parts: Any) -> None:
        """Let everything be as these parts of the snapshot say, at once."""
        self.snapshot = dataclasses.replace(self.snapshot, **parts)
        self._thread.call(self.hub.resync)

    def drop(self) -> None:
        """Cut every connection, as a network does."""
        self._thread.call(lambda: [viewer.end() for viewer in self.hub.viewers])

    def stop(self) -> None:
        self._thread.end()

    def start(self) -> None:
        """The program is started again, at the same port and with the same key."""
        self.session += "+"
        self._begin()


# --- the demo: the whole program -------------------------------------------------------------------------------------


class _Waiting(Studio):
    """It begins when it is told to, so that no page comes too late."""

    def __init__(self, plan: Plan, **more: Any) -> None:
        super().__init__(plan, **more)
        self.begins = asyncio.Event()

    async def run(self) -> None:
        await self.begins.wait()
        await super().run()


class Demo:
    """`imu live --demo` in a thread, from `begin` on."""

    def __init__(self, performed: Recording, out: Path, *, speed: float, **declared: Any) -> None:
        plan = Plan.build(get_exercise("back-extension"), out=out, synthetic=True, **declared)
        where = Where(port=0, state=out / "state")
        ready: queue.Queue[tuple[Links, _Waiting, Air]] = queue.Queue()

        async def run() -> None:
            async with virtual_air([virtual_sensor(performed)], speed=speed) as air:
                backend = Backend(scanner=air.scanner_backend, client=air.client_backend)
                studio = _Waiting(plan, backend=backend, kept=lambda _: None)
                await live_page(studio, where, lambda links, _: ready.put((links, studio, air)))

        self._thread = Thread(run)
        self.links, self.studio, self.air = ready.get(timeout=30)

    def begin(self) -> None:
        self.call(self.studio.begins.set)

    def call(self, what: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        return self._thread.call(what, *arguments, **more)

    def stop(self) -> None:
        self._thread.end()


def trace_of(t_s: float = 20.0) -> Trace:
    """Fifteen seconds of repetitions."""
    t = np.arange(t_s - 15.0, t_s, 1 / 26)
    phase = (t % 5.2) / 5.2
    pitch = np.interp(phase, [0.0, 0.2, 0.4, 0.95, 1.0], [-45.0, 44.0, 45.0, -45.0, -45.0])
    return Trace(t_s=tuple(t.tolist()), pitch_deg=tuple(pitch.tolist()))
