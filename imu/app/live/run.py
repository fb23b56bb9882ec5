"""`imu live`: the recorder with a page, and the links to it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import io
import ipaddress
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import segno

from imu.app import console
from imu.app.ending import take_cancellation
from imu.app.live.certificate import certificate
from imu.app.live.security import Door, kept_key, state_folder
from imu.app.live.server import Pages, listen, serving
from imu.app.live.studio import Studio

LOOPBACK, EVERYWHERE = "127.0.0.1", "0.0.0.0"  # noqa: S104 (only when asked for)
_ELSEWHERE = ("192.0.2.1", 9)
"""An address for documentation (RFC 5737): asking for the way there sends nothing, and tells our own address."""


@dataclass(frozen=True, kw_only=True)
class Where:
    """Where the page is to be had.

    Attributes:
        lan: From other machines, too.
        port: 0 for any that is free.
        tls: Over TLS, with a certificate of our own.
        state: Folder of what outlives the program.
    """

    lan: bool = False
    port: int = 0
    tls: bool = False
    state: Path = dataclasses.field(default_factory=state_folder)


class Links:
    """The links to the page; `host` is the name or address by which they lead here."""

    def __init__(self, door: Door, host: str, port: int) -> None:
        self._door, self.root = door, f"{'https' if door.secure else 'http'}://{host}:{port}/"

    @property
    def view(self) -> str:
        """The link to look on with, for as many as it is given to."""
        return f"{self.root}?t={self._door.view_token}"

    @property
    def control(self) -> str:
        """The link to command with, good for one browser."""
        return f"{self.root}?t={self._door.control_token}"


def show(links: Links, where: Where) -> None:
    """Print the links; where a phone is to follow one, as a QR code, too."""
    screen = console.err()
    if where.lan:
        code = io.StringIO()
        segno.make(links.control, micro=False).terminal(code, compact=True)
        screen.print(code.getvalue(), soft_wrap=True)
    screen.print(f"Page, with control (one browser):  {links.control}", soft_wrap=True)
    if where.lan:
        screen.print(f"Page, to look on (any number):     {links.view}", soft_wrap=True)
        if not where.tls:
            screen.print("Anybody in this network could read along; --tls keeps it between the two.", style="yellow")
    screen.print("Ctrl-C ends and keeps all.", style="bright_black")


def show_next(links: Links) -> None:
    """Print the next link for control, the one before having been used."""
    console.err().print(f"A page with control was opened. For another one:  {links.control}", soft_wrap=True)


async def live(studio: Studio, where: Where, shown: Callable[[Links, Where], None] = show) -> None:
    """Serve the page and record until the task is cancelled; the session under way is then ended and kept.

    Args:
        studio: What records.
        where: Where the page is to be had.
        shown: Called with the links once the page is there.

    Raises:
        UsageError: The port cannot be had, or what TLS needs is missing.
        StorageError: The certificate could not be written.
    """
    hosts = lan_hosts() if where.lan else [LOOPBACK]
    with _listening(where) as listener:
        files = certificate(where.state, {*hosts, "localhost", LOOPBACK}) if where.tls else (None, None)
        door = Door(key=kept_key(where.state), names=frozenset(hosts), secure=where.tls)
        links = Links(door, hosts[0], listener.getsockname()[1])
        studio.view_link = links.view if where.lan else None
        pages = Pages(studio, door, on_control=lambda: show_next(links))
        async with serving(pages.app(), listener, certificate=files[0], key=files[1]):
            shown(links, where)
            try:
                await studio.run()
            except asyncio.CancelledError:
                take_cancellation()
            finally:
                studio.hub.close("The program was ended; what was recorded is kept.")
                await studio.hub.gone()


@contextlib.contextmanager
def _listening(where: Where) -> Iterator[socket.socket]:
    with contextlib.closing(listen(EVERYWHERE if where.lan else LOOPBACK, where.port)) as listener:
        yield listener


def lan_hosts() -> Sequence[str]:
    """What other machines may call this one, its address first where it has one."""
    name, found = socket.gethostname().lower(), list[str]()
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect(_ELSEWHERE)
        found.append(asking.getsockname()[0])
    with contextlib.suppress(OSError):
        found += [str(info[4][0]) for info in socket.getaddrinfo(name, None, socket.AF_INET)]
    addresses = [one for one in dict.fromkeys(found) if not ipaddress.ip_address(one).is_loopback]
    names = [name, f"{name.removesuffix('.local')}.local"] if name.isascii() else []  # none that a certificate may name
    return [*addresses, *names] or [LOOPBACK]
