"""Any bytes into the decoders and dialogues of bought sensors: what is refused is refused by name."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

Target = Callable[[bytes], None]


@pytest.fixture(scope="module")
def targets() -> Iterator[dict[str, Target]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).resolve().parent))
        modules = [importlib.import_module(name) for name in ("polar_targets", "strap_targets")]
        yield {name: target for module in modules for name, target in module.TARGETS.items()}


@pytest.mark.parametrize("name", ["polar stream", "polar talk", "strap stream", "strap talk"])
@given(data=st.binary(max_size=300))
@settings(max_examples=100)
def test_whatever_comes_it_is_read_or_refused(targets: dict[str, Target], name: str, data: bytes) -> None:
    targets[name](data)
