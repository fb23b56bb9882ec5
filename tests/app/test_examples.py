"""The example sessions: called synthetic, and as good as new.

Where a change of the analysis moves their numbers, `imu analyze recordings/example-NAME` writes them anew.
"""

from __future__ import annotations

import dataclasses
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import Result

from imu.model import Rep
from imu.sessions import read_reps, read_session

RECORDINGS = Path(__file__).resolve().parents[2] / "recordings"
EXAMPLES = sorted(RECORDINGS.glob("example-*"))
Imu = Callable[..., Result]


def test_there_are_two_or_three() -> None:
    assert 2 <= len(EXAMPLES) <= 3


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_it_is_called_synthetic(example: Path) -> None:
    header = read_session(example).header
    assert header.synthetic
    assert "Synthetic" in header.notes
    assert f"`{example.name}`" in (RECORDINGS / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_its_count_is_the_truth(example: Path) -> None:
    truth = pd.read_csv(example / "truth.csv").query("complete == 1").groupby("set").size()
    assert [one.reps for one in read_session(example).sets] == list(truth)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_its_derived_files_are_those_of_this_version(example: Path, tmp_path: Path, imu: Imu) -> None:
    again = Path(shutil.copytree(example, tmp_path / example.name))
    assert imu("analyze", again).exit_code == 0
    before, after = read_reps(example / "reps.csv"), read_reps(again / "reps.csv")
    assert len(before) == len(after)
    for old, new in zip(before, after, strict=True):
        assert _differences(old, new) == {}, "run imu analyze on the example and commit what it writes"


def _differences(old: Rep, new: Rep) -> dict[str, tuple[object, object]]:
    """Fields that differ by more than another processor's rounding."""
    return {
        field.name: (a, b)
        for field in dataclasses.fields(Rep)
        for a, b in [(getattr(old, field.name), getattr(new, field.name))]
        if not (a == b or (isinstance(a, float) and _near(a, b)))
    }


def _near(a: float, b: float) -> bool:
    return math.isclose(a, b, abs_tol=0.02) or (math.isnan(a) and math.isnan(b))
