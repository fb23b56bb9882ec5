"""A session as tables, as a coach's notebook or a researcher's script uses them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import imu
from imu.errors import DataError, UsageError
from imu.review.tables import phases_of

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "recordings" / "example-back-extension"


@pytest.fixture(scope="module")
def session() -> imu.Review:
    return imu.read_session(EXAMPLE)


def test_the_tables_hold_what_the_files_hold(session: imu.Review) -> None:
    on_disk = pd.read_csv(EXAMPLE / "reps.csv")
    assert list(session.ledger.columns[: len(on_disk.columns)]) == list(on_disk.columns)
    pd.testing.assert_series_equal(session.ledger["verdict"], on_disk["verdict"], check_dtype=False)
    for name in ("lower_s", "bottom_hold_s", "lift_s", "top_hold_s", "rom_deg", "rom_pm_deg", "tempo_adherence"):
        np.testing.assert_allclose(session.ledger[name], on_disk[name], atol=0.006, err_msg=name)
    assert list(session.sets["reps"]) == [4, 4]
    assert len(session.reps) == 8
    assert session.synthetic


def test_every_instant_of_a_repetition_has_its_phase(session: imu.Review) -> None:
    trunk = session.trunk
    assert set(trunk["phase"]) == {"", "lower", "bottom", "lift", "top"}
    step_s = trunk["t_s"].diff().median()
    for rep in session.analysis.counted:
        inside = trunk[(trunk["set"] == rep.set) & (trunk["rep"] == rep.rep)]
        for name, start_s, end_s in phases_of(rep):
            n = int((inside["phase"] == name).sum())
            assert n * step_s == pytest.approx(end_s - start_s, abs=2 * step_s)


def test_the_lift_is_where_the_pitch_rises(session: imu.Review) -> None:
    rates = session.trunk.groupby("phase")["rate_dps"].mean()
    assert rates["lift"] > 30
    assert rates["lower"] < -15


def test_a_person_s_word_stands_beside_the_program_s(tmp_path: Path) -> None:
    folder = tmp_path / "one"
    folder.mkdir()
    for name in ("samples.csv", "session.json", "events.csv"):
        (folder / name).write_bytes((EXAMPLE / name).read_bytes())
    first = imu.read_session(folder).reps.iloc[0]
    head = "start_s,end_s,verdict,by,at_utc,note\n"
    row = f"{first.start_s},{first.end_s},SHALLOW,coach,2026-11-21T10:00:00Z,cut short\n"
    (folder / "labels.csv").write_text(head + row, encoding="utf-8")
    session = imu.read_session(folder)
    labelled = session.ledger[session.ledger["label"] != ""]
    assert list(labelled["label"]) == ["SHALLOW"]
    assert labelled["counted"].all()
    assert not labelled["accepted"].any()
    assert (session.ledger["accepted"] == session.ledger["counted"]).sum() == len(session.ledger) - 1


def test_samples_from_memory_give_the_same(session: imu.Review) -> None:
    again = imu.analyze(session.samples, exercise="back-extension")
    assert list(again.reps["rep"]) == list(session.reps["rep"])
    np.testing.assert_allclose(again.reps["bottom_s"], session.reps["bottom_s"], atol=0.05)
    assert again.path is None
    assert again.header is None


def test_a_bare_table_of_acceleration_is_enough(session: imu.Review) -> None:
    bare = session.samples[["t_s", "acc_x_mps2", "acc_y_mps2", "acc_z_mps2"]]
    seen = imu.analyze(bare, exercise="back-extension")
    assert not seen.has_gyroscope
    assert list(seen.sets["reps"]) == [4, 4]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda t: t.drop(columns="acc_y_mps2"), "no column acc_y_mps2"),
        (lambda t: t.drop(columns="gyr_z_radps"), "no column gyr_z_radps"),
        (lambda t: t.assign(acc_x_mps2="fast"), "no number"),
        (lambda t: t.assign(gyr_x_radps=np.nan), "Column gyr_x_radps"),
        (lambda t: t.iloc[::-1], "in order of t_s"),
        (lambda t: t.head(1), "at least two"),
        (lambda t: t.assign(index=7), "index does not rise"),
        (lambda t: t.assign(index=np.nan), "Column index"),
        (lambda t: t.assign(arrival_s="late"), "no number"),
    ],
)
def test_a_table_that_is_none_is_refused_by_name(session: imu.Review, spoil, said: str) -> None:  # noqa: ANN001
    with pytest.raises(UsageError, match=said):
        imu.analyze(spoil(session.samples.head(500)))


def test_there_is_no_such_exercise(session: imu.Review) -> None:
    with pytest.raises(UsageError, match="handstand"):
        imu.analyze(session.samples, exercise="handstand")


def test_a_session_of_a_newer_format_is_refused_by_name(tmp_path: Path) -> None:
    for name in ("samples.csv", "session.json"):
        (tmp_path / name).write_bytes((EXAMPLE / name).read_bytes())
    newer = (EXAMPLE / "session.json").read_text(encoding="utf-8").replace('"format": 1', '"format": 2')
    (tmp_path / "session.json").write_text(newer, encoding="utf-8")
    with pytest.raises(DataError, match=r"session\.json.*format.*2"):
        imu.read_session(tmp_path)
