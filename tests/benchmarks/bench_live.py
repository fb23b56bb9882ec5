"""How quick and how costly the live page is. Run by hand: python tests/benchmarks/bench_live.py [--chromium PATH].

One process is the whole program as `imu live --demo` runs it at the speed of life, 104 Hz: virtual radio, bleak,
pipeline, session folder, server. Another one holds the viewers. Told are
    latency   from the moment in which a notification is delivered by bleak's callback to the moment in which the state
              made of it is in a WebSocket client, and in the DOM of the page in a Chromium (with playwright and a
              chromium installed). The wait for a full packet, up to 0.096 s, comes before it and is told apart.
    CPU       of the whole program, in percent of one core, without a viewer, with 1 and with 10; and of the same
              recording without page and server. The virtual radio and sensor are in all of them.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from imu.app.demo import record_virtual
from imu.app.display import Lines
from imu.app.live.command import live_demo
from imu.app.live.page import PageDisplay
from imu.app.live.run import Links, Where
from imu.app.person import perform
from imu.app.record import Plan
from imu.exercises import get_exercise
from imu.link import SensorLink

EXERCISE = get_exercise("back-extension")
SETTLE_S = 5.0
PACKET_S = 10 / 104.0

VIEWER = """
import asyncio, json, sys, time
from websockets.asyncio.client import connect
async def look(url, origin, cookie, seconds, times):
    async with connect(url, origin=origin, additional_headers={"Cookie": cookie}, proxy=None) as socket:
        until = time.time() + seconds
        while time.time() < until:
            message = json.loads(await socket.recv())
            if message["kind"] == "state" and message["t_s"] is not None:
                times[message["t_s"]] = time.time()
async def main(url, origin, cookie, number, seconds):
    all_times = [{} for _ in range(number)]
    await asyncio.gather(*(look(url, origin, cookie, seconds, times) for times in all_times))
    print(json.dumps([list(times.items()) for times in all_times]))
url, origin, cookie, number, seconds = sys.argv[1:]
asyncio.run(main(url, origin, cookie, int(number), float(seconds)))
"""
SPY = """
(() => {
  let shown = null;
  window.__seen = [];
  const Plain = window.WebSocket;
  window.WebSocket = class extends Plain {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => {
        const message = JSON.parse(data);
        if (message.kind === "state" && message.t_s !== null) shown = message.t_s;
      });
    }
  };
  document.addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
    if (shown === null) return;
    window.__seen.push([shown, (performance.timeOrigin + performance.now()) / 1000]);
    shown = null;
  }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true }));
})();
"""


@contextlib.contextmanager
def arrivals() -> Iterator[dict[float, float]]:
    """When the notification came of which each state was made, by the state's device time."""
    came: dict[float, float] = {}
    last = [0.0]
    heard, moved = SensorLink._on_frame, PageDisplay.moved

    def on_frame(link: SensorLink, *given: Any) -> None:
        last[0] = time.time()
        heard(link, *given)

    def on_move(page: PageDisplay) -> None:
        came.setdefault(round(page.board.live.t_s, 4), last[0])
        moved(page)

    SensorLink._on_frame, PageDisplay.moved = on_frame, on_move  # type: ignore[method-assign]
    try:
        yield came
    finally:
        SensorLink._on_frame, PageDisplay.moved = heard, moved  # type: ignore[method-assign]


@contextlib.asynccontextmanager
async def program(folder: Path) -> AsyncIterator[Links]:
    """The whole program with a person who trains for minutes."""
    performed = perform(EXERCISE, reps=60, seed=1)
    shown: asyncio.Future[Links] = asyncio.get_running_loop().create_future()
    plan = Plan(exercise=EXERCISE, out=folder / "out", synthetic=True)
    where = Where(port=0, state=folder / "state")
    task = asyncio.create_task(live_demo(performed, plan, where, shown=lambda links, _: shown.set_result(links)))
    try:
        links = await shown
        await asyncio.sleep(SETTLE_S)
        yield links
    finally:
        task.cancel()
        await task


