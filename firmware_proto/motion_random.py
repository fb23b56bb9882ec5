"""The simulator's whole variety: people, tempos, faults of execution, straps and sensors drawn at random."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from firmware_proto.motion_plan import STYLES, SetPlan, Style, Vector
from firmware_proto.sensor_model import SensorModel

_SLOWEST_S = 11.5
_LONGEST_STOP_S = 2.3
AXIS_NAMES = ("+x", "-x", "+y", "-y", "+z", "-z")


def random_plan(seed: int, style: str | None = None) -> tuple[SetPlan, SensorModel]:
    """Draw a person's training of one style (or of a random one) and a sensor; the same seed draws the same.

    Two thirds of the straps sit within about 15 degrees of nominal, a sixth up to 60, a sixth any way at all.
    """
    name = style or str(np.random.default_rng([seed, 4]).choice(list(STYLES)))
    kind = SetPlan(style=name).kind  # an unknown style is refused here, naming those there are
    rng = np.random.default_rng([seed, 4, list(STYLES).index(name)])
    plan, sensor = _plan(rng, name, kind), random_sensor(rng)
    # A stream of its own for what was added later: all else of a seed stays as it was.
    later = np.random.default_rng([seed, 6, list(STYLES).index(name)])
    return replace(plan, **_later_quirks(later, plan)), sensor


def _plan(rng: np.random.Generator, name: str, kind: Style) -> SetPlan:
    """Draw everything about the person and the set."""
    ballistic, rom = kind.lift_s < 0.8, kind.top_deg - kind.bottom_deg
    reps = int(rng.integers(3, 16))
    cranial, anterior = _nominal(rng)
    drawn: dict[str, Any] = {**_tempo(rng, kind, ballistic=ballistic)}
    if not kind.static and not ballistic:
        drawn |= _quirks(rng, reps, rom)
    low, high = kind.bottom_deg + rng.uniform(-0.08, 0.12) * rom, kind.top_deg + rng.uniform(-0.08, 0.06) * rom
    return SetPlan(
        style=name,
        reps=reps,
        **drawn,
        sets=1 if kind.static else int(rng.choice([1, 1, 1, 2, 3])),
        rest_s=float(rng.uniform(15.0, 45.0)),
        between_sets="leave" if rng.random() < 0.5 else "stay",
        bottom_deg=float(low),
        top_deg=float(high),
        set_up=bool(rng.random() < 0.9),
        step_off=bool(rng.random() < 0.9),
        pick_ups=int(rng.choice([0, 0, 0, 1, 2])),
        still_s=float(rng.uniform(2.0, 6.0)),
        skew=float(np.clip(rng.normal(0.0, 0.2), -0.5, 0.5)),
        slouched_first_deg=float(rng.choice([0.0, 0.0, rng.uniform(0.05, 0.22) * rom])),
        overextended_last_deg=float(rng.choice([0.0, 0.0, rng.uniform(0.03, 0.15) * rom])),
        slowdown=float(rng.choice([0.0, rng.uniform(0.1, 0.7)])),
        timing_spread=float(rng.uniform(0.02, 0.12)),
        range_spread_deg=float(rng.uniform(0.005, 0.03) * rom),
        sag_deg=float(rng.uniform(0.0, 8.0)),
        lean_deg=float(rng.normal(0.0, 2.0)),
        tremor_deg=_log_uniform(rng, 0.003, 0.04),
        breathing_deg=float(rng.uniform(0.3, 1.8)),
        breathing_hz=float(rng.uniform(0.2, 0.4)),
        sway_deg=float(rng.uniform(0.1, 0.5)),
        wobble=float(rng.uniform(0.0, 0.15)),
        wobble_hz=float(rng.uniform(4.0, 8.0)),
        wobble_damping=float(rng.uniform(0.08, 0.3)),
        sensor_height_m=float(rng.uniform(0.35, 0.50)),
        sensor_depth_m=float(rng.uniform(0.08, 0.15)),
        cranial=cranial,
        anterior=anterior,
        misalignment_deg=_misalignment(rng),
    )


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """A number whose logarithm is uniform."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _tempo(rng: np.random.Generator, kind: Style, *, ballistic: bool) -> dict[str, float]:
    """The four times, from hurried to very slow lowering; a static hold lasts 15 to 90 s."""
    if ballistic:
        return {"lift_s": _log_uniform(rng, 0.4, 0.7), "lower_s": _log_uniform(rng, 0.45, 0.8)}
    quick = _log_uniform(rng, 0.6, 2.2)
    return {
        "lift_s": float(np.clip(kind.lift_s * quick * _log_uniform(rng, 0.8, 1.25), 0.7, 5.0)),
        "lower_s": float(np.clip(kind.lower_s * quick * _log_uniform(rng, 0.6, 2.5), 0.8, 9.0)),
        "top_hold_s": _log_uniform(rng, 15.0, 90.0)
        if kind.static
        else float(rng.choice([0.2, 1.0, rng.uniform(0, 4)])),
        "bottom_hold_s": float(rng.choice([0.2, 0.8, rng.uniform(0, 2.5)])),
    }


