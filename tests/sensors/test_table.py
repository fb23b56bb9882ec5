"""What is said of the sensors for people is what the program knows of them."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from imu.sensors import FAMILIES, Family

ROOT = Path(__file__).resolve().parents[2]
TEXTS = [ROOT / "imu" / "sensors" / "README.md"]
if "<!-- sensors -->" in (README := ROOT / "README.md").read_text(encoding="utf-8"):
    TEXTS.append(README)


def rows(text: str) -> dict[str, list[str]]:
    """Cells of the table between the marks, by their first."""
    found = re.search(r"<!-- sensors -->\n(.*?)<!-- /sensors -->", text, re.DOTALL)
    assert found
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in found[1].splitlines()]
    return {cells[0]: cells for cells in table[2:]}


def known(family: Family) -> list[str]:
    """The cells that the row of `FAMILIES` gives."""
    can = family.abilities
    rates = [f"**{rate:g}**" if rate == can.default_rate_hz else f"{rate:g}" for rate in can.rates_hz]
    noticed = "gone, noticed" if can.numbered or can.device_time else "gone, seen by the rate"
    return [
        family.title,
        "acceleration, rotation" if can.gyroscope else "acceleration",
        ", ".join(rates) or "its own",
        f"{math.ceil(10 * can.latency_s) / 10:g} s",
        "fetched again" if can.memory else noticed,
    ]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.parent.name)
def test_a_family_is_in_the_table_as_it_is(path: Path, family: Family) -> None:
    said = rows(path.read_text(encoding="utf-8"))[family.title]
    assert said[:5] == known(family)
    assert all(said), "what it costs, how it is worn and what to know of it is said, too"


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.parent.name)
def test_no_sensor_is_in_the_table_that_cannot_be_recorded(path: Path) -> None:
    assert set(rows(path.read_text(encoding="utf-8"))) == {family.title for family in FAMILIES}
