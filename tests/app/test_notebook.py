"""The notebook runs from clean on the examples, and shows what it is committed with.

Where a change of the analysis moves its numbers: run all its cells anew beside the examples alone, and commit it.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "recordings" / "tempo_analysis.ipynb"
LARGEST_BYTES = 1_500_000
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?: ?[%°])?")
SHARE = 0.02
"""By which another processor's rounding, or a newer library, may move a number."""


@pytest.fixture(scope="module")
def committed() -> Any:
    return nbformat.read(NOTEBOOK, as_version=4)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
def test_it_runs_from_clean_and_its_numbers_are_the_committed_ones(
    committed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for example in NOTEBOOK.parent.glob("example-*"):
        shutil.copytree(example, tmp_path / example.name)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    again = nbformat.from_dict(committed)
    client = NotebookClient(again, timeout=120, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    for before, after in zip(committed.cells, again.cells, strict=True):
        assert differences(spoken(before), spoken(after)) == [], f"run it anew and commit it: {before.source}"


def spoken(cell: Any) -> str:
    """What a cell says in words and figures."""
    outputs = cell.get("outputs", [])
    assert all(one.output_type != "error" and one.get("name") != "stderr" for one in outputs), cell.source
    return "\n".join(one.get("text") or one.get("data", {}).get("text/plain", "") for one in outputs)


def differences(before: str, after: str) -> list[tuple[str, str]]:
    """Pairs of numbers further apart than a rounding; counts have to be the same."""
    old, new = NUMBER.findall(before), NUMBER.findall(after)
    if len(old) != len(new):
        return [(before, after)]
    return [(a, b) for a, b in zip(old, new, strict=True) if abs(_value(a) - _value(b)) > _tolerance(a)]


def _value(number: str) -> float:
    return float(number.rstrip(" %°"))


def _tolerance(number: str) -> float:
    """A step of the last decimal, or 2 %; a whole number without a unit is a count."""
    _, _, decimals = number.rstrip(" %°").partition(".")
    if not decimals:
        return 1.01 if number[-1] in "%°" else 0.0
    return max(1.01 * 10.0 ** -len(decimals), SHARE * abs(_value(number)))


def test_a_moved_number_is_noticed() -> None:
    shown = "8 reps, tempo 3.0-0.2-1.1-1.0, range 91°, loss 21.14"
    assert differences(shown, shown.replace("91°", "92°").replace("1.1-", "1.2-").replace("21.14", "21.20")) == []
    assert differences(shown, shown.replace("8 reps", "7 reps")) == [("8", "7")]
    assert differences(shown, shown.replace("91°", "94°"))
    assert differences(shown, shown.replace("21.14", "23.00"))
    assert differences(shown, shown + " 5")


def test_it_is_committed_with_its_outputs_and_not_large(committed: Any) -> None:
    code = [cell for cell in committed.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1)), "run from the top, once"
    assert all(cell.outputs for cell in code)
    assert NOTEBOOK.stat().st_size < LARGEST_BYTES
    pictures = [cell for cell in code if any("image/png" in one.get("data", {}) for one in cell.outputs)]
    assert len(pictures) >= 10
    assert all(len(cell.source.splitlines()) <= 3 for cell in pictures), "a picture is a line"


def test_it_says_what_is_synthetic_and_uses_only_what_is_public(committed: Any) -> None:
    text = "\n".join(cell.source for cell in committed.cells)
    assert "**synthetic**" in text
    imports = set(re.findall(r"^(?:from|import) +([\w.]+)", text, flags=re.MULTILINE))
    assert imports == {"pathlib", "pandas", "imu", "imu.app"}
