"""The page as a person sees and presses it, in a real Chromium before the real server."""

from __future__ import annotations

import dataclasses
import re
import time
from typing import Any

import pytest
from live.served import (
    LANDSCAPE,
    LAPTOP,
    LINE,
    LINK,
    PORTRAIT,
    STATE,
    Open,
    Stage,
    settings_of,
    trace_of,
)
from playwright.sync_api import expect

from imu.app.live import commands, present
from imu.app.live.commands import BadCommand
from imu.app.live.messages import Calibrating, CueMessage, Hold, RepChanged, Rest, Row, SetRow
from imu.coach import Say, Why, hz_of_pitch
from imu.exercises import get_exercise
from imu.model import Verdict


def row(number: int, **changes: Any) -> Row:
    made = Row(
        id=f"{number}.0000", start_s=float(number), end_s=number + 0.9, set=1, rep=number, counted=True,
        verdict="COUNTED", verdict_words="counted", label=None, label_words=None, phases_s=(2.9, 0.2, 1.1, 1.0),
        hits=(True, True, True, True), adherence=1.0, tempo="2.9-0.2-1.1-1.0", rom_deg=88.0, top_deviation_deg=-2.0,
        flags=(),
    )  # fmt: skip
    return dataclasses.replace(made, **changes)


HASTY = row(2, adherence=0.75, hits=(False, True, True, True), phases_s=(2.1, 0.2, 1.1, 1.0))
SHORT = row(3, adherence=0.5, flags=("SHORT_TOP",))
HALF = row(
    4, counted=False, set=None, rep=None, verdict="UNFINISHED", verdict_words="never reached the other end",
    adherence=float("nan"), hits=(None, None, None, None),
)  # fmt: skip
TRACE = trace_of()
LOWERING = dataclasses.replace(STATE, phase="lowering", phase_words="LOWER", phase_s=1.7, count=3, trace=TRACE)
HOLDING = dataclasses.replace(
    STATE, phase="top", phase_words="HOLD", phase_s=0.6, count=3, trace=TRACE,
    hold=Hold(since_s=19.4, held_s=0.6, target_s=1.0, reached=False),
)  # fmt: skip
RESTING = dataclasses.replace(
    STATE, phase="top", phase_words="HOLD", count=40, set_open=False, trace=TRACE,
    rest=Rest(held_s=42.0, target_s=90.0, over=False),
)  # fmt: skip
CALIBRATING = dataclasses.replace(HOLDING, calibrating=Calibrating(left_s=1.6, wanted_s=3.0, elsewhere=False))
LOST = dataclasses.replace(LINK, good=False, words="lost, searching", warnings=("The sensor is out of reach.",))
MANY = tuple(row(n, adherence=(1.0, 0.75, 0.5, 0.25)[n % 4]) for n in range(1, 41))
STATES: dict[str, dict[str, Any]] = {
    "before the first rep": {"state": dataclasses.replace(STATE, phase="unknown", phase_words="READY", set=0)},
    "lowering": {"state": LOWERING, "rows": (row(1), HASTY, SHORT, HALF), "last": HASTY},
    "holding": {"state": HOLDING, "rows": (row(1), HASTY), "last": HASTY},
    "resting after forty": {
        "state": RESTING, "rows": MANY, "last": MANY[-1], "settings": settings_of(reps=40, rest_s=90.0, load_kg=102.5),
        "sets": (SetRow(set=1, step="ended", reps=40, adherence=0.63, load_kg=102.5),),
    },
    "straight line": {"state": CALIBRATING},
    "a thousand": {"state": dataclasses.replace(LOWERING, count=1000)},
    "sensor lost": {"state": LOWERING, "link": LOST, "age": 125.0},
    "failed": {"link": dataclasses.replace(
        LINK, stage="failed", good=False, text="No sensor was found within 10 s. Is it switched on and near? "
        "Look with: imu scan",
    )},
}  # fmt: skip


def show(stage: Stage, name: str = "lowering") -> None:
    """Let the pages see one of the states."""
    parts = {"link": LINK, "settings": settings_of(reps=10, load_kg=20.0), "state": STATE, "line": LINE, **STATES[name]}
    stage.age_s = parts.pop("age", 0.0)
    stage.show(**{"rows": (), "last": None, "sets": (), **parts})


# --- what is seen ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [PORTRAIT, LANDSCAPE, LAPTOP], ids=["portrait", "landscape", "laptop"])
def test_everything_is_in_sight_and_nothing_over_another(opened: Open, stage: Stage, size: tuple[int, int]) -> None:
    one = opened(stage.links.control, size)
    expect(one.page.locator("#count")).to_have_text("0")
    wrong = {}
    for name in STATES:
        show(stage, name)
        one.page.wait_for_timeout(60)
        wrong[name] = one.ask("outside")
    assert wrong == {name: [] for name in STATES}


