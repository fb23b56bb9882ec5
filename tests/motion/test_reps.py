"""Strokes -> repetitions: every verdict for its own reason, every announcement kept or taken back."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imu.exercises import Exercise, get_exercise
from imu.model import (
    Event,
    Mount,
    MovementRejected,
    Rep,
    RepAnnounced,
    RepConfirmed,
    RepWithdrawn,
    SetStarted,
    Stroke,
    Verdict,
)
from imu.motion.params import MotionParams
from imu.motion.reps import RepJudge

PARAMS = MotionParams()
MOUNT = Mount.from_axes(cranial="+y", anterior="+z")
BENCH, FROM_TOP, ANY = get_exercise("back-extension"), get_exercise("good-morning"), get_exercise("hinge")
SEEN_S = 0.2
"""A new stroke is noticed this long after it began."""


@dataclass
class Bout:
    """Writes strokes one after the other, from a pitch."""

    at_deg: float = -45.0
    now_s: float = 5.0
    strokes: list[Stroke] = field(default_factory=list)

    def to(self, deg: float, seconds: float = 1.5, **changes: float) -> Bout:
        low, high = sorted((self.at_deg, deg))
        lifting, end_s = deg > self.at_deg, self.now_s + seconds
        stroke = Stroke(
            lifting=lifting, start_s=self.now_s, end_s=end_s, start_deg=self.at_deg, end_deg=deg,
            peak_dps=1.875 * (high - low) / seconds, peak_s=self.now_s + seconds / 2,
            low_deg=low, low_s=self.now_s if lifting else end_s, high_deg=high, high_s=end_s if lifting else self.now_s,
            off_plane_deg=3.0,
        )  # fmt: skip
        self.strokes.append(replace(stroke, **changes))
        self.at_deg, self.now_s = deg, end_s
        return self

    def wait(self, seconds: float) -> Bout:
        self.now_s += seconds
        return self

    def rep(self, far_deg: float = 45.0, back_deg: float | None = None, hold_s: float = 1.0, **changes: float) -> Bout:
        """There, hold, back, and a short hold."""
        back = self.at_deg if back_deg is None else back_deg
        return self.to(far_deg, **changes).wait(hold_s).to(back, 2.0, **changes).wait(0.6)

    def reps(self, n: int) -> Bout:
        for _ in range(n):
            self.rep()
        return self


@dataclass
class Outcome:
    events: list[Event]
    ledger: list[Rep]

    def of(self, kind: type[Event]) -> list[Event]:
        return [e for e in self.events if isinstance(e, kind)]

    @property
    def verdicts(self) -> list[Verdict]:
        return [r.verdict for r in self.ledger]

    @property
    def counted(self) -> list[Rep]:
        return [r for r in self.ledger if r.counted]


def judge(
    bout: Bout,
    exercise: Exercise = BENCH,
    *,
    params: MotionParams = PARAMS,
    mount: Mount = MOUNT,
    gyroscope: bool = True,
) -> Outcome:
    """Tell a judge what a stroke finder would, when it would."""
    j = RepJudge(exercise, mount, params=params, gyroscope=gyroscope)
    told: list[tuple[float, str, Stroke]] = []
    for stroke, after in itertools.zip_longest(bout.strokes, bout.strokes[1:]):
        rests_s = stroke.end_s + params.stall_s
        told += [(stroke.start_s + SEEN_S, "moves", stroke), (stroke.end_s, "arrives", stroke)]
        if after is None or after.start_s + SEEN_S > rests_s:
            told += [(rests_s, "ends", stroke), (rests_s, "rests", stroke)]
        else:
            told.append((after.start_s + SEEN_S, "ends", stroke))
    order = ("arrives", "ends", "moves", "rests")
    events: list[Event] = []
    for t, what, stroke in sorted(told, key=lambda x: (x[0], order.index(x[1]))):
        if what == "arrives":
            events += j.arrival(t, stroke.range_deg, stroke.end_deg, lifting=stroke.lifting)
        elif what == "ends":
            events += j.stroke(t, stroke)
        elif what == "moves":
            events += j.moving(t, lifting=stroke.lifting)
        else:
            events += j.rests(t)
    return Outcome(events + j.finish(bout.now_s + 20.0), j.ledger())


def hinged(at_deg: float = 90.0) -> Bout:
    return Bout(at_deg=at_deg)


# --- a set ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exercise", "start_deg", "far_deg"), [(BENCH, -45.0, 45.0), (FROM_TOP, 90.0, 15.0), (ANY, 90.0, 15.0)]
)
def test_a_plain_set_counts(exercise: Exercise, start_deg: float, far_deg: float) -> None:
    bout = Bout(at_deg=start_deg)
    for _ in range(8):
        bout.rep(far_deg)
    out = judge(bout, exercise)
    assert out.verdicts == [Verdict.COUNTED] * 8
    assert [r.rep for r in out.counted] == list(range(1, 9))
    assert {r.set for r in out.counted} == {1}
    assert len(out.of(RepConfirmed)) == 8
    assert [e.number for e in out.of(RepAnnounced) if isinstance(e, RepAnnounced)] == list(range(1, 9))


def test_the_set_begins_at_its_third_rep() -> None:
    out = judge(Bout().reps(5))
    (begun,) = out.of(SetStarted)
    assert begun.t_s == out.ledger[0].start_s
    confirmed = [e.decided_s for e in out.events if isinstance(e, RepConfirmed)]
    assert begun.decided_s == confirmed[2] > confirmed[1]


@pytest.mark.parametrize("needed", [1, 2, 5])
def test_how_many_make_a_set_can_be_chosen(needed: int) -> None:
    params = MotionParams(min_set_reps=needed)
    assert len(judge(Bout().reps(needed), params=params).counted) == needed
    if needed > 1:
        assert judge(Bout().reps(needed - 1), params=params).verdicts == [Verdict.ISOLATED] * (needed - 1)


def test_a_long_rest_begins_a_new_set() -> None:
    out = judge(Bout().reps(4).wait(20.0).reps(3))
    assert [(r.set, r.rep) for r in out.counted] == [(1, 1), (1, 2), (1, 3), (1, 4), (2, 1), (2, 2), (2, 3)]
    assert len(out.of(SetStarted)) == 2


def test_a_pause_between_reps_does_not() -> None:
    out = judge(Bout().reps(4).wait(7.0).reps(3))
    assert [r.rep for r in out.counted] == list(range(1, 8))


def test_no_time_is_lost_between_the_phases() -> None:
    out = judge(Bout().reps(6))
    for rep, after in itertools.pairwise(out.counted):
        period = rep.lift_s + rep.top_hold_s + rep.lower_s + rep.bottom_hold_s
        assert period == pytest.approx(after.start_s - rep.start_s)
    assert out.counted[-1].tempo.split("-")[1] == "?"
    assert out.counted[0].tempo == "2.0-0.6-1.5-1.0"


def test_from_the_top_the_hold_after_a_rep_is_its_top_hold() -> None:
    bout = hinged()
    for _ in range(4):
        bout.to(15.0, 2.0).wait(0.4).to(90.0, 1.2).wait(1.5)
    out = judge(bout, FROM_TOP)
    assert out.counted[0].tempo == "2.0-0.4-1.2-1.5"
    assert out.counted[-1].tempo == "2.0-0.4-1.2-?"
    assert out.counted[0].top_deg == 90.0
    assert out.counted[0].bottom_deg == 15.0


def test_a_cycle_is_judged_within_three_seconds_of_its_close() -> None:
    out = judge(Bout().reps(4).wait(15.0).reps(3))
    for event in out.events:
        if isinstance(event, RepConfirmed):
            assert event.rep.end_s <= event.decided_s <= event.rep.end_s + 3.0


def test_a_lift_in_two_goes_is_one() -> None:
    bout = Bout().reps(3)
    bout.to(0.0).wait(1.5).to(45.0).wait(1.0).to(-45.0).wait(0.6).reps(2)
    out = judge(bout)
    assert len(out.counted) == 6
    assert out.counted[3].lift_s == pytest.approx(1.5 + 1.5 + 1.5)


def test_a_lowering_in_two_goes_revises_the_rep() -> None:
    bout = Bout().reps(3)
    bout.to(45.0).wait(1.0).to(5.0).wait(1.5).to(-45.0).wait(0.6).reps(2)
    out = judge(bout)
    assert len(out.counted) == 6
    assert out.counted[3].lower_s == pytest.approx(1.5 + 1.5 + 1.5)


def test_a_slouched_first_and_an_extended_last_rep_count() -> None:
    bout = hinged(65.0).rep(15.0, 88.0)
    for _ in range(4):
        bout.rep(15.0)
    out = judge(bout.rep(12.0, 105.0), FROM_TOP)
    assert out.verdicts == [Verdict.COUNTED] * 6


# --- what does not count --------------------------------------------------------------------------------------------


def test_shallow() -> None:
    out = judge(Bout().reps(3).rep(-15.0).reps(2))
    assert out.verdicts == [Verdict.COUNTED] * 3 + [Verdict.SHALLOW] + [Verdict.COUNTED] * 2
    assert [r.rep for r in out.counted] == [1, 2, 3, 4, 5]
    assert {r.set for r in out.counted} == {1}


def test_shallow_by_the_sets_own_range() -> None:
    out = judge(Bout().reps(3).rep(-5.0).reps(2))
    assert out.verdicts == [Verdict.COUNTED] * 3 + [Verdict.SHALLOW] + [Verdict.COUNTED] * 2


def test_shallow_before_the_set_is_known_is_told_once_it_is() -> None:
    out = judge(Bout().rep(-5.0).reps(4), mount=replace(MOUNT, certainty=0.3))
    assert out.verdicts == [Verdict.SHALLOW] + [Verdict.COUNTED] * 4


def test_unfinished() -> None:
    bout = Bout().reps(3).to(45.0).wait(40.0)
    out = judge(bout)
    assert out.verdicts == [Verdict.COUNTED] * 3 + [Verdict.UNFINISHED]


def test_unfinished_when_it_never_comes_back() -> None:
    bout = Bout().reps(3).to(45.0).wait(1.0).to(20.0, 1.0).wait(15.0)
    assert judge(bout).verdicts == [Verdict.COUNTED] * 3 + [Verdict.UNFINISHED]


def test_too_fast() -> None:
    out = judge(Bout().reps(3).to(45.0, 0.15).wait(1.0).to(-45.0, 2.0).wait(0.6).reps(1))
    assert out.verdicts == [Verdict.COUNTED] * 3 + [Verdict.TOO_FAST] + [Verdict.COUNTED]


def test_not_a_hinge() -> None:
    out = judge(Bout().reps(3).rep(off_plane_deg=60.0).reps(1))
    assert out.verdicts == [Verdict.COUNTED] * 3 + [Verdict.NOT_HINGE] + [Verdict.COUNTED]


def test_transition() -> None:
    out = judge(hinged().to(-45.0, 4.0).wait(2.0).reps(3))
    assert out.verdicts == [Verdict.TRANSITION] + [Verdict.COUNTED] * 3
    assert out.ledger[0].rep is None


def test_the_wrong_posture_is_a_transition_where_the_mount_is_sure() -> None:
    far_off = Bout(at_deg=45.0)
    for _ in range(3):
        far_off.rep(120.0)
    assert set(judge(far_off).verdicts) == {Verdict.TRANSITION}
    unsure = replace(MOUNT, source="learned", certainty=0.3)
    assert judge(far_off, mount=unsure).verdicts == [Verdict.COUNTED] * 3


@pytest.mark.parametrize(
    ("top_deg", "bottom_deg", "seconds", "gyroscope", "verdict"),
    [
        (150.0, 15.0, 0.4, False, Verdict.COUNTED),
        (150.0, 15.0, 0.4, True, Verdict.TRANSITION),
        (150.0, 15.0, 1.2, False, Verdict.TRANSITION),
        (48.0, -10.0, 0.4, False, Verdict.TRANSITION),
    ],
)
def test_without_a_gyroscope_a_quick_stroke_may_seem_to_go_too_far_but_not_to_fall_short(
    top_deg: float, bottom_deg: float, seconds: float, gyroscope: bool, verdict: Verdict
) -> None:
    bout = Bout(at_deg=top_deg)
    for _ in range(4):
        bout.to(bottom_deg, seconds).wait(0.1).to(top_deg, seconds).wait(0.1)
    assert set(judge(bout, get_exercise("kettlebell-swing"), gyroscope=gyroscope).verdicts) == {verdict}


def test_isolated() -> None:
    out = judge(Bout().reps(2).wait(30.0).reps(3))
    assert out.verdicts == [Verdict.ISOLATED] * 2 + [Verdict.COUNTED] * 3
    rejected = [e for e in out.events if isinstance(e, MovementRejected)]
    assert all(e.decided_s <= e.rep.end_s + 16.0 for e in rejected)
    assert {r.set for r in out.counted} == {1}


def test_lost_data() -> None:
    out = judge(Bout().reps(3).rep(lost_s=2.4).reps(1))
    assert out.verdicts == [Verdict.COUNTED] * 3 + [Verdict.LOST_DATA] + [Verdict.COUNTED]


def test_a_wiggle_at_either_end_is_no_movement_of_its_own() -> None:
    bout = Bout()
    for _ in range(3):
        bout.to(45.0).wait(0.3).to(38.0, 0.4).to(45.0, 0.4).wait(0.3).to(-45.0, 2.0).wait(0.6)
    out = judge(bout)
    assert out.verdicts == [Verdict.COUNTED] * 3


def test_a_hump_at_the_bottom_does_not_divide_a_repetition() -> None:
    bout = hinged()
    for _ in range(3):
        bout.to(20.0).wait(0.3).to(45.0, 0.6).to(18.0, 0.6).wait(0.4).to(90.0, 1.5).wait(1.0)
    out = judge(bout, FROM_TOP)
    assert out.verdicts == [Verdict.COUNTED] * 3
    assert out.counted[0].lower_s == pytest.approx(1.5 + 0.3 + 0.6 + 0.6)


def test_a_false_start_of_the_way_back_leaves_the_repetition_whole() -> None:
    bout = hinged()
    for _ in range(3):
        bout.to(20.0).wait(0.3).to(48.0, 0.8).to(26.0, 1.0).wait(2.0).to(90.0, 1.5).wait(1.0)
    out = judge(bout, FROM_TOP)
    assert out.verdicts == [Verdict.COUNTED] * 3
    assert out.counted[0].lift_s == pytest.approx(1.5)


def test_a_shallow_attempt_is_not_joined_to_the_repetition_after_it() -> None:
    out = judge(hinged().rep(20.0).rep(20.0).to(68.0, 1.0).wait(0.3).to(88.0, 1.0).wait(0.4).rep(20.0), FROM_TOP)
    assert len(out.counted) == 3
    assert max(r.lower_s for r in out.counted) < 2.0


def test_the_rest_of_a_stalled_lift_that_was_given_up_makes_it_count() -> None:
    bout = hinged().rep(20.0).rep(20.0).to(20.0).wait(0.6).to(45.0, 0.8).wait(2.4).to(90.0, 1.2).wait(1.0).rep(20.0)
    assert len(judge(bout, FROM_TOP).counted) == 4


def test_movements_at_uneven_times_are_a_days_work_and_no_set() -> None:
    def three(pause_s: float) -> Outcome:
        bout = hinged()
        for wait_s in (pause_s, 0.4, 0.4):
            bout.to(30.0, 0.6).wait(0.2).to(90.0, 0.6).wait(wait_s)
        return judge(bout, ANY)

    assert len(three(0.4).counted) == 3
    assert len(three(3.0).counted) == 3
    assert three(9.0).counted == []


def test_a_movement_that_leans_unlike_its_set_is_none_of_it() -> None:
    out = judge(Bout().reps(4).rep(20.0, off_plane_deg=40.0))
    assert out.verdicts[-1] is not Verdict.COUNTED
    assert judge(Bout().reps(4).rep(20.0)).verdicts[-1] is Verdict.COUNTED
    turning_strap = judge(Bout().reps(4).rep(off_plane_deg=40.0))
    assert turning_strap.verdicts[-1] is Verdict.COUNTED
    leaning = judge(Bout().rep(off_plane_deg=40.0).rep(off_plane_deg=38.0).rep(off_plane_deg=41.0))
    assert len(leaning.counted) == 3


def test_sitting_down_for_a_while_is_not_the_last_repetition() -> None:
    bout = Bout(at_deg=35.0).rep(90.0).rep(90.0).rep(90.0).to(88.0, 1.5).wait(8.0).to(35.0, 1.5).wait(3.0)
    assert len(judge(bout, get_exercise("deadlift")).counted) == 3


def test_lying_down_long_before_the_first_way_up_is_no_half_of_it() -> None:
    out = judge(hinged().to(0.0, 2.0).wait(9.0).rep(80.0).rep(80.0).rep(80.0), ANY)
    assert len(out.counted) == 3
    assert out.counted[0].start_s == out.counted[0].lift_start_s


def test_what_began_with_walking_is_no_repetition() -> None:
    judge_ = RepJudge(get_exercise("deadlift"), MOUNT, params=PARAMS)
    bout = Bout(at_deg=35.0).rep(90.0).rep(90.0).rep(90.0).to(90.0).to(60.0, 0.7)
    for stroke in bout.strokes:
        judge_.moving(stroke.start_s + SEEN_S, lifting=stroke.lifting)
        judge_.stroke(stroke.end_s, stroke)
    last = bout.strokes[-1]
    judge_.walked(last.end_s + 1.0, since_s=last.start_s - 0.3)
    assert [r.verdict for r in judge_.ledger()][-1] is Verdict.TRANSITION


def test_a_static_hold_is_one_movement_and_a_set() -> None:
    hold = get_exercise("sorensen-hold")
    out = judge(Bout(at_deg=-60.0).to(0.0, 2.0).wait(75.0).to(-60.0, 3.0), hold)
    assert out.verdicts == [Verdict.COUNTED]
    assert out.counted[0].top_hold_s == pytest.approx(75.0)
    assert len(out.of(SetStarted)) == 1


# --- announcements --------------------------------------------------------------------------------------------------


def test_the_count_is_announced_as_the_lift_arrives() -> None:
    out = judge(Bout().reps(4))
    announced = [e for e in out.events if isinstance(e, RepAnnounced)]
    assert [e.t_s for e in announced] == pytest.approx([r.lift_end_s for r in out.ledger])


def test_an_announced_rep_that_fails_is_withdrawn() -> None:
    out = judge(Bout().reps(3).to(45.0).wait(40.0))
    (rejected,) = [e for e in out.events if isinstance(e, MovementRejected)]
    assert rejected.withdrawn == 4


def test_reps_that_find_no_set_are_withdrawn() -> None:
    out = judge(Bout().reps(2).wait(30.0))
    assert [e.withdrawn for e in out.events if isinstance(e, MovementRejected)] == [1, 2]


moves = st.one_of(
    st.tuples(st.just("to"), st.floats(-100, 120), st.floats(0.15, 8.0)),
    st.tuples(st.just("wait"), st.floats(0.0, 30.0), st.just(0.0)),
    st.tuples(st.just("reps"), st.integers(1, 4), st.just(0.0)),
)


@given(
    script=st.lists(moves, max_size=20),
    exercise=st.sampled_from(["back-extension", "good-morning", "hinge", "kettlebell-swing"]),
)
def test_whatever_is_done_the_books_balance(script: list[tuple[str, float, float]], exercise: str) -> None:
    bout = Bout()
    for what, value, seconds in script:
        if what == "wait":
            bout.wait(value)
        elif what == "reps":
            bout.reps(int(value))
        elif abs(value - bout.at_deg) > 5.0:
            bout.to(value, seconds)
    out = judge(bout, get_exercise(exercise))

    standing: dict[float, Rep] = {}
    for event in out.events:
        if isinstance(event, RepConfirmed):
            standing[event.rep.start_s] = event.rep
        elif isinstance(event, MovementRejected):
            standing.pop(event.rep.start_s, None)
    assert sorted(standing) == [r.start_s for r in out.counted]

    times = [e.decided_s for e in out.events]
    assert times == sorted(times)
    assert [r.start_s for r in out.ledger] == sorted(r.start_s for r in out.ledger)
    assert all(a.end_s <= b.start_s for a, b in itertools.pairwise(out.ledger))
    for rep in out.ledger:
        assert (rep.rep is not None) == (rep.set is not None) == rep.counted
    for number in {r.set for r in out.counted}:
        members = [r.rep for r in out.counted if r.set == number]
        assert members == list(range(1, len(members) + 1))


def said(out: Outcome) -> list[int]:
    return [e.number for e in out.events if isinstance(e, RepAnnounced)]


def test_a_lift_that_begins_far_from_where_the_exercise_does_is_not_announced_before_a_set() -> None:
    bent = Bout()
    bent.at_deg = -10.0
    assert said(judge(bent.rep(45.0))) == []
    assert said(judge(Bout().rep(45.0))) == [1]


def test_nor_one_that_begins_far_from_where_the_set_does() -> None:
    bout = Bout().reps(3).to(45.0).wait(1.0).to(-15.0, 1.5).wait(0.6).to(45.0).wait(1.0).to(-45.0, 2.0)
    assert said(judge(bout)) == [1, 2, 3, 4]


def test_a_lift_that_stops_half_way_in_a_set_is_not_announced_there() -> None:
    assert said(judge(Bout().reps(3).to(10.0).wait(1.0).to(-45.0, 2.0))) == [1, 2, 3]
    assert said(judge(Bout().reps(3).to(30.0).wait(1.0).to(-45.0, 2.0))) == [1, 2, 3, 4]


def test_what_goes_on_above_its_ceiling_is_taken_back_at_once() -> None:
    j = RepJudge(BENCH, MOUNT, params=PARAMS)
    assert j.ceiling_deg == math.inf
    (announced,) = j.arrival(10.0, 90.0, 45.0, lifting=True)
    assert isinstance(announced, RepAnnounced)
    assert j.count == 1
    assert 45.0 < j.ceiling_deg < 90.0
    assert j.climbs(10.8) == [RepWithdrawn(t_s=10.8, decided_s=10.8, number=1)]
    assert j.count == 0
    assert j.climbs(10.9) == []


HOLD = get_exercise("sorensen-hold")


@pytest.mark.parametrize("then", ["held", "lowered", "left"])
def test_a_static_hold_is_announced_when_it_has_lasted_a_moment(then: str) -> None:
    j = RepJudge(HOLD, MOUNT, params=PARAMS)
    events = j.arrival(10.0, 60.0, 0.0, lifting=True) + j.advance(11.0)
    assert events == []
    if then == "lowered":
        events += j.moving(11.0, lifting=False)
    elif then == "left":
        assert 0.0 < j.ceiling_deg < 30.0
        events += j.climbs(11.0)
    events += j.arrival(11.5, 61.0, 1.0, lifting=True) if then == "held" else []
    events += j.advance(20.0)
    known_s = 10.0 + PARAMS.hold_moment_s
    assert events == ([RepAnnounced(t_s=10.0, decided_s=known_s, number=1)] if then == "held" else [])
