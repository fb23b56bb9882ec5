"""What to say when everything was computed again: the events that lead from what was told to what is known now.

Whoever follows the events alone then holds what the ledger holds: the same repetitions, numbers and sets.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from imu.model import (
    Event,
    MovementRejected,
    Recounted,
    Rep,
    RepAnnounced,
    RepConfirmed,
    RepRevised,
    RepWithdrawn,
    SetClosed,
    SetRetracted,
    SetStarted,
    SetSummary,
    Verdict,
)

MOVED_S = 0.1
"""A phase that is told with one decimal changed by as much."""


@dataclass(slots=True)
class Told:
    """The sets as they were told, by number: which began, and which of them ended how."""

    started: dict[int, SetStarted] = field(default_factory=dict)
    closed: dict[int, SetClosed] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Note what an event tells."""
        if isinstance(event, SetStarted):
            self.started[event.set] = event
        elif isinstance(event, SetClosed):
            self.closed[event.summary.set] = event
        elif isinstance(event, SetRetracted):
            self.started.pop(event.set, None)
            self.closed.pop(event.set, None)

    def up_to(self, last: int) -> Told:
        """The same of the sets up to this number alone."""
        return Told(
            {n: e for n, e in self.started.items() if n <= last}, {n: e for n, e in self.closed.items() if n <= last}
        )


def revise(before: Iterable[Rep], after: Iterable[Rep], told: Told, now: Told, now_s: float) -> list[Event]:
    """What changed, as of `now_s`.

    Args:
        before: The ledger as it was told.
        after: The ledger as it is now.
        told: The sets as they were told.
        now: The sets as they are now.
        now_s: When it changed.
    """
    gone = [n for n in sorted(told.started) if n not in now.started or (n in told.closed and n not in now.closed)]
    rejected, reps = _reps([r for r in before if r.counted], list(after), now_s)
    retracted = [SetRetracted(t_s=now_s, decided_s=now_s, set=n) for n in gone]
    begun = [replace(e, decided_s=now_s) for n, e in now.started.items() if n not in told.started or n in gone]
    ended = [replace(e, decided_s=now_s) for n, e in now.closed.items() if _summary(told, n) != e.summary]
    return [*rejected, *retracted, *begun, *reps, *ended]


def _summary(told: Told, number: int) -> SetSummary | None:
    return told.closed[number].summary if number in told.closed else None


def announce_again(before: int | None, now: int | None, now_s: float) -> list[Event]:
    """The announcement that stands, where another one stood."""
    events: list[Event] = []
    if before is not None and before != now:
        events.append(RepWithdrawn(t_s=now_s, decided_s=now_s, number=before, recounted=True))
    if now is not None and before != now:
        events.append(RepAnnounced(t_s=now_s, decided_s=now_s, number=now))
    return events


def recounted(before: list[Rep], after: list[Rep], now_s: float) -> Recounted:
    """What a person is told of two ledgers, of which the second was made of more samples."""
    same = [(r, o) for r in after if r.counted for o in _overlapping(r, before) if o.counted]
    return Recounted(
        t_s=now_s,
        decided_s=now_s,
        before=sum(r.counted for r in before),
        after=sum(r.counted for r in after),
        moved=sum(_moved(r, o) for r, o in same),
    )


def _moved(one: Rep, other: Rep) -> int:
    """How many phases that both have are of another duration."""
    return sum(abs(x - y) > MOVED_S for x, y in zip(_phases(one), _phases(other), strict=True))


def _phases(rep: Rep) -> tuple[float, float, float, float]:
    return rep.lower_s, rep.bottom_hold_s, rep.lift_s, rep.top_hold_s


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
        elif _name(old) != _name(rep) or _moved(old, rep):
            reps.append(RepRevised(t_s=rep.end_s, decided_s=now_s, rep=rep, was=old))
    return rejected, reps


def _overlapping(rep: Rep, others: list[Rep]) -> list[Rep]:
    """The movements that lie about the middle of one."""
    middle_s = 0.5 * (rep.start_s + rep.end_s)
    return [o for o in others if o.start_s <= middle_s <= o.end_s]


def _name(rep: Rep) -> tuple[int | None, int | None, float, float]:
    """What a repetition is known by."""
    return rep.set, rep.rep, rep.start_s, rep.end_s
