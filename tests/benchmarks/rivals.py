"""Our counter beside those others use, on the same data in the same run. Run by hand, see --help.

    python tests/benchmarks/rivals.py --sets 20 [FOLDER] [--short] [--markdown]

Simulated people with set-up, stepping off, failed attempts and pauses left in; the same sets cut out exactly, which is
the case the others were made for; everyday activity, simulated; and, if a folder with truth is given (see
`imu evaluate --help`), its recordings. Static holds are left out: none of the others counts them. A counted instant
belongs to a set if it lies within a second of it, all else is a phantom; the rules are those of `imu evaluate`. What
the others are and which constants they have stands in `counters.py`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from counters import COUNTERS

from firmware_proto.motion import STYLES, Recording, random_negative, random_plan, simulate
from imu.app.dataset import COUNTED, read_dataset
from imu.app.sheets import Sheet, percent, rate, show
from imu.evaluation.bouts import Bout, Scored, score_bouts, sum_counts
from imu.exercises import Exercise, get_exercise
from imu.model import Mount, Samples
from imu.motion.pipeline import analyze
from imu.review.settings import Wishes, settings_for
from imu.sessions import read_recording

FIRST_SEED = 5000
OURS, OURS_SINGLE = "imu", "imu --min-set-reps 1"
EVERYDAY = "everyday activity"
AROUND_S = 0.5
"""What is left around a set that is cut out."""
Instants = Iterable[float]


@dataclass
class Column:
    """What one counter found in one kind of data."""

    scored: list[Scored] = field(default_factory=list)
    seconds: float = 0.0


Results = dict[str, dict[str, Column]]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--sets", type=int, default=20, help="recordings of each exercise")
    parser.add_argument("--seed", type=int, default=FIRST_SEED)
    parser.add_argument("--short", action="store_true", help="one table for all")
    parser.add_argument("--markdown", action="store_true")
    asked = parser.parse_args()
    made = simulate_all(asked.sets, asked.seed)
    found = {} if asked.folder is None else read_all(asked.folder)
    sheets = [short(made, found)] if asked.short else [simulated(made), *([real(found)] if found else [])]
    show(sheets, markdown=asked.markdown)


def simulate_all(sets: int, first_seed: int) -> Results:
    """The simulator's people and their everyday life; the mount is known to all."""
    results: Results = {}
    for style in (name for name, kind in STYLES.items() if not kind.static):
        for seed in range(first_seed, first_seed + sets):
            plan, sensor = random_plan(seed, style)
            made = simulate(plan, sensor, seed)
            samples, exercise, mount = samples_of(made), get_exercise(style), mount_of(made)
            bouts = bouts_of(made)
            count(results, "whole", samples, exercise, mount, bouts)
            for bout in bouts:
                count(results, "cut", cut_out(samples, bout), exercise, mount, [bout])
    for seed in range(first_seed, first_seed + 10 * sets):
        made = random_negative(seed)
        count(results, EVERYDAY, samples_of(made), get_exercise("hinge"), mount_of(made), [])
    return results


def read_all(folder: Path) -> Results:
    """Recordings with truth, by data set; to the others the mount is told that ours learned."""
    results: Results = {}
    for entry in read_dataset(folder):
        if entry.kind not in (*COUNTED, "negative") or (entry.kind == "negative" and entry.transition):
            continue
        recording = read_recording(entry.path)
        exercise = settings_for(recording, Wishes(), entry.activity).exercise
        learned = analyze(recording.samples, exercise, rate_hz=recording.rate_hz)[0].mount
        kind = entry.dataset if entry.kind in COUNTED else EVERYDAY
        count(results, kind, recording.samples, exercise, None, entry.bouts, told=learned)
    return results


def simulated(results: Results) -> Sheet:
    """All figures of the simulator."""
    rows = []
    for name, columns in results.items():
        whole, cut, quiet = (sum_counts(columns[kind].scored) for kind in ("whole", "cut", EVERYDAY))
        rows.append(
            (name, percent(whole.exact, whole.bouts), percent(whole.within_1, whole.bouts),
             rate(whole.phantoms, whole.hours), percent(cut.exact, cut.bouts), percent(cut.within_1, cut.bouts),
             rate(quiet.phantoms, quiet.hours), time_of(results, name))
        )  # fmt: skip
    return Sheet(
        title=f"{whole.bouts} simulated sets in {len(results[OURS]['whole'].scored)} recordings, mount known",
        columns=("counter", "sets exact", "within 1", "phantoms an hour", "cut out: exact", "within 1",
                 "everyday, an hour", "time"),
        rows=tuple(rows),
    )  # fmt: skip


