"""What the link hands out. Importing this does not load bleak."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from imu.sensors import Family


@dataclass(frozen=True, kw_only=True, slots=True)
class Backend:
    """bleak's backends to use instead of the platform's own: the virtual radio's, in the demo and in tests."""

    scanner: type[Any] | None = None
    client: type[Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A sensor that advertises.

    Attributes:
        name: As advertised.
        address: Bluetooth address; on macOS a UUID that holds for this machine only.
        family: Row of the table in `imu.sensors`.
        rssi_dbm: Signal strength.
        device: bleak's handle.
    """

    name: str
    address: str
    family: Family
    rssi_dbm: int
    device: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkEvent:
    """Something that happened on the way; a row of `events.csv`.

    Attributes:
        utc: Time of day.
        t_s: Newest device time when it happened; nan before the first sample.
        kind: `connected`, `lost`, `resumed`, `restarted`, `backfilled`, `gone`, `bad_frame`, `battery`, `warning`,
            `good_again`, `stopped`.
        detail: In words.
    """

    utc: str
    t_s: float
    kind: str
    detail: str

    @classmethod
    def now(cls, kind: str, t_s: float, detail: str) -> Self:
        """An event of this moment."""
        utc = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return cls(utc=utc, t_s=t_s, kind=kind, detail=detail)
