"""Sessions as the pages command and see them: real recorder, real Bluetooth stack, in virtual time."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from app.live.served import Message

from firmware_proto.motion import Recording
from firmware_proto.virtual_radio import Air
from firmware_proto.virtual_time import run_virtual
from imu.app.air import in_air
from imu.app.demo import TAIL_S, virtual_sensor
from imu.app.live import commands
from imu.app.live.commands import BadCommand
from imu.app.live.hub import Role
from imu.app.live.messages import STATES_PER_S, TRACE_S, Trace
from imu.app.live.studio import Studio
from imu.app.person import perform
from imu.app.record import Plan
from imu.errors import SensorNotFound
from imu.exercises import get_exercise
from imu.model import Verdict
from imu.sessions import read_header, read_session
from imu.sessions.csvfile import rows_of

BENCH = get_exercise("back-extension")


@dataclass
class Story:
    """A studio with a sensor in the air, and a page that looks on."""

    studio: Studio
    air: Air
    heard: list[Message] = field(default_factory=list)
    times_s: list[float] = field(default_factory=list)
    running: asyncio.Task[None] | None = None
    trace: Trace | None = None

    async def look_on(self) -> None:
        hub = self.studio.hub
        with hub.joined(Role.CONTROL, self.studio.hello(Role.CONTROL)) as viewer:
            while True:
                self.heard.append(json.loads(await viewer.next()))
                self.times_s.append(asyncio.get_running_loop().time())

    async def until(self, wanted: Callable[[Message], bool], since: int = 0) -> Message:
        """The first message of those from `since` on that is wanted; it may come yet."""
        async with asyncio.timeout(200.0):
            while True:
                for message in self.heard[since:]:
                    if wanted(message):
                        return message
                since = len(self.heard)
                await asyncio.sleep(0.05)

    async def stage(self, name: str, since: int = 0) -> Message:
        return await self.until(lambda m: m["kind"] == "link" and m["stage"] == name, since)

    async def count(self, number: int) -> Message:
        return await self.until(lambda m: m["kind"] == "state" and m["count"] == number)

    def of(self, kind: str) -> list[Message]:
        return [message for message in self.heard if message["kind"] == kind]

    @property
    def said(self) -> list[str]:
        return [m["cue"]["text"] for m in self.of("cue") if m["cue"]["what"] == "say"]

    @property
    def stages(self) -> list[str]:
        """The stages in their order."""
        named = [m["stage"] for m in self.of("link")]
        return [name for name, before in zip(named, ["", *named], strict=False) if name != before]


def tell(story: Callable[[Story], Awaitable[None]], performed: Recording, out: Path, **declared: object) -> Story:
    """Run a story to its end, then end the program as Ctrl-C does."""

    async def run() -> Story:
        async with in_air(virtual_sensor(performed)) as (air, backend):
            plan = Plan(exercise=BENCH, out=out, synthetic=True, **declared)  # type: ignore[arg-type]
            told = Story(Studio(plan, backend=backend, kept=lambda _: None), air)
            looking = asyncio.create_task(told.look_on())
            await asyncio.sleep(0)
            told.running = asyncio.create_task(told.studio.run())
            await story(told)
            await asyncio.sleep(0.5)
            told.running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await told.running
            looking.cancel()
            return told

    return run_virtual(run())


@pytest.fixture(scope="module")
def four() -> Recording:
    return perform(BENCH, reps=4, seed=3)


@pytest.fixture(scope="module")
def one() -> Recording:
    return perform(BENCH, reps=1, seed=3)


def table(path: Path) -> list[dict[str, str]]:
    rows = rows_of(path, path.read_bytes())
    _, names = next(rows)
    return [dict(zip(names, cells, strict=True)) for _, cells in rows]


@pytest.fixture(scope="module")
def whole(four: Recording, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A set from the first look for the sensor to the folder, with a few words on the way."""

    async def story(told: Story) -> None:
        await told.stage("recording")
        told.studio.do(commands.SetLoad(load_kg=20.0))
        row = await told.until(lambda m: m["kind"] == "rep" and m["row"] and m["row"]["rep"] == 1)
        told.studio.do(commands.SetTarget(tempo="3-0-X-1", reps=4))
        told.studio.do(commands.Overrule(rep=row["row"]["id"], verdict=Verdict.SHALLOW))
        await told.count(3)
        told.trace = told.studio.page.snapshot(told.studio._link()).state.trace
        told.studio.do(commands.SetLoad(load_kg=22.5))
        await told.stage("stopped")

    return tell(story, four, tmp_path_factory.mktemp("whole"), duration_s=float(four.t_s[-1]) - TAIL_S)


