"""Any bytes into the decoders and dialogues of Polar's sensors: what is refused is refused by name."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def targets() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).resolve().parent))
        yield importlib.import_module("polar_targets")


@pytest.mark.parametrize("name", ["polar stream", "polar talk"])
@given(data=st.binary(max_size=300))
@settings(max_examples=100)
def test_whatever_comes_it_is_read_or_refused(targets: ModuleType, name: str, data: bytes) -> None:
    targets.TARGETS[name](data)
