"""`imu label` and `imu evaluate SESSION`, as a coach and a researcher use them."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import imu as package
from imu.app import plots, summary, termplot
from imu.app.cli import app
from imu.evaluation.repeatability import repeatability
from imu.model import Verdict
from imu.sessions import Label, read_labels
from imu.sessions.labelfile import append_labels

Imu = Callable[..., Result]
EXAMPLE = Path(__file__).resolve().parents[2] / "recordings" / "example-back-extension"


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """The example session: two that lead onto the bench, eight repetitions, one that leads off."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "recordings" / "one"))


def ask(session: Path, *answers: str) -> Result:
    return CliRunner().invoke(app, ["label", str(session), "--by", "anna"], input="\n".join(answers) + "\n")


def rows(session: Path) -> list[dict[str, str]]:
    with (session / "labels.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_answers_are_kept_movement_by_movement(labelled: Path) -> None:
    shown = ask(labelled, "", "", "a", "r", "1", "q")
    assert shown.exit_code == 0
    assert [(row["verdict"], row["by"], row["times"]) for row in rows(labelled)] == [
        ("COUNTED", "anna", "program"),
        ("SHALLOW", "anna", "program"),
    ]
    assert "2 of 11 movements labelled, 1 against the program" in shown.output
    ledger = package.read_session(labelled).ledger
    assert ledger.loc[3, ["counted", "label", "accepted"]].tolist() == [True, "SHALLOW", False]


def test_what_was_answered_is_there_when_the_terminal_dies(labelled: Path) -> None:
    assert CliRunner().invoke(app, ["label", str(labelled)], input="a\na\n").exit_code == 0
    assert len(rows(labelled)) == 2


def test_a_wrong_key_is_asked_again_and_back_goes_back(labelled: Path) -> None:
    shown = ask(labelled, "", "?", "b", "a", "q")
    assert "none of the keys" in shown.output
    assert rows(labelled)[0]["start_s"] == f"{package.read_session(labelled).ledger.start_s[0]:.4f}"


def test_a_missed_repetition_is_added(labelled: Path) -> None:
    shown = ask(labelled, "n", "3-5.5", "n", "5-3", "n", "soon", "q")
    assert [(row["start_s"], row["end_s"], row.get("times")) for row in rows(labelled)] == [("3.0000", "5.5000", None)]
    assert "ends before it begins" in shown.output
    assert "START-END" in shown.output


def test_the_last_word_counts_and_every_word_is_kept(imu: Imu, labelled: Path) -> None:
    imu("label", labelled, "--reject", "3=shallow")
    imu("label", labelled, "--accept", "3")
    assert [row["verdict"] for row in rows(labelled)] == ["SHALLOW", "COUNTED"]
    assert package.read_session(labelled).ledger.loc[2, "accepted"]


def test_a_file_written_by_hand_keeps_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_bytes(b"\xef\xbb\xbfstart_s,end_s,verdict,colour\r\n1, 2,COUNTED,red\r\n3,4,SHALLOW,blue")
    append_labels(path, [Label(start_s=5.0, end_s=6.0, verdict=Verdict.COUNTED, by="b", bottom_s=5.5)])
    data = path.read_bytes()
    assert b"1, 2,COUNTED,red\n3,4,SHALLOW,blue\n" in data
    assert [(one.start_s, one.by, one.verdict) for one in read_labels(path)] == [
        (1.0, "", Verdict.COUNTED), (3.0, "", Verdict.SHALLOW), (5.0, "b", Verdict.COUNTED),
    ]  # fmt: skip
    assert read_labels(path)[-1].bottom_s == 5.5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--accept", "12"], "no movement 12"),
        (["--reject", "3=TWISTED"], "NOT_HINGE"),
        (["--add", "4"], "START-END"),
        (["--video-tap", "3"], "--video-offset"),
        (["--from", "nothing.csv"], "does not exist"),
    ],
)
def test_a_mistake_writes_nothing_and_says_what_to_do(
    labelled: Path, imu: Imu, arguments: list[str], said: str
) -> None:
    done = imu("label", labelled, *arguments)
    assert done.exit_code != 0
    assert said in done.output
    assert not (labelled / "labels.csv").exists()


def test_times_of_a_video_become_times_of_the_session(imu: Imu, labelled: Path, tmp_path: Path) -> None:
    reps = package.read_session(labelled).reps
    video = tmp_path / "video.csv"
    lines = [
        f"{r.start_s - 100:.3f},{r.end_s - 100:.3f},COUNTED,{r.lift_start_s - 100.02:.3f}" for r in reps.itertuples()
    ]
    video.write_text("\n".join(["start_s,end_s,verdict,lift_start_s", *lines[:-1]]) + "\n", encoding="utf-8")
    assert imu("label", labelled, "--from", video, "--video-offset", "100", "--by", "eye").exit_code == 0
    out = tmp_path / "all.json"
    shown = imu("evaluate", labelled, "--json", out)
    (one,) = json.loads(out.read_text(encoding="utf-8"))["sessions"]
    assert (one["compared"]["right"], one["compared"]["missed"], one["compared"]["unlabelled"]) == (7, 0, 1)
    assert np.allclose(one["compared"]["errors_s"]["lift_start_s"], 0.02, atol=0.002)
    assert "+0.020" in shown.output


