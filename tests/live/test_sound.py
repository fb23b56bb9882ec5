"""What is heard: the coach's cues, sent by the real server, played by a real Chromium whose loudspeaker is a list."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from live.served import STATE, Open, Opened, Stage
from live.test_page import LOWERING, show
from playwright.sync_api import expect

from imu.app.live.messages import CueMessage, Remark
from imu.coach import Beat, Cue, Hush, Pace, Say, Tone, Verbosity, Why

MARKS = itertools.count()
COUNT = Say(at_s=1.0, why=Why.COUNT, text="7")
FORM = Say(at_s=1.0, level=Verbosity.COACH, why=Why.FORM, text="slower down")
REST = Say(at_s=1.0, why=Why.REST, text="rest over")
TONE = Tone(at_s=1.0, length_s=30.0)
PACE = Pace(at_s=1.0, beats=tuple(Beat(after_s=float(i), hz=440.0 + i, length_s=0.1) for i in range(3)))


@pytest.fixture
def one(opened: Open, stage: Stage) -> Opened:
    """A page whose sound was switched on."""
    made = opened(stage.links.control)
    made.page.get_by_role("button", name="Sound is off").click()
    expect(made.page.locator("#sound-on")).to_be_hidden()
    made.page.evaluate("window.__heard.length = 0")
    return made


def tell(stage: Stage, page: Opened, *cues: Cue) -> None:
    """Send cues, and wait until the page has them."""
    stage.tell(*(CueMessage(cue=cue) for cue in cues))
    mark = f"mark {next(MARKS)}"
    stage.tell(Remark(text=mark))
    expect(page.page.locator("#notice")).to_have_text(mark)


def choose(one: Opened, verbosity: str, **switches: bool) -> None:
    one.page.get_by_role("button", name="Settings").click()
    one.page.locator(f"input[value={verbosity}] + span").click()
    for name, on in switches.items():
        one.page.locator(f"#{name.replace('_', '-')}").set_checked(on)
    one.page.keyboard.press("Escape")


def test_each_device_says_as_much_as_it_was_told(one: Opened, stage: Stage) -> None:
    wanted = {"off": [], "count": ["7", "rest over"], "coach": ["7", "slower down", "rest over"]}
    for verbosity, said in wanted.items():
        choose(one, verbosity)
        one.page.evaluate("window.__heard.length = 0")
        tell(stage, one, COUNT, TONE, FORM, REST)
        one.wait_for(f"window.__heard.filter((h) => h.say).length === {len(said)}")
        assert one.said() == said
        assert sum("tone" in sound for sound in one.heard()) == (verbosity != "off")


def test_a_count_interrupts_and_anything_else_waits_its_turn(one: Opened, stage: Stage) -> None:
    one.page.evaluate("window.__speech_ms = 1e6")
    tell(stage, one, FORM, REST)
    assert one.said() == ["slower down"]
    tell(stage, one, COUNT)
    assert one.said() == ["slower down", "7"]
    assert [sound for sound in one.heard() if "cancel" in sound] != []


def tones(one: Opened) -> list[dict[str, Any]]:
    return [sound for sound in one.heard() if "tone" in sound]


def test_a_tone_has_its_length_from_the_start_and_hush_ends_it(one: Opened, stage: Stage) -> None:
    tell(stage, one, TONE)
    (tone,) = tones(one)
    assert tone["tone"] == pytest.approx(523.25)
    assert tone["until"] - tone["from"] == pytest.approx(30.0)
    tell(stage, one, Hush(at_s=2.0))
    (tone,) = tones(one)
    assert tone["until"] - tone["from"] < 30.0


def test_the_metronome_plays_where_it_is_wanted_and_a_new_pace_takes_the_place_of_the_old(
    one: Opened, stage: Stage
) -> None:
    tell(stage, one, PACE)
    assert tones(one) == []
    choose(one, "count", metronome=True)
    tell(stage, one, PACE)
    beats = tones(one)
    assert [beat["tone"] for beat in beats] == [440.0, 441.0, 442.0]
    starts = [beat["from"] for beat in beats]
    assert [start - starts[0] for start in starts] == pytest.approx([0.0, 1.0, 2.0])
    tell(stage, one, Pace(at_s=2.0, beats=()))
    assert all(beat["until"] < beat["from"] + 0.05 for beat in tones(one)[1:])


def test_the_tone_that_follows_the_trunk_falls_silent_with_the_signal(one: Opened, stage: Stage) -> None:
    gain = "window.__gains.at(-1)"
    choose(one, "count", angle_tone=True)
    stage.tell(LOWERING)
    one.wait_for(f"{gain}?.value > 0.05")
    assert tones(one)[-1]["tone"] == pytest.approx(220.0 * 2 ** ((STATE.pitch_deg + 90.0) / 60.0), rel=0.05)
    stage.age_s = 9.0
    one.wait_for(f"{gain}.value < 0.01")


@pytest.mark.slow
def test_a_voice_in_the_network_is_never_asked(opened: Open, stage: Stage) -> None:
    one = opened(stage.links.control, script="window.__voices = [{ localService: false, lang: 'en' }];")
    show(stage)
    one.page.get_by_role("button", name="Sound is off").click()
    expect(one.page.locator("#sound-on")).to_be_hidden()
    tell(stage, one, COUNT, FORM)
    assert one.said() == []
    assert [sound["tone"] for sound in tones(one)][-2:] == [1046.5, 330.0]
    one.page.get_by_role("button", name="Settings").click()
    expect(one.page.locator("#voice-hint")).to_be_visible()
