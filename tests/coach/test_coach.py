"""What a person hears, as they would notice it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from coach.script import LATE_S, Script, beats, exercise, heard, said, sounds, summary

from imu.coach import Coach, Say, Verbosity, Why, hz_of_pitch
from imu.coach import heard as audible
from imu.coach.form import SHORT_TOP_DEG
from imu.coach.lining import POSTURE_DEG
from imu.model import (
    Calibration,
    CalibrationState,
    CalibrationStep,
    Event,
    LineHold,
    LiveState,
    Mount,
    MountRevised,
    MovementRejected,
    Phase,
    PhaseChanged,
    Recounted,
    RepAnnounced,
    RepConfirmed,
    RepRevised,
    RepWithdrawn,
    SetClosed,
    SetRetracted,
    Verdict,
)
from imu.motion.params import MotionParams


def test_the_count_is_said_when_it_is_known_at_the_top() -> None:
    script = Script()
    for _ in range(4):
        script.rep()
    cues = heard(Coach(exercise()), script.events)
    counts = [cue for cue in cues if isinstance(cue, Say) and cue.why is Why.COUNT]
    tops = [event for event in script.events if isinstance(event, RepAnnounced)]
    assert [cue.text for cue in counts] == ["1", "2", "3", "4"]
    assert [cue.at_s for cue in counts] == [top.decided_s for top in tops]


def test_the_tone_of_the_hold_ends_when_the_hold_was_long_enough() -> None:
    script = Script()
    script.rep(hold_s=2.5)
    ((start_s, end_s),) = sounds(heard(Coach(exercise("3-0-1-2")), script.events))
    assert (start_s, end_s) == pytest.approx((11.0 + LATE_S, 11.0 + 2.0))


def test_the_tone_ends_at_once_with_a_hold_that_is_given_up() -> None:
    script = Script()
    script.rep(hold_s=0.8)
    ((_, end_s),) = sounds(heard(Coach(exercise("3-0-1-2")), script.events))
    assert end_s == pytest.approx(11.0 + 0.8 + LATE_S)


@pytest.mark.parametrize("tempo", ["3-0-1-0", "3-0-1-X"])
def test_where_no_hold_is_wanted_there_is_no_tone(tempo: str) -> None:
    script = Script()
    script.rep()
    assert sounds(heard(Coach(exercise(tempo)), script.events)) == []


def test_a_long_hold_is_told_by_the_clock() -> None:
    coach, script = Coach(exercise("3-0-2-25", "sorensen-hold")), Script()
    script.lift()
    cues = heard(coach, script.events, until_s=script.t_s + 41.0)
    assert sounds(cues) == []
    assert said(cues, Why.HOLD) == ["10 seconds", "20 seconds", "25 seconds, target", "30 seconds", "40 seconds"]
    assert [cue.at_s - script.t_s for cue in cues if isinstance(cue, Say)][1:] == pytest.approx([10, 20, 25, 30, 40])


def test_a_long_hold_that_sags_for_a_moment_goes_on() -> None:
    coach, script = Coach(exercise("3-0-2-60", "sorensen-hold")), Script()
    script.lift()
    top_s, script.t_s = script.t_s, script.t_s + 9.0
    script.phase(Phase.LOWERING)
    script.t_s += 5.0
    script.phase(Phase.TOP)
    cues = heard(coach, script.events, until_s=top_s + 21.0)
    assert said(cues, Why.HOLD) == ["20 seconds"]


def test_the_metronome_keeps_the_target_from_each_arrival_on() -> None:
    script = Script()
    script.rep()
    top_s = 11.0
    found = beats(heard(Coach(exercise("3-1-2-1")), script.events))
    assert [at_s - top_s for at_s, _ in found] == pytest.approx([1, 2, 3, 4, 5, 6])
    down, *_, bottom, up, step = [hz for _, hz in found]
    assert down < bottom < step < up


def test_the_metronome_waits_for_whoever_holds_longer() -> None:
    script = Script()
    script.rep(hold_s=4.5)
    lowered_s = 11.0 + 4.5
    late = [at_s for at_s, _ in beats(heard(Coach(exercise("3-0-1-1")), script.events)) if at_s >= lowered_s]
    assert [at_s - lowered_s for at_s in late] == pytest.approx([1, 2, 3])


def test_the_metronome_knows_nothing_of_what_follows_as_fast_as_possible() -> None:
    script = Script()
    script.rep()
    assert [at_s - 11.0 for at_s, _ in beats(heard(Coach(exercise("X-0-1-1")), script.events))] == pytest.approx([1])


def test_the_last_rep_of_a_set_is_not_led_up_again() -> None:
    script = Script()
    for _ in range(3):
        script.rep()
    found = beats(heard(Coach(exercise("3-0-1-1"), reps=3), script.events))
    assert sum(hz == 880.0 for _, hz in found) == 2


def test_last_two_is_said_once_with_the_count_before_them() -> None:
    script = Script()
    for _ in range(2):
        script.rep()
    script.withdrawn()
    for _ in range(3):
        script.rep()
    cues = heard(Coach(exercise(), reps=5), script.events)
    assert said(cues, Why.COUNT, Why.LAST) == ["1", "2", "3", "last two", "3", "4", "5"]


def test_a_count_taken_back_is_corrected_in_words() -> None:
    script = Script()
    for _ in range(3):
        script.rep()
    script.withdrawn()
    script.t_s += 1.0
    script.rep()
    cues = heard(Coach(exercise()), script.events)
    assert said(cues, Why.COUNT, Why.CORRECTION) == ["1", "2", "3", "4", "make that 3", "4"]


def test_lifts_that_were_no_set_are_taken_back_in_one_breath() -> None:
    script = Script()
    script.rep()
    script.rep()
    script.rest()
    cues = heard(Coach(exercise()), script.events, until_s=script.t_s)
    assert said(cues) == ["1", "2", "not counted"]


def test_a_number_that_takes_the_place_of_another_is_said_alone() -> None:
    coach, script = Coach(exercise()), Script()
    for _ in range(3):
        script.rep()
    script.lift()
    cues = heard(coach, script.events)
    at_s = script.t_s + 0.5
    again = [
        RepWithdrawn(t_s=at_s, decided_s=at_s, number=4), RepAnnounced(t_s=at_s, decided_s=at_s, number=5),
    ]  # fmt: skip
    assert said(heard(coach, again, until_s=at_s + 1.0)) == ["5"]
    assert said(cues)[-1] == "4"


def test_a_gap_that_held_a_rep_raises_the_count_and_one_that_held_none_lowers_it() -> None:
    coach, script = Coach(exercise()), Script()
    for _ in range(4):
        script.rep()
    heard(coach, script.events)
    now_s, last = script.t_s + 1.0, script.reps[-1]
    later = replace(last, rep=5, start_s=last.start_s + 0.5)
    found: list[Event] = [
        RepConfirmed(t_s=last.end_s, decided_s=now_s, rep=replace(last, rep=4, start_s=last.start_s - 3.0)),
        RepRevised(t_s=last.end_s, decided_s=now_s, rep=later, was=last),
        Recounted(t_s=now_s, decided_s=now_s, before=4, after=5, moved=0),
    ]
    assert said(heard(coach, found, until_s=now_s + 0.1)) == ["make that 5"]
    gone = replace(later, set=None, rep=None, verdict=Verdict.UNFINISHED)
    lost = MovementRejected(t_s=now_s, decided_s=now_s + 1.0, rep=gone, withdrawn=5)
    assert said(heard(coach, [lost], until_s=now_s + 2.0)) == ["make that 4"]


def test_a_rep_that_was_not_announced_is_made_up_for() -> None:
    script = Script()
    for _ in range(3):
        script.rep()
    events = [event for event in script.events if event not in [e for e in script.events if _is_second(e)]]
    assert said(heard(Coach(exercise()), events), Why.COUNT, Why.CORRECTION) == ["1", "make that 2", "3"]


def _is_second(event: Event) -> bool:
    return isinstance(event, RepAnnounced) and event.number == 2


def test_the_set_is_summed_up_and_corrected_if_it_has_to_be() -> None:
    script = Script()
    for _ in range(3):
        script.rep()
    script.lift()
    script.t_s += 30.0
    closed = SetClosed(t_s=script.t_s, decided_s=script.t_s, summary=summary(1, script.reps))
    coach = Coach(exercise())
    assert said(heard(coach, [*script.events, closed]))[-2:] == ["make that 3", "set 1 done, 3 reps, tempo 85 percent"]
    following = Script(t_s=script.t_s + 60.0)
    following.rep()
    assert said(heard(coach, following.events)) == ["1"]


def test_form_is_told_when_it_slips_twice_running_and_not_before() -> None:
    script = Script()
    script.rep()
    script.rep(lower_s=1.5)
    script.rep()
    script.rep(lower_s=1.5)
    assert said(heard(coach := Coach(exercise("3-0-1-1")), script.events), Why.FORM) == []
    script.events.clear()
    script.rep(lower_s=1.5)
    assert said(heard(coach, script.events), Why.FORM) == ["slower down"]


def test_who_slips_on_is_told_every_other_time() -> None:
    script = Script()
    for _ in range(5):
        script.rep(lower_s=1.5)
    cues = heard(Coach(exercise("3-0-1-1")), script.events)
    assert said(cues) == ["1", "2", "slower down", "3", "4", "slower down", "5"]


def test_tops_before_and_after_another_mount_are_not_held_against_each_other() -> None:
    script = Script()
    for _ in range(3):
        script.rep()
    mount = Mount.from_axes(cranial="+y", anterior="+z")
    script.events.append(MountRevised(t_s=script.t_s, decided_s=script.t_s, mount=mount))
    for _ in range(2):
        script.rep(top_deg=20.0)
    assert said(heard(Coach(exercise()), script.events), Why.FORM) == []


@pytest.mark.parametrize(
    ("slip", "word"),
    [({"lower_s": 1.5}, "slower down"), ({"hold_s": 0.2}, "hold longer"), ({"top_deg": 30.0}, "all the way up")],
)
def test_each_slip_has_its_word_and_a_good_rep_none(slip: dict[str, float], word: str) -> None:
    script = Script()
    for _ in range(3):
        script.rep()
    for _ in range(2):
        script.rep(**slip)
    assert said(heard(Coach(exercise("3-0-1-1")), script.events), Why.FORM) == [word]


def test_tops_are_held_against_a_straight_line_that_was_taken() -> None:
    coach, script = Coach(exercise()), Script()
    taken = Calibration(
        t_s=5.0, decided_s=5.0, step=CalibrationStep.TAKEN, held_s=3.0, pitch_deg=56.0,
        hold=LineHold(start_s=2.0, end_s=5.0),
    )  # fmt: skip
    script.rep()
    script.rep()
    assert said(heard(coach, [taken, *script.events]), Why.FORM) == ["all the way up"]


def test_limits_are_those_of_the_analysis() -> None:
    assert MotionParams().short_top_deg == SHORT_TOP_DEG
    assert MotionParams().line_posture_deg == POSTURE_DEG


def test_the_rest_is_over_once_and_not_if_the_next_set_began_before() -> None:
    script = Script()
    for _ in range(3):
        script.rep()
    ended_s = script.reps[-1].end_s
    script.rest()
    cues = heard(Coach(exercise(), rest_s=60.0), script.events, until_s=ended_s + 100.0)
    (over,) = [cue for cue in cues if isinstance(cue, Say) and cue.why is Why.REST]
    assert over.at_s == pytest.approx(ended_s + 60.0)
    script.rep()
    script.t_s += 100.0
    assert said(heard(Coach(exercise(), rest_s=60.0), script.events, until_s=script.t_s), Why.REST) == []


def test_a_rest_that_is_over_is_not_over_again_when_its_set_is_told_anew() -> None:
    coach, script = Coach(exercise(), rest_s=20.0), Script()
    for _ in range(3):
        script.rep()
    reps = list(script.reps)
    script.rest(60.0)
    assert said(heard(coach, script.events, until_s=script.t_s), Why.REST) == ["rest over"]
    again = {"t_s": script.t_s, "decided_s": script.t_s}
    anew = [SetRetracted(**again, set=1), SetClosed(**again, summary=summary(1, reps))]
    assert said(heard(coach, anew, until_s=script.t_s + 60.0)) == []


def test_a_set_told_anew_does_not_end_the_one_under_way() -> None:
    coach, script = Coach(exercise(), rest_s=5.0), Script()
    for _ in range(3):
        script.rep()
    first = list(script.reps)
    script.rest()
    for _ in range(2):
        script.rep()
    heard(coach, script.events)
    now_s = script.t_s
    anew = [
        SetRetracted(t_s=now_s, decided_s=now_s, set=1),
        SetClosed(t_s=now_s, decided_s=now_s, summary=summary(1, first)),
    ]
    script.events.clear()
    script.rep()
    assert said(heard(coach, [*anew, *script.events], until_s=now_s + 60.0)) == ["3"]


def test_what_sounds_ends_with_the_link_and_both_ends_are_told() -> None:
    coach, script = Coach(exercise("3-0-1-2")), Script()
    script.lift()
    cues = heard(coach, script.events)
    cues += coach.link(script.t_s + 0.5, alive=False) + coach.link(script.t_s + 0.6, alive=False)
    cues += coach.link(script.t_s + 9.0, alive=True)
    assert said(cues) == ["1", "sensor lost", "sensor back"]
    assert sounds(cues)[-1][1] == pytest.approx(script.t_s + 0.5)
    assert [at_s for at_s, _ in beats(cues) if at_s > script.t_s + 0.5] == []


def calibrating(coach: Coach, held_s: list[float], pitch_deg: float = 45.0) -> list[str]:
    states = [CalibrationState(held_s=one, wanted_s=3.02, until_s=120.0) for one in held_s]
    ticks = [LiveState(t_s=float(i), pitch_deg=pitch_deg, calibration=state) for i, state in enumerate(states)]
    return said(cue for tick in ticks for cue in coach.tick(tick))


def test_the_straight_line_is_counted_down_while_it_is_held() -> None:
    coach, quarters = Coach(exercise()), [0.25167 * n for n in range(12)]
    assert calibrating(coach, quarters) == ["straight line, hold still", "2", "1"]
    step = Calibration(t_s=9.0, decided_s=9.0, step=CalibrationStep.UNSTEADY, held_s=2.0, moved_deg=12.0)
    assert said(coach.take(step)) == ["moved, hold still"]
    assert calibrating(coach, quarters) == ["2", "1"]


def test_nothing_is_counted_down_in_another_posture() -> None:
    assert calibrating(Coach(exercise()), [0.0, 1.1, 2.1], pitch_deg=-45.0) == ["straight line, hold still"]


def test_the_way_into_the_straight_line_is_no_repetition() -> None:
    coach, script = Coach(exercise()), Script()
    calibrating(coach, [0.0])
    script.rejected()
    assert said(heard(coach, script.events, until_s=script.t_s + 1.0)) == []
    assert sounds(heard(Coach(exercise()), script.events)) != []


def test_whoever_trains_on_without_holding_the_straight_line_is_counted() -> None:
    coach, script = Coach(exercise()), Script()
    calibrating(coach, [0.0])
    script.rep()
    script.rep()
    assert said(heard(coach, script.events)) == ["make that 1", "2"]


def test_another_target_holds_from_then_on() -> None:
    coach, script = Coach(exercise("3-0-1-1")), Script()
    script.rep(hold_s=2.0)
    coach.aim(exercise("3-0-1-3"), reps=5)
    script.rep(hold_s=3.5)
    lengths = [end - start for start, end in sounds(heard(coach, script.events))]
    assert lengths == pytest.approx([2.0, 3.0 - LATE_S])


def test_each_verbosity_says_what_it_promises() -> None:
    script = Script()
    for _ in range(4):
        script.rep(lower_s=1.0)
    script.rest()
    cues = heard(Coach(exercise(), reps=4), script.events, until_s=script.t_s)
    assert audible(cues, Verbosity.OFF) == []
    assert {cue.why for cue in audible(cues, Verbosity.COUNT) if isinstance(cue, Say)} == {Why.COUNT}
    assert {Why.COUNT, Why.LAST, Why.FORM, Why.SET} == {cue.why for cue in cues if isinstance(cue, Say)}
    assert audible(cues, Verbosity.COACH) == cues


def test_the_tone_that_follows_the_trunk_rises_with_it() -> None:
    assert [round(hz_of_pitch(deg)) for deg in (-90.0, 0.0, 90.0)] == [220, 622, 1760]


def test_a_phase_of_nobody_says_nothing() -> None:
    coach = Coach(exercise())
    phases = [
        PhaseChanged(t_s=t, decided_s=t, phase=p) for t, p in enumerate((Phase.LOWERING, Phase.BOTTOM, Phase.TOP))
    ]
    assert heard(coach, phases, until_s=100.0) == []