async def viewers(links: Links, number: int, seconds: float) -> tuple[list[dict[float, float]], float]:
    """When each of so many viewers heard of each state; and the CPU of this process meanwhile, in percent."""
    origin, cookie = links.root.rstrip("/"), await cookie_of(links)
    url = origin.replace("http", "ws") + "/ws"
    looking = await asyncio.create_subprocess_exec(
        sys.executable, "-c", VIEWER, url, origin, cookie, str(number), str(seconds + 3.0),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    await asyncio.sleep(1.5)
    cpu = await cpu_percent(seconds)
    said, _ = await looking.communicate()
    return [dict(times) for times in json.loads(said)], cpu


async def cpu_percent(seconds: float) -> float:
    """CPU time of this process in the next seconds, in percent of one core."""
    cpu_s, start_s = time.process_time(), time.perf_counter()
    await asyncio.sleep(seconds)
    return 100.0 * (time.process_time() - cpu_s) / (time.perf_counter() - start_s)


async def cookie_of(links: Links) -> str:
    host, port, path = re.match(r"http://([^:]+):(\d+)(/.*)", links.view).groups()  # type: ignore[union-attr]
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
    head = (await reader.read()).decode()
    writer.close()
    return re.search(r"set-cookie: ([^;]+)", head)[1]  # type: ignore[index]


async def in_chromium(links: Links, chromium: str, seconds: float) -> dict[float, float]:
    """When the page's DOM changed for each state."""
    from playwright.async_api import async_playwright  # noqa: PLC0415

    arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update", "--disable-sync"]  # fmt: skip
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=chromium, args=arguments)
        page = await browser.new_page(viewport={"width": 390, "height": 844})
        await page.add_init_script(SPY)
        await page.goto(links.view)
        await page.wait_for_timeout(1000.0 * (seconds + 2.0))
        seen: list[tuple[float, float]] = await page.evaluate("window.__seen")
        await browser.close()
    return dict(seen)


def delays_ms(came: dict[float, float], seen: dict[float, float]) -> list[float]:
    """How much later a state was seen than its notification came; the first second is left out."""
    return [1000.0 * (at_s - came[t_s]) for t_s, at_s in sorted(seen.items()) if t_s in came][10:]


def line(name: str, delays: list[float]) -> str:
    if len(delays) < 20:
        return f"| {name} | too few to tell ({len(delays)}) | |"
    return f"| {name} | {statistics.median(delays):.1f} | {statistics.quantiles(delays, n=20)[-1]:.1f} |"


async def without_page(folder: Path, seconds: float) -> float:
    """CPU of the same recording without page and server."""
    performed = perform(EXERCISE, reps=60, seed=1)
    plan = Plan(exercise=EXERCISE, out=folder / "plain", synthetic=True)
    task = asyncio.create_task(record_virtual(performed, plan, display=Lines))
    await asyncio.sleep(SETTLE_S)
    cpu = await cpu_percent(seconds)
    task.cancel()
    await task
    return cpu


async def measure(seconds: float, chromium: str | None) -> list[str]:
    """Everything, as lines of Markdown."""
    with tempfile.TemporaryDirectory() as name, arrivals() as came:
        folder = Path(name)
        cpus = [("without page and server", await without_page(folder, seconds))]
        async with program(folder) as links:
            cpus.append(("no viewer", await cpu_percent(seconds)))
            (one,), cpu = await viewers(links, 1, seconds)
            cpus.append(("1 viewer", cpu))
            ten, cpu = await viewers(links, 10, seconds)
            cpus.append(("10 viewers", cpu))
            dom = await in_chromium(links, chromium, seconds) if chromium else {}
    slowest = {t_s: max(times[t_s] for times in ten) for t_s in ten[0] if all(t_s in times for times in ten)}
    return [
        "| from notification to, in ms | median | 95 % |", "|---|---:|---:|",
        line("a WebSocket client", delays_ms(came, one)),
        line("the last of ten", delays_ms(came, slowest)),
        line("the DOM in Chromium", delays_ms(came, dom)) if chromium else "| the DOM in Chromium | not measured | |",
        f"| (the wait for a full packet, before it) | {500.0 * PACKET_S:.0f} | {950.0 * PACKET_S:.0f} |", "",
        "| CPU of the whole program at 104 Hz, in % of a core | |", "|---|---:|",
        *(f"| {what} | {cpu:.1f} |" for what, cpu in cpus),
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each measurement")
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="browser; left out where there is none")
    given = parser.parse_args()
    with contextlib.redirect_stdout(sys.stderr):
        said = asyncio.run(measure(given.seconds, given.chromium))
    print("\n".join(said))


if __name__ == "__main__":
    main()
