"""The golden bytes, both ways: what any port in any language has to pass as well."""

import json
import re
from importlib.resources import files
from typing import Any, Protocol

import numpy as np
import pytest

from firmware_proto import wire

PAGE = files("firmware_proto").joinpath("README.md").read_text(encoding="utf-8")
VECTORS = json.loads(files("firmware_proto").joinpath("vectors.json").read_text(encoding="utf-8"))


class Message(Protocol):
    def pack(self) -> bytes: ...


def build(kind: str, fields: dict[str, Any]) -> Message:
    made = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
    if kind == "DataFrame":
        made["raw"] = np.array(fields["raw"], np.int16)
    if kind in ("Log", "InfoPart"):
        name = "argument" if kind == "Log" else "part"
        made[name] = bytes.fromhex(fields[name])
    if kind == "Answer" and fields["body"]:
        body = dict(fields["body"])
        made["body"] = build(body.pop("type"), body)
    message: Message = getattr(wire, kind)(**made)
    return message


def read(kind: str, data: bytes) -> object:
    if kind in ("answer", "Answer"):
        return wire.decode_answer(data)
    if kind == "request" or issubclass(getattr(wire, kind), wire.Request):
        return wire.decode_request(data)
    message: object = getattr(wire, kind).unpack(data)
    return message


@pytest.mark.parametrize("vector", VECTORS["messages"], ids=lambda v: f"{v['type']}: {v['name']}")
def test_golden_bytes_are_packed_and_read(vector: dict[str, Any]) -> None:
    message, data = build(vector["type"], vector["fields"]), bytes.fromhex(vector["hex"])
    assert message.pack() == data
    assert read(vector["type"], data) == message
    assert type(read(vector["type"], data)) is type(message)


@pytest.mark.parametrize("vector", VECTORS["malformed"], ids=lambda v: f"{v['decoder']}: {v['name']}")
def test_malformed_bytes_raise_the_named_error(vector: dict[str, Any]) -> None:
    with pytest.raises(wire.WireError) as caught:
        read(vector["decoder"], bytes.fromhex(vector["hex"]))
    assert type(caught.value).__name__ == vector["error"]


def test_every_message_has_a_golden_vector() -> None:
    seen = {v["type"] for v in VECTORS["messages"]}
    bodies = {v["fields"]["body"]["type"] for v in VECTORS["messages"] if v["fields"].get("body")}
    assert {c.__name__ for c in wire.REQUESTS.values()} <= seen
    assert {"DataFrame", "Info", "Status", "RepRecord", "Answer"} <= seen
    assert {"InfoPart", "StartAnswer", "PingAnswer", "BackfillAnswer", "SelfTestAnswer", "ResumeAnswer"} == bodies
    assert {v["fields"]["op"] for v in VECTORS["messages"] if v["type"] == "Answer"} >= set(wire.Op)


def test_the_worked_examples_of_the_page_are_golden_bytes() -> None:
    session = re.findall(r"^[><*] ((?:[0-9a-f]{2} {1,2})*[0-9a-f]{2})(?: {3}|$)", PAGE, re.MULTILINE)
    assert len(session) == 9
    assert {bytes.fromhex(line).hex() for line in session} <= {v["hex"] for v in VECTORS["messages"]}


@pytest.mark.parametrize("name", ["START answer", "data frame"])
def test_the_byte_tables_of_the_page_spell_the_example(name: str) -> None:
    table = PAGE.split(f"The {name}")[1].split("|---|---|---|\n")[1].split("\n\n")[0]
    rows = re.findall(r"^\| (\d+)(?:-(\d+))? \| `([0-9a-f ]+)`", table, re.MULTILINE)
    golden = [bytes.fromhex(v["hex"]) for v in VECTORS["messages"]]
    assert any(all(data[int(a) :].startswith(bytes.fromhex(text)) for a, _, text in rows) for data in golden)
    assert [int(a) for a, _, _ in rows[1:]] == [int(b or a) + 1 for a, b, _ in rows[:-1]]
