"""What the virtual sensor's chip measures: a recording, played once and then held still for ever."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from firmware_proto.codes import Kind

Raw = npt.NDArray[np.int16]

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
        self._still = _still(raw, max(1, round(rate_hz)))
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


def _still(raw: Raw, second: int) -> Raw:
    """One second of standing still in the recording's last posture, with the noise of its last second."""
    tail = raw[-second:].astype(float)
    posture = tail[-max(1, second // 10) :].mean(axis=0)
    # a resting gyroscope shows its bias, and over a whole recording the median rate is nearly that
    posture[3:] = np.median(raw[:, 3:], axis=0)
    # a sample less the mean of its neighbours is free of motion and, for white noise, of 1.5 times its variance
    noise = (tail[1:-1] - (tail[:-2] + tail[2:]) / 2) / np.sqrt(1.5) if len(tail) > 2 else np.zeros_like(tail[:1])
    limits = np.iinfo(np.int16)
    return np.asarray(np.clip(np.rint(posture + noise), limits.min, limits.max), np.int16)
