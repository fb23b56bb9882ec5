"""The straight line: a person holds it for 3 s, and its pitch is what tops are measured from.

While recording, `StillWatch` waits for the hold. It looks at where up is in sensor axes and not at the pitch, so that
it needs no mount: at the start of a session nobody may have moved yet. What it finds is a stretch of time. The pitch
in it is measured by `straight_lines` from the trunk's motion, again whenever the mount is judged anew, and in the same
way afterwards from the files.

Several holds in one recording: a repetition is held against the last one that ended before it began, and those before
the first hold against the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import inf, isnan

import numpy as np

from imu.exercises import Exercise
from imu.model import (
    NAN,
    Bools,
    Calibration,
    CalibrationState,
    CalibrationStep,
    Event,
    Floats,
    Inclination,
    LineHold,
    Mount,
    Rep,
    StraightLine,
)
from imu.motion.params import MotionParams

_BIN_S = 0.25
"""Stillness is judged by means of quarter seconds: tremor and noise are gone in them, breathing is not."""
_UPRIGHT_DEG = 90.0
_DECIMALS = 4
"""A hold's ends are written to 0.1 ms; they lie between two samples, so that rounding moves none in or out."""
_TOPS = 3
"""From fewer nobody can say what is meant to be the top."""
_BREATHS = 2.0
"""Independent looks at breathing and sway in 3 s; breathing takes 3 to 5 s."""


class Calibrations:
    """All straight-line holds of a recording: those known beforehand, and those watched for as it goes on.

    Attributes:
        holds: What is known so far; the list is shared with whoever must not take a hold for a repetition.
    """

    def __init__(self, exercise: Exercise, holds: Iterable[LineHold], *, grid_hz: float, params: MotionParams) -> None:
        self._exercise, self._grid_hz, self._params = exercise, grid_hz, params
        self.holds = list(holds)
        self._watch: StillWatch | None = None
        self._untold: list[Calibration] = []

    @property
    def state(self) -> CalibrationState | None:
        """The calibration under way."""
        return None if self._watch is None else self._watch.state

    def begin(self, *, since_s: float | None, limit_s: float | None) -> None:
        """Watch for the next still 3 s after `since_s`, or from the first sample on."""
        limit_s = self._params.line_limit_s if limit_s is None else limit_s
        self._watch = StillWatch(
            self._exercise, since_s=since_s, limit_s=limit_s, grid_hz=self._grid_hz, params=self._params
        )

    def look(self, block: Inclination, mount: Mount | None) -> None:
        """Look at samples, with the mount as it is known in them."""
        if self._watch is None:
            return
        steps = self._watch.push(block, mount)
        self._untold += steps
        self.holds += [step.hold for step in steps if step.hold is not None]
        if self._watch.is_over:
            self._watch = None

    def tell(self, events: list[Event], now_s: float) -> list[Event]:
        """Put what was found up to `now_s` in its place among other events, so that the order is one for any cut."""
        if not self._untold:
            return events
        told = list(events)
        while self._untold and self._untold[0].decided_s <= now_s:
            step = self._untold.pop(0)
            at = next((i for i, event in enumerate(told) if event.decided_s > step.decided_s), len(told))
            told.insert(at, step)
        return told

    def lines(
        self, t_s: Floats, pitch_deg: Floats, trusted: Bools, mount: Mount
    ) -> tuple[list[StraightLine], list[str]]:
        """The straight lines as measured with a mount, and words about holds that cannot have been one."""
        lines, words = [], []
        for line in straight_lines(t_s, pitch_deg, trusted, self.holds, self._params) if self.holds else ():
            if is_plausible(line.pitch_deg, self._exercise, mount, self._params):
                lines.append(line)
            else:
                words.append(
                    f"The straight line held at {line.hold.start_s:.0f} s lies at {line.pitch_deg:.0f} degrees, where "
                    f"the one of a {self._exercise.key} cannot be (near {self._exercise.top_deg:.0f}); it is not used."
                )
        return lines, words


