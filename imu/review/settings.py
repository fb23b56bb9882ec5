"""What a recording is analysed with: as the person asks, else as the session says, else the default."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from imu.errors import DataError, UsageError
from imu.exercises import EXERCISES, Exercise, get_exercise
from imu.model import LineHold, Mount
from imu.motion.marked import usable_holds
from imu.motion.params import MotionParams
from imu.sessions import Recording, Said, SessionHeader
from imu.sessions.said import NOTHING
from imu.tempo import Tempo

DEFAULT_EXERCISE = "hinge"
DEFAULT_MIN_SET_REPS = 3
MOST_MIN_SET_REPS = 100
MIN_SET_REPS_KEY = "min_set_reps"
"""Key of `session.json` that keeps a choice other than the default, so that derived files can be rebuilt."""


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the person asked for; None means: as the recording says, else the default.

    With `auto` a bare recording's exercise is proposed from its motion, and a session's is compared with that.
    """

    exercise: Exercise | None = None
    auto: bool = False
    min_set_reps: int | None = None
    mount: Mount | None = None
    out: Path | None = None
    orientation: bool = False


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What one recording is analysed with; `notes` are sentences about what a person may have meant otherwise."""

    exercise: Exercise
    rate_hz: float
    min_set_reps: int
    mount: Mount | None
    straight_line_deg: float | None
    calibrations: tuple[LineHold, ...] = ()
    said: Said = NOTHING
    notes: tuple[str, ...] = ()


def settings_for(recording: Recording, wishes: Wishes, said: str = "") -> Settings:
    """Choose: what the person asks for, else what the session or manifest says, else the default."""
    header = recording.header
    key = header.exercise if header else said if said in EXERCISES else DEFAULT_EXERCISE
    exercise = wishes.exercise or _kept_exercise(recording, key)
    if header and header.target_tempo and wishes.exercise is None:
        exercise = dataclasses.replace(exercise, target_tempo=_kept_tempo(recording, header.target_tempo))
    holds, unused = usable_holds(recording.samples, recording.calibrations, MotionParams())
    return Settings(
        exercise=exercise,
        rate_hz=recording.rate_hz,
        min_set_reps=wishes.min_set_reps or _kept_min_set_reps(recording),
        mount=wishes.mount or _given_mount(header),
        straight_line_deg=_given_straight_line(header),
        calibrations=holds,
        said=recording.said,
        notes=(*_no_head(recording, wishes, exercise), *unused),
    )


def _no_head(recording: Recording, wishes: Wishes, exercise: Exercise) -> list[str]:
    """That a session folder lost what was declared, unless the person says what was done."""
    if recording.header or not recording.path.is_dir() or wishes.exercise or wishes.auto:
        return []
    return [
        f"{recording.path} has no session.json, so that it is not known what was trained; it is counted as "
        f"{exercise.key}; imu analyze with --exercise NAME, or auto, says otherwise."
    ]


def _kept_exercise(recording: Recording, key: str) -> Exercise:
    try:
        return get_exercise(key)
    except UsageError as error:
        raise _wrong_key(recording, "exercise", str(error)) from None


def _kept_tempo(recording: Recording, text: str) -> str:
    try:
        return Tempo.parse(text).text
    except UsageError:
        what = f"{text!r} is no tempo; write lowering-bottom-lift-top in seconds such as 3-0-1-1, or null."
        raise _wrong_key(recording, "target_tempo", what) from None


def _kept_min_set_reps(recording: Recording) -> int:
    kept = recording.header.extra.get(MIN_SET_REPS_KEY, DEFAULT_MIN_SET_REPS) if recording.header else None
    if kept is None:
        return DEFAULT_MIN_SET_REPS
    if not isinstance(kept, int) or isinstance(kept, bool) or not 1 <= kept <= MOST_MIN_SET_REPS:
        what = f"{kept!r} is no whole number from 1 to {MOST_MIN_SET_REPS}; mend it or delete the key."
        raise _wrong_key(recording, MIN_SET_REPS_KEY, what)
    return kept


def _wrong_key(recording: Recording, key: str, what: str) -> DataError:
    return DataError(f"{recording.path / 'session.json'}, key {key}: {what}")


def _given_mount(header: SessionHeader | None) -> Mount | None:
    """The mount the session was told. One learned from the motion is a result and is learned again."""
    return header.mount if header and header.mount and header.mount.source != "learned" else None


def _given_straight_line(header: SessionHeader | None) -> float | None:
    """The straight line the session was told; any other is a result, and is measured again or is no more."""
    return header.straight_line_deg if header and header.straight_line_source == "declared" else None