def test_the_count_is_readable_from_three_metres(opened: Open, stage: Stage) -> None:
    """A letter is read at 20 minutes of arc and more (ISO 9241-303): 17 mm at 3 m; a phone is 65 mm wide or more."""
    page = opened(stage.links.control).page
    for count in (7, 10, 40, 100):
        stage.show(state=dataclasses.replace(LOWERING, count=count))
        expect(page.locator("#count")).to_have_text(str(count))
        size_px = page.evaluate("parseFloat(getComputedStyle(document.getElementById('count')).fontSize)")
        assert 0.7 * size_px / PORTRAIT[0] * 65.0 > 17.0


def test_every_colour_has_the_contrast_of_aa(opened: Open, stage: Stage) -> None:
    one = opened(stage.links.control)
    for scheme in ("dark", "light"):
        one.page.emulate_media(color_scheme=scheme)
        contrast = one.ask("contrast")
        assert len(contrast) == 21
        assert {pair: round(ratio, 2) for pair, ratio in contrast.items() if ratio < 4.5} == {}


def test_the_words_say_what_is_done_and_how(opened: Open, stage: Stage) -> None:
    page = opened(stage.links.control).page
    show(stage)
    expect(page.locator("#phase")).to_have_text("Lower")
    expect(page.locator("#timer-of")).to_have_text("of 3 s")
    expect(page.locator("#of")).to_have_text("of 10")
    expect(page.locator("#context")).to_have_text("Set 1 · Back extension · 20 kg")
    expect(page.locator("#synthetic")).to_be_visible()
    expect(page.locator("#link-words")).to_have_text("nothing lost")
    expect(page.locator("#battery")).to_have_text("battery 87 %")
    cells = page.locator("#tempo-last td").all_inner_texts()
    assert cells == ["2.1 ✗", "0.2 ✓", "1.1 ✓", "1.0 ✓", "75 %"]
    assert page.locator("#tempo-target td").all_inner_texts() == ["3", "0", "1", "1", "set 75 %"]
    assert page.locator("#beads li").evaluate_all("all => all.map((li) => li.className)") == [
        "good", "good", "fair", *["open"] * 7,
    ]  # fmt: skip
    show(stage, "holding")
    expect(page.locator("#timer-of")).to_have_text("of 1 s ✓")  # the page counts on by itself
    show(stage, "resting after forty")
    expect(page.locator("#phase")).to_have_text("Rest")
    expect(page.locator("#timer")).to_have_text(re.compile("0:4[2-4]"))
    expect(page.locator("#tempo-target td").last).to_have_text("set 63 %")
    show(stage, "straight line")
    expect(page.locator("#count")).to_have_text("2")
    expect(page.locator("#phase")).to_have_text("Straight line")


def test_of_a_static_hold_the_seconds_are_the_number(opened: Open, stage: Stage) -> None:
    page = opened(stage.links.control).page
    static = present.choice(get_exercise("sorensen-hold"))
    held = Hold(since_s=8.0, held_s=41.2, target_s=60.0, reached=False)
    stage.show(
        settings=settings_of("3-0-2-60", exercise=static), state=dataclasses.replace(HOLDING, count=1, hold=held)
    )
    expect(page.locator("#count")).to_have_text("41")
    expect(page.locator("#of")).to_have_text("of 60 seconds")
    expect(page.locator("#count")).to_have_text("42")  # by itself


def test_what_is_old_is_grey_and_never_shown_as_live(opened: Open, stage: Stage) -> None:
    one = opened(stage.links.control)
    show(stage)
    expect(one.page.locator("body")).not_to_have_class(re.compile("stale"))
    show(stage, "sensor lost")
    expect(one.page.locator("body")).to_have_class(re.compile("stale"))
    expect(one.page.locator("#phase")).to_have_text("No signal")
    expect(one.page.locator("#timer")).to_have_text(re.compile("2:0[5-9]"))
    expect(one.page.locator("#under")).to_have_text("The sensor is out of reach.")
    assert float(one.page.locator(".number").evaluate("e => getComputedStyle(e).opacity")) < 0.6
    show(stage)
    expect(one.page.locator("#phase")).to_have_text("Lower")


def test_a_page_that_hears_nothing_more_of_the_sensor_says_so_by_itself(opened: Open, stage: Stage) -> None:
    page = opened(stage.links.control).page
    show(stage)
    expect(page.locator("#phase")).to_have_text("Lower")
    stage.silent_since_s = time.monotonic()  # the link goes on telling; no sample comes
    expect(page.locator("#phase")).to_have_text("No signal")


