"""Scored recordings -> tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from imu.app.dataset import COUNTED
from imu.app.scored import Result, Tilted
from imu.app.sheets import AGREEMENT, NONE, Sheet, agreement_cells, number, percent, rate, share
from imu.evaluation.agreement import Agreement, agreement
from imu.evaluation.bouts import Bout, CountSum, QuietSum, sum_counts, sum_quiet
from imu.evaluation.instants import BOUNDARIES

CHANGES = "sitting down, standing up, lying down"
EVERYDAY = "everyday activity"
SENSORS = {f"{EVERYDAY}, with gyroscope": True, f"{EVERYDAY}, acceleration only": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Results under one name."""

    name: str
    results: tuple[Result, ...]


def counted_groups(results: Iterable[Result]) -> list[Group]:
    """Recordings with something to count, by data set; those without a certain bout add their phantoms."""
    counted = [r for r in results if r.entry.kind in COUNTED]
    groups = _grouped(counted, lambda r: r.entry.dataset)
    return [g for g in groups if any(r.counts.bouts for r in g.results)]


def quiet_groups(results: Iterable[Result]) -> list[Group]:
    """Recordings without repetitions, by data set and activity, and their sums."""
    quiet = [r for r in results if r.entry.kind == "negative"]
    groups = _grouped(quiet, lambda r: f"{r.entry.dataset}: {r.entry.activity or 'no activity stated'}")
    daily = tuple(r for r in quiet if not r.entry.transition)
    groups += [Group(name=n, results=tuple(r for r in daily if r.gyroscope == g)) for n, g in SENSORS.items()]
    groups.append(Group(name=EVERYDAY, results=daily))
    groups.append(Group(name=CHANGES, results=tuple(r for r in quiet if r.entry.transition)))
    return [g for g in groups if g.results]


def _grouped(results: Iterable[Result], key: Callable[[Result], str]) -> list[Group]:
    groups: dict[str, list[Result]] = {}
    for one in results:
        groups.setdefault(key(one), []).append(one)
    return [Group(name=name, results=tuple(some)) for name, some in sorted(groups.items())]


def sheets(results: Sequence[Result], tilted: Sequence[Tilted]) -> list[Sheet]:
    """All tables of a folder."""
    least = sorted({r.min_set_reps for r in results}, reverse=True)
    by_least = {n: [r for r in results if r.min_set_reps == n] for n in least}
    found = [counts(by_least), quiet(by_least), *instants(by_least), unsure(by_least), traps(by_least)]
    return [s for s in (*found, orientation(tilted)) if s.rows]


SET_IS = "a set is"
LEGEND = "3+: three alike in a row make a set, the default. 1+: a single movement counts (--min-set-reps 1)."


def least_words(least: int) -> str:
    """How a value of --min-set-reps is written in a column."""
    return f"{least}+"


def counts(by_least: dict[int, list[Result]]) -> Sheet:
    """Counting, a row for each data set and setting."""
    rows = []
    names = [g.name for g in counted_groups(next(iter(by_least.values()), []))]
    for name in names:
        for least, results in by_least.items():
            (group,) = (g for g in counted_groups(results) if g.name == name)
            s = sum_counts(r.counts for r in group.results)
            rows.append((name, least_words(least), *_count_cells(s)))
    figures = ("recs", "bouts", "reps", "exact (95 %)", "within 1", "MAE", "missed", "extra", "phantoms", "free h",
               "an hour (90 %)", "whole rec. exact")  # fmt: skip
    return Sheet(
        title="Counting whole recordings, what nobody could count for certain left out",
        columns=("data set", SET_IS, *figures),
        rows=tuple(rows),
        notes=(LEGEND,) if len(by_least) > 1 else (),
    )


def _count_cells(s: CountSum) -> tuple[str, ...]:
    return (
        str(s.recordings), str(s.bouts), str(s.reps), share(s.exact, s.bouts), percent(s.within_1, s.bouts),
        number(s.mae_reps), str(s.missed), str(s.extra), str(s.phantoms), number(s.hours, 2), rate_of(s),
        percent(s.whole, s.recordings),
    )  # fmt: skip


SHORTEST_HOURS = 1e-3
"""No rate is made of less time than this."""


def rate_of(s: CountSum | QuietSum) -> str:
    """Phantoms an hour."""
    return rate(s.phantoms, s.hours) if s.hours > SHORTEST_HOURS else NONE


def quiet(by_least: dict[int, list[Result]]) -> Sheet:
    """Phantoms where nothing is to be counted, the settings side by side."""
    by_name: dict[str, list[QuietSum]] = {}
    for results in by_least.values():
        for group in quiet_groups(results):
            by_name.setdefault(group.name, []).append(sum_quiet(r.counts for r in group.results))
    rows = []
    for name, sums in by_name.items():
        cells = (cell for s in sums for cell in (str(s.phantoms), rate_of(s), percent(s.clean, s.recordings)))
        rows.append((name, str(sums[0].recordings), number(sums[0].hours), *cells))
    heads = (f"{least_words(n)}: {head}" for n in by_least for head in ("phantoms", "an hour (90 %)", "recs without"))
    return Sheet(
        title="Everyday activity, nothing to count", columns=("activity", "recs", "hours", *heads), rows=tuple(rows)
    )


