"""What a live view knows at an instant: events and samples go in, screens and lines read it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from imu.app import words
from imu.app.ledger import Ledger
from imu.coach.form import with_hold_before
from imu.exercises import Exercise
from imu.model import (
    NAN,
    Calibration,
    Event,
    LiveState,
    MountRevised,
    MovementRejected,
    Phase,
    Recounted,
    Rep,
    RepWithdrawn,
    SetClosed,
    SetRetracted,
    SetSummary,
)
from imu.motion.params import MotionParams
from imu.tempo import Targets, Tempo

if TYPE_CHECKING:
    from imu.link import LinkHealth

HOLD_BAND_DEG = MotionParams().hold_band_deg
NOTICE_S = 8.0
"""How long a remark stays on the screen."""


@dataclass(kw_only=True)
class Board:
    """Everything a live view shows. Only the program that follows the stream writes to it.

    Attributes:
        exercise: What is trained; its target tempo is the one in force.
        sensor: Name of the sensor.
        load_kg: Declared load, or None.
        set_rest_s: Planned rest between sets, or None.
        target_reps: Repetitions wanted in a set, or None.
        marked: The set under way was begun by the person's word, and ends by it.
        synthetic: Whether the person is simulated; shown, always.
        straight_line_deg: Pitch of the straight line, nominal until the session's own is known.
        live: The pipeline's state.
        health: The link's state, None in a replay.
        ledger: What counts, as the events told it.
        notice: A remark and the device time at which it was made.
        keys: Whether a keyboard is listened to.
        hold_since_s, hold_line_deg: Of a static exercise's hold while it lasts: its start, and its straight line.
    """

    exercise: Exercise
    sensor: str
    load_kg: float | None = None
    set_rest_s: float | None = None
    target_reps: int | None = None
    marked: bool = False
    synthetic: bool = False
    straight_line_deg: float = NAN
    live: LiveState = field(default_factory=LiveState)
    health: LinkHealth | None = None
    ledger: Ledger = field(default_factory=Ledger)
    notice: tuple[str, float] = ("", -NOTICE_S)
    keys: bool = False
    hold_since_s: float = NAN
    hold_line_deg: float = NAN

    def __post_init__(self) -> None:
        self.target = Tempo.parse(self.exercise.target_tempo)
        self.targets = Targets(self.target)
        if self.exercise.top_deg is not None:
            self.straight_line_deg = self.exercise.top_deg

    def retarget(self, at_s: float, tempo: Tempo) -> None:
        """From `at_s` on the target tempo is another one."""
        self.exercise, self.target = replace(self.exercise, target_tempo=tempo.text), tempo
        self.targets.change(at_s, tempo)

    def see(self, live: LiveState) -> None:
        """Note how things stand, the straight line among them once one was held."""
        self.live = live
        if math.isfinite(live.straight_line_deg):
            self.straight_line_deg = live.straight_line_deg
        if self.exercise.static:
            self._see_hold(live)

    def _see_hold(self, live: LiveState) -> None:
        """A static hold begins at the top and lasts as long as the trunk stays near its straight line, sag or not."""
        if math.isnan(self.hold_since_s):
            if live.phase is Phase.TOP:
                known = math.isfinite(live.straight_line_deg)
                self.hold_since_s = live.phase_since_s
                self.hold_line_deg = live.straight_line_deg if known else live.pitch_deg
        elif abs(live.pitch_deg - self.hold_line_deg) > HOLD_BAND_DEG and live.phase is not Phase.TOP:
            self.hold_since_s = NAN

    @property
    def hold_s(self) -> float | None:
        """How long a static hold has lasted; None where there is none."""
        return None if math.isnan(self.hold_since_s) else max(self.live.t_s - self.hold_since_s, 0.0)

    def take(self, event: Event) -> None:
        """Note what the analysis found."""
        self.ledger.take(event)
        if isinstance(event, SetClosed):
            self.remark(words.set_line(event.summary))
        elif isinstance(event, SetRetracted):
            self.remark(words.retracted_line(event.set))
        elif isinstance(event, RepWithdrawn):
            self.remark(words.withdrawn_line(event))
        elif isinstance(event, MovementRejected):
            self.remark(words.rejected_line(event.rep, event.withdrawn))
        elif isinstance(event, Calibration):
            self.remark(words.calibration_line(event))
        elif isinstance(event, MountRevised):
            self.remark(words.mount_line(event.mount))
        elif isinstance(event, Recounted) and event.changed:
            self.remark(words.recounted_line(event))

    @property
    def confirmed(self) -> Rep | None:
        """The last rep whose cycle closed, with the hold that led into it."""
        latest = self.ledger.counted[-2:]
        return with_hold_before(latest[-1], latest[0] if len(latest) > 1 else None) if latest else None

    @property
    def last_set(self) -> SetSummary | None:
        """The set that ended last."""
        return self.ledger.last_set

    def remark(self, text: str) -> None:
        """Show a remark for a while."""
        self.notice = (text, self.live.t_s)

    @property
    def remark_text(self) -> str:
        """The remark, as long as it is fresh; then what is wrong with sensor or link, as long as it is."""
        text, at_s = self.notice
        if self.live.t_s - at_s < NOTICE_S:
            return text
        return self.health.warnings[0] if self.health and self.health.warnings else ""

    @property
    def phase_s(self) -> float:
        """How long the phase has lasted."""
        return max(self.live.t_s - self.live.phase_since_s, 0.0)

    @property
    def rest_s(self) -> float | None:
        """How long the rest has lasted; None before the first set ended and from the first rep of the next."""
        ended = self.last_set
        return None if ended is None or self.is_set_open else max(self.live.t_s - ended.end_s, 0.0)

    @property
    def is_set_open(self) -> bool:
        """Whether a set is under way, or seems to begin."""
        return self.marked or self.live.count > 0

    @property
    def set(self) -> int:
        """Number of the set under way, or of the last; 0 before the first. One that seems to begin has its own."""
        number = self.live.set
        return number + 1 if self.is_set_open and (number == 0 or number in self.ledger.sets) else number

    @property
    def is_link_good(self) -> bool:
        """Whether nothing is wrong with the link now."""
        health = self.health
        if health is None:
            return False
        return not health.lost and not health.missing and not health.warnings and health.state == "streaming"

    @property
    def hold_reached(self) -> bool:
        """Whether the top has been held long enough."""
        return self.live.phase is Phase.TOP and self.phase_s >= self.target.hold_s