def test_the_list_follows_the_ledger_and_lets_a_verdict_be_overruled(opened: Open, stage: Stage) -> None:
    page = opened(stage.links.control, LAPTOP).page
    show(stage)
    items = page.locator("#rows > li")
    expect(items).to_have_count(5)
    assert [text.split("\n")[0] for text in items.all_inner_texts()] == ["–", "Set 1", "3", "2", "1"]
    expect(items.nth(2)).to_contain_text("short top")
    verdict = page.get_by_label("Verdict of rep 2")
    verdict.focus()
    verdict.select_option("SHALLOW")
    stage.was_asked(commands.Overrule(rep="2.0000", verdict=Verdict.SHALLOW))
    said = dataclasses.replace(HASTY, label="SHALLOW", label_words="too little range")
    stage.tell(
        RepChanged(row=said, last=HASTY), RepChanged(row=row(5), last=row(5)), RepChanged(was=HALF.id, last=row(5))
    )
    stage.tell(SetRow(set=1, step="ended", reps=4, adherence=0.8, load_kg=20.0))
    expect(items).to_have_count(5)
    expect(items.first).to_have_text("Set 1 · 4 reps · tempo kept 80 % · 20 kg")
    expect(items.nth(3)).to_contain_text("overruled: too little range")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Verdict of rep 2"
    expect(verdict).to_have_value("SHALLOW")
    stage.refuse = BadCommand("There is no such movement any more; look at the list again.", code="state")
    verdict.select_option("TOO_FAST")
    expect(page.locator("#notice")).to_contain_text("look at the list")
    expect(verdict).to_have_value("SHALLOW")


# --- what is pressed -------------------------------------------------------------------------------------------------


def test_each_button_asks_for_what_it_says(opened: Open, stage: Stage) -> None:
    page = opened(stage.links.control).page
    page.get_by_role("button", name="Start set").click()
    page.get_by_role("button", name="Straight line").click()
    stage.show(state=dataclasses.replace(STATE, set_marked=True))
    page.get_by_role("button", name="End set").click()
    page.get_by_role("button", name="Settings").click()
    page.get_by_label("Tempo", exact=True).fill("3-1-1-2")
    page.get_by_label("Reps", exact=True).fill("8")
    page.get_by_role("button", name="Set target").click()
    page.get_by_label("Load, kg").fill("12.5")
    page.get_by_role("button", name="Set load").click()
    page.get_by_label("Exercise").select_option("deadlift")
    page.get_by_role("button", name="Change").click()
    page.get_by_role("button", name="Sound test").click()
    page.get_by_role("button", name="End the session").click()
    asked = (
        commands.StartSet(), commands.Calibrate(), commands.EndSet(), commands.SetTarget(tempo="3-1-1-2", reps=8),
        commands.SetLoad(load_kg=12.5), commands.SetExercise(exercise="deadlift"), commands.SoundTest(),
        commands.Stop(),
    )  # fmt: skip
    stage.was_asked(*asked)
    page.keyboard.press("Escape")
    show(stage, "failed")
    expect(page.locator("#under")).to_contain_text("imu scan")
    page.get_by_role("button", name="Connect").click()
    stage.was_asked(*asked, commands.Connect())


IS_ON_TOP = """() => {
  const notice = document.getElementById("notice");
  notice.style.pointerEvents = "auto"; // what lets a tap through is not found at its point
  const { x, y, width, height } = notice.getBoundingClientRect();
  return document.elementFromPoint(x + width / 2, y + height / 2) === notice;
}"""


def test_what_is_refused_is_said_in_words(opened: Open, stage: Stage) -> None:
    page = opened(stage.links.control).page
    stage.refuse = BadCommand("A set is under way already; end it first.", code="state")
    page.get_by_role("button", name="Start set").click()
    expect(page.get_by_role("status")).to_have_text("A set is under way already; end it first.")
    page.get_by_role("button", name="Settings").click()
    page.get_by_label("Tempo", exact=True).fill("three")
    page.get_by_role("button", name="Set target").click()
    expect(page.locator("dialog:modal").get_by_role("status")).to_contain_text("instead of 4")
    assert page.evaluate(IS_ON_TOP)
    page.keyboard.press("Escape")
    assert page.evaluate("document.getElementById('notice').closest('dialog')") is None