def instants(by_least: dict[int, list[Result]]) -> list[Sheet]:
    """Boundaries and bottoms against the eye, at the setting that finds single movements."""
    least = min(by_least, default=0)
    results = by_least.get(least, [])
    true = [b for r in results for b in r.boundaries]
    rows = [(name, *agreement_cells(a)) for name, a in boundary_agreement(results).items()] if true else []
    asked = sum(len(r.entry.bottoms_s) for r in results if r.entry.kind in COUNTED)
    if asked:
        rows.append(("bottom", *agreement_cells(bottom_agreement(results))))
    matched = f"{sum(b is not None for b in true)} of {len(true)} repetitions with phases were found" if true else ""
    return [
        Sheet(
            title=f"Instants against the eye in s, a set is {least_words(least)}",
            columns=("instant", *AGREEMENT),
            rows=tuple(rows),
            notes=tuple(f"{text}." for text in (matched, f"{asked} bottoms were read" if asked else "") if text),
        )
    ]


def boundary_agreement(results: Iterable[Result]) -> dict[str, Agreement]:
    """Errors of the four boundaries against the eye."""
    true = [b for r in results for b in r.boundaries if b]
    return {
        name.removesuffix("_s").replace("_", " "): agreement(b[name] for b in true if name in b) for name in BOUNDARIES
    }


def bottom_agreement(results: Iterable[Result]) -> Agreement:
    """Errors of the bottoms that were found."""
    return agreement(e for r in results for e in r.bottoms_s)


def unsure(by_least: dict[int, list[Result]]) -> Sheet:
    """Bouts nobody could count for certain."""
    rows = []
    for least, results in by_least.items():
        for group in _grouped(results, lambda r: r.entry.dataset):
            pairs = [p for r in group.results if r.entry.kind != "trap" for p in _unsure_of(r)]
            for known, name in ((True, group.name), (False, f"{group.name}, no count known")):
                some = [(b, n) for b, n in pairs if (b.reps > 0) == known]
                if some:
                    near = [abs(b.reps - n) for b, n in some]
                    rows.append(
                        (name, least_words(least), str(len(some)), str(sum(b.reps for b, _ in some)) if known else NONE,
                         str(sum(n for _, n in some)), percent(near.count(0), len(near)) if known else NONE,
                         percent(sum(e <= 1 for e in near), len(near)) if known else NONE,
                         number(fmean(near)) if known else NONE)
                    )  # fmt: skip
    return Sheet(
        title="Bouts nobody could count for certain, in none of the figures above",
        columns=("data set", SET_IS, "bouts", "reps", "found", "exact", "within 1", "MAE"),
        rows=tuple(rows),
    )


def _unsure_of(result: Result) -> list[tuple[Bout, int]]:
    return list(zip(result.counts.unsure, result.counts.found_unsure, strict=True))


def traps(by_least: dict[int, list[Result]]) -> Sheet:
    """Recordings in which the trunk moves for another reason; listed, not scored."""
    rows = []
    for least, results in by_least.items():
        kind = [r for r in results if r.entry.kind == "trap"]
        for group in _grouped(kind, lambda r: f"{r.entry.dataset}: {r.entry.activity}"):
            found = sum(r.counts.phantoms + sum(r.counts.found) + sum(r.counts.found_unsure) for r in group.results)
            rows.append((group.name, least_words(least), str(len(group.results)), str(found)))
    return Sheet(title="Traps, not scored", columns=("data set", SET_IS, "recs", "found"), rows=tuple(rows))


def orientation(tilted: Sequence[Tilted]) -> Sheet:
    """Inclination against the optical reference."""
    trials = []
    for t in tilted:
        e = t.inclination
        trials.append((t.entry.name, number(e.rmse_deg), number(e.p95_deg), f"{100 * e.cover:.1f} %"))
    groups: dict[str, list[float]] = {}
    for t in tilted:
        if t.inclination.n:
            groups.setdefault(t.entry.dataset, []).append(t.inclination.rmse_deg)
    sums = [
        (f"{name}: mean of {len(values)}, worst", f"{number(fmean(values))}, {number(max(values))}", NONE, NONE)
        for name, values in sorted(groups.items())
    ]
    return Sheet(
        title="Inclination while moving against an optical reference, in deg",
        columns=("trial", "RMSE", "p95", "covered"),
        rows=(*trials, *sums),
    )


def wrong(results: Iterable[Result]) -> list[Sheet]:
    """Every bout with a wrong count and every recording with phantoms."""
    all_ = list(results)
    miscounted = [
        (r.entry.name, least_words(r.min_set_reps), number(b.start_s, 1), str(b.reps), str(n))
        for r in all_
        if r.entry.kind in COUNTED
        for b, n in zip(r.counts.bouts, r.counts.found, strict=True)
        if b.reps != n
    ]
    phantoms = [
        (r.entry.name, least_words(r.min_set_reps), str(r.counts.phantoms))
        for r in all_
        if r.counts.phantoms and r.entry.kind != "trap"
    ]
    return [
        Sheet(
            title="Bouts with a wrong count", columns=("recording", SET_IS, "from s", "reps", "found"),
            rows=tuple(miscounted),
        ),
        Sheet(title="Recordings with phantoms", columns=("recording", SET_IS, "phantoms"), rows=tuple(phantoms)),
    ]  # fmt: skip
