"""What all pictures share: a figure that carries its own caption, its dress, and how it becomes PNG, SVG or PDF."""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

T = TypeVar("T")

ENDINGS = ("png", "svg", "pdf")
WIDTH_IN = 7.5
"""Fits a page and a notebook; a report takes two narrower ones side by side, or one on a phone."""
NARROW_IN = 6.0
NARROW_HEIGHT = 0.8
DPI = 110
PRINT_DPI = 200
CHARACTERS_PER_IN = 17.0
"""Of the caption's type."""
STYLE: Any = {  # its keys are literals of matplotlib, a type that older versions have not
    "font.family": "sans-serif",
    "font.size": 8.0,
    "axes.titlesize": 8.5,
    "axes.titlelocation": "left",
    "axes.labelsize": 8.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#666666",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.2,
    "legend.frameon": False,
    "legend.fontsize": 7.5,
    "hatch.linewidth": 0.5,
    "hatch.color": "#555555",
    "svg.fonttype": "none",
    "svg.hashsalt": "imu",
    "pdf.fonttype": 42,
    "timezone": "UTC",
}


class Picture(Figure):
    """A matplotlib figure with a title, and a caption that says how to read it.

    Attributes:
        name: What it is called on the command line.
        title: Its title; says so where a session is synthetic.
        subject: What was recorded: exercise, day, folder.
        caption: How to read it, in sentences. A notebook and `save` write it below the picture, a page beside it.
        empty: Whether there was nothing to draw, and a sentence stands in its place.
    """

    def __init__(self, *, name: str, title: str, subject: str, caption: str, width_in: float) -> None:
        super().__init__(figsize=(width_in, 2.5), dpi=DPI, layout="constrained")
        self.name, self.title, self.subject, self.caption = name, title, subject, caption
        self.empty = False
        self._room_in = 2.5

    def panels(self, heights_in: Sequence[float], columns: int = 1, *, share_x: bool = True) -> list[Axes]:
        """Axes below one another, each so high, lower in a narrow picture; with `columns` row by row."""
        self._room_in = sum(heights_in) * (NARROW_HEIGHT if self.get_figwidth() < NARROW_IN else 1.0)
        grid = self.subplots(
            len(heights_in), columns, sharex="col" if share_x else False, height_ratios=heights_in, squeeze=False
        )
        return [axes for row in grid for axes in row]

    def note(self, sentence: str) -> None:
        """Add a sentence to the caption that is true of this session only."""
        self.caption = f"{self.caption} {sentence}"

    def nothing(self, sentence: str) -> None:
        """Say why there is nothing to draw."""
        self.clear()
        self.empty = True
        self._room_in = 0.7
        axes = self.subplots()
        axes.axis("off")
        axes.text(0.0, 0.5, sentence, transform=axes.transAxes, va="center", color="#444444", fontsize=9)

    def finish(self) -> None:
        """Put title and caption on it, and make it as high as all that needs."""
        lines = [] if self.empty else textwrap.wrap(self.caption, int(self.get_figwidth() * CHARACTERS_PER_IN))
        head = textwrap.wrap(self.title, int(self.get_figwidth() * 10))
        heading = "\n".join([*head, *textwrap.wrap(self.subject, int(self.get_figwidth() * 12))])
        self.suptitle(heading, x=0.01, ha="left", fontsize=9.5)
        self.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=7.5, color="#333333")
        self.set_figheight(self._room_in + 0.17 * (heading.count("\n") + 1) + 0.135 * len(lines) + 0.15)

    def render(self, ending: str = "png", *, dressed: bool = True, dpi: float = PRINT_DPI) -> bytes:
        """The picture as the bytes of a file; not `dressed`, title and caption are left to the page around it."""
        with mpl.rc_context(STYLE):
            if not dressed:
                self.suptitle("").set_in_layout(False)
                self.supxlabel("").set_in_layout(False)
                self.set_figheight(self._room_in)
            buffer = io.BytesIO()
            dates = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(ending, {})
            self.savefig(buffer, format=ending, dpi=dpi, metadata=dates)
        if not dressed:
            self.finish()
        return buffer.getvalue()

    def inline_svg(self) -> str:
        """The undressed picture to stand inside a page: without prologue, its ids its own, the caption for ears."""
        svg = self.render("svg", dressed=False).decode()
        svg = svg[svg.index("<svg") :].replace("<svg ", f'<svg role="img" aria-label="{self.title}" ', 1)
        svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
        svg = re.sub(r' d="[^"]*"', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path[0]), svg)  # a hundredth of a point
        return re.sub(r'(id="|href="#|url\(#)', rf"\g<1>{self.name}-", svg)

    def __repr__(self) -> str:
        """In words, for who cannot see it."""
        said = next((text.get_text() for axes in self.axes for text in axes.texts), "") if self.empty else self.caption
        return f"{self.title}. {self.subject}. {said}"

    def _repr_png_(self) -> bytes:
        """What a notebook shows."""
        return self.render("png", dpi=DPI)


@dataclass(frozen=True, kw_only=True)
class Chart(Generic[T]):
    """One kind of picture: call it with what it shows (`Review`, or several), and it is drawn.

    Attributes:
        name: What it is called on the command line.
        title: What it shows.
        caption: How to read it.
    """

    name: str
    title: str
    caption: str
    draw: Callable[[Picture, T], None]
    subject: Callable[[T], str]
    synthetic: Callable[[T], str]

    def __call__(self, of: T, *, width_in: float = WIDTH_IN) -> Picture:
        """Draw it."""
        with mpl.rc_context(STYLE):
            picture = Picture(
                name=self.name,
                title=self.title + self.synthetic(of),
                subject=self.subject(of),
                caption=self.caption,
                width_in=width_in,
            )
            self.draw(picture, of)
            picture.finish()
        return picture
