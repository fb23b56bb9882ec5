"""What a body and a strap add to the prescribed motion: breathing, tremor, sway, strap wobble.

None of it is part of the truth. Every function works on a whole time grid at once.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def band_noise(t_s: Floats, low_hz: float, high_hz: float, rng: np.random.Generator, tones: int = 14) -> Floats:
    """Noise (n,) of unit standard deviation in a band: a sum of tones at random frequencies and phases."""
    edges = np.linspace(low_hz, high_hz, tones + 1)
    frequency = rng.uniform(edges[:-1], edges[1:])
    phase = rng.uniform(0.0, 2.0 * np.pi, tones)
    out = np.zeros_like(t_s)
    for f, p in zip(frequency, phase, strict=True):
        out += np.sin(2.0 * np.pi * f * t_s + p)
    return np.asarray(out * np.sqrt(2.0 / tones))


def breathing(t_s: Floats, rate_hz: float, rng: np.random.Generator) -> Floats:
    """Breathing (n,) of about unit amplitude: its rate wanders by a tenth, breathing out is slower than in."""
    wander = band_noise(t_s, 0.01, 0.05, rng, tones=4)
    phase = 2.0 * np.pi * rate_hz * (t_s + 0.3 * wander) + rng.uniform(0.0, 2.0 * np.pi)
    return np.asarray(np.sin(phase + 0.35 * np.sin(phase)))


def wobble(drive_mps2: Floats, step_s: float, frequency_hz: float, damping: float) -> Floats:
    """Displacement (n, 3) of a damped mass on a spring (strap, soft tissue) driven by acceleration.

    In units of its static answer: a steady 1 m/s^2 gives 1, and it begins at rest under the first drive. The poles are
    the exact ones of the spring, so it is stable at any step.
    """
    from scipy.signal import lfilter, lfilter_zi  # noqa: PLC0415 - scipy is slow to import

    w = 2.0 * np.pi * frequency_hz
    decay, turn = np.exp(-damping * w * step_s), w * np.sqrt(1.0 - damping**2) * step_s
    a1, a2 = -2.0 * decay * np.cos(turn), decay**2
    b, a = [0.0, 1.0 + a1 + a2], [1.0, a1, a2]
    begin = lfilter_zi(b, a)[:, None] * drive_mps2[:1]
    return np.asarray(lfilter(b, a, drive_mps2, axis=0, zi=begin)[0])
