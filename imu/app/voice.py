"""The coach by ear, beside whatever shows the board: this machine's own speech program, or the terminal's bell.

Speaking never delays a sample: the program is started, waited for and ended in a thread of its own, and what could not
be said in time is not said at all.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from types import TracebackType
from typing import Protocol, Self

from imu.app import console
from imu.app.board import Board
from imu.app.display import Display, display_for
from imu.coach import Coach, Cue, Say, Verbosity, Why, heard
from imu.errors import UsageError
from imu.model import Event

LATE_S = 3.0
"""What had to wait so long is not said any more."""
LONGEST_S = 10.0
"""A program that takes longer over a few words hangs."""
_POWERSHELL = "Add-Type -AssemblyName System.Speech; (New-Object System.Speech.Synthesis.SpeechSynthesizer).Speak('{}')"
NO_PROGRAM = "Nothing here can speak (espeak-ng, say, PowerShell); the terminal's bell rings with each count instead."

_PROGRAMS = {"win32": ("powershell",), "darwin": ("say",)}

Command = Callable[[str], list[str]]
"""The words to the command line that speaks them."""


def speech_command() -> Command | None:
    """How this machine speaks, None where it has no program for it."""
    for name in _PROGRAMS.get(sys.platform, ("espeak-ng", "espeak")):
        path = shutil.which(name)
        if path is not None:
            return partial(_words, path)
    return None


def _words(path: str, text: str) -> list[str]:
    if sys.platform == "win32":
        return [path, "-NoProfile", "-Command", _POWERSHELL.format(text.replace("'", "''"))]
    return [path, text]


class Voice(Protocol):
    """What can be made to speak."""

    def say(self, text: str, *, urgent: bool) -> None:
        """Say something, after what is being said, or in its place."""

    def close(self) -> None:
        """Say no more; what is being said may end by itself."""


class Speaker:
    """Speaks by a program, one sentence after the other."""

    def __init__(self, command: Command) -> None:
        self._command = command
        self._line: deque[tuple[str, float]] = deque()
        self._speaking: subprocess.Popen[bytes] | None = None
        self._hurries = 0
        self._closed, self._news = False, threading.Condition()
        self._thread = threading.Thread(target=self._run, name="voice", daemon=True)
        self._thread.start()

    def say(self, text: str, *, urgent: bool) -> None:
        """Say something; who is urgent takes the place of all that is being said or waits."""
        with self._news:
            if self._closed:  # nobody is there any more to take it
                return
            if urgent:
                self._line.clear()
                self._hurries += 1
                if self._speaking is not None:
                    self._speaking.kill()
            self._line.append((text, time.monotonic()))
            self._news.notify()

    def close(self) -> None:
        """Say no more than what is being said."""
        with self._news:
            self._closed = True
            self._line.clear()
            self._news.notify()

    def _run(self) -> None:
        while (said := self._next()) is not None:
            text, hurries = said
            try:
                speaking = subprocess.Popen(  # noqa: S603 (a program found by name, words of our own)
                    self._command(text), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
            except OSError:  # it was there a moment ago
                self.close()
                break
            self._listen_to(speaking, hurries)

    def _next(self) -> tuple[str, int] | None:
        """The next sentence that is still worth saying, and how often one hurried before it; None at the end."""
        with self._news:
            while True:
                while self._line:
                    text, since_s = self._line.popleft()
                    if time.monotonic() - since_s < LATE_S:
                        return text, self._hurries
                if self._closed:
                    return None
                self._news.wait()

    def _listen_to(self, speaking: subprocess.Popen[bytes], hurries: int) -> None:
        with self._news:
            self._speaking = speaking
            if self._hurries > hurries:  # while it was being started
                speaking.kill()
        try:
            speaking.wait(LONGEST_S)
        except subprocess.TimeoutExpired:
            speaking.kill()
            speaking.wait()
        with self._news:
            self._speaking = None


class Bell:
    """The terminal's bell: one ring for each count, nothing for words."""

    def __init__(self) -> None:
        self._out = console.out()

    def say(self, text: str, *, urgent: bool) -> None:
        """Ring for a count."""
        if urgent:
            self._out.bell()

    def close(self) -> None:
        """A bell does not last."""


def voice() -> Voice:
    """What this machine can be heard by."""
    command = speech_command()
    if command is None:
        console.err().print(NO_PROGRAM, style="yellow", soft_wrap=True)
        return Bell()
    return Speaker(command)


class Coached:
    """A display that is heard as well. Tones and the metronome are for the page: a terminal has none."""

    def __init__(self, board: Board, beside: Display, voice: Voice, verbosity: Verbosity) -> None:
        self.board, self._beside, self._voice, self._verbosity = board, beside, voice, verbosity
        self._coach = Coach(board.exercise, reps=board.target_reps, rest_s=board.set_rest_s)

    def event(self, event: Event) -> None:
        """Show it, and say what is to be said of it."""
        self._beside.event(event)
        self._play(self._coach.take(event))

    def remark(self, text: str) -> None:
        """Show it; the coach has words of its own."""
        self._beside.remark(text)

    def moved(self) -> None:
        """Say what fell due."""
        self._beside.moved()
        self._play(self._coach.tick(self.board.live))

    def refresh(self) -> None:
        """Draw, and say if the sensor was lost or found."""
        self._beside.refresh()
        self._play(self._coach.link(self.board.live.t_s, alive=self._is_alive))

    @property
    def _is_alive(self) -> bool:
        health = self.board.health
        return health is None or not health.state.startswith(("lost", "found"))

    def _play(self, cues: Iterable[Cue]) -> None:
        for cue in heard(cues, self._verbosity):
            if isinstance(cue, Say):
                self._voice.say(cue.text, urgent=cue.why is Why.COUNT)

    def __enter__(self) -> Self:
        self._beside.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._beside.__exit__(kind, error, trace)
        self._voice.close()


def speaking(verbosity: str) -> Callable[[Board], Display]:
    """What shows a board, and says as much as was asked for: off, count or coach.

    Raises:
        UsageError: It is none of these.
    """
    try:
        wanted = Verbosity(verbosity)
    except ValueError:
        raise UsageError(f"--voice is {', '.join(Verbosity)}; not {verbosity!r}.") from None
    if wanted is Verbosity.OFF:
        return display_for
    return lambda board: Coached(board, display_for(board), voice(), wanted)
