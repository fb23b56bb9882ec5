"""What a person said while a session was recorded, as rows of events.csv."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imu.errors import DataError
from imu.model import Analysis, MarkedSet, SensorInfo, SetSummary
from imu.sessions import LOAD, SET_BEGUN, SET_ENDED, TARGET, SessionEvent, SessionHeader, SessionWriter
from imu.sessions.reader import said_of
from imu.sessions.said import load_detail, said_in, target_detail
from imu.tempo import Tempo

FILE = Path("events.csv")


def row(t_s: float, kind: str, detail: str = "") -> SessionEvent:
    return SessionEvent(utc="2026-11-20T18:30:05.000Z", t_s=t_s, kind=kind, detail=detail)


@given(kg=st.none() | st.integers(0, 100_000).map(lambda n: n / 100), tempo=st.sampled_from(["3-0-X-1", "2.5-1-1-60"]))
def test_what_is_written_is_read_back(kg: float | None, tempo: str) -> None:
    said = said_in([row(5.0, LOAD, load_detail(kg)), row(6.0, TARGET, target_detail(Tempo.parse(tempo)))], FILE)
    assert said.loads == ((5.0, kg),)
    assert said.tempos == ((6.0, Tempo.parse(tempo)),)


def test_sets_are_paired_whatever_was_forgotten() -> None:
    events = [
        row(9.0, SET_ENDED),
        row(20.0, SET_ENDED),
        row(10.0, SET_BEGUN),
        row(30.0, SET_BEGUN),
        row(35.0, SET_BEGUN),
    ]
    assert said_in(events, FILE).marked == (
        MarkedSet(start_s=10.0, end_s=20.0), MarkedSet(start_s=30.0, end_s=35.0), MarkedSet(start_s=35.0),
    )  # fmt: skip


def test_a_load_holds_from_when_it_was_said() -> None:
    said = said_in([row(20.0, LOAD, "load_kg=none"), row(10.0, LOAD, "we took load_kg=22.5")], FILE)
    assert [said.load_kg(at_s, 5.0) for at_s in (9.9, 10.0, 19.9, 20.0)] == [5.0, 22.5, 22.5, None]
    assert said_in([], FILE).load_kg(10.0, 5.0) == 5.0


@pytest.mark.parametrize(
    ("kind", "detail"),
    [
        (LOAD, ""), (LOAD, "load_kg=much"), (LOAD, "load_kg=-1"), (LOAD, "load_kg=nan"), (TARGET, "tempo=3-0-1"),
        (TARGET, ""),
    ],
)  # fmt: skip
def test_what_says_nothing_is_refused_with_what_to_do(kind: str, detail: str) -> None:
    with pytest.raises(DataError, match=rf"events\.csv, a row of kind {kind}: .*; write .*, or delete the row"):
        said_in([row(1.0, kind, detail)], FILE)


def test_each_set_has_the_load_of_its_end(tmp_path: Path) -> None:
    def summary(number: int, start_s: float, end_s: float) -> SetSummary:
        return SetSummary(
            set=number, start_s=start_s, end_s=end_s, reps=3, rest_s=1.0, time_under_tension_s=9.0,
            mean_tempo="1-1-1-1", mean_rom_deg=60.0, mean_top_hold_s=1.0, lift_rate_loss_pct=0.0,
        )  # fmt: skip

    header = SessionHeader(
        exercise="deadlift", sensor=SensorInfo(family="native", model="X", rate_hz=104.0), load_kg=60.0
    )
    with SessionWriter(tmp_path, header) as writer:
        writer.event(LOAD, 30.0, load_detail(80.0))
        writer.close(Analysis(sets=(summary(1, 10.0, 25.0), summary(2, 28.0, 45.0))))
    assert said_of(writer.folder).loads == ((30.0, 80.0),)
    lines = (writer.folder / "sets.csv").read_text().splitlines()
    place = lines[0].split(",").index("load_kg")
    assert [line.split(",")[place] for line in lines[1:]] == ["60.00", "80.00"]
