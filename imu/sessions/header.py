"""`session.json`: what has to be known about a session besides its samples."""

from __future__ import annotations

import dataclasses
import json
import math
import types
import typing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TypeVar

import imu
from imu.errors import DataError
from imu.model import DEFINITION, DEFINITION_VERSION, ClockFit, Mount, SensorInfo
from imu.sessions.files import read_bytes, replace_file

T = TypeVar("T")

FORMAT = 1
"""Format of the session folder."""
RATES_HZ = (0.5, 10_000.0)
"""Slower is no motion, faster no sensor of bodies."""
LENGTH_SLACK = 0.05
"""By how much the axes of a mount may miss length 1 and the right angle; they are written with all their digits."""


def utc_now() -> str:
    """The time of day as files say it: ISO 8601, UTC, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionHeader:
    """The head of a session. None means: not known, or not said.

    Attributes:
        exercise: Key of the row in `imu.exercises`.
        sensor: Family, model, serial number, firmware, rate and ranges of the sensor.
        mount: How the sensor sat, and where that is known from.
        mount_corrected: How it really sat, where the motion contradicted what was told; a result.
        acc_mps2_per_lsb, gyr_radps_per_lsb: What one step of the sensor's integers means.
        person: A pseudonym.
        load_kg, load_type: Weight held or worn, and what it was (plate, dumbbell, band, ...).
        arm_position, style: As the person declares them (arms crossed, hands at the temples; stiff spine, roll-up).
        target_tempo: Eccentric-bottom-concentric-top.
        target_reps: Repetitions wanted in a set.
        straight_line_deg, straight_line_source: Pitch at which the body is a straight line, and where it comes from.
        strap_slips: Where the strap seems to have turned on the trunk: the fields of `imu.model.StrapSlip`; a result.
        sync_taps_s: When three sharp taps were given on the sensor, by which a video is laid beside it; a result.
        started_utc: When `t_s` = 0 was, ISO 8601.
        clock: When samples were measured by the time of day, one fit for each stream of the sensor; see `utc_of`.
        link: What the link counted: lost, filled, reconnects, effective rate, ...
        synthetic: True where no body moved; the notes say how it was made.
        format, program_version, definition, definition_version: What wrote the file, and by which rule.
        extra: Keys this version does not know; kept as they are.
    """

    exercise: str
    sensor: SensorInfo
    started_utc: str = field(default_factory=utc_now)
    mount: Mount | None = None
    mount_corrected: Mount | None = None
    acc_mps2_per_lsb: float | None = None
    gyr_radps_per_lsb: float | None = None
    person: str | None = None
    load_kg: float | None = None
    load_type: str | None = None
    arm_position: str | None = None
    style: str | None = None
    target_tempo: str | None = None
    target_reps: int | None = None
    straight_line_deg: float | None = None
    straight_line_source: str | None = None
    strap_slips: list[dict[str, float]] = field(default_factory=list)
    sync_taps_s: list[float] = field(default_factory=list)
    clock: tuple[ClockFit, ...] = ()
    link: dict[str, Any] = field(default_factory=dict)
    synthetic: bool = False
    notes: str = ""
    format: int = FORMAT
    program_version: str = imu.__version__
    definition: str = DEFINITION
    definition_version: int = DEFINITION_VERSION
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def folder_name(self) -> str:
        """Name of the session's folder: start in UTC and exercise.

        Raises:
            ValueError: `started_utc` is no time.
        """
        started = datetime.fromisoformat(self.started_utc).astimezone(UTC)
        return f"{started:%Y%m%dT%H%M%SZ}_{self.exercise}"

    def to_json(self) -> str:
        """The text of `session.json`; a number that does not exist is null."""
        keys = dataclasses.asdict(self)
        extra = keys.pop("extra")
        ordered = {"format": keys.pop("format"), **keys, **extra}
        return json.dumps(_without_nan(ordered), indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read `session.json`.

        Raises:
            ValueError: It is not a session's header; the message names the key.
        """
        try:
            keys = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"line {error.lineno}, column {error.colno}: {error.msg}") from error
        _expect(keys, dict, "the whole")
        keys["clock"] = keys.get("clock") or []  # {} in sessions of before there were any
        if keys.get("format", FORMAT) != FORMAT:
            raise ValueError(
                f"key format: {keys['format']!r} is not format {FORMAT}, the one this version reads (written by a "
                "newer imu: update this one)"
            )
        known = {f.name for f in dataclasses.fields(cls)} - {"extra"}
        header = _build(cls, {k: v for k, v in keys.items() if k in known}, "")
        _check(header)
        return dataclasses.replace(header, extra={k: v for k, v in keys.items() if k not in known})


