"""What a format is, and what it makes of its files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from imu.imports.bundle import Bundle
from imu.model import Floats


@dataclass(frozen=True, kw_only=True, slots=True)
class Stream:
    """What one of the two sensors measured, on its own times.

    Attributes:
        path: The file it comes from, for messages.
        unit: The unit its values had in the file.
        t_s: (n,) strictly increasing times in seconds; both streams of a source count from one zero.
        values: (n, 3) m/s^2 with gravity, or rad/s.
    """

    path: Path
    unit: str
    t_s: Floats
    values: Floats


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A recording as another program wrote it.

    Attributes:
        acc, gyr: The two streams; `gyr` is None where there was no gyroscope.
        family, model, serial: What measured, as far as the files say.
        started_unix_s: Time of day of the streams' zero in seconds since 1970, None where the files do not say.
        notes: Sentences about what was assumed.
    """

    acc: Stream
    gyr: Stream | None
    family: str
    model: str
    serial: str = ""
    started_unix_s: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Format:
    """A row of the table.

    Attributes:
        key: Its name on the command line.
        title: What a person calls it.
        recognises: Whether these files are of this format; looks at names and first lines only.
        read: Files -> source; raises DataError that names file, line and column.
    """

    key: str
    title: str
    recognises: Callable[[Bundle], bool]
    read: Callable[[Bundle], Source]
