"""`imu scan`: which sensors are in range."""

from __future__ import annotations

import asyncio

from rich.table import Table

from imu.app import console
from imu.errors import SensorNotFound
from imu.link import Found, scan


def command(timeout_s: float) -> None:
    """List the sensors in range, the nearest first.

    Raises:
        BluetoothUnavailable: This machine has no working Bluetooth.
        SensorNotFound: None of ours answered.
    """
    console.err().print(f"Looking for {timeout_s:g} s ...", style="bright_black")
    found = asyncio.run(scan(timeout_s, None))
    if not found:
        raise SensorNotFound(
            f"No sensor answered within {timeout_s:g} s; switch it on, bring it near, close other programs that hold "
            "it, and try again."
        )
    console.out().print(listing(found))


def listing(found: list[Found]) -> Table:
    """One row a sensor."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bright_black", pad_edge=False)
    for name in ("name", "address", "family", "signal"):
        table.add_column(name)
    for one in sorted(found, key=lambda f: -f.rssi_dbm):
        table.add_row(one.name, one.address, one.family.name, f"{one.rssi_dbm} dBm")
    return table
