"""Which label speaks of which movement."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imu.evaluation.spoken import Word, spoken

MOVEMENTS = [(0.0, 4.0), (5.0, 9.0), (9.0, 11.0)]


def yes(start_s: float, end_s: float) -> Word:
    return Word(span=(start_s, end_s), counted=True)


def no(start_s: float, end_s: float) -> Word:
    return Word(span=(start_s, end_s), counted=False)


@pytest.mark.parametrize(
    ("words", "of", "alone"),
    [
        ([yes(0, 4), no(5, 9)], [0, 1, None], []),
        ([yes(2.5, 3.5)], [0, None, None], []),  # only the lift was read
        ([yes(0, 4), no(0, 4)], [1, None, None], []),  # the last word
        ([yes(4.5, 11.5)], [None, 0, None], []),  # a repetition is one
        ([no(4.5, 11.5)], [None, 0, 0], []),  # nothing there was a repetition
        ([no(0, 11), yes(5, 9)], [0, 1, 0], []),
        ([yes(4.1, 5.5)], [None, None, None], [0]),  # it touches the next one
        ([yes(20, 23), yes(30, 33), no(20, 23)], [None, None, None], [1, 2]),
        ([yes(20, 23), yes(20, 23)], [None, None, None], [1]),
        ([yes(8, 12.5), no(9, 11)], [None, None, 1], []),
    ],
)
def test_whose_word_it_is(words: list[Word], of: list[int | None], alone: list[int]) -> None:
    found = spoken(MOVEMENTS, words)
    assert (found.of, found.alone) == (of, alone)


spans = st.tuples(st.floats(0.0, 60.0), st.floats(0.1, 10.0)).map(lambda s: (s[0], s[0] + s[1]))


@given(st.lists(spans, max_size=8), st.lists(st.builds(Word, span=spans, counted=st.booleans()), max_size=8))
def test_a_repetition_is_one_and_the_last_word_holds(movements: list[tuple[float, float]], words: list[Word]) -> None:
    found = spoken(movements, words)
    held = [place for place in found.of if place is not None]
    counted = [place for place in held if words[place].counted]
    assert len(counted) == len(set(counted))
    assert not set(held) & set(found.alone)
    judged = [Word(span=span, counted=False) for span in movements]
    assert all(place is not None and place >= len(words) for place in spoken(movements, [*words, *judged]).of)
    assert spoken([], words[-1:]).alone == list(range(len(words[-1:])))
