"""The instants of a repetition against those read by eye."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite

from imu.model import Rep

BOUNDARIES = ("lower_start_s", "lower_end_s", "lift_start_s", "lift_end_s")
FARTHEST_BOTTOM_S = 1.5
"""A bottom further away than this is another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TruePhases:
    """The four boundaries of one repetition that starts at the top: lowering, then lifting."""

    lower_start_s: float
    lower_end_s: float
    lift_start_s: float
    lift_end_s: float


def boundary_errors(true: TruePhases, reps: Sequence[Rep]) -> dict[str, float] | None:
    """Errors of the counted repetition that shares most time with a true one; None where none shares any.

    A boundary that the repetition does not have is absent, but for the first and the last, which are then its ends.
    """
    shared = [min(r.end_s, true.lift_end_s) - max(r.start_s, true.lower_start_s) for r in reps]
    if not shared or max(shared) <= 0:
        return None
    rep = reps[shared.index(max(shared))]
    ends = {"lower_start_s": rep.start_s, "lift_end_s": rep.end_s}
    errors = {}
    for name in BOUNDARIES:
        own = getattr(rep, name)
        value = own if isfinite(own) else ends.get(name, own)
        if isfinite(value):
            errors[name] = value - getattr(true, name)
    return errors


def bottom_errors(true_s: Iterable[float], found_s: Iterable[float]) -> list[float]:
    """Error of the nearest free found bottom for each true one in turn, left out where it is too far away."""
    free = [f for f in found_s if isfinite(f)]
    errors = []
    for wanted in true_s:
        nearest = min(free, key=lambda f: abs(f - wanted), default=None)
        if nearest is not None and abs(nearest - wanted) <= FARTHEST_BOTTOM_S:
            free.remove(nearest)
            errors.append(nearest - wanted)
    return errors
