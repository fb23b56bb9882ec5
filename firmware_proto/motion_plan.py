"""What to simulate: how each exercise looks (`STYLES`) and one person's set of it (`SetPlan`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Vector = tuple[float, float, float]
Support = Literal["bench", "floor", "rack", "ground"]

AXES: dict[str, Vector] = {
    "+x": (1.0, 0.0, 0.0), "-x": (-1.0, 0.0, 0.0),
    "+y": (0.0, 1.0, 0.0), "-y": (0.0, -1.0, 0.0),
    "+z": (0.0, 0.0, 1.0), "-z": (0.0, 0.0, -1.0),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How one exercise is done.

    Attributes:
        support: What the person does it on, which decides how the set is entered and left.
        starts_low: Whether a repetition begins with the lift.
        top_deg, bottom_deg: Trunk pitch at the ends (0 prone horizontal, +90 upright, -90 head down).
        hip_back_m, hip_drop_m: How far the hip travels back and down from the top to the bottom.
        lift_s, top_hold_s, lower_s, bottom_hold_s: An ordinary tempo.
        static: One long hold at the top.
    """

    support: Support
    starts_low: bool
    top_deg: float
    bottom_deg: float
    lift_s: float
    top_hold_s: float
    lower_s: float
    bottom_hold_s: float
    hip_back_m: float = 0.0
    hip_drop_m: float = 0.0
    static: bool = False


