"""What a recording must not be if its numbers are to be believed.

The bounds are wide on purpose: real recordings come with scale errors of 13 % and with stretches in which the range
was wrong four times over. Refused is what would make every number after it meaningless: time that does not advance,
an axis that never moved, the wrong unit.
"""

from __future__ import annotations

import numpy as np

from imu.errors import DataError
from imu.model import Floats, Samples
from imu.sessions.csvfile import NumberTable
from imu.sessions.header import RATES_HZ
from imu.sessions.samplesfile import ACC, GYR

STUCK_SAMPLES = 50
"""An axis with one value over fewer samples than this may be chance or a hand-made example."""
LEAST_MPS2, MOST_MPS2 = 1.6, 45.0
"""The median length of the acceleration must lie between these: a whole file recorded with a range setting that is
wrong four times over still passes (2.5 and 39), data in g (1.0) or in counts do not."""
ODD_MPS2 = (7.5, 12.5)
"""Outside of these it is a wrong scale worth a warning."""
TIME_UNITS = {"ms": 1e-3, "us": 1e-6, "ns": 1e-9}
LIKELY_HZ = (4.0, 4000.0)
"""A unit of time is guessed where it makes the rate a usual one."""
LONGEST_S = 48 * 3600.0
MOST_ACC_MPS2, MOST_GYR_RADPS = 10_000.0, 100.0
"""No single sample is beyond these. Public recordings of bodies hold up to 3100 m/s2 (a wrong scale) and 21 rad/s."""
LATE_S = 0.5
"""The link straightens the sensor's clock as it learns it, by less than this; what goes back further is a fault."""
GYR_P99_RADPS = 25.0
"""A hand shaking a sensor as fast as it can turns faster than this for less than 1 % of the time (rad/s, seen: 16);
a trunk in deg/s exceeds it at once."""


def check_recording(samples: Samples, table: NumberTable) -> list[str]:
    """Refuse a recording that cannot be analysed.

    Returns:
        Warnings about what is odd but can be analysed.

    Raises:
        DataError: It names the file, the line and column where they help, and the mend.
    """
    if len(samples) < 2:
        raise DataError(f"{table.path} holds {len(samples)} samples; a recording needs at least two. Record again.")
    check_time(samples, table)
    check_pace(samples.t_s, step_s(samples), f"{table.path}, column t_s", convert="convert them to s")
    _check_axes(samples, table)
    warnings = _check_units(samples, table)
    _check_bounds(table)
    return warnings


def step_s(samples: Samples) -> float:
    """Median time from one sample to the next, lost ones counted."""
    return float(np.median(np.diff(samples.t_s) / np.diff(samples.index)))


def drop_late(samples: Samples, table: NumberTable) -> tuple[Samples, list[str]]:
    """Leave out samples of a session that are a little earlier than one before them, as the analysis does live.

    Returns:
        The samples in order of time as far as that mends it (the rest is for `check_time`), and warnings.
    """
    newest = np.maximum.accumulate(samples.t_s) if len(samples) else samples.t_s
    behind = np.r_[False, samples.t_s[1:] <= newest[:-1]] if len(samples) else np.zeros(0, bool)
    far = newest - samples.t_s > LATE_S
    if "index" not in table.columns or not behind.any() or far.any():
        return samples, []
    return samples[~behind], [
        f"{table.path}: {behind.sum()} samples go back in time, by up to {(newest - samples.t_s).max():.3f} s; they "
        "were left out."
    ]


def check_time(samples: Samples, table: NumberTable) -> None:
    """Refuse time that stands still or goes back; in a session, by more than `drop_late` mends.

    Raises:
        DataError: It names the first such line.
    """
    numbered = "index" in table.columns
    t = samples.t_s
    step = np.diff(t)
    if not (step <= 0).any():
        return
    if (t == t[0]).all():
        raise DataError(
            f"{table.path}, column t_s: the times do not advance, all {len(t)} are {t[0]:.6f} s; write the "
            "sensor's own time, or sample number / rate."
        )
    bad = np.maximum.accumulate(t)[1:] - t[1:] > LATE_S if numbered else step <= 0
    row = int(np.argmax(bad)) + 1
    place = row if not numbered else int(np.argmax(table.columns["index"] == samples.index[row]))
    if step[row - 1] < 0:
        what = (
            f"time goes back from {t[row - 1]:.6f} to {t[row]:.6f} s; if two recordings were joined, cut the file "
            "here, otherwise sort it by t_s."
        )
    else:
        what = (
            f"{t[row]:.6f} s is the time of the sample before, too: times rounded too far, or times at which a packet "
            "arrived; write the sensor's own time, or sample number / rate."
        )
    raise table.error(place, "t_s", what)


