"""A person's verdicts beside the program's, and times read off a video.

Video time + offset = session time. The offset is given as it is, or found from three taps on the sensor that can be
seen in the video and stand in the recording.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path

from imu.errors import UsageError
from imu.model import Floats, Rep, Verdict
from imu.sessions import Label, read_labels, utc_now

PROGRAM = "program"
"""In `Label.times`: the times are those of the movement that was judged."""
INSTANTS = ("start_s", "end_s", "bottom_s", "lower_start_s", "lower_end_s", "lift_start_s", "lift_end_s")


def judged(rep: Rep, verdict: Verdict, *, by: str = "", note: str = "") -> Label:
    """A person's word on a movement of the ledger; the times stay the program's and are called so."""
    return Label(
        start_s=rep.start_s, end_s=rep.end_s, verdict=verdict, by=by, at_utc=utc_now(), note=note, times=PROGRAM
    )  # fmt: skip


def added(start_s: float, end_s: float, *, by: str = "", note: str = "") -> Label:
    """A repetition that the program does not have.

    Raises:
        UsageError: It ends before it begins.
    """
    if not start_s < end_s:
        raise UsageError(f"A repetition from {start_s:g} to {end_s:g} s ends before it begins; write START-END in s.")
    return Label(start_s=start_s, end_s=end_s, verdict=Verdict.COUNTED, by=by, at_utc=utc_now(), note=note)


def from_file(path: Path, offset_s: float, *, by: str = "") -> list[Label]:
    """Labels made elsewhere, on a video's clock for example, moved onto the sensor's.

    Args:
        path: A table with `start_s,end_s,verdict` and, where they were read, the other columns of `labels.csv`.
        offset_s: What to add to every time.
        by: Whose they are, where the file does not say.

    Raises:
        DataError: It is no such table; the message names line and column.
    """
    return [
        dataclasses.replace(
            one,
            by=one.by or by,
            at_utc=one.at_utc or utc_now(),
            **{name: getattr(one, name) + offset_s for name in INSTANTS},
        )
        for one in read_labels(path)
    ]


def offset_from_taps(taps_s: Floats, tap_in_video_s: float) -> float:
    """What to add to a video's time to have the session's.

    Args:
        taps_s: When the first of three taps was felt, from `find_taps`.
        tap_in_video_s: When the first of the three is seen.

    Raises:
        UsageError: There are no taps in the recording, or more than one group of three.
    """
    if not len(taps_s):
        raise UsageError(
            "No three sharp taps were found in this recording (they need 50 samples a second and quiet around "
            "them); give --video-offset in seconds instead."
        )
    if len(taps_s) > 1:
        places = ", ".join(f"{s:.2f}" for s in taps_s)
        raise UsageError(f"Three taps were found at {places} s; say which by --video-offset = one of them minus its "
                         "time in the video.")  # fmt: skip
    return float(taps_s[0]) - tap_in_video_s


def what_holds(reps: Iterable[Rep], labels: Sequence[Label]) -> list[Verdict]:
    """The verdict of each movement once a person's last word on it is taken."""
    return [label_of(rep, labels) or rep.verdict for rep in reps]


def label_of(rep: Rep, labels: Sequence[Label]) -> Verdict | None:
    """The last verdict a person gave on a stretch of time that holds the middle of the movement."""
    middle_s = 0.5 * (rep.start_s + rep.end_s)
    return next((one.verdict for one in reversed(labels) if one.start_s <= middle_s <= one.end_s), None)