def test_what_was_only_accepted_is_no_proof_of_the_times(imu: Imu, labelled: Path) -> None:
    imu("label", labelled, *(f"--accept={n}" for n in range(3, 11)))
    shown = imu("evaluate", labelled)
    assert "yes" in shown.output
    assert "Times against" not in shown.output


def test_misses_and_ghosts_are_told_apart(imu: Imu, labelled: Path) -> None:
    imu("label", labelled, "--add", "3-5", "--reject", "4=SHALLOW", "--accept", "3", "--reject", "1=TRANSITION")
    shown = imu("evaluate", labelled).output
    row = next(line for line in shown.splitlines() if line.startswith("one"))
    assert row.split() == ["one", "1", "1", "1", "1", "6", "no"]


def test_nothing_to_evaluate_says_what_to_do(imu: Imu, labelled: Path) -> None:
    done = imu("evaluate", labelled)
    assert done.exit_code != 0
    assert "imu label" in done.output


def test_the_detectable_change_follows_the_scatter_of_sessions() -> None:
    rng = np.random.default_rng(5)
    people = [list(mean + rng.normal(0, 0.5, 8)) for mean in rng.normal(3.0, 2.0, 40)]
    found = repeatability(people)
    assert found.sem == pytest.approx(0.5, rel=0.1), "people differ by 2, which must not matter"
    assert found.mdc95 == pytest.approx(1.96 * np.sqrt(2) * found.sem)
    assert repeatability([[1.0], [2.0, float("nan")]]).groups == 0


@pytest.mark.parametrize("arguments", [["--add", "900-905"], ["--from", "video.csv", "--video-offset", "-100"]])
def test_times_outside_of_the_recording_are_refused(labelled: Path, imu: Imu, arguments: list[str]) -> None:
    video = labelled.parent / "video.csv"
    video.write_text("start_s,end_s,verdict\n20,23,COUNTED\n25,28,COUNTED\n", encoding="utf-8")
    done = imu("label", labelled, *(str(video) if one == "video.csv" else one for one in arguments))
    assert done.exit_code != 0
    assert "outside of the recording" in done.output
    assert not (labelled / "labels.csv").exists()


def test_a_label_that_ends_before_it_begins_is_named(labelled: Path, imu: Imu) -> None:
    (labelled / "labels.csv").write_text("start_s,end_s,verdict\n22,18,COUNTED\n", encoding="utf-8")
    done = imu("report", labelled, "--html", labelled / "page.html")
    assert done.exit_code != 0
    assert "from 22 to 18 s ends before it begins" in done.output


def test_what_was_said_before_is_shown_and_a_note_is_kept(labelled: Path) -> None:
    shown = CliRunner().invoke(
        app, ["label", str(labelled), "--note", "camera 2"], input="r\n2\nb\nr\n99\nn\n3-5.5\nq\n"
    )
    assert "labelled: UNFINISHED" in shown.output
    assert "none of the numbers" in shown.output
    assert [row["note"] for row in rows(labelled)] == ["camera 2", "camera 2"]


def test_an_added_repetition_is_in_the_summary_and_the_ledger(imu: Imu, labelled: Path) -> None:
    imu("label", labelled, "--add", "3-5.5", "--reject", "4=SHALLOW")
    review = package.read_session(labelled)
    assert "judged 1 of the movements otherwise and added 1 rep;" in " ".join(summary.in_words(review))
    assert "added by a person (1)" in [one.get_text() for one in plots.ledger(review).axes[1].get_yticklabels()]


def test_the_plot_fits_the_terminal(labelled: Path) -> None:
    trunk = package.read_session(labelled).trunk
    assert max(map(len, termplot.angle(trunk, 15.0, 30.0, most=60).plain.splitlines())) == 60


def test_a_session_that_cannot_be_read_is_no_unlabelled_one(imu: Imu, labelled: Path) -> None:
    (labelled / "labels.csv").write_text("start_s,end_s,verdict\n18,22,YES\n", encoding="utf-8")
    done = imu("evaluate", labelled)
    assert done.exit_code != 0
    assert "column verdict: 'YES'" in done.output
    assert "COUNTED, SHALLOW" in done.output
    assert "none labelled" not in done.output


def test_sessions_without_a_body_say_nothing_of_a_persons_scatter(imu: Imu, labelled: Path) -> None:
    other = Path(shutil.copytree(labelled, labelled.parent / "two"))
    alone = imu("evaluate", labelled, other).output
    assert "Minimal detectable change" in alone
    assert "say nothing about people" in alone
    head = json.loads((other / "session.json").read_text(encoding="utf-8")) | {"synthetic": False}
    (other / "session.json").write_text(json.dumps(head), encoding="utf-8")
    imu("label", labelled, "--accept", "3")
    shown = imu("evaluate", labelled, other, "--jobs", "1")
    assert shown.exit_code == 0
    assert "Minimal detectable change" not in shown.output
