"""`imu report`: a session as one page that needs nothing but itself: no network, no script."""

from __future__ import annotations

import dataclasses
import webbrowser
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path

from imu.app import console, pages, summary
from imu.app.inputs import chosen, read_all
from imu.app.pages import escaped
from imu.app.plots import Picture, charts_for, trace
from imu.errors import UsageError
from imu.review.tables import Review
from imu.sessions.files import replace_file

NAME = "report.html"
NARROW_IN = 4.2
"""Two of these stand side by side on paper and on a desk; one fills a phone, its letters still large enough."""
ENDINGS = (".html", ".htm")


def command(path: Path | None, *, folder: Path, html: Path | None, show: bool) -> None:
    """Write the page of a session, and open it if wanted.

    Args:
        path: A session or a bare recording; None is the latest below `folder`.
        folder: Where sessions are recorded.
        html: Where to write it; None is the session's folder.
        show: Open it in the browser.

    Raises:
        UsageError: The page's name is none, or several sessions were named.
        DataError: The session cannot be read.
        StorageError: The page could not be written.
    """
    if html is not None and html.suffix.lower() not in ENDINGS:
        raise UsageError(f"--html {html}: a page's name ends in .html; give it that.")
    named = chosen([] if path is None else [path], folder)
    if len(named) > 1:
        raise UsageError(f"{path} holds {len(named)} sessions; name one. imu plot {path} compares them.")
    (review,) = read_all(named)
    with console.bar("drawing", len(charts_for(review))) as step:
        page = render(review, step)
    place = html or _place(named[0])
    replace_file(place, [page.encode()], option="--html")
    console.out().print(f"Report: {place}", soft_wrap=True)
    if show and not webbrowser.open(place.resolve().as_uri()):
        console.err().print("No browser could be started; open the file by hand.", style="yellow")


def _place(path: Path) -> Path:
    return path / NAME if path.is_dir() else path.with_name(f"{path.name}.{NAME}")


def render(review: Review, step: Callable[[float], None] | None = None) -> str:
    """The whole page as text.

    Args:
        review: What is reported.
        step: Told how many pictures are done.
    """
    css = resources.files("imu.app").joinpath("report.css").read_text(encoding="utf-8")
    title = f"{review.exercise.name}{f', {review.header.started_utc[:10]}' if review.header else ''}"
    return "\n".join([
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escaped(title)}</title>\n<style>\n{css}</style></head><body>",
        *pages.head(review),
        '<ul class="summary">',
        *(f"<li>{escaped(line)}</li>" for line in summary.in_words(review)),
        "</ul>",
        *pages.notes(review),
        "<h2>Pictures</h2>",
        '<div class="figures">',
        *_figures(review, step or (lambda _: None)),
        "</div>",
        *pages.tables(review),
        *pages.foot(review),
        "</body></html>\n",
    ])  # fmt: skip


def _figures(review: Review, step: Callable[[float], None]) -> Iterator[str]:
    for done, chart in enumerate(charts_for(review)):
        if chart.name == trace.name and len(review.sets) > 1:
            yield from _trace_by_set(review)
        else:
            yield _figure(chart(review, width_in=NARROW_IN))
        step(done + 1)


def _trace_by_set(review: Review) -> Iterator[str]:
    """A picture a set, so that they find their places on paper; how to read them is said once."""
    for number in review.sets["set"]:
        part = dataclasses.replace(
            review, sets=review.sets[review.sets["set"] == number], reps=review.reps[review.reps["set"] == number]
        )
        picture = trace(part, width_in=NARROW_IN)
        picture.name = f"{picture.name}-{number}"
        picture.title = picture.title.replace("set by set", f"set {number}")
        picture.caption = picture.caption if number == review.sets["set"].iloc[0] else ""
        yield _figure(picture)


def _figure(picture: Picture) -> str:
    caption = f"<figcaption>{escaped(picture.caption)}</figcaption>" if picture.caption else ""
    svg = picture.inline_svg()
    return f'<figure id="{picture.name}"><h3>{escaped(picture.title)}</h3>\n{svg}{caption}</figure>'
