"""Samples and settings -> analysis: the one way by which every derived file, table and picture is made."""

from __future__ import annotations

from collections.abc import Callable

from imu.model import Analysis
from imu.motion.pipeline import Pipeline, analyze
from imu.review.settings import Settings
from imu.sessions import Recording

Progress = Callable[[float], None]


def run(recording: Recording, settings: Settings, progress: Progress | None = None) -> tuple[Analysis, Pipeline]:
    """Analyse samples.

    Args:
        recording: What to analyse.
        settings: From `settings_for`.
        progress: Called with the share that is done, 0 to 1.
    """
    return analyze(
        recording.samples,
        settings.exercise,
        rate_hz=settings.rate_hz,
        mount=settings.mount,
        straight_line_deg=settings.straight_line_deg,
        calibrations=settings.calibrations,
        marked=settings.said.marked,
        tempos=settings.said.tempos,
        min_set_reps=settings.min_set_reps,
        progress=progress,
    )
