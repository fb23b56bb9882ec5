"""`imu scan`: which sensors are in range, and what they can and cannot do."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import math
from collections.abc import Collection, Sequence

from rich.table import Table
from rich.text import Text

from imu.app import console
from imu.app.air import in_air
from imu.errors import SensorNotFound
from imu.exercises import get_exercise
from imu.link import NO_RSSI_DBM, Backend, Found, Seen, scan
from imu.sensors import FAMILIES, Family

GREY = "bright_black"
NARROW = 100
"""In fewer columns there is no room for the address beside the rest."""
SIGNALS = ((-60, "strong"), (-75, "good"), (-88, "weak"), (NO_RSSI_DBM, "faint"))
"""From so many dBm on."""


def command(timeout_s: float, *, as_json: bool = False, demo: bool = False) -> None:
    """List what is in range, sensors that can be recorded first, the nearest first.

    Args:
        timeout_s: How long to look.
        as_json: For machines.
        demo: Look among virtual sensors, one of each kind that `imu demo` has.

    Raises:
        BluetoothUnavailable: This machine has no working Bluetooth.
        SensorNotFound: None was found that can be recorded.
        UsageError: The extra `demo` is not installed.
    """
    seen = asyncio.run(_look_among_virtual(timeout_s) if demo else _look(timeout_s))
    if as_json:
        console.out().print_json(json.dumps([as_dict(one) for one in seen]))
        return
    found = [one for one in seen if isinstance(one, Found)]
    if found:
        show(found, demo=demo)
    unknown = others([one for one in seen if not isinstance(one, Found)])
    if unknown:
        console.out().print(unknown, style=GREY)
    if not found:
        raise SensorNotFound(
            f"No sensor that can be recorded answered within {timeout_s:g} s; switch it on (a chest strap: put it on), "
            "bring it near, close the programs and phones that hold it, and try again. Known kinds: "
            f"{', '.join(family.title for family in FAMILIES)}."
        )


async def _look_among_virtual(timeout_s: float) -> list[Seen]:
    from imu.app.demo import TWINS  # noqa: PLC0415 (the simulator)
    from imu.app.person import perform  # noqa: PLC0415

    console.err().print("Demo: these sensors are virtual, on a virtual radio.", style="yellow")
    still = perform(get_exercise("back-extension"), reps=3, seed=1)
    async with in_air(*(twin(still) for twin in TWINS.values())) as (_, backend):
        return await _look(timeout_s, backend)


async def _look(timeout_s: float, backend: Backend | None = None) -> list[Seen]:
    """Scan, and say on stderr how it goes."""
    screen = console.err()
    if not screen.is_terminal:
        screen.print(f"Looking for {timeout_s:g} s ...", style=GREY)
        return await scan(timeout_s, backend)
    with screen.status(f"Looking for {timeout_s:g} s ...", spinner_style=GREY) as status:

        def watch(seen: Collection[Seen]) -> None:
            sensors = sum(isinstance(one, Found) for one in seen)
            status.update(f"Looking for {timeout_s:g} s ... sensors: {sensors}, other devices: {len(seen) - sensors}")

        return await scan(timeout_s, backend, watch)


def show(found: Sequence[Found], *, demo: bool = False) -> None:
    """The sensors, what their families can and cannot do, and the command that records from one."""
    screen = console.out()
    screen.print(listing(found, narrow=screen.width < NARROW), "")
    for family in {one.family.name: one.family for one in found}.values():
        screen.print(Text.assemble((family.title, "bold"), ": ", abilities(family)))
    which = "" if len(found) == 1 else f' --sensor "{found[0].family.name if demo else found[0].name}"'
    screen.print(f"\nTo record: imu {'demo' if demo else 'record'}{which}", soft_wrap=True)


def listing(found: Sequence[Found], *, narrow: bool = False) -> Table:
    """One row a sensor; where it is narrow, the address stands below the name."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style=GREY, pad_edge=False)
    for head in ("name", "kind", "signal", "battery", *([] if narrow else ["address"])):
        table.add_column(head, overflow="fold", no_wrap=head != "kind")
    for one in found:
        charge = "not told" if one.battery_pct is None else f"{one.battery_pct} %"
        name = Text.assemble(one.name, ("\n" + one.address, GREY)) if narrow else Text(one.name)
        table.add_row(name, one.family.title, signal(one.rssi_dbm), charge, *([] if narrow else [one.address]))
    return table


def abilities(family: Family) -> str:
    """What the sensors of a family can and cannot do, in a sentence, and what else to know of them."""
    can = family.abilities
    rates = ", ".join(f"{rate:g}" for rate in can.rates_hz)
    usual = f"{can.default_rate_hz:g} Hz" if can.default_rate_hz else "the rate it chooses"
    lost = "gone, and seen only by the rate"
    if can.numbered or can.device_time:
        lost = "gone, and noticed"
    if can.memory:
        lost = "fetched again"
    what = "acceleration and rotation" if can.gyroscope else "acceleration only"
    of_these = f" (of {rates})" if rates else ""
    late_s = math.ceil(10 * can.latency_s) / 10
    clock = "its own clock" if can.device_time else "their arrival"
    said = (
        f"{what} at {usual}{of_these}, heard within {late_s:g} s; samples lost on the way are {lost}; timed by {clock}."
    )
    return f"{said} {family.caveats}".rstrip()


def others(unknown: Sequence[Seen]) -> str:
    """The devices that are no sensor of a known kind; those without a name are only counted."""
    named = [f"{one.name} ({signal(one.rssi_dbm)})" for one in unknown if one.name]
    nameless = len(unknown) - len(named)
    counted = f"{nameless} without a name" if nameless else ""
    said = ", ".join(filter(None, [*named, counted]))
    return f"\nOf no kind that can be recorded: {said}." if said else ""


def signal(rssi_dbm: int) -> str:
    """Strength in dBm and in a word."""
    if rssi_dbm <= NO_RSSI_DBM:
        return "signal not told"
    return f"{rssi_dbm} dBm, {next(word for least, word in SIGNALS if rssi_dbm >= least)}"


def as_dict(seen: Seen) -> dict[str, object]:
    """What is known of a device, for machines; `kind` is null where it cannot be recorded."""
    family = seen.family if isinstance(seen, Found) else None
    return {
        "name": seen.name,
        "address": seen.address,
        "rssi_dbm": None if seen.rssi_dbm == NO_RSSI_DBM else seen.rssi_dbm,
        "battery_pct": seen.battery_pct,
        "kind": family.name if family else None,
        "abilities": dataclasses.asdict(family.abilities) if family else None,
    }
