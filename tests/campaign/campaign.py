"""Sets recorded through every fault a radio and a sensor have, and what each of them must leave on the disk.

Run by hand: python tests/campaign/campaign.py --sets 1000

Each set is a person who lifts, a virtual sensor, a complete BLE stack, bleak, the link, the recorder and the analysis,
all in virtual time: the same seed gives the same set, bit by bit. While it runs, faults strike it, drawn from the seed.
Afterwards the folder is held against what the sensor measured:

- `samples.csv` holds each sample once, in order, with the value that was measured;
- whatever the sensor still held when its stream ended is there;
- what is not there is marked in `events.csv` by index and time, and nothing else is;
- where nothing is missing, the ledger is that of the same motion without a radio;
- what was counted live is what is counted from the files;
- the sensor is idle and nobody is connected to it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import multiprocessing
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from time import perf_counter

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from firmware_proto.codes import Op, State
from firmware_proto.motion import Recording as Performed
from firmware_proto.motion import SensorModel, SetPlan, simulate
from firmware_proto.virtual_radio import Air, virtual_air
from firmware_proto.virtual_sensor import Faults, Link, VirtualSensor
from firmware_proto.virtual_session import Session
from firmware_proto.virtual_time import run_virtual
from imu.app.board import Board
from imu.app.demo import virtual_sensor
from imu.app.person import perform
from imu.app.record import Plan, Recorded, find_and_record
from imu.errors import ConnectionFailed
from imu.exercises import get_exercise
from imu.link import Backend
from imu.model import G_MPS2, Analysis, Event, Rep, Samples
from imu.review.deriving import run as analyse
from imu.review.settings import Wishes, settings_for
from imu.sessions import read_events, read_recording

PEOPLE = (
    ("back-extension", True),
    ("good-morning", True),
    ("romanian-deadlift", True),
    ("deadlift", True),
    ("back-extension", False),
)
"""Exercise, and whether the sensor has a gyroscope."""
GONE = re.compile(r"(\d+) samples are lost for good, (\d+) to (\d+), (-?[\d.]+) to (-?[\d.]+) s: (.*)")
REGAINED = re.compile(r"\d+ samples given up before came after all, (\d+) to (\d+)\.")
LONGEST_S = 1800.0
"""In virtual time; who has not ended by then never will."""
SAME_S = 0.002
"""Times of one instant from two orders of arrival: stamps are whole microseconds, and interpolated between."""
SAME_DEG = 0.05
LIVE = 50.0
"""Live runs on the grid of the rate that the sensor told, the files on that of the rate measured: an edge may lie so
many times further off."""
ABOUT = 20.0
"""Movements that do not count have no edges as sharp: they may differ by so many times that."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What strikes when: `at_s` after the first connection, for `lasts_s`, so hard."""

    kind: str
    at_s: float
    lasts_s: float = 0.0
    n: int = 1


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One set and what will strike it; all of it follows from the seed."""

    seed: int
    person: int
    mtu: int
    packets: int
    ring_s: float
    boot_us: int
    clock_ppm: float
    chances: dict[str, float]
    faults: tuple[Fault, ...]
    ends_early_s: float | None


@dataclass(kw_only=True)
class Outcome:
    """What became of a set. `equal` is None where samples were truly lost."""

    seed: int
    problems: list[str] = field(default_factory=list)
    struck: Counter[str] = field(default_factory=Counter)
    taken: int = 0
    on_disk: int = 0
    gone: int = 0
    counted: int = 0
    equal: bool | None = None
    given_up: bool = False
    seconds: float = 0.0


def draw(seed: int, *, short: bool = False) -> Trial:
    """What happens in the set of this seed."""
    random = np.random.default_rng((seed, 4))
    person = int(random.integers(len(PEOPLE)))
    duration_s = float(performed(person, short=short).t_s[-1])
    noisy = random.random() < 0.3
    kinds = ["drop", "away", "hang_up", "deaf", "answers", "reset", "stall", "fifo", "frames", "silence"]
    weights = np.array([4, 4, 3, 1, 2, 1, 2, 1, 3, 1], float)
    chosen = random.choice(kinds, size=int(random.integers(0, 5)), p=weights / weights.sum())
    faults = [_fault(random, str(kind), duration_s) for kind in chosen]
    if random.random() < 0.1:
        faults.append(Fault(kind="hang_up", at_s=-1.0, n=int(random.integers(1, 60))))
    return Trial(
        seed=seed,
        person=person,
        mtu=int(random.choice([23, 185, 247])),
        packets=int(random.choice([1, 4, 4])),
        ring_s=float(random.choice([105.0, 105.0, 105.0, 15.0])),
        boot_us=int(random.choice([0, 2**32 - 20_000_000, int(random.integers(2**32))])),
        clock_ppm=float(random.normal(0, 30)),
        chances={name: float(random.uniform(0, 0.1)) for name in ("drop", "corrupt", "duplicate", "delay")}
        if noisy
        else {},
        faults=tuple(sorted(faults, key=lambda fault: fault.at_s)),
        ends_early_s=float(random.uniform(8.0, duration_s)) if random.random() < 0.1 else None,
    )


def _fault(random: np.random.Generator, kind: str, duration_s: float) -> Fault:
    lasts = {"away": 60.0, "deaf": 20.0, "stall": 8.0, "silence": 8.0}
    most = {"hang_up": 60, "answers": 2, "fifo": 100, "frames": 40}
    return Fault(
        kind=kind,
        at_s=float(random.uniform(0.5, duration_s)),
        lasts_s=float(random.uniform(0.2, lasts.get(kind, 1.0))),
        n=int(random.integers(1, most.get(kind, 1) + 1)),
    )


@cache
def performed(person: int, *, short: bool) -> Performed:
    """One person's three repetitions; everybody does theirs the same way each time. Short: without coming and going."""
    exercise, gyroscope = PEOPLE[person]
    if not short:
        return perform(get_exercise(exercise), reps=3, seed=person + 1, gyroscope=gyroscope)
    plan = SetPlan(style=exercise, reps=3, set_up=False, step_off=False)
    return simulate(plan, SensorModel(gyroscope=gyroscope, clock_error=0.012), person + 1)


