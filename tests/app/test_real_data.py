"""`imu analyze` on real people: it must get through every recording, and write what a scorer can read."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import Result

Imu = Callable[..., Result]


PER_SET = 3
"""Recordings of each data set in the everyday run."""
EVERYDAY_BYTES = 3_000_000


def recordings(folder: Path) -> list[str]:
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        return [row["recording"] for row in csv.DictReader(file)]


def some_of_each(folder: Path) -> list[str]:
    """The first few recordings of each data set that are not long."""
    chosen: dict[str, list[str]] = {}
    for name in recordings(folder):
        same = chosen.setdefault(name.split("/")[0], [])
        if len(same) < PER_SET and (folder / name).stat().st_size < EVERYDAY_BYTES:
            same.append(name)
    return [name for names in chosen.values() for name in names]


def test_a_few_of_each_data_set(imu: Imu, real_data: Path, tmp_path: Path) -> None:
    for name in some_of_each(real_data):
        done = imu("analyze", real_data / name, "--out", tmp_path, "--orientation")
        assert done.exit_code == 0, f"{name}: {done.output}"
        stem = Path(name).name.removesuffix(".csv.gz")
        assert {"start_s", "end_s", "counted"} <= set(pd.read_csv(tmp_path / f"{stem}.reps.csv").columns)
        assert len(pd.read_csv(tmp_path / f"{stem}.angle.csv")) > 0


@pytest.mark.slow
def test_every_recording(imu: Imu, real_data: Path, tmp_path: Path) -> None:
    done = imu("analyze", real_data, "--out", tmp_path)
    assert done.exit_code == 0, done.output
    written = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.reps.csv")}
    assert written == {name.removesuffix(".csv.gz") + ".reps.csv" for name in recordings(real_data)}
