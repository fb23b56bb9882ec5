"""Smoothness of a movement by the arc length of its speed's spectrum."""

from __future__ import annotations

from math import ceil, log2

import numpy as np

from imu.model import NAN, Floats

_HIGHEST_HZ = 10.0
_LEAST = 0.05


def spectral_arc_length(speed: Floats, rate_hz: float) -> float:
    """Smoothness of a movement's speed profile: SPARC, 0 is smoothest, more negative less smooth.

    The arc length of the normalised amplitude spectrum up to 10 Hz or to where it stays below 5 %, as proposed by
    Balasubramanian, Melendez-Calderon & Burdet (IEEE Trans. Biomed. Eng. 59, 2012) with the later adaptive cut-off.
    """
    # The spectrum is looked at up to 10 Hz: more samples than 20 a second only cost time.
    stride = max(1, int(rate_hz / (2.0 * _HIGHEST_HZ)))
    speed, rate_hz = speed[::stride], rate_hz / stride
    if len(speed) < 4 or not speed.any():
        return NAN
    n = 16 * 2 ** ceil(log2(len(speed)))
    spectrum = np.abs(np.fft.rfft(speed, n)[: int(_HIGHEST_HZ * n / rate_hz) + 1])
    spectrum /= spectrum[0]
    last = int((spectrum >= _LEAST).nonzero()[0][-1])
    if last < 1:
        return NAN
    # Both axes count from 0 to 1; the steps along that of frequency are all alike.
    rise = spectrum[1 : last + 1] - spectrum[:last]
    rise *= rise
    rise += 1.0 / last**2
    return -float(np.add.reduce(np.sqrt(rise)))
