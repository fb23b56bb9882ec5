"""The set's own figures, made from its counted repetitions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from imu.model import Rep, Verdict
from imu.motion.params import MotionParams
from imu.motion.sets import judge_form, straight_line, summarise_all

PARAMS = MotionParams()


def rep(number: int, *, set_: int = 1, start_s: float = 0.0, top_deg: float = 45.0, lift_s: float = 1.5) -> Rep:
    """Lift, 1 s at the top, 2.5 s down; 0.5 s at the bottom."""
    top_s = start_s + lift_s
    return Rep(
        set=set_, rep=number, verdict=Verdict.COUNTED, start_s=start_s, end_s=top_s + 3.5,
        lift_start_s=start_s, lift_end_s=top_s, lower_start_s=top_s + 1.0, lower_end_s=top_s + 3.5,
        top_hold_s=1.0, bottom_hold_s=0.5, top_deg=top_deg, bottom_deg=-45.0,
        peak_lift_dps=1.875 * (top_deg + 45.0) / lift_s,
    )  # fmt: skip


def test_the_straight_line_is_the_median_top_of_what_counts() -> None:
    shallow = replace(rep(0, top_deg=-80.0), verdict=Verdict.SHALLOW)
    assert straight_line([shallow, rep(1, top_deg=40), rep(2, top_deg=44), rep(3, top_deg=90)]) == 44.0
    assert np.isnan(straight_line([shallow]))


@pytest.mark.parametrize(
    ("top_deg", "flags"),
    [(45.0, ()), (37.0, ()), (53.0, ()), (33.0, ("SHORT_TOP",)), (57.0, ("OVEREXTENDED",))],
)
def test_the_top_is_held_against_the_straight_line(top_deg: float, flags: tuple[str, ...]) -> None:
    judged = judge_form(rep(1, top_deg=top_deg), 45.0, PARAMS)
    assert judged.top_deviation_deg == pytest.approx(top_deg - 45.0)
    assert judged.flags == flags


def test_a_swung_lift_is_flagged_and_a_smooth_one_is_not() -> None:
    smooth = rep(1)
    assert "SWUNG" not in judge_form(smooth, 45.0, PARAMS).flags
    assert "SWUNG" in judge_form(replace(smooth, peak_lift_dps=1.5 * smooth.peak_lift_dps), 45.0, PARAMS).flags


def test_angles_are_less_certain_without_a_gyroscope_and_with_a_calibrated_line() -> None:
    plain = judge_form(rep(1, lift_s=0.8), 45.0, PARAMS)
    assert 0.0 < plain.top_deviation_pm_deg < plain.rom_pm_deg < 10.0
    alone = judge_form(rep(1, lift_s=0.8), 45.0, PARAMS, gyroscope=False)
    assert alone.rom_pm_deg > 2.0 * plain.rom_pm_deg
    assert alone.top_deviation_pm_deg > plain.top_deviation_pm_deg
    held = judge_form(rep(1), 45.0, PARAMS, line_pm_deg=4.0)
    assert held.top_deviation_pm_deg > 4.0
    assert held.rom_pm_deg == judge_form(rep(1), 45.0, PARAMS).rom_pm_deg


def test_sets_are_summed_up_in_order_with_the_rest_between() -> None:
    first = [rep(i + 1, start_s=10.0 + 5.5 * i) for i in range(4)]
    second = [rep(i + 1, set_=2, start_s=100.0 + 5.5 * i, lift_s=1.0 + 0.5 * i) for i in range(3)]
    rejected = replace(rep(0, start_s=60.0), verdict=Verdict.ISOLATED, set=None, rep=None)
    one, two = summarise_all([*second, rejected, *first])
    assert (one.set, one.reps, two.set, two.reps) == (1, 4, 2, 3)
    assert np.isnan(one.rest_s)
    assert two.rest_s == pytest.approx(100.0 - first[-1].end_s)
    assert (one.start_s, one.end_s) == (10.0, first[-1].end_s)
    assert one.time_under_tension_s == pytest.approx(4 * (1.5 + 1.0 + 2.5))
    assert one.mean_tempo == "2.5-0.5-1.5-1.0"
    assert one.mean_rom_deg == pytest.approx(90.0)
    assert one.lift_rate_loss_pct == pytest.approx(0.0)
    assert two.lift_rate_loss_pct == pytest.approx(50.0)


def test_holds_without_an_end_are_left_out_of_the_means() -> None:
    reps = [rep(1), rep(2, start_s=5.5), replace(rep(3, start_s=11.0), bottom_hold_s=float("nan"))]
    (summary,) = summarise_all(reps)
    assert summary.mean_tempo == "2.5-0.5-1.5-1.0"
    (single,) = summarise_all([replace(rep(1), bottom_hold_s=float("nan"))])
    assert single.mean_tempo == "2.5-?-1.5-1.0"
    assert np.isnan(single.lift_rate_loss_pct), "one repetition has lost nothing and kept nothing"


def test_nothing_counted_no_sets() -> None:
    assert summarise_all([]) == []
    assert summarise_all([replace(rep(1), verdict=Verdict.SHALLOW)]) == []