class Watched(VirtualSensor):
    """A sensor of which is known what it took: for each session that a host may have heard of, what it held last."""

    def watch(self) -> None:
        """Begin."""
        self.sessions: list[tuple[Session, int, int]] = []
        self._now: Session | None = None

    def handle(self, request: bytes, now_us: int) -> bytes:
        before, unheard = self._session, self.faults.lose_answers_next > 0
        oldest, end = self._bounds(now_us)
        answer = super().handle(request, now_us)
        if self._session is not before:
            self._note(oldest, end)
            self._now = None if unheard and request[0] == Op.START else self._session
        return answer

    def reset(self, now_us: int) -> None:
        _, end = self._bounds(now_us)
        super().reset(now_us)
        self._note(end, end)  # what was in its memory is no more

    def finish(self, now_us: int) -> None:
        self._note(*self._bounds(now_us))

    def _bounds(self, now_us: int) -> tuple[int, int]:
        status = self.status(now_us)
        return status.oldest_index, status.next_index

    def _note(self, oldest: int, end: int) -> None:
        if self._now is not None and end:
            self.sessions.append((self._now, oldest, end))
        self._now = None


def record(trial: Trial, out: Path, outcome: Outcome, *, short: bool = False) -> tuple[Recorded, Watched]:
    """Record the set of a trial in virtual time."""
    done = performed(trial.person, short=short)
    sample_bytes = 12 if done.gyr_radps is not None else 6
    sensor = virtual_sensor(
        done,
        Watched,
        boot_us=trial.boot_us,
        clock_ppm=trial.clock_ppm,
        link=Link(packets=trial.packets if trial.mtu > 23 else 4),
        faults=Faults(seed=trial.seed, **trial.chances),
        ring_bytes=int(trial.ring_s * done.rate_hz) * sample_bytes,
    )
    sensor.watch()
    exercise = get_exercise(PEOPLE[trial.person][0])
    plan = Plan.build(exercise, out=out, synthetic=True, duration_s=float(done.t_s[-1]) - 0.5)

    async def whole() -> Recorded:
        async with virtual_air([sensor], mtu=trial.mtu) as air:
            backend = Backend(scanner=air.scanner_backend, client=air.client_backend)
            async with _struck(air, trial, outcome):
                recording = asyncio.ensure_future(find_and_record(None, plan, backend=backend, display=Silent))
                if trial.ends_early_s is not None:
                    asyncio.get_running_loop().call_later(trial.ends_early_s, recording.cancel)
                async with asyncio.timeout(LONGEST_S):
                    recorded = await recording
            sensor.finish(air.now_us)
            return recorded

    return run_virtual(whole()), sensor


