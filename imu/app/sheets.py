"""Tables of figures, once for a terminal and once as Markdown, and how figures are written in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import isfinite
from textwrap import fill

from imu.evaluation.agreement import Agreement
from imu.evaluation.intervals import count_interval, share_interval

NONE = "-"
"""What stands where there is no figure."""
WIDTH = 118
"""Columns of a paragraph in Markdown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One table; the first column holds names, all others figures.

    Attributes:
        title: What it shows, as one sentence without its full stop.
        notes: Sentences below it.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = field(default=())

    def markdown(self) -> str:
        """The table as Markdown, title and notes as paragraphs of their own."""
        lines = [_line(self.columns), _line("---" if i == 0 else "---:" for i in range(len(self.columns)))]
        lines += [_line(row) for row in self.rows]
        notes = fill(" ".join(self.notes), WIDTH, break_on_hyphens=False, break_long_words=False)
        return "\n\n".join(part for part in (f"{self.title}:", "\n".join(lines), notes) if part)

    def show(self) -> None:
        """Print it on the terminal."""
        from rich.measure import Measurement  # noqa: PLC0415 (not for Markdown)
        from rich.table import Table  # noqa: PLC0415

        from imu.app import console, tables  # noqa: PLC0415

        table = Table(box=None, padding=(0, 2, 0, 0), header_style=tables.DIM, pad_edge=False)
        for i, name in enumerate(self.columns):
            table.add_column(name, justify="right" if i else "left", no_wrap=bool(i), overflow="fold")
        for row in self.rows:
            table.add_row(*row)
        screen = console.out()
        if not screen.is_terminal:  # a file or a pipe has room for every figure
            screen.width = max(screen.width, Measurement.get(screen, screen.options.update(width=999), table).maximum)
        screen.print(f"\n{self.title}", style="bold", soft_wrap=True)
        screen.print(table)
        for note in self.notes:
            screen.print(note, style=tables.DIM, soft_wrap=True)


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def show(sheets: Sequence[Sheet], *, markdown: bool) -> None:
    """Print tables one after the other; as Markdown they go out as they are, for a file or a pipe."""
    if not markdown:
        for sheet in sheets:
            sheet.show()
        return
    import typer  # noqa: PLC0415

    typer.echo("\n\n".join(sheet.markdown() for sheet in sheets))


def number(value: float, digits: int = 3) -> str:
    """A figure with so many decimals."""
    return f"{value:.{digits}f}" if isfinite(value) else NONE


def signed(value: float, digits: int = 3) -> str:
    """A figure with its sign."""
    return f"{value:+.{digits}f}" if isfinite(value) else NONE


def percent(part: int, whole: int) -> str:
    """A share in percent with one decimal."""
    return f"{100 * part / whole:.1f} %" if whole else NONE


def share(part: int, whole: int) -> str:
    """A share with its exact 95 % interval: `97.5 % (91-100)`."""
    if not whole:
        return NONE
    low, high = share_interval(part, whole)
    return f"{percent(part, whole)} ({100 * low:.0f}-{100 * high:.0f})"


def rate(events: int, hours: float) -> str:
    """Events an hour with their exact 90 % interval: `1.0 (0.3-2.3)`."""
    if hours <= 0:
        return NONE
    low, high = count_interval(events)
    return f"{events / hours:.1f} ({low / hours:.1f}-{high / hours:.1f})"


AGREEMENT = ("n", "median", "p95", "bias", "limits of agreement")


def agreement_cells(a: Agreement) -> tuple[str, ...]:
    """The cells under `AGREEMENT`, in seconds or degrees."""
    limits = f"{signed(a.low)} to {signed(a.high)}" if isfinite(a.low) else NONE
    return str(a.n), number(a.median), number(a.p95), signed(a.bias), limits
