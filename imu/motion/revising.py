"""What to say when everything was computed again: the events that lead from what was told to what is known now.

Whoever follows the events alone then holds what the ledger holds: the same repetitions, numbers and sets.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from imu.model import (
    Event,
    MovementRejected,
    Rep,
    RepConfirmed,
    RepRevised,
    SetClosed,
    SetRetracted,
    SetStarted,
    SetSummary,
    Verdict,
)


@dataclass(slots=True)
class Told:
    """The sets as they were told: which began, and which of them ended how."""

    started: set[int] = field(default_factory=set)
    closed: dict[int, SetSummary] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Note what an event tells."""
        if isinstance(event, SetStarted):
            self.started.add(event.set)
        elif isinstance(event, SetClosed):
            self.closed[event.summary.set] = event.summary
        elif isinstance(event, SetRetracted):
            self.started.discard(event.set)
            self.closed.pop(event.set, None)


def revise(
    before: Iterable[Rep], after: Iterable[Rep], told: Told, again: Iterable[Event], now_s: float
) -> list[Event]:
    """What changed, as of `now_s`.

    Args:
        before: The ledger as it was told.
        after: The ledger as it is now.
        told: The sets as they were told.
        again: The events of the new computation, as if nothing had been told yet.
        now_s: When it changed.
    """
    again = list(again)
    now = Told()
    for event in again:
        now.take(event)
    gone = [n for n in sorted(told.started) if n not in now.started or (n in told.closed and n not in now.closed)]
    rejected, reps = _reps([r for r in before if r.counted], list(after), now_s)
    retracted = [SetRetracted(t_s=now_s, decided_s=now_s, set=n) for n in gone]
    sets = [replace(e, decided_s=now_s) for e in again if _is_news(e, told, gone)]
    begun = [e for e in sets if isinstance(e, SetStarted)]
    return [*rejected, *retracted, *begun, *reps, *(e for e in sets if isinstance(e, SetClosed))]


def _is_news(event: Event, told: Told, gone: list[int]) -> bool:
    """Whether this about a set was not told yet."""
    if isinstance(event, SetStarted):
        return event.set not in told.started or event.set in gone
    return isinstance(event, SetClosed) and told.closed.get(event.summary.set) != event.summary


def _reps(before: list[Rep], after: list[Rep], now_s: float) -> tuple[list[Event], list[Event]]:
    """What is taken back of the repetitions told, and what is told of those there are now."""
    rejected: list[Event] = []
    was: dict[float, Rep] = {}
    for rep in before:
        now = _overlapping(rep, after)
        same = next((r for r in now if r.counted and r.start_s not in was), None)
        if same is not None:
            was[same.start_s] = rep
            continue
        # Where nothing is left of it, it led out of the hinge plane; else it is, or is part of, something else.
        verdict = now[0].verdict if now else Verdict.NOT_HINGE
        verdict = Verdict.UNFINISHED if verdict is Verdict.COUNTED else verdict
        back = replace(rep, set=None, rep=None, verdict=verdict)
        rejected.append(MovementRejected(t_s=rep.end_s, decided_s=now_s, rep=back, withdrawn=rep.rep))
    reps: list[Event] = []
    for rep in (r for r in after if r.counted):
        old = was.get(rep.start_s)
        if old is None:
            reps.append(RepConfirmed(t_s=rep.end_s, decided_s=now_s, rep=rep))
        elif _name(old) != _name(rep):
            reps.append(RepRevised(t_s=rep.end_s, decided_s=now_s, rep=rep, was=old))
    return rejected, reps


def _overlapping(rep: Rep, others: list[Rep]) -> list[Rep]:
    """The movements that lie about the middle of one."""
    middle_s = 0.5 * (rep.start_s + rep.end_s)
    return [o for o in others if o.start_s <= middle_s <= o.end_s]


def _name(rep: Rep) -> tuple[int | None, int | None, float, float]:
    """What a repetition is known by."""
    return rep.set, rep.rep, rep.start_s, rep.end_s
