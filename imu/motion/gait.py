"""Blocks -> walking: the mark of having left the bench."""

from __future__ import annotations

from imu.motion.blocks import STEPS_BLOCKS, Blocks


class Gait:
    """Stage: `Blocks` -> times at which walking is certain: after `STEPS_BLOCKS` blocks, and after as many again."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._done = 0
        self._run = 0

    def walked(self) -> list[float]:
        """The times since the last call."""
        if self._done == len(self._blocks):
            return []
        start, self._done = self._done, len(self._blocks)
        steps = self._blocks.stepping(start, self._done)
        times = self._blocks.end_s(start, self._done)
        out = []
        for step, end_s in zip(steps.tolist(), times.tolist(), strict=True):
            self._run = self._run + 1 if step else 0
            if step and self._run % STEPS_BLOCKS == 0:
                out.append(end_s)
        return out
