"""The simulated person of `imu demo` and `imu simulate`."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

from firmware_proto.motion import STYLES, Recording, SensorModel, SetPlan, simulate
from imu.errors import UsageError
from imu.exercises import Exercise
from imu.sessions.files import replace_file
from imu.tempo import Tempo

SHORTEST_BOTTOM_S = 0.2
"""Nobody turns round at the bottom in no time."""
SHORTEST_STROKE_S = 0.5
HOLD_REPS = 1
"""A static hold is done once."""
REPS = 10
STRAIGHT_HOLD_S = 5.0
"""What somebody holds who is asked for 3 s."""


def perform(
    exercise: Exercise,
    *,
    reps: int | None = None,
    sets: int = 1,
    seed: int = 1,
    rate_hz: float = 104.0,
    gyroscope: bool = True,
    calibrate: bool = False,
) -> Recording:
    """Let a person step up, do the sets near the exercise's target tempo, tire a little, and step off.

    With `calibrate` they hold the straight line before the first set; in a static hold they hold it anyway.

    Raises:
        UsageError: Nobody can simulate this exercise.
    """
    if exercise.key not in STYLES:
        raise UsageError(f"{exercise.name} ({exercise.key}) cannot be simulated; choose one of: {', '.join(STYLES)}.")
    lower, bottom, lift, top = Tempo.parse(exercise.target_tempo).phases_s
    plan = SetPlan(
        style=exercise.key,
        reps=reps or (HOLD_REPS if exercise.static else REPS),
        sets=sets,
        slowdown=0.2,
        straight_hold_s=STRAIGHT_HOLD_S if calibrate and not exercise.static else 0.0,
        misalignment_deg=(2.0, -4.0, 3.0),
        lower_s=_at_least(SHORTEST_STROKE_S, lower),
        bottom_hold_s=_at_least(SHORTEST_BOTTOM_S, bottom),
        lift_s=_at_least(SHORTEST_STROKE_S, lift),
        top_hold_s=top,
    )
    sensor = SensorModel(rate_hz=rate_hz, gyroscope=gyroscope, clock_error=0.012, crystal_ppm=15.0)
    return simulate(plan, sensor, seed)


def _at_least(shortest_s: float, wanted_s: float | None) -> float | None:
    """A target time as a person can do it; `X` is left to the simulated style."""
    return None if wanted_s is None else max(wanted_s, shortest_s)


def write_truth(path: Path, recording: Recording) -> None:
    """Write what was really done, one row a repetition or other movement.

    Raises:
        StorageError: It could not be written.
    """
    rows = recording.truth_rows()
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    table = csv.DictWriter(text, names, restval="", lineterminator="\n")
    table.writeheader()
    table.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    replace_file(path, [text.getvalue().encode()])


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.4f}"
    return value
