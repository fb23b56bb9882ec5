"""What a person was told of the count, beside what is known of it."""

from __future__ import annotations

from math import inf

from imu.model import Event, MovementRejected, Rep, RepAnnounced, RepConfirmed, RepRevised, RepWithdrawn, SetClosed


class Count:
    """Follows the events of the set under way.

    Attributes:
        said: The number that was said last and stands, 0 before the first of a set.
        said_s: When that was.
    """

    def __init__(self) -> None:
        self.said, self.said_s = 0, -inf
        self._reps: dict[float, Rep] = {}
        self._announced: int | None = None

    @property
    def known(self) -> int:
        """Repetitions of the set under way, the announced one included."""
        return max([self._announced or 0, *(rep.rep or 0 for rep in self._reps.values())])

    def take(self, event: Event) -> bool:
        """Note what an event changes; whether that calls for another number than was said.

        A repetition that is confirmed under a lower number than it was announced does not: nothing was taken back, and
        the next announcement puts it right.
        """
        if isinstance(event, RepAnnounced):
            self._announced = event.number
        elif isinstance(event, RepWithdrawn):
            self._announced = None
            return True
        elif isinstance(event, MovementRejected):
            self._reps.pop(event.rep.start_s, None)
            if event.withdrawn == self._announced:
                self._announced = None
            return event.withdrawn is not None
        elif isinstance(event, RepConfirmed | RepRevised):
            return self._counts(event)
        return False

    def _counts(self, event: RepConfirmed | RepRevised) -> bool:
        rep = event.rep
        if isinstance(event, RepConfirmed):
            self._announced = None
            self._reps[rep.start_s] = rep
        elif self._reps.pop(event.was.start_s, None) is not None:
            self._reps[rep.start_s] = rep
        return self.known > self.said

    def is_current(self, event: SetClosed) -> bool:
        """Whether the set that ended is the one under way, and not one before that was told anew."""
        return any(rep.set == event.summary.set for rep in self._reps.values())

    def end_set(self, event: SetClosed) -> None:
        """Begin anew with what is not of the set that ended."""
        self._reps = {at: rep for at, rep in self._reps.items() if rep.set != event.summary.set}
        self._announced = None
        self.said = self.known
