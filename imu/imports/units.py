"""Units as people and programs write them."""

from __future__ import annotations

import math

from imu.model import G_MPS2

ACC_MPS2 = {"m/s2": 1.0, "g": G_MPS2, "mg": G_MPS2 / 1000.0}
GYR_RADPS = {"rad/s": 1.0, "dps": math.radians(1.0), "mdps": math.radians(1e-3)}
TIME_S = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
SAME = {"m/s^2": "m/s2", "mps2": "m/s2", "deg/s": "dps", "°/s": "dps", "rad": "rad/s", "radps": "rad/s", "µs": "us"}
"""Other spellings."""
