"""The small tables and the header: what is written is read back, and damage is named."""

import dataclasses
import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imu.errors import DataError
from imu.model import AXES, Mount, Rep, SensorInfo, Verdict
from imu.sessions import (
    REP_COLUMNS,
    SET_COLUMNS,
    SessionHeader,
    read_events,
    read_header,
    read_reps,
    read_session,
    read_sets,
    write_header,
    write_reps,
    write_sets,
)

DEFINED_REP_COLUMNS = (
    "set,rep,verdict,counted,start_s,end_s,bottom_s,lower_start_s,lower_end_s,lift_start_s,lift_end_s,"
    "lower_s,bottom_hold_s,lift_s,top_hold_s,tempo,top_deg,bottom_deg,rom_deg,top_deviation_deg,peak_lift_dps,"
    "mean_lift_dps,peak_lower_dps,smoothness,flags,tempo_adherence,"
    "lower_start_pm_s,lower_end_pm_s,lift_start_pm_s,lift_end_pm_s,rom_pm_deg,top_deviation_pm_deg,"
    "hold_s,hold_end_s,hold_ended,sag_deg_per_min"
)
numbers = st.one_of(st.just(math.nan), st.integers(-10_000_000, 10_000_000).map(lambda n: n / 100))
text = st.text(st.characters(blacklist_categories=("Cs",)), max_size=20)


def rep_strategy() -> st.SearchStrategy[Rep]:
    kinds = {
        "float": numbers,
        "int | None": st.one_of(st.none(), st.integers(1, 500)),
        "str": st.sampled_from(["", "lowered", "left the band"]),
        "Verdict": st.sampled_from(Verdict),
        "tuple[str, ...]": st.lists(st.sampled_from(["SHORT_TOP", "SWUNG", "OVEREXTENDED"]), max_size=3).map(tuple),
    }
    return st.builds(Rep, **{f.name: kinds[str(f.type)] for f in dataclasses.fields(Rep)})


def same(a: object, b: object) -> bool:
    return a == b or (isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b))


@given(st.lists(rep_strategy(), max_size=5))
def test_a_ledger_is_read_back_as_written(tmp_path_factory: pytest.TempPathFactory, reps: list[Rep]) -> None:
    path = tmp_path_factory.mktemp("ledger") / "reps.csv"
    write_reps(path, reps)
    back = read_reps(path)
    assert len(back) == len(reps)
    for written, read in zip(reps, back, strict=True):
        assert all(same(getattr(written, f.name), getattr(read, f.name)) for f in dataclasses.fields(Rep))


def test_columns_stand_in_the_order_of_the_definition(tmp_path: Path) -> None:
    write_reps(tmp_path / "reps.csv", [])
    write_sets(tmp_path / "sets.csv", [])
    assert (tmp_path / "reps.csv").read_text() == DEFINED_REP_COLUMNS + "\n"
    assert ",".join(SET_COLUMNS).startswith(
        "set,start_s,end_s,reps,rest_s,time_under_tension_s,mean_tempo,lift_rate_loss_pct,load_kg"
    )
    assert len(REP_COLUMNS) == len(set(REP_COLUMNS))


def test_a_rejected_movement_has_empty_cells_where_it_has_no_number(tmp_path: Path) -> None:
    write_reps(tmp_path / "reps.csv", [Rep(set=None, rep=None, verdict=Verdict.TRANSITION, start_s=1.0, end_s=2.5)])
    row = (tmp_path / "reps.csv").read_text().splitlines()[1]
    assert row.startswith(",,TRANSITION,0,1.0000,2.5000,,")
    assert "nan" not in row


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("1,1,COUNTED,1,zero,2.0", "line 2, column start_s"),
        ("1,1,PERFECT,1,0.0,2.0", "line 2, column verdict"),
        ("1,first,COUNTED,1,0.0,2.0", "line 2, column rep"),
    ],
)
def test_a_damaged_ledger_names_line_and_column(tmp_path: Path, line: str, place: str) -> None:
    path = tmp_path / "reps.csv"
    path.write_text(f"{','.join(REP_COLUMNS[:6])}\n{line}\n")
    with pytest.raises(DataError, match=place):
        read_reps(path)


