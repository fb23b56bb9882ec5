"""What the recorder knows -> what a page is told: a board, a ledger and labels become messages."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from imu.app import words
from imu.app.board import Board
from imu.app.live.messages import (
    TRACE_HZ,
    Calibrating,
    Choice,
    Hold,
    Line,
    Link,
    Rest,
    Row,
    SetRow,
    Settings,
    State,
    Trace,
)
from imu.exercises import Exercise
from imu.link import BATTERY_LOW_PCT
from imu.model import NAN, Phase, Rep, SetSummary, Trunk, Verdict
from imu.motion.params import MotionParams
from imu.review.labelling import verdicts_on
from imu.sessions import Label
from imu.tempo import PHASES, Targets, Tempo, measured_s

_PARAMS = MotionParams()
_HOLE_S = 0.3
"""Points further apart are not to be joined."""


def choice(exercise: Exercise) -> Choice:
    """An exercise as it is chosen."""
    return Choice(key=exercise.key, name=exercise.name, static=exercise.static)


def settings(board: Board) -> Settings:
    """What is to be done."""
    return Settings(
        exercise=choice(board.exercise),
        tempo=board.target.text,
        phases_s=board.target.phases_s,
        hold_s=board.target.hold_s,
        reps=board.target_reps,
        rest_s=board.set_rest_s,
        load_kg=board.load_kg,
        synthetic=board.synthetic,
    )


def state(board: Board, trace: Trace) -> State:
    """How things stand."""
    live, ended = board.live, board.last_set
    return State(
        t_s=live.t_s or NAN,
        phase=live.phase.value,
        phase_words=words.PHASES[live.phase],
        phase_since_s=live.phase_since_s,
        phase_s=board.phase_s,
        pitch_deg=live.pitch_deg,
        count=ended.reps if ended and not board.is_set_open else live.count,
        set=board.set,
        set_open=board.is_set_open,
        set_marked=board.marked,
        hold=hold(board),
        rest=rest(board),
        calibrating=calibrating(board),
        trace=trace,
    )


def hold(board: Board) -> Hold | None:
    """The top hold under way; of a static exercise the whole hold."""
    at_top = board.live.phase is Phase.TOP and board.is_set_open  # one who stands about holds nothing
    held_s = board.hold_s if board.exercise.static else board.phase_s if at_top else None
    if held_s is None:
        return None
    target_s = board.target.hold_s
    return Hold(
        since_s=board.live.t_s - held_s, held_s=held_s, target_s=target_s, reached=held_s >= target_s
    )  # fmt: skip


def rest(board: Board) -> Rest | None:
    """The rest under way."""
    rest_s, wanted_s = board.rest_s, board.set_rest_s
    if rest_s is None:
        return None
    return Rest(held_s=rest_s, target_s=wanted_s, over=wanted_s is not None and rest_s >= wanted_s)


def calibrating(board: Board) -> Calibrating | None:
    """The straight line that is waited for."""
    waits = board.live.calibration
    if waits is None:
        return None
    return Calibrating(left_s=waits.left_s, wanted_s=waits.wanted_s, elsewhere=waits.elsewhere)


def line(board: Board) -> Line:
    """The straight line, and within what a top is neither short nor overextended."""
    at_deg = board.straight_line_deg
    return Line(
        pitch_deg=at_deg,
        low_deg=at_deg + _PARAMS.short_top_deg,
        high_deg=at_deg + _PARAMS.overextended_deg,
        source="measured" if math.isfinite(board.live.straight_line_deg) else "nominal",
    )


def trace(trunk: Trunk, since_s: float) -> Trace:
    """The trunk's motion after `since_s`, thinned to `TRACE_HZ` by its times, so that any two cuts give the same."""
    cell = np.floor(trunk.t_s * TRACE_HZ)
    first = np.diff(cell, prepend=math.floor(since_s * TRACE_HZ) if math.isfinite(since_s) else -1.0) > 0
    t_s: list[float] = trunk.t_s[first].tolist()
    pitch_deg: list[float | None] = np.where(trunk.trusted, trunk.pitch_deg, np.nan)[first].tolist()
    for i in range(len(t_s) - 1, 0, -1):
        if t_s[i] - t_s[i - 1] > _HOLE_S:
            t_s.insert(i, 0.5 * (t_s[i] + t_s[i - 1]))
            pitch_deg.insert(i, NAN)
    return Trace(t_s=tuple(t_s), pitch_deg=tuple(pitch_deg))


