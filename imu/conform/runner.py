"""Runs checks one by one, each from the same beginning, and says what became of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from imu.conform import backfill, config, control, lab, services, sessions, status, streaming
from imu.conform.bench import Bench
from imu.conform.table import CHECKS, Check, Failed, NotChecked
from imu.errors import SensorError, UsageError

_MODULES = (services, control, config, sessions, streaming, status, backfill, lab)
"""In the order in which a sensor is examined; importing them has filled the table."""


log = logging.getLogger(__name__)


class Verdict(StrEnum):
    """What became of a check."""

    PASSED = "passed"
    FAILED = "FAILED"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One row of the result.

    Attributes:
        expected: What the protocol says; of a failure, exactly what was looked for.
        came: What was seen; where it was not checked, why.
    """

    check: Check
    verdict: Verdict
    expected: str
    came: str


def chosen(names: Iterable[str] = ()) -> list[Check]:
    """The checks of these names, all if there are none, in the order in which they are run.

    Raises:
        UsageError: There is no check of a name.
    """
    wanted = set(names)
    unknown = sorted(wanted - set(CHECKS))
    if unknown:
        raise UsageError(f"There is no check {unknown[0]!r}; see them all with: imu conform --list")
    places = {module.__name__: place for place, module in enumerate(_MODULES)}
    ordered = sorted(CHECKS.values(), key=lambda one: places[one.run.__module__])
    return [one for one in ordered if not wanted or one.name in wanted]


async def run(bench: Bench, checks: Iterable[Check], begin: Callable[[Check], None]) -> list[Outcome]:
    """Examine a sensor; it is stopped and left at the end.

    Args:
        bench: The sensor, not connected yet.
        checks: What to do, from `chosen`.
        begin: Told each check before it is run.

    Raises:
        SensorError: It would not connect at first.
    """
    outcomes = []
    try:
        await bench.introduce()
        for one in checks:
            begin(one)
            outcomes.append(await _outcome(bench, one))
    finally:
        await bench.clean_up()
    return outcomes


async def _outcome(bench: Bench, one: Check) -> Outcome:
    try:
        await bench.prepare()
        came = await one.run(bench)
    except Failed as failed:
        return Outcome(check=one, verdict=Verdict.FAILED, expected=failed.expected, came=failed.came)
    except NotChecked as why:
        return Outcome(check=one, verdict=Verdict.NOT_CHECKED, expected=one.shows, came=str(why))
    except SensorError as error:
        return Outcome(check=one, verdict=Verdict.FAILED, expected=one.shows, came=str(error))
    except Exception as error:  # what a check did not reckon with is a failure of the sensor's, too, not of the table's
        log.exception("the check %s", one.name)
        return Outcome(check=one, verdict=Verdict.FAILED, expected=one.shows, came=f"something else ({error!r})")
    return Outcome(check=one, verdict=Verdict.PASSED, expected=one.shows, came=came)
