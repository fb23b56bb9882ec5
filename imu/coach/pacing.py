"""The metronome: a target tempo as beats, from one phase's beginning to the next arrival at the top."""

from __future__ import annotations

import math
from collections.abc import Iterator

from imu.coach.cues import Beat
from imu.model import Phase
from imu.tempo import Tempo

CYCLE = (Phase.TOP, Phase.LOWERING, Phase.BOTTOM, Phase.LIFTING)
RESYNC_S = 1.0
"""A phase that begins so much before or after the pace sets the pace anew. That one began is known up to 0.6 s late."""
_OF_TEMPO = {Phase.LOWERING: 0, Phase.BOTTOM: 1, Phase.LIFTING: 2, Phase.TOP: 3}
_FIRST_HZ = {Phase.LOWERING: 440.0, Phase.BOTTOM: 554.37, Phase.LIFTING: 880.0}
"""A phase begins on a note of its own: low for down, an octave above for up. At the top the hold's tone sounds."""
_STEP_HZ, _STEP_S, _FIRST_S = 659.25, 0.04, 0.14
_LEAST_S = 0.25
"""No beat nearer than this before the next phase's."""


class Pacer:
    """Keeps the pace of one cycle at a time, and sets it anew at every arrival at the top."""

    def __init__(self, target: Tempo) -> None:
        self.target = target
        self._starts_s: dict[Phase, float] = {}
        self._last_s = -math.inf
        self._down_only = False

    def at_top(self, since_s: float, now_s: float, *, last: bool) -> tuple[Beat, ...]:
        """The beats from an arrival at the top on; the last repetition of a set goes down, and not up again."""
        self._down_only = last
        return self._from(Phase.TOP, since_s, now_s)

    def at_phase(self, phase: Phase, since_s: float, now_s: float, *, anew: bool) -> tuple[Beat, ...] | None:
        """The beats from a phase on, where they have to be set anew; None where the pace stands, or there is none."""
        if phase not in self._starts_s or phase is Phase.BOTTOM:
            return None
        off_s, coming = abs(since_s - self._starts_s[phase]), self._last_s > now_s
        if not anew and off_s <= RESYNC_S:
            return None
        beats = self._from(phase, since_s, now_s)
        return beats if beats or coming else None

    def stop(self, now_s: float) -> bool:
        """End the pace; whether a beat was still to come."""
        self._starts_s = {}
        coming, self._last_s = self._last_s > now_s, -math.inf
        return coming

    def _from(self, begins: Phase, since_s: float, now_s: float) -> tuple[Beat, ...]:
        until = Phase.BOTTOM if self._down_only else None
        self._starts_s = {phase: start_s for phase, start_s, _ in spans(self.target, begins, since_s, until)}
        beats = tuple(beats_of(self.target, begins, since_s, now_s, until))
        self._last_s = now_s + beats[-1].after_s if beats else -math.inf
        return beats


def spans(
    target: Tempo, begins: Phase, since_s: float, until: Phase | None = None
) -> Iterator[tuple[Phase, float, float | None]]:
    """When the phases are to begin and how long they are to be, one after the other; an `X` has no end to go on from.

    Args:
        target: What is to be kept.
        begins: The phase that began at `since_s`.
        since_s: When.
        until: The phase before which it ends; None for the rest of the cycle.
    """
    for phase in CYCLE[CYCLE.index(begins) :]:
        length_s = target.phases_s[_OF_TEMPO[phase]]
        if phase is until:
            return
        yield phase, since_s, length_s
        if length_s is None:
            return
        since_s += length_s


def beats_of(target: Tempo, begins: Phase, since_s: float, now_s: float, until: Phase | None = None) -> Iterator[Beat]:
    """The beats of these phases that are still to come."""
    for phase, start_s, length_s in spans(target, begins, since_s, until):
        for after_s, hz, length in _of_phase(phase, length_s):
            if start_s + after_s >= now_s:
                yield Beat(after_s=start_s + after_s - now_s, hz=hz, length_s=length)


def _of_phase(phase: Phase, length_s: float | None) -> Iterator[tuple[float, float, float]]:
    """Its first beat and one each second inside it; a bottom of no length has none, nor the top, where the tone is."""
    if phase is Phase.TOP or (phase is Phase.BOTTOM and length_s == 0.0):
        return
    yield 0.0, _FIRST_HZ[phase], _FIRST_S
    second = 1
    while length_s is not None and second <= length_s - _LEAST_S:
        yield float(second), _STEP_HZ, _STEP_S
        second += 1