class Silent(contextlib.AbstractContextManager["Silent"]):
    """A display that nobody looks at."""

    def __init__(self, board: Board) -> None:
        self.board = board

    def event(self, event: Event) -> None:
        """Nothing."""

    def remark(self, text: str) -> None:
        """Nothing."""

    def moved(self) -> None:
        """Nothing."""

    def refresh(self) -> None:
        """Nothing."""

    def __exit__(self, *_: object) -> None:
        return None


@contextlib.asynccontextmanager
async def _struck(air: Air, trial: Trial, outcome: Outcome) -> AsyncIterator[None]:
    """Let the faults of a trial strike while inside; what would end a fault then is not waited for."""
    tasks = [asyncio.create_task(_strike(air, trial, fault, outcome)) for fault in trial.faults]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks) if tasks else None


async def _strike(air: Air, trial: Trial, fault: Fault, outcome: Outcome) -> None:
    sensor, faults = air.sensors[0], air.sensors[0].faults
    while fault.at_s >= 0 and sensor.state is not State.STREAM:  # noqa: ASYNC110 (a sensor has no events)
        await asyncio.sleep(0.1)
    await asyncio.sleep(max(fault.at_s, 0.0))
    outcome.struck[fault.kind] += 1
    if fault.kind in ("drop", "hang_up", "deaf", "answers") and fault.at_s >= 0:
        air.drop(0)
    if fault.kind == "away":
        await air.reach(0, within=False)
        await asyncio.sleep(fault.lasts_s)
        await air.reach(0, within=True)
    elif fault.kind == "hang_up":
        faults.hang_up_after = fault.n
    elif fault.kind == "deaf":
        faults.deaf = True
        await asyncio.sleep(fault.lasts_s)
        faults.deaf = False
    elif fault.kind == "answers":
        faults.lose_answers_next = fault.n
    elif fault.kind == "reset":
        sensor.reset(air.now_us)
    elif fault.kind == "stall":
        sensor.stall(air.now_us, round(fault.lasts_s * 1e6))
    elif fault.kind == "fifo":
        sensor.overrun_fifo(air.now_us, fault.n)
    elif fault.kind == "frames":
        faults.drop_next = fault.n
    elif fault.kind == "silence":
        faults.drop = 1.0
        await asyncio.sleep(fault.lasts_s)
        faults.drop = trial.chances.get("drop", 0.0)


# What must be true afterwards.


def judge(trial: Trial, recorded: Recorded, sensor: Watched, outcome: Outcome) -> None:
    """Hold a session against what the sensor measured; what is wrong goes into the outcome's problems."""
    wrong = outcome.problems.append
    outcome.given_up = isinstance(recorded.error, ConnectionFailed)
    if recorded.error is not None and not (outcome.given_up and _may_give_up(trial)):
        wrong(f"ended by {recorded.error!r}")
    if sensor.connected or (sensor.state is State.STREAM and not outcome.given_up and not _may_give_up(trial)):
        wrong(f"left {sensor.state.name}, connected {sensor.connected}")
    outcome.taken = sum(end for _, _, end in sensor.sessions)
    if recorded.folder is None:
        if recorded.end.received:
            wrong("samples were received and no session was kept")
        return
    table = np.loadtxt(recorded.folder / "samples.csv", delimiter=",", skiprows=1, ndmin=2)
    index = table[:, 0].astype(int)
    outcome.on_disk = len(index)
    if not (np.diff(index) > 0).all():
        wrong("samples.csv is not in order, or holds samples twice")
        return
    if not (np.diff(table[:, 1]) > 0).all():
        wrong("time does not advance in samples.csv")
    events = read_events(recorded.folder / "events.csv")
    gone = [match for event in events if (match := GONE.match(event.detail))]
    back = [match for event in events if (match := REGAINED.match(event.detail))]
    regained = {i for match in back for i in range(int(match[1]), int(match[2]) + 1)}
    _check_marks(index, table[:, 1], gone, regained, wrong)
    outcome.gone = sum(int(match[1]) for match in gone) - len(regained)
    begins = [0, *(int(match[3]) + 1 for match in gone if "anew" in match[6])]
    reached = not outcome.given_up and not any("out of reach at the end" in event.detail for event in events)
    if not reached and not _may_give_up(trial):
        wrong("it was not reached at the end")
    _check_streams(table, begins, sensor, wrong, to_the_end=reached)
    _check_ledger(recorded, sensor, outcome, wrong)