def row_id(rep: Rep) -> str:
    """The name of a movement: its start, by which the ledger knows it."""
    return f"{rep.start_s:.4f}"


def row(rep: Rep, target: Tempo, said: Verdict | None) -> Row:
    """One movement of the ledger beside what a person said of it."""
    return Row(
        id=row_id(rep),
        start_s=rep.start_s,
        end_s=rep.end_s,
        set=rep.set if rep.counted else None,
        rep=rep.rep,
        counted=rep.counted,
        verdict=rep.verdict.value,
        verdict_words=words.VERDICTS[rep.verdict],
        label=None if said is None else said.value,
        label_words=None if said is None else words.VERDICTS[said],
        phases_s=measured_s(rep),
        hits=target.hits(rep) if rep.counted else (None,) * len(PHASES),
        adherence=rep.tempo_adherence,
        tempo=rep.tempo,
        rom_deg=rep.rom_deg,
        top_deviation_deg=rep.top_deviation_deg,
        flags=rep.flags,
    )


def rows(ledger: Iterable[Rep], targets: Targets, labels: Sequence[Label]) -> Iterator[Row]:
    """The ledger, each movement against the target of its time and set."""
    ledger = tuple(ledger)
    sets: dict[int | None, list[Rep]] = {}
    for rep in ledger:
        if rep.counted:
            sets.setdefault(rep.set, []).append(rep)
    known: dict[tuple[int | None, Tempo], Tempo] = {}
    for rep, said in zip(ledger, verdicts_on(ledger, labels), strict=True):
        key = rep.set, targets.at(rep.end_s)
        if key not in known:
            known[key] = key[1].for_set(sets.get(rep.set, []))
        yield row(rep, known[key], said)


def last(board: Board, ledger: Iterable[Rep], labels: Sequence[Label]) -> Row | None:
    """The last repetition with the hold that led into it, which is what the person remembers, and its adherence."""
    rep = board.confirmed
    if rep is None:
        return None
    ledger = tuple(ledger)
    same = [one for one in ledger if one.counted and one.set == rep.set]
    judged = next((one for one in same if one.start_s == rep.start_s), rep)
    around = ledger if judged in ledger else (judged,)
    said = verdicts_on(around, labels)[around.index(judged)]
    target = board.targets.at(rep.end_s).for_set(same)
    remembered = dataclasses.replace(
        rep, tempo_adherence=target.adherence(rep), flags=judged.flags, top_deviation_deg=judged.top_deviation_deg
    )
    return row(remembered, target, said)


def ended(summary: SetSummary, load_kg: float | None) -> SetRow:
    """A set that ended."""
    return SetRow(
        set=summary.set,
        step="ended",
        reps=summary.reps,
        mean_tempo=summary.mean_tempo,
        adherence=summary.tempo_adherence,
        mean_hold_s=summary.mean_top_hold_s,
        mean_rom_deg=summary.mean_rom_deg,
        load_kg=load_kg,
    )


def link(stage: str, text: str, board: Board | None, folder: str | None) -> Link:
    """The recording and what it comes from."""
    health = None if board is None else board.health
    if board is None or health is None:
        return Link(stage=stage, text=text, sensor=board.sensor if board else "", folder=folder)
    battery = health.battery_pct
    return Link(
        stage=stage,
        text=text,
        sensor=board.sensor,
        words=words.link_words(health),
        good=board.is_link_good,
        lost=health.lost,
        missing=health.missing,
        filled=health.filled,
        rate_hz=health.effective_rate_hz,
        latency_s=health.latency_s if health.latency_s >= 0 else NAN,
        battery_pct=battery,
        battery_low=battery is not None and battery <= BATTERY_LOW_PCT,
        warnings=health.warnings,
        folder=folder,
    )
