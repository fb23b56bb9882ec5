"""What a person says while a session is recorded: rows of `events.csv` of their own kinds, which an analysis reads.

Sets begun and ended by hand, another target tempo, another load. What holds from the beginning stands in
`session.json`; a row here holds from its `t_s` on. The detail holds the new value; what else is in it is for people.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from imu.errors import DataError, UsageError
from imu.model import MarkedSet
from imu.sessions.tables import SessionEvent
from imu.tempo import Tempo

SET_BEGUN = "set begun by hand"
SET_ENDED = "set ended by hand"
TARGET = "target tempo"
TARGET_REPS = "target count"
LOAD = "load"
"""The kinds of events."""
NO_LOAD = "none"
_LOAD = re.compile(r"load_kg=(\S+)")
_TEMPO = re.compile(r"tempo=(\S+)")
MOST_LOAD_KG = 1000.0


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a person said of a session, in order of time.

    Attributes:
        marked: Sets; one that was never ended lasts to the end of the recording.
        tempos: When the target tempo became another one.
        loads: When the load became another one, None for none.
    """

    marked: tuple[MarkedSet, ...] = ()
    tempos: tuple[tuple[float, Tempo], ...] = ()
    loads: tuple[tuple[float, float | None], ...] = ()

    def load_kg(self, at_s: float, first_kg: float | None) -> float | None:
        """The load at a time, where the session began with `first_kg`."""
        before = bisect_right([t_s for t_s, _ in self.loads], at_s)
        return self.loads[before - 1][1] if before else first_kg


NOTHING = Said()


def load_detail(load_kg: float | None) -> str:
    """The detail of another load's event."""
    return f"load_kg={NO_LOAD if load_kg is None else format(load_kg, 'g')}"


def target_detail(tempo: Tempo) -> str:
    """The detail of another target tempo's event."""
    return f"tempo={tempo.text}"


def said_in(events: Iterable[SessionEvent], path: Path) -> Said:
    """What a person said, from a session's events.

    Raises:
        DataError: A row does not say what it should; the message names it.
    """
    ordered = sorted((one for one in events if not math.isnan(one.t_s)), key=lambda one: one.t_s)
    return Said(
        marked=_marked(ordered),
        tempos=tuple((one.t_s, _tempo(one, path)) for one in ordered if one.kind == TARGET),
        loads=tuple((one.t_s, _load_kg(one, path)) for one in ordered if one.kind == LOAD),
    )


def _marked(events: Iterable[SessionEvent]) -> tuple[MarkedSet, ...]:
    """A set that begins ends the one before it; an end without a beginning means nothing."""
    sets: list[MarkedSet] = []
    for one in events:
        if one.kind in (SET_BEGUN, SET_ENDED) and sets and math.isinf(sets[-1].end_s):
            sets[-1] = replace(sets[-1], end_s=one.t_s)
        if one.kind == SET_BEGUN:
            sets.append(MarkedSet(start_s=one.t_s))
    return tuple(sets)


def _tempo(event: SessionEvent, path: Path) -> Tempo:
    found = _TEMPO.search(event.detail)
    try:
        return Tempo.parse(found[1] if found else "")
    except UsageError:
        raise _wrong(event, path, "tempo=3-0-1-1") from None


def _load_kg(event: SessionEvent, path: Path) -> float | None:
    found = _LOAD.search(event.detail)
    if found and found[1] == NO_LOAD:
        return None
    try:
        load_kg = float(found[1]) if found else math.nan
    except ValueError:
        load_kg = math.nan
    if not 0.0 <= load_kg <= MOST_LOAD_KG:
        raise _wrong(event, path, f"load_kg=20 or load_kg={NO_LOAD}")
    return load_kg


def _wrong(event: SessionEvent, path: Path, example: str) -> DataError:
    return DataError(
        f"{path}, a row of kind {event.kind}: its detail {event.detail!r} does not say which; write {example}, or "
        "delete the row."
    )
