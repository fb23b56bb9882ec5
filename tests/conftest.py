"""Fixtures for all rooms."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


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
