"""Any bytes into every decoder and into every machine with a memory: what is refused is refused by name."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

HERE = Path(__file__).resolve().parent
VECTORS = json.loads((HERE.parents[1] / "firmware_proto" / "vectors.json").read_text(encoding="utf-8"))
GOLDEN = [bytes.fromhex(one["hex"]) for one in VECTORS["messages"] + VECTORS["malformed"]]


@pytest.fixture(scope="module")
def targets() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(HERE))
        yield importlib.import_module("targets")


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Golden bytes, spliced, cut, repeated and overwritten."""
    data = bytearray(draw(st.sampled_from(GOLDEN)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        kind = draw(st.sampled_from(["overwrite", "insert", "delete", "splice"]))
        if kind == "splice":
            data[at:] = draw(st.sampled_from(GOLDEN))
        elif kind == "delete":
            del data[at : at + draw(st.integers(1, 8))]
        else:
            piece = draw(st.binary(min_size=1, max_size=8))
            data[at : at + len(piece) * (kind == "overwrite")] = piece
    return bytes(data)


@pytest.mark.parametrize("name", ["decoders", "dialogue"])
@given(data=mutated())
@settings(max_examples=examples(300))
def test_mutated_messages_are_read_or_refused(targets: ModuleType, name: str, data: bytes) -> None:
    targets.TARGETS[name](data)


@pytest.mark.parametrize("name", ["stream", "device"])
@given(data=st.binary(max_size=400))
@settings(max_examples=examples(150))
def test_a_machine_survives_whatever_comes_in_whatever_order(targets: ModuleType, name: str, data: bytes) -> None:
    targets.TARGETS[name](data)
