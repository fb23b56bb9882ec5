"""Single keys while something runs: read where there is a keyboard, and quietly none where there is not.

The terminal hands over each key at once and does not show it; Ctrl-C stays Ctrl-C. Nothing waits: the program that
redraws the screen asks a few times a second what was pressed.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
from collections.abc import Callable, Iterator

Keys = Callable[[], str]
"""The keys pressed since it was last asked, in order."""
MOST = 64


@contextlib.contextmanager
def keyboard(fd: int | None = None) -> Iterator[Keys | None]:
    """The keyboard of the terminal this program was started in; None where input comes from elsewhere.

    Args:
        fd: The terminal to read from; standard input where None.
    """
    if sys.platform == "win32":
        with _console() as keys:
            yield keys
    else:
        with _terminal(fd) as keys:
            yield keys


if sys.platform == "win32":

    @contextlib.contextmanager
    def _console() -> Iterator[Keys | None]:
        import msvcrt  # noqa: PLC0415 (only on Windows)

        def pressed() -> str:
            keys = ""
            while msvcrt.kbhit() and len(keys) < MOST:
                keys += msvcrt.getwch()
            return keys

        yield pressed if sys.stdin is not None and sys.stdin.isatty() else None

else:

    @contextlib.contextmanager
    def _terminal(fd: int | None) -> Iterator[Keys | None]:
        import termios  # noqa: PLC0415 (not on Windows)
        import tty  # noqa: PLC0415

        fd = _standard_input() if fd is None else fd
        try:
            before = None if fd is None else termios.tcgetattr(fd)
        except termios.error:
            before = None
        if fd is None or before is None:
            yield None
            return
        tty.setcbreak(fd, termios.TCSANOW)
        try:
            yield lambda: _waiting(fd)
        finally:
            with contextlib.suppress(termios.error):  # the terminal was closed
                termios.tcsetattr(fd, termios.TCSANOW, before)

    def _standard_input() -> int | None:
        """Standard input where it is a terminal with this program in front; one behind would be stopped for asking."""
        try:
            fd = sys.stdin.fileno()
            return fd if os.isatty(fd) and os.tcgetpgrp(fd) == os.getpgrp() else None
        except (AttributeError, ValueError, OSError):
            return None

    def _waiting(fd: int) -> str:
        try:
            ready, _, _ = select.select([fd], [], [], 0.0)
            return os.read(fd, MOST).decode("utf-8", "replace") if ready else ""
        except OSError:  # the terminal was closed
            return ""