def test_what_is_told_of_a_set(whole: Story) -> None:
    assert whole.stages == ["looking", "connecting", "recording", "stopped"]
    assert [m["kind"] for m in whole.heard[:2]] == ["hello", "snapshot"]
    # the fifth leads off the bench
    assert [text for text in whole.said if text.isdecimal()] == ["1", "2", "3", "4", "5"]
    assert {"make that 4", "last two"} <= set(whole.said)
    assert [(m["step"], m["set"], m["reps"]) for m in whole.of("set")] == [("started", 1, 0), ("ended", 1, 4)]
    counts = [m["count"] for m in whole.of("state")]
    assert [n for n, before in zip(counts, [-1, *counts], strict=False) if n != before] == [0, 1, 2, 3, 4, 5, 4]
    assert whole.of("state")[-1]["rest"]["held_s"] > 5.0
    assert {m["hold"]["reached"] for m in whole.of("state") if m["hold"]} == {False, True}


def test_what_was_said_on_the_way_stands_in_the_folder(whole: Story) -> None:
    (recorded,) = whole.studio.recorded
    assert recorded.folder is not None
    folder = recorded.folder
    header, session = read_header(folder / "session.json"), read_session(folder)
    assert (header.load_kg, header.target_tempo, header.target_reps) == (20.0, "3-0-1-1", None)  # what held at first
    assert [(e.kind, e.detail) for e in session.events if e.kind in ("load", "target tempo", "target count")] == [
        ("load", "load_kg=20"), ("target tempo", "tempo=3-0-X-1"), ("target count", "reps=4"), ("load", "load_kg=22.5"),
    ]  # fmt: skip
    assert [row["load_kg"] for row in table(folder / "sets.csv")] == ["22.50"]
    assert whole.studio.plan.load_kg == 22.5
    (label,) = session.labels
    assert (label.verdict, label.by, label.times) == (Verdict.SHALLOW, "live page", "program")
    assert len([rep for rep in session.reps if rep.counted]) == 4


def test_the_list_at_the_end_is_the_ledger_with_the_persons_word_beside_it(whole: Story) -> None:
    (recorded,) = whole.studio.recorded
    assert recorded.folder is not None
    reps, last = read_session(recorded.folder).reps, whole.of("snapshot")[-1]
    assert [row["id"] for row in last["rows"]] == [f"{rep.start_s:.4f}" for rep in reps]
    shown = next(row for row in last["rows"] if row["rep"] == 1)
    assert (shown["verdict"], shown["label"], shown["label_words"]) == ("COUNTED", "SHALLOW", "too little range")
    files = [None if math.isnan(rep.tempo_adherence) else round(rep.tempo_adherence, 4) for rep in reps]
    assert [row["adherence"] for row in last["rows"]] == files
    assert [sum(row["hits"]) / 4 for row in last["rows"] if row["rep"] in (1, 2, 3)] == [
        pytest.approx(kept) for kept, rep in zip(files, reps, strict=True) if rep.rep in (1, 2, 3)
    ]
    assert (last["sets"][0]["load_kg"], last["link"]["folder"]) == (22.5, recorded.folder.name)


def test_states_come_calmly_and_their_trace_has_no_hole(whole: Story) -> None:
    states = [m for m in whole.of("state") if m["t_s"] is not None]
    at_s = [s for s, m in zip(whole.times_s, whole.heard, strict=True) if m["kind"] == "state"]
    assert all(later - before >= 0.99 / STATES_PER_S for before, later in itertools.pairwise(at_s))
    assert len(states) > 9 * (at_s[-1] - at_s[0] - 2.0)  # with each packet
    assert max(m["age_s"] for m in states[:-1]) < 0.2  # the last one tells of the end
    t_s = [t for m in states for t in m["trace"]["t_s"]]
    steps = [later - before for before, later in itertools.pairwise(t_s)]
    assert 0.0 < min(steps) <= max(steps) < 0.06
    assert all(m["t_s"] - m["trace"]["t_s"][-1] < 0.06 for m in states[5:-1])
    assert whole.trace is not None
    assert TRACE_S - 0.1 < whole.trace.t_s[-1] - whole.trace.t_s[0] <= TRACE_S
    assert {round(t, 4) for t in whole.trace.t_s} <= set(t_s)
    heard_s = [s for s, m in zip(whole.times_s, whole.heard, strict=True) if m["kind"] == "link"]
    assert max(later - before for before, later in itertools.pairwise(heard_s)) < 1.5


def test_a_set_that_the_person_begins_and_ends(one: Recording, tmp_path: Path) -> None:
    refused = []

    def do(told: Story, command: commands.Command) -> None:
        try:
            told.studio.do(command)
        except BadCommand as error:
            refused.append((command.do, error.code))

    async def story(told: Story) -> None:
        do(told, commands.StartSet())
        await told.stage("recording")
        await told.until(lambda m: m["kind"] == "state" and (m["t_s"] or 0.0) > one.truth.counted[0].lift_start_s - 1.0)
        for command in (commands.EndSet(), commands.StartSet(), commands.StartSet()):
            do(told, command)
        await told.count(1)
        await told.until(lambda m: m["kind"] == "state" and (m["t_s"] or 0.0) > one.truth.counted[0].lower_end_s + 0.3)
        do(told, commands.EndSet())
        await told.until(lambda m: m["kind"] == "set" and m["step"] == "ended")

    told = tell(story, one, tmp_path)
    assert refused == [("start_set", "state"), ("end_set", "state"), ("start_set", "state")]
    marked = [m for m in told.of("state") if m["set_marked"]]
    assert {(m["set"], m["set_open"]) for m in marked} == {(1, True)}
    assert {m["count"] for m in marked} == {0, 1}
    (folder,) = tmp_path.iterdir()
    assert [(row["set"], row["reps"]) for row in table(folder / "sets.csv")] == [("1", "1")]
    kinds = [event.kind for event in read_session(folder).events]
    assert (kinds.count("set begun by hand"), kinds.count("set ended by hand")) == (1, 1)


