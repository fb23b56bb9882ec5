"""The house's walls, read from the imports: which room may look into which.

The rules are checked on the real sources, and on a small house in which each is broken once, so that a rule that no
longer bites is noticed.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
GROUND_FLOOR = {"imu.model", "imu.errors", "imu.exercises", "imu.tempo"}
ONLY_APP = ("firmware_proto.motion", "firmware_proto.virtual", "firmware_proto.twins")
VIRTUAL_HOST = {"firmware_proto.virtual_host", "firmware_proto.virtual_radio"}
VIRTUAL_RADIO = VIRTUAL_HOST | {
    "firmware_proto.virtual_controller",
    "firmware_proto.virtual_peripheral",
    "firmware_proto.virtual_table",
}
SERVER = ("starlette", "uvicorn", "websockets", "segno", "cryptography")
TOOLS = {"imu.motion.smooth", "imu.motion.history"}
"""Parts that stages are built of; they take pushes, but have no place in the order."""
HEAVY = ("numpy", "scipy", "pandas", "bleak", "bumble", "vqf", "rich", "asyncio", "matplotlib")


@dataclass(frozen=True)
class Import:
    """One imported name; `eager` unless it waits inside a function or is for the type checker only."""

    module: str
    eager: bool
    typing_only: bool


def imports_of(source: str, names: set[str]) -> list[Import]:
    return list(_walk(ast.parse(source), names, eager=True, typing_only=False))


def _walk(node: ast.AST, names: set[str], *, eager: bool, typing_only: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(alias.name, eager, typing_only)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "imports are written in full, so that the rules can be read"
            for alias in child.names:
                inner = f"{child.module}.{alias.name}"
                yield Import(inner if inner in names else str(child.module), eager, typing_only)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            yield from _walk(child, names, eager=False, typing_only=True)
        else:
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _walk(child, names, eager=eager and not inside, typing_only=typing_only)


def below(module: str, *rooms: str) -> bool:
    return any(module == room or module.startswith(room + ".") for room in rooms)


def is_stage(source: str) -> bool:
    """A stage of the pipeline is a module with a class that has a `push`."""
    classes = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ClassDef))
    return any("push" in {f.name for f in c.body if isinstance(f, ast.FunctionDef)} for c in classes)


def broken_walls(house: Mapping[str, str]) -> set[str]:
    """Every forbidden import, as `module -> imported: rule`."""
    names = set(house)
    stages = {m for m, source in house.items() if m.startswith("imu.motion.") and m not in TOOLS and is_stage(source)}
    broken = set()
    for module, source in house.items():
        for one in imports_of(source, names):
            broken |= {f"{module} -> {one.module}: {rule}" for rule in _broken(module, one.module, stages)}
    return broken | _circles(house, names)


def _broken(module: str, target: str, stages: set[str]) -> Iterator[str]:
    ours = below(target, "imu", "firmware_proto") and target != "imu"
    if module in GROUND_FLOOR and ours and target not in GROUND_FLOOR:
        yield "the ground floor stands on nothing"
    if below(module, "firmware_proto") and below(target, "imu"):
        yield "the sensor's side does not know the companion"
    if below(target, "imu.app") and not below(module, "imu.app"):
        yield "nothing imports the app"
    if below(module, "imu") and not below(module, "imu.app") and below(target, "firmware_proto"):
        if target.startswith(ONLY_APP):
            yield "only the app simulates"
        elif module not in ("imu.sensors.native", "imu.sensors.native_frames") and not below(module, "imu.conform"):
            yield "only the native sensor and its conformance speak the wire protocol"
    if below(target, "imu.conform") and not below(module, "imu.conform", "imu.app"):
        yield "conformance is a tool of the app"
    if below(module, "imu.motion") and below(target, "imu.link", "imu.sessions", "imu.sensors", "asyncio", "rich"):
        yield "motion knows no radio, file or screen"
    if below(module, "imu.imports") and ours and not below(target, "imu.imports", "imu.sessions", *GROUND_FLOOR):
        yield "imports know files and values"
    if below(module, "imu.evaluation") and ours and not below(target, "imu.evaluation", *GROUND_FLOOR):
        yield "scoring rules stand on the ground floor alone"
    if below(module, "imu.coach") and ours and not below(target, "imu.coach", *GROUND_FLOOR):
        yield "the coach knows events and targets alone"
    if target in stages and below(module, "imu.motion") and module not in {"imu.motion", "imu.motion.pipeline", target}:
        yield "only the pipeline knows the stages' order"
    if below(target, "bleak", "dbus_fast") and not below(module, "imu.link") and module not in VIRTUAL_HOST:
        yield "bleak lives in the link"
    if below(target, "bumble") and module not in VIRTUAL_RADIO:
        yield "bumble lives in the virtual radio"
    if below(target, "pandas") and not below(module, "imu.sessions", "imu.review", "imu.app"):
        yield "pandas is for tables"
    if below(target, "rich", "typer") and not below(module, "imu.app"):
        yield "only the app has a screen"
    if below(target, *SERVER) and not below(module, "imu.app.live"):
        yield "the web server is the live page's"


def _circles(house: Mapping[str, str], names: set[str]) -> set[str]:
    """Modules that import themselves by way of others; what waits inside a function counts, types do not."""
    edges = {m: {i.module for i in imports_of(s, names) if not i.typing_only} & names for m, s in house.items()}
    circles = set()
    for start in house:
        seen: set[str] = set()
        todo = [start]
        while todo:
            todo += edges[(here := todo.pop())] - seen
            seen |= edges[here]
        if start in seen:
            circles.add(f"{start}: imports itself in a circle")
    return circles


def house() -> dict[str, str]:
    found = {}
    for package in ("imu", "firmware_proto"):
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = path.read_text(encoding="utf-8")
    return found


def test_every_room_keeps_to_its_walls() -> None:
    assert broken_walls(house()) == set()


def test_all_rooms_are_there() -> None:
    rooms = {".".join(module.split(".")[:2]) for module in house()}
    named = {"app", "coach", "conform", "evaluation", "imports", "link", "motion", "review", "sensors", "sessions"}
    named = {f"imu.{room}" for room in named}
    assert named | GROUND_FLOOR <= rooms


STAGE = "class A:\n def push(self): ...\n"


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        ({"imu.model": "import imu.sessions", "imu.sessions": ""}, "ground floor"),
        ({"firmware_proto.wire": "from imu.model import Samples"}, "companion"),
        ({"imu.sessions": "from imu.app import x"}, "nothing imports the app"),
        ({"imu.link": "from firmware_proto.motion import simulate"}, "only the app simulates"),
        ({"imu.sessions": "from firmware_proto import wire", "firmware_proto.wire": ""}, "only the native sensor"),
        ({"imu.motion.reps": "def f():\n import imu.link"}, "no radio"),
        ({"imu.motion.reps": STAGE, "imu.motion.sets": "from imu.motion.reps import A\n" + STAGE}, "stages' order"),
        ({"imu.link": "from imu.conform import run", "imu.conform": ""}, "tool of the app"),
        ({"imu.evaluation.bouts": "import imu.motion.pipeline", "imu.motion.pipeline": ""}, "scoring rules"),
        ({"imu.imports.phyphox": "import imu.link", "imu.link": ""}, "imports know"),
        ({"imu.coach.cues": "import imu.motion.params", "imu.motion.params": ""}, "the coach knows"),
        ({"imu.sensors.native": "import bleak.backends"}, "bleak lives"),
        ({"imu.app": "def f():\n import dbus_fast"}, "bleak lives"),
        ({"imu.link": "import bumble.host"}, "bumble lives"),
        ({"firmware_proto.virtual_sensor": "from bumble import hci"}, "bumble lives"),
        ({"firmware_proto.virtual_peripheral": "import bleak"}, "bleak lives"),
        ({"imu.motion.reps": "import pandas as pd"}, "pandas"),
        ({"imu.sessions": "from rich.table import Table"}, "screen"),
        ({"imu.app.cli": "def f():\n import uvicorn.config"}, "web server"),
        ({"imu.a": "from imu import b", "imu.b": "def f():\n import imu.a"}, "circle"),
    ],
)
def test_each_wall_is_noticed_when_broken(broken: dict[str, str], rule: str) -> None:
    assert any(rule in line for line in broken_walls(broken))


def test_the_pipeline_may_know_all_stages() -> None:
    assert not broken_walls({"imu.motion.reps": STAGE, "imu.motion.pipeline": "from imu.motion.reps import A"})


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [("imu.app.cli", HEAVY), ("imu", HEAVY), ("imu.link", ("bleak",))],
)
def test_importing_stays_light(module: str, unwanted: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print(*sorted(set({unwanted!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
