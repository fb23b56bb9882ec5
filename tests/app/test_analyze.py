"""`imu analyze`: what it writes, and what it says of files that are no recordings."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import Result

from firmware_proto.motion import SensorModel, SetPlan, simulate
from imu.app.simulate import write_session
from imu.exercises import get_exercise
from imu.sessions import REP_COLUMNS, read_recording, read_reps, read_session

Imu = Callable[..., Result]


def bare(session: Path, target: Path, *, rows: slice = slice(None), gyroscope: bool = True) -> Path:
    """A session's samples as a bare recording."""
    table = pd.read_csv(session / "samples.csv").iloc[rows].drop(columns=["index", "arrival_s"])
    target.parent.mkdir(parents=True, exist_ok=True)
    kept = table if gyroscope else table[[c for c in table if not c.startswith("gyr")]]
    kept.to_csv(target, index=False)
    return target


def test_a_session_is_counted_and_its_files_rebuilt_to_the_same_bytes(imu: Imu, session: Path) -> None:
    first = imu("analyze", session)
    assert first.exit_code == 0, first.output
    assert "10 reps in 1 set" in first.output
    written = {name: (session / name).read_bytes() for name in ("reps.csv", "sets.csv", "session.json")}
    assert imu("analyze", session).exit_code == 0
    assert {name: (session / name).read_bytes() for name in written} == written


def test_every_rep_is_shown_with_tempo_hold_range_and_verdict(imu: Imu, session: Path) -> None:
    text = imu("analyze", session).output
    counted = [rep for rep in read_reps(session / "reps.csv") if rep.counted]
    assert len(counted) == 10
    for rep in counted:
        assert rep.tempo in text
        assert f"{rep.rom_deg:.0f}°" in text
    assert text.count("COUNTED") == 10


def test_the_synthetic_truth_is_met(imu: Imu, session: Path) -> None:
    imu("analyze", session)
    truth = pd.read_csv(session / "truth.csv").query("complete == 1")
    reps = [rep for rep in read_reps(session / "reps.csv") if rep.counted]
    for column, within_s in (("lift_start_s", 0.15), ("lift_end_s", 0.15), ("lower_end_s", 0.15)):
        missed = np.array([getattr(rep, column) for rep in reps]) - truth[column].to_numpy()
        assert np.abs(missed).max() < within_s, column


def test_a_bare_gzipped_file_gives_a_table_under_out(imu: Imu, session: Path, tmp_path: Path) -> None:
    recording = bare(session, tmp_path / "in/chest.csv.gz")
    done = imu("analyze", recording, "--out", tmp_path / "out", "--orientation", "--exercise", "back-extension")
    assert done.exit_code == 0, done.output
    table = pd.read_csv(tmp_path / "out/chest.reps.csv")
    assert tuple(table.columns) == REP_COLUMNS
    assert table["counted"].sum() == 10
    up = pd.read_csv(tmp_path / "out/chest.angle.csv")
    assert list(up.columns) == ["t_s", "up_x", "up_y", "up_z"]
    assert np.allclose(np.linalg.norm(up.iloc[:, 1:], axis=1), 1.0, atol=1e-5)
    assert sorted(p.name for p in recording.parent.iterdir()) == ["chest.csv.gz"]


