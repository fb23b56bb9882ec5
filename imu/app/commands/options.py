"""Options that several commands share, and what they mean."""

# ruff: noqa: PLC0415 (the imports inside the commands are what keeps --help quick)

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imu.exercises import EXERCISES, get_exercise

if TYPE_CHECKING:
    from imu.exercises import Exercise
    from imu.model import Mount

RECORDINGS = Path("recordings")
AUTO = "auto"
"""The name with which `imu analyze` proposes the exercise by itself."""


def is_verbose() -> bool:
    """Whether tracebacks are wanted."""
    return logging.getLogger("imu").isEnabledFor(logging.DEBUG)


def _log(on: bool) -> None:
    if on:
        logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(name)s %(levelname)s %(message)s")
        for room in ("imu", "firmware_proto", "bleak"):
            logging.getLogger(room).setLevel(logging.DEBUG)


Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", callback=_log, help="Write a log to stderr, and tracebacks of errors.")
]
ExerciseName = Annotated[
    str, typer.Option("--exercise", "-e", metavar="NAME", help=f"What is trained: {', '.join(EXERCISES)}.")
]
SIMULATED = [key for key in EXERCISES if key != "hinge"]
"""`hinge` is any movement, and nobody does just any."""
SimulatedName = Annotated[
    str, typer.Option("--exercise", "-e", metavar="NAME", help=f"What is trained: {', '.join(SIMULATED)}.")
]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the session's folder is made.")]
MountAxes = Annotated[
    str | None,
    typer.Option(
        "--mount",
        metavar="HEAD,CHEST",
        help="Sensor axes that point towards the head and out of the chest, such as +y,+z; found out by itself if "
        "not given.",
    ),
]
SensorRate = Annotated[
    float | None,
    typer.Option(
        "--rate", min=1.0, metavar="HZ", help="Of the sensor, one that it offers; its usual one if not given."
    ),
]
Calibrate = Annotated[
    bool,
    typer.Option(
        "--calibrate",
        help="Begin with the straight line: hold the body in one straight line, still, for 3 s; tops are then measured "
        "from it.",
    ),
]
Load = Annotated[float | None, typer.Option(min=0.0, max=1000.0, metavar="KG", help="Weight held or worn.")]
TargetTempo = Annotated[
    str | None,
    typer.Option(metavar="L-B-L-T", help="Target: lower-bottom-lift-top in seconds, X as fast as possible."),
]
SetRest = Annotated[
    float | None, typer.Option(min=0.0, max=3600.0, metavar="S", help="Planned rest between sets, in seconds.")
]
TargetReps = Annotated[int | None, typer.Option("--reps", min=1, max=1000, metavar="N", help="Target count of a set.")]
SpokenAloud = Annotated[
    str,
    typer.Option(
        "--voice",
        metavar="off|count|coach",
        help="Say the count, or also how it was done, where this machine can speak; the bell rings where it cannot.",
    ),
]
Person = Annotated[str | None, typer.Option(metavar="PSEUDONYM", help="It is written into the session.")]
Seed = Annotated[int, typer.Option(min=0, metavar="N", help="Another seed is another person on another day.")]
Speed = Annotated[float, typer.Option(min=0.1, max=1000.0, metavar="N", help="N times faster than real time.")]


def mount_of(axes: str | None) -> Mount | None:
    """What `--mount` says.

    Raises:
        UsageError: These are no two axes.
    """
    from imu.errors import UsageError
    from imu.model import Mount

    if axes is None:
        return None
    cranial, _, anterior = axes.replace(" ", "").lower().partition(",")
    try:
        return Mount.from_axes(cranial=cranial, anterior=anterior)
    except ValueError as error:
        raise UsageError(
            f"--mount {axes}: {error}. Name the axis towards the head, then the one out of the chest: --mount +y,+z."
        ) from None


def exercise_of(name: str) -> Exercise:
    """The row of an exercise that has to be known beforehand.

    Raises:
        UsageError: There is none of that name, or it was left to be found out.
    """
    from imu.errors import UsageError

    if name == AUTO:
        raise UsageError(
            "--exercise auto looks at whole sets, so it works afterwards, with imu analyze; here name the exercise, "
            "or hinge, any trunk hinge."
        )
    return get_exercise(name)
