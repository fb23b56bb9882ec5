"""Who may come in, and as what: the rules, without the server.

Strategy. The page listens on this machine alone unless it was asked for more. A request has to name an address that it
came to (a name of somebody else's that leads here is DNS rebinding), what changes something has to come from our own
page, and a viewer is known by a cookie, which a link's token is traded for. The link for control works once, and while
the program runs that printed it; the one for viewing works for as many as it is given to. A cookie ends after half a
day, and so does, for the program's next start, the key that signs it; until then the cookies and the link for viewing
outlive a restart, so that a phone that lay asleep is still let in.
"""

from __future__ import annotations

import contextlib
import hmac
import ipaddress
import json
import os
import secrets
import stat
import sys
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from imu.app.live.hub import Role

VALID_S = 12 * 3600
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})


def headers(host: str, *, secure: bool) -> dict[str, str]:
    """What every answer carries: nothing is loaded from elsewhere, framed, sniffed, or told to others.

    Args:
        host: Name and port by which the page was asked for; some browsers do not take `'self'` for a WebSocket.
        secure: Over TLS.
    """
    socket = f"{'wss' if secure else 'ws'}://{host}"
    policy = (
        "default-src 'none'", "script-src 'self'", "style-src 'self'", f"connect-src 'self' {socket}",
        "img-src 'self' data:", "media-src 'self' data:", "manifest-src 'self'", "base-uri 'none'",
        "form-action 'none'", "frame-ancestors 'none'",
    )  # fmt: skip
    return {
        "content-security-policy": "; ".join(policy),
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), microphone=(), geolocation=(), usb=()",
        "cache-control": "no-cache",
    }


@dataclass(kw_only=True)
class Door:
    """Lets in who may come.

    Attributes:
        key: Signs cookies; who has it is in.
        names: Names of this machine besides those of the loopback, in lower case.
        secure: Over TLS.
        control_token: What the link for control carries; another one once it was used.
    """

    key: bytes
    names: Collection[str] = ()
    secure: bool = False
    control_token: str = field(default_factory=lambda: secrets.token_urlsafe(16))

    @property
    def view_token(self) -> str:
        """What the link for viewing carries."""
        return self._sign("view link")[:32]

    def knows(self, host: str, came_to: str | None) -> bool:
        """Whether a request names an address of this machine: its own names, or the very address it came to."""
        name = _name(host)
        return name in LOOPBACK or name in self.names or _is_address(name, came_to)

    def is_ours(self, origin: str | None, host: str) -> bool:
        """Whether a request comes from our own page."""
        return origin == f"{'https' if self.secure else 'http'}://{host}"

    def trade(self, token: str) -> Role | None:
        """The role that a link's token stands for; the one for control is used up by it."""
        if _same(token, self.view_token):
            return Role.VIEW
        if _same(token, self.control_token):
            self.control_token = secrets.token_urlsafe(16)
            return Role.CONTROL
        return None

    def cookie(self, role: Role, now_s: float | None = None) -> str:
        """The cookie of a viewer."""
        said = f"{role}.{int((time.time() if now_s is None else now_s) + VALID_S)}"
        return f"{said}.{self._sign(said)}"

    def role(self, cookie: str | None, now_s: float | None = None) -> Role | None:
        """Whose cookie it is, None where it is none of ours or too old."""
        said, _, signed = (cookie or "").rpartition(".")
        role, _, until = said.partition(".")
        if not _same(signed, self._sign(said)) or not until.isdecimal():
            return None
        return Role(role) if int(until) > (time.time() if now_s is None else now_s) else None

    def _sign(self, text: str) -> str:
        return hmac.new(self.key, text.encode(), "sha256").hexdigest()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _name(host: str) -> str:
    """The name in a Host header, without its port."""
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdecimal() and not name.endswith(":") else host.lower()


def _is_address(name: str, came_to: str | None) -> bool:
    try:
        return came_to is not None and ipaddress.ip_address(name.strip("[]")) == ipaddress.ip_address(came_to)
    except ValueError:
        return False


def state_folder() -> Path:
    """Where the program keeps what outlives it and is nobody else's business."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "imu"
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "imu"


def kept_key(folder: Path, now_s: float | None = None) -> bytes:
    """The key that signs cookies, made anew every half day; one that cannot be kept is as good until the program ends.

    A file that others may read is not trusted.
    """
    now_s, path = time.time() if now_s is None else now_s, folder / "live-key.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        kept = json.loads(path.read_text())
        if 0.0 <= now_s - float(kept["made_s"]) < VALID_S and is_private(path):
            return bytes.fromhex(kept["key"])
    key = secrets.token_bytes(32)
    with contextlib.suppress(OSError):
        write_private(path, json.dumps({"made_s": now_s, "key": key.hex()}).encode())
    return key


def is_private(path: Path) -> bool:
    """Whether only the owner may read a file."""
    return sys.platform == "win32" or not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read.

    Raises:
        OSError: It could not be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
