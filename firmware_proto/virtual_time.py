"""An event loop in which nobody waits: when nothing is ready, its clock jumps to the next timer.

Everything that takes its time from the running loop (`asyncio.sleep`, timeouts, `loop.time`; in this project the link
and the virtual air) lives through an hour in the seconds that its work takes, and in the same order each time. It is
for work inside one process: a reply from a socket or a thread would find the clock far ahead.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


class NothingToWaitFor(RuntimeError):
    """Every task waits for something that no other task or timer will ever bring."""


class _Selector(selectors.DefaultSelector):
    """Looks whether something is ready; where the loop would wait, its clock goes on instead."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise NothingToWaitFor("every task waits for another one, and no timer is set")
        self.now_s += max(timeout, 0.0)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """The loop; its clock begins at 0."""

    def __init__(self) -> None:
        self._clock = _Selector()
        super().__init__(self._clock)

    def time(self) -> float:
        """Seconds since the loop was made, jumps included."""
        return self._clock.now_s


def run_virtual(work: Coroutine[Any, Any, _T]) -> _T:
    """`asyncio.run` in virtual time.

    Raises:
        NothingToWaitFor: All of it waits for ever.
    """
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(work)
