"""A day without a pause, much faster than real time: bytes -> `Stream` -> `Pipeline` and `SessionWriter` -> files.

By hand: python tests/benchmarks/soak.py [--hours 24]. A person trains twice in half an hour, walks and stands between,
and that for a day; frames get lost, the link is gone for a minute now and then, and some samples were never taken.
Index and time wrap as on the wire. Told are memory at every hour, every set against the truth, the drift of time, the
gaps of the file, and what reading and analysing the whole day takes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from firmware_proto.codes import Kind
from firmware_proto.motion import Recording, SensorModel, SetPlan, negative, simulate
from firmware_proto.virtual_session import Session
from firmware_proto.virtual_source import Source
from firmware_proto.wire import StartAnswer
from imu.app.analyze import rederive
from imu.app.record import KEEP_S
from imu.exercises import get_exercise
from imu.link.stream import Stream
from imu.model import Analysis, Mount, Samples, SensorInfo
from imu.motion.pipeline import Pipeline
from imu.sensors import NativeDecoder, Started
from imu.sessions import Session as Kept
from imu.sessions import SessionHeader, SessionWriter, read_session

EXERCISE = get_exercise("back-extension")
DECLARED = Mount.from_axes(cranial="+y", anterior="+z")
SENSOR = SensorModel(clock_error=0.012, crystal_ppm=15.0)
STRAP = {"misalignment_deg": (2.0, -4.0, 3.0)}
PACKET = 10
MOST_AGAIN = 19
"""Samples in a frame that is sent again, at MTU 247."""
RING = 10922
DEVICE_START_US = 3_000_000_000.0
"""Device time of sample 0: its 32 bits wrap after 21.6 min, and every 71.6 after that."""
LOOK_EVERY = 2
"""Packets between two looks for holes, about as often as `SensorLink` looks."""
LOST_FRAMES = 0.002
AWAY_S, NEVER_S = 55.0, 2.0


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """How often the link is gone for a minute, and how often the sensor fails to sample; from when its clock runs."""

    away_every_s: float = 3 * 3600.0
    never_every_s: float = 5400.0
    start_us: float = DEVICE_START_US


@dataclass(frozen=True, kw_only=True)
class Cycle:
    """What is repeated: raw samples, and the truth of the sets in it, in samples from its beginning."""

    raw: npt.NDArray[np.int16]
    sets: tuple[tuple[float, float, int], ...]
    rate_hz: float


class Endless(Source):
    """Plays its recording again and again."""

    def take(self, first: int, count: int, *, kind: Kind, divisor: int) -> npt.NDArray[np.int16]:
        assert (kind, divisor) == (self.kind, 1)
        return self._raw[np.arange(first, first + count) % len(self._raw)]


def half_an_hour(short: bool = False) -> Cycle:
    """Two visits to the bench with walking and standing between; `short`: one set and a few steps."""
    visits = [SetPlan(reps=4, **STRAP)] if short else [  # type: ignore[arg-type]
        SetPlan(sets=3, reps=10, rest_s=60.0, between_sets="leave", slowdown=0.2, **STRAP),  # type: ignore[arg-type]
        SetPlan(sets=2, reps=12, rest_s=90.0, between_sets="leave", lift_s=2.0, top_hold_s=2.0, **STRAP),  # type: ignore[arg-type]
    ]  # fmt: skip
    walk_s, stand_s = (20.0, 20.0) if short else (180.0, 300.0)
    parts: list[Recording] = []
    for visit in visits:
        parts.append(simulate(visit, SENSOR, 1))
        parts += [
            negative(kind, seconds=seconds, plan=visit, sensor=SENSOR, seed=1)
            for kind, seconds in (("walking", walk_s), ("standing", stand_s))
        ]
    starts = np.cumsum([0, *(len(part) for part in parts)])
    sets = []
    for start, part in zip(starts, parts, strict=False):
        for number in sorted({rep.set for rep in part.truth.counted}):
            reps = [rep for rep in part.truth.counted if rep.set == number]
            at = (start + reps[0].start_s * part.rate_hz, start + reps[-1].end_s * part.rate_hz)
            sets.append((*at, len(reps)))
    return Cycle(raw=np.concatenate([part.raw for part in parts]), sets=tuple(sets), rate_hz=parts[0].rate_hz)


@dataclass(kw_only=True)
class Air:
    """The sensor and the way to it: frames as they arrive, some of them never, and what is asked for again.

    `never` and `away` are stretches of sample numbers that were not taken, and during which the link was down.
    """

    session: Session
    rng: np.random.Generator
    n: int
    never: list[tuple[int, int]]
    away: list[tuple[int, int]]
    again: list[tuple[int, int]] = field(default_factory=list)

    @classmethod
    def over(cls, cycle: Cycle, seconds: float, trouble: Trouble, seed: int = 1) -> Air:
        hz, whole = cycle.rate_hz, len(cycle.raw)
        n = max(1, round(seconds * hz / whole)) * whole // PACKET * PACKET  # nobody is cut off in the middle of a set

        def stretches(every_s: float, length_s: float) -> list[tuple[int, int]]:
            firsts = (np.arange(0.6 * every_s, seconds - 2 * length_s, every_s) * hz).astype(int).tolist()
            return [(a // PACKET * PACKET, (a + int(length_s * hz)) // PACKET * PACKET) for a in firsts]

        session = Session(
            number=1, source=Endless(cycle.raw, hz), kind=Kind.ACC_GYR, divisor=1, t0_us=trouble.start_us,
            ring_samples=RING,
        )  # fmt: skip
        session.holes = stretches(trouble.never_every_s, NEVER_S)
        away = stretches(trouble.away_every_s, AWAY_S)
        return cls(session=session, rng=np.random.default_rng(seed), n=n, never=session.holes, away=away)

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """Every frame that arrives, with the number of samples taken by then; with each live one some of the past."""
        lost = self.rng.random(self.n // PACKET) < LOST_FRAMES
        holes = iter([*self.never, (self.n, self.n)])
        gone = iter([*self.away, (self.n, self.n)])
        hole, away = next(holes), next(gone)
        for k, first in enumerate(range(0, self.n, PACKET)):
            if first >= hole[1]:
                hole = next(holes, hole)
            if first >= away[1]:
                away = next(gone, away)
            down = away[0] <= first < away[1]
            if not (lost[k] or down or hole[0] <= first < hole[1]) or not first:
                yield first + PACKET, self.session.frame(first, PACKET)
            if self.again and not down:
                yield first + PACKET, self._once_more()

    def ask(self, start: int, stop: int, taken: int) -> tuple[int, int]:
        """A request for [start, stop): the first that will come and how many, as the sensor answers."""
        oldest = max(start, taken - RING)
        first, last = self.session.run(oldest, stop)
        if first < last:
            self.again.append((first, last))
        return first, last - first

    def _once_more(self) -> bytes:
        first, last = self.again.pop(0)
        stop = min(first + MOST_AGAIN, last)
        if stop < last:
            self.again.insert(0, (stop, last))
        return self.session.frame(first, stop - first, backfill=True)


@dataclass(kw_only=True)
class Day:
    """What came of it."""

    folder: Path
    hz: float
    n: int
    expected: npt.NDArray[np.int64]
    live: Analysis
    memory_mb: list[float]
    seconds: float
    lost: int
    filled: int
    stream_kept: dict[str, int]


def started(cycle: Cycle) -> Started:
    """The answer to START."""
    answer = StartAnswer(
        session=1, true_rate_mhz=round(cycle.rate_hz * 1000), acc_g_per_lsb=SENSOR.acc_g_per_lsb,
        gyr_dps_per_lsb=SENSOR.gyr_dps_per_lsb, mtu=247,
    )  # fmt: skip
    info = SensorInfo(family="native", model="BX", rate_hz=answer.true_rate_hz, mount=DECLARED)
    return Started(session=1, info=info, mtu=247, decoder=NativeDecoder(answer))


def live(
    out: Path,
    cycle: Cycle,
    seconds: float,
    *,
    trouble: Trouble | None = None,
    keep_s: float = KEEP_S,
    counting: bool = True,
    told: bool = False,
) -> Day:
    """Record a stretch; with `counting` it is analysed live, too."""
    air, stream = Air.over(cycle, seconds, trouble or Trouble()), Stream(started(cycle))
    header = SessionHeader(exercise=EXERCISE.key, sensor=stream.started.info, mount=DECLARED, synthetic=True)
    pipeline = Pipeline(EXERCISE, rate_hz=stream.started.info.rate_hz, mount=DECLARED, keep_s=keep_s)
    period_s, memory, began = 1 / cycle.rate_hz, [memory_mb()], perf_counter()
    events = 0
    with SessionWriter(out, header) as writer:
        for k, (taken, frame) in enumerate(air.frames()):
            host_s = 1000.0 + taken * period_s + 0.02 * air.rng.random()
            samples = stream.take(frame, host_s)
            if len(samples):
                writer.append(samples)
                stream.judge(samples)
                events += len(pipeline.push(samples)) if counting else 0
            if k % LOOK_EVERY == 0:
                look(stream, air, taken, host_s)
            if taken * period_s >= 3600.0 * len(memory):
                memory.append(memory_mb())
                if told:
                    print(f"{len(memory) - 1:3d} h: {memory[-1]:7.1f} MB, {perf_counter() - began:6.1f} s", flush=True)
        stream.recovery.give_up()
        pipeline.finish()
        found = pipeline.analysis()
        writer.close(found)
    kept = np.ones(air.n, bool)
    for a, b in air.never:
        kept[a:b] = False
    return Day(
        folder=writer.folder, hz=cycle.rate_hz, n=air.n, expected=np.flatnonzero(kept), live=found,
        memory_mb=memory, seconds=perf_counter() - began, lost=stream.lost, filled=stream.filled,
        stream_kept=sizes(stream),
    )  # fmt: skip


def look(stream: Stream, air: Air, taken: int, now_s: float) -> None:
    """Ask for what is missing, as `SensorLink` does."""
    hole = stream.recovery.due(now_s)
    if hole is None:
        return
    stream.recovery.asked(hole, now_s)
    stream.recovery.promised(*air.ask(*hole, taken))


def sizes(stream: Stream) -> dict[str, int]:
    """How many of each kind a stream remembers; none may grow with time."""
    return {
        "marks": len(stream.recovery._marks),
        "intervals": len(stream.recovery.received.intervals()),
        "frames in the pace": len(stream._pace._received),
        "pieces of the clock's window": len(stream.clock._pieces),
        "samples in doubt": sum(map(len, stream._doubt._waiting)),
    }


def true_sets(cycle: Cycle, n: int) -> list[tuple[float, float, int]]:
    """Every set of the day: start and end in device time, and its repetitions."""
    out = []
    for begin in range(0, n, len(cycle.raw)):
        out += [((begin + a) / cycle.rate_hz, (begin + b) / cycle.rate_hz, reps) for a, b, reps in cycle.sets]
    return out


def counted(found: Analysis, sets: list[tuple[float, float, int]]) -> tuple[list[int], int]:
    """Repetitions counted in each true set, and beside all of them."""
    middles = np.array([0.5 * (rep.start_s + rep.end_s) for rep in found.counted])
    inside = [int(((middles > a - 1.0) & (middles < b + 1.0)).sum()) for a, b, _ in sets]
    return inside, len(middles) - sum(inside)


def drift_s(samples: Samples, hz: float) -> float:
    """The largest difference of a sample's time from the truth, from the first to the last sample."""
    return float(np.abs(samples.t_s - samples.index / hz).max())


