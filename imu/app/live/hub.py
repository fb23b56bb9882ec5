"""What is told to many at once, each at the pace at which it listens.

Strategy. A message is written out once for all. Each viewer has a short queue; one that falls behind loses the queue
and gets a snapshot made when it listens again, so that nothing grows and the newest always wins. Answers to commands
are the sender's own; who lets them pile up, or asks for too much, is cut off.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator
from enum import StrEnum

from imu.app.live.messages import Bye, Done, Hello, Message, Refused, Snapshot, encode
from imu.link.types import loop_s

MOST_WAITING = 100
"""Messages; some four seconds' worth."""
MOST_ANSWERS = 20
MOST_VIEWERS, MOST_ONLOOKERS = 32, 24
"""In all, and of those who only look on: whoever has their link cannot lock out who has control."""
GOODBYE_S = 1.0
COMMANDS_PER_S, MOST_AT_ONCE = 5.0, 20.0
"""So many commands are taken from one viewer, and so many at once. No hand is quicker."""


class Role(StrEnum):
    """What a viewer may do."""

    CONTROL = "control"
    VIEW = "view"


class CutOff(Exception):
    """A viewer is heard and told no more; the text says why, where it was not told."""


class Allowance:
    """How much may be asked for: so many at once, and so many a second over time."""

    def __init__(self) -> None:
        self._left, self._asked_s = MOST_AT_ONCE, loop_s()

    def spend(self) -> None:
        """Take note of a command.

        Raises:
            CutOff: There were too many.
        """
        now_s = loop_s()
        gained = COMMANDS_PER_S * (now_s - self._asked_s)
        self._left, self._asked_s = min(self._left + gained, MOST_AT_ONCE) - 1.0, now_s
        if self._left < 0.0:
            raise CutOff("Too many commands at once; wait some seconds, then try again.")


class Viewer:
    """One page that listens, as `role`; what it asks for is taken from its `allowance`."""

    def __init__(self, role: Role, hub: Hub) -> None:
        self.role, self.allowance, self._hub = role, Allowance(), hub
        self._waiting: deque[str | None] = deque([None])
        """None stands for a snapshot, to be made when it is sent."""
        self._answers: deque[str] = deque()
        self._something = asyncio.Event()
        self._something.set()
        self._error: CutOff | None = None
        self._ending = False

    async def next(self) -> str:
        """The next text to send.

        Raises:
            CutOff: It is heard no more.
        """
        while True:
            if self._error is not None:
                raise self._error
            if self._answers:
                return self._answers.popleft()
            if self._waiting:
                text = self._waiting.popleft()
                return self._hub.snapshot() if text is None else text
            if self._ending:
                raise CutOff  # the good-bye said why
            self._something.clear()
            await self._something.wait()

    def greet(self, text: str) -> None:
        """Queue what comes before anything else, and is not lost however much follows."""
        self._answers.append(text)

    def tell(self, text: str | None) -> None:
        """Queue a message for all, or a snapshot (None); one snapshot in a row is enough."""
        if text is None and self._waiting and self._waiting[-1] is None:
            return
        if len(self._waiting) >= MOST_WAITING:
            self._waiting.clear()
            text = None
        self._waiting.append(text)
        self._something.set()

    def answer(self, message: Done | Refused) -> None:
        """Queue an answer; who does not read answers is cut off."""
        if len(self._answers) >= MOST_ANSWERS:
            self.cut_off(CutOff("Answers are not read."))
        else:
            self._answers.append(self._hub.text(message))
            self._something.set()

    def cut_off(self, error: CutOff) -> None:
        """Let `next` fail."""
        self._error = error
        self._something.set()

    def end(self) -> None:
        """Let `next` fail once all that waits was sent."""
        self._ending = True
        self._something.set()


class Hub:
    """All pages that listen.

    Args:
        snapshot: Makes the message with everything.
        age_s: Age of the newest sample, None before the first.
    """

    def __init__(self, snapshot: Callable[[], Snapshot], age_s: Callable[[], float | None]) -> None:
        self._snapshot, self._age_s = snapshot, age_s
        self.viewers: set[Viewer] = set()
        self._left = asyncio.Event()

    def text(self, message: Message) -> str:
        """A message as it is sent now."""
        return encode(message, host_s=time.time(), age_s=self._age_s())

    def snapshot(self) -> str:
        """Everything, as of now."""
        return self.text(self._snapshot())

    def publish(self, message: Message) -> None:
        """Tell everybody."""
        if self.viewers:
            text = self.text(message)
            for viewer in self.viewers:
                viewer.tell(text)

    def resync(self) -> None:
        """Let everybody have a snapshot: the past looks different now."""
        for viewer in self.viewers:
            viewer.tell(None)

    def close(self, text: str) -> None:
        """Say good-bye to everybody."""
        self.publish(Bye(text=text))
        for viewer in self.viewers:
            viewer.end()

    async def gone(self) -> None:
        """Wait a moment for everybody to have taken what waits, the good-bye too: with the server it would be lost."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                while self.viewers:
                    self._left.clear()
                    await self._left.wait()

    @contextlib.contextmanager
    def joined(self, role: Role, hello: Hello) -> Iterator[Viewer]:
        """A viewer while it is connected; its first messages are `hello` and a snapshot.

        Raises:
            CutOff: There are too many already.
        """
        if len(self.viewers) >= (MOST_VIEWERS if role is Role.CONTROL else MOST_ONLOOKERS):
            raise CutOff("Too many pages are open; close some.")
        viewer = Viewer(role, self)
        viewer.greet(self.text(hello))
        self.viewers.add(viewer)
        try:
            yield viewer
        finally:
            self.viewers.discard(viewer)
            self._left.set()
