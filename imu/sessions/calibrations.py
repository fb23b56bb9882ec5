"""The straight-line calibrations of a session: rows of `events.csv` of their own kind.

The detail holds `name=number` pairs. `start_s` and `end_s` are the truth: the stretch of device time in which the body
was held. What was measured then stands beside them for people; an analysis measures it again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from pathlib import Path

from imu.errors import DataError
from imu.model import LineHold
from imu.sessions.tables import SessionEvent

CALIBRATION = "straight-line calibration"
"""The kind of event."""
GIVEN_UP = "calibration given up"
_PAIR = re.compile(r"(\w+)=([-+.\deE]+)")


def calibration_detail(hold: LineHold, pitch_deg: float) -> str:
    """The detail of a calibration's event; no pitch where the mount was not known yet."""
    known = "" if math.isnan(pitch_deg) else f" pitch_deg={pitch_deg:.2f}"
    return f"start_s={hold.start_s:.4f} end_s={hold.end_s:.4f}{known}"


def calibrations_in(events: Iterable[SessionEvent], path: Path) -> tuple[LineHold, ...]:
    """The holds among a session's events, in their order.

    Raises:
        DataError: The detail of one does not say from when to when.
    """
    return tuple(_hold(event.detail, path) for event in events if event.kind == CALIBRATION)


def _hold(detail: str, path: Path) -> LineHold:
    try:
        numbers = {name: float(number) for name, number in _PAIR.findall(detail)}
        hold = LineHold(start_s=numbers["start_s"], end_s=numbers["end_s"])
    except (KeyError, ValueError):
        hold = None
    if hold is None or not hold.start_s < hold.end_s:
        raise DataError(
            f"{path}, a row of kind {CALIBRATION}: its detail {detail!r} does not say when the line was held; write "
            "start_s=12.5 end_s=15.5, or delete the row."
        )
    return hold
