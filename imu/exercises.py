"""One row per exercise: what its repetition looks like from the chest.

Angles are trunk pitch as in `imu.model` (0 prone horizontal, +90 upright, -90 hanging head down; extension raises it).
The rows are starting points for judging a movement, wide enough for beginners and for a strap worn off centre, and no
prescriptions. All movements are described by the trunk alone: one chest sensor sees neither hip nor lumbar spine.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from imu.errors import UsageError


class End(StrEnum):
    """The end of the range at which a repetition begins."""

    BOTTOM = "bottom"
    TOP = "top"
    EITHER = "either"


@dataclass(frozen=True, kw_only=True, slots=True)
class Exercise:
    """What a repetition of one exercise looks like from the chest.

    Attributes:
        key: Name on the command line and in files.
        name: Name for people.
        start: The end at which a repetition begins.
        top_deg: Nominal trunk pitch at the top, or None where any posture will do.
        bottom_deg: Nominal trunk pitch at the bottom, or None.
        rom_deg: Nominal range; judges completeness until the set's own median is known.
        min_rom_deg: Smallest range that can be a repetition at all.
        posture_tolerance_deg: How far top and bottom may lie from nominal.
        min_stroke_s: A lift or lowering faster than this is something else (a fall, a knock).
        max_stroke_s: A slower one is a change of posture.
        static: One long hold instead of repetitions.
        target_tempo: Eccentric-bottom-concentric-top in seconds, `X` as fast as possible.
        ballistic: It is swung: strokes of about half a second, without a hold.
        family: Exercises of one family are alike from the chest: told apart by the range at most.
    """

    key: str
    name: str
    start: End
    top_deg: float | None
    bottom_deg: float | None
    rom_deg: float
    min_rom_deg: float
    posture_tolerance_deg: float = 40.0
    min_stroke_s: float = 0.35
    max_stroke_s: float = 12.0
    static: bool = False
    target_tempo: str = "3-0-1-1"
    ballistic: bool = False
    family: str = ""


EXERCISES: dict[str, Exercise] = {
    row.key: row
    for row in (
        Exercise(
            key="back-extension", name="Back extension (45-degree bench)", start=End.BOTTOM,
            top_deg=45.0, bottom_deg=-45.0, rom_deg=85.0, min_rom_deg=25.0,
        ),
        Exercise(
            key="roman-chair", name="Back extension (roman chair)", start=End.BOTTOM,
            top_deg=0.0, bottom_deg=-75.0, rom_deg=70.0, min_rom_deg=25.0,
        ),
        Exercise(
            key="floor-back-extension", name="Floor back extension", start=End.BOTTOM,
            top_deg=25.0, bottom_deg=0.0, rom_deg=25.0, min_rom_deg=10.0, posture_tolerance_deg=30.0,
        ),
        Exercise(
            key="good-morning", name="Good morning", start=End.TOP,
            top_deg=88.0, bottom_deg=15.0, rom_deg=70.0, min_rom_deg=25.0, family="standing hinge",
        ),
        Exercise(
            key="deadlift", name="Deadlift", start=End.BOTTOM,
            top_deg=90.0, bottom_deg=35.0, rom_deg=55.0, min_rom_deg=20.0,
            target_tempo="2-0-1-1", family="standing hinge",
        ),
        Exercise(
            key="trap-bar-deadlift", name="Trap-bar deadlift", start=End.BOTTOM,
            top_deg=90.0, bottom_deg=45.0, rom_deg=45.0, min_rom_deg=18.0,
            target_tempo="2-0-1-1", family="standing hinge",
        ),
        Exercise(
            key="romanian-deadlift", name="Romanian deadlift", start=End.TOP,
            top_deg=90.0, bottom_deg=20.0, rom_deg=68.0, min_rom_deg=25.0, family="standing hinge",
        ),
        Exercise(
            key="kettlebell-swing", name="Kettlebell swing", start=End.TOP,
            top_deg=92.0, bottom_deg=20.0, rom_deg=70.0, min_rom_deg=25.0, min_stroke_s=0.2, max_stroke_s=1.6,
            target_tempo="X-0-X-0", ballistic=True,
        ),
        Exercise(
            key="sorensen-hold", name="Static top hold (Biering-Soerensen)", start=End.BOTTOM,
            top_deg=0.0, bottom_deg=-60.0, rom_deg=60.0, min_rom_deg=15.0, max_stroke_s=60.0,
            static=True, target_tempo="3-0-2-60",
        ),
        Exercise(
            key="hinge", name="Any trunk hinge", start=End.EITHER,
            top_deg=None, bottom_deg=None, rom_deg=36.0, min_rom_deg=20.0,
        ),
    )
}  # fmt: skip


def get_exercise(key: str) -> Exercise:
    """Return the row of an exercise.

    Raises:
        UsageError: There is no such exercise; the message lists those that exist.
    """
    try:
        return EXERCISES[key]
    except KeyError:
        raise UsageError(f"There is no exercise {key!r}; choose one of: {', '.join(EXERCISES)}.") from None