def time_of(results: Results, name: str) -> str:
    """Time taken for whole recordings, as a ratio to ours."""
    return f"{results[name]['whole'].seconds / results[OURS]['whole'].seconds:.2f}"


def real(results: Results) -> Sheet:
    """All figures of a folder, a row for each data set."""
    rows = []
    for kind in sorted(results[OURS].keys() - {EVERYDAY}):
        sums = [sum_counts(columns[kind].scored) for columns in results.values()]
        if sums[0].bouts:
            rows.append((f"{kind}: of {sums[0].bouts}", *(f"{s.exact} ({s.phantoms})" for s in sums)))
    if EVERYDAY in results[OURS]:
        quiet = [sum_counts(columns[EVERYDAY].scored) for columns in results.values()]
        rows.append((f"{EVERYDAY}, an hour", *(rate(s.phantoms, s.hours) for s in quiet)))
    return Sheet(
        title="Recordings with truth, mount learned: sets exact, and counted beside them in brackets",
        columns=("data set", *results),
        rows=tuple(rows),
    )


def short(made: Results, found: Results) -> Sheet:
    """What matters of both in one table."""
    rows = []
    for name, columns in made.items():
        whole, cut = (sum_counts(columns[kind].scored) for kind in ("whole", "cut"))
        cells = [percent(whole.exact, whole.bouts), percent(whole.within_1, whole.bouts)]
        cells += [f"{whole.phantoms / whole.hours:.0f}", percent(cut.exact, cut.bouts)]
        if found:
            real_sets = sum_counts(s for kind, c in found[name].items() if kind != EVERYDAY for s in c.scored)
            quiet = sum_counts(found[name][EVERYDAY].scored) if EVERYDAY in found[name] else None
            cells += [f"{real_sets.exact} of {real_sets.bouts}"]
            cells += [f"{quiet.phantoms / quiet.hours:.1f}" if quiet and quiet.hours else "-"]
        rows.append((name, *cells, time_of(made, name)))
    heads = ("real sets exact", "real everyday, an hour") if found else ()
    return Sheet(
        title=f"{whole.bouts} simulated sets, mount known{'; real recordings, mount learned' if found else ''}",
        columns=("counter", "sets exact", "within 1", "phantoms an hour", "sets cut out: exact", *heads, "time"),
        rows=tuple(rows),
    )


def count(
    results: Results,
    kind: str,
    samples: Samples,
    exercise: Exercise,
    mount: Mount | None,
    bouts: Iterable[Bout],
    *,
    told: Mount | None = None,
) -> None:
    """Let all count the same samples; `told` is the mount the others get where ours has to learn it."""
    counters: dict[str, Callable[[], Instants]] = {
        OURS: partial(ours, samples, exercise, mount, 3),
        OURS_SINGLE: partial(ours, samples, exercise, mount, 1),
        **{name: partial(other, samples, exercise, mount or told) for name, other in COUNTERS.items()},
    }
    for name, work in counters.items():
        column = results.setdefault(name, {}).setdefault(kind, Column())
        start = perf_counter()
        instants = list(work())
        column.seconds += perf_counter() - start
        column.scored.append(score_bouts([(t, t) for t in instants], bouts, float(samples.t_s[-1])))


def ours(samples: Samples, exercise: Exercise, mount: Mount | None, min_set_reps: int) -> list[float]:
    """The middles of what our program counts."""
    rate_hz = 1.0 / float(np.median(np.diff(samples.t_s)))
    analysis, _ = analyze(samples, exercise, rate_hz=rate_hz, mount=mount, min_set_reps=min_set_reps)
    return [0.5 * (r.start_s + r.end_s) for r in analysis.counted]


def samples_of(made: Recording) -> Samples:
    """A simulated recording as decoded."""
    return Samples.measured(made.t_s, made.acc_mps2, made.gyr_radps)


def mount_of(made: Recording) -> Mount:
    """How its sensor really sits."""
    anterior, cranial = (tuple(float(v) for v in row) for row in made.mount[:2])
    return Mount(anterior=anterior, cranial=cranial, source="declared")  # type: ignore[arg-type]


def bouts_of(made: Recording) -> list[Bout]:
    """Its true sets."""
    sets: dict[int, list[tuple[float, float]]] = {}
    for rep in made.truth.counted:
        sets.setdefault(rep.set, []).append((rep.start_s, rep.end_s))
    return [Bout(start_s=reps[0][0], end_s=reps[-1][1], reps=len(reps)) for reps in sets.values()]


def cut_out(samples: Samples, bout: Bout) -> Samples:
    """One set by itself."""
    inside = (samples.t_s >= bout.start_s - AROUND_S) & (samples.t_s <= bout.end_s + AROUND_S)
    return samples[inside]


if __name__ == "__main__":
    main()
