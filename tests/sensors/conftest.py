"""Bytes that real sensors sent, with what they mean; they are not part of this repository."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Vectors = Callable[[str], list[dict[str, Any]]]


@pytest.fixture(scope="session")
def vectors() -> Vectors:
    """Those whose name begins as asked; tests that need them are skipped without."""
    file = Path(os.environ.get("IMU_REAL_DATA", "")) / "sensor_vectors.json"
    if "IMU_REAL_DATA" not in os.environ or not file.is_file():
        pytest.skip("IMU_REAL_DATA does not name a folder with a sensor_vectors.json")
    all_of_them = json.loads(file.read_text())["vectors"]

    def named(begins: str) -> list[dict[str, Any]]:
        found = [each for each in all_of_them if each["id"].startswith(begins)]
        assert found, f"{file} holds no vector {begins}"
        return found

    return named