def _may_give_up(trial: Trial) -> bool:
    """Whether the sensor may have been out of reach for so long that nobody comes back to it."""
    return sum(fault.lasts_s for fault in trial.faults if fault.kind in ("away", "deaf", "silence")) > 40.0


def _check_marks(
    index: np.ndarray, t_s: np.ndarray, gone: list[re.Match[str]], regained: set[int], wrong: Callable[[str], None]
) -> None:
    marked = [i for match in gone for i in range(int(match[2]), int(match[3]) + 1) if i not in regained]
    missing = set(range(index[-1] + 1)) - set(index.tolist())
    beyond = [i for i in marked if i <= index[-1]]
    if sorted(beyond) != sorted(missing):
        wrong(
            f"{len(missing)} samples are missing and {len(beyond)} marked; unmarked {_runs(missing - set(beyond))}, "
            f"marked but there or twice {_runs(set(beyond) - missing)}"
        )
        return
    for match in gone:
        first, last, from_s, to_s = int(match[2]), int(match[3]), float(match[4]), float(match[5])
        inside = (t_s > from_s - 0.002) & (t_s < to_s - 0.002) & ~np.isin(index, list(regained))
        if inside.any() and last < index[-1]:
            wrong(f"{first} to {last} are said to be lost from {from_s} to {to_s} s, where there are samples")


def _runs(numbers: Iterable[int]) -> str:
    ordered = sorted(numbers)
    cuts = [0, *(i + 1 for i, (a, b) in enumerate(pairwise(ordered)) if b != a + 1), len(ordered)]
    return ", ".join(f"{ordered[a]}-{ordered[b - 1]}" for a, b in pairwise(cuts) if b > a)


def _check_streams(
    table: np.ndarray, begins: list[int], sensor: Watched, wrong: Callable[[str], None], *, to_the_end: bool
) -> None:
    """Each stream's samples are those of one session, in its order, and none is missing that the sensor held."""
    index = table[:, 0].astype(int)
    if len(begins) > len(sensor.sessions):
        wrong(f"{len(begins)} streams of {len(sensor.sessions)} sessions")
        return
    # a session of which no sample came left no stream; what is left of it is in none of them
    ends = [*begins[1:], np.iinfo(int).max]
    sessions = iter(sensor.sessions)
    left = len(sensor.sessions)
    for number, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        at = index[(index >= begin) & (index < end)] - begin
        rows = table[(index >= begin) & (index < end)]
        for session, oldest, taken in sessions:
            left -= 1
            if len(at) and at[-1] < taken and _is_of(session, at, rows, sensor):
                held = set(range(oldest, taken)) - {i for a, b in session.holes for i in range(a, b)}
                if (lost := held - set(at.tolist())) and (to_the_end or number < len(begins) - 1):
                    wrong(f"stream {number}: the sensor held {_runs(lost)} of {taken}, and they are not on the disk")
                break
            if left < len(begins) - number:
                wrong(f"stream {number}: its samples are not what the sensor measured")
                return


def _is_of(session: Session, at: np.ndarray, rows: np.ndarray, sensor: Watched) -> bool:
    raw = session.source.take(0, int(at[-1]) + 1, kind=session.kind, divisor=session.divisor)[at]
    acc, gyr = sensor._scales
    scale = np.array([acc * G_MPS2] * 3 + [np.deg2rad(gyr)] * (raw.shape[1] - 3))
    return bool((np.rint(rows[:, 3 : 3 + raw.shape[1]] / scale) == raw).all())


def _check_ledger(recorded: Recorded, sensor: Watched, outcome: Outcome, wrong: Callable[[str], None]) -> None:
    outcome.counted = len(recorded.analysis.counted)
    if difference := _difference(recorded.live, recorded.analysis, LIVE):
        wrong(f"live is not what the files give: {difference}")
    if outcome.gone or outcome.given_up or recorded.folder is None:
        return
    ours = read_recording(recorded.folder)
    session, _, _ = sensor.sessions[-1]
    n = int(ours.samples.index[-1]) + 1
    raw = session.source.take(0, n, kind=session.kind, divisor=session.divisor)
    acc, gyr = sensor._scales
    truth = Samples.measured(
        np.arange(n) / session.rate_hz,
        raw[:, :3] * acc * G_MPS2,
        np.deg2rad(raw[:, 3:] * gyr) if raw.shape[1] > 3 else None,
    )
    undisturbed, _ = analyse(dataclasses.replace(ours, samples=truth), settings_for(ours, Wishes()))
    difference = _difference(recorded.analysis, undisturbed)
    outcome.equal = not difference
    if difference:
        wrong(f"nothing is lost, and the ledger is not that of the undisturbed set: {difference}")


