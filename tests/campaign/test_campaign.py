"""The campaign of faults: a short one every day, the long one by marker, and the same seed twice."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).resolve().parent
EVERYDAY = range(5014, 5024)
LONG = range(1000)


@pytest.fixture
def campaign(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(HERE))
    return importlib.import_module("campaign")


def test_nothing_that_the_sensor_held_is_lost(campaign: ModuleType) -> None:
    outcomes = [campaign.try_one(seed, short=True) for seed in EVERYDAY]
    assert not any(one.problems for one in outcomes), campaign.table(outcomes)
    assert sum(one.gone > 0 for one in outcomes) > 1
    assert sum(sum(one.struck.values()) for one in outcomes) > 30
    assert sum(bool(one.equal) for one in outcomes) > 6


def test_a_seed_is_one_set(campaign: ModuleType) -> None:
    one, again = (campaign.try_one(5013, short=True) for _ in range(2))
    assert (one.struck, one.taken, one.on_disk, one.gone) == (again.struck, again.taken, again.on_disk, again.gone)


@pytest.mark.slow
def test_a_thousand_sets(campaign: ModuleType) -> None:
    outcomes = campaign.run(LONG, jobs=os.cpu_count() or 1)
    print(f"\n{campaign.table(outcomes)}")
    assert not any(one.problems for one in outcomes)
