"""A straight-line calibration by ear: what to do, the seconds that are left, and what came of it."""

from __future__ import annotations

import math

from imu.model import CalibrationStep, LiveState

ASKED = "straight line, hold still"
STEPS = {
    CalibrationStep.TAKEN: "straight line taken",
    CalibrationStep.UNSTEADY: "moved, hold still",
    CalibrationStep.ELSEWHERE: "come into the straight line",
    CalibrationStep.GIVEN_UP: "straight line given up",
}
_ROUNDING = 1e-6
POSTURE_DEG = 25.0
"""Nothing is counted down further from the exercise's own top: whoever hangs or stands by is still, too."""


class Lining:
    """Follows one calibration after the other.

    Args:
        top_deg: Where the exercise's straight line is expected; None where it may be anywhere.
    """

    def __init__(self, top_deg: float | None) -> None:
        self.top_deg = top_deg
        self.under_way = False
        self._left = math.inf

    def tick(self, live: LiveState) -> str | None:
        """The next word, if there is one."""
        state, asked = live.calibration, self.under_way
        self.under_way = state is not None
        if state is None:
            return None
        whole = round(state.wanted_s)
        if not asked or not self._may_be_line(live.pitch_deg):
            self._left = whole
            return None if asked else ASKED
        # The words before stand for the first second: whoever moves is still for half of one at times.
        left = math.ceil(whole * state.left_s / state.wanted_s - _ROUNDING)
        before, self._left = self._left, left
        return str(left) if 0 < left < min(before, whole) else None

    def step(self, step: CalibrationStep) -> str:
        """The words for a step of it; what is still to hold is counted down anew."""
        self._left = math.inf
        return STEPS[step]

    def _may_be_line(self, pitch_deg: float) -> bool:
        """Before the mount is known there is no pitch, and any posture may be the one."""
        return self.top_deg is None or math.isnan(pitch_deg) or abs(pitch_deg - self.top_deg) <= POSTURE_DEG
