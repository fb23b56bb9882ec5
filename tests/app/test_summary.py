"""A session in words: what is said, and what is not."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

import imu
from imu.app import summary

EXAMPLE = Path(__file__).resolve().parents[2] / "recordings" / "example-back-extension"


@pytest.fixture(scope="module")
def session() -> imu.Review:
    return imu.read_session(EXAMPLE)


def test_it_says_what_was_done(session: imu.Review) -> None:
    said = summary.in_words(session)
    assert said[0] == "Back extension (45-degree bench): 8 reps in 2 sets (4 + 4), no load declared."
    assert any("target 3-0-1-1: 96 % of the phases met it" in line for line in said)
    assert any(line.startswith("3 other movements were not counted: 2 getting on or off") for line in said)


def test_it_names_the_repetition_that_missed_and_how(session: imu.Review) -> None:
    assert "Lift too long in rep 1.4 (set.rep)." in summary.slips(session)
    hurried = dataclasses.replace(session, exercise=dataclasses.replace(session.exercise, target_tempo="6-0-1-1"))
    assert "Lowering too short in 8 of 8 reps." in summary.slips(hurried)


def test_it_says_where_the_lift_slowed_and_the_range_fell(session: imu.Review) -> None:
    assert "The last lift of set 1 was 21 % slower than its best." in summary.slips(session)
    reps = session.reps.copy()
    reps.loc[reps["set"] == 2, "rom_deg"] = [95.0, 90.0, 85.0, 70.0]
    fallen = summary.slips(dataclasses.replace(session, reps=reps))
    assert "Range fell by 25° from the first to the last third of set 2." in fallen


def test_a_single_repetition_has_no_mean(session: imu.Review) -> None:
    alone = summary.in_words(dataclasses.replace(session, reps=session.reps.head(1)))
    assert "Range of the trunk 93° (±5°)." in alone


def test_where_nothing_slipped_that_is_said(session: imu.Review) -> None:
    second = dataclasses.replace(
        session,
        analysis=dataclasses.replace(session.analysis, reps=tuple(r for r in session.analysis.reps if r.set == 2)),
        reps=session.reps[session.reps["set"] == 2],
        sets=session.sets[session.sets["set"] == 2],
    )
    assert summary.slips(second) == []
    assert "Nothing slipped beyond the tolerances." in summary.in_words(second)


def test_a_session_without_repetitions_praises_nothing(session: imu.Review) -> None:
    empty = imu.analyze(session.samples.head(600), exercise="back-extension")
    said = summary.in_words(empty)
    assert said[0].endswith("no repetition was counted.")
    assert not any("slipped" in line or "tempo" in line for line in said)
    numbers = summary.key_numbers(empty)["value"]
    assert numbers["counted repetitions"] == 0
    assert numbers[["range", "lift", "tempo met"]].isna().all()


def test_the_key_numbers_are_those_of_the_tables(session: imu.Review) -> None:
    numbers = summary.key_numbers(session)["value"]
    assert str(numbers["counted repetitions"]) == "8"
    assert numbers["range"] == pytest.approx(session.reps["rom_deg"].mean())
    assert numbers["lift rate loss, worst set"] == session.sets["lift_rate_loss_pct"].max()
