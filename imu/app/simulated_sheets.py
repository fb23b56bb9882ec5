"""Runs of the simulator -> tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import isfinite

from firmware_proto.motion import STYLES, TrueRep
from imu.app.disturbed import DISTURBANCES
from imu.app.sheets import AGREEMENT, NONE, Sheet, agreement_cells, number, percent, rate, share
from imu.app.simulated import EVERYDAY, FULL_RATE_HZ, MountKnown, QuietRun, Run
from imu.evaluation.agreement import agreement
from imu.evaluation.announcing import together
from imu.evaluation.coverage import Coverage, coverage
from imu.model import Rep

RATES_HZ = (104.0, 52.0, 26.0)
PHASES = ("lower_s", "bottom_hold_s", "lift_s", "top_hold_s")
INSTANTS = ("lower_start_s", "lower_end_s", "lift_start_s", "lift_end_s")
CLASSES = (("under 1 s", 0.0, 1.0), ("1 to 3 s", 1.0, 3.0), ("over 3 s", 3.0, float("inf")))
HOLDS_CLASS = "A hold stands in the class of the longer stroke of its repetition."
Error = Callable[[TrueRep, Rep, Run], float]


def sheets(runs: Sequence[Run], quiet: Sequence[QuietRun], mounts: tuple[MountKnown, ...]) -> list[Sheet]:
    """All tables of a grid."""
    full = full_rate(runs, mounts[0])
    accelerometer = full_rate(runs, mounts[0], gyroscope=False)
    as_drawn = [r for r in undisturbed(runs) if r.as_drawn and r.mount == mounts[0]]
    told = f"mount {mounts[0]}"
    found = [
        exercises(runs, mounts),
        sensors(runs, mounts),
        phases(full, f"Phase durations in s, 104 Hz with gyroscope, {told}"),
        phases(accelerometer, f"The same without gyroscope, {told}"),
        instants(full, f"Boundary instants in s, 104 Hz with gyroscope, {told}"),
        instants(accelerometer, f"The same without gyroscope, {told}"),
        announcements(runs, told),
        intervals(as_drawn, told),
    ]
    if quiet:
        found.append(everyday(quiet, mounts))
    return found + ([disturbances(runs, mounts)] if any(r.disturbance for r in runs) else [])


def undisturbed(runs: Iterable[Run]) -> list[Run]:
    """The runs nothing was done to."""
    return [r for r in runs if not r.disturbance]


def full_rate(runs: Iterable[Run], mount: MountKnown, *, gyroscope: bool = True) -> list[Run]:
    """Undisturbed runs at 104 Hz with the mount known or learned.

    With a gyroscope these are the recordings that were drawn so; without, the same and those drawn without.
    """
    wanted = [r for r in undisturbed(runs) if r.rate_hz == FULL_RATE_HZ and r.mount == mount]
    return [r for r in wanted if r.gyroscope == gyroscope]


def exercises(runs: Sequence[Run], mounts: tuple[MountKnown, ...]) -> Sheet:
    """How many recordings have every set exact, by exercise."""
    drawn = [r for r in undisturbed(runs) if r.as_drawn]
    rows = [
        (style, *_exact([r for r in drawn if r.style == style], mounts, percent))
        for style in STYLES
        if any(r.style == style for r in drawn)
    ]
    return Sheet(
        title="Simulated recordings with every set counted exactly",
        columns=("exercise", "recordings", *(f"mount {m}" for m in mounts)),
        rows=(*rows, ("all", *_exact(drawn, mounts, share))),
    )


def _exact(runs: Sequence[Run], mounts: tuple[MountKnown, ...], write: Callable[[int, int], str]) -> tuple[str, ...]:
    by_mount = [[r for r in runs if r.mount == m] for m in mounts]
    return str(len(by_mount[0])), *(write(sum(r.exact for r in some), len(some)) for some in by_mount)


def sensors(runs: Sequence[Run], mounts: tuple[MountKnown, ...]) -> Sheet:
    """The same by rate and with or without a gyroscope."""
    rows = []
    for gyroscope in (True, False):
        for name, some in _by_rate([r for r in undisturbed(runs) if r.gyroscope == gyroscope]):
            which = "with gyroscope" if gyroscope else "acceleration only"
            rows.append((f"{name}, {which}", *_exact(some, mounts, share)))
    return Sheet(
        title="The same by sensor",
        columns=("sensor", "recordings", *(f"mount {m}" for m in mounts)),
        rows=tuple(rows),
        notes=("At 104 Hz those with a gyroscope are analysed a second time without it.",),
    )


def _by_rate(runs: Sequence[Run]) -> Iterator[tuple[str, list[Run]]]:
    groups = [(f"{rate_hz:.0f} Hz", [r for r in runs if r.rate_hz == rate_hz]) for rate_hz in RATES_HZ]
    groups.append(("other rates", [r for r in runs if r.rate_hz not in RATES_HZ]))
    return ((name, some) for name, some in groups if some)


def phases(runs: Sequence[Run], title: str) -> Sheet:
    """Errors of the four phases by the class of the stroke."""
    rows = []
    for phase in PHASES:
        for name, low, high in CLASSES:
            some = [pair for r in runs for pair in r.pairs if low <= stroke_s(pair[0], phase) < high]
            errors = agreement(getattr(found, phase) - getattr(true, phase) for true, found in some)
            rows.append((f"{phase_words(phase)}, strokes {name}", *agreement_cells(errors)))
    return Sheet(title=title, columns=("phase", *AGREEMENT), rows=tuple(rows), notes=(HOLDS_CLASS,))


def instants(runs: Sequence[Run], title: str) -> Sheet:
    """Errors of the four boundary instants by the class of their stroke."""
    rows = []
    for instant in INSTANTS:
        for name, low, high in CLASSES:
            some = [pair for r in runs for pair in r.pairs if low <= stroke_s(pair[0], instant) < high]
            errors = agreement(getattr(found, instant) - getattr(true, instant) for true, found in some)
            rows.append((f"{phase_words(instant)}, strokes {name}", *agreement_cells(errors)))
    return Sheet(title=title, columns=("instant", *AGREEMENT), rows=tuple(rows))


def stroke_s(true: TrueRep, name: str) -> float:
    """True duration of the stroke a phase or instant belongs to; of the longer one, where it is a hold."""
    if "hold" in name:
        return max(true.lower_s, true.lift_s)
    return true.lower_s if name.startswith("lower") else true.lift_s


def phase_words(name: str) -> str:
    """Name of a phase or an instant, for people."""
    return name.removesuffix("_s").replace("_", " ")


def announcements(runs: Sequence[Run], told: str) -> Sheet:
    """How soon and how rightly the count is announced."""
    heard = [r for r in undisturbed(runs) if r.announced]
    groups = [("moving exercises", [r for r in heard if not STYLES[r.style].static])]
    groups.append(("static hold", [r for r in heard if STYLES[r.style].static]))
    rows = []
    for name, some in groups:
        a = together(r.announced for r in some if r.announced)
        if a.reps:
            per_100 = (number(a.per_100(n), 1) for n in (a.missed, a.ghosts, a.withdrawn))
            rows.append((name, str(a.reps), number(a.wait.median), number(a.wait.p95), *per_100))
    return Sheet(
        title=f"Announcing after the true end of the lift in s of device time, 104 Hz with gyroscope, {told}",
        columns=("", "reps", "median", "p95", "missed", "ghosts", "withdrawn"),
        rows=tuple(rows),
        notes=(
            "Up to the sample with which the count is known, the packet's wait left out. Missed, ghosts (announced "
            "where no lift of a repetition ends) and withdrawn: for each 100 repetitions.",
        ),
    )


STATED: dict[str, tuple[str, Error]] = {
    "start of lowering": ("lower_start_pm_s", lambda t, f, _: f.lower_start_s - t.lower_start_s),
    "end of lowering": ("lower_end_pm_s", lambda t, f, _: f.lower_end_s - t.lower_end_s),
    "start of lift": ("lift_start_pm_s", lambda t, f, _: f.lift_start_s - t.lift_start_s),
    "end of lift": ("lift_end_pm_s", lambda t, f, _: f.lift_end_s - t.lift_end_s),
    "range": ("rom_pm_deg", lambda t, f, _: f.rom_deg - t.rom_deg),
    "top deviation": (
        "top_deviation_pm_deg",
        lambda t, f, run: f.top_deviation_deg - (t.top_deg - run.true_top_deg),
    ),
}
"""Every number that carries a 90 % interval: its half-width's name and its error.

