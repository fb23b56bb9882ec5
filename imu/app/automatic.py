"""`--exercise auto`: what a recording is analysed with, what is said of the proposals, and their file."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from imu.app import words
from imu.exercises import EXERCISES, get_exercise
from imu.motion.recognise import UNKNOWN, Proposal, chosen, likeliest
from imu.review.settings import DEFAULT_EXERCISE, Settings
from imu.sessions import Recording
from imu.sessions.files import replace_file

COLUMNS = "set,start_s,end_s,exercise,confidence,family,second,second_confidence,posture_known"
UNSURE = (
    "How the sensor sat is not sure, so only range and speed were compared, which seldom suffices; "
    "--mount HEAD,CHEST settles it."
)


def first_settings(settings: Settings) -> Settings:
    """What a recording is looked at with before its exercise is known."""
    return dataclasses.replace(settings, exercise=get_exercise(DEFAULT_EXERCISE))


def final_settings(recording: Recording, settings: Settings, proposals: tuple[Proposal, ...]) -> Settings:
    """What it is then analysed with: what its session declares, else what its sets were proposed to be, else hinge.

    Where only their family is sure, it is counted as the likeliest of that: from which end the repetitions start is
    then known, which `hinge` leaves open.
    """
    if recording.header is not None:
        return settings
    return dataclasses.replace(settings, exercise=get_exercise(likeliest(proposals) or DEFAULT_EXERCISE))


def lines(proposals: tuple[Proposal, ...], analysed_as: str, declared: str | None) -> list[str]:
    """What a person is told: each set's proposal, and what follows from them."""
    if proposals:
        said = [words.proposal_line(one) for one in proposals]
    else:
        said = ["No set was found of which an exercise could be proposed."]
    if not all(one.posture_known for one in proposals):
        said.append(UNSURE)
    return [*said, _consequence(proposals, analysed_as, declared)]


def _consequence(proposals: tuple[Proposal, ...], analysed_as: str, declared: str | None) -> str:
    proposed = chosen(proposals)
    if declared is None:
        return f"Analysed as {analysed_as}, {_why(proposals)}."
    stays = f"The session was declared as {declared} and analysed so"
    if proposed == declared:
        return f"{stays}; the proposal agrees."
    if proposed is None:
        return f"{stays}; the proposals {'do not speak against it' if _may_be(proposals, declared) else 'differ'}."
    return f"{stays}; the proposal differs. To see it as {proposed}, give --exercise {proposed} --out DIR."


def _why(proposals: tuple[Proposal, ...]) -> str:
    if chosen(proposals):
        return "as proposed"
    best = likeliest(proposals)
    return f"the likeliest {EXERCISES[best].family}" if best else "since no one exercise is sure for all"


def _may_be(proposals: tuple[Proposal, ...], declared: str) -> bool:
    """Whether no set is proposed to be something else; a family speaks for all its exercises."""
    family = EXERCISES[declared].family
    return all(p.exercise in (UNKNOWN, declared) and p.family in ("", family) for p in proposals)


def short(proposals: Sequence[Proposal]) -> str:
    """All proposals of a recording in a few words, set by set."""
    return ", ".join(_short(one) for one in proposals) or "-"


def _short(one: Proposal) -> str:
    return (
        one.family or one.exercise if one.exercise == UNKNOWN else f"{one.exercise} {words.confidence(one.confidence)}"
    )


def write_proposals(path: Path, proposals: Sequence[Proposal]) -> None:
    """Write one row a set; `exercise` is `unknown` where none is sure, and `family` what is sure all the same.

    Raises:
        StorageError: It could not be written.
    """
    rows = "".join(_row(one) for one in proposals)
    replace_file(path, [f"{COLUMNS}\n".encode(), rows.encode()])


def _row(one: Proposal) -> str:
    (_, _), (second, share), *_ = one.ranked
    set_ = "" if one.set is None else str(one.set)
    known = "true" if one.posture_known else "false"
    return (
        f"{set_},{one.start_s:.4f},{one.end_s:.4f},{one.exercise},{one.confidence:.3f},{one.family},"
        f"{second},{share:.3f},{known}\n"
    )
