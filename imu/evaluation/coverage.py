"""Whether stated uncertainties are right: how often the truth lies inside a stated interval."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from imu.model import NAN


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What became of stated intervals.

    Attributes:
        asked: Values that have a truth.
        stated: Those of them that came with a half-width.
        inside: Those of them whose interval holds the truth, its ends included.
        half_width: Median half-width, nan where none was stated. An interval that is wide enough is always right;
            it is worth nothing, so this stands beside the share.
    """

    asked: int
    stated: int
    inside: int
    half_width: float = NAN

    @property
    def share(self) -> float:
        """Share of the stated intervals that hold the truth, nan where none was stated."""
        return self.inside / self.stated if self.stated else NAN


def coverage(rows: Iterable[tuple[float, float]]) -> Coverage:
    """Sum up rows of (error, half-width); a row without an error is not asked, one without a half-width not stated."""
    table = np.asarray([*rows], float).reshape(-1, 2)
    asked = table[np.isfinite(table[:, 0])]
    stated = asked[np.isfinite(asked[:, 1])]
    return Coverage(
        asked=len(asked),
        stated=len(stated),
        inside=int(np.count_nonzero(np.abs(stated[:, 0]) <= stated[:, 1])),
        half_width=float(np.median(stated[:, 1])) if len(stated) else NAN,
    )
