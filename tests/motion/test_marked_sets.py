"""Sets that a person begins and ends by saying so, and targets that change on the way."""

from __future__ import annotations

import itertools
import math
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_proto.motion import SensorModel, SetPlan, simulate
from imu.exercises import get_exercise
from imu.model import Analysis, Event, MarkedSet, Mount, Rep, Samples, SetClosed, SetStarted, Verdict
from imu.motion.pipeline import Pipeline, analyze
from imu.tempo import Targets, Tempo

BENCH = get_exercise("back-extension")
DECLARED = Mount.from_axes(cranial="+y", anterior="+z")
RATE_HZ = 52.0


@lru_cache
def one_by_one() -> Samples:
    """Three sets of one repetition each, half a minute apart."""
    plan = SetPlan(style="back-extension", reps=1, sets=3, rest_s=30.0, still_s=1.5)
    made = simulate(plan, SensorModel(rate_hz=RATE_HZ), 3)
    return Samples.measured(made.t_s, made.acc_mps2, made.gyr_radps)


def whole(*marked: MarkedSet, tempos: tuple[tuple[float, Tempo], ...] = ()) -> Analysis:
    return analyze(one_by_one(), BENCH, rate_hz=RATE_HZ, mount=DECLARED, marked=marked, tempos=tempos)[0]


def times() -> tuple[list[float], float]:
    """When the repetitions begin, and when the recording ends."""
    lone = [rep.start_s for rep in whole().reps if rep.verdict is Verdict.ISOLATED]
    assert len(lone) == 3
    return lone, float(one_by_one().t_s[-1])


def sets_of(reps: tuple[Rep, ...]) -> list[int | None]:
    return [rep.set for rep in reps if rep.counted]


def test_one_repetition_is_enough_in_a_set_that_the_person_began() -> None:
    starts_s, _ = times()
    assert not whole().counted
    found = whole(MarkedSet(start_s=starts_s[1] - 2.0, end_s=starts_s[1] + 10.0))
    assert [rep.start_s for rep in found.counted] == [starts_s[1]]
    assert [one.reps for one in found.sets] == [1]


def test_no_rest_ends_it() -> None:
    starts_s, end_s = times()
    assert sets_of(whole(MarkedSet(start_s=starts_s[0] - 2.0)).reps) == [1, 1, 1]
    cut = starts_s[1] - 5.0
    assert sets_of(whole(MarkedSet(start_s=starts_s[0] - 2.0, end_s=cut), MarkedSet(start_s=cut)).reps) == [1, 2, 2]
    assert whole(MarkedSet(start_s=starts_s[2] + 20.0, end_s=end_s)).counted == ()


def test_who_says_so_in_the_first_lift_is_in_time_and_who_stops_in_the_last_lowering_loses_nothing() -> None:
    starts_s, _ = times()
    whole_rep = next(rep for rep in whole().reps if rep.start_s == starts_s[1])
    mark = MarkedSet(start_s=whole_rep.lift_start_s + 0.3, end_s=whole_rep.lower_start_s + 0.5)
    assert [rep.end_s for rep in whole(mark).counted] == [whole_rep.end_s]


def test_it_is_told_when_it_ends() -> None:
    starts_s, _ = times()
    pipeline = Pipeline(
        BENCH, rate_hz=RATE_HZ, mount=DECLARED, marked=[MarkedSet(start_s=starts_s[0] - 2.0, end_s=starts_s[0] + 15.0)]
    )
    events = pipeline.push(one_by_one())
    begun, ended = (next(e for e in events if isinstance(e, kind)) for kind in (SetStarted, SetClosed))
    assert begun.decided_s < starts_s[0] + 15.0 <= ended.decided_s < starts_s[0] + 16.0


@settings(max_examples=12)
@given(data=st.data())
def test_said_live_and_read_from_a_file_it_comes_to_the_same(data: st.DataObject) -> None:
    samples, marks = one_by_one(), list[MarkedSet]()
    tempos = list[tuple[float, Tempo]]()
    edges = sorted(data.draw(st.lists(st.integers(1, len(samples) - 1), min_size=2, max_size=8, unique=True)))
    said = data.draw(st.lists(st.sampled_from(["set", "tempo", ""]), min_size=len(edges), max_size=len(edges)))
    live = Pipeline(BENCH, rate_hz=RATE_HZ, mount=DECLARED)
    events: list[Event] = []
    for (first, stop), what in zip(itertools.pairwise([0, *edges]), said, strict=True):
        for at in range(first, stop, 10):
            events += live.push(samples[at : min(at + 10, stop)])
        at_s = math.ceil((live.newest_s or 0.0) * 1e4) / 1e4
        if what == "set" and marks and math.isinf(marks[-1].end_s):
            live.end_set(at_s)
            marks[-1] = MarkedSet(start_s=marks[-1].start_s, end_s=at_s)
        elif what == "set":
            live.begin_set(at_s)
            marks.append(MarkedSet(start_s=at_s))
        elif what == "tempo":
            tempos.append((at_s, Tempo.parse(data.draw(st.sampled_from(["3-1-1-2", "X-0-X-0", "2-0-1-1"])))))
            live.retarget(*tempos[-1])
    events += live.push(samples[edges[-1] :]) + live.finish()
    there = whole(*marks, tempos=tuple(tempos))
    assert live.analysis().reps == there.reps or repr(live.analysis().reps) == repr(there.reps)
    assert repr([e.summary for e in events if isinstance(e, SetClosed)]) == repr(list(there.sets))


def test_each_repetition_is_held_against_the_target_of_its_time() -> None:
    starts_s, _ = times()
    mark = MarkedSet(start_s=starts_s[0] - 2.0)
    before = [rep.tempo_adherence for rep in whole(mark).counted]
    after = [
        rep.tempo_adherence
        for rep in whole(mark, tempos=((starts_s[2] - 5.0, Tempo.parse("9-9-9-9")),)).counted
    ]  # fmt: skip
    assert after[:2] == before[:2]
    assert after[2] == 0.0 < before[2]


def test_a_target_holds_from_its_time_on() -> None:
    one, two = Tempo.parse("3-0-1-1"), Tempo.parse("2-0-1-0")
    targets = Targets(one, [(10.0, two)])
    assert (targets.at(9.9), targets.at(10.0), targets.at(-5.0)) == (one, two, one)


@pytest.mark.parametrize("gyroscope", [True, False])
def test_a_movement_far_smaller_than_the_others_does_not_count_for_being_within(*, gyroscope: bool) -> None:
    plan = SetPlan(style="back-extension", reps=2, still_s=1.5, partial_after=(1,))
    made = simulate(plan, SensorModel(rate_hz=RATE_HZ, gyroscope=gyroscope), 3)
    samples = Samples.measured(made.t_s, made.acc_mps2, made.gyr_radps if gyroscope else None)
    # stepping up and off lies outside of the set
    first, last = made.truth.counted[0].lift_start_s, made.truth.counted[-1].lower_end_s
    found, _ = analyze(
        samples, BENCH, rate_hz=RATE_HZ, mount=DECLARED, marked=[MarkedSet(start_s=first - 1.0, end_s=last + 1.0)]
    )
    assert len(found.counted) == 2
    assert Verdict.SHALLOW in [rep.verdict for rep in found.reps] or Verdict.UNFINISHED in [
        rep.verdict for rep in found.reps
    ]
