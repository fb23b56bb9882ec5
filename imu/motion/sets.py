"""The ledger -> the set's own figures: straight line, deviations, flags, summaries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import hypot, isnan
from statistics import fmean, median

from imu.model import NAN, Rep, SetSummary, format_tempo
from imu.motion.params import MotionParams
from imu.tempo import Targets, Tempo


def straight_line(reps: Iterable[Rep]) -> float:
    """Median top of the counted repetitions: the reference where nobody calibrated one; nan without any."""
    tops = [r.top_deg for r in reps if r.counted]
    return median(tops) if tops else NAN


def judge_form(
    rep: Rep, straight_line_deg: float, params: MotionParams, *, gyroscope: bool = True, line_pm_deg: float = 0.0
) -> Rep:
    """Add what the exercise asks for: the distance from the straight line, flags, and how sure the angles are.

    Args:
        rep: A counted repetition.
        straight_line_deg: What its top is held against.
        params: Limits, and the angles' uncertainty.
        gyroscope: Whether the angles come from more than the accelerometer.
        line_pm_deg: Half-width of the 90 % interval of a calibrated line.
    """
    deviation = rep.top_deg - straight_line_deg
    flags = []
    if deviation < params.short_top_deg:
        flags.append("SHORT_TOP")
    if deviation > params.overextended_deg:
        flags.append("OVEREXTENDED")
    if rep.peak_lift_dps > params.swung_ratio * abs(rep.mean_lift_dps):
        flags.append("SWUNG")
    shaken = 0.0 if gyroscope else shaken_dps2(rep.rom_deg, min(rep.lift_s, rep.lower_s), params)
    return replace(
        rep,
        top_deviation_deg=deviation,
        flags=tuple(flags),
        rom_pm_deg=hypot(
            params.range_pm_deg, params.range_pm_share * rep.rom_deg, params.range_pm_acc_only_s2 * shaken
        ),
        top_deviation_pm_deg=hypot(params.top_pm_deg, line_pm_deg, params.top_pm_acc_only_s2 * shaken),
    )


def shaken_dps2(range_deg: float, quicker_s: float, params: MotionParams) -> float:
    """How hard a movement's quicker stroke speeds up and slows down, which an accelerometer takes for tilt."""
    return range_deg / max(quicker_s, params.brief_s) ** 2


def summarise(number: int, reps: list[Rep], *, previous_end_s: float) -> SetSummary:
    """One set's figures from its counted repetitions.

    `lift_rate_loss_pct` is the last repetition's mean lift rate against the set's best, in percent (a trend of
    fatigue, no measure of effort in reserve); nan for one repetition.
    """
    rates = [r.mean_lift_dps for r in reps if r.mean_lift_dps > 0]
    return SetSummary(
        set=number,
        start_s=reps[0].start_s,
        end_s=reps[-1].end_s,
        reps=len(reps),
        rest_s=reps[0].start_s - previous_end_s,
        time_under_tension_s=sum(r.time_under_tension_s for r in reps),
        mean_tempo=_mean_tempo(reps),
        mean_rom_deg=fmean(r.rom_deg for r in reps),
        mean_top_hold_s=_mean(r.top_hold_s for r in reps),
        tempo_adherence=_mean(r.tempo_adherence for r in reps),
        lift_rate_loss_pct=100.0 * (1.0 - rates[-1] / max(rates)) if len(rates) > 1 else NAN,
    )


def with_adherence(reps: Iterable[Rep], targets: Targets) -> tuple[Rep, ...]:
    """A ledger whose counted repetitions say which share of the target tempo they met, each beside its own set.

    The target is the one in force when the repetition ended.
    """
    ledger = tuple(reps)
    sets = _by_set(ledger)
    known: dict[tuple[int, Tempo], Tempo] = {}

    def judged(rep: Rep) -> Rep:
        if not rep.counted or rep.set is None:
            return rep
        target = targets.at(rep.end_s)
        if (rep.set, target) not in known:
            known[rep.set, target] = target.for_set(sets[rep.set])
        return replace(rep, tempo_adherence=known[rep.set, target].adherence(rep))

    return tuple(judged(rep) for rep in ledger)


def summarise_all(reps: Iterable[Rep]) -> list[SetSummary]:
    """Every set of a ledger, in order."""
    out: list[SetSummary] = []
    for number, members in sorted(_by_set(reps).items()):
        out.append(summarise(number, members, previous_end_s=out[-1].end_s if out else NAN))
    return out


def _by_set(reps: Iterable[Rep]) -> dict[int, list[Rep]]:
    sets: dict[int, list[Rep]] = {}
    for rep in reps:
        if rep.counted and rep.set is not None:
            sets.setdefault(rep.set, []).append(rep)
    return sets


def _mean(values: Iterable[float]) -> float:
    known = [v for v in values if not isnan(v)]
    return fmean(known) if known else NAN


def _mean_tempo(reps: list[Rep]) -> str:
    phases = (
        _mean(r.lower_s for r in reps),
        _mean(r.bottom_hold_s for r in reps),
        _mean(r.lift_s for r in reps),
        _mean(r.top_hold_s for r in reps),
    )
    return format_tempo(phases)