def test_a_ledger_without_its_columns_is_named(tmp_path: Path) -> None:
    path = tmp_path / "reps.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"reps\.csv, line 1: there is no column set"):
        read_reps(path)


@pytest.mark.parametrize("kept", range(6, len(SET_COLUMNS)))
def test_sets_of_an_older_version_are_read_without_the_columns_it_did_not_have(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "sets.csv"
    cells = ["1", "2.5", "30.0", "8", "", "25.0", "3-0-1-1", "10", "5", "60", "1.2"]
    path.write_text(f"{','.join(SET_COLUMNS[:kept])}\n{','.join(cells[:kept])}\n")
    (one,) = read_sets(path)
    assert (one.reps, one.time_under_tension_s) == (8, 25.0)
    assert math.isnan(one.mean_top_hold_s) == (kept <= SET_COLUMNS.index("mean_top_hold_s"))


headers = st.builds(
    SessionHeader,
    exercise=text,
    sensor=st.builds(
        SensorInfo, family=text, model=text, rate_hz=st.floats(1, 1000), serial=text, has_gyroscope=st.booleans(),
        extra=st.dictionaries(text, text, max_size=2),
    ),
    started_utc=st.just("2026-11-20T18:30:05Z"),
    mount=st.one_of(st.none(), st.builds(Mount, anterior=st.sampled_from([AXES["+x"], AXES["-z"]]),
                                         cranial=st.sampled_from([AXES["+y"], AXES["-y"]]), source=text)),
    load_kg=st.one_of(st.none(), st.floats(0, 500)),
    person=st.one_of(st.none(), text),
    link=st.dictionaries(text, st.one_of(st.integers(), text), max_size=3),
    notes=text,
    extra=st.dictionaries(text.map(lambda key: "x-" + key), st.integers(), max_size=3),
)  # fmt: skip


@given(headers)
def test_a_header_is_read_back_as_written(tmp_path_factory: pytest.TempPathFactory, header: SessionHeader) -> None:
    path = tmp_path_factory.mktemp("header") / "session.json"
    write_header(path, header)
    assert read_header(path) == header


def test_keys_of_a_later_version_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    header = SessionHeader(exercise="hinge", sensor=SensorInfo(family="native", model="m", rate_hz=52.0))
    path.write_text(json.dumps(json.loads(header.to_json()) | {"mood": "good"}))
    write_header(path, read_header(path))
    assert json.loads(path.read_text())["mood"] == "good"


def test_a_number_that_does_not_exist_is_null() -> None:
    header = SessionHeader(
        exercise="hinge", sensor=SensorInfo(family="f", model="m", rate_hz=52.0), link={"latency_s": math.nan}
    )
    assert json.loads(header.to_json())["link"]["latency_s"] is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "line 1, column 1"),
        ("{\n not json", "line 2"),
        ("[]", "is not of type dict"),
        ('{"format": 9}', "key format: 9 .* newer imu: update"),
        ('{"format": 1}', "exercise"),
        ('{"exercise": 3, "sensor": {"family": "f", "model": "m", "rate_hz": 1}}', "key exercise: 3"),
        ('{"exercise": "hinge", "sensor": {"family": "f", "model": "m", "rate_hz": "x"}}', r"key sensor\.rate_hz"),
        ('{"exercise": "hinge", "sensor": {"family": "f"}}', r"sensor\.: .*model"),
    ],
)
def test_a_damaged_header_is_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "session.json").write_text(content)
    (tmp_path / "samples.csv").write_text("")
    with pytest.raises(DataError, match=message) as caught:
        read_session(tmp_path)
    assert "session.json" in str(caught.value)


def test_a_quotation_mark_that_is_never_closed_is_named(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text('utc,t_s,kind,detail\nnow,1.0,marker,"' + "x" * 140_000 + "\n")
    with pytest.raises(DataError, match=r"events\.csv, line 2: .*quotation mark"):
        read_events(path)


def test_events_without_their_head_are_not_to_be_analysed_again(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text("2026-11-20T18:31:00.000Z,,set_ended,10 reps\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"utc,t_s,kind,detail\. Restore the first line") as told:
        read_events(path)
    assert "Analyse" not in str(told.value)
