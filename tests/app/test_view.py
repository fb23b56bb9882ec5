"""The live screen, drawn without a terminal."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from imu.app import words
from imu.app.board import NOTICE_S, Board
from imu.app.digits import big
from imu.app.view import Screen
from imu.exercises import EXERCISES, get_exercise
from imu.link import LinkHealth
from imu.model import (
    LiveState,
    Mount,
    MountRevised,
    MovementRejected,
    Phase,
    Rep,
    RepConfirmed,
    RepWithdrawn,
    SetClosed,
    SetSummary,
    Verdict,
)

REP = Rep(
    set=1, rep=7, verdict=Verdict.COUNTED, start_s=50.0, end_s=56.6, lift_start_s=50.0, lift_end_s=51.4,
    lower_start_s=52.5, lower_end_s=55.6, bottom_hold_s=0.2, top_hold_s=1.1, top_deg=44.0, bottom_deg=-46.0,
)  # fmt: skip
SUMMARY = SetSummary(
    set=1, start_s=10.0, end_s=60.0, reps=8, rest_s=float("nan"), time_under_tension_s=40.0,
    mean_tempo="3.0-0.2-1.2-1.1", mean_rom_deg=88.0, mean_top_hold_s=1.1, lift_rate_loss_pct=12.0,
)  # fmt: skip


def board(**changes: object) -> Board:
    made = Board(exercise=get_exercise("back-extension"), sensor="BX-1A2B", load_kg=10.0, set_rest_s=90.0)
    made.health = LinkHealth(state="streaming", effective_rate_hz=104.0, battery_pct=87)
    made.live = LiveState(t_s=63.2, phase=Phase.TOP, phase_since_s=61.8, pitch_deg=41.0, count=8, set=1)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def drawn(shown: Board, width: int = 80, height: int = 24) -> str:
    console = Console(width=width, height=height, file=io.StringIO(), force_terminal=True, color_system=None)
    with console.capture() as text:
        console.print(Screen(shown))
    return text.get()


def test_a_person_sees_what_they_do_and_how() -> None:
    shown = board()
    shown.take(RepConfirmed(t_s=56.0, decided_s=57.0, rep=REP))
    text = drawn(shown)
    for part in ("HOLD", "of 1 s", "Back extension", "10 kg", "set 1", "41°", "straight line 45°", "BX-1A2B", "104 Hz",
                 "nothing lost", "battery 87 %", "3.1 ✓", "1.4 ✗", "90°", "1:03"):  # fmt: skip
        assert part in text, part


def test_the_count_is_huge_and_grows_with_the_terminal() -> None:
    eight = big("8", 2)
    assert all(row in drawn(board()) for row in eight)
    assert all(row in drawn(board(), 100, 40) for row in big("8", 3))


def test_a_long_name_gives_way_to_what_matters() -> None:
    shown = board(sensor="Movesense 174630000192 (no gyroscope)", synthetic=True)
    shown.health = LinkHealth(state="streaming", effective_rate_hz=104.0, latency_s=0.02, battery_pct=9)
    text = drawn(shown, 100)
    for part in ("SYNTHETIC: a simulated person", "1:03", "104 Hz", "20 ms", "nothing lost", "battery 9 %"):
        assert part in text, part
    assert "Movesense 174630000192 (no gyroscope)" in drawn(board(sensor=shown.sensor), 100)


def test_a_simulated_person_is_called_so() -> None:
    assert "SYNTHETIC" in drawn(board(synthetic=True))
    assert "SYNTHETIC" not in drawn(board())


def test_the_hold_timer_says_when_the_target_is_reached() -> None:
    early = replace(board().live, t_s=62.3)
    assert "✓" not in drawn(board(live=early))
    assert "of 1 s  ✓" in drawn(board())


def test_rest_runs_from_the_end_of_the_set_to_the_next_rep() -> None:
    shown = board()
    assert "REST" not in drawn(shown)
    shown.see(replace(shown.live, count=0))
    shown.take(SetClosed(t_s=60.0, decided_s=63.0, summary=SUMMARY))
    assert "REST" in drawn(shown)
    assert "of 1:30" in drawn(shown)
    shown.see(replace(shown.live, t_s=151.0))
    assert "REST IS OVER" in drawn(shown)
    shown.see(replace(shown.live, count=1))
    assert "REST" not in drawn(shown)
    shown.see(replace(shown.live, count=0))  # it was none
    assert "REST IS OVER" in drawn(shown)


def test_the_bottom_hold_that_led_into_a_rep_is_shown_while_its_own_has_no_end() -> None:
    shown = board()
    shown.take(RepConfirmed(t_s=56.0, decided_s=57.0, rep=REP))
    following = {"start_s": 56.4, "lift_start_s": 56.4, "lift_end_s": 57.8, "lower_start_s": 58.8, "lower_end_s": 61.8}
    shown.take(RepConfirmed(t_s=62.0, decided_s=62.0, rep=replace(REP, **following, bottom_hold_s=float("nan"))))
    assert "0.8 ✗" in drawn(shown)


def test_an_announcement_that_is_taken_back_says_why() -> None:
    shown = board()
    shown.take(RepWithdrawn(t_s=62.0, decided_s=62.1, number=8))
    assert "rep 8 taken back: the lift went on past the top" in drawn(shown)
    shown.take(RepWithdrawn(t_s=62.5, decided_s=62.5, number=8, recounted=True))
    assert "rep 8 taken back: everything was counted again" in drawn(shown)


def test_a_refusal_is_shown_with_its_reason_and_then_goes() -> None:
    shown = board()
    shown.take(MovementRejected(t_s=62.0, decided_s=63.0, rep=replace(REP, verdict=Verdict.SHALLOW), withdrawn=8))
    assert "rep 8 taken back: too little range" in drawn(shown)
    shown.live = replace(shown.live, t_s=63.2 + NOTICE_S)
    assert "taken back" not in drawn(shown)


def test_what_is_wrong_stands_on_the_screen_until_it_is_over_and_fresh_remarks_come_first() -> None:
    wrong = LinkHealth(state="streaming", warnings=("The battery is at 9 %: charge it soon.",), latency_s=0.021)
    shown = board(health=wrong)
    assert "The battery is at 9 %" in drawn(shown)
    assert "21 ms" in drawn(shown)
    shown.remark("set 1: 8 reps")
    assert "The battery is at 9 %" not in drawn(shown)
    shown.health = replace(wrong, warnings=())
    shown.live = replace(shown.live, t_s=63.2 + NOTICE_S)
    assert "The battery" not in drawn(shown)


def test_the_links_figures_at_the_end_are_those_that_are_known() -> None:
    assert words.link_line(LinkHealth(received=80, mtu=23)) == "Link: 80 samples, 0 lost, 0 fetched late, MTU 23."
    health = LinkHealth(
        received=1040, lost=3, filled=20, true_rate_hz=103.9, latency_s=0.012, reconnects=1, clipped=2, mtu=247,
        battery_pct=87, skew_ppm=-12.0, clock_uncertainty_s=0.006,
    )  # fmt: skip
    assert words.link_line(health) == (
        "Link: 1040 samples, 3 lost, 20 fetched late, true rate 103.90 Hz, delay 12 ms, reconnected 1x, "
        "2 samples clipped, MTU 247, battery 87 %, sensor's clock -12 ppm, time of day ±6 ms."
    )


@pytest.mark.parametrize(
    ("health", "said"),
    [
        (LinkHealth(state="streaming"), "nothing lost"),
        (LinkHealth(state="streaming", sees_losses=False), "no loss seen"),
        (LinkHealth(state="streaming", filled=80), "all gaps filled"),
        (LinkHealth(state="filling gaps", missing=30), "filling gaps, 30 samples late"),
        (LinkHealth(state="streaming", lost=12, filled=80), "12 samples lost"),
        (LinkHealth(state="lost, searching"), "lost, searching"),
    ],
)
def test_the_links_health_is_said_in_words(health: LinkHealth, said: str) -> None:
    assert words.link_words(health) == said


angles = st.floats(-360, 360) | st.just(float("nan"))


@settings(max_examples=examples(40))
@given(
    exercise=st.sampled_from(sorted(EXERCISES)),
    phase=st.sampled_from(Phase),
    count=st.integers(0, 150),
    pitch_deg=angles,
    t_s=st.floats(0, 30_000),
    since_s=st.floats(0, 30_000),
    straight_deg=angles,
    width=st.integers(60, 160),
    height=st.integers(20, 60),
    rested=st.booleans(),
)
def test_whatever_happens_it_fits_the_terminal(
    exercise: str, phase: Phase, count: int, pitch_deg: float, t_s: float, since_s: float, straight_deg: float,
    width: int, height: int, rested: bool,
) -> None:  # fmt: skip
    shown = board(exercise=get_exercise(exercise))
    shown.live = LiveState(t_s=t_s, phase=phase, phase_since_s=since_s, pitch_deg=pitch_deg, count=count, set=1)
    shown.straight_line_deg = straight_deg
    shown.take(RepConfirmed(t_s=0, decided_s=0, rep=REP))
    if rested:
        shown.take(SetClosed(t_s=since_s, decided_s=since_s, summary=replace(SUMMARY, end_s=since_s)))
    text = drawn(shown, width, height)
    assert any(big(str(count), scale)[0].strip() in text for scale in (1, 2, 3))
    lines = text.splitlines()
    assert len(lines) <= height
    assert max(len(line.rstrip()) for line in lines) <= width


@given(st.text("0123456789.:- ", min_size=1, max_size=8), st.integers(1, 4))
def test_digits_are_rectangles(text: str, scale: int) -> None:
    rows = big(text, scale)
    assert len(rows) == 5 * scale
    assert len({len(row) for row in rows}) == 1


def test_no_two_digits_look_the_same() -> None:
    assert len({tuple(big(digit)) for digit in "0123456789"}) == 10


def test_the_rest_before_a_set_is_not_its_first_bottom_hold() -> None:
    shown = board()
    shown.take(RepConfirmed(t_s=56.0, decided_s=57.0, rep=REP))
    assert REP.set is not None
    later = {"lift_start_s": 156.4, "lift_end_s": 157.8, "lower_start_s": 158.8, "lower_end_s": 161.8}
    first = replace(REP, **later, set=REP.set + 1, rep=1, bottom_hold_s=float("nan"))
    shown.take(RepConfirmed(t_s=162.0, decided_s=162.0, rep=first))
    assert shown.confirmed is not None
    assert shown.confirmed.bottom_hold_s != shown.confirmed.bottom_hold_s


def test_a_sensor_found_to_sit_otherwise_is_said_with_its_certainty() -> None:
    shown = board()
    mount = Mount(anterior=(0.0, 0.0, 1.0), cranial=(0.0, 1.0, 0.0), source="learned", certainty=0.6)
    shown.take(MountRevised(t_s=63.0, decided_s=63.0, mount=mount))
    assert "head about +y" in shown.remark_text
    assert "60%" in shown.remark_text


def test_that_there_is_no_gyroscope_is_said_with_how_sure_the_figures_are() -> None:
    assert "no gyroscope" in words.acceleration_only([])
    sure = replace(REP, lift_start_pm_s=0.1, lift_end_pm_s=0.2, lower_start_pm_s=0.3, rom_pm_deg=8.2)
    assert "edges of strokes ±0.20 s, ranges ±8°" in words.acceleration_only([sure, REP])
