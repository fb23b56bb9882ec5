"""The simulator's people, analysed and compared with what they really did: the runs behind `imu evaluate`.

The mount is `known` where the pipeline is told how the sensor really sits, else `learned`. Every recording made with a
104 Hz gyroscope is analysed a second time with its acceleration alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from statistics import median
from typing import Literal

import numpy as np

from firmware_proto.motion import DAILY, STYLES, Recording, SensorModel, SetPlan, TrueRep, random_negative, random_plan
from firmware_proto.motion import simulate as perform
from imu.app.disturbed import DISTURBANCES
from imu.evaluation.announcing import LATEST_S, Announced, Said, announced
from imu.evaluation.matching import Span, match
from imu.exercises import get_exercise
from imu.model import Analysis, Bools, Event, Mount, MovementRejected, Rep, RepAnnounced, RepWithdrawn, Samples
from imu.motion.pipeline import Pipeline, analyze

MountKnown = Literal["known", "learned"]
FULL_RATE_HZ = 104.0
"""The rate the accuracy of times and of announcements is stated for."""
SETTLED_S = 1.0
"""What is said of a lift is known by this long after the last instant it may be about (a hold is let last a moment)."""
QUIET_S = 60.0
EVERYDAY = (*DAILY, "mixed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One simulated person to be analysed.

    Attributes:
        style: A style of the simulator or an everyday activity.
        rate_hz: Nominal rate instead of the sensor's own, if given.
        disturbed: Whether it is also done under each disturbance.
    """

    style: str
    seed: int
    mounts: tuple[MountKnown, ...] = ("known", "learned")
    rate_hz: float | None = None
    disturbed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One analysis of one simulated recording of training.

    Attributes:
        rate_hz: Nominal rate.
        gyroscope: Whether the analysis had one; `as_drawn` is false where it was taken away from the recording.
        disturbance: Name of what was done to the recording, empty if nothing.
        exact: Whether every set was counted exactly.
        pairs: True repetitions and those found that share time with them.
        true_top_deg: Median of the true tops: the straight line as it is defined where nobody calibrated one.
        announced: What was announced, where that was listened to.
    """

    style: str
    seed: int
    rate_hz: float
    gyroscope: bool
    as_drawn: bool
    mount: MountKnown
    disturbance: str
    exact: bool
    pairs: tuple[tuple[TrueRep, Rep], ...]
    true_top_deg: float
    announced: Announced | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietRun:
    """One analysis of everyday activity, in which nothing is to be counted."""

    activity: str
    mount: MountKnown
    min_set_reps: int
    phantoms: int
    hours: float


def tasks(
    *, sets: int, seed: int, styles: Sequence[str], mounts: tuple[MountKnown, ...], rate_hz: float | None, robust: bool
) -> list[Task]:
    """The grid: so many people of each style, one seed each, and of each everyday activity if all styles are done."""
    names = [*styles, *(EVERYDAY if len(styles) == len(STYLES) else ())]
    return [
        Task(style=name, seed=s, mounts=mounts, rate_hz=rate_hz, disturbed=robust and name in STYLES)
        for name in names
        for s in range(seed, seed + sets)
    ]


def run_task(task: Task) -> list[Run | QuietRun]:
    """Simulate and analyse one person in every way the task asks for."""
    return list(_quiet_runs(task) if task.style in EVERYDAY else _runs(task))


def _runs(task: Task) -> Iterator[Run]:
    plan, sensor = random_plan(task.seed, task.style)
    if task.rate_hz is not None:
        sensor = replace(sensor, rate_hz=task.rate_hz)
    made = perform(plan, sensor, task.seed)
    full = sensor.rate_hz == FULL_RATE_HZ and sensor.gyroscope
    for mount in task.mounts:
        yield _run(made, mount, listen=full and mount == task.mounts[0])
        if full:
            yield _run(made, mount, gyroscope=False)
    if task.disturbed:
        yield from _disturbed_runs(task, plan, sensor, made)


def _disturbed_runs(task: Task, plan: SetPlan, sensor: SensorModel, made: Recording) -> Iterator[Run]:
    for disturbance in DISTURBANCES:
        if disturbance.of_gyroscope and not sensor.gyroscope:
            continue
        rng = np.random.default_rng([task.seed, 6])
        person, device = disturbance.change(plan, sensor, rng)
        other = made if (person, device) == (plan, sensor) else perform(person, device, task.seed)
        keep = disturbance.keep(len(other), other.rate_hz, rng)
        for mount in task.mounts:
            told = _nominal(other) if mount == "known" and disturbance.told_nominal else None
            yield _run(other, mount, keep=keep, told=told, disturbance=disturbance.name)


def _run(
    made: Recording,
    mount: MountKnown,
    *,
    gyroscope: bool = True,
    keep: Bools | None = None,
    told: Mount | None = None,
    listen: bool = False,
    disturbance: str = "",
) -> Run:
    samples = Samples.measured(made.t_s, made.acc_mps2, made.gyr_radps if gyroscope else None)
    samples = samples if keep is None else samples[keep]
    known = (told or _true_mount(made)) if mount == "known" else None
    true = made.truth.counted
    analysis, said = _analysed(made, samples, known, [(r.lift_start_s, r.lift_end_s) for r in true] if listen else None)
    found = analysis.counted
    pairs = match([(r.start_s, r.end_s) for r in true], [(r.start_s, r.end_s) for r in found])
    return Run(
        style=made.plan.style,
        seed=made.seed,
        rate_hz=made.sensor.rate_hz,
        gyroscope=samples.gyr_radps is not None,
        as_drawn=gyroscope,
        mount=mount,
        disturbance=disturbance,
        exact=_per_set(true) == _per_set(found),
        pairs=tuple((true[i], found[j]) for i, j in pairs),
        true_top_deg=median(r.top_deg for r in true),
        announced=said,
    )


def _analysed(
    made: Recording, samples: Samples, mount: Mount | None, lifts: list[Span] | None
) -> tuple[Analysis, Announced | None]:
    """Analyse in one go, or live where it is to be heard when the lifts are announced: the result is the same."""
    exercise = get_exercise(made.plan.style)
    if lifts is None:
        return analyze(samples, exercise, rate_hz=made.rate_hz, mount=mount)[0], None
    pipeline = Pipeline(exercise, rate_hz=made.rate_hz, gyroscope=samples.gyr_radps is not None, mount=mount)
    said = listen_to(pipeline, samples, lifts)
    return pipeline.analysis(), said


def listen_to(pipeline: Pipeline, samples: Samples, lifts: list[Span]) -> Announced:
    """Feed a pipeline and note with which sample each announcement becomes known.

    Around the lifts the samples come one by one, so that no packet is waited for and every delay of the analysis
    itself is in the figure; elsewhere they come in one block.
    """
    t, said, withdrawn = samples.t_s, [], 0
    single = np.zeros(len(t), bool)
    for start, end in lifts:
        single[np.searchsorted(t, start) : np.searchsorted(t, end + LATEST_S + SETTLED_S)] = True
    starts = np.flatnonzero(single | np.r_[True, single[:-1]]).tolist()
    for first, last in pairwise([*starts, len(t)]):
        for event in pipeline.push(samples[first:last]):
            if isinstance(event, RepAnnounced):
                said.append(Said(t_s=event.t_s, known_s=float(t[last - 1])))
            withdrawn += _withdraws(event)
    withdrawn += sum(map(_withdraws, pipeline.finish()))
    return announced(lifts, said, withdrawn=withdrawn)


def _withdraws(event: Event) -> bool:
    return isinstance(event, RepWithdrawn) or (isinstance(event, MovementRejected) and event.withdrawn is not None)


def _quiet_runs(task: Task) -> Iterator[QuietRun]:
    made = random_negative(task.seed, task.style, seconds=QUIET_S)
    samples = Samples.measured(made.t_s, made.acc_mps2, made.gyr_radps)
    for mount in task.mounts:
        known = _true_mount(made) if mount == "known" else None
        count = partial(analyze, samples, get_exercise("hinge"), rate_hz=made.rate_hz, mount=known)
        for least in (3, 1):
            phantoms = len(count(min_set_reps=least)[0].counted)
            hours = float(made.t_s[-1]) / 3600
            yield QuietRun(activity=task.style, mount=mount, min_set_reps=least, phantoms=phantoms, hours=hours)


def _true_mount(made: Recording) -> Mount:
    anterior, cranial = (tuple(float(v) for v in row) for row in made.mount[:2])
    return Mount(anterior=anterior, cranial=cranial, source="declared")  # type: ignore[arg-type]


def _nominal(made: Recording) -> Mount:
    return Mount.from_axes(cranial=made.plan.cranial, anterior=made.plan.anterior)


def _per_set(reps: Iterable[TrueRep | Rep]) -> list[int]:
    """How many repetitions each set holds, in order."""
    return list(Counter(r.set for r in reps).values())


Map = Callable[[Callable[[Task], list[Run | QuietRun]], list[Task]], Iterable[list[Run | QuietRun]]]


def run_all(todo: list[Task], across: Map) -> tuple[list[Run], list[QuietRun]]:
    """Run every task with a `map`, of one process or many, and sort the results by their kind."""
    runs: list[Run] = []
    quiet: list[QuietRun] = []
    for batch in across(run_task, todo):
        for one in batch:
            if isinstance(one, Run):
                runs.append(one)
            else:
                quiet.append(one)
    return runs, quiet