def test_a_recording_without_a_gyroscope_is_counted_too(imu: Imu, session: Path, tmp_path: Path) -> None:
    recording = bare(session, tmp_path / "acc.csv", gyroscope=False)
    done = imu("analyze", recording, "--exercise", "back-extension", "--mount", "+y,+z", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    counted = [rep for rep in read_reps(tmp_path / "out/acc.reps.csv") if rep.counted]
    assert 5 <= len(counted) <= 10, "how well is for the motion room's tests to say"


def test_out_leaves_the_session_untouched(imu: Imu, session: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in session.iterdir()}
    assert imu("analyze", session, "--out", tmp_path / "out").exit_code == 0
    assert {path.name: path.read_bytes() for path in session.iterdir()} == before
    assert (tmp_path / f"out/{session.name}.reps.csv").exists()


def test_a_choice_made_for_a_session_is_kept_in_it(imu: Imu, session: Path) -> None:
    assert imu("analyze", session, "--min-set-reps", "11").exit_code == 0
    assert "0 reps" in imu("analyze", session).output
    assert imu("analyze", session, "--min-set-reps", "3").exit_code == 0
    assert "10 reps in 1 set" in imu("analyze", session).output


def test_the_mount_can_be_told(imu: Imu, session: Path) -> None:
    assert imu("analyze", session, "--mount", "+y,+z").exit_code == 0
    mount = read_session(session).header.mount
    assert mount is not None
    assert mount.source == "declared"
    assert imu("analyze", session, "--mount", "-y,+z").exit_code == 0


def test_one_bad_file_among_many_is_named_and_the_others_are_done(imu: Imu, session: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    bare(session, data / "a/good.csv.gz")
    bare(session, data / "b/also-good.csv", rows=slice(0, 3000))
    (data / "b/empty.csv").write_text("")
    (data / "b/torn.csv.gz").write_bytes(gzip.compress(b"t_s,acc_x_mps2,acc_y_mps2,acc_z_mps2\n0,1,2\n"))
    done = imu("analyze", data, "--out", tmp_path / "out")
    assert done.exit_code == 3
    assert "empty.csv is empty" in done.output
    assert "torn.csv.gz, line 2" in done.output
    assert "2 of 4 recordings could not be analysed" in done.output
    assert sorted(p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.csv")) == [
        "data/a/good.reps.csv",
        "data/b/also-good.reps.csv",
    ]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda text: "", "is empty"),
        (lambda text: text.split("\n", 1)[0] + "\n", "holds 0 samples"),
        (lambda text: text.replace("acc_x_mps2", "ax"), "there is no column acc_x_mps2"),
        (lambda text: "\n".join([*text.splitlines()[:100], "1,nan,2,3,4,5,6", *text.splitlines()[100:]]), "line 101"),
        (lambda text: "\n".join(text.splitlines()[:100] + text.splitlines()[50:]), "time goes back"),
    ],
)
def test_what_is_no_recording_is_refused_with_place_and_mend(
    imu: Imu, session: Path, tmp_path: Path, spoil: object, said: str
) -> None:
    path = bare(session, tmp_path / "x.csv", rows=slice(0, 500))
    path.write_text(spoil(path.read_text()))  # type: ignore[operator]
    done = imu("analyze", path)
    assert done.exit_code == 3
    assert "x.csv" in done.output
    assert said in done.output