def gaps(samples: Samples) -> list[tuple[int, int]]:
    """Stretches of sample numbers that are not in the file."""
    at = np.flatnonzero(np.diff(samples.index) != 1)
    return list(zip((samples.index[at] + 1).tolist(), samples.index[at + 1].tolist(), strict=True))


def memory_mb(what: str = "VmRSS") -> float:
    """What this process keeps in memory; `VmHWM`: the most it ever did. nan where nothing says so (Linux does)."""
    said = Path("/proc/self/status")
    if not said.exists():
        return float("nan")
    lines = said.read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 1024


def show(name: str, value: Any) -> None:
    print(f"{name:<46} {value}", flush=True)


def tell(day: Day, cycle: Cycle) -> None:
    """Hold the files against the truth."""
    sets = true_sets(cycle, day.n)
    hours = len(day.memory_mb) - 1
    show("samples, hours, seconds a simulated hour", f"{day.n}, {hours}, {day.seconds / max(hours, 1):.1f}")
    show("memory at start, 1 h, end, MB", ", ".join(f"{day.memory_mb[k]:.0f}" for k in (0, min(1, hours), -1)))
    show("the stream remembers", day.stream_kept)
    show("lost, filled", f"{day.lost}, {day.filled}")
    show("samples.csv, MB", f"{(day.folder / 'samples.csv').stat().st_size / 1e6:.1f}")
    began = perf_counter()
    kept: Kept = read_session(day.folder)
    show("reading it all: seconds, most memory MB", f"{perf_counter() - began:.1f}, {memory_mb('VmHWM'):.0f}")
    show("every sample there was, once, in order", np.array_equal(kept.samples.index, day.expected))
    show("drift of time over the whole, ms", f"{1e3 * drift_s(kept.samples, day.hz):.3f}")
    show("gaps", gaps(kept.samples))
    tell_sets("live", day.live, sets)
    del kept
    began = perf_counter()
    again = rederive(day.folder)
    show("imu analyze: seconds, most memory MB", f"{perf_counter() - began:.1f}, {memory_mb('VmHWM'):.0f}")
    tell_sets("from the files", again, sets)


def tell_sets(name: str, found: Analysis, sets: list[tuple[float, float, int]]) -> None:
    inside, beside = counted(found, sets)
    wrong = [(f"{a:.0f} s", reps, got) for (a, _, reps), got in zip(sets, inside, strict=True) if reps != got]
    show(f"{name}: sets exact, reps beside them", f"{len(sets) - len(wrong)} of {len(sets)}, {beside}")
    if wrong:
        show("  (start, true, counted)", wrong[:10])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--recorder", action="store_true", help="link and recorder alone, nothing counted live")
    parser.add_argument("--out", type=Path, help="keep the session here")
    asked = parser.parse_args()
    cycle = half_an_hour()
    with tempfile.TemporaryDirectory() as folder:
        tell(live(asked.out or Path(folder), cycle, 3600 * asked.hours, counting=not asked.recorder, told=True), cycle)


if __name__ == "__main__":
    main()
