"""The terminal's voice: what is said, by a real program, and never at the cost of a sample."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import Result

from firmware_proto.motion import Recording
from imu.app.board import Board
from imu.app.demo import record_virtual
from imu.app.display import Lines
from imu.app.record import Plan
from imu.app.voice import Bell, Coached, Speaker, speaking, speech_command, voice
from imu.coach import Verbosity
from imu.errors import UsageError
from imu.exercises import get_exercise
from imu.link import LinkHealth

PATIENCE_S = 20.0


class Listener:
    """A voice that is written down."""

    def __init__(self) -> None:
        self.said: list[tuple[str, bool]] = []
        self.closed = False

    def say(self, text: str, *, urgent: bool) -> None:
        self.said.append((text, urgent))

    def close(self) -> None:
        self.closed = True


async def test_a_set_is_counted_aloud_beside_its_lines(
    performance: Recording, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    heard = Listener()
    plan = Plan.build(
        get_exercise("back-extension"), out=tmp_path, target_reps=10, duration_s=performance.t_s[-1] - 0.5
    )
    recorded = await record_virtual(
        performance, plan, speed=30.0, display=lambda board: Coached(board, Lines(board), heard, Verbosity.COACH)
    )
    numbers = [text for text, urgent in heard.said if urgent]
    assert numbers[:10] == [str(n) for n in range(1, 11)]
    assert next(text for text, urgent in heard.said if not urgent) == "last two"
    assert ("set 1 done, 10 reps, tempo 100 percent", False) in heard.said
    assert heard.closed
    assert len(recorded.analysis.counted) == 10
    assert "set 1: 10 reps" in capsys.readouterr().out


def test_a_sensor_lost_and_found_is_told() -> None:
    heard = Listener()
    board = Board(exercise=get_exercise("back-extension"), sensor="BX-1A2B")
    with Coached(board, Lines(board), heard, Verbosity.COUNT) as shown:
        for state in ("connecting", "streaming", "lost, searching", "found, connecting", "filling gaps", "streaming"):
            board.health = LinkHealth(state=state)
            shown.refresh()
    assert heard.said == [("sensor lost", False), ("sensor back", False)]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A speech program of our own: it writes down what it is to say, and takes as long as the words ask it to."""
    if sys.platform != "linux":
        pytest.skip("the program's name is that of Linux")
    said = tmp_path / "said.txt"
    path = tmp_path / "bin" / "espeak-ng"
    path.parent.mkdir()
    path.write_text(f"""#!/bin/sh
echo "begins $1" >> "{said}"
case "$1" in slow*) while [ ! -e "{said.with_name("go on")}" ]; do sleep 0.02; done;; esac
echo "ends $1" >> "{said}"
""")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(path.parent), prepend=os.pathsep)
    return said


def wait_for(said: Path, line: str) -> list[str]:
    """What was said up to a line."""
    ends_s = time.monotonic() + PATIENCE_S
    while not said.exists() or line not in (lines := said.read_text().splitlines()):
        assert time.monotonic() < ends_s, line
        time.sleep(0.01)
    return lines


def test_a_count_interrupts_what_is_being_said(program: Path) -> None:
    speaker = voice()
    assert isinstance(speaker, Speaker)
    speaker.say("slower down", urgent=False)
    wait_for(program, "begins slower down")
    speaker.say("rest over", urgent=False)
    speaker.say("7", urgent=True)
    assert wait_for(program, "ends 7") == ["begins slower down", "begins 7", "ends 7"]
    speaker.say("8", urgent=True)
    wait_for(program, "ends 8")
    speaker.close()


def test_words_wait_their_turn_but_not_for_long(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [0.0]
    monkeypatch.setattr("imu.app.voice.time", SimpleNamespace(monotonic=lambda: now_s[0]))
    speaker = voice()
    speaker.say("one", urgent=False)
    speaker.say("two", urgent=False)
    wait_for(program, "ends two")
    speaker.say("slow", urgent=False)
    wait_for(program, "begins slow")
    speaker.say("stale", urgent=False)
    now_s[0] = 10.0
    program.with_name("go on").touch()
    wait_for(program, "ends slow")
    speaker.say("fresh", urgent=False)
    said = [line.removeprefix("ends ") for line in wait_for(program, "ends fresh") if line.startswith("ends")]
    assert said == ["one", "two", "slow", "fresh"]
    speaker.close()


def test_a_program_that_is_gone_silences_and_breaks_nothing() -> None:
    speaker = Speaker(lambda text: ["/nowhere/espeak-ng", text])
    for number in range(3):
        speaker.say(str(number), urgent=True)
    speaker._thread.join(PATIENCE_S)
    assert not speaker._thread.is_alive()
    speaker.say("4", urgent=False)
    assert not speaker._line  # what nobody will say does not pile up
    speaker.close()


def test_without_a_program_the_bell_rings(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "")
    assert speech_command() is None
    assert isinstance(voice(), Bell)
    assert "bell" in capsys.readouterr().err
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    bell = Bell()
    bell.say("slower down", urgent=False)
    assert capsys.readouterr().out == ""
    bell.say("7", urgent=True)
    assert capsys.readouterr().out == "\a"


def test_another_word_than_the_three_is_no_voice(imu: Callable[..., Result]) -> None:
    with pytest.raises(UsageError, match="off, count, coach"):
        speaking("loud")
    asked = imu("record", "--voice", "loud")
    assert asked.exit_code == UsageError.exit_code
