"""How often the count is right and how far the phase times are off, on simulated sets with set-up and stepping off.

Run by hand: `python tests/benchmarks/accuracy.py --sets 40`. Synthetic: it measures the method, not people. The seeds
printed here were not looked at while the constants were chosen.
"""

from __future__ import annotations

import argparse
from collections import Counter

import numpy as np

from firmware_proto.motion import STYLES, Recording, random_plan, simulate
from imu.exercises import get_exercise
from imu.model import Analysis, Mount, Samples
from imu.motion.pipeline import analyze

FIRST_SEED = 5000
PHASES = ("lower_s", "bottom_hold_s", "lift_s", "top_hold_s")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=40, help="recordings of each exercise")
    recordings = parser.parse_args().sets
    errors: dict[str, list[float]] = {}
    print("Recordings with every set exact, %:")
    print(f"{'exercise':24}{'recordings':>12}{'mount known':>13}{'learned':>9}")
    totals = [0, 0]
    for style in STYLES:
        exact = [0, 0]
        for seed in range(FIRST_SEED, FIRST_SEED + recordings):
            plan, sensor = random_plan(seed, style)
            made = simulate(plan, sensor, seed)
            for i, known in enumerate((True, False)):
                found = _analyse(made, style, known=known)
                right = _per_set(made.truth.counted) == _per_set(found.counted)
                exact[i] += right
                if right and known and made.sensor.gyroscope:
                    _collect(made, found, errors)
        totals = [a + b for a, b in zip(totals, exact, strict=True)]
        shares = "".join(f"{100 * e / recordings:{w}.1f}" for e, w in zip(exact, (13, 9), strict=True))
        print(f"{style:24}{recordings:12}{shares}")
    n = recordings * len(STYLES)
    print(f"{'all':24}{n:12}{100 * totals[0] / n:13.1f}{100 * totals[1] / n:9.1f}")
    print("\nPhases, with gyroscope, mount known:")
    print(f"{'phase':32}{'n':>8}{'median |error| s':>18}{'p95 s':>8}{'bias s':>8}")
    for name, values in sorted(errors.items()):
        e = np.asarray(values)
        print(f"{name:32}{len(e):8}{np.median(abs(e)):18.3f}{np.percentile(abs(e), 95):8.3f}{e.mean():+8.3f}")


def _analyse(made: Recording, style: str, *, known: bool) -> Analysis:
    axes = [tuple(float(v) for v in row) for row in made.mount]
    mount = Mount(anterior=axes[0], cranial=axes[1], source="declared") if known else None
    samples = Samples.measured(made.t_s, made.acc_mps2, made.gyr_radps)
    return analyze(samples, get_exercise(style), rate_hz=made.rate_hz, mount=mount)[0]


def _per_set(reps: object) -> list[int]:
    return sorted(Counter(r.set for r in reps).values())  # type: ignore[attr-defined]


def _collect(made: Recording, found: Analysis, errors: dict[str, list[float]]) -> None:
    """Errors by phase; a hold is only as sharp as the strokes beside it, so those beside slow ones stand apart."""
    for true, seen in zip(made.truth.counted, found.counted, strict=True):
        slow = max(true.lower_s, true.lift_s) > 3.0
        for phase in PHASES:
            want, got = getattr(true, phase), getattr(seen, phase)
            name = phase.removesuffix("_s").replace("_", " ")
            if not np.isfinite(want) or not np.isfinite(got):
                continue
            if "hold" in phase:
                errors.setdefault(f"{name}, strokes {'over' if slow else 'up to'} 3 s", []).append(got - want)
            else:
                errors.setdefault(f"{name} of {'over' if want > 3.0 else 'up to'} 3 s", []).append(got - want)


if __name__ == "__main__":
    main()
