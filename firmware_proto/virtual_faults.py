"""What can go wrong between a device and its host, on purpose and repeatably."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np


@dataclass(kw_only=True)
class Faults:
    """Faults of the notifications on their way; everything is off unless set. Fields may be set at any time.

    Attributes:
        seed: Of the chances below.
        drop, corrupt, duplicate, delay: Chance of each frame to be lost, damaged, delivered twice or held up.
        delay_us: How long a delayed frame, and all behind it, is held up (ATT never reorders).
        drop_next, corrupt_next, duplicate_next: So many of the next frames, whatever the chances.
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
    _waiting: deque[bytes] = field(default_factory=deque, init=False, repr=False)
    _until_us: int = field(default=0, init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(self.seed)

    def apply(self, frames: list[bytes], now_us: int) -> list[bytes]:
        """What arrives of the frames sent now and of those held up before."""
        for frame in frames:
            self._waiting.extend(self._one(frame))
            if self._random.random() < self.delay:
                self._until_us = now_us + self.delay_us
        if now_us < self._until_us:
            return []
        arrived = list(self._waiting)
        self._waiting.clear()
        return arrived

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
