"""A session in a few plain sentences and key figures: what was done, and what slipped."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

from imu.app import words
from imu.model import Floats, Rep, Verdict, format_tempo
from imu.review.control import turn_sharpness_dps2
from imu.review.linked import holes
from imu.review.tables import Review
from imu.tempo import PHASES, Tempo, measured_s

PHASE_WORDS = ("Lowering", "Bottom hold", "Lift", "Top hold")
FLAG_WORDS = {
    "SHORT_TOP": "The top was short of the straight line",
    "OVEREXTENDED": "The top was beyond the straight line",
    "SWUNG": "The lift was swung",
}
SLOWED_PCT = 20.0
"""From here on a lift that slowed over the set is worth a sentence."""
MOST_NAMED = 6


def in_words(review: Review) -> list[str]:
    """What was done and what slipped, a sentence each."""
    reps = review.reps
    said = [_counted(review)]
    if len(reps) and not review.exercise.static:
        said += [_tempo(review), _range(reps)]
    said += [_hold(rep, review) for rep in review.analysis.counted if not math.isnan(rep.hold_s)]
    if len(reps):
        said += slips(review) or ["Nothing slipped beyond the tolerances."]
    said += [*_others(review), *_overruled(review), *_lost(review)]
    return said


def _counted(review: Review) -> str:
    if not len(review.sets):
        return f"{review.exercise.name}: no repetition was counted."
    by_set = " + ".join(str(n) for n in review.sets["reps"])
    loads = [f"{load_kg:g} kg" for load_kg in review.sets["load_kg"].dropna().unique()]
    load = ", then ".join(loads) or "no load declared"
    shape = f" ({by_set})" if len(review.sets) > 1 else ""
    counts = f"{words.reps(len(review.reps))} in {words.sets(len(review.sets))}{shape}"
    return f"{review.exercise.name}: {counts}, {load}."


def _tempo(review: Review) -> str:
    reps = review.reps
    mean = format_tempo(reps[name].mean() for name in ("lower_s", "bottom_hold_s", "lift_s", "top_hold_s"))
    said = f"Mean tempo {mean} s (lowering-bottom-lift-top), target {review.exercise.target_tempo}"
    met = reps["tempo_adherence"].mean()
    return f"{said}." if math.isnan(met) else f"{said}: {100.0 * met:.0f} % of the phases met it."


def _range(reps: pd.DataFrame) -> str:
    rom, pm = reps["rom_deg"], reps["rom_pm_deg"].median()
    sure = "" if math.isnan(pm) else f" (each ±{pm:.0f}°)"
    if len(reps) == 1:
        return f"Range of the trunk {rom.iloc[0]:.0f}°{sure.replace('each ', '')}."
    return f"Mean range of the trunk {rom.mean():.0f}°, from {rom.min():.0f}° to {rom.max():.0f}°{sure}."


def _hold(rep: Rep, review: Review) -> str:
    target = Tempo.parse(review.exercise.target_tempo).hold_s
    sank = "" if math.isnan(rep.sag_deg_per_min) else f", sank {words.sag(rep.sag_deg_per_min)}"
    return f"Held {rep.hold_s:.1f} s near the straight line, target {target:g} s{sank}; ended: {rep.hold_ended}."


def slips(review: Review) -> list[str]:
    """Where tempo, range, top or speed slipped: a sentence each, none where nothing did."""
    return [*_missed_phases(review), *_flagged(review), *_over_the_sets(review)]


def _missed_phases(review: Review) -> Iterator[str]:
    counted = review.analysis.counted
    target = Tempo.parse(review.exercise.target_tempo)
    by_set = {rep.set: target.for_set([one for one in counted if one.set == rep.set]) for rep in counted}
    for i in range(len(PHASES)):
        judged = [(rep, by_set[rep.set]) for rep in counted]
        missed = [(rep, one.phases_s[i] or 0.0) for rep, one in judged if one.hits(rep)[i] is False]
        short = [rep for rep, wanted_s in missed if measured_s(rep)[i] < wanted_s]
        long = [rep for rep, wanted_s in missed if measured_s(rep)[i] >= wanted_s]
        parts = [f"too {how} in {_names(some, review)}" for how, some in (("short", short), ("long", long)) if some]
        if parts:
            yield f"{PHASE_WORDS[i]} {' and '.join(parts)}."


def _flagged(review: Review) -> Iterator[str]:
    for flag, said in FLAG_WORDS.items():
        some = [rep for rep in review.analysis.counted if flag in rep.flags]
        if some:
            yield f"{said} in {_names(some, review)}."


def _names(some: list[Rep], review: Review) -> str:
    """Which repetitions, `set.rep` where there are several sets; only how many where there are many."""
    several = len(review.sets) > 1
    if len(some) > MOST_NAMED:
        return f"{len(some)} of {len(review.reps)} reps"
    names = ", ".join(f"{rep.set}.{rep.rep}" if several else str(rep.rep) for rep in some)
    return f"rep{'' if len(some) == 1 else 's'} {names}{' (set.rep)' if several else ''}"


def _over_the_sets(review: Review) -> Iterator[str]:
    for _, one in review.sets.iterrows():
        mine = review.reps[review.reps["set"] == one["set"]]
        third = len(mine) // 3
        if third:
            fell = mine["rom_deg"].iloc[:third].mean() - mine["rom_deg"].iloc[-third:].mean()
            if fell > mine["rom_pm_deg"].median():
                yield f"Range fell by {fell:.0f}° from the first to the last third of set {one['set']}."
        if one["lift_rate_loss_pct"] >= SLOWED_PCT:
            yield f"The last lift of set {one['set']} was {one['lift_rate_loss_pct']:.0f} % slower than its best."


def _others(review: Review) -> list[str]:
    others = review.ledger.loc[~review.ledger["counted"], "verdict"].value_counts(sort=False)
    if not len(others):
        return []
    parts = ", ".join(f"{n} {words.VERDICTS[Verdict(str(verdict))]}" for verdict, n in others.items())
    total = int(others.sum())
    return [f"{total} other movement{' was' if total == 1 else 's were'} not counted: {parts}."]


def _overruled(review: Review) -> list[str]:
    n = int((review.ledger["accepted"] != review.ledger["counted"]).sum())
    added = len(review.added)
    said = [f"judged {n} of the movements otherwise" if n else "", f"added {words.reps(added)}" if added else ""]
    told = " and ".join(one for one in said if one)
    return [f"A person {told}; the figures here are the program's."] if told else []


def _lost(review: Review) -> list[str]:
    missing = int(holes(review.samples)["missing"].sum())
    share = missing / (missing + len(review.samples))
    return [f"{missing} samples ({100.0 * share:.1f} %) are missing."] if missing else []


def key_numbers(review: Review) -> pd.DataFrame:
    """The figures of a session that are compared first, a row each.

    Columns: `value` (whole numbers where it is a count), `each ±` (the median half-width of the 90 % interval of one
    repetition's), `unit`. Means are over the counted repetitions; a number that does not exist is nan.
    """
    reps = review.reps
    lift_pm = _median(np.hypot(*reps[["lift_start_pm_s", "lift_end_pm_s"]].to_numpy(float).T))
    lower_pm = _median(np.hypot(*reps[["lower_start_pm_s", "lower_end_pm_s"]].to_numpy(float).T))
    rows = {
        "sets": (len(review.sets), math.nan, ""),
        "counted repetitions": (len(reps), math.nan, ""),
        "movements not counted": (int((~review.ledger["counted"]).sum()), math.nan, ""),
        "lowering": (reps["lower_s"].mean(), lower_pm, "s"),
        "bottom hold": (reps["bottom_hold_s"].mean(), math.nan, "s"),
        "lift": (reps["lift_s"].mean(), lift_pm, "s"),
        "top hold": (reps["top_hold_s"].mean(), math.nan, "s"),
        "tempo met": (100.0 * reps["tempo_adherence"].mean(), math.nan, "% of phases"),
        "range": (reps["rom_deg"].mean(), reps["rom_pm_deg"].median(), "deg"),
        "top from straight line": (reps["top_deviation_deg"].mean(), reps["top_deviation_pm_deg"].median(), "deg"),
        "mean lift rate": (reps["mean_lift_dps"].mean(), math.nan, "deg/s"),
        "lift rate loss, worst set": (review.sets["lift_rate_loss_pct"].max(), math.nan, "%"),
        "turn-round sharpness": (_median(turn_sharpness_dps2(review.trunk, reps)), math.nan, "deg/s2"),
        "smoothness (SPARC)": (reps["smoothness"].median(), math.nan, ""),
        "static hold": (reps["hold_s"].max(), math.nan, "s"),
        "missing samples": (int(holes(review.samples)["missing"].sum()), math.nan, ""),
    }
    columns = ["value", "each ±", "unit"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns, dtype=object).astype({"each ±": float})


def _median(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else math.nan
