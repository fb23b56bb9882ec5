"""`imu plot`: one picture of a session, or all of them, as files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from imu.app import console
from imu.app.inputs import chosen, read_all
from imu.app.plots import CHARTS, ENDINGS, Chart, Picture, charts_for, sessions
from imu.errors import UsageError
from imu.review.tables import Review
from imu.sessions.files import replace_file

ALL = "all"
DEFAULT = "trace"
DEFAULT_STATIC = "hold"


def show_list() -> None:
    """Print every figure's name and what it shows."""
    for name, title in (*((one.name, one.title) for one in CHARTS.values()), (sessions.name, sessions.title)):
        console.out().print(f"{name:<10} {title}")


def command(paths: Sequence[Path], *, folder: Path, figure: str | None, save: Path | None) -> None:
    """Draw and save.

    Args:
        paths: Sessions or bare recordings; none is the latest below `folder`.
        folder: Where sessions are recorded.
        figure: Name of a picture, `all`, or None: the angle's trace, of several sessions their comparison.
        save: The picture's file; with `all` the name of each figure is added. None: into the session's folder.

    Raises:
        UsageError: There is no such picture, or no such kind of file; nothing was read for it.
        DataError: A session cannot be read.
        StorageError: A picture could not be written.
    """
    name = None if figure is None else figure.strip().lower().replace("_", "-")
    _check(name, save)
    reviews = read_all(chosen(paths, folder))
    if len(reviews) > 1 and name not in (None, sessions.name):
        raise UsageError(f"The picture {name} is of one session; give one, or --figure {sessions.name} for several.")
    if name == sessions.name or len(reviews) > 1:
        _write(sessions(reviews), save or folder / f"{sessions.name}.png")
        return
    (review,) = reviews
    wanted = _wanted(name, review)
    with console.bar("drawing", len(wanted)) as step:
        for done, one in enumerate(wanted):
            _write(one(review), _place(review, one, save, several=name == ALL))
            step(done + 1)


def _check(name: str | None, save: Path | None) -> None:
    names = (*CHARTS, sessions.name, ALL)
    if name is not None and name not in names:
        raise UsageError(f"There is no picture {name!r}; choose one of: {', '.join(names)}. imu plot --list says more.")
    if save is not None and save.suffix.lower().lstrip(".") not in ENDINGS:
        kinds = ", ".join(f".{one}" for one in ENDINGS)
        raise UsageError(f"--save {save}: a picture's name ends in one of {kinds}; give it one of these.")


def _wanted(name: str | None, review: Review) -> list[Chart[Review]]:
    if name == ALL:
        return charts_for(review)
    return [CHARTS[name or (DEFAULT_STATIC if review.exercise.static else DEFAULT)]]


def _place(review: Review, one: Chart[Review], save: Path | None, *, several: bool) -> Path:
    """Where a picture goes: as asked, else into the session, or beside a bare recording."""
    if save is not None:
        return save.with_name(f"{save.stem}-{one.name}{save.suffix}") if several else save
    path = review.path or Path()
    return path / f"{one.name}.png" if path.is_dir() else path.with_name(f"{path.name}.{one.name}.png")


def _write(picture: Picture, place: Path) -> None:
    replace_file(place, [picture.render(place.suffix.lower().lstrip("."))], option="--save")
    console.out().print(f"{picture.title}: {place}", soft_wrap=True)
