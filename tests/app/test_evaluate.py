"""`imu evaluate`: on simulated people, on a folder with truth, on orientation, and on what is no such folder."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import Result

from firmware_proto.motion import Recording, SensorModel, SetPlan, negative, simulate
from imu.app.disturbed import DISTURBANCES
from imu.app.simulated import Run, Task, listen_to, run_task
from imu.exercises import get_exercise
from imu.model import Mount, Samples
from imu.motion.pipeline import Pipeline, analyze

Imu = Callable[..., Result]
AXES = ("x", "y", "z")
CHANNELS = ("t_s", *(f"acc_{a}_mps2" for a in AXES), *(f"gyr_{a}_radps" for a in AXES))


def write_rows(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


def write_samples(path: Path, made: Recording, **more: np.ndarray) -> None:
    assert made.gyr_radps is not None
    columns = np.column_stack([made.t_s, made.acc_mps2, made.gyr_radps, *more.values()])
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savetxt(path, columns, fmt="%.6f", delimiter=",", header=",".join((*CHANNELS, *more)), comments="")


@pytest.fixture(scope="module")
def trained() -> Recording:
    """One set of four good mornings with set-up and step-off."""
    return simulate(SetPlan(style="good-morning", reps=4), SensorModel(), 3)


@pytest.fixture
def dataset(trained: Recording, tmp_path: Path) -> Path:
    """Two people of one data set: one does a set, twice with a wrong truth, the other stands about."""
    folder = tmp_path / "data"
    reps = trained.truth.counted
    bout = {"start_s": reps[0].start_s, "end_s": reps[-1].end_s, "ambiguous": 0}
    for name in ("p1_set.csv", "p1_miscounted.csv"):
        write_samples(folder / "made" / name, trained)
    write_samples(folder / "made" / "p2_life.csv", negative("standing", seconds=40.0))
    head = {"dataset": "made", "exercise": "", "notes": ""}
    write_rows(folder / "manifest.csv", [
        {"recording": "made/p1_set.csv", "subject": "p1", "kind": "phase", **head},
        {"recording": "made/p1_miscounted.csv", "subject": "p1", "kind": "count", **head},
        {"recording": "made/p2_life.csv", "subject": "p2", "kind": "negative", **head},
    ])  # fmt: skip
    write_rows(folder / "truth.csv", [
        {"recording": "made/p1_set.csv", "reps": 4, **bout}, {"recording": "made/p1_miscounted.csv", "reps": 6, **bout},
    ])  # fmt: skip
    times = {"lower_start_s": reps[0].lower_start_s, "lower_end_s": reps[0].lower_end_s}
    times |= {"raise_start_s": reps[0].lift_start_s, "raise_end_s": reps[0].lift_end_s}
    write_rows(folder / "phase_truth.csv", [{"recording": "made/p1_set.csv", **times, "note": ""}])
    write_rows(folder / "rep_times.csv", [{"recording": "made/p1_set.csv", "bottom_s": r.bottom_s} for r in reps])
    return folder


def evaluated(imu: Imu, folder: Path, *options: str) -> tuple[str, dict[str, list[list[str]]]]:
    done = imu("evaluate", folder, "--jobs", "1", "--json", folder.parent / "out.json", *options)
    assert done.exit_code == 0, done.output
    tables = json.loads((folder.parent / "out.json").read_text(encoding="utf-8"))["tables"]
    return done.output, {t["title"]: t["rows"] for t in tables}


def test_a_folder_with_truth_is_scored(imu: Imu, dataset: Path) -> None:
    text, tables = evaluated(imu, dataset, "--list")
    (counts,) = (rows for title, rows in tables.items() if title.startswith("Counting"))
    three, one = counts
    assert three[:5] == ["made", "3+", "2", "2", "10"]
    assert three[5].startswith("50.0 %")
    assert (three[8], three[9], three[10]) == ("2", "0", "0")
    assert one[1] == "1+"
    assert "p1_miscounted" in text
    assert not any("p1_set" in line and "3+" in line for line in text.splitlines())
    (instants,) = (rows for title, rows in tables.items() if title.startswith("Instants"))
    figures = {row[0]: row for row in instants}
    assert figures["bottom"][1] == "4"
    assert all(float(figures[name][2]) < 0.3 for name in ("lower start", "lower end", "lift start", "lift end"))


def test_only_one_setting_is_shown_when_it_was_chosen(imu: Imu, dataset: Path) -> None:
    _, tables = evaluated(imu, dataset, "--min-set-reps", "2", "--exercise", "good-morning")
    (counts,) = (rows for title, rows in tables.items() if title.startswith("Counting"))
    assert [row[1] for row in counts] == ["2+"]


def test_each_half_holds_half_of_the_people(imu: Imu, dataset: Path) -> None:
    _, even = evaluated(imu, dataset, "--half", "even")
    _, odd = evaluated(imu, dataset, "--half", "odd")
    _, both = evaluated(imu, dataset, "--half", "both")
    assert any(title.startswith("Counting") for title in even)
    assert not any(title.startswith("Counting") for title in odd)
    assert any(title.startswith("Everyday") for title in odd)
    assert list(both.values()) == [*even.values(), *odd.values()]
    assert all(re.search("even half|odd half", title) for title in both)


def test_markdown_goes_into_a_readme_as_it_is(imu: Imu, dataset: Path) -> None:
    done = imu("evaluate", dataset, "--jobs", "1", "--markdown", "--short")
    rows = [line for line in done.output.splitlines() if line.startswith("|")]
    assert len(rows) >= 4
    assert len({line.count("|") for line in rows}) == 1
    assert max(len(line) for line in done.output.splitlines() if not line.startswith("|")) <= 120


def test_a_recording_that_cannot_be_read_is_named_and_scored_as_nothing(imu: Imu, dataset: Path) -> None:
    (dataset / "made" / "p1_set.csv").write_text("t_s,acc_x_mps2\n0,1\n", encoding="utf-8")
    done = imu("evaluate", dataset, "--jobs", "1")
    assert done.exit_code == 3
    assert "p1_set.csv, line 1" in done.output
    assert "1 of 3 recordings" in done.output
    assert "Counting whole recordings" in done.output


def test_a_folder_without_truth_is_told_what_is_missing(imu: Imu, tmp_path: Path) -> None:
    done = imu("evaluate", tmp_path)
    assert done.exit_code == 3
    assert "has no manifest.csv" in done.output
    assert "recording,start_s,end_s,reps,ambiguous" in done.output


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("manifest.csv", "phase", "phases", "column kind"),
        ("manifest.csv", "subject", "who", "no column subject"),
        ("truth.csv", ",4,", ",four,", "line 2, column reps: 'four' is not a number"),
        ("truth.csv", "p1_set", "p1_sat", "is not in manifest.csv"),
        ("truth.csv", ",6,", ",6.5,", "no whole number"),
    ],
)
def test_a_damaged_table_is_named_with_line_and_column(
    imu: Imu, dataset: Path, file: str, old: str, new: str, said: str
) -> None:
    path = dataset / file
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    done = imu("evaluate", dataset)
    assert done.exit_code == 3
    assert file in done.output
    assert said in done.output


def test_an_optical_reference_is_compared(imu: Imu, trained: Recording, tmp_path: Path) -> None:
    quaternions = quaternions_of(trained.up)
    moving = (trained.t_s > 5.0).astype(float)
    more = dict(zip(("opt_qw", "opt_qx", "opt_qy", "opt_qz"), quaternions.T, strict=True)) | {"movement": moving}
    write_samples(tmp_path / "lab" / "swing.csv", trained, **more)
    write_samples(tmp_path / "lab" / "no_reference.csv", trained)
    _, tables = evaluated(imu, tmp_path / "lab")
    (rows,) = tables.values()
    assert rows[0][0].endswith("swing")
    assert 0.0 < float(rows[0][1]) < 2.0
    assert rows[0][3] == "100.0 %"


def quaternions_of(up: np.ndarray) -> np.ndarray:
    """The shortest turn that brings up (n, 3) to z, as w, x, y, z."""
    q = np.column_stack([1.0 + up[:, 2], up[:, 1], -up[:, 0], np.zeros(len(up))])
    return q / np.linalg.norm(q, axis=1)[:, None]


def test_simulated_people_are_counted_known_and_learned(imu: Imu, tmp_path: Path) -> None:
    options = ("--sets", "1", "--exercise", "back-extension", "--jobs", "1", "--json", tmp_path / "out.json")
    done = imu("evaluate", *options, "--seed", "7")
    assert done.exit_code == 0, done.output
    for title in ("every set counted exactly", "Phase durations", "Boundary instants", "Announcing", "90 % interval"):
        assert title in done.output
    everything = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert {run["mount"] for run in everything["runs"]} == {"known", "learned"}
    assert {run["seed"] for run in everything["runs"]} == {7}


def test_simulated_results_do_not_depend_on_the_processes(imu: Imu) -> None:
    options = ("--sets", "1", "--exercise", "kettlebell-swing", "--mount", "known", "--rate", "26", "--markdown")
    one, two = (imu("evaluate", *options, "--jobs", n) for n in ("1", "2"))
    assert one.exit_code == two.exit_code == 0
    assert one.output == two.output
    assert "26 Hz, with gyroscope" in one.output or "26 Hz, acceleration only" in one.output


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--mount", "+y,+z"), "known, learned, both"),
        (("--exercise", "hinge"), "cannot be simulated"),
        ((".", "--half", "left"), "all, even, odd, both"),
        ((".", "--mount", "known"), "are for the simulator"),
    ],
)
def test_what_cannot_be_done_is_said_with_the_choices(imu: Imu, options: tuple[str, ...], said: str) -> None:
    done = imu("evaluate", *options)
    assert done.exit_code == 2
    assert said in done.output


def test_every_disturbance_disturbs_and_is_set_beside_the_same_person() -> None:
    runs = run_task(Task(style="back-extension", seed=5000, mounts=("known",), disturbed=True))
    plain = next(r for r in runs if isinstance(r, Run) and not r.disturbance and r.as_drawn)
    disturbed = {r.disturbance: r for r in runs if isinstance(r, Run) and r.disturbance}
    assert set(disturbed) == {d.name for d in DISTURBANCES}
    for run in disturbed.values():
        assert (run.style, run.seed) == (plain.style, plain.seed)
        assert run.pairs != plain.pairs


def test_listening_changes_nothing_and_knows_no_sooner_than_it_can(trained: Recording) -> None:
    samples = Samples.measured(trained.t_s, trained.acc_mps2, trained.gyr_radps)
    mount = Mount.from_axes(cranial="+y", anterior="+z")
    exercise = get_exercise("good-morning")
    pipeline = Pipeline(exercise, rate_hz=trained.rate_hz, mount=mount)
    lifts = [(r.lift_start_s, r.lift_end_s) for r in trained.truth.counted]
    heard = listen_to(pipeline, samples, lifts)
    batch, _ = analyze(samples, exercise, rate_hz=trained.rate_hz, mount=mount)
    assert repr(pipeline.analysis()) == repr(batch)
    assert (heard.reps, heard.missed, heard.ghosts) == (4, 0, 0)
    assert 0.0 < heard.wait.median < 0.3
