"""The few tables and sentences a person reads first: what the README shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import isfinite

from firmware_proto.motion import STYLES
from imu.app.disturbed import DISTURBANCES
from imu.app.scored import Result, Tilted
from imu.app.scored_sheets import (
    CHANGES,
    LEGEND,
    SENSORS,
    bottom_agreement,
    boundary_agreement,
    counted_groups,
    least_words,
    quiet_groups,
    rate_of,
)
from imu.app.sheets import NONE, Sheet, number, percent, rate, share, signed
from imu.app.simulated import FULL_RATE_HZ, MountKnown, QuietRun, Run
from imu.app.simulated_sheets import (
    CLASSES,
    HOLDS_CLASS,
    PHASES,
    RATES_HZ,
    STATED,
    covered,
    full_rate,
    phase_words,
    stroke_s,
    undisturbed,
)
from imu.evaluation.agreement import agreement
from imu.evaluation.announcing import together
from imu.evaluation.bouts import sum_counts, sum_quiet

MIXED = "mixed"
"""The everyday activity in which all others take turns."""


def of_simulator(runs: Sequence[Run], quiet: Sequence[QuietRun], mounts: tuple[MountKnown, ...]) -> list[Sheet]:
    """Counting in one table, phases in another, the rest in sentences below."""
    return [_counts(runs, quiet, mounts), _phases(runs, mounts[0])]


def _counts(runs: Sequence[Run], quiet: Sequence[QuietRun], mounts: tuple[MountKnown, ...]) -> Sheet:
    """A row for each way to know the mount, a column for each kind of sensor and each disturbance."""
    plain = undisturbed(runs)
    drawn = [r for r in plain if r.as_drawn]
    groups = {f"{hz:.0f} Hz": [r for r in drawn if r.rate_hz == hz and r.gyroscope] for hz in RATES_HZ}
    groups["no gyroscope"] = [r for r in plain if r.rate_hz == FULL_RATE_HZ and not r.gyroscope]
    if any(r.disturbance for r in runs):
        groups |= {d.brief: [r for r in runs if r.disturbance == d.name] for d in DISTURBANCES}
    rows = []
    for m in mounts:
        cells = (_exact(some, m, _bare) for some in groups.values())
        rows.append((f"mount {m}, %", _exact(drawn, m, share), *cells))
    sizes = (str(sum(r.mount == mounts[0] for r in some)) for some in (drawn, *groups.values()))
    return Sheet(
        title="Simulated recordings with every set counted exactly (95 % interval)",
        columns=("", "all", *groups),
        rows=(("recordings", *sizes), *rows),
        notes=(*_exercises(drawn, mounts), *_everyday(quiet, mounts)),
    )


def _exact(runs: Iterable[Run], mount: MountKnown, write: Callable[[int, int], str]) -> str:
    some = [r.exact for r in runs if r.mount == mount]
    return write(sum(some), len(some))


def _bare(part: int, whole: int) -> str:
    """A share in percent without its sign."""
    return percent(part, whole).removesuffix(" %")


def _exercises(drawn: Sequence[Run], mounts: tuple[MountKnown, ...]) -> tuple[str, ...]:
    """The exercises that are not perfect."""
    by_style = {style: [r for r in drawn if r.style == style] for style in STYLES}
    told = [
        f"{style} {' / '.join(_exact(some, m, _bare) for m in mounts)} %"
        for style, some in by_style.items()
        if not all(r.exact for r in some)
    ]
    return (f"All exercises 100 % but {', '.join(told)} (mount {' / '.join(mounts)}).",) if told else ()


def _everyday(quiet: Sequence[QuietRun], mounts: tuple[MountKnown, ...]) -> tuple[str, ...]:
    if not quiet:
        return ()
    parts = []
    for mount in mounts:
        some = [q for q in quiet if (q.activity, q.mount, q.min_set_reps) == (MIXED, mount, 3)]
        parts.append(f"{rate(sum(q.phantoms for q in some), sum(q.hours for q in some))} with the mount {mount}")
    hours = sum(q.hours for q in quiet if (q.activity, q.mount, q.min_set_reps) == (MIXED, mounts[0], 3))
    return (
        f"Counted an hour (90 % interval) in {hours:.1f} h of simulated walking, standing, chairs, plates, lying, side "
        f"bends and twists by turns: {', '.join(parts)}.",
    )


def _phases(runs: Sequence[Run], mount: MountKnown) -> Sheet:
    rows = []
    for gyroscope in (True, False):
        pairs = [pair for r in full_rate(runs, mount, gyroscope=gyroscope) for pair in r.pairs]
        for name, low, high in CLASSES:
            cells = []
            for phase in PHASES:
                a = agreement(
                    getattr(f, phase) - getattr(t, phase) for t, f in pairs if low <= stroke_s(t, phase) < high
                )
                cells.append(f"{number(a.median)} / {number(a.p95)} / {signed(a.bias)}" if a.n else NONE)
            rows.append((f"{name}{'' if gyroscope else ', acceleration only'}", *cells))
    return Sheet(
        title=f"Phase durations at 104 Hz, mount {mount}: median error / 95 % within / bias, in s",
        columns=("strokes of", *(phase_words(p) for p in PHASES)),
        rows=tuple(rows),
        notes=(HOLDS_CLASS, *_announcing(runs, mount), _stated(runs, mount)),
    )


def _announcing(runs: Sequence[Run], mount: MountKnown) -> tuple[str, ...]:
    heard = [r for r in undisturbed(runs) if r.announced and r.mount == mount and not STYLES[r.style].static]
    a = together(r.announced for r in heard if r.announced)
    if not a.reps:
        return ()
    return (
        f"The count is announced {number(a.wait.median, 2)} s (median; 95 % within {number(a.wait.p95, 2)} s) after "
        f"the true end of the lift, the packet's wait left out ({a.reps} lifts). For each 100 repetitions "
        f"{number(a.per_100(a.missed), 1)} are not announced, and {number(a.per_100(a.ghosts), 1)} numbers are said "
        "where none was due and taken back.",
    )


def _stated(runs: Sequence[Run], mount: MountKnown) -> str:
    drawn = [r for r in undisturbed(runs) if r.as_drawn and r.mount == mount]
    found = {name: covered(drawn, name) for name in STATED}
    told = [
        f"{name} {percent(c.inside, c.stated)} (+-{number(c.half_width, 2)} {STATED[name][0].rsplit('_')[-1]})"
        for name, c in found.items()
        if isfinite(c.share)
    ]
    if not told:
        return "No uncertainty is stated yet."
    return f"The stated 90 % intervals (median half-width) hold the truth: {', '.join(told)}."


def of_folder(results: Sequence[Result], tilted: Sequence[Tilted]) -> list[Sheet]:
    """Counting and everyday activity in one table, instants and orientation in sentences below."""
    least = sorted({r.min_set_reps for r in results}, reverse=True)
    by_least = [[r for r in results if r.min_set_reps == n] for n in least]
    names = [g.name for g in counted_groups(by_least[0])] if least else []
    rows = []
    for name in names:
        cells: list[str] = []
        for some in by_least:
            s = sum_counts(r.counts for g in counted_groups(some) if g.name == name for r in g.results)
            cells += [f"{s.exact} of {s.bouts}", f"{s.phantoms} in {s.hours:.2f} h"]
        rows.append((name, *cells))
    for name in (*SENSORS, CHANGES):
        sums = [
            sum_quiet(r.counts for g in quiet_groups(some) if g.name == name for r in g.results) for some in by_least
        ]
        if any(s.recordings for s in sums):
            cells = [c for s in sums for c in (NONE, f"{s.phantoms} in {s.hours:.2f} h: {rate_of(s)} an hour")]
            rows.append((name, *cells))
    notes = (LEGEND,) if len(least) > 1 else ()
    heads = (f"{least_words(n)}: {head}" for n in least for head in ("sets exact", "counted beside them"))
    sheet = Sheet(
        title="Real recordings, whole, mount learned; rates with their 90 % interval",
        columns=("data", *heads),
        rows=tuple(rows),
        notes=(*notes, *_instants(results), *_orientation(tilted)),
    )
    return [sheet] if rows or sheet.notes else []


def _instants(results: Sequence[Result]) -> tuple[str, ...]:
    least = min((r.min_set_reps for r in results), default=1)
    some = [r for r in results if r.min_set_reps == least]
    figures = {**boundary_agreement(some), "bottom": bottom_agreement(some)}
    told = [f"{name} {number(a.median, 2)} / {number(a.p95, 2)} s (n = {a.n})" for name, a in figures.items() if a.n]
    return (f"Instants against the eye, median / 95 % within: {', '.join(told)}.",) if told else ()


def _orientation(tilted: Iterable[Tilted]) -> tuple[str, ...]:
    groups: dict[str, list[float]] = {}
    for t in tilted:
        if t.inclination.n:
            groups.setdefault(t.entry.dataset, []).append(t.inclination.rmse_deg)
    told = [
        f"{name} mean {number(sum(v) / len(v), 2)}, worst {number(max(v), 2)} deg of {len(v)} trials"
        for name, v in sorted(groups.items())
    ]
    return (f"Inclination against an optical reference: {'; '.join(told)}.",) if told else ()
