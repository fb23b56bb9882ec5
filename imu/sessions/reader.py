"""Reading sessions and recordings back."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from imu.errors import DataError
from imu.model import LineHold, Rep, Samples, SetSummary
from imu.sessions.calibrations import calibrations_in
from imu.sessions.checks import check_recording, check_time, drop_late, step_s
from imu.sessions.csvfile import NumberTable
from imu.sessions.header import SessionHeader, read_header
from imu.sessions.labelfile import labels_of
from imu.sessions.said import NOTHING, Said, said_in
from imu.sessions.samplesfile import read_samples
from imu.sessions.tables import Label, SessionEvent, read_events, read_reps, read_sets
from imu.sessions.timeofday import Times, utc_of

RATE_SLACK = 0.1
"""Share by which the measured rate may miss the stated one; cheap sensors' clocks are off by up to 5 %."""
_LONGEST_HEAD = 1 << 16
"""The first line of a table is shorter."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """Samples fit to be analysed.

    Attributes:
        path: What was read.
        samples: In order, each once.
        rate_hz: Median rate while samples came; 4 kHz and 4 Hz are both possible.
        header: The session's, None for a bare CSV.
        calibrations: When the body was held in one straight line, as `events.csv` says.
        said: What a person said on the way, as `events.csv` says.
        warnings: Sentences about what was mended or is odd.
    """

    path: Path
    samples: Samples
    rate_hz: float
    header: SessionHeader | None = None
    calibrations: tuple[LineHold, ...] = ()
    said: Said = NOTHING
    warnings: tuple[str, ...] = ()

    def utc(self) -> Times:
        """(n,) datetime64[us], the time of day of each sample; see `utc_of`.

        Raises:
            DataError: It is a bare CSV, which does not say when it was.
        """
        if self.header is None:
            raise DataError(f"{self.path} does not say when it was recorded; only a session folder does.")
        return utc_of(self.header, self.samples.t_s)


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """A session folder as it stands on the disk; parts that are not there yet are empty."""

    path: Path
    header: SessionHeader
    samples: Samples
    events: tuple[SessionEvent, ...] = ()
    reps: tuple[Rep, ...] = ()
    sets: tuple[SetSummary, ...] = ()
    labels: tuple[Label, ...] = ()
    warnings: tuple[str, ...] = ()

    def utc(self) -> Times:
        """(n,) datetime64[us], the time of day of each sample; see `utc_of`."""
        return utc_of(self.header, self.samples.t_s)


def read_recording(path: str | PathLike[str]) -> Recording:
    """Read a session folder, or a bare CSV (also gzipped) with `t_s`, `acc_*_mps2` and perhaps `gyr_*_radps`.

    Raises:
        DataError: It cannot be analysed; the message names file, line and column, and what to do.
    """
    path = Path(path)
    header = None
    file = path
    if path.is_dir():
        file = _samples_of(path)
        if not _has(file):
            raise DataError(f"{file} is empty: the recording was cut off before its first sample; delete the folder.")
        header = read_header(path / "session.json") if (path / "session.json").exists() else None
    samples, table = read_samples(file)
    repeats = _repeats(samples, table)
    samples, late = drop_late(samples, table)
    odd = check_recording(samples, table)
    events = _events(path) if path.is_dir() else ()
    rate_hz = 1.0 / step_s(samples)
    return Recording(
        path=path,
        samples=samples,
        rate_hz=rate_hz,
        header=header,
        calibrations=calibrations_in(events, path / "events.csv"),
        said=said_in(events, path / "events.csv"),
        warnings=(*table.warnings, *repeats, *late, *odd, *_other_rate(path, header, rate_hz)),
    )


def read_session(path: str | PathLike[str]) -> Session:
    """Read a session folder, also one whose recording was cut off at any instant.

    Raises:
        DataError: It is no session, or a file in it is damaged by something else than being cut off.
    """
    path = Path(path)
    file = _samples_of(path)
    header = read_header(path / "session.json")
    samples = Samples.empty(gyroscope=header.sensor.has_gyroscope)
    warnings: tuple[str, ...] = ()
    if _has(file):
        samples, table = read_samples(file)
        samples, late = drop_late(samples, table)
        check_time(samples, table)
        warnings = (*table.warnings, *late)
    return Session(
        path=path,
        header=header,
        samples=samples,
        events=_events(path),
        reps=read_reps(path / "reps.csv") if _has(path / "reps.csv") else (),
        sets=read_sets(path / "sets.csv") if _has(path / "sets.csv") else (),
        labels=labels_of(path),
        warnings=warnings,
    )


def said_of(session: Path) -> Said:
    """What a person said while a session was recorded.

    Raises:
        DataError: Its events are malformed; the message names the place.
    """
    return said_in(_events(session), session / "events.csv")


def _events(session: Path) -> tuple[SessionEvent, ...]:
    path = session / "events.csv"
    return read_events(path) if _has(path) else ()


def _has(path: Path) -> bool:
    """Whether there is a file with a whole first line; one cut off in its first instant may have less."""
    if not path.exists():
        return False
    with path.open("rb") as file:
        return b"\n" in file.read(_LONGEST_HEAD)


def _samples_of(folder: Path) -> Path:
    file = folder / "samples.csv"
    if not file.is_file():
        if not folder.is_dir():
            raise DataError(f"{folder} is no session folder; give one that imu record wrote, or a CSV file.")
        raise DataError(
            f"{folder} is no session: there is no samples.csv in it; give a folder that imu record wrote, or a CSV "
            "file. (If it is one that was cut off before its first sample, delete it.)"
        )
    return file


def _other_rate(path: Path, header: SessionHeader | None, rate_hz: float) -> list[str]:
    said = header.sensor.rate_hz if header else rate_hz
    if abs(rate_hz - said) <= RATE_SLACK * said:
        return []
    return [
        f"{path / 'session.json'}, key sensor.rate_hz: it says {said:g} samples a second, the samples came at "
        f"{rate_hz:.4g}; what was measured is taken."
    ]


def _repeats(samples: Samples, table: NumberTable) -> list[str]:
    again = len(table.columns["t_s"]) - len(samples)
    return [f"{table.path}: {again} samples stand in the file twice; the first of each was taken."] if again else []
