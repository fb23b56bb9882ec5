"""Showing a board: a live screen where there is a terminal, plain lines where there is none."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, Self

from imu.app import console, words
from imu.app.board import Board
from imu.model import Calibration, Event, MovementRejected, Recounted, RepConfirmed, SetClosed

log = logging.getLogger(__name__)
FRAMES_PER_S = 12.0


class Display(AbstractContextManager["Display"], Protocol):
    """Anything that can show a board."""

    def event(self, event: Event) -> None:
        """Show what the analysis found, after the board took it."""

    def remark(self, text: str) -> None:
        """Show what happened on the way."""

    def moved(self) -> None:
        """The board has taken samples and what was found in them; for what cannot wait until it is drawn again."""

    def refresh(self) -> None:
        """Draw the board as it is now."""


class Lines:
    """One line for each thing that happens; made for pipes, logs and screen readers."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self._out = console.out()

    def event(self, event: Event) -> None:
        """Print reps, refusals, sets and calibrations."""
        if isinstance(event, RepConfirmed):
            shown = self.board.confirmed or event.rep
            self._line(f"rep {shown.rep or self.board.live.count:>3}  {words.rep_line(shown)}")
        elif isinstance(event, MovementRejected):
            self._line(words.rejected_line(event.rep, event.withdrawn))
        elif isinstance(event, SetClosed):
            self._line(words.set_line(event.summary))
        elif isinstance(event, Calibration):
            self._line(words.calibration_line(event))
        elif isinstance(event, Recounted) and event.changed:
            self._line(words.recounted_line(event))

    def remark(self, text: str) -> None:
        """Print what happened."""
        self._line(text)

    def moved(self) -> None:
        """A motion is no line."""

    def refresh(self) -> None:
        """Lines are printed as things happen; nothing to draw."""

    def _line(self, text: str) -> None:
        self._out.print(f"{words.clock(self.board.live.t_s):>7}  {text}", soft_wrap=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


class Terminal:
    """The live screen, on the terminal's alternate page; the shell's own text is back afterwards."""

    def __init__(self, board: Board) -> None:
        from rich.live import Live  # noqa: PLC0415 (only on a terminal)

        from imu.app.view import Screen  # noqa: PLC0415

        self.board = board
        self._live = Live(Screen(board), console=console.out(), screen=True, auto_refresh=False)

    def event(self, event: Event) -> None:
        """The board shows it at the next refresh."""

    def remark(self, text: str) -> None:
        """The board shows it at the next refresh."""

    def moved(self) -> None:
        """The board shows it at the next refresh."""

    def refresh(self) -> None:
        """Draw."""
        self._live.refresh()

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, trace)


def display_for(board: Board) -> Display:
    """The live screen on a terminal; lines where there is none, and where a log is written beside them."""
    screen = console.out()
    drawn = screen.is_terminal and not screen.is_dumb_terminal and not log.isEnabledFor(logging.DEBUG)
    return Terminal(board) if drawn else Lines(board)
