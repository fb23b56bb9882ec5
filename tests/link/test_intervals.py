"""The interval set behaves as the plain set of numbers it stands for."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from imu.link.intervals import IntervalSet

intervals = st.lists(st.tuples(st.integers(0, 60), st.integers(-2, 15)).map(lambda p: (p[0], p[0] + p[1])), max_size=25)


def both(added: list[tuple[int, int]]) -> tuple[IntervalSet, set[int]]:
    ours, plain = IntervalSet(), set()
    for start, stop in added:
        ours.add(start, stop)
        plain |= set(range(start, stop))
    return ours, plain


@given(intervals)
def test_it_holds_what_was_added_in_as_few_pieces_as_possible(added: list[tuple[int, int]]) -> None:
    ours, plain = both(added)
    assert len(ours) == len(plain)
    assert {n for start, stop in ours.intervals() for n in range(start, stop)} == plain
    edges = [edge for interval in ours.intervals() for edge in interval]
    assert edges == sorted(set(edges))


@given(intervals, st.lists(st.integers(-5, 90), max_size=30))
def test_what_it_contains(added: list[tuple[int, int]], asked: list[int]) -> None:
    ours, plain = both(added)
    assert ours.contains(np.array(asked, np.int64)).tolist() == [n in plain for n in asked]


@given(intervals, st.integers(0, 80), st.integers(0, 40))
def test_what_is_missing(added: list[tuple[int, int]], start: int, length: int) -> None:
    ours, plain = both(added)
    holes = ours.missing(start, start + length)
    assert {n for a, b in holes for n in range(a, b)} == set(range(start, start + length)) - plain
    assert all(a < b for a, b in holes)


@given(st.lists(st.integers(0, 50), max_size=40))
def test_single_numbers_in_any_order(numbers: list[int]) -> None:
    ours = IntervalSet()
    ours.add_all(np.array(numbers, np.int64))
    assert {n for start, stop in ours.intervals() for n in range(start, stop)} == set(numbers)
