"""Sets as events, without a sensor: what the pipeline says of them, so that any course of things can be played."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from imu.coach import Coach, Cue, Hush, Pace, Say, Tone, Why
from imu.exercises import Exercise, get_exercise
from imu.model import (
    Event,
    LiveState,
    MovementRejected,
    Phase,
    PhaseChanged,
    Rep,
    RepAnnounced,
    RepConfirmed,
    RepRevised,
    RepWithdrawn,
    SetClosed,
    SetStarted,
    SetSummary,
    Verdict,
)

LATE_S = 0.11
"""That something was so is known so much later."""
SET_REPS = 3


def exercise(tempo: str = "3-0-1-1", key: str = "back-extension") -> Exercise:
    return replace(get_exercise(key), target_tempo=tempo)


@dataclass
class Script:
    """Writes down what happens on the bench as the pipeline would tell it."""

    t_s: float = 10.0
    events: list[Event] = field(default_factory=list)
    reps: list[Rep] = field(default_factory=list)
    sets: int = 0

    def _tell(self, kind: type[Event], **fields: object) -> None:
        self.events.append(kind(t_s=self.t_s, decided_s=self.t_s + LATE_S, **fields))

    def phase(self, phase: Phase) -> None:
        self._tell(PhaseChanged, phase=phase)

    def lift(self, lift_s: float = 1.0) -> None:
        """Up to the top, and the number is announced."""
        self.phase(Phase.LIFTING)
        self.t_s += lift_s
        self._tell(RepAnnounced, number=len(self.reps) + 1)
        self.phase(Phase.TOP)

    def rep(self, *, hold_s: float = 1.0, lower_s: float = 3.0, top_deg: float = 45.0, bottom_s: float = 0.5) -> None:
        """A whole repetition that counts."""
        start_s = self.t_s
        self.lift()
        top_s = self.t_s
        self.t_s += hold_s
        self.phase(Phase.LOWERING)
        self.t_s += lower_s
        self.phase(Phase.BOTTOM)
        rep = Rep(
            set=self.sets if len(self.reps) >= SET_REPS else None, rep=len(self.reps) + 1, verdict=Verdict.COUNTED,
            start_s=start_s, end_s=self.t_s, lift_start_s=start_s, lift_end_s=top_s, lower_start_s=top_s + hold_s,
            lower_end_s=self.t_s, top_hold_s=hold_s, top_deg=top_deg, bottom_deg=-45.0,
        )  # fmt: skip
        self.t_s += bottom_s
        self.reps.append(rep)
        if len(self.reps) == SET_REPS:
            self._begin_set()
        self._tell(RepConfirmed, rep=self.reps[-1])

    def _begin_set(self) -> None:
        self.sets += 1
        self._tell(SetStarted, set=self.sets)
        before, self.reps = self.reps, [replace(rep, set=self.sets) for rep in self.reps]
        for was, rep in list(zip(before, self.reps, strict=True))[:-1]:
            self._tell(RepRevised, rep=rep, was=was)

    def withdrawn(self) -> None:
        """A lift that goes on past the top."""
        self.lift()
        self.t_s += 0.3
        self._tell(RepWithdrawn, number=len(self.reps) + 1)

    def rejected(self) -> None:
        """A lift that was announced, and turns out to be half a repetition."""
        start_s = self.t_s
        self.lift()
        self.t_s += 1.0
        self.phase(Phase.LOWERING)
        self.t_s += 1.0
        rep = Rep(set=None, rep=None, verdict=Verdict.UNFINISHED, start_s=start_s, end_s=self.t_s)
        self._tell(MovementRejected, rep=rep, withdrawn=len(self.reps) + 1)

    def rest(self, rest_s: float = 12.0) -> None:
        """So long without movement that what there is of a set ends."""
        self.t_s += 10.0
        if len(self.reps) >= SET_REPS:
            self._tell(SetClosed, summary=summary(self.sets, self.reps))
        else:
            for rep in self.reps:
                gone = replace(rep, set=None, rep=None, verdict=Verdict.ISOLATED)
                self._tell(MovementRejected, rep=gone, withdrawn=rep.rep)
        self.reps = []
        self.t_s += rest_s - 10.0


def summary(number: int, reps: Sequence[Rep]) -> SetSummary:
    return SetSummary(
        set=number, start_s=reps[0].start_s, end_s=reps[-1].end_s, reps=len(reps), rest_s=float("nan"),
        time_under_tension_s=30.0, mean_tempo="3.0-0.5-1.0-1.0", mean_rom_deg=90.0, mean_top_hold_s=1.0,
        lift_rate_loss_pct=5.0, tempo_adherence=0.85,
    )  # fmt: skip


def heard(coach: Coach, events: Iterable[Event], until_s: float | None = None) -> list[Cue]:
    """Every cue of these events, and of the clock up to `until_s`."""
    cues = [cue for event in events for cue in coach.take(event)]
    return cues + (coach.tick(LiveState(t_s=until_s)) if until_s is not None else [])


def said(cues: Iterable[Cue], *why: Why) -> list[str]:
    return [cue.text for cue in cues if isinstance(cue, Say) and (not why or cue.why in why)]


def sounds(cues: Iterable[Cue]) -> list[tuple[float, float]]:
    """When tones really sounded: from, until."""
    spans: list[tuple[float, float]] = []
    for cue in cues:
        if isinstance(cue, Tone | Hush) and spans:
            start_s, end_s = spans[-1]
            spans[-1] = start_s, min(end_s, cue.at_s)
        if isinstance(cue, Tone):
            spans.append((cue.at_s, cue.at_s + cue.length_s))
    return spans


def beats(cues: Iterable[Cue]) -> list[tuple[float, float]]:
    """The beats that were really played: when, and how high."""
    played: list[tuple[float, float]] = []
    for cue in cues:
        if isinstance(cue, Pace | Hush):
            played = [beat for beat in played if beat[0] < cue.at_s]
        if isinstance(cue, Pace):
            played += [(cue.at_s + beat.after_s, beat.hz) for beat in cue.beats]
    return played
