"""The README's figures come from the commands that are said to write them."""

from __future__ import annotations

import importlib
import re
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

from imu.app.cli import app

HERE = Path(__file__).resolve().parent
TEXT = (HERE.parents[1] / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def readme(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(HERE))
    return importlib.import_module("readme")


def between(mark: str) -> str:
    found = re.search(rf"<!-- {mark} -->\n(.*?)<!-- /{mark} -->", TEXT, re.DOTALL)
    assert found, mark
    return found[1]


def heads(text: str) -> list[str]:
    """First lines of the tables."""
    lines = text.splitlines()
    return [head for head, rule in pairwise(lines) if rule.startswith("| ---")]


def test_every_mark_is_there_once_and_filled(readme: ModuleType) -> None:
    for mark in readme.commands(Path()):
        assert heads(between(mark)), mark
        assert readme.put(TEXT, mark, between(mark)) == TEXT


def test_the_tables_are_those_the_command_prints_today(readme: ModuleType) -> None:
    command = readme.commands(None, 1)["accuracy"][len(readme.IMU) :]
    done = CliRunner().invoke(app, [*command, "--exercise", "kettlebell-swing", "--jobs", "1"])
    assert done.exit_code == 0
    assert heads(between("accuracy")) == heads(done.output)


def test_a_readme_without_the_marks_is_refused(readme: ModuleType) -> None:
    with pytest.raises(ValueError, match="accuracy"):
        readme.put("no marks here", "accuracy", "figures")


def test_the_section_stays_readable() -> None:
    section = TEXT[TEXT.index("## How accurate it is") : TEXT.index("## How fast it is")]
    assert len(section.splitlines()) <= 90
