"""Samples placed by their arrival alone: times are right as far as the link lets them be, and holes are found."""

import itertools
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imu.model import Floats, Ints
from imu.sensors import StreamBroken
from imu.sensors.arrivals import LATE_S, RATE_OFF, Arrivals

RATE_HZ = 50.0
INTERVAL_S = 0.03
"""Of the connection: arrivals lie on its events."""
Gap = tuple[float, float]


@dataclass(frozen=True)
class Link:
    """A sensor whose rate is off, that sends bursts, over a link that is late by up to `jitter_s`."""

    off: float
    bursts: tuple[int, int]
    jitter_s: float
    seed: int

    def send(self, duration_s: float, *, stalls: tuple[Gap, ...] = (), lost: tuple[Gap, ...] = ()) -> "Sent":
        """Stalls deliver what they held when they end; what is taken while it is lost never comes. Begin and length."""
        rng = np.random.default_rng(self.seed)
        t_s = np.arange(int(duration_s * RATE_HZ)) / (RATE_HZ * (1 + self.off))
        gone = np.zeros(len(t_s), bool)
        for at, long in lost:
            gone |= (t_s >= at) & (t_s < at + long)
        kept = np.flatnonzero(~gone)
        edges = np.cumsum(rng.integers(self.bursts[0], self.bursts[1] + 1, len(kept)))
        broken = np.flatnonzero(np.diff(kept) > 1) + 1  # a burst that is begun is sent
        parts = [part for part in np.split(kept, np.union1d(edges[edges < len(kept)], broken)) if len(part)]
        arrivals: list[float] = []
        for part in parts:
            at = float(t_s[part[-1]]) + 0.005 + rng.uniform(0, self.jitter_s)
            at = max([at, *(begin + long for begin, long in stalls if begin <= at < begin + long)])
            arrivals.append(max(float(np.ceil(at / INTERVAL_S)) * INTERVAL_S, *arrivals[-1:], 0.0))
        return Sent([len(part) for part in parts], arrivals, t_s[kept])


@dataclass(frozen=True)
class Sent:
    """Samples in each arrival, when it came, and when each sample was taken."""

    counts: list[int]
    arrival_s: list[float]
    taken_s: Floats

    def placed(self) -> tuple[Ints, Floats, Floats]:
        """Index, time, and true time since the first, of all samples let go."""
        index, t_s = place(list(zip(self.counts, self.arrival_s, strict=True)))
        return index, t_s, self.taken_s[: len(t_s)] - self.taken_s[0]


def place(arrivals: list[tuple[int, float]]) -> tuple[Ints, Floats]:
    where = Arrivals(RATE_HZ)
    index, t_s = zip(*(where.place(n, at) for n, at in arrivals), strict=True)
    return np.concatenate(index), np.concatenate(t_s)


def links(jitter_s: st.SearchStrategy[float]) -> st.SearchStrategy[Link]:
    bursts = st.sampled_from([(1, 1), (2, 2), (8, 8), (16, 16), (1, 16)])
    return st.builds(Link, st.floats(-0.05, 0.05), bursts, jitter_s, st.integers(0, 2**32))


STALLS = st.lists(st.tuples(st.floats(1, 55), st.floats(0.1, 5)), max_size=1).map(tuple)


@given(links(st.sampled_from([0.02, 0.1, 0.5])), STALLS)
@settings(max_examples=30)
def test_times_are_right_where_nothing_is_lost(link: Link, stalls: tuple[Gap, ...]) -> None:
    """Through bursts, delays, a rate that is off and a stall whose backlog comes."""
    index, t_s, true_s = link.send(60, stalls=stalls).placed()
    assert len(index) > 2000
    assert t_s[0] == 0
    np.testing.assert_array_equal(index, np.arange(len(index)), err_msg="there was no hole")
    assert (np.diff(t_s) > 0).all()
    off_s = t_s - true_s
    assert np.abs(off_s).max() < 0.5 + link.jitter_s
    known = off_s[true_s > 20]
    if len(known):
        assert np.ptp(known) < 0.1 + 1.3 * link.jitter_s
        assert np.abs(known[150:] - known[:-150]).max(initial=0) < 0.02 + 0.15 * link.jitter_s, "of what lasts 3 s"


@given(links(st.floats(0.02, 0.1)), st.floats(0.7, 60))
@settings(max_examples=25)
def test_what_is_lost_is_a_hole(link: Link, long_s: float) -> None:
    index, t_s, true_s = link.send(long_s + 40, lost=((25.0, long_s),)).placed()
    (holes,) = np.flatnonzero(np.diff(index) > 1)[None]
    (lost,) = np.flatnonzero(np.diff(true_s) > 0.5)
    assert len(holes) == 1
    assert abs(holes[0] - lost) <= link.bursts[1], "it is where it was, to a burst"
    assert (np.diff(t_s) > 0).all()
    error_s = (t_s[-1] - t_s[lost]) - (true_s[-1] - true_s[lost])
    assert abs(error_s) < 0.1 + 1.3 * link.jitter_s
    missing = index[holes[0] + 1] - index[holes[0]] - 1
    assert abs(missing / (RATE_HZ * (1 + link.off)) - long_s) < 0.15 + link.jitter_s


