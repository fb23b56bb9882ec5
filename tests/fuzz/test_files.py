"""Session folders with damaged files: read as far as sensible, or refused with a sentence."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from imu.errors import ImuError
from imu.sessions import read_recording, read_session

EXAMPLE = Path(__file__).resolve().parents[2] / "recordings" / "example-good-morning"
FILES = ("samples.csv", "session.json", "events.csv", "reps.csv", "sets.csv")
PIECES = [b"", b",", b"\n", b'"', b"\0", b"\xff", b"nan", b"-inf", b"1e309", b"null", b"{", b"[]", b"9" * 30, b"\r\n,,"]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, bytes]]:
    """The files of a short session."""
    kept = {name: (EXAMPLE / name).read_bytes() for name in FILES}
    kept["samples.csv"] = b"\n".join(kept["samples.csv"].splitlines()[:60]) + b"\n"
    yield kept
    shutil.rmtree(tmp_path_factory.getbasetemp() / "damaged", ignore_errors=True)


@given(
    name=st.sampled_from(FILES),
    cuts=st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(PIECES) | st.binary(max_size=6)), max_size=4
    ),
    keep=st.floats(0, 1),
)
@settings(max_examples=examples(100))
def test_damaged_files_are_read_or_refused_in_words(
    sound: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory, name: str,
    cuts: list[tuple[float, int, bytes]], keep: float,
) -> None:  # fmt: skip
    folder = tmp_path_factory.getbasetemp() / "damaged"
    folder.mkdir(exist_ok=True)
    damaged = bytearray(sound[name])
    for where, length, piece in cuts:
        at = int(where * len(damaged))
        damaged[at : at + length] = piece
    if keep < 0.5:
        del damaged[int(2 * keep * len(damaged)) :]
    for other, data in sound.items():
        (folder / other).write_bytes(bytes(damaged) if other == name else data)
    for read in (read_session, read_recording):
        with contextlib.suppress(ImuError):
            read(folder)
