"""Simulated people, analysed as a recording is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pytest

from firmware_proto.motion import Recording, TrueRep
from imu.exercises import get_exercise
from imu.model import Analysis, Bools, Mount, Rep, Samples
from imu.motion.pipeline import analyze

Analyse = Callable[..., Analysis]
SamplesOf = Callable[..., Samples]
PerSet = Callable[..., list[int]]
RECORDINGS = 64
"""So many are kept in memory with what was found in them."""


def samples_of(recording: Recording, keep: Bools | None = None, *, gyroscope: bool = True) -> Samples:
    """The recording as decoded; with `keep`, only what arrived, under its own time and index."""
    samples = Samples.measured(recording.t_s, recording.acc_mps2, recording.gyr_radps if gyroscope else None)
    return samples if keep is None else samples[keep]


def declared(recording: Recording) -> Mount:
    """The mount by the names of the axes; how the strap really sits differs from it by the plan's misalignment."""
    return Mount.from_axes(cranial=recording.plan.cranial, anterior=recording.plan.anterior)


def _analysed(
    recording: Recording, exercise: str, *, learned: bool, keep: Bools | None = None, **settings: Any
) -> Analysis:
    return analyze(
        samples_of(recording, keep),
        get_exercise(exercise),
        rate_hz=recording.rate_hz,
        mount=None if learned else declared(recording),
        **settings,
    )[0]


@pytest.fixture(scope="module")
def analysed() -> Analyse:
    """Analyse a simulated recording, by default as its own exercise and with the mount declared; a plain one once."""
    plain = lru_cache(maxsize=RECORDINGS)(_analysed)

    def run(
        recording: Recording,
        exercise: str | None = None,
        *,
        learned: bool = False,
        keep: Bools | None = None,
        **settings: Any,
    ) -> Analysis:
        key = exercise or recording.plan.style
        if keep is None and not settings:
            return plain(recording, key, learned=learned)
        return _analysed(recording, key, learned=learned, keep=keep, **settings)

    return run


@pytest.fixture(scope="session")
def per_set() -> PerSet:
    """How many repetitions each set holds, in order."""

    def count(reps: tuple[Rep, ...] | tuple[TrueRep, ...]) -> list[int]:
        return list(Counter(r.set for r in reps if not isinstance(r, Rep) or r.counted).values())

    return count