def test_a_folder_without_a_session_is_refused(imu: Imu, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing to count")
    done = imu("analyze", tmp_path)
    assert done.exit_code == 3
    assert "holds no session and no recording" in done.output


def test_a_session_that_lost_its_samples_is_refused(imu: Imu, session: Path) -> None:
    (session / "samples.csv").unlink()
    done = imu("analyze", session)
    assert done.exit_code == 3
    assert "samples.csv" in done.output


def test_a_session_that_lost_its_head_is_counted_as_a_bare_recording(imu: Imu, session: Path) -> None:
    (session / "session.json").unlink()
    done = imu("analyze", session, "--exercise", "back-extension")
    assert done.exit_code == 0, done.output
    assert sum(rep.counted for rep in read_reps(session / "reps.csv")) == 10


def test_orientation_needs_a_place(imu: Imu, session: Path, tmp_path: Path) -> None:
    recording = bare(session, tmp_path / "x.csv", rows=slice(0, 500))
    assert imu("analyze", recording, "--orientation").exit_code == 2
    assert imu("analyze", session, "--orientation").exit_code == 0
    assert (session / "angle.csv").exists()


def test_a_very_short_recording_has_no_reps(imu: Imu, session: Path, tmp_path: Path) -> None:
    done = imu("analyze", bare(session, tmp_path / "x.csv", rows=slice(0, 3)))
    assert done.exit_code == 0, done.output
    assert "0 reps" in done.output


def test_replay_counts_what_analyze_counts(imu: Imu, session: Path) -> None:
    done = imu("replay", session, "--speed", "1000")
    assert done.exit_code == 0, done.output
    assert "rep  10" in done.output
    assert "10 reps in 1 set" in done.output


def test_simulate_writes_a_session_called_synthetic_with_its_truth(imu: Imu, tmp_path: Path) -> None:
    done = imu("simulate", "--reps", "4", "--sets", "2", "--seed", "5", "--out", tmp_path)
    assert done.exit_code == 0, done.output
    (folder,) = tmp_path.iterdir()
    session = read_session(folder)
    assert session.header.synthetic
    assert "ynthetic" in session.header.notes
    truth = pd.read_csv(folder / "truth.csv")
    assert list(truth.query("complete == 1").groupby("set").size()) == [4, 4]
    assert [one.reps for one in session.sets] == [4, 4]


def test_the_same_seed_gives_the_same_samples(imu: Imu, tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert imu("simulate", "--reps", "3", "--seed", "2", "--no-gyro", "--out", tmp_path / name).exit_code == 0
    first, second = (next((tmp_path / name).iterdir()) for name in ("a", "b"))
    assert (first / "samples.csv").read_bytes() == (second / "samples.csv").read_bytes()
    assert "gyr" not in (first / "samples.csv").read_text().splitlines()[0]


def test_a_folder_of_sessions_is_counted_in_a_line_each(imu: Imu, session: Path) -> None:
    shutil.copytree(session, session.with_name("second"))
    done = imu("analyze", session.parent)
    assert done.exit_code == 0, done.output
    assert done.output.count("recordings/") == 2
    assert "Written anew: reps.csv and sets.csv in 2 of them" in done.output


def spoil(session: Path, key: str, text: str) -> None:
    """Put JSON text under a dotted key of session.json."""
    head = json.loads((session / "session.json").read_text())
    *above, last = key.split(".")
    part = head
    for name in above:
        part = part[name]
    part[last] = "HERE"
    (session / "session.json").write_text(json.dumps(head).replace('"HERE"', text))


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("sensor.rate_hz", "0"),
        ("sensor.rate_hz", "-104"),
        ("sensor.rate_hz", "1e-9"),
        ("sensor.rate_hz", "1" + "0" * 400),
        ("sensor.rate_hz", "NaN"),
        ("mount.anterior", "[0, 0]"),
        ("mount.anterior", "[0, 0, 0]"),
        ("mount.anterior", "[0, null, 1]"),
        ("mount.anterior", "[0, NaN, 1]"),
        ("mount.cranial", "[0, 3, 0]"),
        ("mount.cranial", "null"),
        ("mount", '{"anterior": [0, 0, 1], "cranial": [0, 0, -1], "source": "declared"}'),
        ("straight_line_deg", "1e9"),
        ("load_kg", "-3"),
        ("min_set_reps", "-3"),
        ("min_set_reps", "true"),
        ("min_set_reps", '"three"'),
        ("target_tempo", '"3-1"'),
        ("exercise", '"squat"'),
    ],
)
def test_a_head_that_cannot_be_true_is_refused_with_file_and_key(imu: Imu, session: Path, key: str, text: str) -> None:
    spoil(session, key, text)
    done = imu("analyze", session)
    assert done.exit_code == 3, done.output
    assert "session.json, key " + key in done.output
    assert "--tempo" not in done.output


def test_the_measured_rate_counts_not_the_stated_one(imu: Imu, session: Path) -> None:
    spoil(session, "sensor.rate_hz", "26")
    done = imu("analyze", session)
    assert done.exit_code == 0, done.output
    assert "key sensor.rate_hz: it says 26 samples a second" in done.output
    assert "10 reps in 1 set" in done.output


