"""What a virtual sensor's chip measures: a recording, played once and then held still for ever.

`Source` gives the counts of one chip; `Motion` the movement itself, for chips with rates and scales of their own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from firmware_proto.codes import Kind

Raw = npt.NDArray[np.int16]
Values = npt.NDArray[np.float64]

NOMINAL_RATES_HZ = (12.5, 26.0, 52.0, 104.0, 208.0, 416.0)
"""Data rates of the LSM6DS3TR-C (ST datasheet DocID030071, table 52). They are typical values; a part may be off."""


class Source:
    """Endless raw samples made of a finite recording.

    After the recording's end the body keeps its last posture: acceleration stays where it was, the angular rate goes to
    its bias, and the noise of the last second is repeated, so that a stream never simply stops.

    Args:
        raw: (n, 6) acceleration and angular rate, or (n, 3) acceleration, as int16.
        rate_hz: The recording's true rate.

    Raises:
        ValueError: The recording is empty or has another shape or type.
    """

    def __init__(self, raw: npt.NDArray[Any], rate_hz: float) -> None:
        if raw.ndim != 2 or raw.shape[1] not in (3, 6) or not len(raw) or raw.dtype != np.int16:
            raise ValueError(f"a recording is (n, 6) or (n, 3) int16 with n > 0, not {raw.shape} {raw.dtype}")
        self._raw: Raw = raw
        limits = np.iinfo(np.int16)
        still = _still(raw, max(1, round(rate_hz)))
        self._still = np.asarray(np.clip(np.rint(still), limits.min, limits.max), np.int16)
        self.rate_hz = rate_hz
        self.kind = Kind.ACC_GYR if raw.shape[1] == 6 else Kind.ACC
        near = min(NOMINAL_RATES_HZ, key=lambda hz: abs(hz - rate_hz))
        self.nominal_hz = near if abs(near - rate_hz) < 0.1 * near else round(rate_hz, 1)

    @property
    def divisors(self) -> dict[int, int]:
        """Rates offered, in 0.1 Hz, and how many recorded samples make one of theirs."""
        rates = {round(self.nominal_hz * 10 / divisor): divisor for divisor in (4, 2, 1)}
        return {dhz: divisor for dhz, divisor in rates.items() if dhz >= 1}

    def take(self, first: int, count: int, *, kind: Kind, divisor: int) -> Raw:
        """(count, channels) samples from `first` on; a lower rate is the mean of its recorded samples, as a filter."""
        at = np.arange(first * divisor, (first + count) * divisor)
        end = len(self._raw)
        rows = np.where(
            (at < end)[:, None], self._raw[np.minimum(at, end - 1)], self._still[(at - end) % len(self._still)]
        )[:, : kind.channels]
        if divisor > 1:
            rows = np.rint(rows.reshape(count, divisor, -1).mean(axis=1))
        return np.asarray(rows, np.int16)


class Motion:
    """An endless movement made of a finite recording, in physical units, at any instant.

    Between two samples the movement is interpolated linearly; after the end it goes on as a `Source` does.

    Args:
        acc_g: (n, 3) specific force in g, the first sample at 0 s.
        gyr_dps: (n, 3) angular rate in deg/s.
        rate_hz: Samples per second.

    Raises:
        ValueError: The recording is empty or has another shape.
    """

    def __init__(self, acc_g: npt.NDArray[Any], gyr_dps: npt.NDArray[Any], rate_hz: float) -> None:
        if acc_g.ndim != 2 or acc_g.shape[1] != 3 or not len(acc_g) or gyr_dps.shape != acc_g.shape:
            raise ValueError(f"a movement is (n, 3) and (n, 3) with n > 0, not {acc_g.shape} and {gyr_dps.shape}")
        moved = np.column_stack((acc_g, gyr_dps)).astype(np.float64)
        still = _still(moved, max(1, round(rate_hz)))
        self.rate_hz = rate_hz
        self._period = len(still)
        self._rows = np.vstack((moved, still, still[:1]))

    def at(self, t_s: npt.NDArray[Any]) -> tuple[Values, Values]:
        """Specific force in g and angular rate in deg/s, (m, 3) each, at (m,) instants in s from the beginning."""
        place, end = np.asarray(t_s, np.float64) * self.rate_hz, len(self._rows) - 1 - self._period
        place = np.where(place < end, np.maximum(place, 0.0), end + (place - end) % self._period)
        before = np.minimum(place.astype(np.int64), len(self._rows) - 2)
        part = (place - before)[:, None]
        values = self._rows[before] * (1 - part) + self._rows[before + 1] * part
        return values[:, :3], values[:, 3:]


def _still(moved: npt.NDArray[Any], second: int) -> Values:
    """One second of standing still in the recording's last posture, with the noise of its last second."""
    tail = moved[-second:].astype(np.float64)
    posture = tail[-max(1, second // 10) :].mean(axis=0)
    # a resting gyroscope shows its bias, and over a whole recording the median rate is nearly that
    posture[3:] = np.median(moved[:, 3:], axis=0)
    # a sample less the mean of its neighbours is free of motion and, for white noise, of 1.5 times its variance
    noise = (tail[1:-1] - (tail[:-2] + tail[2:]) / 2) / np.sqrt(1.5) if len(tail) > 2 else np.zeros_like(tail[:1])
    return np.asarray(posture + noise)