The top deviation is measured from the straight line, which without a calibration is the median of the tops; so its
truth is the true top minus the median of the true tops of the same recording.
"""


def covered(runs: Iterable[Run], name: str) -> Coverage:
    """What became of the stated intervals of one number."""
    half_width, error = STATED[name]
    return coverage((error(t, f, r), getattr(f, half_width)) for r in runs for t, f in r.pairs)


def intervals(runs: Sequence[Run], told: str) -> Sheet:
    """How often the stated 90 % intervals hold the truth."""
    rows = []
    for name, (half_width, _) in STATED.items():
        unit = "deg" if half_width.endswith("_deg") else "s"
        cells = []
        for gyroscope in (True, False):
            c = covered([r for r in runs if r.gyroscope == gyroscope], name)
            width = f"{number(c.half_width, 1 if unit == 'deg' else 3)} {unit}" if isfinite(c.half_width) else NONE
            cells += [str(c.stated), percent(c.inside, c.stated), width]
        rows.append((name, *cells))
    return Sheet(
        title=f"Truth inside the stated 90 % interval, all rates, {told}",
        columns=("", "gyro: n", "inside", "half-width", "acc. only: n", "inside", "half-width"),
        rows=tuple(rows),
        notes=("Half-width: the median. Top deviation: from the median of the tops, measured and true.",),
    )


def everyday(quiet: Sequence[QuietRun], mounts: tuple[MountKnown, ...]) -> Sheet:
    """Phantoms an hour of everyday activity, with sets of three and with single movements."""
    kinds = [(m, least) for least in (3, 1) for m in mounts]
    rows = []
    groups = [(kind, [q for q in quiet if q.activity == kind]) for kind in EVERYDAY]
    for name, some in [*groups, ("all", list(quiet))]:
        by_kind = [[q for q in some if (q.mount, q.min_set_reps) == kind] for kind in kinds]
        hours = sum(q.hours for q in by_kind[0])
        cells = (rate(sum(q.phantoms for q in chosen), sum(q.hours for q in chosen)) for chosen in by_kind)
        rows.append((name, number(hours, 1), *cells))
    return Sheet(
        title="Simulated everyday activity, as hinge: counted an hour, with the exact 90 % interval",
        columns=("activity", "hours", *(f"sets of {n}, {m}" if n > 1 else f"single, {m}" for m, n in kinds)),
        rows=tuple(rows),
    )


def disturbances(runs: Sequence[Run], mounts: tuple[MountKnown, ...]) -> Sheet:
    """Recordings exact under each disturbance, against the same people without it."""
    plain = {(r.style, r.seed, r.mount): r for r in undisturbed(runs) if r.as_drawn}
    rows = []
    for disturbance in DISTURBANCES:
        cells: list[str] = []
        for mount in mounts:
            some = [r for r in runs if r.disturbance == disturbance.name and r.mount == mount]
            before = sum(plain[r.style, r.seed, r.mount].exact for r in some)
            if not cells:
                cells.append(str(len(some)))
            cells += [percent(before, len(some)), share(sum(r.exact for r in some), len(some))]
        rows.append((disturbance.name, *cells))
    heads = (head for m in mounts for head in (f"{m}: before", f"{m}: with it"))
    return Sheet(
        title="Simulated recordings with every set exact, with something gone wrong",
        columns=("disturbance", "recordings", *heads),
        rows=tuple(rows),
        notes=("Before: the same people without it. A known mount is how the strap really sits, but for the one off.",),
    )
