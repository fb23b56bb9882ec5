"""The soak's own way, shorter: nothing is lost, nothing drifts over the wraps of index and time, memory is bounded."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from imu.app.analyze import rederive
from imu.sessions import read_session

HERE = Path(__file__).resolve().parent
U32_US = 2.0**32
MINUTE_US = 60e6


@pytest.fixture
def soak(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(HERE))
    return importlib.import_module("soak")


def holds(soak: ModuleType, day: Any, cycle: Any, never: int) -> None:
    """Every sample that was taken is in the file, at its time, and from the file every set is counted."""
    kept = read_session(day.folder)
    assert np.array_equal(kept.samples.index, day.expected)
    assert kept.warnings == ()
    gaps = soak.gaps(kept.samples)
    assert len(gaps) == never > 0
    assert day.lost == sum(b - a for a, b in gaps)
    assert day.filled > 1000
    assert soak.drift_s(kept.samples, day.hz) < 1e-3
    sets = soak.true_sets(cycle, day.n)
    inside, beside = soak.counted(rederive(day.folder), sets)
    assert (inside, beside) == ([reps for *_, reps in sets], 0)


def test_a_stream_goes_on_over_the_wraps_of_index_and_time(
    soak: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soak, "PACKET", 19)  # the most a frame holds: twice as quick
    cycle = soak.half_an_hour(short=True)
    trouble = soak.Trouble(away_every_s=250.0, never_every_s=180.0, start_us=U32_US - MINUTE_US)
    day = soak.live(tmp_path, cycle, 700.0, trouble=trouble, counting=False)
    assert day.n > 0xFFFF
    assert day.n / day.hz > MINUTE_US * 1e-6
    holds(soak, day, cycle, never=4)
    assert max(day.stream_kept.values()) < 1000


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="a process's memory is read from /proc")
def test_hours_of_counting_take_no_more_memory_than_one(soak: ModuleType, tmp_path: Path) -> None:
    cycle = soak.half_an_hour()
    day = soak.live(tmp_path, cycle, 6 * 3600.0, keep_s=1800.0)
    assert day.memory_mb[-1] - day.memory_mb[2] < 25.0
    assert soak.counted(day.live, soak.true_sets(cycle, day.n))[1] == 0
    holds(soak, day, cycle, never=4)