def test_all_of_it_works_with_the_keyboard_alone(opened: Open, stage: Stage) -> None:
    page = opened(stage.links.control).page
    expect(page.locator("#context")).to_contain_text("Back extension")

    def focused() -> str:
        return page.evaluate("document.activeElement.id || document.activeElement.name")

    order = []
    for _ in range(5):
        page.keyboard.press("Tab")
        order.append(focused())
    assert order == ["sound-on", "set", "calibrate", "open-reps", "open-settings"]
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Settings")).to_be_visible()
    page.keyboard.press("Tab")
    assert focused() == "verbosity"
    page.keyboard.press("ArrowLeft")
    assert page.locator("input[value=count]").is_checked()
    page.keyboard.press("Escape")
    assert focused() == "open-settings"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_everything_has_a_name_for_a_screen_reader_and_news_are_told(opened: Open, stage: Stage) -> None:
    one = opened(stage.links.control, LAPTOP)
    page = one.page
    show(stage)
    expect(page.locator("#count")).to_have_text("3")
    assert one.ask("nameless") == []
    expect(page.locator("#spoken")).to_have_text("3 reps")
    stage.tell(CueMessage(cue=Say(at_s=20.0, why=Why.LINK, text="sensor lost")))
    expect(page.locator("#spoken")).to_have_text("sensor lost")
    assert page.locator("#spoken").get_attribute("aria-live") == "polite"


def test_a_page_that_looks_on_shows_no_control_and_has_none(opened: Open, stage: Stage) -> None:
    one = opened(stage.links.view)
    show(stage)
    expect(one.page.locator("#count")).to_have_text("3")
    names = one.page.get_by_role("button").all_inner_texts()
    assert names == ["Sound is off: tap here", "Reps", "Settings"]
    one.page.get_by_role("button", name="Reps").click()
    expect(one.page.locator("#rows select:visible")).to_have_count(0)
    one.page.keyboard.press("Escape")
    one.page.get_by_role("button", name="Settings").click()
    assert one.page.locator("#settings button:visible").all_inner_texts() == ["Close"]
    asked = """async (body) => {
      const answer = await fetch("/command", { method: "POST", body });
      return [answer.status, (await answer.json()).code];
    }"""
    assert one.page.evaluate(asked, '{"v": 1, "id": 1, "do": "start_set"}') == [403, "role"]
    over_socket = """(text) => new Promise((told) => {
      const way = new WebSocket(`ws://${location.host}/ws`);
      way.onopen = () => way.send(text);
      way.onmessage = ({ data }) => JSON.parse(data).kind === "error" && (way.close(), told(JSON.parse(data).code));
    })"""
    assert one.page.evaluate(over_socket, '{"v": 1, "id": 1, "do": "end_set"}') == "role"
    assert stage.done == []
    assert one.trouble.pop().startswith("Failed to load resource: the server responded with a status of 403")


# --- what is heard ---------------------------------------------------------------------------------------------------


def test_sound_waits_for_a_tap_is_remembered_and_says_when_it_is_off(opened: Open, stage: Stage) -> None:
    one = opened(stage.links.control)
    expect(one.page.get_by_role("button", name="Sound is off: tap here")).to_be_visible()
    one.page.get_by_role("button", name="Sound is off").click()
    expect(one.page.locator("#sound-on")).to_be_hidden()
    assert one.said() == ["sound on"]
    one.page.reload()
    expect(one.page.locator("#count")).to_have_text("0")
    expect(one.page.locator("#sound-on")).to_be_visible()
    one.page.locator("#context").click()
    expect(one.page.locator("#sound-on")).to_be_hidden()


def test_the_tone_that_follows_the_trunk_is_the_coachs(opened: Open, stage: Stage) -> None:
    page = opened(stage.links.control).page
    degrees = [-90.0, -45.0, 0.0, 33.0, 90.0]
    there = page.evaluate("async (all) => all.map((await import('/static/sound.js')).hzOfPitch)", degrees)
    assert there == pytest.approx([hz_of_pitch(one) for one in degrees])


NO_LOCK = """
Object.defineProperty(Navigator.prototype, "wakeLock", { value: undefined });
Object.defineProperty(window, "isSecureContext", { value: false });
"""


def test_where_the_screen_cannot_be_kept_awake_it_is_said_what_to_do(opened: Open, stage: Stage) -> None:
    page = opened(stage.links.control, script=NO_LOCK).page
    expect(page.locator("#awake-hint")).to_contain_text("raise the auto-lock time")
    page.get_by_role("button", name="Sound is off").click()
    expect(page.get_by_role("status")).to_contain_text("raise the auto-lock time")


def test_where_it_can_the_page_asks_for_it(opened: Open, stage: Stage) -> None:
    asked = "window.__asked = []; navigator.wakeLock.request = async (what) => (window.__asked.push(what), {});"
    one = opened(stage.links.control, script=asked)
    expect(one.page.locator("#awake-hint")).to_contain_text("stays awake")
    assert one.page.evaluate("window.__asked") == ["screen"]
