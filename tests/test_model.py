"""The value types all rooms share."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imu.model import AXES, G_MPS2, Analysis, Mount, Rep, Samples, Stroke, Verdict

PAIRS = [(c, a) for c, a in itertools.permutations(AXES, 2) if c[1] != a[1]]
REP = Rep(
    set=1, rep=1, verdict=Verdict.COUNTED, start_s=10.0, end_s=16.0,
    lift_start_s=10.0, lift_end_s=11.5, lower_start_s=13.0, lower_end_s=16.0,
    top_hold_s=1.5, bottom_hold_s=0.44, top_deg=40.0, bottom_deg=-50.0,
)  # fmt: skip


def block(n: int, *, first: int = 0, gyroscope: bool = True) -> Samples:
    values = np.arange(3.0 * n).reshape(n, 3) + first
    return Samples.measured(
        np.arange(n) / 100.0 + first, values, -values if gyroscope else None, index=np.arange(first, first + n)
    )


@given(n=st.integers(0, 40), cuts=st.lists(st.integers(0, 40), max_size=5), gyroscope=st.booleans())
def test_cutting_and_joining_gives_back_the_same(n: int, cuts: list[int], gyroscope: bool) -> None:
    whole = block(n, gyroscope=gyroscope)
    edges = [0, *sorted(min(c, n) for c in cuts), n]
    again = Samples.concat(whole[a:b] for a, b in itertools.pairwise(edges))
    assert len(again) == n
    for name in ("t_s", "acc_mps2", "index", "filled", "arrival_s"):
        np.testing.assert_array_equal(getattr(again, name), getattr(whole, name))
    if gyroscope:
        np.testing.assert_array_equal(again.gyr_radps, whole.gyr_radps)
    else:
        assert again.gyr_radps is None


def test_samples_can_be_masked_and_reordered() -> None:
    samples = block(5)
    assert samples[samples.index % 2 == 0].index.tolist() == [0, 2, 4]
    assert samples[np.array([3, 1])].t_s.tolist() == [0.03, 0.01]


def test_no_samples() -> None:
    assert len(Samples.empty()) == len(Samples.concat([])) == 0
    assert Samples.empty().gyr_radps is not None
    assert Samples.empty(gyroscope=False).gyr_radps is None


def test_what_a_sensor_does_not_tell_is_filled_in_honestly() -> None:
    samples = Samples.measured([0.0, 0.1], [[0, 0, G_MPS2]] * 2)
    assert samples.index.tolist() == [0, 1]
    assert not samples.filled.any()
    assert np.isnan(samples.arrival_s).all()


@pytest.mark.parametrize(("cranial", "anterior"), PAIRS)
def test_a_mount_by_axis_names_is_right_handed(cranial: str, anterior: str) -> None:
    mount = Mount.from_axes(cranial=cranial, anterior=anterior)
    axes = np.array([mount.anterior, mount.cranial, mount.right])
    np.testing.assert_array_equal(axes @ axes.T, np.eye(3))
    assert np.linalg.det(axes) == pytest.approx(1.0)
    assert mount.source == "declared"


@pytest.mark.parametrize(("cranial", "anterior"), [("y", "+z"), ("+y", "-y"), ("+y", "front"), ("", "+z")])
def test_a_mount_that_cannot_be_is_refused(cranial: str, anterior: str) -> None:
    with pytest.raises(ValueError, match=r"sensor axis|one line"):
        Mount.from_axes(cranial=cranial, anterior=anterior)


def test_tempo_is_written_eccentric_first_whatever_end_a_rep_starts_from() -> None:
    assert REP.tempo == "3.0-0.4-1.5-1.5"
    late = replace(REP, lower_start_s=5.0, lower_end_s=8.0)
    assert late.tempo == REP.tempo


def test_a_phase_without_an_end_is_unknown_not_zero() -> None:
    last = replace(REP, bottom_hold_s=float("nan"))
    assert last.tempo == "3.0-?-1.5-1.5"
    assert last.time_under_tension_s == pytest.approx(REP.time_under_tension_s)
    unfinished = replace(REP, lower_start_s=float("nan"), lower_end_s=float("nan"), top_hold_s=float("nan"))
    assert unfinished.time_under_tension_s == pytest.approx(1.5)


def test_what_follows_from_a_rep() -> None:
    assert REP.rom_deg == 90.0
    assert REP.mean_lift_dps == pytest.approx(60.0)
    assert REP.time_under_tension_s == pytest.approx(1.5 + 1.5 + 3.0)
    assert np.isnan(replace(REP, lift_end_s=REP.lift_start_s).mean_lift_dps)


def test_only_the_verdict_counted_counts() -> None:
    ledger = tuple(replace(REP, verdict=v) for v in Verdict)
    assert [r.verdict for r in Analysis(reps=ledger).counted] == [Verdict.COUNTED]


def test_a_strokes_range_is_between_its_extremes_not_its_ends() -> None:
    stroke = Stroke(
        lifting=True, start_s=1.0, end_s=2.5, start_deg=-40.0, end_deg=44.0, peak_dps=110.0, peak_s=1.7,
        low_deg=-42.0, low_s=1.1, high_deg=45.0, high_s=2.4, off_plane_deg=3.0,
    )  # fmt: skip
    assert stroke.duration_s == pytest.approx(1.5)
    assert stroke.range_deg == pytest.approx(87.0)
