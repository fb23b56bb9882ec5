"""Two streams with rates and clocks of their own -> samples on the accelerometer's times."""

from __future__ import annotations

import numpy as np

from imu.errors import DataError
from imu.imports.format import Stream
from imu.model import Bools, Floats, Samples
from imu.sessions.checks import check_pace

LONGEST_HOLE_S = 0.3
"""A trunk moves below 2 Hz, so a shorter hole of the gyroscope is bridged without harm; in a longer one the samples
of the accelerometer are left out, and the analysis sees an honest hole."""
RATES_HZ = (5.0, 2000.0)
"""No phone and no sensor of bodies is slower or faster."""


def _rate_hz(stream: Stream) -> float:
    step = float(np.median(np.diff(stream.t_s)))
    check_pace(stream.t_s, step, str(stream.path), convert="say so with --columns ... --units {}", rates_hz=RATES_HZ)
    return 1.0 / step


def merge(acc: Stream, gyr: Stream | None) -> tuple[Samples, tuple[str, ...]]:
    """Interpolate the gyroscope on the accelerometer's times, within what both saw.

    Returns:
        Samples whose times are the accelerometer's, and sentences about what was done.

    Raises:
        DataError: The streams do not overlap, or the unit of time cannot be right.
    """
    rate_hz = _rate_hz(acc)
    if gyr is None:
        return Samples.measured(acc.t_s, acc.values), (f"Accelerometer only, {rate_hz:.4g} Hz.",)
    gyr_hz = _rate_hz(gyr)
    if len(acc.t_s) == len(gyr.t_s) and np.array_equal(acc.t_s, gyr.t_s):
        return Samples.measured(acc.t_s, acc.values, gyr.values), (f"Both sensors on one clock, {rate_hz:.4g} Hz.",)
    both = (acc.t_s >= gyr.t_s[0]) & (acc.t_s <= gyr.t_s[-1])
    if both.mean() < 0.5:
        raise DataError(
            f"{acc.path} and {gyr.path} have {both.mean():.0%} of their time in common (they begin "
            f"{abs(acc.t_s[0] - gyr.t_s[0]):.4g} s apart), so they are not of one recording; give the two files of one."
        )
    keep = both & ~_in_hole(acc.t_s, gyr.t_s)
    if keep.sum() < 0.5 * both.sum():
        raise DataError(
            f"{gyr.path}: for {1 - keep.sum() / both.sum():.0%} of the time the gyroscope has holes longer than "
            f"{LONGEST_HOLE_S:g} s; leave this file out, and the angle is taken from the acceleration alone."
        )
    t_s = acc.t_s[keep]
    turned = np.column_stack([np.interp(t_s, gyr.t_s, axis) for axis in gyr.values.T])
    notes = [f"Gyroscope ({gyr_hz:.4g} Hz) interpolated on the accelerometer's times ({rate_hz:.4g} Hz)."]
    if lost := int((both & ~keep).sum()):
        notes.append(f"{lost} samples left out where the gyroscope has holes longer than {LONGEST_HOLE_S:g} s.")
    return Samples.measured(t_s, acc.values[keep], turned), tuple(notes)


def _in_hole(t_s: Floats, knots_s: Floats) -> Bools:
    """Which times lie strictly inside a hole between knots that is too long to bridge."""
    after = np.clip(np.searchsorted(knots_s, t_s), 1, len(knots_s) - 1)
    hole: Bools = (knots_s[after] - knots_s[after - 1] > LONGEST_HOLE_S) & (knots_s[after] != t_s)
    return hole
