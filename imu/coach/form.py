"""How a repetition was done, in a word, once the same thing slipped twice running."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from statistics import median

from imu.model import NAN, Calibration, Event, MountRevised, Rep, RepConfirmed
from imu.tempo import Tempo, measured_s

UP, HOLD, SLOWER = "all the way up", "hold longer", "slower down"
"""The words, the weightier ones first: what is cut short at the top is no whole repetition."""
SHORT_TOP_DEG = -10.0
"""A top further below the straight line is short; the same limit as the flag SHORT_TOP has."""
RUNNING = 2
TOPS = 3
"""So many tops make a median that stands in for a straight line that was never held."""


class Form:
    """Follows the repetitions that were confirmed, and says what has slipped `RUNNING` times."""

    def __init__(self, target: Tempo) -> None:
        self.target = target
        self._line_deg, self._tops_deg = NAN, list[float]()
        self._slips = dict.fromkeys((UP, HOLD, SLOWER), 0)
        self._before: Rep | None = None

    def take(self, event: Event) -> str | None:
        """The word to say about a repetition, if there is one; it is said again when it has slipped as often again."""
        if isinstance(event, Calibration) and event.hold is not None:
            self._line_deg = event.pitch_deg
        elif isinstance(event, MountRevised):
            self._line_deg, self._before = NAN, None  # angles before and after are not of one kind
            self._tops_deg.clear()
        if not isinstance(event, RepConfirmed):
            return None
        rep, self._before = with_hold_before(event.rep, self._before), event.rep
        slipped = set(self._slipped(rep))
        self._tops_deg.append(rep.top_deg)
        self._slips = {word: count + 1 if word in slipped else 0 for word, count in self._slips.items()}
        word = next((word for word, count in self._slips.items() if count >= RUNNING), None)
        if word is not None:
            self._slips[word] = 0
        return word

    def begin(self) -> None:
        """A set begins: what slipped in the one before is forgotten."""
        self._slips = dict.fromkeys(self._slips, 0)

    def _slipped(self, rep: Rep) -> Iterator[str]:
        if rep.top_deg - self._straight_deg < SHORT_TOP_DEG:
            yield UP
        phases = zip(self.target.phases_s, measured_s(rep), self.target.hits(rep), strict=True)
        lower, _, _, top = (hit is False and s < (wanted or 0.0) for wanted, s, hit in phases)
        if top:
            yield HOLD
        if lower:
            yield SLOWER

    @property
    def _straight_deg(self) -> float:
        if not math.isnan(self._line_deg):
            return self._line_deg
        return median(self._tops_deg) if len(self._tops_deg) >= TOPS else NAN


def with_hold_before(rep: Rep, previous: Rep | None) -> Rep:
    """Fill the hold that has no end yet with the one that led into this rep, which is what the person remembers.

    What led into the first rep of a set is a rest.
    """
    if previous is None or rep.rep == 1 or rep.set != previous.set:
        return rep
    if math.isnan(rep.bottom_hold_s) and rep.lift_start_s >= previous.lower_end_s:
        return dataclasses.replace(rep, bottom_hold_s=rep.lift_start_s - previous.lower_end_s)
    if math.isnan(rep.top_hold_s) and rep.lower_start_s >= previous.lift_end_s:
        return dataclasses.replace(rep, top_hold_s=rep.lower_start_s - previous.lift_end_s)
    return rep