def write_header(path: Path, header: SessionHeader) -> None:
    """Write `session.json`, atomically.

    Raises:
        StorageError: It could not be written.
    """
    replace_file(path, [header.to_json().encode()])


def read_header(path: Path) -> SessionHeader:
    """Read `session.json`.

    Raises:
        DataError: It is missing or damaged; the message names file, line or key.
    """
    try:
        return SessionHeader.from_json(read_bytes(path).decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # a UnicodeDecodeError is a ValueError, too
        raise DataError(
            f"{path}, {error}; mend it by hand, or give the samples.csv beside it to be read without."
        ) from error


def _without_nan(value: Any) -> Any:  # noqa: ANN401 (any JSON value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _without_nan(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(v) for v in value]
    return value


def _build(cls: type[T], keys: dict[str, Any], prefix: str) -> T:
    """Build a dataclass from JSON values, checking each against its annotation; unknown keys are left out."""
    hints = typing.get_type_hints(cls)
    fields = {f.name for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    values = {k: _convert(v, hints[k], prefix + k) for k, v in keys.items() if k in fields}
    try:
        return cls(**values)
    except TypeError as error:
        raise ValueError(f"{prefix or 'the whole '}: {error}") from error


def _convert(value: Any, hint: Any, key: str) -> Any:  # noqa: ANN401 (any JSON value, any annotation)
    options = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
    if value is None and type(None) in options:
        return None
    kind = options[0]
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        _expect(value, dict, key)
        return _build(kind, value, key + ".")
    if typing.get_origin(kind) is tuple:
        _expect(value, list, key)
        item = typing.get_args(kind)[0]
        return tuple(_convert(v, item, f"{key}[{i}]") for i, v in enumerate(value))
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return _finite(value, key)
    return _expect(value, typing.get_origin(kind) or kind, key)


def _finite(value: float, key: str) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"key {key}: this number does not exist or is too large")
    return number


def _check(header: SessionHeader) -> None:
    """Refuse numbers with which nothing could be computed."""
    _check_range("sensor.rate_hz", header.sensor.rate_hz, *RATES_HZ)
    _check_range("straight_line_deg", header.straight_line_deg, -180.0, 180.0)
    _check_range("load_kg", header.load_kg, 0.0, 1000.0)
    for i, fit in enumerate(header.clock):
        _check_fit(f"clock[{i}]", fit)
    mounts = {
        "mount": header.mount, "mount_corrected": header.mount_corrected, "sensor.mount": header.sensor.mount,
    }  # fmt: skip
    for key, mount in mounts.items():
        if mount is not None:
            _check_mount(key, mount)


def _check_range(key: str, value: float | None, low: float, high: float) -> None:
    if value is not None and not low <= value <= high:
        raise ValueError(f"key {key}: {value:g} is not between {low:g} and {high:g}")


def _check_fit(key: str, fit: ClockFit) -> None:
    if not fit.skew_ppm > -1e6:
        raise ValueError(f"key {key}.skew_ppm: with {fit.skew_ppm:g} the sensor's clock would stand still")
    try:
        datetime.fromisoformat(fit.start_utc).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"key {key}.start_utc: {fit.start_utc!r} is no time, as in {utc_now()}") from None


def _check_mount(key: str, mount: Mount) -> None:
    for name, axis in (("anterior", mount.anterior), ("cranial", mount.cranial)):
        if len(axis) != 3 or abs(math.hypot(*axis) - 1.0) > LENGTH_SLACK:
            raise ValueError(f"key {key}.{name}: {list(axis)} is no direction, three numbers of length 1 together")
    if abs(sum(a * c for a, c in zip(mount.anterior, mount.cranial, strict=True))) > LENGTH_SLACK:
        raise ValueError(f"key {key}: anterior and cranial are not at a right angle")


def _expect(value: Any, kind: type, key: str) -> Any:  # noqa: ANN401 (any JSON value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(f"key {key}: {value!r} is not of type {kind.__name__}")
    return value
