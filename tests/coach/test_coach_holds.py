"""What holds for any course of things: scripts that make sense, and events in any order at all."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from coach.script import Script, exercise, heard, said, sounds
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_proto.motion import Recording
from imu.app.person import perform
from imu.coach import Coach, Cue, Pace, Say, Tone, Verbosity, Why
from imu.coach import heard as audible
from imu.coach.holding import LONGEST_TONE_S
from imu.exercises import get_exercise
from imu.model import (
    Event,
    LiveState,
    MovementRejected,
    Phase,
    PhaseChanged,
    Rep,
    RepAnnounced,
    RepConfirmed,
    RepWithdrawn,
    Samples,
    SetRetracted,
    SetStarted,
    Verdict,
)
from imu.motion.pipeline import Pipeline

TEMPI = st.sampled_from(["3-0-1-1", "3-1-2-2", "X-0-X-0", "2-1-1-X", "3-0-2-60", "0-0-0-0"])
ACTIONS: dict[str, Callable[[Script], Any]] = {
    "rep": Script.rep,
    "hasty": lambda script: script.rep(lower_s=1.0, hold_s=0.2),
    "withdrawn": Script.withdrawn,
    "rejected": Script.rejected,
    "rest": Script.rest,
}


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    """People who do repetitions, and some that are none, in sets."""
    script = Script()
    for action in draw(st.lists(st.sampled_from([*ACTIONS, "rep", "rep"]), max_size=25)):
        ACTIONS[action](script)
    return script


@st.composite
def events(draw: st.DrawFn) -> list[Event]:
    """Anything the pipeline may say, in any order."""
    found: list[Event] = []
    now_s = 0.0
    for _ in range(draw(st.integers(0, 30))):
        now_s += draw(st.sampled_from([0.0, 0.1, 0.7, 3.0, 30.0]))
        number, start_s = draw(st.integers(1, 6)), draw(st.sampled_from([1.0, 2.0, 3.0]))
        rep = Rep(set=1, rep=number, verdict=Verdict.COUNTED, start_s=start_s, end_s=start_s + 1.0)
        at = {"t_s": now_s - 0.1, "decided_s": now_s}
        found.append(
            draw(
                st.sampled_from([
                    PhaseChanged(**at, phase=Phase.TOP), PhaseChanged(**at, phase=Phase.LOWERING),
                    PhaseChanged(**at, phase=Phase.LIFTING), RepAnnounced(**at, number=number),
                    RepWithdrawn(**at, number=number), RepConfirmed(**at, rep=rep), SetStarted(**at, set=1),
                    MovementRejected(**at, rep=rep, withdrawn=number), SetRetracted(**at, set=1),
                ])
            )
        )  # fmt: skip
    return found


def coach(tempo: str = "3-0-1-1") -> Coach:
    return Coach(exercise(tempo), reps=5, rest_s=20.0)


@given(scripts())
def test_what_was_said_last_is_what_counts(script: Script) -> None:
    number = len(script.reps)
    cues = heard(coach(), script.events, until_s=script.t_s + 1.0)
    words = [cue for cue in cues if isinstance(cue, Say) and cue.why in (Why.COUNT, Why.CORRECTION, Why.SET)]
    if not number:  # the set ended, or what there was of one was taken back
        assert not words or words[-1].why is Why.SET or words[-1].text == "not counted"
    else:
        assert words[-1].text.removeprefix("make that ") == str(number)


@given(scripts())
def test_no_repetition_is_counted_twice_and_none_out_of_order(script: Script) -> None:
    number = 0
    for cue in heard(coach(), script.events, until_s=script.t_s + 1.0):
        if isinstance(cue, Say) and cue.why is Why.COUNT:
            assert int(cue.text) == number + 1
            number += 1
        elif isinstance(cue, Say) and cue.why is Why.CORRECTION:
            corrected = 0 if cue.text == "not counted" else int(cue.text.removeprefix("make that "))
            assert corrected < number
            number = corrected
        elif isinstance(cue, Say) and cue.why is Why.SET:
            number = 0


@given(scripts(), TEMPI)
def test_a_tone_sounds_at_the_top_alone(script: Script, tempo: str) -> None:
    left = [e.decided_s for e in script.events if isinstance(e, PhaseChanged) and e.phase is not Phase.TOP]
    for start_s, end_s in sounds(heard(coach(tempo), script.events)):
        assert not any(start_s < at_s < end_s for at_s in left)


@given(events(), TEMPI)
def test_counts_rise_until_they_are_corrected_whatever_comes(found: list[Event], tempo: str) -> None:
    last = 0
    for cue in heard(coach(tempo), found, until_s=1e4):
        if isinstance(cue, Say) and cue.why is Why.COUNT:
            assert int(cue.text) > last
            last = int(cue.text)
        elif isinstance(cue, Say) and cue.why is Why.CORRECTION:
            last = 0 if cue.text == "not counted" else int(cue.text.removeprefix("make that "))


@given(events(), TEMPI)
def test_every_sound_has_an_end_and_nothing_is_said_twice(found: list[Event], tempo: str) -> None:
    cues = heard(coach(tempo), found)
    for cue in cues:
        assert not isinstance(cue, Tone) or 0.0 < cue.length_s <= LONGEST_TONE_S
        assert not isinstance(cue, Pace) or all(0.0 <= beat.after_s < 600.0 for beat in cue.beats)
    said = [(cue.at_s, cue.text) for cue in cues if isinstance(cue, Say)]
    assert all(one != after for one, after in itertools.pairwise(said))


@given(events(), st.lists(st.floats(0.0, 200.0)), TEMPI)
def test_how_often_the_clock_is_read_changes_nothing(found: list[Event], ticks: list[float], tempo: str) -> None:
    end_s = (found[-1].decided_s if found else 0.0) + 100.0
    once, often = coach(tempo), coach(tempo)
    cues: list[Cue] = []
    for before, event in zip([0.0, *(e.decided_s for e in found)], found, strict=False):
        for t_s in sorted(t for t in ticks if before <= t < event.decided_s):
            cues += often.tick(LiveState(t_s=t_s))
        cues += often.take(event)
    assert cues + often.tick(LiveState(t_s=end_s)) == heard(once, found, until_s=end_s)


@given(events())
def test_less_is_part_of_more_and_off_is_silence(found: list[Event]) -> None:
    cues = heard(coach(), found)
    count = audible(cues, Verbosity.COUNT)
    assert audible(cues, Verbosity.OFF) == []
    assert audible(cues, Verbosity.COACH) == cues
    assert [cue for cue in cues if cue in count] == count


@pytest.fixture(scope="module")
def visit() -> Recording:
    """Two sets, with getting on and off the bench."""
    return perform(get_exercise("back-extension"), reps=4, sets=2, seed=3)


def _listened(visit: Recording, cuts: list[int]) -> list[Cue]:
    samples = Samples.measured(visit.t_s, visit.acc_mps2, visit.gyr_radps)
    pipeline = Pipeline(get_exercise("back-extension"), rate_hz=visit.rate_hz)
    listening, cues = coach(), list[Cue]()
    for start, end in zip([0, *cuts], [*cuts, len(samples)], strict=True):
        for event in pipeline.push(samples[start:end]):
            cues += listening.take(event)
        cues += listening.tick(pipeline.state)
    return cues + heard(listening, pipeline.finish(), until_s=float(samples.t_s[-1]) + 60.0)


@settings(max_examples=3)
@given(st.data())
def test_how_a_stream_is_cut_changes_nothing(visit: Recording, data: st.DataObject) -> None:
    n = len(visit.t_s)
    cuts = data.draw(st.lists(st.integers(1, n - 1), max_size=100, unique=True).map(sorted))
    whole = _listened(visit, [])
    assert _listened(visit, cuts) == whole
    assert said(whole, Why.COUNT)[:4] == ["1", "2", "3", "4"]


def test_a_count_is_heard_within_a_third_of_a_second_of_the_true_top(visit: Recording) -> None:
    cues = _listened(visit, list(range(10, len(visit.t_s), 10)))
    counts = np.array([cue.at_s for cue in cues if isinstance(cue, Say) and cue.why is Why.COUNT])
    tops = np.array([rep.lift_end_s for rep in visit.truth.counted])
    late = np.array([(counts - top)[np.abs(counts - top).argmin()] for top in tops])
    assert len(tops) == 8
    assert np.abs(late).max() < 0.33
