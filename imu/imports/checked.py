"""Source -> samples that can be believed: units are not taken on trust where the motion can tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imu.errors import DataError
from imu.imports.format import Source, Stream
from imu.imports.merge import merge
from imu.imports.units import ACC_MPS2, GYR_RADPS
from imu.model import G_MPS2, Floats, Samples
from imu.sessions.checks import MOST_ACC_MPS2, MOST_GYR_RADPS

REST_S = 0.5
REST_SHARE = 0.1
"""Of stretches this long, this share with the least spread is rest."""
REST_SLACK = 0.2
"""Phones' scales are off by up to 13 % (seen in public recordings)."""
SMOOTH_S = 0.3
"""What turns slower than this is seen by the accelerometer as a turn of gravity."""
LEAST_TURN_RADPS = 0.1
"""Root mean square of the turn of gravity below which nothing can be said."""
WRONG_SCALE = 8.0
"""Degrees and radians differ by 57; the comparison is good to a factor of two, since swinging is not gravity."""
LEAST_LIKENESS = 0.5
"""Correlation from which the two sensors tell of one motion."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """A recording fit for a session: `samples` begin at `t_s` 0, `started_unix_s` is when that was, if known."""

    source: Source
    samples: Samples
    rate_hz: float
    started_unix_s: float | None
    notes: tuple[str, ...]


def checked(source: Source) -> Imported:
    """Merge the streams of a source and check their units against gravity and each other.

    Raises:
        DataError: At rest it does not read 9.81 m/s^2, or the gyroscope's unit is another; the message says which.
    """
    samples, notes = merge(source.acc, source.gyr)
    rate_hz = 1.0 / float(np.median(np.diff(samples.t_s)))
    rest = _check_gravity(source.acc, samples.acc_mps2, rate_hz)
    turn = () if source.gyr is None else _check_turn(source.gyr, samples, rate_hz)
    for stream, most in ((source.acc, MOST_ACC_MPS2), (source.gyr, MOST_GYR_RADPS)):
        if stream is not None:
            _check_alive(stream, most)
    zero_s = float(samples.t_s[0])
    begun = None if source.started_unix_s is None else source.started_unix_s + zero_s
    moved = Samples.measured(samples.t_s - zero_s, samples.acc_mps2, samples.gyr_radps)
    return Imported(
        source=source,
        samples=moved,
        rate_hz=rate_hz,
        started_unix_s=begun,
        notes=(*source.notes, *notes, rest, *turn),
    )


def _check_gravity(acc: Stream, acc_mps2: Floats, rate_hz: float) -> str:
    """That a body at rest reads 9.81 m/s^2."""
    length = np.linalg.norm(acc_mps2, axis=1)
    n = max(int(REST_S * rate_hz), 2)
    parts = length[: len(length) // n * n].reshape(-1, n)
    if not len(parts):
        raise DataError(f"{acc.path} is shorter than {REST_S} s; export the whole recording.")
    spread = parts.std(axis=1)
    rest = float(np.median(parts[spread <= np.quantile(spread, REST_SHARE)]))
    if abs(rest / G_MPS2 - 1.0) <= REST_SLACK:
        return f"At rest |acc| is {rest:.2f} m/s^2, read as {acc.unit}."
    said = rest / ACC_MPS2[acc.unit]
    fits = next((u for u, one in ACC_MPS2.items() if abs(said * one / G_MPS2 - 1.0) <= REST_SLACK), None)
    if fits is not None:
        mend = f"the numbers look like {fits}: say so with --columns ... --units {fits}"
    elif rest < (1.0 - REST_SLACK) * G_MPS2 / 2:
        mend = "gravity seems to be taken out (linear acceleration): export the acceleration with gravity"
    else:
        mend = "the unit or the range is another: find out which, and convert to m/s2"
    raise DataError(
        f"{acc.path}: at rest the acceleration is {rest:.4g} m/s^2, read as {acc.unit}, where it must be about 9.81; "
        f"{mend}."
    )


def _check_alive(stream: Stream, most: float) -> None:
    """That every axis moves, and no number is beyond what a body does."""
    stuck = [name for name, axis in zip("xyz", stream.values.T, strict=True) if axis.min() == axis.max()]
    if stuck:
        raise DataError(
            f"{stream.path}: axis {stuck[0]} has one value throughout, so it is stuck or was never written; record "
            "with a sensor whose axes all work, or leave this file out if it is the gyroscope's."
        )
    beyond = np.abs(stream.values).max(axis=1) > most
    if beyond.any():
        row = int(np.argmax(beyond))
        raise DataError(
            f"{stream.path}: its sample {row + 1}, {stream.t_s[row] - stream.t_s[0]:.3f} s after the first, is more "
            "than any body does; the line is damaged, delete it."
        )


def _check_turn(gyr: Stream, samples: Samples, rate_hz: float) -> tuple[str, ...]:
    """That gravity turns in sensor axes as the gyroscope says: d(up)/dt = -omega x up."""
    if samples.gyr_radps is None:
        return ()
    up = _smooth(samples.acc_mps2, rate_hz)
    up = up / np.maximum(np.linalg.norm(up, axis=1), 1e-9)[:, None]
    seen = np.gradient(up, samples.t_s, axis=0)
    told = -np.cross(_smooth(samples.gyr_radps, rate_hz), up)
    seen_2, told_2, both = float((seen**2).sum()), float((told**2).sum()), float((seen * told).sum())
    if seen_2 < len(samples) * LEAST_TURN_RADPS**2 or told_2 == 0.0:
        return ("Too little turning to check the gyroscope's unit by gravity.",)
    likeness, scale = both / np.sqrt(seen_2 * told_2), both / told_2
    if likeness < LEAST_LIKENESS:
        return (
            f"The gyroscope does not turn as gravity does (correlation {likeness:.2f}): its axes or times may be "
            "others than the accelerometer's.",
        )
    if 1.0 / WRONG_SCALE <= scale <= WRONG_SCALE:
        return (f"The gyroscope, read as {gyr.unit}, turns as gravity does (scale {scale:.2f}).",)
    right = scale * GYR_RADPS[gyr.unit]
    fits = next((u for u, one in GYR_RADPS.items() if 1 / WRONG_SCALE <= right / one <= WRONG_SCALE), None)
    mend = f"the numbers look like {fits}: say so with --columns ... --units {fits}" if fits else "find out its unit"
    raise DataError(
        f"{gyr.path}: read as {gyr.unit}, the gyroscope turns {1 / scale:.3g} times as fast as gravity does; {mend}."
    )


def _smooth(values: Floats, rate_hz: float) -> Floats:
    n = max(int(SMOOTH_S * rate_hz), 1)
    kernel = np.ones(n) / n
    return np.column_stack([np.convolve(axis, kernel, mode="same") for axis in values.T])
