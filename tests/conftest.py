"""Fixtures for all rooms."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from firmware_proto.virtual_radio import Air, virtual_air
from firmware_proto.virtual_sensor import VirtualSensor
from imu.link import Backend

if TYPE_CHECKING:
    from bluez.machine import Machine

InAir = Callable[..., AbstractAsyncContextManager[tuple[Air, Backend]]]
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


@pytest.fixture(params=["in-process", pytest.param("bluez", marks=[pytest.mark.bluez, pytest.mark.slow])])
def in_air(request: pytest.FixtureRequest) -> InAir:
    """Put sensors in the air: around bleak on a stack in this process, and around plain bleak on a real BlueZ."""
    bluez: Machine | None = request.getfixturevalue("bluez") if request.param == "bluez" else None

    @asynccontextmanager
    async def put(*sensors: VirtualSensor, speed: float = 10.0, mtu: int = 247) -> AsyncIterator[tuple[Air, Backend]]:
        around = (
            bluez.air(sensors, speed=speed / EMULATED, mtu=mtu) if bluez else virtual_air(sensors, speed=speed, mtu=mtu)
        )
        async with around as air:
            yield air, Backend(scanner=air.scanner_backend, client=air.client_backend)

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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave slow tests out unless the command line chooses by mark."""
    if config.getoption("-m"):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]
