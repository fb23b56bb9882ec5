"""Live and batch are one: however the samples are cut, the same events and the same ledger, bit by bit."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from examples import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st

from firmware_proto.motion import Recording, SensorModel, SetPlan, random_negative, random_plan, simulate
from imu.exercises import get_exercise
from imu.model import (
    Analysis,
    Calibration,
    Event,
    Inclination,
    LiveState,
    Mount,
    MountRevised,
    MovementRejected,
    Phase,
    PhaseChanged,
    Rep,
    RepAnnounced,
    RepConfirmed,
    RepWithdrawn,
    Samples,
    SetClosed,
    SetStarted,
    Trunk,
    Verdict,
)
from imu.motion.pipeline import MotionParams, Pipeline, analyze

DECLARED = Mount.from_axes(cranial="+y", anterior="+z")
NO_NUMBERS = [math.nan, math.inf, -math.inf]


@dataclass
class Outcome:
    events: list[Event]
    analysis: Analysis
    state: LiveState
    trunk: Trunk
    inclination: Inclination

    def of(self, kind: type[Any]) -> list[Any]:
        return [e for e in self.events if isinstance(e, kind)]


@lru_cache
def recording(what: str) -> Recording:
    """A set with a shallow attempt, a stall and a bounce (the strap as meant or far off), or daily life."""
    if what == "daily":
        return random_negative(5, seconds=90.0)
    plan = SetPlan(
        style="back-extension", reps=4, still_s=1.5, partial_after=(2,), stalled=(3,), bounced=(4,),
        misalignment_deg=(40.0, -30.0, 25.0) if what == "far off" else (8.0, -6.0, 5.0),
    )  # fmt: skip
    return simulate(plan, SensorModel(rate_hz=52.0), 3)


@lru_cache
def material(what: str, *, gyroscope: bool, holes: bool) -> Samples:
    r = recording(what)
    samples = Samples.measured(r.t_s, r.acc_mps2, r.gyr_radps if gyroscope else None)
    keep = np.ones(len(r), bool)
    if holes:
        for at, length in ((0.2, 0.01), (0.45, 0.03), (0.5, 0.002), (0.8, 0.05)):
            keep[int(at * len(r)) : int((at + length) * len(r))] = False
    return samples[keep]


def run(samples: Samples, edges: Iterable[int], *, exercise: str, mount: Mount | None) -> Outcome:
    pipeline = Pipeline(get_exercise(exercise), rate_hz=52.0, gyroscope=samples.gyr_radps is not None, mount=mount)
    events: list[Event] = []
    for a, b in itertools.pairwise([0, *edges, len(samples)]):
        events += pipeline.push(samples[a:b])
    events += pipeline.finish()
    return Outcome(events, pipeline.analysis(), pipeline.state, pipeline.trunk(), pipeline.inclination())


@lru_cache
def whole(what: str, exercise: str, *, gyroscope: bool, holes: bool, learned: bool) -> Outcome:
    samples = material(what, gyroscope=gyroscope, holes=holes)
    return run(samples, [], exercise=exercise, mount=None if learned else DECLARED)


def differences(a: Outcome, b: Outcome) -> list[str]:
    """What is not the same to the last bit (`repr` of a float is exact, and unlike `==` equal for nan)."""
    out = [
        f"event {i}: {x} / {y}" for i, (x, y) in enumerate(zip(a.events, b.events, strict=False)) if repr(x) != repr(y)
    ]
    if len(a.events) != len(b.events):
        out.append(f"{len(a.events)} / {len(b.events)} events")
    out += [name for name in ("analysis", "state") if repr(getattr(a, name)) != repr(getattr(b, name))]
    for name in ("trunk", "inclination"):
        one, other = getattr(a, name), getattr(b, name)
        out += [f.name for f in fields(one) if not np.array_equal(getattr(one, f.name), getattr(other, f.name))]
    return out


cases = pytest.mark.parametrize(
    ("what", "exercise", "gyroscope", "holes", "learned"),
    [
        ("set", "back-extension", True, False, False),
        ("set", "back-extension", True, True, True),
        ("set", "hinge", False, True, False),
        ("set", "hinge", False, False, True),
        ("daily", "hinge", True, True, True),
        ("daily", "good-morning", True, False, False),
        ("far off", "back-extension", True, True, False),
        ("far off", "hinge", False, False, False),
    ],
)


@cases
@pytest.mark.parametrize("size", [1, 10, 777])
def test_chunks_of_one_size_change_nothing(
    what: str, exercise: str, gyroscope: bool, holes: bool, learned: bool, size: int
) -> None:
    samples = material(what, gyroscope=gyroscope, holes=holes)
    cut = run(samples, range(size, len(samples), size), exercise=exercise, mount=None if learned else DECLARED)
    assert differences(cut, whole(what, exercise, gyroscope=gyroscope, holes=holes, learned=learned)) == []


@settings(max_examples=examples(25))
@given(
    what=st.sampled_from(["set", "far off", "daily"]),
    exercise=st.sampled_from(["back-extension", "good-morning", "hinge"]),
    gyroscope=st.booleans(),
    holes=st.booleans(),
    learned=st.booleans(),
    shares=st.lists(st.floats(0, 1), max_size=40),
    single=st.integers(0, 60),
)
def test_no_cut_changes_anything(
    what: str, exercise: str, gyroscope: bool, holes: bool, learned: bool, shares: list[float], single: int
) -> None:
    samples = material(what, gyroscope=gyroscope, holes=holes)
    edges = [round(s * len(samples)) for s in shares]
    middle = len(samples) // 2
    edges += range(middle, min(middle + single, len(samples)))
    cut = run(samples, sorted(edges), exercise=exercise, mount=None if learned else DECLARED)
    assert differences(cut, whole(what, exercise, gyroscope=gyroscope, holes=holes, learned=learned)) == []


def test_the_material_is_worth_cutting() -> None:
    done = whole("set", "back-extension", gyroscope=True, holes=True, learned=True)
    assert len(done.analysis.counted) == 4
    assert len(done.of(MountRevised)) >= 1
    assert not done.trunk.trusted.all()
    far = whole("far off", "back-extension", gyroscope=True, holes=True, learned=False)
    assert len(far.analysis.counted) == 4
    assert far.of(MountRevised)[-1].mount.is_corrected


@lru_cache
def visit(exercise: str, seed: int) -> Recording:
    plan = SetPlan(style=exercise, reps=1 if get_exercise(exercise).static else 3, still_s=1.5)
    return simulate(plan, SensorModel(rate_hz=52.0), seed)


def part(recording: Recording, start_s: float, share: float = 1.0) -> Samples:
    """The first part of a recording, begun at another time."""
    n = int(share * len(recording))
    assert recording.gyr_radps is not None
    t_s = recording.t_s[:n] - recording.t_s[0] + start_s
    return Samples.measured(t_s, recording.acc_mps2[:n], recording.gyr_radps[:n])


@settings(max_examples=examples(25))
@given(
    exercise=st.sampled_from(["back-extension", "deadlift", "kettlebell-swing", "sorensen-hold"]),
    seed=st.integers(0, 2),
    share=st.one_of(st.just(1.0), st.floats(0.2, 1.0)),
    break_s=st.sampled_from([33.0, 50.0, 61.0, 400.0]),
    size=st.sampled_from([7, 10, 777, 10**6]),
)
@example("deadlift", 2, 0.308, 33.0, 10**6)  # broken off in mid-stroke, whose rate says nothing of the next half minute
@example("deadlift", 1, 0.76, 61.0, 10)  # just after a repetition, which stands
def test_what_a_long_break_parts_is_counted_as_its_parts_are(
    exercise: str, seed: int, share: float, break_s: float, size: int
) -> None:
    before = part(visit(exercise, seed), 0.0, share)
    again_s = float(before.t_s[-1]) + break_s
    after = part(visit(exercise, seed + 50), again_s)
    alone = [run(one, [], exercise=exercise, mount=DECLARED) for one in (before, after)]
    both = Samples.concat([before, after])
    glued = run(both, range(size, len(both), size), exercise=exercise, mount=DECLARED)
    assert differences(glued, run(both, [], exercise=exercise, mount=DECLARED)) == []
    first, second = ([r.start_s for r in one.analysis.counted] for one in alone)
    counted = [r.start_s for r in glued.analysis.counted]
    assert [s for s in counted if s > again_s] == pytest.approx(second, abs=0.2)
    # A shorter break is bridged: the repetition it fell into may be finished in it, or not, and be the set's third.
    if break_s > MotionParams().longest_bridge_s or share == 1.0:
        assert [s for s in counted if s < again_s] == first
        said = [e.number for e in glued.of(RepAnnounced) if e.t_s > again_s]
        assert said == [e.number for e in alone[1].of(RepAnnounced)]
    times = [e.decided_s for e in glued.events]
    assert times == sorted(times)


def live() -> Outcome:
    samples = material("set", gyroscope=True, holes=False)
    return run(samples, range(10, len(samples), 10), exercise="back-extension", mount=DECLARED)


def test_what_is_told_live_is_what_the_ledger_says() -> None:
    done = live()
    standing: dict[float, Rep] = {e.rep.start_s: e.rep for e in done.of(RepConfirmed)}
    for event in done.of(MovementRejected):
        standing.pop(event.rep.start_s, None)
    assert sorted(standing) == [r.start_s for r in done.analysis.counted]
    rejected = [e.rep.start_s for e in done.of(MovementRejected)]
    assert sorted(rejected) == [r.start_s for r in done.analysis.reps if not r.counted]


def test_decisions_come_in_order_and_never_before_what_they_are_about() -> None:
    done = live()
    times = [e.decided_s for e in done.events]
    assert times == sorted(times)
    assert all(e.t_s <= e.decided_s + 0.05 for e in done.events)


@pytest.mark.parametrize("gyroscope", [True, False])
@pytest.mark.parametrize("learned", [True, False])
def test_what_is_said_to_be_known_is_known_with_that_sample_and_not_before(*, gyroscope: bool, learned: bool) -> None:
    samples = material("set", gyroscope=gyroscope, holes=False)
    pipeline = Pipeline(
        get_exercise("back-extension"), rate_hz=52.0, gyroscope=gyroscope, mount=None if learned else DECLARED
    )
    pipeline.calibrate()
    told = [(e, float(samples.t_s[i])) for i in range(len(samples)) for e in pipeline.push(samples[i : i + 1])]
    assert {type(e) for e, _ in told} >= {PhaseChanged, RepAnnounced, RepConfirmed, SetStarted, Calibration}
    assert any(isinstance(e, MountRevised) for e, _ in told) == learned
    late_s = np.array([known_s - e.decided_s for e, known_s in told])
    assert late_s.min() > -1e-9
    assert late_s.max() < 2.1 / 52.0
    assert [e.decided_s for e, _ in told] == sorted(e.decided_s for e, _ in told)
    ending = [e.decided_s for e in pipeline.finish()]
    assert all(told[-1][0].decided_s <= s <= samples.t_s[-1] for s in ending)


def test_each_rep_is_announced_once_as_its_lift_arrives() -> None:
    done = live()
    withdrawn = {e.withdrawn for e in done.of(MovementRejected)}
    said = done.of(RepAnnounced)
    for rep in done.analysis.counted:
        near = [e for e in said if abs(e.t_s - rep.lift_end_s) < 0.3]
        assert [e.number for e in near] == [rep.rep]
    assert len(said) <= len(done.analysis.counted) + len(withdrawn - {None}) + len(done.of(RepWithdrawn))


def test_a_lift_that_leads_off_the_bench_is_taken_back_long_before_it_is_judged() -> None:
    plan, sensor = random_plan(7004, "back-extension")
    made = simulate(plan, sensor, 7004)
    samples = Samples.measured(made.t_s, made.acc_mps2, made.gyr_radps)
    mount = Mount.from_axes(cranial=plan.cranial, anterior=plan.anterior)
    pipeline = Pipeline(get_exercise("back-extension"), rate_hz=made.rate_hz, mount=mount)
    events = pipeline.push(samples) + pipeline.finish()
    at = next(i for i, e in enumerate(events) if isinstance(e, RepWithdrawn))
    announced = next(e for e in reversed(events[:at]) if isinstance(e, RepAnnounced))
    assert events[at].number == announced.number == len(made.truth.counted) + 1
    assert events[at].decided_s - announced.decided_s < 1.5
    assert not any(isinstance(e, MovementRejected) and e.withdrawn for e in events[at:])
    singly = Pipeline(get_exercise("back-extension"), rate_hz=made.rate_hz, mount=mount)
    pieces = [e for i in range(0, len(samples), 7) for e in singly.push(samples[i : i + 7])] + singly.finish()
    assert [repr(e) for e in pieces] == [repr(e) for e in events]


def test_a_verdict_falls_within_three_seconds_of_the_close_of_the_cycle() -> None:
    assert all(e.decided_s <= e.rep.end_s + 3.0 for e in live().of(RepConfirmed))


def test_the_set_begins_at_its_third_rep_and_closes_with_its_figures() -> None:
    done = live()
    (begun,), (closed,) = done.of(SetStarted), done.of(SetClosed)
    assert sum(e.decided_s <= begun.decided_s for e in done.of(RepConfirmed)) in (2, 3)
    (summary,) = done.analysis.sets
    assert (closed.summary.reps, closed.summary.start_s, closed.summary.end_s) == (4, summary.start_s, summary.end_s)
    assert summary.reps == 4


def test_the_live_view_sees_count_and_phase_as_they_come() -> None:
    samples = material("set", gyroscope=True, holes=False)
    pipeline = Pipeline(get_exercise("back-extension"), rate_hz=52.0, mount=DECLARED)
    counts, phases = [], set()
    for a in range(0, len(samples), 10):
        pipeline.push(samples[a : a + 10])
        counts.append(pipeline.state.count)
        phases.add(pipeline.state.phase)
    # What pauses at the top is said at once: a failed attempt and the lift that leads off the bench are withdrawn.
    assert {0, 1, 2, 3, 4} <= set(counts) <= {0, 1, 2, 3, 4, 5}
    assert counts[-1] <= 4
    assert len(pipeline.analysis().counted) == 4
    assert set(Phase) - {Phase.UNKNOWN} <= phases
    state = pipeline.state
    assert state.last_rep is not None
    assert state.t_s == pytest.approx(samples.t_s[-1], abs=0.5)


def test_a_learned_mount_says_so_and_changes_its_mind_aloud() -> None:
    done = whole("set", "back-extension", gyroscope=True, holes=False, learned=True)
    revised = done.of(MountRevised)
    assert revised[-1].mount == done.analysis.mount
    assert done.analysis.mount is not None
    assert done.analysis.mount.source == "learned"
    assert 0.0 < done.analysis.mount.certainty <= 1.0


def test_before_anything_is_known_nothing_is_claimed() -> None:
    for mount in (DECLARED, None):
        pipeline = Pipeline(get_exercise("hinge"), rate_hz=104.0, mount=mount)
        assert pipeline.push(Samples.empty()) == []
        assert pipeline.analysis().reps == ()
        assert pipeline.state.count == 0
        assert len(pipeline.trunk()) == len(pipeline.inclination()) == 0
        assert pipeline.finish() == []


@pytest.mark.parametrize("n", [1, 2, 5, 30])
@pytest.mark.parametrize("gyroscope", [True, False])
@pytest.mark.parametrize("learned", [True, False])
def test_a_recording_may_be_very_short(n: int, gyroscope: bool, learned: bool) -> None:
    samples = material("set", gyroscope=gyroscope, holes=False)[:n]
    done = run(samples, [], exercise="hinge", mount=None if learned else DECLARED)
    assert done.analysis.reps == ()
    assert len(done.inclination) == n


def test_nonsense_from_a_sensor_is_survived() -> None:
    n, rng = 3000, np.random.default_rng(9)
    for acc in (np.zeros((n, 3)), rng.normal(0, 300, (n, 3)), np.tile([0.0, 9.81, 0.0], (n, 1))):
        for gyr in (None, np.zeros((n, 3)), rng.normal(0, 30, (n, 3))):
            for mount in (None, DECLARED):
                samples = Samples.measured(np.arange(n) / 52.0, acc, gyr)
                done = run(samples, range(10, n, 500), exercise="hinge", mount=mount)
                assert np.isfinite(done.inclination.up).all()
                assert all(r.end_s >= r.start_s for r in done.analysis.reps)


@settings(max_examples=examples(12))
@given(
    spoilt=st.lists(
        st.tuples(st.floats(0, 0.99), st.integers(1, 60), st.integers(0, 6), st.sampled_from(NO_NUMBERS)),
        min_size=1,
        max_size=8,
    ),
    gyroscope=st.booleans(),
    learned=st.booleans(),
    shares=st.lists(st.floats(0, 1), max_size=20),
)
def test_samples_that_are_no_numbers_are_missing_samples(
    spoilt: list[tuple[float, int, int, float]], gyroscope: bool, learned: bool, shares: list[float]
) -> None:
    there = material("set", gyroscope=gyroscope, holes=False)
    gyr = None if there.gyr_radps is None else there.gyr_radps.copy()
    samples = Samples.measured(there.t_s.copy(), there.acc_mps2.copy(), gyr)
    columns = [samples.t_s, *samples.acc_mps2.T, *([] if gyr is None else gyr.T)]
    kept = np.ones(len(samples), bool)
    for share, length, column, value in spoilt:
        first = int(share * len(samples))
        columns[column % len(columns)][first : first + length] = value
        kept[first : first + length] = False
    mount = None if learned else DECLARED
    edges = sorted(round(s * len(samples)) for s in shares)
    done = run(samples, edges, exercise="back-extension", mount=mount)
    assert differences(done, run(samples[kept], [], exercise="back-extension", mount=mount)) == []
    assert np.isfinite(done.inclination.up).all()


def test_time_that_starts_late_or_runs_long_changes_nothing_but_the_times() -> None:
    samples = material("set", gyroscope=True, holes=False)
    later = Samples.measured(samples.t_s + 7200.0, samples.acc_mps2, samples.gyr_radps)
    a, b = (run(s, [], exercise="back-extension", mount=DECLARED).analysis for s in (samples, later))
    assert [r.start_s + 7200.0 for r in a.counted] == pytest.approx([r.start_s for r in b.counted], abs=1e-6)
    assert [r.lift_s for r in a.counted] == pytest.approx([r.lift_s for r in b.counted], abs=1e-6)


def test_analyze_is_the_live_code_and_tells_how_far_it_is() -> None:
    samples, told = material("set", gyroscope=True, holes=False), []
    found, pipeline = analyze(
        samples, get_exercise("back-extension"), rate_hz=52.0, mount=DECLARED, progress=told.append
    )
    assert repr(found) == repr(live().analysis)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(pipeline.trunk()) == pytest.approx(len(samples), abs=2)


def test_a_declared_straight_line_is_what_tops_are_held_against() -> None:
    samples = material("set", gyroscope=True, holes=False)
    found, _ = analyze(samples, get_exercise("back-extension"), rate_hz=52.0, mount=DECLARED, straight_line_deg=70.0)
    assert found.straight_line_deg == 70.0
    assert found.straight_line_source == "declared"
    assert all("SHORT_TOP" in r.flags for r in found.counted)
    by_median, _ = analyze(samples, get_exercise("back-extension"), rate_hz=52.0, mount=DECLARED)
    assert by_median.straight_line_source == "median of tops"
    assert abs(by_median.straight_line_deg - 45.0) < 10.0


def test_parameters_are_the_ones_given() -> None:
    samples = material("set", gyroscope=True, holes=False)
    pipeline = Pipeline(
        get_exercise("back-extension"), rate_hz=52.0, mount=DECLARED, params=MotionParams(min_set_reps=9)
    )
    pipeline.push(samples)
    pipeline.finish()
    assert pipeline.analysis().counted == ()
    phases = [e for e in live().events if isinstance(e, PhaseChanged)]
    assert all(x.phase != y.phase for x, y in itertools.pairwise(phases))


def test_a_long_hole_separates_what_it_lies_between() -> None:
    samples = material("set", gyroscope=True, holes=False)
    reps = whole("set", "back-extension", gyroscope=True, holes=False, learned=False).analysis.counted
    inside_s = 0.5 * (reps[1].lower_start_s + reps[1].lower_end_s)
    later = samples.t_s > inside_s
    broken = dataclasses.replace(samples, t_s=samples.t_s + 70.0 * later)
    pipeline = Pipeline(
        get_exercise("back-extension"), rate_hz=52.0, mount=DECLARED, params=MotionParams(min_set_reps=1)
    )
    events = []
    for a in range(0, len(broken), 100):
        events += pipeline.push(broken[a : a + 100])
    events += pipeline.finish()
    at_once = Pipeline(
        get_exercise("back-extension"), rate_hz=52.0, mount=DECLARED, params=MotionParams(min_set_reps=1)
    )
    assert [repr(e) for e in at_once.push(broken) + at_once.finish()] == [repr(e) for e in events]
    ledger = pipeline.analysis().reps
    assert [r.verdict for r in ledger if r.start_s < inside_s < r.end_s + 0.5][-1:] == [Verdict.LOST_DATA]
    assert all(r.end_s - r.start_s < 60.0 for r in ledger)
    assert len(pipeline.analysis().counted) == len(reps) - 1


def test_a_stroke_that_the_recording_cuts_off_has_no_end() -> None:
    samples = material("set", gyroscope=True, holes=False)
    reps = whole("set", "back-extension", gyroscope=True, holes=False, learned=False).analysis.counted
    cut = samples[samples.t_s < 0.3 * reps[-1].lower_start_s + 0.7 * reps[-1].lower_end_s]
    pipeline = Pipeline(get_exercise("back-extension"), rate_hz=52.0, mount=DECLARED)
    pipeline.push(cut)
    pipeline.finish()
    last = pipeline.analysis().reps[-1]
    assert math.isnan(last.lower_end_s)
    assert last.tempo.startswith("?")


def test_stepping_off_ends_no_bottom_hold() -> None:
    analysis = whole("set", "back-extension", gyroscope=True, holes=False, learned=False).analysis
    assert math.isnan(analysis.counted[-1].bottom_hold_s)
    assert not math.isnan(analysis.counted[0].bottom_hold_s)


def test_up_that_flips_in_an_instant_teaches_no_mount() -> None:
    up = np.repeat([[0.0, 9.81, 0.0], [0.0, -9.81, 0.0]] * 6, 104, axis=0)
    samples = Samples.measured(np.arange(len(up)) / 52.0, up, np.zeros_like(up))
    pipeline = Pipeline(get_exercise("hinge"), rate_hz=52.0)
    pipeline.push(samples)
    pipeline.finish()
    mount = pipeline.analysis().mount
    assert mount is None or np.isfinite([*mount.anterior, *mount.cranial]).all()


@pytest.mark.parametrize("seed", [0, 1, 2, 22])
def test_the_sets_told_are_the_sets_there_are_also_after_a_change_of_mind(seed: int) -> None:
    plan, sensor = random_plan(seed, "roman-chair")
    made = simulate(plan, sensor, seed)
    pipeline = Pipeline(get_exercise("roman-chair"), rate_hz=made.rate_hz, gyroscope=made.gyr_radps is not None)
    events = pipeline.push(Samples.measured(made.t_s, made.acc_mps2, made.gyr_radps)) + pipeline.finish()
    assert any(isinstance(e, MountRevised) for e in events)
    told = {e.summary.set: e.summary for e in events if isinstance(e, SetClosed)}
    there = pipeline.analysis().sets
    assert [(s.set, s.reps, s.start_s, s.end_s) for s in there] == [
        (s.set, s.reps, s.start_s, s.end_s) for _, s in sorted(told.items())
    ]
    assert all(e.rep.verdict is not Verdict.COUNTED for e in events if isinstance(e, MovementRejected))
