"""What a page may ask for: read as it was meant, or refused with a reason; nothing else comes of any bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imu.app.live import commands
from imu.app.live.commands import BadCommand, Command, parse
from imu.app.live.messages import VERSION
from imu.model import Verdict

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def text(do: object, **keys: object) -> str:
    return json.dumps({"v": VERSION, "id": 7, "do": do, **keys})


GOOD: list[tuple[dict[str, Any], Command]] = [
    ({"do": "calibrate"}, commands.Calibrate()),
    ({"do": "start_set"}, commands.StartSet()),
    ({"do": "end_set"}, commands.EndSet()),
    ({"do": "set_target", "tempo": " 3-1-x-2"}, commands.SetTarget(tempo="3-1-X-2")),
    ({"do": "set_target", "reps": 8}, commands.SetTarget(reps=8)),
    ({"do": "set_target", "tempo": "3-1-1-2", "reps": None}, commands.SetTarget(tempo="3-1-1-2", reps=0)),
    ({"do": "set_load", "load_kg": 22.5}, commands.SetLoad(load_kg=22.5)),
    ({"do": "set_load", "load_kg": None}, commands.SetLoad(load_kg=None)),
    ({"do": "set_exercise", "exercise": "deadlift"}, commands.SetExercise(exercise="deadlift")),
    ({"do": "overrule", "rep": "1.5", "verdict": "SHALLOW"}, commands.Overrule(rep="1.5", verdict=Verdict.SHALLOW)),
    ({"do": "sound_test"}, commands.SoundTest()),
    ({"do": "connect"}, commands.Connect()),
    ({"do": "stop"}, commands.Stop()),
]  # fmt: skip


@pytest.mark.parametrize(("keys", "meant"), GOOD, ids=lambda one: str(one)[:40])
def test_a_command_is_read_as_it_was_meant(keys: dict[str, Any], meant: Command) -> None:
    assert parse(text(**keys)) == (7, meant)
    assert meant.do == keys["do"]


def test_all_commands_are_tried() -> None:
    assert {meant.do for _, meant in GOOD} == set(commands._BUILD)


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        ("", "malformed", "JSON object"),
        ("[]", "malformed", "JSON object"),
        ("[" * 1500, "malformed", "JSON object"),
        (text("stop") + " " * 3000, "malformed", "2048 bytes"),
        (json.dumps({"v": 1, "do": "stop"}), "malformed", "whole number"),
        (json.dumps({"v": 1, "id": -1, "do": "stop"}), "malformed", "whole number"),
        (json.dumps({"v": 1, "id": True, "do": "stop"}), "malformed", "whole number"),
        (json.dumps({"v": 1, "id": 2**53, "do": "stop"}), "malformed", "whole number"),
        (json.dumps({"v": 2, "id": 7, "do": "stop"}), "version", "reload"),
        (json.dumps({"id": 7, "do": "stop"}), "version", "reload"),
        (text("shutdown"), "unknown", "calibrate"),
        (text(["stop"]), "unknown", "calibrate"),
        (text("stop", force=True), "value", "force"),
        (text("set_target"), "value", "tempo, or reps"),
        (text("set_target", tempo="3-1-1"), "value", "3 parts instead of 4"),
        (text("set_target", tempo=3), "value", "tempo has to be text"),
        (text("set_target", reps=2.5), "value", "whole number"),
        (text("set_target", reps=10**9), "value", "0 to 1000"),
        (text("set_load"), "value", "load_kg has to be given"),
        (text("set_load", load_kg=-1), "value", "0 to 1000"),
        (text("set_load", load_kg=float("nan")), "value", "0 to 1000"),
        (text("set_load", load_kg=float("inf")), "value", "0 to 1000"),
        (text("set_load", load_kg=True), "value", "0 to 1000"),
        (text("set_exercise", exercise="yoga"), "value", "choose one of"),
        (text("overrule", rep="1", verdict="fine"), "value", "one of COUNTED"),
        (text("overrule", verdict="COUNTED"), "value", "rep has to be text"),
    ],
    ids=lambda one: one[:30],
)
def test_any_other_is_refused_and_says_why(said: str, code: str, words: str) -> None:
    with pytest.raises(BadCommand, match=words) as error:
        parse(said)
    assert error.value.code == code
    assert error.value.id == (None if code == "malformed" else 7)


@given(st.text() | st.binary() | json_values.map(json.dumps))
def test_no_bytes_do_anything_else(said: str | bytes) -> None:
    with pytest.raises(BadCommand):
        parse(said)


@given(do=st.sampled_from(sorted(commands._BUILD)), keys=st.dictionaries(
    st.sampled_from(["tempo", "reps", "load_kg", "exercise", "rep", "verdict", "x"]), json_values, max_size=3
))  # fmt: skip
def test_whatever_stands_in_its_keys_a_command_is_carried_out_or_refused(do: str, keys: dict[str, Any]) -> None:
    named = {do, ""}  # where it is too long, it is not read
    try:
        _, command = parse(text(do, **keys))
        named = {command.do}
    except BadCommand as error:
        named &= {error.do}
    assert named
