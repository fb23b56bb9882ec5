"""What the pictures show, read back from what was drawn."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import imu
from imu.app import plots
from imu.app.person import perform
from imu.exercises import get_exercise
from imu.model import Samples
from imu.tempo import PHASES

EXAMPLES = Path(__file__).resolve().parents[2] / "recordings"
COLUMNS = ("lower_s", "bottom_hold_s", "lift_s", "top_hold_s")


@pytest.fixture(scope="module")
def session() -> imu.Review:
    """Two sets of four back extensions."""
    return imu.read_session(EXAMPLES / "example-back-extension")


@pytest.fixture(scope="module")
def holed(session: imu.Review) -> imu.Review:
    """The same with 0.8 s of the second repetition's lowering lost."""
    gone = session.samples["t_s"].between(27.0, 27.8)
    return imu.analyze(session.samples[~gone].reset_index(drop=True), exercise="back-extension")


@pytest.fixture(scope="module")
def empty(session: imu.Review) -> imu.Review:
    """The first seconds, in which nothing counts."""
    return imu.analyze(session.samples.head(600), exercise="back-extension")


@pytest.fixture(scope="module")
def static() -> imu.Review:
    """A hold of a minute."""
    done = perform(get_exercise("sorensen-hold"), seed=6, rate_hz=52.0)
    return imu.analyze(Samples.measured(done.t_s, done.acc_mps2, done.gyr_radps), exercise="sorensen-hold")


@pytest.fixture(scope="module")
def one_rep(session: imu.Review) -> imu.Review:
    """A single repetition, which is enough where that is asked for."""
    part = session.samples[session.samples["t_s"] < 25.0]
    return imu.analyze(part, exercise="back-extension", min_set_reps=1, straight_line_deg=70.0)


def drawn(figure: Figure, gid: str) -> list[object]:
    return figure.findobj(lambda artist: artist.get_gid() == gid)


