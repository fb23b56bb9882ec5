"""The value types all rooms share. Units are in the names; SI inside, degrees from `Trunk` on.

Frames. Sensor frame: the axes as the device reports them. Trunk frame (ISB): x anterior, y cranial, z to the right.
`pitch_deg` is the trunk's signed angle in the hinge plane: 0 prone horizontal, +90 upright, 180 supine, -90 hanging
head down. Extension raises it, and `rate_dps` is its rate about the flexion axis, positive when extending (lifting).

Times. `t_s` is seconds on the device's own clock from the start of the recording; durations never use another clock.
Intervals are [start, end).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from math import inf, isnan
from typing import Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NAN = float("nan")
G_MPS2 = 9.80665
"""Standard gravity (CGPM 1901), m/s^2."""

DEFINITION = "edge10"
DEFINITION_VERSION = 1
"""The rule by which strokes begin and end (10 % of the stroke's own peak rate); written into every session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """A block of samples, as a structure of arrays of one length n.

    Attributes:
        t_s: (n,) device time of each sample in seconds, strictly increasing in one recording once sorted.
        acc_mps2: (n, 3) specific force in sensor axes; at rest +9.81 along the axis that points up.
        gyr_radps: (n, 3) angular rate in sensor axes, or None where the sensor has no gyroscope.
        index: (n,) the device's own sample number, unwrapped. A missing number is a lost sample.
        filled: (n,) true where a sample was interpolated by us and not measured.
        arrival_s: (n,) host time of arrival on the same zero as `t_s`; nan where unknown.
    """

    t_s: Floats
    acc_mps2: Floats
    gyr_radps: Floats | None
    index: Ints
    filled: Bools
    arrival_s: Floats

    def __len__(self) -> int:
        return len(self.t_s)

    def __getitem__(self, part: slice | Ints | Bools) -> Samples:
        """The same block cut, reordered or masked along its samples."""
        return Samples(
            t_s=self.t_s[part],
            acc_mps2=self.acc_mps2[part],
            gyr_radps=None if self.gyr_radps is None else self.gyr_radps[part],
            index=self.index[part],
            filled=self.filled[part],
            arrival_s=self.arrival_s[part],
        )

    @classmethod
    def measured(
        cls,
        t_s: npt.ArrayLike,
        acc_mps2: npt.ArrayLike,
        gyr_radps: npt.ArrayLike | None = None,
        *,
        index: npt.ArrayLike | None = None,
        arrival_s: npt.ArrayLike | None = None,
    ) -> Self:
        """Build a block of measured samples; `index` counts from 0 where the sensor gives none."""
        t = np.asarray(t_s, float)
        return cls(
            t_s=t,
            acc_mps2=np.asarray(acc_mps2, float).reshape(len(t), 3),
            gyr_radps=None if gyr_radps is None else np.asarray(gyr_radps, float).reshape(len(t), 3),
            index=np.arange(len(t)) if index is None else np.asarray(index, np.int64),
            filled=np.zeros(len(t), bool),
            arrival_s=np.full(len(t), np.nan) if arrival_s is None else np.asarray(arrival_s, float),
        )

    @classmethod
    def empty(cls, *, gyroscope: bool = True) -> Self:
        """A block of no samples."""
        return cls.measured([], np.empty((0, 3)), np.empty((0, 3)) if gyroscope else None)

    @classmethod
    def concat(cls, blocks: Iterable[Samples]) -> Samples:
        """Join blocks in the order given."""
        parts = list(blocks)
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return cls.empty()
        gyr = [b.gyr_radps for b in parts if b.gyr_radps is not None]
        return Samples(
            t_s=np.concatenate([b.t_s for b in parts]),
            acc_mps2=np.concatenate([b.acc_mps2 for b in parts]),
            gyr_radps=np.concatenate(gyr) if len(gyr) == len(parts) else None,
            index=np.concatenate([b.index for b in parts]),
            filled=np.concatenate([b.filled for b in parts]),
            arrival_s=np.concatenate([b.arrival_s for b in parts]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Inclination:
    """Where up is, in sensor axes, on the uniform timeline.

    Attributes:
        t_s: (n,) device time.
        up: (n, 3) unit vector against gravity in sensor axes.
        omega_radps: (n, 3) angular rate in sensor axes with the bias removed; zeros without a gyroscope.
        acc_norm_mps2: (n,) magnitude of the specific force.
        trusted: (n,) false where samples were lost and bridged.
    """

    t_s: Floats
    up: Floats
    omega_radps: Floats
    acc_norm_mps2: Floats
    trusted: Bools

    def __len__(self) -> int:
        return len(self.t_s)

    @classmethod
    def empty(cls) -> Self:
        """No samples."""
        none = np.empty(0)
        return cls(
            t_s=none, up=np.empty((0, 3)), omega_radps=np.empty((0, 3)), acc_norm_mps2=none, trusted=np.empty(0, bool)
        )

    def __getitem__(self, part: slice) -> Inclination:
        """The same block cut in time."""
        return Inclination(
            t_s=self.t_s[part],
            up=self.up[part],
            omega_radps=self.omega_radps[part],
            acc_norm_mps2=self.acc_norm_mps2[part],
            trusted=self.trusted[part],
        )

    @classmethod
    def concat(cls, blocks: Iterable[Inclination]) -> Inclination:
        """Join blocks in the order given."""
        parts = list(blocks)
        return Inclination(
            t_s=np.concatenate([b.t_s for b in parts]),
            up=np.concatenate([b.up for b in parts]),
            omega_radps=np.concatenate([b.omega_radps for b in parts]),
            acc_norm_mps2=np.concatenate([b.acc_norm_mps2 for b in parts]),
            trusted=np.concatenate([b.trusted for b in parts]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """The trunk's motion in the hinge plane, on the uniform timeline.

    Attributes:
        t_s: (n,) device time.
        pitch_deg: (n,) signed angle of the trunk, see the module's head.
        rate_dps: (n,) extension rate, smoothed, its delay taken out.
        tilt_deg: (n,) how far the trunk leans out of the hinge plane (side bend), signed.
        trusted: (n,) false where samples were lost and bridged.
    """

    t_s: Floats
    pitch_deg: Floats
    rate_dps: Floats
    tilt_deg: Floats
    trusted: Bools

    def __len__(self) -> int:
        return len(self.t_s)

    def __getitem__(self, part: slice) -> Trunk:
        """The same motion cut in time."""
        return Trunk(
            t_s=self.t_s[part],
            pitch_deg=self.pitch_deg[part],
            rate_dps=self.rate_dps[part],
            tilt_deg=self.tilt_deg[part],
            trusted=self.trusted[part],
        )


AXES: dict[str, tuple[float, float, float]] = {
    "+x": (1.0, 0.0, 0.0), "-x": (-1.0, 0.0, 0.0),
    "+y": (0.0, 1.0, 0.0), "-y": (0.0, -1.0, 0.0),
    "+z": (0.0, 0.0, 1.0), "-z": (0.0, 0.0, -1.0),
}  # fmt: skip
"""The six sensor axes by name."""
CORRECTED = ", corrected"
"""End of the source of a mount that was told, and found by the motion to be another."""
SURE = 0.75
"""Certainty from which a mount is more than an assumption."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """How the sensor sits on the trunk.

    Attributes:
        anterior: Unit vector out of the chest, in sensor axes.
        cranial: Unit vector towards the head, in sensor axes, at a right angle to `anterior`.
        source: `declared` by the person, `nominal` by the sensor's make, or `learned` from the motion; with
            `, corrected` behind it where the motion contradicted what was told.
        certainty: 0 (a guess) to 1 (sure).
    """

    anterior: tuple[float, float, float]
    cranial: tuple[float, float, float]
    source: str
    certainty: float = 1.0

    @property
    def is_sure(self) -> bool:
        """Whether it is more than an assumption; if not, posture is not held against a movement."""
        return self.certainty >= SURE

    @property
    def is_corrected(self) -> bool:
        """Whether something else was told, which the motion contradicted."""
        return self.source.endswith(CORRECTED)

    @property
    def right(self) -> tuple[float, float, float]:
        """Unit vector to the person's right (the flexion axis), in sensor axes: anterior x cranial."""
        (a, b, c), (d, e, f) = self.anterior, self.cranial
        return (b * f - c * e, c * d - a * f, a * e - b * d)

    @classmethod
    def from_axes(cls, *, cranial: str, anterior: str, source: str = "declared") -> Self:
        """Build a mount from axis names such as `+y` (towards the head) and `+z` (out of the chest).

        Raises:
            ValueError: A name is not an axis, or both name the same line.
        """
        for name in (cranial, anterior):
            if name not in AXES:
                raise ValueError(f"{name!r} is no sensor axis; use one of {', '.join(AXES)}")
        if cranial[1] == anterior[1]:
            raise ValueError(f"{cranial} and {anterior} lie on one line; head and chest cannot both point along it")
        return cls(anterior=AXES[anterior], cranial=AXES[cranial], source=source)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineHold:
    """A stretch of device time, [start, end), in which the body was held in one straight line on purpose.

    The stretch is what is kept, and not the angle: where the mount is judged anew, the angle is measured again.
    """

    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedSet:
    """A set that a person began and ended by saying so: [start, end) of device time; inf while it is under way.

    In it one repetition is enough, and no rest ends it.
    """

    start_s: float
    end_s: float = inf


@dataclass(frozen=True, slots=True, kw_only=True)
class StraightLine:
    """The pitch of the body in one straight line, as one hold showed it.

    Attributes:
        hold: When it was held.
        pitch_deg: Median pitch in it.
        spread_deg: From the 5th to the 95th percentile of the pitch: breathing and sway.
        pm_deg: Half-width of the 90 % interval of `pitch_deg`, for the sensor as it sits.
    """

    hold: LineHold
    pitch_deg: float
    spread_deg: float
    pm_deg: float


class Phase(StrEnum):
    """What the trunk is doing."""

    UNKNOWN = "unknown"
    BOTTOM = "bottom"
    LIFTING = "lifting"
    TOP = "top"
    LOWERING = "lowering"


class Verdict(StrEnum):
    """Why a movement counts, or why it does not."""

    COUNTED = "COUNTED"
    SHALLOW = "SHALLOW"
    UNFINISHED = "UNFINISHED"
    TOO_FAST = "TOO_FAST"
    NOT_HINGE = "NOT_HINGE"
    TRANSITION = "TRANSITION"
    ISOLATED = "ISOLATED"
    LOST_DATA = "LOST_DATA"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """One movement of the trunk in one direction, cut by the definition `edge10`.

    Attributes:
        lifting: True for a lift (extension), false for a lowering.
        start_s, end_s: First and last crossing of 10 % of the stroke's own peak rate.
        start_deg, end_deg: Pitch at those instants.
        peak_dps: Largest rate, always positive.
        peak_s: When it was reached.
        low_deg, low_s, high_deg, high_s: Extremes of the pitch inside the stroke and when.
        off_plane_deg: How far the trunk leaned out of the hinge plane on the way.
        stall_s: Time stood still inside the stroke.
        lost_s: Time bridged over lost samples inside the stroke.
        longest_hole_s: The longest stretch of them without a sample.
        cut: The recording ended before the stroke did; `end_s` is where it ended.
        start_pm_s, end_pm_s: Half-width of the 90 % interval of the edges; nan where nothing is said.
        smoothness: Spectral arc length of a lift's speed (SPARC, Balasubramanian 2012), dimensionless; 0 is smoothest.
    """

    lifting: bool
    start_s: float
    end_s: float
    start_deg: float
    end_deg: float
    peak_dps: float
    peak_s: float
    low_deg: float
    low_s: float
    high_deg: float
    high_s: float
    off_plane_deg: float
    stall_s: float = 0.0
    lost_s: float = 0.0
    longest_hole_s: float = 0.0
    cut: bool = False
    start_pm_s: float = NAN
    end_pm_s: float = NAN
    smoothness: float = NAN

    @property
    def duration_s(self) -> float:
        """Length of the stroke."""
        return self.end_s - self.start_s

    @property
    def known_end_s(self) -> float:
        """The end of the stroke, nan where the recording ended before it."""
        return NAN if self.cut else self.end_s

    @property
    def range_deg(self) -> float:
        """Range travelled between the extremes, always positive."""
        return self.high_deg - self.low_deg


def format_tempo(phases_s: Iterable[float]) -> str:
    """Write eccentric, bottom, concentric, top as `2.9-0.3-1.4-1.1`; `?` where a phase has no end."""
    return "-".join("?" if isnan(p) else f"{max(p, 0.0):.1f}" for p in phases_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rep:
    """One movement in the ledger: a repetition, or the reason it is none. The fields are the columns of `reps.csv`.

    A time that does not exist (the bottom hold before a rep that is the last, a lowering that never came) is nan.
    `_pm_` fields are the half-width of the 90 % interval of the field they name. The last four belong to static holds.
    """

    set: int | None
    rep: int | None
    verdict: Verdict
    start_s: float
    end_s: float
    bottom_s: float = NAN
    lower_start_s: float = NAN
    lower_end_s: float = NAN
    lift_start_s: float = NAN
    lift_end_s: float = NAN
    bottom_hold_s: float = NAN
    top_hold_s: float = NAN
    top_deg: float = NAN
    bottom_deg: float = NAN
    top_deviation_deg: float = NAN
    peak_lift_dps: float = NAN
    peak_lower_dps: float = NAN
    smoothness: float = NAN
    flags: tuple[str, ...] = ()
    tempo_adherence: float = NAN
    lower_start_pm_s: float = NAN
    lower_end_pm_s: float = NAN
    lift_start_pm_s: float = NAN
    lift_end_pm_s: float = NAN
    rom_pm_deg: float = NAN
    top_deviation_pm_deg: float = NAN
    hold_s: float = NAN
    hold_end_s: float = NAN
    hold_ended: str = ""
    sag_deg_per_min: float = NAN

    @property
    def counted(self) -> bool:
        """Whether the movement is a repetition."""
        return self.verdict is Verdict.COUNTED

    @property
    def lower_s(self) -> float:
        """Duration of the lowering (eccentric)."""
        return self.lower_end_s - self.lower_start_s

    @property
    def lift_s(self) -> float:
        """Duration of the lift (concentric)."""
        return self.lift_end_s - self.lift_start_s

    @property
    def rom_deg(self) -> float:
        """Range of the trunk's pitch."""
        return self.top_deg - self.bottom_deg

    @property
    def mean_lift_dps(self) -> float:
        """Mean rate of the lift."""
        return self.rom_deg / self.lift_s if self.lift_s > 0 else NAN

    @property
    def tempo(self) -> str:
        """Measured tempo, eccentric-bottom-concentric-top with one decimal; `?` where a phase has no end."""
        phases = (self.lower_s, self.bottom_hold_s, self.lift_s, self.top_hold_s)
        return format_tempo(phases)

    @property
    def time_under_tension_s(self) -> float:
        """Lift + top hold + lowering; phases that do not exist count as nothing."""
        return sum(p for p in (self.lift_s, self.top_hold_s, self.lower_s) if not isnan(p))


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSummary:
    """One set of counted repetitions. The fields are the columns of `sets.csv`.

    `tempo_adherence` is the mean of its repetitions'; nan where the exercise has no target.
    """

    set: int
    start_s: float
    end_s: float
    reps: int
    rest_s: float
    time_under_tension_s: float
    mean_tempo: str
    mean_rom_deg: float
    mean_top_hold_s: float
    lift_rate_loss_pct: float
    tempo_adherence: float = NAN


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something the analysis found.

    Attributes:
        t_s: When it happened.
        decided_s: When it was known: the device time of the newest sample it took, to within two samples. Where samples
            were lost it may lie in the hole.
    """

    t_s: float
    decided_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseChanged(Event):
    """The trunk began to do something else."""

    phase: Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class RepAnnounced(Event):
    """The lift arrived at the top: this is the number to say aloud. Provisional until confirmed or withdrawn."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RepWithdrawn(Event):
    """The number that was announced does not stand: it is taken back at once.

    Attributes:
        recounted: Whether everything was computed anew, and says otherwise; if not, the lift went on past the top.
    """

    number: int
    recounted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RepConfirmed(Event):
    """The cycle closed and counts. Told once of each repetition; its `start_s` is what it is known by."""

    rep: Rep


@dataclass(frozen=True, slots=True, kw_only=True)
class RepRevised(Event):
    """A repetition told before still counts, but is known otherwise now: its set, its number or its times.

    `was` is as it was told, by whose `start_s` it is known to whoever follows; from now on by that of `rep`.
    """

    rep: Rep
    was: Rep


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementRejected(Event):
    """A movement was looked at and does not count; `rep.verdict` says why. Withdraws `withdrawn`, if announced.

    Where it was told to count, it is the repetition with the same `start_s` that is taken back.
    """

    rep: Rep
    withdrawn: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStarted(Event):
    """Enough repetitions followed one another to call them a set. Those told before it are revised to be of it."""

    set: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRetracted(Event):
    """A set that was told is none, or has not ended, as everything is seen now; begun or ended again, it is told so."""

    set: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetClosed(Event):
    """The set ended; its numbers are final as far as the data received goes."""

    summary: SetSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class MountRevised(Event):
    """The sensor's mounting was judged anew; everything before was computed again with it."""

    mount: Mount


@dataclass(frozen=True, slots=True, kw_only=True)
class Recounted(Event):
    """Samples that were missing came, or will never come, and everything was counted again from the whole.

    Attributes:
        before, after: Repetitions counted in all.
        moved: Phases, of those counted before and after, whose duration changed by more than 0.1 s.
    """

    before: int
    after: int
    moved: int

    @property
    def changed(self) -> bool:
        """Whether there is anything to tell."""
        return self.before != self.after or self.moved > 0


class CalibrationStep(StrEnum):
    """What became of an attempt to hold the straight line."""

    UNSTEADY = "unsteady"
    ELSEWHERE = "elsewhere"
    TAKEN = "taken"
    GIVEN_UP = "given up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration(Event):
    """A step of a straight-line calibration.

    Attributes:
        step: Moved before the time was over; held, but far from the exercise's straight line; taken; time is up.
        held_s: How long the trunk had been held still.
        moved_deg: How far it moved then, where it moved; inf where samples were lost.
        hold: What was taken.
        pitch_deg: Its pitch with the mount known now; nan where none is known.
    """

    step: CalibrationStep
    held_s: float = 0.0
    moved_deg: float = NAN
    hold: LineHold | None = None
    pitch_deg: float = NAN


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationState:
    """A straight-line calibration under way: how long the trunk is held already, and until when it is tried."""

    held_s: float
    wanted_s: float
    until_s: float
    elsewhere: bool = False

    @property
    def left_s(self) -> float:
        """How much longer to hold."""
        return max(self.wanted_s - self.held_s, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveState:
    """What a live view shows, as of `t_s`. `calibration` is None unless one is under way."""

    t_s: float = 0.0
    phase: Phase = Phase.UNKNOWN
    phase_since_s: float = 0.0
    pitch_deg: float = NAN
    count: int = 0
    set: int = 0
    last_rep: Rep | None = None
    straight_line_deg: float = NAN
    calibration: CalibrationState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StrapSlip:
    """The strap turned on the trunk: from one repetition on, the known postures lie elsewhere in sensor axes.

    Attributes:
        t_s: When, in the middle between the last posture before and the first after it.
        angle_deg: By how much the sensor turned in all.
        pitch_shift_deg: Its part in the hinge plane: how much too high every pitch reads after it.
        out_of_plane_deg: The rest, by which the sensor turned out of the hinge plane.
        remaining_error_deg: Half-width of the 90 % interval of an angle after it, once `pitch_shift_deg` is taken off.
            It is not taken off anywhere, since a changed posture looks the same.
    """

    t_s: float
    angle_deg: float
    pitch_shift_deg: float
    out_of_plane_deg: float
    remaining_error_deg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What a recording held. `reps` is the whole ledger in order of time, counted or not.

    `straight_line_source` is `calibration`, `declared`, `median of tops` or `unknown`; with several calibrations
    `straight_line_deg` is the last one's, and each repetition is held against the last one before it.
    """

    reps: tuple[Rep, ...] = ()
    sets: tuple[SetSummary, ...] = ()
    mount: Mount | None = None
    straight_line_deg: float = NAN
    straight_line_source: str = "unknown"
    calibrations: tuple[StraightLine, ...] = ()
    slips: tuple[StrapSlip, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def counted(self) -> tuple[Rep, ...]:
        """The repetitions that count."""
        return tuple(r for r in self.reps if r.counted)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockFit:
    """How device time lies in the time of day, from `start_s` on until the next fit.

    The time of day at `t_s` is start_utc + (t_s - start_s) / (1 + skew_ppm / 1e6).

    Attributes:
        start_s: Device time from which it holds, that of the stream's first sample.
        start_utc: Time of day at `start_s` by the host's clock, ISO 8601 in UTC.
        skew_ppm: By how much the device's clock is faster than the host's.
        uncertainty_s: Half-width within which a time of day is right by the host's clock, give or take 3 ms.
        source: `pings` where the sensor told its time, `envelope` where the quickest frames alone tell; these are late
            by the least delay of the link.
    """

    start_s: float
    start_utc: str
    skew_ppm: float
    uncertainty_s: float
    source: str

    @classmethod
    def at(cls, start_s: float, unix_s: float, *, skew_ppm: float, uncertainty_s: float, source: str) -> Self:
        """A fit whose `start_utc` is given in seconds since 1970."""
        utc = datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        return cls(start_s=start_s, start_utc=utc, skew_ppm=skew_ppm, uncertainty_s=uncertainty_s, source=source)


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorInfo:
    """What is known of a sensor before it streams.

    Attributes:
        family: Row of the table in `imu.sensors`.
        rate_hz: True sampling rate as the device states it.
        acc_range_mps2, gyr_range_radps: Full scale; a sample at it is clipped.
        mount: Where its axes point when worn as its maker means it, or None.
    """

    family: str
    model: str
    rate_hz: float
    serial: str = ""
    firmware: str = ""
    has_gyroscope: bool = True
    acc_range_mps2: float = 16 * G_MPS2
    gyr_range_radps: float = np.deg2rad(2000.0)
    mount: Mount | None = None
    extra: dict[str, str] = field(default_factory=dict)
