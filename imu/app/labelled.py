"""`imu evaluate SESSION ...`: the program against a person's labels, and how much sessions scatter by themselves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import pandas as pd

from imu.app.sheets import AGREEMENT, Sheet, agreement_cells, number, share
from imu.errors import DataError
from imu.evaluation.agreement import agreement
from imu.evaluation.labelled import INSTANTS, Compared, Truth, compare
from imu.evaluation.repeatability import repeatability
from imu.review.labelling import PROGRAM
from imu.review.listing import find_sessions
from imu.review.tables import Review, read_session
from imu.sessions import Label
from imu.sessions.labelfile import labels_of

METRICS = {
    "lower_s": "lowering, s", "bottom_hold_s": "bottom hold, s", "lift_s": "lift, s", "top_hold_s": "top hold, s",
    "rom_deg": "range, deg", "top_deg": "top, deg", "peak_lift_dps": "peak lift rate, deg/s",
    "smoothness": "smoothness",
}  # fmt: skip
Group = tuple[str, str, float, bool]


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """One session with what its labels say.

    Attributes:
        group: What it repeats: person, exercise, load, and whether no body moved.
        means: Its metrics, the mean over its counted repetitions.
    """

    path: Path
    group: Group
    compared: Compared | None
    means: dict[str, float]


def is_labelled_folder(paths: Sequence[Path]) -> bool:
    """Whether these are sessions, or folders of sessions, rather than a data set with truth in tables."""
    return bool(paths) and all(p.is_dir() and not (p / "manifest.csv").is_file() and _sessions(p) for p in paths)


def _sessions(path: Path) -> list[Path]:
    return [one.path for one in find_sessions(path) if (one.path / "samples.csv").is_file()]


def sessions_in(paths: Iterable[Path]) -> list[Path]:
    """Every session in folders and folders of folders, each once."""
    return list({one.resolve(): one for path in paths for one in _sessions(path)}.values())


def look(path: Path) -> Labelled | str:
    """Read and analyse one session; a sentence where it cannot be read."""
    try:
        return _one(path)
    except DataError as error:
        return str(error)


def _one(path: Path) -> Labelled:
    review = read_session(path)
    labels, header = labels_of(path), review.header
    return Labelled(
        path=path,
        group=(
            (header.person or "") if header else "",
            review.exercise.key,
            (header.load_kg or 0.0) if header else 0.0,
            review.synthetic,
        ),
        compared=compare(review.analysis.reps, [_truth(one) for one in labels]) if labels else None,
        means=_means(review),
    )


def _truth(label: Label) -> Truth:
    read = {} if label.times == PROGRAM else {name: getattr(label, name) for name in INSTANTS}
    return Truth(
        start_s=label.start_s,
        end_s=label.end_s,
        counted=label.verdict == "COUNTED",
        instants_s={name: value for name, value in read.items() if isfinite(value)},
    )


def _means(review: Review) -> dict[str, float]:
    reps: pd.DataFrame = review.reps
    return {name: float(reps[name].mean()) for name in METRICS} if len(reps) else {}


def sheets(found: Sequence[Labelled]) -> list[Sheet]:
    """All tables of labelled sessions."""
    made = [_counts(found), _times(found), _changes(found)]
    return [one for one in made if one.rows]


def _counts(found: Sequence[Labelled]) -> Sheet:
    rows = [(one.path.name, *_cells(one.compared)) for one in found if one.compared is not None]
    compared = [one.compared for one in found if one.compared is not None]
    if len(compared) > 1:
        total = ("all", *(str(sum(getattr(c, name) for c in compared)) for name in _FIGURES))
        rows.append((*total, share(sum(c.exact for c in compared), len(compared))))
    unlabelled = sum(one.compared is None for one in found)
    return Sheet(
        title="The count against a person's labels",
        columns=("session", "right", "missed", "wrongly counted", "rightly not", "not labelled", "exact"),
        rows=tuple(rows),
        notes=(
            "Not labelled: counted by the program, and nobody said whether rightly.",
            *([f"{unlabelled} sessions without labels are left out."] if unlabelled else []),
        ),
    )


_FIGURES = ("right", "missed", "wrong", "rejected", "unlabelled")


def _cells(compared: Compared | None) -> tuple[str, ...]:
    if compared is None:
        return ()
    return (*(str(getattr(compared, name)) for name in _FIGURES), "yes" if compared.exact else "no")


def _times(found: Sequence[Labelled]) -> Sheet:
    errors: dict[str, list[float]] = {}
    for one in found:
        for name, values in (one.compared.errors_s if one.compared else {}).items():
            errors.setdefault(name, []).extend(values)
    return Sheet(
        title="Times against those a person read, program minus person, in s",
        columns=("instant", *AGREEMENT),
        rows=tuple((name, *agreement_cells(agreement(errors[name]))) for name in INSTANTS if name in errors),
        notes=("Limits of agreement: bias -+ 1.96 standard deviations (Bland & Altman 1986). Movements that were only "
               "accepted carry the program's own times and are left out here.",),
    )  # fmt: skip


def _changes(found: Sequence[Labelled]) -> Sheet:
    groups: dict[Group, list[Labelled]] = {}
    for one in found:
        groups.setdefault(one.group, []).append(one)
    rows = []
    for name, title in METRICS.items():
        r = repeatability([one.means.get(name, float("nan")) for one in some] for some in groups.values())
        if r.groups:
            cells = (str(r.groups), str(r.sessions), number(r.mean), number(r.sem), number(r.mdc95))
            rows.append((title, *cells))
    return Sheet(
        title="Minimal detectable change between two sessions of a person, of the mean over a session's repetitions",
        columns=("metric", "people", "sessions", "mean", "SEM", "MDC95"),
        rows=tuple(rows),
        notes=(
            "People: who has two sessions or more of one exercise at one load; sessions without a person count as one "
            "person's, synthetic ones as another's. A smaller change is within the person's own scatter (Weir 2005). "
            "From fewer than ten repeated sessions the figure itself is rough.",
        ),
    )
