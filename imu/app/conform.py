"""`imu conform`: does a sensor speak our protocol?"""

from __future__ import annotations

import contextlib
import json as json_files
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.table import Table
from rich.text import Text

from firmware_proto import wire
from firmware_proto.virtual_sensor import VirtualSensor
from firmware_proto.virtual_time import run_virtual
from imu.app import console
from imu.app.air import in_air
from imu.app.ending import run_until_ended
from imu.conform.bench import Bench
from imu.conform.runner import Outcome, Verdict, chosen, run
from imu.conform.table import Check
from imu.errors import SensorFault, StorageError
from imu.link import find

if TYPE_CHECKING:
    from firmware_proto.virtual_radio import Air

DEMO = "demo"
DEMO_RATE_HZ = 208.0
MakeSensor = Callable[[bool], VirtualSensor]
Begin = Callable[[Check], None]


def command(sensor: str | None, only: Sequence[str], *, may: frozenset[str], json: Path | None) -> None:
    """Examine a sensor and show what came of it.

    Raises:
        UsageError: There is no such check, or the extra `demo` is not installed.
        SensorFault: Checks failed.
        SensorError: It is not there, or cannot be examined at all.
        StorageError: The outcomes could not be written.
    """
    checks = chosen(only)
    outcomes = _examine(sensor, checks, may, _progress(len(checks)))
    console.out().print(_table(outcomes))
    if json is not None:
        _write(json, outcomes)
    failed = [one.check.name for one in outcomes if one.verdict is Verdict.FAILED]
    console.out().print(_summary(outcomes), style="bold")
    if failed:
        raise SensorFault(
            f"{len(failed)} of {len(outcomes)} checks failed ({', '.join(failed)}); mend the firmware as the sections "
            "named say, in firmware_proto/README.md."
        )


def list_checks() -> None:
    """Name, section and meaning of every check."""
    table = _columns("check", "section", "what it shows")
    for one in chosen():
        table.add_row(one.name, one.section, one.shows)
    console.out().print(table)


def _examine(sensor: str | None, checks: list[Check], may: frozenset[str], begin: Begin) -> list[Outcome]:
    if sensor != DEMO:
        return run_until_ended(_real(sensor, checks, may, begin))
    return run_virtual(examine_virtual(demo_sensor, checks, may, begin))


async def _real(sensor: str | None, checks: list[Check], may: frozenset[str], begin: Begin) -> list[Outcome]:
    console.err().print(f"Looking for {sensor or 'a sensor'} ...", style="bright_black")
    return await run(Bench(await find(sensor), may=may), checks, begin)


async def examine_virtual(
    make: MakeSensor, checks: list[Check], may: frozenset[str], begin: Begin, *, mtu: int = wire.MAX_MTU
) -> list[Outcome]:
    """Examine virtual sensors.

    Args:
        make: Makes one, with or without gyroscope.
        checks: What to do.
        may: What the person allowed besides.
        begin: Told each check before it is run.
        mtu: Of the link, where a check does not choose another.

    Raises:
        UsageError: The extra `demo` is not installed.
    """
    async with _in_air(make, may, mtu=mtu) as bench:
        return await run(bench, checks, begin)


@contextlib.asynccontextmanager
async def _in_air(
    make: MakeSensor, may: frozenset[str], *, mtu: int = wire.MAX_MTU, gyroscope: bool = True
) -> AsyncIterator[Bench]:
    async with in_air(make(gyroscope), mtu=mtu) as (air, backend):
        yield Bench(await find(None, backend=backend), backend=backend, lab=VirtualLab(make, air, may), may=may)


class VirtualLab:
    """What a check may choose: see `imu.conform.bench.Lab`."""

    def __init__(self, make: MakeSensor, air: Air[VirtualSensor], may: frozenset[str]) -> None:
        self._make, self._air, self._may = make, air, may
        self._sensor = air.sensors[0]

    @contextlib.asynccontextmanager
    async def another(self, *, mtu: int = wire.MAX_MTU, gyroscope: bool = True) -> AsyncIterator[Bench]:
        """A sensor of the same making, fresh from power-on, on a link of that MTU."""
        async with _in_air(self._make, self._may, mtu=mtu, gyroscope=gyroscope) as bench:
            try:
                await bench.introduce()
                yield bench
            finally:
                await bench.clean_up()

    def lose_link(self) -> None:
        """The radio falls silent, without a goodbye."""
        self._air.drop(0)

    def fail_imu(self) -> None:
        """The motion sensor stops working."""
        self._sensor.fail_imu(self._air.now_us)

    def overrun_fifo(self, samples: int) -> None:
        """The motion sensor loses the next samples."""
        self._sensor.overrun_fifo(self._air.now_us, samples)

    def drain_battery(self) -> None:
        """5 % are left."""
        self._sensor.battery_pct = 5.0


def demo_sensor(gyroscope: bool, kind: type[VirtualSensor] = VirtualSensor) -> VirtualSensor:
    """A virtual sensor of that kind whose samples are all different, and reach the ends of their range now and then."""
    n = int(DEMO_RATE_HZ) * 30
    raw = np.random.default_rng(1).integers(-2000, 2000, (n, 6 if gyroscope else 3)).astype(np.int16)
    second = int(DEMO_RATE_HZ)
    raw[second::second, 0], raw[second // 2 :: second, 1] = 32767, -32768
    return kind(raw, DEMO_RATE_HZ, serial="DEMO0001")


def _progress(checks: int) -> Begin:
    """Says on stderr which check is under way."""
    screen, seen = console.err(), iter(range(1, checks + 1))

    def begin(one: Check) -> None:
        screen.print(f"{next(seen):>3}/{checks} {one.name}: {one.shows}", style="bright_black", soft_wrap=True)

    return begin


def _columns(*names: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bright_black", pad_edge=False)
    for name in names:
        table.add_column(name, no_wrap=name in ("check", "result", "section"))
    return table


_STYLES = {Verdict.PASSED: "green", Verdict.FAILED: "bold red", Verdict.NOT_CHECKED: "yellow"}


def _table(outcomes: Sequence[Outcome]) -> Table:
    table = _columns("check", "result", "expected", "came", "section")
    for one in outcomes:
        table.add_row(
            one.check.name, Text(one.verdict, style=_STYLES[one.verdict]), Text(one.expected), Text(one.came),
            one.check.section,
        )  # fmt: skip
    return table


def _summary(outcomes: Sequence[Outcome]) -> str:
    count = {verdict: sum(one.verdict is verdict for one in outcomes) for verdict in Verdict}
    return ", ".join(f"{number} {verdict.lower()}" for verdict, number in count.items())


def _write(path: Path, outcomes: Sequence[Outcome]) -> None:
    rows = [
        {
            "check": one.check.name, "section": one.check.section, "shows": one.check.shows,
            "result": one.verdict.lower(), "expected": one.expected, "came": one.came,
        }
        for one in outcomes
    ]  # fmt: skip
    try:
        path.write_text(json_files.dumps(rows, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{path} could not be written ({error}); choose another file.") from error
