"""A stream with holes: counting goes on over them, and in the end it does not matter what came late."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_proto.motion import Recording
from firmware_proto.virtual_radio import virtual_air
from firmware_proto.virtual_time import run_virtual
from imu.app.demo import virtual_sensor
from imu.app.display import Lines
from imu.app.ledger import Ledger
from imu.app.person import perform
from imu.app.record import Plan, Recorded, find_and_record
from imu.app.whole import SOON_S, Whole
from imu.exercises import get_exercise
from imu.link import Backend
from imu.model import Analysis, Event, Mount, Recounted, Samples, Verdict
from imu.motion.pipeline import Pipeline
from imu.sessions import read_session

BENCH = get_exercise("back-extension")
WORN = Mount.from_axes(cranial="+y", anterior="+z")
FRAME = 10


@pytest.fixture(scope="module")
def performed() -> Recording:
    return perform(BENCH, reps=4, seed=3)


@pytest.fixture(scope="module")
def frames(performed: Recording) -> list[Samples]:
    """A set in frames as a sensor sends them."""
    samples = Samples.measured(performed.t_s, performed.acc_mps2, performed.gyr_radps)
    return [samples[i : i + FRAME] for i in range(0, len(samples), FRAME)]


def pipeline(mount: Mount | None = WORN) -> Pipeline:
    return Pipeline(BENCH, rate_hz=104.0, mount=mount)


def in_order(frames: list[Samples], mount: Mount | None = WORN) -> Analysis:
    plain = pipeline(mount)
    for frame in frames:
        plain.push(frame)
    plain.finish()
    return plain.analysis()


def late(frames: list[Samples], first: int, stop: int, by: int) -> list[Samples]:
    """Frames [first, stop) come behind `by` others, two after each live one."""
    held, there = frames[first:stop], [*frames[:first], *frames[stop : stop + by]]
    for frame in frames[stop + by :]:
        there += [frame, *held[:2]]
        held = held[2:]
    return there + held


def heard(events: list[Event]) -> list[tuple[int | None, int | None, float]]:
    """The repetitions that somebody holds who heard all this."""
    ledger = Ledger()
    for event in events:
        ledger.take(event)
    return [(rep.set, rep.rep, rep.start_s) for rep in ledger.counted]


def counted(analysis: Analysis) -> list[tuple[int | None, int | None, float]]:
    return [(rep.set, rep.rep, rep.start_s) for rep in analysis.counted]


@pytest.mark.parametrize("mount", [WORN, None])
@pytest.mark.parametrize(("first", "stop"), [(0, 5), (150, 160), (150, 300), (250, 420)])
def test_a_hole_that_is_filled_leaves_no_trace(
    frames: list[Samples], first: int, stop: int, mount: Mount | None
) -> None:
    whole, told = Whole(pipeline(mount)), []
    for frame in late(frames, first, stop, by=20):
        told += whole.push(frame)
    told += whole.finish()
    assert repr(whole.analysis()) == repr(in_order(frames, mount))
    assert heard(told) == counted(whole.analysis())
    assert len(heard(told)) == 4


def test_counting_goes_on_in_a_hole_and_is_put_right_once_it_is_filled(frames: list[Samples]) -> None:
    whole, told = Whole(pipeline()), list[Event]()
    for frame in [*frames[:200], *frames[320:]]:  # a repetition and a half are missing
        told += whole.push(frame)
    behind = whole.analysis()
    assert whole.state.t_s > frames[-1].t_s[-1] - 1.0
    assert any(rep.start_s > frames[320].t_s[0] for rep in behind.reps)
    assert heard(told) == counted(behind)
    for frame in frames[200:320]:
        told += whole.push(frame)
    (recounted,) = [event for event in told if isinstance(event, Recounted)]
    assert recounted.before == len(behind.counted) < recounted.after == 4
    assert recounted.changed
    told += whole.finish()
    assert heard(told) == counted(whole.analysis())
    assert repr(whole.analysis()) == repr(in_order(frames))


def test_a_hole_that_stays_is_marked_in_the_repetition_it_touches(frames: list[Samples]) -> None:
    whole = Whole(pipeline())
    for frame in [*frames[:230], *frames[270:]]:
        whole.push(frame)
    whole.gone(230 * FRAME, 270 * FRAME)
    whole.finish()
    there = [*frames[:230], *frames[270:]]
    assert repr(whole.analysis()) == repr(in_order(there))
    hole_s = frames[230].t_s[0], frames[269].t_s[-1]
    touched = [rep for rep in whole.analysis().reps if rep.start_s < hole_s[1] and rep.end_s > hole_s[0]]
    assert touched
    assert all(
        rep.verdict is Verdict.LOST_DATA or not rep.counted or np.isfinite(rep.lift_start_pm_s) for rep in touched
    )


def test_a_frame_that_is_soon_here_again_revises_nothing(frames: list[Samples]) -> None:
    whole = Whole(pipeline())
    order = list(range(len(frames)))
    for k in range(20, len(frames) - 20, 40):
        order.remove(k)
        order.insert(order.index(k + int(SOON_S * 104 / FRAME) - 2), k)
    told = [event for k in order for event in whole.push(frames[k])]
    assert not [event for event in told if isinstance(event, Recounted)]


def test_what_comes_after_it_was_given_up_is_too_late_for_live(frames: list[Samples]) -> None:
    whole = Whole(pipeline())
    for frame in [*frames[:100], *frames[103:200]]:
        whole.push(frame)
    whole.gone(100 * FRAME, 103 * FRAME)
    whole.push(frames[101])
    for frame in frames[200:]:
        whole.push(frame)
    whole.finish()
    assert repr(whole.analysis()) == repr(in_order([*frames[:100], *frames[103:]]))


@settings(max_examples=examples(8))
@given(st.data())
def test_whatever_comes_late_in_the_end_it_is_the_whole(frames: list[Samples], data: st.DataObject) -> None:
    keys = data.draw(st.lists(st.integers(0, 200), min_size=len(frames), max_size=len(frames)))
    lateness = np.where(np.array(keys) < 20, np.array(keys) * 5, 0)
    order = np.argsort(np.arange(len(frames)) + lateness, kind="stable")
    whole, told = Whole(pipeline()), []
    for k in order:
        told += whole.push(frames[k])
    told += whole.finish()
    assert repr(whole.analysis()) == repr(in_order(frames))
    assert heard(told) == counted(whole.analysis())


def test_what_a_filled_gap_changed_is_shown_and_kept(tmp_path: Path) -> None:
    performed, shown, states = perform(BENCH, reps=4, seed=3), list[str](), list[str]()

    class Heard(Lines):
        """Keeps what is shown."""

        def _line(self, text: str) -> None:
            shown.append(text)

        def refresh(self) -> None:
            assert self.board.health is not None
            if not states or states[-1] != self.board.health.state:
                states.append(self.board.health.state)

    async def record() -> Recorded:
        async with virtual_air([virtual_sensor(performed)]) as air:
            backend = Backend(scanner=air.scanner_backend, client=air.client_backend)
            plan = Plan.build(BENCH, out=tmp_path, duration_s=float(performed.t_s[-1]) - 0.5)
            recording = asyncio.ensure_future(find_and_record(None, plan, backend=backend, display=Heard))
            await asyncio.sleep(19.0)
            await air.reach(0, within=False)
            await asyncio.sleep(10.0)
            await air.reach(0, within=True)
            return await recording

    recorded = run_virtual(record())
    assert recorded.folder is not None
    assert len(recorded.live.counted) == len(recorded.analysis.counted) == 4
    kept = [event.detail for event in read_session(recorded.folder).events if event.kind == "recounted"]
    assert len(kept) == 1
    assert kept[0].startswith("A gap was closed and all counted again: ")
    assert kept[0] in shown
    assert states[:4] == ["streaming", "lost, searching", "found, connecting", "filling gaps"]
    assert "streaming" in states[4:]
