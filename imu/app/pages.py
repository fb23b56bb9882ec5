"""The parts of a report's page around its pictures: head, notes, tables, definitions."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Iterator, Mapping

import pandas as pd

from imu import __version__
from imu.app import words
from imu.app.plots.form import lift_rate_loss
from imu.model import DEFINITION, DEFINITION_VERSION, Verdict
from imu.review.control import turn_sharpness_dps2
from imu.review.linked import holes
from imu.review.tables import Review

LONG = 14
"""A table of more rows is broken over pages."""
Cell = Callable[[pd.Series], str]


def escaped(text: object) -> str:
    """A text that stands in a page as it is."""
    return html.escape(str(text), quote=True)


def head(review: Review) -> Iterator[str]:
    """What was recorded, when, by whom, with what."""
    header = review.header
    yield f"<header><h1>{escaped(review.exercise.name)}</h1>"
    facts = [f"{header.started_utc[:16].replace('T', ' ')} UTC" if header else ""]
    if header:
        facts += [f"person {header.person}" if header.person else ""]
        load = "" if header.load_kg is None else f"{header.load_kg:g} kg {header.load_type or ''}".strip()
        facts += [load or "no load declared", header.sensor.model or header.sensor.family]
    facts += [f"target tempo {review.exercise.target_tempo}", review.path.resolve().name if review.path else ""]
    yield f'<p class="facts">{escaped(" · ".join(fact for fact in facts if fact))}</p>'
    if header and header.notes:
        yield f'<p class="facts">{escaped(header.notes)}</p>'
    if review.synthetic:
        yield '<p class="synthetic">Synthetic session: no body moved. Its figures say nothing about a person.</p>'
    yield "</header>"


def notes(review: Review) -> Iterator[str]:
    """What is odd in the files or the motion."""
    if review.warnings:
        lines = "".join(f"<p>{escaped(one)}</p>" for one in review.warnings)
        yield f'<section class="notes">{lines}</section>'


def tables(review: Review) -> Iterator[str]:
    """Sets, repetitions, what was not counted, and the link."""
    others = review.ledger[~review.ledger["counted"]]
    yield '<h2>Tables</h2><div class="tables">'
    if len(review.reps):
        yield _section("Repetitions", _measured(review), _static() if review.exercise.static else _rep_columns())
        yield _section("Sets", review.sets, _set_columns())
    if len(others):
        yield _section("Not counted", others, _other_columns())
    if (review.ledger["label"] != "").any():
        yield _section("A person's verdicts", review.ledger[review.ledger["label"] != ""], _label_columns())
    yield _section("Link", _link(review), {"": lambda row: str(row["what"]), "value": lambda row: str(row["value"])})
    yield "</div>"


def _measured(review: Review) -> pd.DataFrame:
    loss, _ = lift_rate_loss(review.reps)
    return review.reps.assign(turn=turn_sharpness_dps2(review.trunk, review.reps), loss=loss)


def _rep_columns() -> Mapping[str, Cell]:
    return {
        "set": _plain("set"),
        "rep": _plain("rep"),
        "tempo, s": _plain("tempo"),
        "met": _number("tempo_adherence", 0, "", 100.0, " %"),
        "lower, s": _number("lower_s", 2),
        "lift, s": _number("lift_s", 2),
        "top hold, s": _number("top_hold_s", 2),
        "range, °": _number("rom_deg", 0, "rom_pm_deg"),
        "top off line, °": _number("top_deviation_deg", 1, "top_deviation_pm_deg"),
        "lift rate, °/s": _number("mean_lift_dps", 0),
        "loss, %": _number("loss", 0),
        "turn, °/s²": _number("turn", 0),
        "SPARC": _number("smoothness", 2),
        "flags": _plain("flags"),
    }


def _static() -> Mapping[str, Cell]:
    return {
        "set": _plain("set"),
        "rep": _plain("rep"),
        "held, s": _number("hold_s", 1),
        "sag, °/min": _number("sag_deg_per_min", 1),
        "ended": _plain("hold_ended"),
        "top off line, °": _number("top_deviation_deg", 1, "top_deviation_pm_deg"),
        "flags": _plain("flags"),
    }


def _set_columns() -> Mapping[str, Cell]:
    return {
        "set": _plain("set"),
        "reps": _plain("reps"),
        "mean tempo, s": _plain("mean_tempo"),
        "met": _number("tempo_adherence", 0, "", 100.0, " %"),
        "top hold, s": _number("mean_top_hold_s", 2),
        "range, °": _number("mean_rom_deg", 0),
        "tension, s": _number("time_under_tension_s", 0),
        "rate loss, %": _number("lift_rate_loss_pct", 0),
        "rest before": lambda row: _clock(row["rest_s"]),
        "load, kg": _number("load_kg", 1),
    }


def _other_columns() -> Mapping[str, Cell]:
    return {
        "at": lambda row: _clock(row["start_s"]),
        "took, s": lambda row: f"{row['end_s'] - row['start_s']:.1f}",
        "range, °": _number("rom_deg", 0),
        "why": lambda row: f"{row['verdict']}: {words.VERDICTS[Verdict(row['verdict'])]}",
    }


def _label_columns() -> Mapping[str, Cell]:
    return {
        "at": lambda row: _clock(row["start_s"]),
        "program": _plain("verdict"),
        "person": _plain("label"),
    }


def _link(review: Review) -> pd.DataFrame:
    samples, lost = review.samples, holes(review.samples)
    length_s = float(samples["t_s"].iloc[-1] - samples["t_s"].iloc[0])
    known = review.header.link if review.header else {}
    rows = [
        ("length", words.clock(length_s)),
        ("samples here", str(len(samples))),
        ("mean rate", f"{(len(samples) - 1) / length_s:.1f} Hz"),
        ("missing", f"{int(lost['missing'].sum())} in {len(lost)} hole{'' if len(lost) == 1 else 's'}"),
        *((key, str(known[key])) for key in ("filled", "reconnects", "bad_frames", "clipped") if key in known),
        ("gyroscope", "yes" if review.has_gyroscope else "no"),
    ]
    return pd.DataFrame(rows, columns=["what", "value"])


def _plain(name: str) -> Cell:
    return lambda row: "" if pd.isna(row[name]) else str(row[name])


def _number(name: str, decimals: int, pm: str = "", scale: float = 1.0, unit: str = "") -> Cell:
    def cell(row: pd.Series) -> str:
        if pd.isna(row[name]):
            return "–"
        value, half = float(row[name]) * scale, float(row[pm]) if pm else math.nan
        sure = "" if math.isnan(half) else f" ±{half * scale:.{decimals}f}"
        return f"{round(value, decimals) + 0.0:.{decimals}f}{sure}{unit}"

    return cell


def _clock(value: float) -> str:
    return "–" if math.isnan(value) else words.clock(value)


def _section(title: str, rows: pd.DataFrame, columns: Mapping[str, Cell]) -> str:
    """A table under its title; words to the left, numbers to the right, columns that are empty throughout left out."""
    cells = {name: [cell(row) for _, row in rows.iterrows()] for name, cell in columns.items()}
    cells = {name: column for name, column in cells.items() if any(one not in ("", "–") for one in column)}
    side = {name: "" if all(_is_number(one) for one in column) else ' class="text"' for name, column in cells.items()}
    heads = "".join(f"<th{side[name]}>{escaped(name)}</th>" for name in cells)
    lines = zip(*cells.values(), strict=True)
    body = "".join(
        "<tr>"
        + "".join(f"<td{side[name]}>{escaped(one)}</td>" for name, one in zip(cells, line, strict=True))
        + "</tr>"
        for line in lines
    )
    size = ' class="long"' if len(rows) > LONG else ""
    table = f'<div class="table"><table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>'
    return f"<section{size}><h3>{escaped(title)}</h3>{table}</section>"


def _is_number(text: str) -> bool:
    return not any(one.isalpha() for one in text)


def foot(review: Review) -> Iterator[str]:
    """What the numbers mean, what they cannot say, and what made them."""
    line = review.analysis.straight_line_source
    yield "<footer>"
    yield (
        "<p>Angle of the trunk: 0° prone horizontal, +90° upright, -90° hanging head down. A stroke begins and ends "
        "where the trunk's rate crosses 10 % of that stroke's own peak (definition "
        f"{DEFINITION}, version {DEFINITION_VERSION}). Tempo is lowering-bottom-lift-top in seconds of the sensor's "
        "own clock. A phase meets its target within 20 % or 0.3 s, whichever is more. Tops are measured from the "
        f"straight line, here known from: {escaped(line)}. ± is the half-width of a 90 % interval, which fits "
        "simulated people.</p>"
    )
    yield (
        "<p>One sensor on the chest knows the angle of the trunk and nothing else: not the share of hip and spine, not "
        "load, effort, muscle or pain. This is no medical device. Every column is defined in recordings/README.md.</p>"
    )
    written = review.header.program_version if review.header else ""
    recorded = f"; recorded by version {escaped(written)}" if written else ""
    yield f"<p>Made by imu {escaped(__version__)}{recorded}.</p></footer>"
