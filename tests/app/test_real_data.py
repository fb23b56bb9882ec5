"""`imu analyze` on real people: it must get through every recording, and write what a scorer can read."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from typer.testing import Result

Imu = Callable[..., Result]


def recordings(folder: Path) -> list[str]:
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        return [row["recording"] for row in csv.DictReader(file)]


def test_every_recording_gives_a_ledger_and_an_orientation(imu: Imu, real_data: Path, tmp_path: Path) -> None:
    done = imu("analyze", real_data, "--out", tmp_path, "--orientation")
    assert done.exit_code == 0, done.output
    for name in recordings(real_data):
        stem = name.removesuffix(".csv.gz")
        assert {"start_s", "end_s", "counted"} <= set(pd.read_csv(tmp_path / f"{stem}.reps.csv").columns)
        assert (tmp_path / f"{stem}.angle.csv").stat().st_size > 100
