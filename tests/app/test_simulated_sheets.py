"""The tables of the simulator: stated intervals against the truth, classes of strokes, and the short form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import nan
from statistics import median

import pytest

from imu.app import short_sheets, simulated_sheets
from imu.app.simulated import QuietRun, Run, Task, run_task
from imu.app.simulated_sheets import STATED, covered, stroke_s
from imu.model import Rep


@pytest.fixture(scope="module")
def run() -> Run:
    """One person's back extensions, the mount known."""
    runs = run_task(Task(style="back-extension", seed=5000, mounts=("known",)))
    return next(r for r in runs if isinstance(r, Run) and r.as_drawn)


def changed(run: Run, change: Callable[[Rep], Rep]) -> Run:
    return replace(run, pairs=tuple((true, change(found)) for true, found in run.pairs))


@pytest.mark.parametrize("name", STATED)
def test_wide_intervals_hold_the_truth_and_those_of_no_width_do_not(run: Run, name: str) -> None:
    field = STATED[name][0]
    wide = covered([changed(run, lambda r: replace(r, **{field: 50.0}))], name)
    none = covered([changed(run, lambda r: replace(r, **{field: 0.0}))], name)
    unstated = covered([changed(run, lambda r: replace(r, **{field: nan}))], name)
    assert wide.inside == wide.stated == len(run.pairs)
    assert (wide.half_width, none.inside, unstated.stated) == (50.0, 0, 0)


def test_a_strap_that_is_off_by_a_constant_moves_no_top_deviation(run: Run) -> None:
    def off(rep: Rep) -> Rep:
        line = median(f.top_deg for _, f in run.pairs)
        deviation = rep.top_deg + 5.0 - (line + 5.0)
        return replace(rep, top_deg=rep.top_deg + 5.0, top_deviation_deg=deviation, top_deviation_pm_deg=3.0)

    assert covered([changed(run, off)], "top deviation").share == 1.0


def test_stated_intervals_appear_in_both_forms(run: Run) -> None:
    stated = changed(run, lambda r: replace(r, lift_end_pm_s=50.0))
    full = simulated_sheets.intervals([stated], "mount known")
    (row,) = (r for r in full.rows if r[0] == "end of lift")
    assert row[2 if run.gyroscope else 5] == "100.0 %"
    notes = " ".join(n for s in short_sheets.of_simulator([stated], [], ("known",)) for n in s.notes)
    assert "end of lift 100.0 % (+-50.00 s)" in notes
    plain = changed(run, lambda r: replace(r, **{field: nan for field, _ in STATED.values()}))
    notes = " ".join(n for s in short_sheets.of_simulator([plain], [], ("known",)) for n in s.notes)
    assert "No uncertainty is stated" in notes


def test_a_hold_belongs_to_the_longer_stroke_and_an_instant_to_its_own(run: Run) -> None:
    true = run.pairs[0][0]
    assert stroke_s(true, "top_hold_s") == stroke_s(true, "bottom_hold_s") == max(true.lift_s, true.lower_s)
    assert stroke_s(true, "lower_end_s") == stroke_s(true, "lower_s") == true.lower_s
    assert stroke_s(true, "lift_start_s") == true.lift_s


def test_every_repetition_stands_in_one_class(run: Run) -> None:
    full = replace(run, rate_hz=104.0, gyroscope=True)
    rows = simulated_sheets.phases([full], "phases").rows
    lowers = [int(row[1]) for row in rows if row[0].startswith("lower")]
    assert sum(lowers) == len(run.pairs)


def test_the_short_form_names_the_exercises_that_are_not_perfect(run: Run) -> None:
    styles = ("deadlift", "good-morning", "roman-chair")
    runs = [replace(run, style=style, exact=style != "deadlift") for style in styles]
    quiet = [QuietRun(activity="mixed", mount="known", min_set_reps=3, phantoms=2, hours=0.5)]
    counts, _ = short_sheets.of_simulator(runs, quiet, ("known",))
    sizes, known = counts.rows
    assert sizes[:2] == ("recordings", "3")
    assert known[1].startswith("66.7 %")
    assert "All exercises 100 % but deadlift 0.0 % (mount known)." in counts.notes
    assert "4.0 (0.7-12.6) with the mount known" in " ".join(counts.notes)