def _difference(one: Analysis, other: Analysis, slack: float = 1.0) -> str:
    """The first thing in which two ledgers differ."""
    a, b = [(r.set, r.rep, r.verdict.name) for r in one.reps], [(r.set, r.rep, r.verdict.name) for r in other.reps]
    if a != b:
        return f"{a} against {b}"
    for x, y in zip(one.reps, other.reps, strict=True):
        for name, tolerance in (
            ("start_s", SAME_S), ("end_s", SAME_S), ("lift_start_s", SAME_S), ("lift_end_s", SAME_S),
            ("lower_start_s", SAME_S), ("lower_end_s", SAME_S), ("top_deg", SAME_DEG), ("bottom_deg", SAME_DEG),
        ):  # fmt: skip
            if not _near(x, y, name, slack * tolerance * (1.0 if x.counted else ABOUT)):
                return f"{name} of {x.set}/{x.rep} {x.verdict.name}: {getattr(x, name)} against {getattr(y, name)}"
    return ""


def _near(x: Rep, y: Rep, name: str, tolerance: float) -> bool:
    return bool(np.isclose(getattr(x, name), getattr(y, name), rtol=0.0, atol=tolerance, equal_nan=True))


# All of it.


def try_one(seed: int, *, short: bool = False) -> Outcome:
    """Record and judge the set of a seed."""
    begin_s, outcome, trial = perf_counter(), Outcome(seed=seed), draw(seed, short=short)
    for name, chance in trial.chances.items():
        outcome.struck[f"{name} chance"] += chance > 0
    with tempfile.TemporaryDirectory() as out, _quiet():
        try:
            recorded, sensor = record(trial, Path(out), outcome, short=short)
            judge(trial, recorded, sensor, outcome)
        except Exception as error:  # a campaign goes on, and tells at the end
            outcome.problems.append(f"{type(error).__name__}: {error}")
    outcome.seconds = perf_counter() - begin_s
    return outcome


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """What the program says on the way is no part of the campaign's table."""
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stderr(nowhere):
        yield


def table(outcomes: list[Outcome]) -> str:
    """What a campaign came to, in lines."""
    struck: Counter[str] = Counter()
    for one in outcomes:
        struck += one.struck
    whole = [one for one in outcomes if one.equal is not None]
    rows = [
        ("sets", len(outcomes)),
        ("sets with a problem", sum(bool(one.problems) for one in outcomes)),
        ("samples taken by the sensor", sum(one.taken for one in outcomes)),
        ("samples on the disk", sum(one.on_disk for one in outcomes)),
        ("samples truly gone, all marked", sum(one.gone for one in outcomes)),
        ("sets in which samples are truly gone", sum(bool(one.gone) for one in outcomes)),
        ("sets without", len(whole)),
        ("  of these, ledger as undisturbed", sum(bool(one.equal) for one in whole)),
        ("repetitions counted", sum(one.counted for one in outcomes)),
        ("sensor given up after 60 s", sum(one.given_up for one in outcomes)),
        *((f"fault: {kind}", n) for kind, n in sorted(struck.items())),
    ]
    lines = [f"{name:40} {value:>10,}" for name, value in rows]
    for one in outcomes:
        lines += [f"seed {one.seed}: {problem}" for problem in one.problems]
    return "\n".join(lines)


def run(seeds: Iterable[int], *, jobs: int) -> list[Outcome]:
    """Try many seeds, `jobs` at a time."""
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        return pool.map(try_one, seeds, chunksize=5)


def main() -> None:
    """Run a campaign and print what it came to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    wish = parser.parse_args()
    begin_s = perf_counter()
    outcomes = run(range(wish.first, wish.first + wish.sets), jobs=wish.jobs)
    print(table(outcomes))
    print(f"{perf_counter() - begin_s:.0f} s with {wish.jobs} processes")
    sys.exit(any(one.problems for one in outcomes))


if __name__ == "__main__":
    main()
