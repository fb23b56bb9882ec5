"""How often `imu analyze --exercise auto` names the right exercise, the wrong one, or none; on simulated and real sets.

Run by hand: `python tests/benchmarks/recognise.py --recordings 20 [--real DIR]`. `DIR` holds recordings and the
`manifest.csv` that names them; sets of people are listed with what is said of them, not scored. Seeds from 9100 on were
not looked at while the assumptions were stated.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from firmware_proto.motion import STYLES, Recording, random_negative, random_plan, simulate
from imu.exercises import EXERCISES, get_exercise
from imu.model import Mount, Samples
from imu.motion.pipeline import analyze
from imu.motion.recognise import UNKNOWN, Proposal, propose

FIRST_SEED = 9100
MISSED = "no set"


@dataclass
class Tally:
    """What was said of the true sets of each style, of stretches that are no set, and how often confidence was right.

    Attributes:
        said: By style, how often each exercise, family or `unknown` was said.
        beside: What was said where no true set was.
        reliability: By tenth of confidence, proposals made and right ones.
    """

    said: dict[str, Counter[str]] = field(default_factory=dict)
    beside: Counter[str] = field(default_factory=Counter)
    reliability: dict[int, list[int]] = field(default_factory=dict)

    def take(self, made: Recording, proposals: tuple[Proposal, ...]) -> None:
        """Add one recording."""
        style, left = made.plan.style, list(proposals)
        for start, end in _true_sets(made):
            mine = [p for p in left if p.start_s < end and p.end_s > start]
            best = max(mine, key=lambda p: min(p.end_s, end) - max(p.start_s, start), default=None)
            self.said.setdefault(style, Counter())[MISSED if best is None else name(best)] += 1
            if best is not None and best.exercise != UNKNOWN:
                tenth = self.reliability.setdefault(min(int(10 * best.confidence), 9), [0, 0])
                tenth[0] += 1
                tenth[1] += best.exercise == style
            left = [p for p in left if p not in mine]
        self.beside.update(name(p) for p in left)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=int, default=20, help="recordings of each exercise")
    parser.add_argument("--first", type=int, default=FIRST_SEED, help="first seed")
    parser.add_argument("--real", type=Path, help="folder of real recordings")
    asked = parser.parse_args()
    seeds = range(asked.first, asked.first + asked.recordings)
    for known in (True, False):
        print(f"\nSimulated, mount {'known' if known else 'learned'}, seeds {seeds.start} to {seeds.stop - 1}:")
        _simulated(seeds, known=known)
        _everyday(seeds, known=known)
    if asked.real is not None:
        _real(asked.real)


def name(one: Proposal) -> str:
    """What is said of a set in one word."""
    return one.exercise if one.exercise != UNKNOWN else one.family or UNKNOWN


def _true_sets(made: Recording) -> list[tuple[float, float]]:
    numbers = sorted({r.set for r in made.truth.counted})
    sets = ([r for r in made.truth.counted if r.set == n] for n in numbers)
    return [(reps[0].start_s, reps[-1].end_s) for reps in sets]


def _simulated(seeds: Iterable[int], *, known: bool) -> None:
    tally = Tally()
    for style in STYLES:
        for seed in seeds:
            plan, sensor = random_plan(seed, style)
            made = simulate(plan, sensor, seed)
            tally.take(made, _proposals(made, known=known))
    columns = [*STYLES, "standing hinge", UNKNOWN, MISSED]
    print(f"{'':22}" + "".join(f"{c[:9]:>10}" for c in columns))
    for style, said in tally.said.items():
        print(f"{style:22}" + "".join(f"{said[c] or '.':>10}" for c in columns))
    _shares(tally)
    for tenth, (made_, right) in sorted(tally.reliability.items()):
        print(f"  confidence {tenth / 10:.1f} to {tenth / 10 + 0.1:.1f}: {right} of {made_} right")
    print(f"  said of what was no set of theirs: {dict(tally.beside) or 'nothing'}")


def _shares(tally: Tally) -> None:
    total: Counter[str] = Counter()
    for style, said in tally.said.items():
        for what, n in said.items():
            family = EXERCISES[style].family
            right = "right" if what == style else "right family" if what == family else "wrong"
            total[what if what in (UNKNOWN, MISSED) else right] += n
    n = total.total()
    print("  " + ", ".join(f"{what} {total[what]} ({100 * total[what] / n:.1f} %)" for what in total), f"of {n} sets")


def _everyday(seeds: Iterable[int], *, known: bool) -> None:
    said: Counter[str] = Counter()
    hours = 0.0
    for seed in seeds:
        made = random_negative(seed, seconds=180.0)
        said.update(name(p) for p in _proposals(made, known=known))
        hours += made.t_s[-1] / 3600.0
    print(f"  in {hours:.1f} h of simulated everyday life: {dict(said) or 'no sets'}")


def _proposals(made: Recording, *, known: bool) -> tuple[Proposal, ...]:
    axes = [tuple(float(v) for v in row) for row in made.mount]
    mount = Mount(anterior=axes[0], cranial=axes[1], source="declared") if known else None
    return _of(Samples.measured(made.t_s, made.acc_mps2, made.gyr_radps), made.rate_hz, mount)


def _of(samples: Samples, rate_hz: float, mount: Mount | None) -> tuple[Proposal, ...]:
    analysis, pipeline = analyze(samples, get_exercise("hinge"), rate_hz=rate_hz, mount=mount)
    return propose(analysis, pipeline.trunk())


def _real(folder: Path) -> None:
    """What is said of people, mount learned: by data set and what they did."""
    import pandas as pd  # noqa: PLC0415

    from imu.sessions import read_recording  # noqa: PLC0415

    said: dict[tuple[str, str], Counter[str]] = {}
    sure: dict[tuple[str, str], Counter[str]] = {}
    manifest = pd.read_csv(folder / "manifest.csv", keep_default_na=False)
    for row in manifest[manifest["kind"] != "orientation"].to_dict("records"):
        recording = read_recording(folder / row["recording"])
        key = (str(row["dataset"]), str(row["exercise"]))
        proposals = _of(recording.samples, recording.rate_hz, None)
        said.setdefault(key, Counter()).update(name(p) for p in proposals)
        sure.setdefault(key, Counter()).update("sure" if p.posture_known else "not sure" for p in proposals)
    print("\nReal recordings, mount learned (what they did is the data set's word for it):")
    for key, counts in said.items():
        if counts:
            print(f"  {key[0]:10} {key[1]:28} {dict(counts)}; mount {dict(sure[key])}")
    print(f"  no set at all in {sum(not c for c in said.values())} of {len(said)} kinds of recording")


if __name__ == "__main__":
    main()