def words_in(figure: Figure) -> str:
    return " | ".join(text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text")))


@pytest.mark.parametrize("name", plots.CHARTS)
@pytest.mark.parametrize("kind", ["session", "holed", "empty", "static", "one_rep"])
def test_every_picture_of_every_session_can_be_drawn_and_says_how_to_read_it(
    name: str, kind: str, request: pytest.FixtureRequest
) -> None:
    picture = plots.CHARTS[name](request.getfixturevalue(kind), width_in=4.2)
    assert isinstance(picture, Figure)
    assert picture.caption.startswith("How to read it:")
    assert "umbar" not in picture.caption
    assert (
        any(axes.get_ylabel() or axes.get_title(loc="left") for axes in picture.axes) or picture.empty or name == "sets"
    )


def test_title_and_caption_stay_inside_the_picture(session: imu.Review) -> None:
    for picture in (*(chart(session) for chart in plots.CHARTS.values()), plots.sessions(session)):
        picture.set_dpi(200)
        renderer = FigureCanvasAgg(picture).get_renderer()
        for text in picture.texts:
            assert text.get_window_extent(renderer).width < 0.95 * picture.bbox.width, text.get_text()


def test_it_becomes_files_of_each_kind_the_same_ones_again(session: imu.Review) -> None:
    for ending, mark in {"png": b"\x89PNG", "svg": b"<?xml"}.items():
        first, second = (plots.top_hold(session).render(ending) for _ in range(2))
        assert first.startswith(mark)
        assert first == second
    svg = plots.top_hold(session).render("svg").decode()
    assert "Top hold of each repetition (synthetic)" in svg
    assert "How to read it" in svg


def test_undressed_it_leaves_title_and_caption_to_the_page(session: imu.Review) -> None:
    picture = plots.top_hold(session)
    bare = picture.render("svg", dressed=False).decode()
    assert "How to read it" not in bare
    assert "How to read it" in picture.render("svg").decode(), "and has them again afterwards"


def test_who_is_synthetic_is_called_so(session: imu.Review, holed: imu.Review) -> None:
    assert all("(synthetic)" in chart(session).title for chart in (plots.tempo, plots.link))
    assert "synthetic" not in plots.tempo(holed).title, "samples from memory declare nothing"
    assert "(1 of them synthetic)" in plots.sessions([session, holed]).title


def test_the_trace_numbers_the_repetitions_and_marks_the_holds(session: imu.Review) -> None:
    figure = plots.trace(session)
    for axes in figure.axes:
        assert [t.get_text() for t in axes.texts] == ["1", "2", "3", "4"]
    assert len(drawn(figure, "hold")) == session.reps["top_hold_s"].notna().sum()
    assert len(drawn(figure, "hole")) == 0
    bands = [band.get_extents().transformed(axes.transData.inverted()) for axes, band in _bands(figure)]
    line_deg = session.analysis.straight_line_deg
    assert [(b.y0, b.y1) for b in bands] == [(pytest.approx(line_deg - 10), pytest.approx(line_deg + 10))] * 2


def _bands(figure: Figure) -> list[tuple]:
    return [(patch.axes, patch) for patch in drawn(figure, "band")]


def test_the_trace_colours_each_phase_where_it_was(session: imu.Review) -> None:
    figure = plots.trace(session)
    for phase in PHASES:
        lines = drawn(figure, phase)
        assert len(lines) == 2, "one in each set"
        for line in lines:
            t_s = line.get_xdata()[np.isfinite(line.get_xdata())]
            found = session.trunk.set_index("t_s")["phase"].reindex(t_s, method="nearest", tolerance=1e-6)
            assert set(found) == {phase}


def test_lost_samples_are_hatched_and_left_out_of_the_mean(holed: imu.Review) -> None:
    figure = plots.trace(holed)
    (hole,) = drawn(figure, "hole")
    box = hole.get_extents().transformed(hole.axes.transData.inverted())
    assert box.x0 == pytest.approx(27.0, abs=0.1)
    assert box.x1 == pytest.approx(27.8, abs=0.1)
    overlaid = plots.overlay(holed)
    assert len(drawn(overlaid, "repetition")) == len(holed.reps) - 1
    assert overlaid.caption.endswith("Left out, samples being lost in them: 1.")


def test_the_mean_is_that_of_the_repetitions(session: imu.Review) -> None:
    figure = plots.overlay(session)
    lines = [line.get_ydata() for line in drawn(figure, "repetition")]
    means = [line.get_ydata() for line in drawn(figure, "mean")]
    assert (len(lines), len(means)) == (8, 2)
    np.testing.assert_allclose(means[1], np.mean(lines[4:], axis=0))
    assert max(means[0]) == pytest.approx(session.reps["top_deg"].head(4).mean(), abs=1.5)


def test_tempo_bars_are_as_high_as_the_phases_were_long(session: imu.Review) -> None:
    figure = plots.tempo(session)
    for phase, column in zip(PHASES, COLUMNS, strict=True):
        heights = [bar.get_height() for bar in drawn(figure, phase)]
        np.testing.assert_allclose(heights, session.reps[column].fillna(0.0))
    targets = [bar.get_height() for bar in drawn(figure, "target")]
    assert targets == [3.0, 0.0, 1.0, 1.0] * 2
    assert "3-0-1-1" in figure.caption
    assert [t.get_text() for t in drawn(figure, "share")] == ["67 %"]


def test_an_x_in_the_target_is_the_fastest_of_the_set(session: imu.Review) -> None:
    ballistic = dataclasses.replace(session, exercise=dataclasses.replace(session.exercise, target_tempo="X-0-1-1"))
    lowered = [bar.get_height() for bar in drawn(plots.tempo(ballistic), "target")][::4]
    np.testing.assert_allclose(lowered, session.reps.groupby("set")["lower_s"].min())


def test_top_holds_that_missed_are_hollow_and_carry_their_interval(session: imu.Review) -> None:
    strict = dataclasses.replace(session, exercise=dataclasses.replace(session.exercise, target_tempo="3-0-1-1.25"))
    axes = plots.top_hold(strict).axes[0]
    (marks,) = [c for c in axes.collections if isinstance(c, PathCollection)]
    held_s = session.reps["top_hold_s"].to_numpy()
    np.testing.assert_allclose(marks.get_offsets()[:, 1], held_s)
    hollow = [to_hex(face) == "#ffffff" for face in marks.get_facecolors()]
    assert hollow == list(np.abs(held_s - 1.25) > 0.3)
    assert any(hollow)
    (bars,) = axes.containers
    low, high = np.array([segment[:, 1] for segment in bars.lines[2][0].get_segments()]).T
    first = session.reps.iloc[0]
    assert (high - low)[0] == pytest.approx(2 * np.hypot(first["lift_end_pm_s"], first["lower_start_pm_s"]))


def test_form_shows_what_the_table_says_and_a_short_top_hollow(one_rep: imu.Review) -> None:
    figure = plots.form(one_rep)
    tops = next(c for c in figure.axes[1].collections if isinstance(c, PathCollection))
    assert tops.get_offsets()[0, 1] == pytest.approx(one_rep.reps["top_deviation_deg"].iloc[0])
    assert "SHORT_TOP" in one_rep.reps["flags"].iloc[0]
    assert to_hex(tops.get_facecolors()[0]) == "#ffffff"


def test_where_no_turn_was_seen_that_is_said(one_rep: imu.Review) -> None:
    assert "nothing to measure" in words_in(plots.control(one_rep))
    assert "(n = 1)" in words_in(plots.overlay(one_rep))


def test_the_loss_of_lift_rate_ends_where_the_set_s_figure_is(session: imu.Review) -> None:
    losses = next(c for c in plots.form(session).axes[3].collections if isinstance(c, PathCollection)).get_offsets()[
        :, 1
    ]
    assert losses[3] == pytest.approx(session.sets["lift_rate_loss_pct"].iloc[0])
    assert losses[7] == pytest.approx(session.sets["lift_rate_loss_pct"].iloc[1])
    assert losses.min() == 0


def test_the_ledger_has_a_row_for_each_verdict_and_marks_what_a_person_overruled(session: imu.Review) -> None:
    said = session.ledger.copy()
    said.loc[said.index[2], ["label", "accepted"]] = ["SHALLOW", False]
    figure = plots.ledger(dataclasses.replace(session, ledger=said))
    labels = [label.get_text() for label in figure.axes[1].get_yticklabels()]
    assert labels == ["counted (8)", "never reached the other end (1)", "getting on or off (2)"]
    assert [len(drawn(figure, verdict)[0].get_paths()) for verdict in ("COUNTED", "UNFINISHED", "TRANSITION")] == [
        8,
        1,
        2,
    ]
    crosses = [line.get_xdata() for line in drawn(figure, "overruled")]
    assert [len(x) for x in crosses] == [1, 0, 0]


def test_the_link_shows_holes_and_says_how_much_is_missing(holed: imu.Review) -> None:
    figure = plots.link(holed)
    assert len(drawn(figure, "lost")[0].get_paths()) == 1
    (rate,) = drawn(figure, "rate")
    assert min(rate.get_ydata()) < 20
    assert "are missing, in 1 hole, the longest 0.8" in figure.caption


def test_a_static_hold_has_its_own_picture(static: imu.Review, session: imu.Review) -> None:
    figure = plots.hold(static)
    held = static.reps.iloc[0]
    title = figure.axes[0].get_title(loc="left")
    assert f"held {held['hold_s']:.1f} s, target 60 s; sank {held['sag_deg_per_min']:.1f}°/min" in title
    (sag,) = drawn(figure, "sag")
    (x0, x1), (y0, y1) = sag.get_xdata(), sag.get_ydata()
    assert 60 * (y0 - y1) / (x1 - x0) == pytest.approx(held["sag_deg_per_min"])
    assert [one.name for one in plots.charts_for(static)] == ["hold", "ledger", "link"]
    assert "hold" not in [one.name for one in plots.charts_for(session)]


def test_where_nothing_moved_there_is_no_ledger_to_draw(session: imu.Review) -> None:
    still = imu.analyze(session.samples.head(300), exercise="back-extension")
    assert [one.name for one in plots.charts_for(still)] == ["trace", "link"]


def test_three_taps_are_marked(session: imu.Review) -> None:
    assert session.header is not None
    tapped = dataclasses.replace(session, header=dataclasses.replace(session.header, sync_taps_s=[3.02]))
    assert len(drawn(plots.ledger(tapped), "taps")) == 1
    assert "3.02 s" in plots.ledger(tapped).caption
    assert not drawn(plots.ledger(session), "taps")


def test_a_repetition_whose_lift_was_not_recorded_is_drawn(session: imu.Review) -> None:
    part = session.samples[session.samples["t_s"].between(17.0, 23.0)].reset_index(drop=True)
    cut_off = imu.analyze(part, exercise="good-morning", min_set_reps=1)
    assert cut_off.reps["mean_lift_dps"].isna().tolist() == [True]
    assert "nothing to measure" in words_in(plots.form(cut_off))


def test_nothing_counted_is_said(empty: imu.Review) -> None:
    assert "no counted repetition" in words_in(plots.tempo(empty))
    assert [one.name for one in plots.charts_for(empty)] == ["trace", "ledger", "link"]


def test_sessions_stand_in_order_of_time_with_load_times_repetitions(session: imu.Review) -> None:
    assert session.header is not None
    dates = {"2026-03-02T08:00:00.000Z": 20.0, "2026-01-02T08:00:00.000Z": 10.0, "2026-02-02T08:00:00.000Z": None}
    several = [
        dataclasses.replace(
            session,
            header=dataclasses.replace(session.header, started_utc=utc, load_kg=load),
            sets=session.sets.assign(load_kg=load),
        )
        for utc, load in dates.items()
    ]
    table = plots.session_table(several)
    assert list(table["day"]) == ["2026-01-02", "2026-02-02", "2026-03-02"]
    assert list(table["volume_load_kg"].fillna(-1)) == [80, -1, 160]
    figure = plots.sessions(several)
    assert "8\nat 20 kg" in words_in(figure)
    assert len(drawn(figure, "reps")) == 3
    assert "no load was declared" in words_in(plots.sessions(session))


def test_forty_repetitions_keep_their_numbers_readable(session: imu.Review) -> None:
    many = pd.concat([session.reps] * 5, ignore_index=True).assign(set=1, rep=np.arange(1, 41))
    crowd = dataclasses.replace(session, reps=many)
    labels = plots.control(crowd, width_in=4.2).axes[-1].get_xticklabels()
    assert 5 < len(labels) < 20
    assert labels[0].get_text() == "1"
