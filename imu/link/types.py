"""What the link hands out. Importing this does not load bleak."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from imu.sensors import Family


def loop_s() -> float:
    """Seconds on the running loop's clock, which is all the time the link knows: where that is virtual, so is this."""
    return asyncio.get_running_loop().time()


@dataclass(frozen=True, kw_only=True, slots=True)
class Backend:
    """bleak's backends to use instead of the platform's own: the virtual radio's, in the demo and in tests.

    Attributes:
        speed: How much faster than this machine's time the sensors' runs. It matters to those alone whose samples have
            no other time than that of their arrival.
    """

    scanner: type[Any] | None = None
    client: type[Any] | None = None
    speed: float = 1.0


NO_RSSI_DBM = -127
"""What bleak gives for a signal strength that BlueZ did not tell."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A device of any kind that advertises.

    Attributes:
        name: As advertised; None where it did not tell one.
        address: Bluetooth address; on macOS a UUID that holds for this machine only.
        rssi_dbm: Signal strength when it was last heard; `NO_RSSI_DBM` where that was not told.
        battery_pct: Charge, if it advertises that; most sensors tell it only to who is connected.
    """

    name: str | None
    address: str
    rssi_dbm: int
    battery_pct: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Found(Seen):
    """A sensor of a known family that advertises.

    Attributes:
        name: As advertised, or what it is called as long as it has told no name.
        family: Row of the table in `imu.sensors`.
        device: bleak's handle.
    """

    name: str
    family: Family
    device: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkEvent:
    """Something that happened on the way; a row of `events.csv`.

    Attributes:
        t_s: Newest device time when it happened; nan before the first sample.
        kind: `pairing`, `connected`, `lost`, `resumed`, `restarted`, `backfilled`, `gone`, `regained`, `bad_frame`,
            `battery`, `warning`, `good_again`, `stopped`.
        detail: In words.
        gap: Of `gone`: the samples [first, stop) that will never come, on the recording's numbering.
    """

    t_s: float
    kind: str
    detail: str
    gap: tuple[int, int] | None = None
