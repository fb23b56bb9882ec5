"""Real people bending with a sensor on the upper back, the waist or the chest; skipped where there are none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from imu.exercises import get_exercise
from imu.model import Analysis
from imu.motion.pipeline import analyze
from imu.sessions import read_recording

TOLERANCE_S = 1.0


@dataclass
class Score:
    """Bouts that somebody counted for certain, and what was found elsewhere."""

    exact: int = 0
    bouts: int = 0
    phantoms: int = 0


def table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / name, keep_default_na=False)


def chosen(folder: Path, dataset: str, *kinds: str) -> list[str]:
    manifest = table(folder, "manifest.csv")
    rows = manifest[(manifest["dataset"] == dataset) & manifest["kind"].isin(kinds)]
    if not len(rows):
        pytest.skip(f"the folder of real recordings holds no {dataset}")
    return [str(name) for name in rows["recording"]]


def analysed(path: Path, min_set_reps: int) -> Analysis:
    recording = read_recording(path)
    return analyze(recording.samples, get_exercise("hinge"), rate_hz=recording.rate_hz, min_set_reps=min_set_reps)[0]


def score(folder: Path, recordings: list[str], min_set_reps: int) -> Score:
    truth, out = table(folder, "truth.csv"), Score()
    for name in recordings:
        rows = truth[truth["recording"] == name]
        certain = rows[(rows["reps"] > 0) & (rows["ambiguous"] == 0)]
        unsure = rows[rows["ambiguous"] == 1]
        found = [0] * len(certain)
        for rep in analysed(folder / name, min_set_reps).counted:
            at = 0.5 * (rep.start_s + rep.end_s)
            inside = [i for i, row in enumerate(certain.itertuples()) if _covers(row, at)]
            if inside:
                found[inside[0]] += 1
            elif not any(_covers(row, at) for row in unsure.itertuples()):
                out.phantoms += 1
        out.bouts += len(certain)
        out.exact += sum(n == int(reps) for n, reps in zip(found, certain["reps"], strict=True))
    return out


def _covers(row: object, at_s: float) -> bool:
    start, end = float(getattr(row, "start_s")), float(getattr(row, "end_s"))  # noqa: B009
    return start - TOLERANCE_S <= at_s <= end + TOLERANCE_S


def test_forward_bends_of_seated_people(real_data: Path) -> None:
    result = score(real_data, chosen(real_data, "trunkyxl", "count"), min_set_reps=3)
    assert result.bouts == 16
    assert result.exact >= 15
    assert result.phantoms == 0


@pytest.mark.parametrize("dataset", ["sisfall", "umafall"])
def test_one_bend_in_a_recording(real_data: Path, dataset: str) -> None:
    result = score(real_data, chosen(real_data, dataset, "count", "phase"), min_set_reps=1)
    assert result.bouts > 15
    assert result.exact >= 0.85 * result.bouts
    assert result.phantoms <= 0.15 * result.bouts


def test_nothing_is_counted_in_sets_where_people_walk_and_turn(real_data: Path) -> None:
    assert score(real_data, chosen(real_data, "sisfall", "negative"), min_set_reps=3).phantoms <= 1


@pytest.mark.parametrize("dataset", ["exermote", "barbell", "ktbl", "pibench", "ring"])
def test_others_are_got_through(real_data: Path, dataset: str) -> None:
    for name in chosen(real_data, dataset, "count", "trap", "orientation")[:2]:
        reps = analysed(real_data / name, 3).reps
        assert [r.start_s for r in reps] == sorted(r.start_s for r in reps)
