"""What can go wrong between a device and its host, on purpose and repeatably.

The first group strikes data notifications, which a device sends through `apply`. `deaf` and `hang_up_after` need a
radio: `virtual_radio` looks at them. A device with a control point asks `loses_answer` before it answers.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

Outgoing = list[tuple[str, bytes]]
"""Notifications and indications, each with the UUID of its characteristic."""


@dataclass(kw_only=True)
class Faults:
    """Faults of the notifications on their way; everything is off unless set. Fields may be set at any time.

    Attributes:
        seed: Of the chances below.
        drop, corrupt, duplicate, delay: Chance of each frame to be lost, damaged, delivered twice or held up.
        delay_us: How long a delayed frame, and all behind it, is held up (ATT never reorders).
        drop_next, corrupt_next, duplicate_next: So many of the next frames, whatever the chances.
        deaf: The device advertises, and answers no connection request.
        hang_up_after: The link is lost in the next connection after so many requests of any kind (a read, a write, a
            step of the discovery), the last of them unanswered; None for never. It strikes once.
        lose_answers_next: So many of the next control requests are carried out, but their answers are lost.
    """

    seed: int = 0
    drop: float = 0.0
    corrupt: float = 0.0
    duplicate: float = 0.0
    delay: float = 0.0
    delay_us: int = 200_000
    drop_next: int = 0
    corrupt_next: int = 0
    duplicate_next: int = 0
    deaf: bool = False
    hang_up_after: int | None = None
    lose_answers_next: int = 0
    _waiting: deque[tuple[str, bytes]] = field(default_factory=deque, init=False, repr=False)
    _until_us: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(self.seed)

    def apply(self, sent: Outgoing, now_us: int) -> Outgoing:
        """What arrives of what is sent now and of what was held up before."""
        for uuid, frame in sent:
            self._waiting.extend((uuid, arrived) for arrived in self._one(frame))
            if self._random.random() < self.delay:
                self._until_us = now_us + self.delay_us
        if now_us < self._until_us:
            return []
        arrived = list(self._waiting)
        self._waiting.clear()
        return arrived

    def hangs_up(self) -> bool:
        """Whether the link is lost at this request."""
        if self.hang_up_after is None:
            return False
        left = self.hang_up_after - 1
        self.hang_up_after = left if left > 0 else None
        return left <= 0

    def loses_answer(self) -> bool:
        """Whether the answer to this control request is lost."""
        self.lose_answers_next, lost = max(self.lose_answers_next - 1, 0), self.lose_answers_next > 0
        return lost

    def clear(self) -> None:
        """Forget what is held up: the link is gone."""
        self._waiting.clear()
        self._until_us = 0

    def _one(self, frame: bytes) -> list[bytes]:
        if self._strikes("drop"):
            return []
        if self._strikes("corrupt"):
            frame = self._damage(frame)
        return [frame, frame] if self._strikes("duplicate") else [frame]

    def _strikes(self, fault: str) -> bool:
        left: int = getattr(self, f"{fault}_next")
        if left > 0:
            setattr(self, f"{fault}_next", left - 1)
            return True
        return bool(self._random.random() < getattr(self, fault))

    def _damage(self, frame: bytes) -> bytes:
        """Cut the frame, or break its first byte: the link's checksum lets only structural damage through."""
        if self._random.random() < 0.5:
            return frame[: int(self._random.integers(1, len(frame)))]
        return bytes((frame[0] ^ int(self._random.integers(4, 256)),)) + frame[1:]
