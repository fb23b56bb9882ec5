"""The whole way: a virtual sensor, real bleak, the recorder, the server, and a page that counts aloud."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from live.served import Demo, Open
from playwright.sync_api import expect

from firmware_proto.motion import Recording
from imu.app.person import perform
from imu.exercises import get_exercise
from imu.sessions import read_session

_AT_THE_END = ["set 1 done, 10 reps, tempo 100 percent"]
WATCH = """
new MutationObserver(() => window.__heard.push({ phase: document.getElementById("phase").textContent, changed: true }))
  .observe(document.getElementById("phase"), { childList: true, characterData: true, subtree: true });
"""


@pytest.fixture(scope="module")
def performed() -> Recording:
    return perform(get_exercise("back-extension"), reps=10, seed=1)


def test_a_page_counts_to_ten_aloud(opened: Open, demo: Callable[..., Demo], performed: Recording) -> None:
    live = demo(performed, speed=15.0, target_reps=10, load_kg=20.0)
    one, other = opened(live.links.control), opened(live.links.view)
    one.page.get_by_role("button", name="Sound is off").click()
    one.page.evaluate(WATCH)
    live.begin()
    expect(one.page.locator("#synthetic")).to_be_visible()
    expect(one.page.locator("#count")).to_have_text("10", timeout=30000)
    one.wait_for("window.__heard.some((h) => h.say?.startsWith('set 1 done'))")
    expect(one.page.locator("#of")).to_have_text("of 10")

    said = one.said()
    assert said[0] == "sound on"
    assert said[1:9] == [str(n) for n in range(1, 9)]
    assert said[9:12] == ["last two", "9", "10"]
    # Getting off the bench begins as a lift does.
    assert said[12:] in (_AT_THE_END, ["11", "make that 10", *_AT_THE_END])
    course = [sign for sign in map(_sign, one.heard()) if sign is not None]
    starts = [course.index(str(number)) for number in range(1, 11)]
    for start, end in zip(starts, [*starts[1:], len(course)], strict=True):
        # The count, at once the tone of the hold; the page shows the hold, then the way down, and nothing sounds in it.
        number, tone, *shown = course[start:end]
        assert (number.isdigit(), tone) == (True, "tone")
        assert "tone" not in shown[: shown.index("Lower")]
        assert shown[0] in ("Hold", "Lower")  # at this speed a hold may pass between two looks
    assert course.count("Hold") > 5

    for page in (one.page, other.page):
        expect(page.locator("#rows .rep:not(.not)")).to_have_count(10)
        expect(page.locator("#count")).to_have_text("10")
        expect(page.locator("#tempo-target td").last).to_have_text("set 100 %")
    expect(other.page.get_by_role("button", name="Start set")).to_be_hidden()
    live.stop()
    (kept,) = live.studio.recorded
    assert kept.folder is not None
    assert sum(rep.counted for rep in read_session(kept.folder).reps) == 10
    assert len(kept.analysis.counted) == 10


def _sign(sound: dict[str, object]) -> str | None:
    if sound.get("changed"):
        return str(sound["phase"])
    if sound.get("tone") == 523.25:
        return "tone"
    return str(sound["say"]) if str(sound.get("say", "")).isdigit() else None


@pytest.mark.slow
def test_a_sensor_out_of_reach_is_told_and_what_it_kept_is_filled_in(
    opened: Open, demo: Callable[..., Demo], performed: Recording
) -> None:
    live = demo(performed, speed=4.0, target_reps=10)
    page = opened(live.links.control).page
    live.begin()
    expect(page.locator("#count")).to_have_text("4", timeout=60000)
    live.call(live.air.reach, 0, within=False)
    expect(page.locator("#phase")).to_have_text("No signal", timeout=20000)
    live.call(live.air.reach, 0, within=True)
    expect(page.locator("body")).to_have_class("stale")
    expect(page.locator("body")).not_to_have_class("stale", timeout=30000)
    expect(page.locator("#count")).to_have_text("10", timeout=60000)
    expect(page.locator("#rows .rep:not(.not)")).to_have_count(10, timeout=20000)
    expect(page.locator("#link-words")).to_have_text("all gaps filled")


@pytest.mark.slow
def test_the_straight_line_is_asked_for_counted_down_and_taken(opened: Open, demo: Callable[..., Demo]) -> None:
    performed = perform(get_exercise("back-extension"), reps=3, seed=1, calibrate=True)
    live = demo(performed, speed=4.0)
    one = opened(live.links.control)
    one.page.get_by_role("button", name="Sound is off").click()
    live.begin()
    expect(one.page.locator("#link-words")).to_have_text("nothing lost", timeout=20000)
    one.page.get_by_role("button", name="Straight line").click()
    expect(one.page.locator("#phase")).to_have_text("Straight line")
    expect(one.page.locator("#count")).to_have_text("3", timeout=60000)
    expect(one.page.locator("#rows .rep:not(.not)")).to_have_count(3, timeout=60000)
    said = one.said()
    taken = said.index("straight line taken")
    assert said[:2] == ["sound on", "straight line, hold still"]
    assert said[taken - 2 : taken] == ["2", "1"]
    assert said[taken + 1 : taken + 4] == ["1", "2", "3"]
