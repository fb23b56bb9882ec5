"""Events and a clock in, cues out.

Strategy. What is said depends on the events alone, at the times at which they were decided; the clock only lets go what
fell due meanwhile. So the cues are the same however the stream was cut and however often the clock was read. The one
exception is the countdown of a straight line, which is read off the state while it is held.

A number that turns out wrong is put right in words, but not before everything that was decided at the same moment is
known: a count may be taken back and another one take its place in one breath.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from imu.coach.counting import Count
from imu.coach.cues import Cue, Hush, Pace, Say, Verbosity, Why
from imu.coach.form import Form
from imu.coach.holding import Hold
from imu.coach.lining import Lining
from imu.coach.pacing import Pacer
from imu.exercises import Exercise
from imu.model import (
    Calibration,
    Event,
    LiveState,
    MovementRejected,
    Phase,
    PhaseChanged,
    RepAnnounced,
    RepConfirmed,
    RepWithdrawn,
    SetClosed,
    SetRetracted,
    SetSummary,
)
from imu.tempo import Tempo

LAST = 2
"""So many before the target count it is said how many are left."""

_Late = tuple[float, Callable[[float], list[Cue]]]


class Coach:
    """Says what a person with busy hands has to know, as it becomes known.

    Args:
        exercise: What is trained; its target tempo is the one in force.
        reps: Target count of a set, None without.
        rest_s: Planned rest between sets, None without.
    """

    def __init__(self, exercise: Exercise, *, reps: int | None = None, rest_s: float | None = None) -> None:
        target = Tempo.parse(exercise.target_tempo)
        self._static, self._reps, self._rest_s = exercise.static, reps, rest_s
        self._count, self._form, self._line = Count(), Form(target), Lining(exercise.top_deg)
        self._hold, self._pacer = Hold(target.hold_s), Pacer(target)
        self._due: dict[str, _Late] = {}
        self._last_said, self._alive = False, True
        self._rested = 0

    def aim(self, exercise: Exercise, *, reps: int | None = None, rest_s: float | None = None) -> None:
        """Another target from here on."""
        target = Tempo.parse(exercise.target_tempo)
        self._form.target = self._pacer.target = target
        self._hold.target_s, self._line.top_deg = target.hold_s, exercise.top_deg
        self._static, self._reps, self._rest_s = exercise.static, reps, rest_s

    def take(self, event: Event) -> list[Cue]:
        """What an event gives to be heard, after what fell due before it. Events come as the pipeline gives them."""
        now_s = event.decided_s
        cues = self._let_go(now_s)
        if self._count.take(event):
            self._due["correction"] = now_s, self._corrected
        if isinstance(event, RepAnnounced):
            cues += self._announced(event)
        elif isinstance(event, PhaseChanged):
            cues += self._phase(event)
        elif isinstance(event, RepWithdrawn | MovementRejected):
            taken_back = isinstance(event, RepWithdrawn) or event.withdrawn is not None
            cues += self._hush(now_s) if taken_back else []
        elif isinstance(event, RepConfirmed):
            self._hold.over()
        elif isinstance(event, SetClosed):
            cues += self._set_ended(event, now_s)
        elif isinstance(event, SetRetracted):
            self._due.pop("rest", None)
        elif isinstance(event, Calibration):
            cues += [Say(at_s=now_s, why=Why.LINE, text=self._line.step(event.step))]
        word = self._form.take(event)
        return cues if word is None else [*cues, Say(at_s=now_s, level=Verbosity.COACH, why=Why.FORM, text=word)]

    def tick(self, live: LiveState) -> list[Cue]:
        """What fell due by the clock."""
        word = self._line.tick(live)
        cues = self._let_go(live.t_s)
        return cues if word is None else [*cues, Say(at_s=live.t_s, why=Why.LINE, text=word)]

    def link(self, at_s: float, *, alive: bool) -> list[Cue]:
        """Whether the sensor is heard; told once when it changes. What sounded ends with it."""
        if alive == self._alive:
            return []
        self._alive = alive
        cues = [] if alive else self._hush(at_s)
        return [*cues, Say(at_s=at_s, why=Why.LINK, text="sensor back" if alive else "sensor lost")]

    def _let_go(self, now_s: float) -> list[Cue]:
        """What was due before now; what is due now waits for everything that is decided at the same moment."""
        cues: list[Cue] = []
        while due := [(at_s, name) for name, (at_s, _) in self._due.items() if at_s < now_s]:
            at_s, name = min(due)
            cues += self._due.pop(name)[1](at_s)
        return [*cues, *self._hold.let_go(now_s)]

    def _announced(self, event: RepAnnounced) -> list[Cue]:
        """The count, and the tone and pace of what follows it.

        A first lift that may be the way into a straight line that is asked for is not told yet: if it was one after
        all, that is put right when its cycle closes.
        """
        now_s, number = event.decided_s, event.number
        self._due.pop("rest", None)
        self._due.pop("correction", None)
        if (self._lines_up and number == 1) or (number, now_s) == (self._count.said, self._count.said_s):
            return []
        cues: list[Cue] = [self._number(now_s, number, anew=number > self._count.said)]
        if number == 1:
            self._form.begin()
        if self._reps is not None and number == self._reps - LAST and not self._last_said:
            self._last_said = True
            cues.append(Say(at_s=now_s, level=Verbosity.COACH, why=Why.LAST, text="last two"))
        return cues if self._lines_up else [*cues, *self._held(event)]

    @property
    def _lines_up(self) -> bool:
        """Whether a lift may lead into a straight line that was asked for; a static hold begins with it."""
        return self._line.under_way and not self._static

    def _held(self, event: RepAnnounced) -> list[Cue]:
        """The tone of the hold and the pace from there on; a long hold is told by the clock, and has none."""
        now_s = event.decided_s
        tone = self._hold.begin(event.t_s, now_s)
        if self._hold.is_long:
            return []
        last = self._reps is not None and event.number >= self._reps
        beats = self._pacer.at_top(event.t_s, now_s, last=last)
        return [*([] if tone is None else [tone]), Pace(at_s=now_s, beats=beats)]

    def _number(self, at_s: float, number: int, *, anew: bool) -> Say:
        """A number higher than the one that was said is the count; any other is a correction."""
        self._count.said, self._count.said_s = number, at_s
        if anew:
            return Say(at_s=at_s, why=Why.COUNT, text=str(number))
        return Say(at_s=at_s, why=Why.CORRECTION, text=f"make that {number}" if number else "not counted")

    def _corrected(self, at_s: float) -> list[Cue]:
        known = self._count.known
        return [] if known == self._count.said else [self._number(at_s, known, anew=False)]

    def _phase(self, event: PhaseChanged) -> list[Cue]:
        """A hold that ends too early, and a phase that is off the pace, set the pace anew."""
        now_s = event.decided_s
        if event.phase is Phase.TOP:
            self._hold.again(now_s)
            return []
        cut_short = self._hold.leave(now_s)
        cues: list[Cue] = [Hush(at_s=now_s)] if cut_short else []
        paced = self._pacer.at_phase(event.phase, event.t_s, now_s, anew=cut_short)
        return cues if paced is None else [*cues, Pace(at_s=now_s, beats=paced)]

    def _hush(self, now_s: float) -> list[Cue]:
        """Silence, if anything sounds or is still to sound."""
        sounds = self._hold.leave(now_s)
        self._hold.over()
        sounds |= self._pacer.stop(now_s)
        return [Hush(at_s=now_s)] if sounds else []

    def _set_ended(self, event: SetClosed, now_s: float) -> list[Cue]:
        cues, summary = list[Cue](), event.summary
        if self._count.is_current(event):
            cues += self._hush(now_s)
            if summary.reps != self._count.said:
                cues.append(self._number(now_s, summary.reps, anew=False))
            cues.append(Say(at_s=now_s, level=Verbosity.COACH, why=Why.SET, text=set_words(summary)))
            self._count.end_set(event)
            self._last_said = False
        if self._rest_s is not None and not self._count.known and self._rested < summary.set:
            self._due["rest"] = max(summary.end_s + self._rest_s, now_s), lambda at_s: self._rest_over(at_s, summary)
        return cues

    def _rest_over(self, at_s: float, after: SetSummary) -> list[Cue]:
        self._rested = after.set
        return [Say(at_s=at_s, why=Why.REST, text="rest over")]


def set_words(summary: SetSummary) -> str:
    """A set in a sentence: its repetitions, and how well the tempo was kept where there is a target."""
    reps = f"{summary.reps} rep{'' if summary.reps == 1 else 's'}"
    kept = summary.tempo_adherence
    tempo = "" if math.isnan(kept) else f", tempo {100.0 * kept:.0f} percent"
    return f"set {summary.set} done, {reps}{tempo}"