def test_replay_does_not_sit_through_a_hole(
    imu: Imu, session: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = bare(session, tmp_path / "x.csv", rows=slice(0, 1000))
    table = pd.read_csv(path)
    table.loc[500:, "t_s"] += 7200.0
    table.to_csv(path, index=False)
    monkeypatch.setattr("imu.app.replay.LONGEST_WAIT_S", 0.05)
    done = imu("replay", path, "--speed", "200")
    assert done.exit_code == 0, done.output
    assert "Nothing was recorded for 2:00:00" in done.output


def test_a_declared_exercise_is_not_overwritten(imu: Imu, session: Path, tmp_path: Path) -> None:
    before = (session / "session.json").read_bytes()
    done = imu("analyze", session, "--exercise", "deadlift")
    assert done.exit_code == 2
    assert "declared as back-extension" in done.output
    assert imu("analyze", session, "--exercise", "deadlift", "--out", tmp_path / "out").exit_code == 0
    assert (session / "session.json").read_bytes() == before


def test_auto_proposes_the_exercise_of_a_bare_recording_and_counts_it_as_that(
    imu: Imu, session: Path, tmp_path: Path
) -> None:
    recording = bare(session, tmp_path / "x.csv")
    done = imu("analyze", recording, "--exercise", "auto", "--mount", "+y,+z", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "back-extension >99 %, next" in done.output
    assert "Analysed as back-extension, as proposed." in done.output
    assert "10 reps in 1 set" in done.output
    (row,) = pd.read_csv(tmp_path / "out" / "x.exercise.csv").to_dict("records")
    assert (row["set"], row["exercise"], row["posture_known"]) == (1, "back-extension", True)
    assert row["confidence"] > 0.99 > row["second_confidence"]
    imu("analyze", recording, "--exercise", "back-extension", "--mount", "+y,+z", "--out", tmp_path / "told")
    assert (tmp_path / "out" / "x.reps.csv").read_bytes() == (tmp_path / "told" / "x.reps.csv").read_bytes()


def test_auto_leaves_a_session_as_it_was_declared_and_says_whether_it_agrees(imu: Imu, session: Path) -> None:
    imu("analyze", session)
    before = {path.name: path.read_bytes() for path in session.iterdir()}
    done = imu("analyze", session, "--exercise", "auto")
    assert "declared as back-extension and analysed so; the proposal agrees." in done.output
    assert {path.name: path.read_bytes() for path in session.iterdir()} == before


def test_auto_says_where_the_proposal_differs_from_the_declared_exercise(imu: Imu, session: Path) -> None:
    spoil(session, "exercise", '"good-morning"')
    done = imu("analyze", session, "--exercise", "auto")
    assert done.exit_code == 0, done.output
    assert "declared as good-morning and analysed so; the proposal differs." in done.output
    assert "--exercise back-extension --out DIR" in done.output
    assert json.loads((session / "session.json").read_text(encoding="utf-8"))["exercise"] == "good-morning"


def test_auto_says_so_where_nothing_can_be_proposed(imu: Imu, session: Path, tmp_path: Path) -> None:
    recording = bare(session, tmp_path / "x.csv", rows=slice(0, 600))
    done = imu("analyze", recording, "-e", "auto", "--out", tmp_path / "out")
    assert "No set was found of which an exercise could be proposed." in done.output
    assert "Analysed as hinge" in done.output
    assert len(pd.read_csv(tmp_path / "out" / "x.exercise.csv")) == 0


def test_auto_names_the_family_where_exercises_are_alike(imu: Imu, tmp_path: Path) -> None:
    plan = SetPlan(style="deadlift", reps=6)
    made = write_session(simulate(plan, SensorModel(), 0), get_exercise("deadlift"), tmp_path / "recordings")
    done = imu("analyze", bare(made, tmp_path / "x.csv"), "-e", "auto", "--mount", "+y,+z")
    assert "a standing hinge: " in done.output
    assert "alike from the chest" in done.output
    assert "Analysed as deadlift, the likeliest standing hinge." in done.output
    assert "6 reps in 1 set" in done.output
    done = imu("analyze", made, "-e", "auto")
    assert "declared as deadlift and analysed so; the proposals do not speak against it." in done.output


def test_auto_lists_the_proposals_of_many_recordings(imu: Imu, session: Path, tmp_path: Path) -> None:
    done = imu("analyze", session, bare(session, tmp_path / "x.csv"), "-e", "auto", "--mount", "+y,+z")
    assert done.exit_code == 0, done.output
    assert "proposed" in done.output
    assert done.output.count(">99 %") == 2


def test_a_learned_mount_is_said_with_its_certainty(imu: Imu, session: Path, tmp_path: Path) -> None:
    recording = bare(session, tmp_path / "x.csv")
    done = imu("analyze", recording, "--exercise", "back-extension")
    assert "Mount learned from the motion: head about +y" in done.output
    assert "certainty" in done.output
    assert "Nothing was written" in done.output


def test_recordings_are_read_from_a_plain_string(session: Path) -> None:
    assert len(read_recording(str(session)).samples) == len(read_session(str(session)).samples)


def test_a_folder_without_a_head_is_said_to_be_counted_by_default(imu: Imu, session: Path) -> None:
    (session / "session.json").unlink()
    said = "has no session.json"
    assert f"{said}, so that it is not known what was trained; it is counted as hinge" in imu("analyze", session).output
    assert said not in imu("analyze", session, "--exercise", "back-extension").output


def test_a_recording_too_short_for_a_set_is_said_to_be(imu: Imu, session: Path, tmp_path: Path) -> None:
    said = "too short for repetitions"
    assert said in imu("analyze", bare(session, tmp_path / "x.csv", rows=slice(0, 150))).output
    assert said not in imu("analyze", session).output
