"""Dropped connections, a restarted program, no WebSockets: the page comes back by itself, and is right."""

from __future__ import annotations

import dataclasses
import re

import pytest
from live.served import STATE, Open, Stage
from live.test_page import LOWERING, row, show
from playwright.sync_api import expect

from imu.app.live import commands, hub, server

NO_SOCKET = "window.WebSocket = class { constructor() { throw new Error('refused'); } };"
DEAF_SOCKET = "window.WebSocket = class { constructor() { setTimeout(() => this.onclose?.(), 20); } close() {} };"


def test_after_a_drop_the_page_shows_what_is_true_then(opened: Open, stage: Stage) -> None:
    one = opened(stage.links.control)
    show(stage)
    expect(one.page.locator("#count")).to_have_text("3")
    stage.snapshot = dataclasses.replace(
        stage.snapshot, state=dataclasses.replace(LOWERING, count=5), rows=tuple(row(n) for n in range(1, 6))
    )
    stage.drop()
    expect(one.page.locator("#count")).to_have_text("5")
    expect(one.page.locator("body")).not_to_have_class(re.compile("stale"))
    one.page.get_by_role("button", name="Start set").click()
    stage.was_asked(commands.StartSet())


def test_a_program_that_ends_is_said_to_have_and_is_found_again(opened: Open, stage: Stage) -> None:
    one = opened(stage.links.control)
    show(stage)
    expect(one.page.locator("#phase")).to_have_text("Lower")
    stage.stop()
    expect(one.page.locator("#phase")).to_have_text("Not live")
    expect(one.page.locator("#under")).to_have_text("The program was ended; the session is kept.")
    expect(one.page.locator("#count")).to_have_text("3")
    stage.start()
    stage.show(state=dataclasses.replace(STATE, count=1))
    expect(one.page.locator("#count")).to_have_text("1", timeout=10000)
    expect(one.page.locator("body")).not_to_have_class(re.compile("stale"))
    assert all("WebSocket" in said or "ERR_CONNECTION" in said for said in one.trouble)
    one.trouble.clear()


@pytest.mark.slow
def test_whoever_only_listens_hears_that_the_connection_is_lost(opened: Open, stage: Stage) -> None:
    one = opened(stage.links.control)
    one.page.get_by_role("button", name="Sound is off").click()
    stage.drop()  # for a moment, which is not worth a word
    expect(one.page.locator("body")).not_to_have_class(re.compile("stale"))
    stage.stop()
    one.wait_for("window.__heard.at(-1).say === 'connection lost'")
    stage.start()
    one.wait_for("window.__heard.at(-1).say === 'connection back'")
    assert one.said() == ["sound on", "connection lost", "connection back"]
    one.trouble.clear()


@pytest.mark.parametrize(
    "script", [NO_SOCKET, pytest.param(DEAF_SOCKET, marks=pytest.mark.slow)], ids=["refused", "closed"]
)
def test_without_a_websocket_events_and_posts_do(opened: Open, stage: Stage, script: str) -> None:
    one = opened(stage.links.control, script=script)
    show(stage)
    expect(one.page.locator("#count")).to_have_text("3")
    stage.tell(dataclasses.replace(LOWERING, count=4))
    expect(one.page.locator("#count")).to_have_text("4")
    one.page.get_by_role("button", name="Straight line").click()
    stage.was_asked(commands.Calibrate())
    stage.drop()
    show(stage)
    expect(one.page.locator("#count")).to_have_text("3")
    assert [said for said in one.trouble if "INCOMPLETE_CHUNKED" not in said] == []  # that is what the drop was
    one.trouble.clear()


def test_a_page_that_slept_takes_a_snapshot_on_waking(opened: Open, stage: Stage) -> None:
    one = opened(stage.links.control)
    show(stage)
    expect(one.page.locator("#count")).to_have_text("3")
    # Asleep, a page takes nothing in; its connection stands still, and its clock goes on.
    one.page.evaluate(
        """() => { const now = Date.now; window.__slept = 0; Date.now = () => now() + window.__slept; }"""
    )
    stage.snapshot = dataclasses.replace(stage.snapshot, state=dataclasses.replace(LOWERING, count=9))
    one.page.evaluate("() => { window.__slept = 60000; document.dispatchEvent(new Event('visibilitychange')); }")
    expect(one.page.locator("#count")).to_have_text("9")


@pytest.mark.slow
def test_a_link_that_is_not_good_any_more_is_said_to_be(opened: Open, stage: Stage) -> None:
    one = opened(stage.links.view)
    show(stage)
    expect(one.page.locator("#count")).to_have_text("3")
    one.context.clear_cookies()
    stage.drop()
    expect(one.page.locator("#under")).to_have_text(re.compile("Open the link"), timeout=10000)
    assert one.trouble != []
    one.trouble.clear()


@pytest.mark.slow
def test_a_program_that_comes_back_late_with_another_key_is_understood(opened: Open, stage: Stage) -> None:
    one = opened(stage.links.view)
    expect(one.page.locator("#count")).to_have_text("0")
    stage.stop()
    one.page.wait_for_timeout(5000)  # several tries in vain
    stage._key = b"k" * 32
    stage.start()
    expect(one.page.locator("#under")).to_have_text(re.compile("Open the link"), timeout=20000)
    one.trouble.clear()


@pytest.mark.slow
def test_a_page_of_another_version_reloads_itself_once(
    opened: Open, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = opened(stage.links.control)
    show(stage)
    expect(one.page.locator("#count")).to_have_text("3")
    monkeypatch.setattr("imu.app.live.messages.VERSION", 2)
    with one.page.expect_navigation():
        stage.drop()
    expect(one.page.locator("#phase")).to_have_text("Not let in")
    assert one.page.evaluate("sessionStorage.getItem('reloaded')") == "1"
    expect(one.page.locator("#under")).to_contain_text("close it and open it again")


def test_one_page_too_many_says_so_and_comes_in_when_there_is_room(
    opened: Open, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "MOST_ONLOOKERS", 0)
    one = opened(stage.links.view)
    expect(one.page.locator("#under")).to_have_text("Too many pages are open; close some.")
    monkeypatch.undo()
    expect(one.page.locator("#count")).to_have_text("0")
    one.trouble.clear()


def test_a_post_that_is_refused_is_told_in_words(opened: Open, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    one = opened(stage.links.control, script=NO_SOCKET)
    show(stage)
    expect(one.page.locator("#count")).to_have_text("3")
    monkeypatch.setattr(server, "MOST_BYTES", 1)
    one.page.get_by_role("button", name="Straight line").click()
    expect(one.page.get_by_role("status")).to_have_text("A command has at most 1 bytes.")
    one.trouble.clear()


@pytest.mark.slow
def test_two_pages_agree(opened: Open, stage: Stage) -> None:
    pages = [opened(stage.links.control).page, opened(stage.links.view).page]
    for name in ("lowering", "resting after forty", "sensor lost"):
        show(stage, name)
        for page in pages:
            expect(page.locator("#phase")).to_have_text(
                {"lowering": "Lower", "sensor lost": "No signal"}.get(name, "Rest")
            )
        seen = [[page.locator(f"#{one}").inner_text() for one in ("count", "tempo", "context")] for page in pages]
        assert seen[0] == seen[1]
