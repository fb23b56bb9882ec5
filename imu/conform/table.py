"""What a check is, and the table of them: a check is an async function whose docstring says what holds if it passes.

A check raises `Failed` with what was expected and what came, or `NotChecked` where it cannot be done here; otherwise it
passed, and what it returns is what was measured. Its name in the table is that of the function.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imu.conform.bench import Bench

Run = Callable[["Bench"], Awaitable[str]]


class Failed(Exception):
    """The sensor does something else than the protocol says."""

    def __init__(self, expected: str, came: str) -> None:
        super().__init__(f"expected {expected}; came {came}")
        self.expected, self.came = expected, came


class NotChecked(Exception):
    """The check cannot be done here, or was not asked for; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One row of the table.

    Attributes:
        name: For `--only`.
        section: Heading of the protocol's page that says so.
        shows: What holds where it passes.
    """

    name: str
    section: str
    shows: str
    run: Run


CHECKS: dict[str, Check] = {}
"""All checks by name; filled by the modules of this room."""


def check(section: str) -> Callable[[Run], Run]:
    """Enter a check into the table."""

    def enter(run: Run) -> Run:
        name = getattr(run, "__name__", "").replace("_", "-")
        shows = " ".join((run.__doc__ or "").split()).removesuffix(".")
        CHECKS[name] = Check(name=name, section=section, shows=shows, run=run)
        return run

    return enter


def expect(fine: bool, expected: str, came: object) -> None:
    """Fail unless it is fine.

    Raises:
        Failed: It is not.
    """
    if not fine:
        raise Failed(expected, str(came))
