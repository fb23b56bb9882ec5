"""A small machine with a real bluetoothd: QEMU boots a Debian kernel, and bleak here talks to the bus in there.

The adapter comes from here as well: for each `Machine.air` the guest's kernel gets a virtual controller.
The image is made once, by `make_image.sh`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dbus_fast.aio import MessageBus

from firmware_proto.virtual_radio import Air, virtual_air
from firmware_proto.virtual_sensor import VirtualSensor
from imu.link.bluez import known_objects, message_bus

MAKE_IMAGE = Path(__file__).with_name("make_image.sh")
QEMU = "qemu-system-x86_64"
IMAGE = "IMU_BLUEZ_IMAGE"
"""Environment variable with the image's folder."""
BUS_PORT, HCI_PORT = 7001, 7002
MEMORY_MB = 256
BOOT_S = 120.0
"""Emulated on a busy machine; 5 s on an idle one."""
ADAPTER_S = 30.0
READY = "relay: ready"


class NoBlueZ(Exception):
    """There is none on this machine; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A running guest.

    Attributes:
        bus_port, hci_port: Of this machine, forwarded to the guest's message bus and virtual Bluetooth driver.
        console: File with all that the guest printed.
    """

    bus_port: int
    hci_port: int
    console: Path

    @property
    def environment(self) -> dict[str, str]:
        """What bleak has to find in its environment to use this machine's BlueZ."""
        return {
            "DBUS_SYSTEM_BUS_ADDRESS": f"tcp:host=127.0.0.1,port={self.bus_port}",
            "BLEAK_DBUS_AUTH_UID": "0",  # the guest knows nobody but root
        }

    @contextlib.asynccontextmanager
    async def air(self, sensors: Sequence[VirtualSensor], *, speed: float = 1.0, mtu: int = 247) -> AsyncIterator[Air]:
        """Put sensors in the air around this machine, as `virtual_air` does around a host in this process.

        This process has to run with `environment`.

        Raises:
            TimeoutError: BlueZ has no adapter.
        """
        await self._adapters_are(0)  # that of the test before is taken away a little later than its air
        async with virtual_air(sensors, speed=speed, mtu=mtu, host=f"tcp-client:127.0.0.1:{self.hci_port}") as air:
            await self._adapters_are(1)
            yield air

    async def _adapters_are(self, number: int) -> None:
        """Wait until BlueZ has so many adapters, all switched on."""
        try:
            async with asyncio.timeout(ADAPTER_S), message_bus() as bus:
                while await _switched_on(bus) != [True] * number:  # noqa: ASYNC110  (another machine's state)
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise TimeoutError(f"BlueZ did not come to have {number} adapters; {self.said()}") from None

    def said(self) -> str:
        """The end of what the guest printed, for an error's message."""
        return "the guest said last:\n" + "\n".join(self.console.read_text(errors="replace").splitlines()[-20:])


async def _switched_on(bus: MessageBus) -> list[bool]:
    """Of each adapter whether it is switched on."""
    adapters = [has["org.bluez.Adapter1"] for has in (await known_objects(bus)).values() if "org.bluez.Adapter1" in has]
    return [adapter["Powered"].value for adapter in adapters]


def image() -> Path:
    """Folder of an image that is up to date.

    Raises:
        NoBlueZ: There is none.
    """
    named = os.environ.get(IMAGE)
    folder = Path(named) if named else Path.home() / ".cache" / "imu-back-extension" / "bluez"
    made = folder / "version"
    if shutil.which(QEMU) is None or not made.is_file():
        raise NoBlueZ(f"no real BlueZ here; make one on Debian, as root, with tests/bluez/{MAKE_IMAGE.name}")
    version = subprocess.run([MAKE_IMAGE, "--version"], capture_output=True, text=True, check=True).stdout
    if made.read_text() != version:
        raise NoBlueZ(f"the BlueZ image in {folder} is out of date; run tests/bluez/{MAKE_IMAGE.name} as root again")
    return folder


@contextlib.contextmanager
def running(folder: Path, console: Path) -> Iterator[Machine]:
    """Boot the image in a folder; the machine is gone when the context ends, and also when this process is killed.

    Args:
        folder: From `image`.
        console: File for all that the guest prints.

    Raises:
        NoBlueZ: It did not boot.
    """
    bus_port, hci_port = _free_ports(2)
    machine = Machine(bus_port=bus_port, hci_port=hci_port, console=console)
    process = _boot(folder, machine)
    try:
        _wait_until_ready(machine, process)
        yield machine
    finally:
        process.kill()
        process.wait()


def _boot(folder: Path, machine: Machine) -> subprocess.Popen[bytes]:
    forwards = ",".join(
        f"hostfwd=tcp:127.0.0.1:{here}-:{there}"
        for here, there in ((machine.bus_port, BUS_PORT), (machine.hci_port, HCI_PORT))
    )
    kvm = _kvm_works()
    command = [
        *("setpriv", "--pdeathsig", "KILL", QEMU),
        *(("-accel", "kvm", "-cpu", "host") if kvm else ("-accel", "tcg,thread=multi", "-cpu", "max")),
        *("-M", "q35", "-smp", "2", "-m", str(MEMORY_MB)),
        *("-nodefaults", "-display", "none", "-no-reboot", "-serial", "stdio"),
        *("-kernel", str(folder / "vmlinux"), "-initrd", str(folder / "initrd")),
        *("-append", "console=ttyS0 quiet panic=-1 net.ifnames=0"),
        *("-device", "virtio-rng-pci"),
        *("-netdev", f"user,id=net,restrict=on,{forwards}", "-device", "virtio-net-pci,netdev=net,romfile="),
    ]
    with machine.console.open("wb") as console:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT)


def _kvm_works() -> bool:
    """Not where only the device is there: some nested machines open it and then hang."""
    flags = Path("/proc/cpuinfo").read_text().split()
    return os.access("/dev/kvm", os.W_OK) and ("svm" in flags or "vmx" in flags)


def _wait_until_ready(machine: Machine, process: subprocess.Popen[bytes]) -> None:
    deadline_s = time.monotonic() + BOOT_S
    while READY not in machine.console.read_text(errors="replace"):
        if process.poll() is not None or time.monotonic() > deadline_s:
            raise NoBlueZ(f"the BlueZ machine did not boot; {machine.said()}")
        time.sleep(0.05)


def _free_ports(n: int) -> list[int]:
    """Ports that nobody uses now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(n)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
