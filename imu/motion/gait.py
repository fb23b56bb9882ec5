"""Blocks -> walking: the mark of having left the bench."""

from __future__ import annotations

import numpy as np

from imu.motion.blocks import Blocks

STEPS_BLOCKS = 8
"""Two seconds of it, about four steps, are walking."""


class Gait:
    """Stage: `Inclination` -> the times at which walking is certain."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._done = 0

    def walked(self) -> list[float]:
        """Times since the last call at which the trunk had been walking for `STEPS_BLOCKS` blocks."""
        start, end = max(self._done - STEPS_BLOCKS + 1, 0), len(self._blocks)
        if end - start < STEPS_BLOCKS or end == self._done:
            return []
        steps = self._blocks.stepping(start, end)
        enough = np.lib.stride_tricks.sliding_window_view(steps, STEPS_BLOCKS).all(axis=1)
        self._done = end
        times = self._blocks.end_s(start, end)[STEPS_BLOCKS - 1 :]
        return [float(t) for t in times[enough]]
