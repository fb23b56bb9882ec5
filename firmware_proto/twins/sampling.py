"""When a chip takes its samples."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from firmware_proto.virtual_source import Values

LEAST_MTU = 23
ATT_HEADER_BYTES = 3


@dataclass(kw_only=True)
class Sampling:
    """A run of samples, evenly spaced.

    Attributes:
        rate_hz: True rate.
        zero_us: When sample 0 is taken.
        taken: Samples handed out so far.
    """

    rate_hz: float
    zero_us: float
    taken: int = 0

    def take(self, now_us: int, *, whole: int = 1) -> Values:
        """Instants, in microseconds, of those taken since the last call; only as many as are a multiple of `whole`."""
        due = max(0, math.floor((now_us - self.zero_us) * self.rate_hz / 1e6 + 1e-6) + 1)
        first, self.taken = self.taken, self.taken + (due - self.taken) // whole * whole
        return self.zero_us + np.arange(first, self.taken, dtype=np.float64) * (1e6 / self.rate_hz)
