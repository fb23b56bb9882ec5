"""Straight-line holds as rows of events.csv."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imu.errors import DataError
from imu.model import LineHold
from imu.sessions import CALIBRATION, SessionEvent, calibration_detail, calibrations_in, read_recording
from imu.sessions.tables import EVENT_HEAD, event_line

times = st.integers(0, 10**8).map(lambda n: n / 10_000)


def row(detail: str, kind: str = CALIBRATION) -> SessionEvent:
    return SessionEvent(utc="2026-11-20T18:30:05.000Z", t_s=15.5, kind=kind, detail=detail)


@given(
    start_s=times,
    more_s=st.integers(1, 100_000).map(lambda n: n / 10_000),
    deg=st.floats(-180, 180) | st.just(float("nan")),
)
def test_a_hold_comes_back_as_it_was_written(start_s: float, more_s: float, deg: float) -> None:
    hold = LineHold(start_s=start_s, end_s=round(start_s + more_s, 4))
    assert calibrations_in([row("1 set", "set_ended"), row(calibration_detail(hold, deg))], Path("events.csv")) == (
        hold,
    )


def test_one_written_by_hand_is_read_in_any_order() -> None:
    detail = "we marked it: end_s=15.5, start_s=12"
    assert calibrations_in([row(detail)], Path("events.csv")) == (LineHold(start_s=12.0, end_s=15.5),)


@pytest.mark.parametrize("detail", ["", "start_s=12", "start_s=15 end_s=12", "start_s=1-2 end_s=3", "from 12 to 15"])
def test_one_that_says_no_stretch_is_refused_with_what_to_do(detail: str) -> None:
    with pytest.raises(DataError, match=r"events\.csv.*write start_s=12\.5 end_s=15\.5, or delete the row"):
        calibrations_in([row(detail)], Path("events.csv"))


def test_a_recording_carries_the_holds_of_its_session(tmp_path: Path) -> None:
    lines = [
        f"{i},{i / 50:.6f},{i / 50:.4f},{0.1 + i % 3 / 10},{0.2 - i % 2 / 10},{9.81 + i % 2 / 10}" for i in range(500)
    ]
    (tmp_path / "samples.csv").write_text(
        "index,t_s,arrival_s,acc_x_mps2,acc_y_mps2,acc_z_mps2\n" + "\n".join(lines) + "\n"
    )
    assert read_recording(tmp_path).calibrations == ()
    (tmp_path / "events.csv").write_bytes(EVENT_HEAD + event_line(row("start_s=2 end_s=5")))
    assert read_recording(tmp_path).calibrations == (LineHold(start_s=2.0, end_s=5.0),)
    assert read_recording(tmp_path / "samples.csv").calibrations == ()