@given(links(st.floats(0.02, 0.1)), st.floats(0.1, 60))
@settings(max_examples=15)
def test_after_a_reconnect_even_a_short_hole_is_seen(link: Link, long_s: float) -> None:
    sent = link.send(long_s + 40, lost=((25.0, long_s),))
    where, came = Arrivals(RATE_HZ), 0
    placed: list[tuple[Ints, Floats]] = []
    for n, at in zip(sent.counts, sent.arrival_s, strict=True):
        if came < len(sent.taken_s) and came and sent.taken_s[came] - sent.taken_s[came - 1] > long_s:
            where.reconnected()
        placed.append(where.place(n, at))
        came += n
    index, t_s = (np.concatenate(of) for of in zip(*placed, strict=True))
    ((hole,),) = (np.flatnonzero(np.diff(index) > 1),)
    assert sent.taken_s[hole] < 25 <= sent.taken_s[hole + 1], "it is where it was"
    missing = index[hole + 1] - index[hole] - 1
    assert abs(missing / (RATE_HZ * (1 + link.off)) - long_s) < 0.15 + link.jitter_s
    assert (np.diff(t_s) > 0).all()


def test_a_hole_is_not_declared_before_a_backlog_could_have_come() -> None:
    link = Link(0.0, (2, 2), 0.02, 1)
    sent = link.send(30, lost=((20.0, 1.0),))
    where, came, let_go = Arrivals(RATE_HZ), 0, 0
    for n, at in zip(sent.counts, sent.arrival_s, strict=True):
        came += n
        let_go += len(where.place(n, at)[0])
        if 21.1 < at < 22.9:
            assert let_go == 1000, "what came since is kept back"
        elif at > 23.2:
            assert let_go == came


def test_what_bursts_and_jitter_explain_is_no_hole() -> None:
    sent = Link(0.0, (8, 8), 0.1, 3).send(60, lost=((30.0, LATE_S - 0.2),))
    index, _, _ = sent.placed()
    np.testing.assert_array_equal(index, np.arange(len(index)))


@given(links(st.sampled_from([0.02, 0.5])), st.floats(0, 3), st.integers(0, 2**32))
@settings(max_examples=20)
def test_how_an_arrival_was_cut_does_not_matter(link: Link, long_s: float, seed: int) -> None:
    sent = link.send(40, lost=((20.0, long_s),))
    rng = np.random.default_rng(seed)
    cut: list[tuple[int, float]] = []
    for n, at in zip(sent.counts, sent.arrival_s, strict=True):
        edges = [0, *sorted(rng.integers(0, n + 1, rng.integers(0, 4))), n]
        cut += [(int(b - a), at) for a, b in itertools.pairwise(edges)]
    index, t_s = place(cut)
    whole_index, whole_t_s, _ = sent.placed()
    np.testing.assert_array_equal(index, whole_index)
    np.testing.assert_array_equal(t_s, whole_t_s)


@given(st.lists(st.tuples(st.integers(0, 40), st.floats(0, 2) | st.floats(0, 1e6)), max_size=60))
def test_time_goes_on_with_the_index_whatever_comes(steps: list[tuple[int, float]]) -> None:
    where, at = Arrivals(RATE_HZ), 0.0
    placed, given_in = [], 0
    for n, step_s in steps:
        at += step_s
        try:
            placed.append(where.place(n, at))
            given_in += n
        except StreamBroken:
            break
    index = np.concatenate([np.empty(0, np.int64), *(i for i, _ in placed)])
    t_s = np.concatenate([np.empty(0), *(t for _, t in placed)])
    assert (np.diff(index) > 0).all()
    least_s = np.diff(index) / (RATE_HZ * (1 + RATE_OFF)) * 0.99
    assert (np.diff(t_s) >= least_s).all()
    assert len(index) <= given_in


def test_more_than_a_sensor_can_take_is_refused() -> None:
    where = Arrivals(RATE_HZ)
    where.place(10, 0.0)
    with pytest.raises(StreamBroken):
        where.place(400, 0.1)


def test_time_stays_in_step_with_a_rate_that_drifts() -> None:
    """By half a per cent up and down within minutes; ten minutes of it."""
    rng = np.random.default_rng(2)
    k = np.arange(600 * 50)
    taken_s = np.cumsum(0.0204 * (1 + 0.005 * np.sin(2 * np.pi * k / 50 / 400)))
    late_s = rng.uniform(0, 0.1, len(k) // 2)
    arrival_s = np.maximum.accumulate(np.ceil((taken_s[1::2] + late_s) / INTERVAL_S) * INTERVAL_S)
    index, t_s = place([(2, float(at)) for at in arrival_s])
    np.testing.assert_array_equal(index, np.arange(len(k)))
    off_s = (t_s - taken_s)[20 * 50 :]
    assert np.ptp(off_s) < 0.3
