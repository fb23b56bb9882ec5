"""The straight line as a person sets it: `--calibrate`, the key c, the view, and the same number from the files."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import os
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import Result

from firmware_proto.motion import Recording
from imu.app import words
from imu.app.board import Board
from imu.app.demo import record_virtual
from imu.app.digits import big
from imu.app.display import Lines
from imu.app.follow import Follower
from imu.app.keys import keyboard
from imu.app.person import perform
from imu.app.record import Plan
from imu.app.view import Screen
from imu.exercises import get_exercise
from imu.link import LinkEvent
from imu.model import Calibration, CalibrationState, CalibrationStep, LineHold, LiveState, Mount, Phase, Samples
from imu.motion.pipeline import Pipeline
from imu.sessions import CALIBRATION, GIVEN_UP, read_session

Imu = Callable[..., Result]
BENCH = get_exercise("back-extension")
DECLARED = Mount.from_axes(cranial="+y", anterior="+z")


@pytest.fixture(scope="module")
def performed() -> Recording:
    """Three back extensions after a straight line held for 5 s."""
    return perform(BENCH, reps=3, seed=2, calibrate=True)


@pytest.mark.virtual_time
async def test_a_session_that_is_calibrated_keeps_the_hold_and_the_files_give_the_same_line(
    performed: Recording, tmp_path: Path, imu: Imu
) -> None:
    plan = Plan.build(BENCH, out=tmp_path, calibrate=True, duration_s=float(performed.t_s[-1]) - 0.5)
    recorded = await record_virtual(performed, plan, display=Lines)
    assert recorded.folder is not None
    session = read_session(recorded.folder)
    (event,) = (e for e in session.events if e.kind == CALIBRATION)
    (held,) = (m for m in performed.truth.movements if m.kind == "straight-line hold")
    assert held.start_s < event.t_s < held.end_s
    assert "pitch_deg=" in event.detail
    assert session.header.straight_line_source == "calibration"
    assert session.header.straight_line_deg == recorded.analysis.straight_line_deg
    assert session.header.straight_line_deg == pytest.approx(recorded.live.straight_line_deg, abs=0.05)
    assert len(recorded.analysis.counted) == 3

    head = (recorded.folder / "session.json").read_bytes()
    line = session.header.straight_line_deg
    lost = dataclasses.replace(session.header, straight_line_deg=None, straight_line_source=None)
    (recorded.folder / "session.json").write_text(lost.to_json(), encoding="utf-8")
    assert imu("analyze", recorded.folder).exit_code == 0
    assert read_session(recorded.folder).header.straight_line_deg == line
    assert (recorded.folder / "session.json").read_bytes() == head


def test_a_hold_added_by_hand_is_used(session: Path, imu: Imu, performance: Recording) -> None:
    true = performance.truth.counted[1]
    row = f"2026-11-20T18:31:00.000Z,,{CALIBRATION},start_s={true.lift_end_s} end_s={true.lower_start_s}\n"
    with (session / "events.csv").open("a", encoding="utf-8") as file:
        file.write(row)
    assert imu("analyze", session).exit_code == 0
    after = read_session(session)
    assert after.header.straight_line_source == "calibration"
    assert after.header.straight_line_deg == pytest.approx(true.top_deg, abs=8.0)


# --- one stream through the follower --------------------------------------------------------------------------------


class Kept:
    """A sink that remembers events."""

    def __init__(self) -> None:
        self.events: list[tuple[str, float, str]] = []

    def append(self, samples: Samples) -> None: ...

    def event(self, kind: str, t_s: float, detail: str = "") -> None:
        self.events.append((kind, t_s, detail))

    def settle(self) -> None: ...


def followed(performed: Recording, *, upto_s: float, press_at_s: float | None = None, calibrate: bool = False) -> Kept:
    """Follow a performance as fast as it goes; press `c` once at a time, in capitals."""
    samples = Samples.measured(performed.t_s, performed.acc_mps2, performed.gyr_radps)
    board, kept = Board(exercise=BENCH, sensor="BX-1"), Kept()
    pressed: list[str] = []

    def keys() -> str:
        if press_at_s is not None and board.live.t_s >= press_at_s and not pressed:
            pressed.append("C")
            return "xC"
        return ""

    async def stream() -> AsyncIterator[Samples | LinkEvent]:
        for start in range(0, int(upto_s * performed.rate_hz), 52):
            yield samples[start : start + 52]
            if press_at_s is not None and board.live.t_s >= press_at_s and not pressed:
                await asyncio.sleep(0.3)  # the keyboard is asked a few times a second

    async def run() -> None:
        pipeline = Pipeline(BENCH, rate_hz=performed.rate_hz, mount=DECLARED)
        await Follower(pipeline, board, Lines(board), sink=kept, calibrate=calibrate, keys=keys).follow(stream())

    asyncio.run(run())
    return kept


def test_the_key_c_takes_the_line_in_mid_session(performed: Recording) -> None:
    (held,) = (m for m in performed.truth.movements if m.kind == "straight-line hold")
    kinds = [kind for kind, *_ in followed(performed, upto_s=held.end_s, press_at_s=held.start_s - 1.0).events]
    assert kinds == [CALIBRATION]
    assert followed(performed, upto_s=held.end_s).events == []


def test_when_the_time_is_over_the_session_says_so_and_goes_on(
    performed: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Pipeline.calibrate
    monkeypatch.setattr(Pipeline, "calibrate", lambda self, **more: plain(self, limit_s=4.0, **more))
    events = followed(performed, upto_s=performed.t_s[-1], calibrate=True).events
    kinds = [kind for kind, *_ in events]
    assert GIVEN_UP in kinds
    assert CALIBRATION not in kinds
    assert kinds[-1] == "set_ended"


# --- what a person sees ---------------------------------------------------------------------------------------------


def board(**live: object) -> Board:
    made = Board(exercise=BENCH, sensor="BX-1A2B", keys=True)
    made.see(replace(LiveState(t_s=12.0, phase=Phase.TOP, phase_since_s=9.0, pitch_deg=44.0, count=8), **live))
    return made


def drawn(shown: Board, width: int = 80, height: int = 24) -> str:
    console = Console(width=width, height=height, file=io.StringIO(), force_terminal=True, color_system=None)
    with console.capture() as text:
        console.print(Screen(shown))
    return text.get()


def test_the_countdown_stands_where_the_count_was() -> None:
    text = drawn(board(calibration=CalibrationState(held_s=1.2, wanted_s=3.0, until_s=120.0)))
    assert "STRAIGHT LINE" in text
    assert "of 3 s: keep still" in text
    assert all(row in text for row in big("2", 2)), "two more seconds to hold"
    assert "HOLD" not in text


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (CalibrationState(held_s=0.0, wanted_s=3.0, until_s=120.0), "one straight line, keep still"),
        (CalibrationState(held_s=3.0, wanted_s=3.0, until_s=120.0, elsewhere=True), "another posture"),
    ],
)
def test_the_view_says_what_to_do(state: CalibrationState, said: str) -> None:
    for width in (60, 80, 140):
        text = drawn(board(calibration=state), width)
        assert said in text
        assert len(text.splitlines()) <= 24


def test_the_mark_of_the_straight_line_moves_to_the_one_that_was_taken() -> None:
    assert "straight line 45°" in drawn(board())
    assert "straight line 38°" in drawn(board(straight_line_deg=38.2))


def test_the_key_is_on_the_screen_only_where_it_works() -> None:
    shown = board()
    assert "c straight line" in drawn(shown, 100)
    shown.keys = False
    assert "c straight line" not in drawn(shown, 100)


@pytest.mark.parametrize(
    ("step", "numbers", "said"),
    [
        (CalibrationStep.TAKEN, {"pitch_deg": 44.2, "hold": LineHold(start_s=1, end_s=4)}, "taken at 44°"),
        (CalibrationStep.TAKEN, {"hold": LineHold(start_s=1, end_s=4)}, "taken: tops"),
        (CalibrationStep.UNSTEADY, {"held_s": 1.8, "moved_deg": 7.0}, "moved by 7° after 1.8 s"),
        (CalibrationStep.UNSTEADY, {"held_s": 1.8, "moved_deg": float("inf")}, "samples were lost"),
        (CalibrationStep.ELSEWHERE, {"pitch_deg": 91.0}, "another posture"),
        (CalibrationStep.GIVEN_UP, {}, "median of the tops"),
    ],
)
def test_every_step_has_its_words(step: CalibrationStep, numbers: dict[str, object], said: str) -> None:
    event = Calibration(t_s=5.0, decided_s=5.0, step=step, **numbers)  # type: ignore[arg-type]
    assert said in words.calibration_line(event)
    shown = board()
    shown.take(event)
    assert shown.remark_text == words.calibration_line(event)


def test_a_static_hold_is_timed_from_its_start_however_the_trunk_sags() -> None:
    made = Board(exercise=get_exercise("sorensen-hold"), sensor="BX-1")
    made.see(LiveState(t_s=20.5, phase=Phase.TOP, phase_since_s=20.0, pitch_deg=1.0))
    made.see(LiveState(t_s=60.0, phase=Phase.BOTTOM, phase_since_s=59.0, pitch_deg=-7.4))
    text = drawn(made)
    assert "of 60 s   -8° off the line" in text
    assert all(row in text for row in big("40.0"))
    made.see(LiveState(t_s=70.0, phase=Phase.LOWERING, phase_since_s=69.5, pitch_deg=-20.0))
    assert made.hold_s is None


# --- the keyboard ---------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no terminals of this kind")
def test_keys_come_one_by_one_unseen_and_the_terminal_is_as_before() -> None:
    import termios  # noqa: PLC0415 (not on Windows)

    ours, theirs = os.openpty()
    try:
        before = termios.tcgetattr(theirs)
        with keyboard(theirs) as keys:
            assert keys is not None
            assert keys() == ""
            os.write(ours, b"c")
            assert [keys() or keys(), keys()] == ["c", ""]
            assert termios.tcgetattr(theirs)[3] & termios.ISIG, "Ctrl-C stays Ctrl-C"
            assert not termios.tcgetattr(theirs)[3] & termios.ECHO
        assert termios.tcgetattr(theirs) == before
    finally:
        os.close(ours)
        os.close(theirs)


def test_without_a_keyboard_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("c"))
    with keyboard() as keys:
        assert keys is None
    monkeypatch.setattr(sys, "stdin", None)
    with keyboard() as keys:
        assert keys is None


# --- lines marked by hand, and lines that are no more ---------------------------------------------------------------


def marked(session: Path, *details: str) -> None:
    """A session whose events are these marks."""
    rows = "".join(f"2026-11-20T18:31:00.000Z,,{CALIBRATION},{detail}\n" for detail in details)
    (session / "events.csv").write_text("utc,t_s,kind,detail\n" + rows, encoding="utf-8")


@pytest.mark.parametrize("whole", [False, True])
def test_a_calibration_that_was_deleted_leaves_no_line_behind(
    session: Path, imu: Imu, performance: Recording, whole: bool
) -> None:
    assert imu("analyze", session).exit_code == 0
    before = read_session(session).header
    true = performance.truth.counted[1]
    marked(session, f"start_s={true.lift_end_s} end_s={true.lower_start_s}")
    assert imu("analyze", session).exit_code == 0
    assert read_session(session).header.straight_line_source == "calibration"
    if whole:
        (session / "events.csv").unlink()
    else:
        marked(session)
    assert imu("analyze", session).exit_code == 0
    after = read_session(session).header
    assert after.straight_line_source == "median of tops"
    assert after.straight_line_deg == before.straight_line_deg


def test_a_declared_line_stays(session: Path, imu: Imu) -> None:
    told = dataclasses.replace(read_session(session).header, straight_line_deg=41.0, straight_line_source="declared")
    (session / "session.json").write_text(told.to_json(), encoding="utf-8")
    for _ in range(2):
        assert imu("analyze", session).exit_code == 0
        header = read_session(session).header
        assert (header.straight_line_deg, header.straight_line_source) == (41.0, "declared")


def test_marks_nobody_can_have_held_are_said_and_cost_no_repetition(
    session: Path, imu: Imu, performance: Recording
) -> None:
    one, two, three = performance.truth.counted[2:5]
    hanging = 0.5 * (two.lower_end_s + three.lift_start_s)
    marked(
        session,
        f"start_s={one.lower_start_s} end_s={one.lower_end_s}",
        f"start_s={hanging - 0.2} end_s={hanging + 0.2}",
        "start_s=9000 end_s=9003",
    )
    done = imu("analyze", session)
    assert done.exit_code == 0, done.output
    for said in ("was not held still", "is shorter than 0.8 s", "lies outside of the recording"):
        assert said in done.output
    assert read_session(session).header.straight_line_source == "median of tops"
    assert sum(rep.counted for rep in read_session(session).reps) == 10
