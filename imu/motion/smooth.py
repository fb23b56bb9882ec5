"""Linear-phase smoothing whose result does not depend on how the signal was cut."""

from __future__ import annotations

import numpy as np

from imu.model import Floats


def gaussian_taps(sigma_s: float, rate_hz: float) -> Floats:
    """Odd-length Gaussian of unit sum, cut at three sigma (the rest holds 0.3 % of its area)."""
    half = max(1, int(np.ceil(3.0 * sigma_s * rate_hz)))
    k = np.arange(-half, half + 1) / (sigma_s * rate_hz)
    taps = np.exp(-0.5 * k * k)
    out: Floats = taps / taps.sum()
    return out


class Smoother:
    """Causal FIR smoothing of one signal; output k belongs to input k - `delay`.

    Every output is one dot product over the same number of inputs, so the chunking cannot show in the result. The
    start is padded with the first value: a signal that begins at rest stays at rest.
    """

    def __init__(self, taps: Floats) -> None:
        self._taps = taps
        self.delay = len(taps) // 2
        self._tail: Floats | None = None

    def push(self, block: Floats) -> Floats:
        """Return as many smoothed values as there are new inputs, but for `delay` fewer at the very start."""
        if not len(block):
            return block
        if self._tail is None:
            self._tail = np.full(self.delay, block[0])
        signal = np.concatenate((self._tail, block))
        if len(signal) < len(self._taps):
            self._tail = signal
            return np.empty(0)
        self._tail = signal[1 - len(self._taps) :]
        return np.correlate(signal, self._taps, mode="valid")  # the taps are symmetric

    def finish(self) -> Floats:
        """The last `delay` values, the signal held at its end."""
        if self._tail is None:
            return np.empty(0)
        return self.push(np.full(self.delay, self._tail[-1]))
