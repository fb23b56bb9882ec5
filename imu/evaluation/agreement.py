"""How far measured values lie from true ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from imu.model import NAN

LOA_SD = 1.96
"""Limits of agreement lie this many standard deviations from the bias (Bland & Altman, Lancet 327, 1986)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Errors (measured minus true) in figures, in the unit of the errors; nan where there are too few.

    Attributes:
        n: Errors that are numbers.
        median, p95: Median and 95th percentile of the absolute errors.
        bias: Mean error.
        low, high: Limits of agreement: about 95 % of the errors lie between, if they are normally distributed.
    """

    n: int
    median: float = NAN
    p95: float = NAN
    bias: float = NAN
    low: float = NAN
    high: float = NAN


def agreement(errors: Iterable[float]) -> Agreement:
    """Sum errors up; those that are nan (a phase that one of both does not have) are left out."""
    e = np.asarray(list(errors), float)
    e = e[np.isfinite(e)]
    if not len(e):
        return Agreement(n=0)
    size, bias = np.abs(e), float(e.mean())
    spread = LOA_SD * float(e.std(ddof=1)) if len(e) > 1 else NAN
    return Agreement(
        n=len(e),
        median=float(np.median(size)),
        p95=float(np.percentile(size, 95)),
        bias=bias,
        low=bias - spread,
        high=bias + spread,
    )
