"""Which repetition belongs to which bout, what is a phantom, and the sums."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imu.evaluation.bouts import Bout, Scored, score_bouts, sum_counts, sum_quiet, uncovered_s

SECONDS = st.floats(0.0, 1000.0, allow_nan=False)


def bout(start_s: float, end_s: float, reps: int = 1, *, ambiguous: bool = False) -> Bout:
    return Bout(start_s=start_s, end_s=end_s, reps=reps, ambiguous=ambiguous)


def test_a_repetition_belongs_where_its_middle_lies_and_a_second_around() -> None:
    reps = [(9.0, 9.0), (8.9, 8.9), (21.0, 21.0), (21.1, 21.1), (14.0, 16.0)]
    scored = score_bouts(reps, [bout(10.0, 20.0, 3)], 60.0)
    assert scored.found == (3,)
    assert scored.phantoms == 2
    assert not scored.exact


def test_between_two_bouts_the_nearer_one_takes_it() -> None:
    assert score_bouts([(20.9, 20.9)], [bout(10, 20), bout(21.5, 30)], 60.0).found == (0, 1)
    assert score_bouts([(20.2, 20.2)], [bout(10, 20), bout(21.5, 30)], 60.0).found == (1, 0)


def test_what_nobody_can_count_is_neither_right_nor_wrong() -> None:
    scored = score_bouts([(15, 15), (15, 15), (45, 45)], [bout(10, 20, 5, ambiguous=True), bout(40, 50)], 60.0)
    assert (scored.found, scored.found_unsure, scored.phantoms) == ((1,), (2,), 0)
    assert scored.exact
    assert scored.free_s == pytest.approx(60 - 12 - 12)


def test_a_bout_that_is_certain_comes_before_an_ambiguous_one() -> None:
    scored = score_bouts([(20.5, 20.5)], [bout(20.2, 30, 2, ambiguous=True), bout(10, 20)], 60.0)
    assert (scored.found, scored.found_unsure) == ((1,), (0,))


def test_a_stretch_said_to_hold_nothing_protects_nothing() -> None:
    scored = score_bouts([(15, 15)], [bout(10, 20, 0)], 60.0)
    assert scored.phantoms == 1
    assert scored.bouts == ()
    assert scored.free_s == 60.0


def recording(pairs: list[tuple[int, int]], phantoms: int = 0, free_s: float = 3600.0) -> Scored:
    bouts = tuple(bout(100.0 * i, 100.0 * i + 50.0, true) for i, (true, _) in enumerate(pairs))
    found = tuple(n for _, n in pairs)
    return Scored(bouts=bouts, found=found, unsure=(), found_unsure=(), phantoms=phantoms, free_s=free_s)


def test_counts_are_summed_up_bout_by_bout_and_recording_by_recording() -> None:
    total = sum_counts([recording([(3, 3), (5, 4)]), recording([(3, 5)], phantoms=2), recording([(8, 8)])])
    assert (total.recordings, total.bouts, total.reps) == (3, 4, 19)
    assert (total.exact, total.within_1, total.whole) == (2, 3, 1)
    assert (total.missed, total.extra, total.phantoms) == (1, 2, 2)
    assert total.mae_reps == pytest.approx(0.75)
    assert total.hours == pytest.approx(3.0)


def test_a_phantom_spoils_the_recording_but_not_its_bouts() -> None:
    total = sum_counts([recording([(3, 3)], phantoms=1)])
    assert (total.exact, total.whole) == (1, 0)


def test_a_recording_with_nothing_certain_adds_only_its_phantoms() -> None:
    total = sum_counts([recording([], phantoms=2)])
    assert (total.recordings, total.bouts, total.whole, total.phantoms) == (0, 0, 0, 2)


def test_quiet_recordings_nobody_could_watch_are_left_out() -> None:
    total = sum_quiet([recording([], 0), recording([], 3), recording([], 0, free_s=0.0)])
    assert (total.recordings, total.clean, total.phantoms) == (2, 1, 3)
    assert total.hours == pytest.approx(2.0)


@given(spans=st.lists(st.tuples(SECONDS, SECONDS).map(lambda p: (min(p), max(p)))), length=SECONDS)
def test_free_time_is_what_a_fine_ruler_finds(spans: list[tuple[float, float]], length: float) -> None:
    edges = sorted({0.0, length, *(min(max(x, 0.0), length) for span in spans for x in span)})
    free = sum(b - a for a, b in pairwise(edges) if not any(s <= (a + b) / 2 <= e for s, e in spans))
    assert uncovered_s(length, spans) == pytest.approx(free, abs=1e-6)


@given(reps=st.lists(st.tuples(SECONDS, SECONDS)), starts=st.lists(SECONDS, max_size=5), unsure=st.booleans())
def test_no_repetition_is_lost_or_counted_twice(
    reps: list[tuple[float, float]], starts: list[float], unsure: bool
) -> None:
    bouts = [bout(s, s + 20.0, ambiguous=unsure and i % 2 == 0) for i, s in enumerate(starts)]
    scored = score_bouts(reps, bouts, 1000.0)
    assert sum(scored.found) + sum(scored.found_unsure) + scored.phantoms == len(reps)