def check_pace(t_s: Floats, step: float, where: str, *, convert: str, rates_hz: tuple[float, float] = RATES_HZ) -> None:
    """Refuse times that are not in seconds, and recordings longer than a person is recorded.

    Args:
        t_s: (n,) the times, n at least 2.
        step: Median time from one sample to the next, lost ones counted.
        where: File and perhaps column, for the message.
        convert: What to do where the unit is another, with `{}` for that unit.
        rates_hz: The slowest and the fastest that there can be.

    Raises:
        DataError: They are in another unit, or it lasts too long.
    """
    slowest, fastest = rates_hz
    if not 1 / fastest <= step <= 1 / slowest:
        low, high = LIKELY_HZ
        unit = next((u for u, in_s in TIME_UNITS.items() if 1 / high <= step * in_s <= 1 / low), None)
        guess = f"these look like {unit}, so {convert.format(unit)}" if unit else "write the sensor's time in s"
        raise DataError(
            f"{where}: the times are {step:.6g} s apart at the median, which is no rate between {slowest:g} and "
            f"{fastest:g} samples a second; {guess}."
        )
    whole = float(t_s[-1] - t_s[0])
    if whole > LONGEST_S:
        row = int(np.argmax(np.diff(t_s))) + 1
        raise DataError(
            f"{where}: from the first to the last sample it is {whole / 3600:.4g} h, more than the "
            f"{LONGEST_S / 3600:.0f} h that a recording may last; give the times in s or cut the file (the longest "
            f"hole ends at {t_s[row]:.6f} s)."
        )


def _check_bounds(table: NumberTable) -> None:
    """Refuse single numbers that no sensor of bodies gives."""
    for names, most, unit in ((ACC, MOST_ACC_MPS2, "m/s2"), (GYR, MOST_GYR_RADPS, "rad/s")):
        for name in names:
            values = np.abs(table.columns.get(name, np.empty(0)))
            what = f"more than {most:g} {unit}, which no body reaches; the line is damaged, delete it."
            table.refuse_where(values > most, name, what)


def _check_axes(samples: Samples, table: NumberTable) -> None:
    if len(samples) < STUCK_SAMPLES:
        return
    values = samples.acc_mps2 if samples.gyr_radps is None else np.hstack([samples.acc_mps2, samples.gyr_radps])
    stuck = values.max(axis=0) == values.min(axis=0)
    names = [name for name, is_stuck in zip((*ACC, *GYR), stuck, strict=False) if is_stuck]
    if names:
        mend = "leave out the gyr_* columns" if names[0] in GYR else "record again with a sensor whose axes all work"
        raise DataError(
            f"{table.path}, lines 2 to {table.line(len(table.columns['t_s']) - 1)}, column {names[0]}: it is "
            f"{table.columns[names[0]][0]:g} throughout, so this axis is stuck or was never written; {mend}."
        )


def _check_units(samples: Samples, table: NumberTable) -> list[str]:
    norm = float(np.median(_length(samples.acc_mps2)))
    found = (
        f"{table.path}, columns acc_*: their length is {norm:.3g} m/s2 at the median where a body at rest reads 9.81"
    )
    if not LEAST_MPS2 <= norm <= MOST_MPS2:
        units = {"g": 1.0, "mg": 1000.0}
        guess = next((u for u, rest in units.items() if rest / 1.6 <= norm <= rest * 1.6), "counts of the sensor")
        raise DataError(f"{found}; these look like {guess}, so convert them to m/s2.")
    if samples.gyr_radps is not None:
        fast = float(np.percentile(_length(samples.gyr_radps), 99))
        if fast > GYR_P99_RADPS:
            raise DataError(
                f"{table.path}, columns gyr_*: 1 % of the samples turn faster than {fast:.3g} rad/s, which no "
                "body does; convert deg/s to rad/s."
            )
    low, high = ODD_MPS2
    return [] if low <= norm <= high else [f"{found}; the scale or the range setting may be wrong."]


def _length(vectors: Floats) -> Floats:
    """Length of each vector; damaged numbers do not overflow."""
    out: Floats = np.linalg.norm(np.clip(vectors, -1e9, 1e9), axis=1)
    return out