class StillWatch:
    """Stage: `Inclination` -> steps of one calibration, until it `is_over`.

    Args:
        exercise: Says where its straight line is to be expected.
        since_s: Samples up to this time are not looked at; None to begin with the first there is.
        limit_s: How long to try.
    """

    def __init__(
        self, exercise: Exercise, *, since_s: float | None, limit_s: float, grid_hz: float, params: MotionParams
    ) -> None:
        self._exercise, self._since_s, self._limit_s, self._params = exercise, since_s, limit_s, params
        self._size = max(1, round(_BIN_S * grid_hz))
        self._bin_s = self._size / grid_hz
        self._needed = int(np.ceil(params.line_hold_s / self._bin_s - 1e-9))
        self._rest = Inclination.empty()
        self._held: list[_Bin] = []
        self._elsewhere, self._told_s = False, -inf
        self.is_over = False

    @property
    def state(self) -> CalibrationState:
        """What a view shows of it."""
        return CalibrationState(
            held_s=min(len(self._held), self._needed) * self._bin_s,
            wanted_s=self._needed * self._bin_s,
            until_s=NAN if self._since_s is None else self._since_s + self._limit_s,
            elsewhere=self._elsewhere and len(self._held) >= self._needed,
        )

    def push(self, block: Inclination, mount: Mount | None) -> list[Calibration]:
        """Take a block, with the mount as it is known in it."""
        if self._since_s is None and len(block):
            self._since_s = float(block.t_s[0]) - 0.5 * self._bin_s / self._size
        first = 0 if self._since_s is None else int(np.searchsorted(block.t_s, self._since_s, side="right"))
        self._rest = Inclination.concat((self._rest, block[first:]))
        whole = len(self._rest) // self._size * self._size
        bins, self._rest = _bins(self._rest[:whole], self._size), self._rest[whole:]
        events: list[Calibration] = []
        for one in bins:
            if not self.is_over:
                events += self._look(one, mount)
        return events

    def _look(self, new: _Bin, mount: Mount | None) -> list[Calibration]:
        """Judge one more quarter second."""
        before = self._held
        self._held, moved_deg = self._extend(new)
        lost_s = (len(before) + 1 - len(self._held)) * self._bin_s
        events: list[Calibration] = []
        if not isnan(moved_deg) and lost_s > self._params.line_attempt_s and self._in_line(before, mount):
            events.append(self._step(new, CalibrationStep.UNSTEADY, held=before, moved_deg=moved_deg))
        if len(self._held) >= self._needed and (mount is not None or self._may_be_upright()):
            events += self._judge(new, mount)
        if not self.is_over and new.end_s >= self.state.until_s:
            self.is_over = True
            events.append(self._step(new, CalibrationStep.GIVEN_UP))
        return events

    def _extend(self, new: _Bin) -> tuple[list[_Bin], float]:
        """What is held with the new quarter second, and how far it moved from what was, inf where samples were lost."""
        held, p = self._held, self._params
        if not new.whole or (held and new.start_s - held[-1].end_s > self._bin_s):
            return [new] if new.whole else [], inf if held else NAN
        away = [_angle_deg(one.up, new.up) for one in held]
        keep = max((i + 1 for i, deg in enumerate(away) if deg > p.still_deg), default=0)
        if held and away[-1] > p.still_dps * self._bin_s:
            keep = len(held)
        return [*held[keep:], new][-self._needed :], max(away) if keep else NAN

    def _in_line(self, held: list[_Bin], mount: Mount | None) -> bool:
        """Whether this may be the straight line: while nobody moved yet, only where that is standing upright."""
        self._elsewhere = False
        if mount is None:
            return self._may_be_upright()
        return is_plausible(_mean_pitch_deg(held, mount), self._exercise, mount, self._params)

    def _judge(self, new: _Bin, mount: Mount | None) -> list[Calibration]:
        """The trunk was still for long enough: take it, unless this cannot be the straight line."""
        held = self._held
        pitch_deg = NAN if mount is None else _mean_pitch_deg(held, mount)
        if not self._in_line(held, mount):
            self._elsewhere = True
            if new.end_s - self._told_s < self._params.line_reminder_s:
                return []
            self._told_s = new.end_s
            return [self._step(new, CalibrationStep.ELSEWHERE, held=held, pitch_deg=pitch_deg)]
        self.is_over = True
        step_s = self._bin_s / self._size
        hold = LineHold(
            start_s=round(held[0].start_s - 0.5 * step_s, _DECIMALS),
            end_s=round(held[-1].end_s + 0.5 * step_s, _DECIMALS),
        )
        return [self._step(new, CalibrationStep.TAKEN, held=held, pitch_deg=pitch_deg, hold=hold)]

    def _step(
        self,
        now: _Bin,
        step: CalibrationStep,
        *,
        held: Sequence[_Bin] = (),
        moved_deg: float = NAN,
        pitch_deg: float = NAN,
        hold: LineHold | None = None,
    ) -> Calibration:
        return Calibration(
            t_s=now.end_s,
            decided_s=now.end_s,
            step=step,
            held_s=len(held) * self._bin_s,
            moved_deg=moved_deg,
            pitch_deg=pitch_deg,
            hold=hold,
        )

    def _may_be_upright(self) -> bool:
        top_deg = self._exercise.top_deg
        return top_deg is None or abs(top_deg - _UPRIGHT_DEG) <= self._params.line_posture_deg


