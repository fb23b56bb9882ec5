"""Strokes, arrivals and rests out of a trunk's motion, each decided at its own time."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imu.model import Floats, Phase, Stroke, Trunk
from imu.motion.params import MotionParams
from imu.motion.sparc import spectral_arc_length
from imu.motion.strokes import Arrival, Found, Rest, StrokeFinder

HZ = 104.0
PARAMS = MotionParams()
EDGE_U = 0.0865

Leg = tuple[float, float]
"""A move to this pitch in this time; the same pitch again is a hold."""
TWO_REPS: list[Leg] = [
    (-45, 3.0), (45, 1.5), (45, 1.0), (-45, 2.5), (-45, 0.6), (40, 1.5), (40, 1.0), (-45, 2.5), (-45, 4.0),
]  # fmt: skip


def trunk(legs: list[Leg], *, from_deg: float = -45.0, noise_deg: float = 0.0) -> Trunk:
    """Minimum-jerk moves one after the other."""
    pitch, at = [np.array([from_deg])], from_deg
    for to, seconds in legs:
        u = np.arange(1, round(seconds * HZ) + 1) / round(seconds * HZ)
        pitch.append(at + (to - at) * u**3 * (10 - 15 * u + 6 * u**2))
        at = to
    p = np.concatenate(pitch)
    p = p + noise_deg * np.sin(2 * np.pi * 0.3 * np.arange(len(p)) / HZ)
    n = len(p)
    return Trunk(
        t_s=np.arange(n) / HZ,
        pitch_deg=p,
        rate_dps=np.gradient(p) * HZ,
        tilt_deg=np.zeros(n),
        trusted=np.ones(n, bool),
    )


def part(motion: Trunk, a: int, b: int) -> Trunk:
    return Trunk(**{n: getattr(motion, n)[a:b] for n in Trunk.__slots__})


def run(motion: Trunk, cuts: list[int] | None = None, *, gyroscope: bool = True) -> list[Found]:
    finder = StrokeFinder(grid_hz=HZ, gyroscope=gyroscope, turn_deg=PARAMS.turn_deg, params=PARAMS)
    edges = [0, *sorted(cuts or []), len(motion)]
    out = [f for a, b in itertools.pairwise(edges) for f in finder.push(part(motion, a, b))]
    return out + finder.interrupt()


def strokes(found: list[Found]) -> list[Stroke]:
    return [f.what for f in found if isinstance(f.what, Stroke)]


def test_every_stroke_is_found_with_its_edges() -> None:
    found = strokes(run(trunk(TWO_REPS)))
    starts = np.cumsum([0.0] + [leg[1] for leg in TWO_REPS])
    assert [s.lifting for s in found] == [True, False, True, False]
    for stroke, leg in zip(found, (1, 3, 5, 7), strict=True):
        seconds = TWO_REPS[leg][1]
        assert stroke.start_s == pytest.approx(starts[leg] + EDGE_U * seconds, abs=0.01)
        assert stroke.end_s == pytest.approx(starts[leg + 1] - EDGE_U * seconds, abs=0.01)
        assert stroke.range_deg == pytest.approx(abs(TWO_REPS[leg][0] - TWO_REPS[leg - 1][0]), abs=2.0)
        assert stroke.peak_dps == pytest.approx(1.875 * stroke.range_deg / seconds, rel=0.03)
        assert stroke.lost_s == stroke.stall_s == 0.0


def test_breathing_is_no_stroke() -> None:
    assert strokes(run(trunk([(0, 30.0)], from_deg=0.0, noise_deg=2.0))) == []


def test_breathing_does_not_divide_or_add_strokes() -> None:
    assert [s.lifting for s in strokes(run(trunk(TWO_REPS, noise_deg=1.0)))] == [True, False, True, False]


def test_the_count_can_be_said_when_the_lift_arrives() -> None:
    found = run(trunk(TWO_REPS))
    top_s = 3.0 + (1 - EDGE_U) * 1.5
    first = next(f for f in found if isinstance(f.what, Arrival) and f.what.lifting)
    assert first.decided_s == pytest.approx(top_s, abs=0.05)
    stroke = next(f for f in found if isinstance(f.what, Stroke))
    assert stroke.decided_s > first.decided_s


def test_phases_follow_one_another() -> None:
    phases = [f.what for f in run(trunk(TWO_REPS)) if isinstance(f.what, Phase)]
    assert phases == [Phase.LIFTING, Phase.TOP, Phase.LOWERING, Phase.BOTTOM] * 2


def test_standing_still_longer_than_a_stall_ends_the_stroke() -> None:
    found = run(trunk([(-45, 1.0), (45, 1.5), (45, 30.0)]))
    rest = next(f for f in found if isinstance(f.what, Rest) and f.decided_s > 2.5)
    assert rest.decided_s == pytest.approx(2.5 + PARAMS.stall_s, abs=0.4)
    assert strokes(found[: found.index(rest)])[0].lifting


@pytest.mark.parametrize("pause_s", [0.4, 1.5])
def test_a_stall_on_the_way_up_stays_one_lift(pause_s: float) -> None:
    found = strokes(run(trunk([(-45, 2.0), (0, 1.0), (0, pause_s), (45, 1.0), (45, 1.0), (-45, 2.0), (-45, 3.0)])))
    assert [s.lifting for s in found] == [True, False]
    assert found[0].stall_s == pytest.approx(pause_s, abs=0.3)
    assert found[0].duration_s == pytest.approx(2.0 + pause_s - 2 * EDGE_U, abs=0.05)


def test_strokes_never_overlap() -> None:
    motion = trunk([(-45, 1.0)] + [(30, 0.5), (-45, 0.5)] * 8 + [(-45, 1.0)])
    found = strokes(run(motion))
    assert len(found) == 16
    assert all(a.end_s <= b.start_s for a, b in itertools.pairwise(found))


def test_lost_time_is_told() -> None:
    motion = trunk(TWO_REPS)
    motion.trusted[(motion.t_s > 3.4) & (motion.t_s < 3.9)] = False
    first, *others = strokes(run(motion))
    assert first.lost_s == pytest.approx(0.5, abs=0.02)
    assert not any(s.lost_s for s in others)


def test_leaning_out_of_the_plane_is_told() -> None:
    motion = trunk(TWO_REPS)
    motion.tilt_deg[:] = np.where(motion.t_s < 4.0, 0.0, 30.0)
    assert [round(s.off_plane_deg) for s in strokes(run(motion))] == [30, 0, 0, 0]


@given(cuts=st.lists(st.integers(0, 2000), max_size=25), gyroscope=st.booleans())
def test_no_cut_shows_in_what_is_found_or_when(cuts: list[int], gyroscope: bool) -> None:
    motion = trunk(TWO_REPS, noise_deg=1.5)
    whole = run(motion, gyroscope=gyroscope)
    assert repr(run(motion, [min(c, len(motion)) for c in cuts], gyroscope=gyroscope)) == repr(whole)


@given(
    legs=st.lists(st.tuples(st.floats(-100, 170), st.floats(0.1, 5.0)), min_size=1, max_size=12),
    seed=st.integers(0, 9),
)
def test_whatever_the_motion_decisions_are_in_order_and_never_early(legs: list[Leg], seed: int) -> None:
    motion = trunk(legs, noise_deg=float(seed))
    found = run(motion, list(range(0, len(motion), 10)))
    times = [f.decided_s for f in found]
    assert times == sorted(times)
    for stroke, f in ((f.what, f) for f in found if isinstance(f.what, Stroke)):
        assert stroke.start_s < stroke.end_s
        assert stroke.end_s <= f.decided_s + 2 / HZ


def speed(t: Floats) -> Floats:
    return np.asarray(t**2 * (1 - t) ** 2)


def test_smoothness_tells_a_jerky_movement_from_a_smooth_one_at_any_size_and_tempo() -> None:
    u = np.linspace(0, 1, 200)
    smooth = spectral_arc_length(speed(u), HZ)
    jerky = spectral_arc_length(speed(u) * (1 + 0.8 * np.sin(2 * np.pi * 6 * u)), HZ)
    assert jerky < smooth - 0.3
    assert spectral_arc_length(7.0 * speed(u), HZ) == pytest.approx(smooth)
    assert spectral_arc_length(speed(np.linspace(0, 1, 400)), HZ) == pytest.approx(smooth, abs=0.05)
    assert np.isnan(spectral_arc_length(np.zeros(50), HZ))


@pytest.mark.parametrize("size", [1, 10, 300])
def test_creeping_one_way_and_back_is_told_in_order_however_cut(size: int) -> None:
    creep_dps = 2.8
    down, up = (np.linspace(a, b, int(abs(b - a) / creep_dps * HZ), endpoint=False) for a, b in ((0, -9), (-9, 12)))
    pitch = np.concatenate([np.zeros(4 * int(HZ)), down, up, np.full(4 * int(HZ), 12.0)])
    n = len(pitch)
    motion = Trunk(
        t_s=np.arange(n) / HZ, pitch_deg=pitch, rate_dps=np.gradient(pitch) * HZ, tilt_deg=np.zeros(n),
        trusted=np.ones(n, bool),
    )  # fmt: skip
    whole = run(motion)
    assert [f.what for f in whole if isinstance(f.what, Phase)][:2] == [Phase.LOWERING, Phase.LIFTING]
    assert repr(run(motion, list(range(size, n, size)))) == repr(whole)
