"""An event loop whose time passes only while it waits: an hour of waiting costs nothing, and nothing is ever late.

For virtual sensors in virtual air, where all that happens happens in this process. Whoever waits for something outside
of it (a socket, a real radio) would see that time rush by.
"""

from __future__ import annotations

import asyncio
import selectors
from typing import Any


class _Selector(selectors.DefaultSelector):
    """Instead of waiting so long, moves the clock on by as much."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        """What is ready now; blocks only where nothing is due at any time."""
        if timeout is None:
            return super().select(None)
        ready = super().select(0)
        if not ready:
            self.now_s += max(timeout, 0.0)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """For `asyncio.Runner(loop_factory=VirtualTimeLoop)`."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        """Seconds waited so far."""
        return self._virtual.now_s
