"""What the link hands to the one who iterates over it: samples and events in order, an error or an end."""

from __future__ import annotations

import asyncio
import logging

from imu.link.types import LinkEvent
from imu.model import Samples

log = logging.getLogger(__name__)


class Feed:
    """A queue that ends. Putting never waits, so that a callback may do it."""

    def __init__(self) -> None:
        self._items: asyncio.Queue[Samples | LinkEvent | Exception | None] = asyncio.Queue()

    def samples(self, samples: Samples) -> None:
        """Hand on samples."""
        self._items.put_nowait(samples)

    def note(self, kind: str, t_s: float, detail: str, gap: tuple[int, int] | None = None) -> None:
        """Hand on something that happened."""
        log.info("%s: %s", kind, detail)
        self._items.put_nowait(LinkEvent(kind=kind, t_s=t_s, detail=detail, gap=gap))

    def end(self, error: Exception | None = None) -> None:
        """No more will come, because of this error if there is one."""
        if error:
            self._items.put_nowait(error)
        self._items.put_nowait(None)

    async def next(self) -> Samples | LinkEvent:
        """The next item.

        Raises:
            StopAsyncIteration: There is none any more; the same for every later call.
        """
        item = await self._items.get()
        if item is None:
            self._items.put_nowait(None)
            raise StopAsyncIteration
        if isinstance(item, Exception):
            raise item
        return item
