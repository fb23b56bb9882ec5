"""Make the README's picture of the live page from the demo: `python tests/live/screenshot.py [FILE.png]`.

A simulated person does ten repetitions before the real program; the picture is taken in the hold of the seventh, on a
phone that lies on its side. Needs Chromium and playwright, as the tests do.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from live.conftest import FLAGS, chromium_path  # noqa: E402 (found by the line before)
from live.served import LANDSCAPE, SPY, Demo  # noqa: E402
from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402

from imu.app.person import perform  # noqa: E402
from imu.exercises import get_exercise  # noqa: E402

PICTURE = ROOT / "recordings" / "live-page.png"
REP, HELD_S = 7, 0.6


def _take(browser: Browser, demo: Demo, to: Path) -> None:
    page = browser.new_page(
        viewport={"width": LANDSCAPE[0], "height": LANDSCAPE[1]}, device_scale_factor=2, color_scheme="dark"
    )
    page.add_init_script(SPY)
    page.goto(demo.links.control)
    page.get_by_role("button", name="Sound is off").click()
    page.mouse.move(0, 0)
    demo.begin()
    while not _is_moment(page):
        time.sleep(0.02)
    page.screenshot(path=to)


def _is_moment(page: Page) -> bool:
    count, phase, timer = (page.locator(f"#{name}").text_content() for name in ("count", "phase", "timer"))
    return count == str(REP) and phase == "Hold" and float(timer or 0.0) >= HELD_S


def main() -> None:
    """Play the demo and take the picture."""
    to = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE
    performed = perform(get_exercise("back-extension"), reps=10, seed=1, calibrate=True)
    with tempfile.TemporaryDirectory() as out, sync_playwright() as playwright:
        demo = Demo(performed, Path(out), speed=3.0, target_reps=10, load_kg=10.0, calibrate=True)
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(FLAGS))
        _take(browser, demo, to)
        browser.close()
        demo.stop()
    print(f"{to}: {to.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
