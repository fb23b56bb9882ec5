"""Back extensions, rep by rep, from one sensor on the chest.

    import imu

    session = imu.read_session("recordings/example-back-extension")
    session.reps[["set", "rep", "tempo", "rom_deg"]]

`read_session` reads a folder or a bare CSV, `analyze` takes samples from memory; both give a `Review` of pandas tables
(`imu.review.tables`). `list_sessions` says what is in a folder of sessions, `latest_session` which is the newest.
Loading `imu` itself loads none of this.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imu.review.listing import latest_session, list_sessions
    from imu.review.tables import Review, analyze, read_session

__version__ = "0.2.0"

_LATER = {
    "read_session": "tables", "analyze": "tables", "Review": "tables", "list_sessions": "listing",
    "latest_session": "listing",
}  # fmt: skip

__all__ = ["Review", "__version__", "analyze", "latest_session", "list_sessions", "read_session"]


def __dir__() -> list[str]:
    """What completion offers."""
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:  # noqa: ANN401 (a module's attribute can be anything)
    """Load what needs pandas on first use (PEP 562)."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.review.{_LATER[name]}"), name)