class _Bin:
    """A quarter second: its mean direction of up, its first and last sample's time, and whether none was lost."""

    __slots__ = ("end_s", "start_s", "up", "whole")

    def __init__(self, start_s: float, end_s: float, up: Floats, *, whole: bool) -> None:
        self.start_s, self.end_s, self.up, self.whole = start_s, end_s, up, whole


def _bins(block: Inclination, size: int) -> list[_Bin]:
    """Cut a block of a whole number of bins."""
    n = len(block) // size
    t, up = block.t_s.reshape(n, size), block.up.reshape(n, size, 3).mean(axis=1)
    whole = np.count_nonzero(block.trusted.reshape(n, size), axis=1) == size
    return [_Bin(float(t[i, 0]), float(t[i, -1]), up[i], whole=bool(whole[i])) for i in range(n)]


def straight_lines(
    t_s: Floats, pitch_deg: Floats, trusted: Bools, holds: Iterable[LineHold], params: MotionParams
) -> list[StraightLine]:
    """Measure the pitch in each hold, in order of time; holds without a measured sample in them are left out.

    Args:
        t_s: (n,) device time.
        pitch_deg: (n,) pitch of the trunk.
        trusted: (n,) false where samples were lost.
        holds: When the body was held straight.
        params: Constants of judgement.

    The uncertainty adds the sensor's own error at rest to that of the median of a body that breathes and sways: the
    spread, taken for 3.3 standard deviations of a normal one, over as many looks as 3 s have breaths.
    """
    lines = []
    for hold in sorted(holds, key=lambda h: h.end_s):
        inside = slice(*np.searchsorted(t_s, (hold.start_s, hold.end_s)).tolist())
        pitch = pitch_deg[inside][trusted[inside]]
        if not len(pitch):
            continue
        low, middle, high = (float(v) for v in np.percentile(pitch, (5.0, 50.0, 95.0)))
        body_deg = 0.5 * (high - low) / np.sqrt(_BREATHS)
        pm_deg = float(np.hypot(params.inclination_pm_deg, body_deg))
        lines.append(StraightLine(hold=hold, pitch_deg=middle, spread_deg=high - low, pm_deg=pm_deg))
    return lines


def with_measured(events: list[Event], lines: Iterable[StraightLine]) -> list[Event]:
    """Events in which a hold that was taken carries the pitch measured in it."""
    measured = {line.hold: line.pitch_deg for line in lines}
    return [
        replace(e, pitch_deg=measured[e.hold]) if isinstance(e, Calibration) and e.hold in measured else e
        for e in events
    ]


def line_for(lines: Sequence[StraightLine], start_s: float) -> StraightLine:
    """The one of at least one calibration against which a repetition that begins at `start_s` is held."""
    before = [line for line in lines if line.hold.end_s <= start_s]
    return before[-1] if before else lines[0]


def doubts(lines: Sequence[StraightLine], reps: Iterable[Rep], params: MotionParams) -> list[str]:
    """Words about holds that may have been none of the straight line: most of the tops lie elsewhere.

    Args:
        lines: As measured.
        reps: The ledger, held against them.
        params: Constants of judgement; so far off a single top would be flagged.
    """
    off: dict[StraightLine, list[float]] = {}
    for rep in reps if lines else ():
        if rep.counted:
            off.setdefault(line_for(lines, rep.start_s), []).append(rep.top_deviation_deg)
    medians = {line: float(np.median(some)) for line, some in off.items() if len(some) >= _TOPS}
    return [
        f"Most tops lie {abs(deg):.0f} degrees {'below' if deg < 0 else 'above'} the straight line held at "
        f"{line.hold.start_s:.0f} s. If they were as they should be, that was none: hold it again, or delete its row "
        "from events.csv."
        for line, deg in medians.items()
        if not params.short_top_deg <= deg <= params.overextended_deg
    ]


def is_plausible(pitch_deg: float, exercise: Exercise, mount: Mount, params: MotionParams) -> bool:
    """Whether the straight line of the exercise can lie there; hanging and standing beside the bench are still, too."""
    if exercise.top_deg is None or not mount.is_sure:
        return True
    away_deg = (pitch_deg - exercise.top_deg + 180.0) % 360.0 - 180.0
    return abs(away_deg) <= params.line_posture_deg


def _mean_pitch_deg(held: Sequence[_Bin], mount: Mount) -> float:
    up = np.mean([one.up for one in held], axis=0)
    return float(np.rad2deg(np.arctan2(up @ np.array(mount.cranial), -(up @ np.array(mount.anterior)))))


def _angle_deg(a: Floats, b: Floats) -> float:
    """Angle between two directions, by their chord: exact for small ones."""
    return float(np.rad2deg(2.0 * np.arcsin(min(0.5 * float(np.linalg.norm(a - b)), 1.0))))
