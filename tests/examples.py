"""How many examples hypothesis draws: few every day, as many times more as `IMU_EXAMPLES` says in a long look."""

from __future__ import annotations

import os

_TIMES = int(os.environ.get("IMU_EXAMPLES", "1"))


def examples(everyday: int) -> int:
    """So many every day; with `IMU_EXAMPLES=20` twenty times as many."""
    return everyday * _TIMES
