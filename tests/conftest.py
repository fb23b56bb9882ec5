"""Fixtures for all rooms."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("any machine", deadline=None, print_blob=True)
settings.load_profile("any machine")
"""No test depends on how fast the machine is."""


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real recordings with a `manifest.csv`, from the environment; tests that need it are skipped without."""
    named = os.environ.get("IMU_REAL_DATA")
    if not named:
        pytest.skip("IMU_REAL_DATA is not set: there are no real recordings here")
    folder = Path(named)
    if not (folder / "manifest.csv").is_file():
        pytest.skip(f"IMU_REAL_DATA={named} holds no manifest.csv")
    return folder


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave slow tests out unless the command line chooses by mark."""
    if config.getoption("-m"):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]