def _quirks(rng: np.random.Generator, reps: int, rom: float) -> dict[str, Any]:
    """Shallow attempts, bounces and stalls, each in about a third of the sets."""
    return {
        "partial_after": _some(rng, reps, 2),
        "partial_share": float(rng.uniform(0.2, 0.42)),
        "bounced": _some(rng, reps, 5),
        "rebound_deg": float(rng.choice([0.0, rng.uniform(0.02, 0.08) * rom])),
        "stalled": _some(rng, reps, 2),
        "stall_s": float(rng.uniform(0.4, 2.0)),
    }


def _some(rng: np.random.Generator, reps: int, most: int, chance: float = 0.33) -> tuple[int, ...]:
    """Numbers of some repetitions, at most `most`, or with the rest of the chance none."""
    count = int(rng.integers(1, most + 1)) if rng.random() < chance else 0
    return tuple(sorted(int(n) for n in rng.choice(np.arange(1, reps + 1), min(count, reps), replace=False)))


def _later_quirks(rng: np.random.Generator, plan: SetPlan) -> dict[str, Any]:
    """Chairs, lying down and the like beside three sets in ten, and more where it is no swing and no static hold.

    That is two dips at the bottom, a stop in the lowering, and lowering that takes up to 10 s. With its stop and its
    spread from rep to rep a lowering stays below `_SLOWEST_S`.
    """
    drawn: dict[str, Any] = {}
    around = rng.choice(["chair", "chair", "lying", "turning", "walking", "pick-ups", "side-bends", "twists"], 2)
    if rng.random() < 0.3:
        drawn["around"] = tuple(str(name) for name in around)
    if plan.kind.static or plan.kind.lift_s < 0.8:
        return drawn
    rom, spread = plan.ends_deg[1] - plan.ends_deg[0], float(np.exp(2.0 * plan.timing_spread))
    drawn |= {
        "double_bottom": _some(rng, plan.reps, 3, 0.2),
        "hump_deg": float(rng.uniform(0.04, 0.12) * rom),
        "hump_s": float(rng.uniform(0.8, 1.8)),
        "lower_stalled": _some(rng, plan.reps, 2, 0.15),
    }
    slow_s = min(float(rng.uniform(7.0, 10.0)), _SLOWEST_S / spread)
    if rng.random() < 0.06:
        drawn["lower_s"] = slow_s
    if drawn.get("lower_s", plan.tempo_s[0]) * spread + _LONGEST_STOP_S > _SLOWEST_S:
        drawn["lower_stalled"] = ()
    return drawn


def _nominal(rng: np.random.Generator) -> tuple[str, str]:
    """Names of the axes the maker means to point to the head and out of the chest; mostly the usual ones."""
    if rng.random() < 0.6:
        return "+y", "+z"
    cranial = str(rng.choice(AXIS_NAMES))
    return cranial, str(rng.choice([name for name in AXIS_NAMES if name[1] != cranial[1]]))


def _misalignment(rng: np.random.Generator) -> Vector:
    """How the strap really sits."""
    spread = rng.random()
    if spread < 0.67:
        x, y, z = np.clip(rng.normal(0.0, 7.0, 3), -20.0, 20.0)
    else:
        direction = rng.standard_normal(3)
        angle = rng.uniform(15.0, 60.0) if spread < 0.83 else rng.uniform(60.0, 180.0)
        x, y, z = angle * direction / np.linalg.norm(direction)
    return float(x), float(y), float(z)


def random_sensor(rng: np.random.Generator) -> SensorModel:
    """Draw a sensor of the LSM6DS3's class; one in six has a gyroscope offset of several deg/s."""
    bias = rng.uniform(-8.0, 8.0, 3) if rng.random() < 1 / 6 else np.clip(rng.normal(0.0, 1.0, 3), -3.0, 3.0)
    scale = float(rng.choice([0.005, 0.015, 0.03]))
    return SensorModel(
        rate_hz=float(rng.choice([104.0, 104.0, 104.0, 52.0, 26.0, 208.0])),
        clock_error=float(rng.uniform(-0.05, 0.05)),
        crystal_ppm=float(rng.uniform(-50.0, 50.0)),
        gyroscope=bool(rng.random() < 0.85),
        acc_noise_ug_rthz=float(rng.uniform(70.0, 200.0)),
        gyr_noise_mdps_rthz=float(rng.uniform(4.0, 12.0)),
        acc_bias_mg=_vector(rng.uniform(-40.0, 40.0, 3)),
        gyr_bias_dps=_vector(bias),
        gyr_drift_dps=float(rng.uniform(0.0, 0.1)),
        acc_scale_error=_vector(rng.uniform(-0.5, 0.5, 3) * scale),
        gyr_scale_error=_vector(rng.uniform(-1.0, 1.0, 3) * scale),
        cross_axis=float(rng.uniform(-0.01, 0.01)),
    )


def _vector(values: npt.NDArray[np.float64]) -> Vector:
    x, y, z = (float(v) for v in values)
    return x, y, z
