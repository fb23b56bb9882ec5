"""What a set is proposed to have been, and when nothing is proposed."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_proto.motion import STYLES, Recording, SensorModel, SetPlan, negative, simulate
from imu.exercises import EXERCISES, get_exercise
from imu.model import NAN, Analysis, Mount, Samples
from imu.motion.pipeline import analyze
from imu.motion.recognise import ENOUGH, UNKNOWN, Assumed, Proposal, Seen, chosen, likeliest, propose, rank

STANDING = [key for key, row in EXERCISES.items() if row.family == "standing hinge"]
TOLD_APART = ["back-extension", "roman-chair", "kettlebell-swing", "sorensen-hold"]


def proposed(recording: Recording, mount: Mount | None) -> tuple[Proposal, ...]:
    samples = Samples.measured(recording.t_s, recording.acc_mps2, recording.gyr_radps)
    analysis, pipeline = analyze(samples, get_exercise("hinge"), rate_hz=recording.rate_hz, mount=mount)
    return propose(analysis, pipeline.trunk())


def declared(recording: Recording) -> Mount:
    return Mount.from_axes(cranial=recording.plan.cranial, anterior=recording.plan.anterior)


@lru_cache
def visit(style: str, seed: int = 0) -> Recording:
    plan = SetPlan(style=style, reps=6, misalignment_deg=(6.0, -8.0, 5.0))
    return simulate(plan, SensorModel(), seed)


@pytest.mark.parametrize("style", TOLD_APART)
@pytest.mark.parametrize("seed", [0, 1])
def test_an_exercise_with_a_posture_of_its_own_is_proposed(style: str, seed: int) -> None:
    recording = visit(style, seed)
    proposals = proposed(recording, declared(recording))
    assert [p.exercise for p in proposals] == [style]
    assert proposals[0].posture_known
    assert chosen(proposals) == style


@pytest.mark.parametrize("style", STANDING)
@pytest.mark.parametrize("seed", [0, 1])
def test_what_is_done_standing_is_at_least_that_family(style: str, seed: int) -> None:
    recording = visit(style, seed)
    (one,) = proposed(recording, declared(recording))
    assert one.exercise in (UNKNOWN, style)
    if style != "trap-bar-deadlift":  # which may be somebody sitting down and standing up
        assert one.family == "standing hinge"
    assert style in [key for key, _ in one.ranked[:3]]


def test_a_static_hold_says_when_it_was() -> None:
    recording = visit("sorensen-hold")
    (one,) = proposed(recording, declared(recording))
    (true,) = recording.truth.counted
    assert one.set is None
    assert one.start_s == pytest.approx(true.lift_start_s, abs=0.5)
    assert one.end_s == pytest.approx(true.lower_start_s, abs=1.5)


def test_without_a_sure_mount_nothing_is_said_of_posture() -> None:
    recording = visit("romanian-deadlift")
    unsure = replace(declared(recording), source="learned", certainty=0.5)
    (one,) = proposed(recording, unsure)
    assert not one.posture_known
    assert one.exercise == UNKNOWN
    assert one.confidence < ENOUGH


@pytest.mark.parametrize("kind", ["mixed", "chair", "lying", "side-bends"])
def test_daily_life_is_no_exercise(kind: str) -> None:
    recording = negative(kind, seconds=150.0, seed=3)
    assert all(p.exercise == UNKNOWN for p in proposed(recording, declared(recording)))


def test_standing_up_and_staying_so_is_no_static_hold() -> None:
    recording = negative("pick-ups", seconds=90.0, seed=1)
    assert proposed(recording, declared(recording)) == ()


def test_no_movement_gets_no_proposal() -> None:
    recording = negative("standing", seconds=20.0)
    assert proposed(recording, declared(recording)) == ()
    assert propose(Analysis(), analyze(Samples.empty(), get_exercise("hinge"), rate_hz=104.0)[1].trunk()) == ()


def proposal(*ranked: tuple[str, float]) -> Proposal:
    return Proposal(set=1, start_s=0.0, end_s=9.0, ranked=ranked, posture_known=True)


def test_a_recording_is_what_all_its_sets_are() -> None:
    deadlift, good_morning = proposal(("deadlift", 0.9)), proposal(("good-morning", 0.7), ("deadlift", 0.2))
    doubtful = proposal(("deadlift", 0.5), ("trap-bar-deadlift", 0.4))
    assert chosen((deadlift, deadlift)) == "deadlift"
    assert chosen((deadlift, good_morning)) is None
    assert chosen((deadlift, doubtful)) is None
    assert chosen(()) is None
    assert (doubtful.exercise, doubtful.family) == (UNKNOWN, "standing hinge")


def test_where_only_the_family_is_sure_it_is_counted_as_the_likeliest_of_it() -> None:
    one = proposal(("deadlift", 0.5), ("trap-bar-deadlift", 0.4))
    other = proposal(("trap-bar-deadlift", 0.55), ("deadlift", 0.3))
    bench = proposal(("back-extension", 0.9), ("deadlift", 0.1))
    unsure = replace(one, posture_known=False)
    assert likeliest((one,)) == "deadlift"
    assert likeliest((one, other)) == "trap-bar-deadlift"
    assert likeliest((one, bench)) is None
    assert likeliest((bench,)) == "back-extension"
    assert likeliest((unsure,)) is None
    assert likeliest(()) is None


angles = st.floats(-180.0, 180.0)
times = st.floats(0.05, 60.0)


@given(top=angles, rom=st.floats(1.0, 200.0), lift=times, lower=times, hold=times, low=st.booleans())
@settings(max_examples=examples(200))
def test_confidences_are_shares_in_order(
    top: float, rom: float, lift: float, lower: float, hold: float, low: bool
) -> None:
    seen = Seen(
        rom_deg=rom, lift_s=lift, lower_s=lower, top_deg=top, bottom_deg=top - rom, top_hold_s=hold, starts_low=low
    )
    for one in (seen, Seen(rom_deg=rom, lift_s=lift, lower_s=lower)):
        ranked = rank(one, Assumed())
        shares = [share for _, share in ranked]
        assert {key for key, _ in ranked} == set(STYLES)
        assert shares == sorted(shares, reverse=True)
        assert 0.0 <= sum(shares) <= 1.0


@pytest.mark.parametrize("unknown", [{"lift_s": NAN}, {"lower_s": NAN}, {"rom_deg": NAN}, {"lift_s": 0.0}])
@pytest.mark.parametrize("posture", [{}, {"top_deg": 90.0, "bottom_deg": 30.0, "top_hold_s": 1.0, "starts_low": True}])
def test_where_a_stroke_has_no_time_nothing_is_said(unknown: dict[str, float], posture: dict[str, float]) -> None:
    seen = Seen(**{"rom_deg": 60.0, "lift_s": 1.0, "lower_s": 2.0} | posture | unknown)
    ranked = rank(seen, Assumed())
    assert {share for _, share in ranked} == {0.0}
    one = proposal(*ranked)
    assert (one.exercise, one.confidence, one.family) == (UNKNOWN, 0.0, "")


@given(key=st.sampled_from(sorted(STYLES)), off=st.floats(120.0, 180.0))
@settings(max_examples=examples(50))
def test_far_from_every_row_it_is_something_else(key: str, off: float) -> None:
    row = EXERCISES[key]
    assert row.top_deg is not None
    assert row.bottom_deg is not None
    seen = Seen(
        rom_deg=row.rom_deg, lift_s=1.0, lower_s=2.0, top_deg=90.0 + off, bottom_deg=90.0 + off - row.rom_deg,
        top_hold_s=1.0, starts_low=True,
    )  # fmt: skip
    assert sum(share for _, share in rank(seen, Assumed())) < 0.01


@pytest.mark.parametrize("key", sorted(STYLES))
def test_done_as_its_row_says_an_exercise_is_the_likeliest(key: str) -> None:
    row = EXERCISES[key]
    assert row.top_deg is not None
    assert row.bottom_deg is not None
    lower, _, lift, hold = (0.5 if t == "X" else float(t) for t in row.target_tempo.split("-"))
    seen = Seen(
        rom_deg=row.rom_deg, lift_s=lift, lower_s=lower, top_deg=row.top_deg, bottom_deg=row.bottom_deg,
        top_hold_s=hold, starts_low=row.start == "bottom",
    )  # fmt: skip
    assert rank(seen, Assumed())[0][0] == key
