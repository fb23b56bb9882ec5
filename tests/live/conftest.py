"""A real Chromium for the tests in this folder: started once for all of them, and gone after the last.

While playwright is there, it leaves a running loop in this thread, which asyncio elsewhere would not forgive.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from live.served import Demo, Open, Stage
from playwright.sync_api import Browser, sync_playwright

from firmware_proto.motion import Recording

HERE = Path(__file__).parent
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
_open, _browser = ExitStack(), list[Browser]()


def chromium_path() -> str | None:
    """Where the browser is, None where there is none."""
    return os.environ.get("IMU_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture
def chromium() -> Browser:
    """The browser; skipped where there is none, unless IMU_CHROMIUM_REQUIRED says it has to be there."""
    if not _browser:
        path = chromium_path()
        if path is None:
            why = "there is no Chromium (apt-get install chromium, or IMU_CHROMIUM=PATH)"
            (pytest.fail if os.environ.get("IMU_CHROMIUM_REQUIRED") else pytest.skip)(why)
        playwright = _open.enter_context(sync_playwright())
        _browser.append(playwright.chromium.launch(executable_path=path, args=list(FLAGS)))
        _open.callback(_browser[0].close)
    return _browser[0]


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """Close the browser when no test of this folder follows."""
    if nextitem is None or not nextitem.path.is_relative_to(HERE):
        _browser.clear()
        _open.close()


@pytest.fixture
def opened(chromium: Browser) -> Iterator[Open]:
    """Open a link in a browser of its own: nothing is remembered."""
    made = Open(chromium)
    yield made
    made.close()


@pytest.fixture
def stage(opened: Open) -> Iterator[Stage]:
    """The real server, whose messages a test writes."""
    made = Stage()
    yield made
    opened.close()
    made.stop()


@pytest.fixture
def demo(opened: Open, tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    """The whole program with a simulated person."""
    made: list[Demo] = []

    def start(performed: Recording, *, speed: float = 10.0, **plan: object) -> Demo:
        made.append(Demo(performed, tmp_path, speed=speed, **plan))
        return made[-1]

    yield start
    opened.close()
    for one in made:
        one.stop()