STYLES: dict[str, Style] = {
    "back-extension": Style(
        support="bench", starts_low=True, top_deg=45.0, bottom_deg=-45.0, hip_back_m=0.02, hip_drop_m=0.01,
        lift_s=1.5, top_hold_s=1.0, lower_s=2.5, bottom_hold_s=0.6,
    ),
    "roman-chair": Style(
        support="bench", starts_low=True, top_deg=0.0, bottom_deg=-75.0, hip_back_m=0.02, hip_drop_m=0.01,
        lift_s=1.5, top_hold_s=1.0, lower_s=2.5, bottom_hold_s=0.6,
    ),
    "floor-back-extension": Style(
        support="floor", starts_low=True, top_deg=25.0, bottom_deg=0.0,
        lift_s=1.2, top_hold_s=1.5, lower_s=1.6, bottom_hold_s=1.0,
    ),
    "good-morning": Style(
        support="rack", starts_low=False, top_deg=88.0, bottom_deg=15.0, hip_back_m=0.20, hip_drop_m=0.08,
        lift_s=1.5, top_hold_s=0.8, lower_s=2.2, bottom_hold_s=0.5,
    ),
    "deadlift": Style(
        support="ground", starts_low=True, top_deg=90.0, bottom_deg=35.0, hip_back_m=0.15, hip_drop_m=0.30,
        lift_s=1.4, top_hold_s=0.8, lower_s=1.4, bottom_hold_s=0.8,
    ),
    "trap-bar-deadlift": Style(
        support="ground", starts_low=True, top_deg=90.0, bottom_deg=45.0, hip_back_m=0.12, hip_drop_m=0.38,
        lift_s=1.3, top_hold_s=0.8, lower_s=1.3, bottom_hold_s=0.8,
    ),
    "romanian-deadlift": Style(
        support="rack", starts_low=False, top_deg=90.0, bottom_deg=20.0, hip_back_m=0.22, hip_drop_m=0.06,
        lift_s=1.4, top_hold_s=0.7, lower_s=2.2, bottom_hold_s=0.4,
    ),
    "kettlebell-swing": Style(
        support="ground", starts_low=False, top_deg=92.0, bottom_deg=20.0, hip_back_m=0.20, hip_drop_m=0.10,
        lift_s=0.50, top_hold_s=0.12, lower_s=0.60, bottom_hold_s=0.05,
    ),
    "sorensen-hold": Style(
        support="bench", starts_low=True, top_deg=0.0, bottom_deg=-60.0, static=True,
        lift_s=2.0, top_hold_s=60.0, lower_s=3.0, bottom_hold_s=1.0,
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPlan:
    """Everything about a simulated stretch of training. What is None is the style's own.

    The four times mean what definition edge10 measures, per phase, before `slowdown` and `timing_spread`. Holds
    shorter than the soft edges of the strokes around them make those edges sharper (touch-and-go); nothing is
    shorter than about 3 % of lift + lower.

    Attributes:
        reps, sets: Full repetitions in each set, and sets.
        between_sets: `stay` (rest in the starting posture for `rest_s`) or `leave` (get off, walk, get on again).
        set_up, step_off: Whether the person walks up and gets in position, and gets out and walks away.
        pick_ups: Plates picked up from the floor before the first set.
        around: Activities of daily life, by the names of `motion_daily`, one after the other in the places there are:
            before the first set, in each rest off the bench, after the last set.
        partial_after: Rep numbers after which one shallow attempt is made, over `partial_share` of the range.
        bounced: Numbers of reps with a touch-and-go bottom and a hurried end of the lowering.
        rebound_deg: How far a bounced rep springs back up, and down again, before it is lifted.
        stalled: Numbers of reps whose lift stops for `stall_s` on the way (at most 2.3 s with its soft edges).
        lower_stalled: Numbers of reps whose lowering stops for `stall_s` on the way.
        double_bottom: Numbers of reps that come up from the bottom by `hump_deg` and go down again, in `hump_s` both,
            before they are lifted; it belongs to the bottom hold, and is ignored in a bounced rep.
        skew: Early (negative) or late (positive) peak of the rate in each stroke, -0.6 to 0.6.
        slouched_first_deg, overextended_last_deg: How much lower the first top is (where a repetition starts at the
            top: the posture before the first) and how much higher the last one.
        slowdown: Share by which the last lift takes longer than the first (fatigue, growing evenly).
        timing_spread, range_spread_deg: Standard deviations from rep to rep, of times (share) and of both ends.
        sag_deg: How far a static hold sinks from beginning to end.
        lean_deg: Side bend that comes with every lowering (weight on one leg), full at the bottom.
        straight_hold_s: The body is held in one straight line (the nominal top) for so long before the first set, to
            calibrate; 0 for not at all.
        tremor_deg, breathing_deg, sway_deg: Standard deviation (0.01 deg at 3-9 Hz shake a chest by about 0.15 m/s^2),
            amplitude, standard deviation.
        wobble: Strap and soft tissue; degrees of sensor rotation (and half as many mm) for each m/s^2.
        sensor_height_m, sensor_depth_m: Place of the sensor above the hip joint and in front of it.
        cranial, anterior: Sensor axes that point to the head and out of the chest when worn as meant; these two names
            are the nominal mount.
        misalignment_deg: Rotation vector in trunk axes (anterior, cranial, right) by which the sensor is really
            turned on the trunk from there; any length up to 180.
        slip_deg, slip_at: Rotation vector in trunk axes by which the strap slips within one second, and when, as a
            share of the recording. `Recording.mount` is the one before.
    """

    style: str = "back-extension"
    reps: int = 10
    sets: int = 1
    lift_s: float | None = None
    top_hold_s: float | None = None
    lower_s: float | None = None
    bottom_hold_s: float | None = None
    top_deg: float | None = None
    bottom_deg: float | None = None
    rest_s: float = 30.0
    between_sets: Literal["stay", "leave"] = "stay"
    set_up: bool = True
    step_off: bool = True
    pick_ups: int = 0
    around: tuple[str, ...] = ()
    still_s: float = 3.0
    partial_after: tuple[int, ...] = ()
    partial_share: float = 0.35
    bounced: tuple[int, ...] = ()
    rebound_deg: float = 0.0
    stalled: tuple[int, ...] = ()
    stall_s: float = 1.0
    lower_stalled: tuple[int, ...] = ()
    double_bottom: tuple[int, ...] = ()
    hump_deg: float = 7.0
    hump_s: float = 1.2
    skew: float = 0.0
    slouched_first_deg: float = 0.0
    overextended_last_deg: float = 0.0
    slowdown: float = 0.0
    timing_spread: float = 0.04
    range_spread_deg: float = 1.5
    sag_deg: float = 4.0
    lean_deg: float = 0.0
    straight_hold_s: float = 0.0
    tremor_deg: float = 0.01
    breathing_deg: float = 1.0
    breathing_hz: float = 0.28
    sway_deg: float = 0.3
    wobble: float = 0.06
    wobble_hz: float = 6.0
    wobble_damping: float = 0.15
    sensor_height_m: float = 0.42
    sensor_depth_m: float = 0.11
    cranial: str = "+y"
    anterior: str = "+z"
    misalignment_deg: Vector = (0.0, 0.0, 0.0)
    slip_deg: Vector = (0.0, 0.0, 0.0)
    slip_at: float = 0.5

    def __post_init__(self) -> None:
        if self.style not in STYLES:
            raise ValueError(f"There is no style {self.style!r}; use one of: {', '.join(STYLES)}")
        if {self.cranial, self.anterior} - set(AXES) or self.cranial[-1] == self.anterior[-1]:
            raise ValueError(
                f"cranial={self.cranial!r}, anterior={self.anterior!r}: two different sensor axes, like +y"
            )
        if min(self.tempo_s) < 0 or min(self.tempo_s[::2]) <= 0:
            raise ValueError(f"Tempo {self.tempo_s}: strokes last more than 0 s and holds at least 0 s")
        if self.ends_deg[0] >= self.ends_deg[1]:
            raise ValueError(f"Bottom and top {self.ends_deg}: the top has to lie above the bottom")
        if self.hump_s <= 0:
            raise ValueError(f"hump_s={self.hump_s}: the hump of a double bottom lasts more than 0 s")
        if min(self.reps, self.sets) < 1:
            raise ValueError(f"reps={self.reps}, sets={self.sets}: at least one of each")

    @property
    def kind(self) -> Style:
        """The row of the exercise."""
        return STYLES[self.style]

    @property
    def tempo_s(self) -> tuple[float, float, float, float]:
        """Lower, bottom hold, lift, top hold as asked for, in the field's order."""
        asked = (self.lower_s, self.bottom_hold_s, self.lift_s, self.top_hold_s)
        own = (self.kind.lower_s, self.kind.bottom_hold_s, self.kind.lift_s, self.kind.top_hold_s)
        lower, bottom, lift, top = (o if a is None else a for a, o in zip(asked, own, strict=True))
        return lower, bottom, lift, top

    @property
    def ends_deg(self) -> tuple[float, float]:
        """Pitch at the bottom and at the top."""
        bottom = self.kind.bottom_deg if self.bottom_deg is None else self.bottom_deg
        return bottom, self.kind.top_deg if self.top_deg is None else self.top_deg

    @property
    def ready_deg(self) -> float:
        """Pitch in which the first repetition begins."""
        low, high = self.ends_deg
        return low if self.kind.starts_low else high - self.slouched_first_deg

    @property
    def nominal_mount(self) -> Floats:
        """The mount (3, 3) as the two axis names declare it: rows anterior, cranial, right in sensor axes."""
        anterior, cranial = np.array(AXES[self.anterior]), np.array(AXES[self.cranial])
        return np.array([anterior, cranial, np.cross(anterior, cranial)])

    @property
    def mount(self) -> Floats:
        """The true mount (3, 3), misalignment included: rows anterior, cranial, right in sensor axes."""
        turned = rotation(np.deg2rad(np.array(self.misalignment_deg))[None])[0]
        return np.asarray(turned @ self.nominal_mount)


def rotation(vector_rad: Floats) -> Floats:
    """Rotation matrices (n, 3, 3) of rotation vectors (n, 3), by Rodrigues' formula."""
    angle = np.linalg.norm(vector_rad, axis=1)[:, None, None]
    x, y, z = vector_rad.T
    o = np.zeros_like(x)
    k = np.array([[o, -z, y], [z, o, -x], [-y, x, o]]).transpose(2, 0, 1)
    turned = np.sinc(angle / np.pi) * k + 0.5 * np.sinc(angle / (2.0 * np.pi)) ** 2 * (k @ k)
    return np.asarray(np.eye(3) + turned)
