"""Two streams with rates and clocks of their own -> samples on the accelerometer's times."""

from __future__ import annotations

import numpy as np

from imu.errors import DataError
from imu.imports.format import Stream
from imu.model import Bools, Floats, Samples
from imu.sessions.checks import LONGEST_S

LONGEST_HOLE_S = 0.3
"""A trunk moves below 2 Hz, so a shorter hole of the gyroscope is bridged without harm; in a longer one the samples
of the accelerometer are left out, and the analysis sees an honest hole."""
RATES_HZ = (5.0, 2000.0)
"""No phone and no sensor of bodies is slower or faster."""
TIME_UNITS = {"ms": 1e-3, "us": 1e-6, "ns": 1e-9}


def step_s(stream: Stream) -> float:
    """Median time from one sample to the next.

    Raises:
        DataError: It is no rate of a sensor, so that the unit of time must be another, or the stream is too long.
    """
    step = float(np.median(np.diff(stream.t_s)))
    low, high = RATES_HZ
    if not 1 / high <= step <= 1 / low:
        unit = next((u for u, in_s in TIME_UNITS.items() if 1 / high <= step * in_s <= 1 / low), None)
        guess = f"the times look like {unit}: say so with --units {unit}" if unit else "export the sensor's own time"
        raise DataError(
            f"{stream.path}: the samples would be {step:.6g} s apart, which is no rate between {low:g} and {high:g} a "
            f"second; {guess}."
        )
    whole_s = float(stream.t_s[-1] - stream.t_s[0])
    if whole_s > LONGEST_S:
        raise DataError(
            f"{stream.path}: from first to last it is {whole_s / 3600:.4g} h, more than the {LONGEST_S / 3600:.0f} h "
            "that a recording may last; cut the file."
        )
    return step


def merge(acc: Stream, gyr: Stream | None) -> tuple[Samples, tuple[str, ...]]:
    """Interpolate the gyroscope on the accelerometer's times, within what both saw.

    Returns:
        Samples whose times are the accelerometer's, and sentences about what was done.

    Raises:
        DataError: The streams do not overlap, or the unit of time cannot be right.
    """
    rate_hz = 1.0 / step_s(acc)
    if gyr is None:
        return Samples.measured(acc.t_s, acc.values), (f"Accelerometer only, {rate_hz:.4g} Hz.",)
    gyr_hz = 1.0 / step_s(gyr)
    if len(acc.t_s) == len(gyr.t_s) and np.array_equal(acc.t_s, gyr.t_s):
        return Samples.measured(acc.t_s, acc.values, gyr.values), (f"Both sensors on one clock, {rate_hz:.4g} Hz.",)
    both = (acc.t_s >= gyr.t_s[0]) & (acc.t_s <= gyr.t_s[-1])
    if both.mean() < 0.5:
        raise DataError(
            f"{acc.path} and {gyr.path} have {both.mean():.0%} of their time in common (they begin "
            f"{abs(acc.t_s[0] - gyr.t_s[0]):.4g} s apart), so they are not of one recording; give the two files of one."
        )
    keep = both & ~_in_hole(acc.t_s, gyr.t_s)
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