def test_a_sensor_out_of_reach_is_said_and_greyed_and_nothing_is_lost(four: Recording, tmp_path: Path) -> None:
    async def story(told: Story) -> None:
        await told.count(1)
        await told.air.reach(0, within=False)
        await told.until(lambda m: m["kind"] == "link" and m["words"].startswith("lost, searching"))
        await asyncio.sleep(4.0)
        await told.air.reach(0, within=True)
        await told.stage("stopped")

    told = tell(story, four, tmp_path, duration_s=float(four.t_s[-1]) - TAIL_S)
    lost = [m for m in told.of("link") if m["words"].startswith("lost, searching")]
    assert max(m["age_s"] for m in lost) > 3.0
    assert not any(m["good"] for m in lost)
    assert told.said.index("sensor lost") < told.said.index("sensor back")
    assert told.of("snapshot")[-1]["link"]["lost"] == 0
    assert len([row for row in told.of("snapshot")[-1]["rows"] if row["counted"]]) == 4


def test_another_exercise_is_another_session_and_ended_from_outside_both_are_kept(
    four: Recording, tmp_path: Path
) -> None:
    async def story(told: Story) -> None:
        await told.until(lambda m: m["kind"] == "state" and (m["t_s"] or 0.0) > 3.0)
        since = len(told.heard)
        told.studio.do(commands.SetExercise(exercise="hinge"))
        await told.stage("recording", since)
        told.studio.do(commands.SoundTest())
        await asyncio.sleep(3.0)

    told = tell(story, four, tmp_path)
    first, second = told.studio.recorded
    assert first.folder is not None
    assert second.folder is not None
    assert [read_header(one / "session.json").exercise for one in (first.folder, second.folder)] == [
        "back-extension", "hinge",
    ]  # fmt: skip
    assert told.stages == ["looking", "connecting", "recording", "stopping", "stopped", "looking", "connecting",
                           "recording", "stopping", "stopped"]  # fmt: skip
    between = told.of("snapshot")[-3]
    assert (between["link"]["stage"], between["settings"]["exercise"]["key"], between["rows"]) == (
        "looking", "hinge", [],
    )  # fmt: skip
    assert told.of("snapshot")[-1]["settings"]["exercise"]["key"] == "hinge"
    assert "sound test" in told.said
    assert second.end.interrupted
    assert len(read_session(second.folder).samples) == second.end.received > 300


def test_without_a_sensor_it_says_so_and_looks_again_when_asked(one: Recording, tmp_path: Path) -> None:
    async def story(told: Story) -> None:
        await told.air.reach(0, within=False)
        await told.stage("failed")
        assert isinstance(told.studio.error, SensorNotFound)
        with pytest.raises(BadCommand, match="Nothing is being recorded"):
            told.studio.do(commands.Calibrate())
        told.studio.do(commands.SetLoad(load_kg=5.0))
        await told.air.reach(0, within=True)
        told.studio.do(commands.Connect())
        with pytest.raises(BadCommand, match="under way"):
            told.studio.do(commands.Connect())
        await told.stage("recording")
        told.studio.do(commands.Stop())
        await told.stage("stopped")
        assert told.studio.error is None
        with pytest.raises(BadCommand, match="Nothing is under way"):
            told.studio.do(commands.Stop())

    told = tell(story, one, tmp_path)
    failed = next(m for m in told.of("link") if m["stage"] == "failed")
    assert failed["text"].startswith("No sensor was found")
    assert failed["age_s"] is None
    (folder,) = tmp_path.iterdir()
    assert read_header(folder / "session.json").load_kg == 5.0


def test_the_straight_line_is_counted_down_and_moves_the_band(tmp_path: Path) -> None:
    held = perform(BENCH, reps=1, seed=3, calibrate=True)

    async def story(told: Story) -> None:
        await told.stage("recording")
        told.studio.do(commands.Calibrate())
        await told.until(lambda m: m["kind"] == "line" and m["source"] == "measured")

    told = tell(story, held, tmp_path)
    left = [m["calibrating"]["left_s"] for m in told.of("state") if m["calibrating"]]
    assert max(left) > 3.0
    assert len(set(left)) > 8
    assert {"2", "1", "straight line taken"} <= set(told.said)
    line = told.of("line")[-1]
    assert (line["low_deg"], line["high_deg"]) == (
        pytest.approx(line["pitch_deg"] - 10.0), pytest.approx(line["pitch_deg"] + 10.0)
    )  # fmt: skip
    assert abs(line["pitch_deg"] - 45.0) < 10.0
