"""Asking for what is missing, against a sensor that answers as ours does and a channel that loses frames."""

import random

import numpy as np
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from imu.link.recovery import PATIENCE_S, QUIET_S, TRIES, Recovery

STEP_S = 0.05


class Host:
    """A recovery, the samples it was given, and the sensor's side of a refill."""

    def __init__(self, loss: float, ring: int, seed: int) -> None:
        self.recovery, self.now_s = Recovery(), 0.0
        self.taken, self.new = 0, []
        self._random, self._loss, self._ring = random.Random(seed), loss, ring
        self._again: list[int] = []

    def deliver(self, first: int, stop: int) -> None:
        if self._random.random() < self._loss:
            return
        index = np.arange(first, stop)
        self.new += index[self.recovery.take(index, self.now_s)].tolist()

    def step(self, live: int) -> None:
        self.now_s += STEP_S
        if live:
            self.deliver(self.taken, self.taken + live)
            self.taken += live
        for first in [self._again.pop(0) for _ in self._again[:2]]:
            self.deliver(first, first + 1)
        hole = self.recovery.due(self.now_s)
        if hole:
            self.recovery.asked(hole, self.now_s)
            oldest = max(hole[0], self.taken - self._ring)
            count = max(0, hole[1] - oldest)
            self.recovery.promised(oldest if count else 0, count)
            self._again = list(range(oldest, oldest + count))


@given(st.floats(0, 0.4), st.integers(0, 10**6), st.integers(1, 40))
def test_whatever_the_ring_still_holds_arrives_once(loss: float, seed: int, n: int) -> None:
    host = Host(loss, ring=10**6, seed=seed)
    for _ in range(n):
        host.step(live=5)
    host.recovery.reaches(host.taken, host.now_s)
    for _ in range(20_000):
        host.step(live=0)
        if not host.recovery.missing:
            break
    assert sorted(host.new) == sorted(set(host.new))
    if host.recovery.lost == 0:
        assert sorted(host.new) == list(range(host.taken))
    assert len(host.new) + host.recovery.lost == host.taken
    if loss < 0.05:  # given up only after TRIES losses in a row, which is then as good as impossible
        assert host.recovery.lost == 0


@settings(max_examples=examples(30))
@given(st.integers(0, 10**6), st.integers(5, 40))
def test_what_the_ring_no_longer_holds_is_lost_and_asked_for_no_more(seed: int, ring: int) -> None:
    host = Host(0.0, ring=ring, seed=seed)
    host.deliver(0, 10)
    host.taken = 500
    for _ in range(400):
        host.step(live=5)
    assert host.recovery.missing == 0
    assert host.recovery.lost > 400
    assert host.recovery.due(host.now_s + 10) is None


def test_a_hole_is_left_alone_while_it_may_still_close_by_itself() -> None:
    recovery = Recovery()
    recovery.take(np.arange(0, 10), 0.0)
    recovery.take(np.arange(20, 30), 1.0)
    assert recovery.due(1.0 + 0.9 * PATIENCE_S) is None
    assert recovery.due(1.0 + PATIENCE_S) == (10, 20)


def test_a_sensor_that_promises_and_never_sends_is_not_asked_for_ever() -> None:
    recovery = Recovery()
    recovery.take(np.arange(10, 20), 0.0)
    now_s, asked = 0.0, 0
    for _ in range(1000):
        now_s += QUIET_S / 4
        if hole := recovery.due(now_s):
            recovery.asked(hole, now_s)
            recovery.promised(hole[0], hole[1] - hole[0])
            asked += 1
    assert asked == TRIES
    assert recovery.lost == 10


def test_a_sensor_that_is_busy_is_waited_for() -> None:
    recovery = Recovery()
    recovery.take(np.arange(10, 20), 0.0)
    now_s = 1.0
    for _ in range(3 * TRIES):
        hole = recovery.due(now_s)
        assert hole == (0, 10)
        recovery.asked(hole, now_s)
        recovery.busy()
        now_s += 1.1 * QUIET_S
    assert recovery.lost == 0


def test_what_was_asked_for_twice_comes_twice_and_is_no_silence() -> None:
    recovery = Recovery()
    recovery.take(np.arange(1000, 1010), 0.0)
    now_s = 0.0
    for _ in range(4):  # the link was silent: the same is asked for again and again
        now_s += 1.1 * QUIET_S
        hole = recovery.due(now_s)
        assert hole == (0, 1000)
        recovery.asked(hole, now_s)
        recovery.promised(0, 1000)

    def copy(now_s: float) -> float:
        """All of it but one frame, which is lost each time."""
        for first in (*range(0, 500, 10), *range(510, 1000, 10)):
            now_s += 0.2
            recovery.take(np.arange(first, first + 10), now_s)
            wish = recovery.due(now_s)
            if wish:
                recovery.asked(wish, now_s)
                recovery.promised(wish[0], wish[1] - wish[0])
        return now_s

    for _ in range(3):
        now_s = copy(now_s)
    assert recovery.missing == 10
    assert recovery.take(np.arange(500, 510), now_s).all()
    assert (recovery.missing, recovery.lost) == (0, 0)


def test_a_sensor_that_sends_old_samples_for_ever_is_not_waited_for_for_ever() -> None:
    recovery = Recovery()
    recovery.take(np.arange(10, 20), 0.0)
    now_s = 1.0
    for _ in range(1000):
        now_s += 0.5 * QUIET_S
        recovery.take(np.arange(10, 15), now_s)
        if hole := recovery.due(now_s):
            recovery.asked(hole, now_s)
            recovery.promised(hole[0], hole[1] - hole[0])
    assert recovery.lost == 10


def test_after_a_reconnect_it_asks_at_once() -> None:
    recovery = Recovery()
    recovery.take(np.arange(10, 20), 0.0)
    hole = recovery.due(1.0)
    assert hole == (0, 10)
    recovery.asked(hole, 1.0)
    assert recovery.due(1.1) is None
    recovery.disconnected()
    assert recovery.due(1.2) == (0, 10)


def test_what_comes_after_it_was_given_up_is_taken_and_said() -> None:
    recovery = Recovery()
    recovery.take(np.arange(10, 20), 0.0)
    recovery.asked((0, 10), 0.4)
    recovery.promised(6, 4)
    assert recovery.gone() == [(0, 6)]
    assert recovery.take(np.arange(4, 8), 0.5).all()
    assert recovery.regained() == [(4, 6)]
    assert recovery.regained() == []
    assert (recovery.lost, recovery.missing) == (4, 2)


def test_holes_near_each_other_are_asked_for_as_one() -> None:
    recovery = Recovery()
    recovery.take(np.r_[0:100, 110:120, 130:200, 210:300], 0.0)
    assert recovery.due(1.0) == (100, 130)
