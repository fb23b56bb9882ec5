"""What counts, from the events alone: what a screen or a file holds that never sees the analysis."""

from __future__ import annotations

from dataclasses import dataclass, field

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
)


@dataclass(kw_only=True)
class Ledger:
    """The repetitions that count and the sets, kept by following the events.

    Attributes:
        reps: The repetitions, by their start.
        sets: The sets that ended, by their number.
        begun: The numbers of the sets that were told.
    """

    reps: dict[float, Rep] = field(default_factory=dict)
    sets: dict[int, SetSummary] = field(default_factory=dict)
    begun: set[int] = field(default_factory=set)

    def take(self, event: Event) -> None:
        """Note what an event changes."""
        if isinstance(event, RepConfirmed):
            self.reps[event.rep.start_s] = event.rep
        elif isinstance(event, RepRevised):
            self.reps.pop(event.was.start_s, None)
            self.reps[event.rep.start_s] = event.rep
        elif isinstance(event, MovementRejected):
            self.reps.pop(event.rep.start_s, None)
        elif isinstance(event, SetStarted):
            self.begun.add(event.set)
        elif isinstance(event, SetClosed):
            self.sets[event.summary.set] = event.summary
        elif isinstance(event, SetRetracted):
            self.begun.discard(event.set)
            self.sets.pop(event.set, None)

    @property
    def counted(self) -> list[Rep]:
        """The repetitions that count, in order of time."""
        return [self.reps[start_s] for start_s in sorted(self.reps)]

    @property
    def last_set(self) -> SetSummary | None:
        """The set that ended last."""
        return self.sets[max(self.sets)] if self.sets else None
