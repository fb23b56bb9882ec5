"""Fixtures for all rooms."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from examples import examples
from hypothesis import settings

from firmware_proto.virtual_radio import Air, virtual_air
from firmware_proto.virtual_sensor import VirtualSensor
from firmware_proto.virtual_time import VirtualTimeLoop
from imu.link import Backend

if TYPE_CHECKING:
    from bluez.machine import Machine

settings.register_profile("any machine", deadline=None, print_blob=True, max_examples=examples(100))
settings.load_profile("any machine")
"""No test depends on how fast the machine is."""

ROOT = Path(__file__).resolve().parents[1]
SmallDisk = Callable[..., subprocess.CompletedProcess[str]]
_OWN = ("unshare", "--map-root-user", "--mount", "sh", "-c")
_ON_IT = (
    'mount -t tmpfs -o size="$1" none "$2" && room="$2" kept="$3" && shift 3 && { "$@"; code=$?; '
    'cp -r "$room" "$kept"; exit $code; }'
)

InAir = Callable[..., AbstractAsyncContextManager[tuple[Air, Backend]]]
BLUEZ = "bluez"
"""The half of the tests of `in_air` that runs on a real BlueZ."""
EMULATED = 2.0
"""So much slower does the sensors' time run on an emulated machine, which takes longer for every answer."""


@pytest.fixture(scope="session")
def bluez_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine with a real BlueZ, booted once; without its image the tests that need it are skipped, or fail in CI."""
    if sys.platform != "linux":
        pytest.skip("BlueZ runs on Linux only")
    from bluez.machine import NoBlueZ, image, running  # noqa: PLC0415  (dbus_fast is there on Linux only)

    try:
        folder = image()
    except NoBlueZ as why:
        (pytest.fail if os.environ.get("IMU_BLUEZ_REQUIRED") else pytest.skip)(str(why))
    with running(folder, tmp_path_factory.mktemp("bluez") / "console") as machine:
        yield machine


@pytest.fixture
def bluez(bluez_machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """The same, with plain bleak and child processes talking to it."""
    for name, value in bluez_machine.environment.items():
        monkeypatch.setenv(name, value)
    return bluez_machine


@pytest.fixture
def in_air(request: pytest.FixtureRequest) -> InAir:
    """Put sensors in the air: around bleak on a stack in this process, and around plain bleak on a real BlueZ."""
    bluez: Machine | None = request.getfixturevalue("bluez") if request.node.get_closest_marker("bluez") else None

    @asynccontextmanager
    async def put(*sensors: VirtualSensor, speed: float = 10.0, mtu: int = 247) -> AsyncIterator[tuple[Air, Backend]]:
        around = (
            bluez.air(sensors, speed=speed / EMULATED, mtu=mtu) if bluez else virtual_air(sensors, speed=speed, mtu=mtu)
        )
        async with around as air:
            yield air, Backend(scanner=air.scanner_backend, client=air.client_backend, speed=air.speed)

    return put


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real recordings with a `manifest.csv`, from the environment; tests that need it are skipped without."""
    named = os.environ.get("IMU_REAL_DATA")
    if not named:
        pytest.skip("IMU_REAL_DATA is not set: there are no real recordings here")
    folder = Path(named)
    if not (folder / "manifest.csv").is_file():
        pytest.skip(f"IMU_REAL_DATA={named} holds no manifest.csv")
    return folder


@pytest.fixture
def small_disk(tmp_path: Path) -> SmallDisk:
    """Run Python with a file system of a few kilobytes at `tmp_path/small`; its files are kept in `tmp_path/kept`.

    Linux lets an ordinary user mount one in a name space of his own; where it does not, the test is skipped.
    """
    room = tmp_path / "small"
    room.mkdir()
    tried = [*_OWN, 'mount -t tmpfs none "$1"', "sh", str(room)]
    if not shutil.which("unshare") or subprocess.run(tried, capture_output=True, check=False).returncode:
        pytest.skip("nobody may mount a small file system here (unshare --map-root-user --mount)")

    def run(size: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [*_OWN, _ON_IT, "sh", size, room, tmp_path / "kept", sys.executable, *arguments]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
        return subprocess.run(
            list(map(str, command)), env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    return run


def pytest_asyncio_loop_factories(item: pytest.Function) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """In virtual time live sensors in the air of this process, and whatever asks for it; a real BlueZ cannot."""
    if "in_air" in item.fixturenames:
        return {"in-process": VirtualTimeLoop, BLUEZ: asyncio.new_event_loop}
    return {"one": VirtualTimeLoop if item.get_closest_marker("virtual_time") else asyncio.new_event_loop}


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark the tests of `in_air` that run on a real BlueZ."""
    case = getattr(item, "callspec", None)
    if case is not None and BLUEZ in case.id.split("-"):
        item.add_marker(pytest.mark.bluez)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what takes minutes, or a machine of its own, unless the command line chooses by mark."""
    if config.getoption("-m"):
        return
    left_out = [item for item in items if item.get_closest_marker("slow") or item.get_closest_marker("bluez")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
