"""A person's verdicts beside the program's, and times read off a video.

Video time + offset = session time. The offset is given as it is, or found from three taps on the sensor that can be
seen in the video and stand in the recording.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path

from imu.errors import UsageError
from imu.evaluation.spoken import Spoken, Word, spoken
from imu.model import Floats, Rep, Verdict
from imu.sessions import Label, read_labels, utc_now
from imu.sessions.labelfile import TIMES

PROGRAM = "program"
"""In `Label.times`: the times are those of the movement that was judged."""


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
            **{name: getattr(one, name) + offset_s for name in TIMES},
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


def check_inside(labels: Iterable[Label], t_s: Floats) -> None:
    """Refuse labels of times at which nothing was recorded: mostly the offset of a video is wrong.

    Args:
        labels: On the sensor's clock.
        t_s: The samples' times.

    Raises:
        UsageError: A label has no time in common with the recording.
    """
    first_s, last_s = float(t_s[0]), float(t_s[-1])
    outside = [one for one in labels if one.end_s <= first_s or one.start_s >= last_s]
    if outside:
        one = outside[0]
        others = f" (and {len(outside) - 1} more)" if len(outside) > 1 else ""
        raise UsageError(
            f"The label from {one.start_s:g} to {one.end_s:g} s{others} lies outside of the recording, which is from "
            f"{first_s:g} to {last_s:g} s; check the times, and of a video --video-offset: session minus video time."
        )


def verdicts_on(reps: Sequence[Rep], labels: Sequence[Label]) -> list[Verdict | None]:
    """A person's verdict on each movement, None where nobody spoke of it (`imu.evaluation.spoken`)."""
    found = _spoken(reps, labels)
    return [None if place is None else labels[place].verdict for place in found.of]


def added_to(reps: Sequence[Rep], labels: Sequence[Label]) -> list[Label]:
    """The labels that are repetitions for which the program has no movement at all."""
    return [one for one in (labels[place] for place in _spoken(reps, labels).alone) if one.verdict is Verdict.COUNTED]


def _spoken(reps: Sequence[Rep], labels: Sequence[Label]) -> Spoken:
    words = [Word(span=(one.start_s, one.end_s), counted=one.verdict is Verdict.COUNTED) for one in labels]
    return spoken([(rep.start_s, rep.end_s) for rep in reps], words)
