"""What may go wrong with a sensor, a strap or a link, done to a simulated recording."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from firmware_proto.motion import SensorModel, SetPlan
from imu.model import Bools

PACKET = 10
"""Samples in one block of the link."""

Change = Callable[[SetPlan, SensorModel, np.random.Generator], tuple[SetPlan, SensorModel]]
Keep = Callable[[int, float, np.random.Generator], Bools | None]


def _unchanged(plan: SetPlan, sensor: SensorModel, _: np.random.Generator) -> tuple[SetPlan, SensorModel]:
    return plan, sensor


def _all(_n: int, _rate_hz: float, _rng: np.random.Generator) -> None:
    return None


def _lost_packets(n: int, _: float, rng: np.random.Generator) -> Bools:
    """One in twenty packets."""
    return np.repeat(rng.random(n // PACKET + 1) >= 0.05, PACKET)[:n]


def _lost_seconds(n: int, rate_hz: float, rng: np.random.Generator) -> Bools:
    """Bursts of one second, at random places until a tenth is gone."""
    keep, burst = np.ones(n, bool), round(rate_hz)
    while keep.mean() > 0.9:
        at = int(rng.integers(max(1, n - burst)))
        keep[at : at + burst] = False
    return keep


def _offset(plan: SetPlan, sensor: SensorModel, rng: np.random.Generator) -> tuple[SetPlan, SensorModel]:
    x, y, z = rng.uniform(-8.0, 8.0, 3).tolist()
    return plan, replace(sensor, gyr_bias_dps=(x, y, z))


def _scale(plan: SetPlan, sensor: SensorModel, rng: np.random.Generator) -> tuple[SetPlan, SensorModel]:
    x, y, z = (0.03 * rng.choice([-1.0, 1.0], 3)).tolist()
    return plan, replace(sensor, gyr_scale_error=(x, y, z))


def _turned(plan: SetPlan, sensor: SensorModel, rng: np.random.Generator) -> tuple[SetPlan, SensorModel]:
    direction = rng.standard_normal(3)
    x, y, z = (60.0 * direction / np.linalg.norm(direction)).tolist()
    return replace(plan, misalignment_deg=(x, y, z)), sensor


def _loose(plan: SetPlan, sensor: SensorModel, _: np.random.Generator) -> tuple[SetPlan, SensorModel]:
    """Twice the wobble of the loosest strap that is drawn at random, hardly damped."""
    return replace(plan, wobble=0.30, wobble_hz=5.0, wobble_damping=0.08), sensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """One thing gone wrong.

    Attributes:
        name, brief: What it is, in full and for the head of a column.
        change: Makes another person or sensor of those drawn.
        keep: Which samples arrive, None for all.
        of_gyroscope: Means nothing to a sensor without one.
        told_nominal: Where the mount is known, the pipeline is told the axes' names and not how the strap really sits.
    """

    name: str
    brief: str
    change: Change = _unchanged
    keep: Keep = _all
    of_gyroscope: bool = False
    told_nominal: bool = False


DISTURBANCES = (
    Disturbance(name="5 % of packets (10 samples) lost", brief="5 % packets lost", keep=_lost_packets),
    Disturbance(name="10 % lost in bursts of 1 s", brief="10 % in bursts lost", keep=_lost_seconds),
    Disturbance(name="gyroscope offset up to 8 deg/s", brief="offset 8 deg/s", change=_offset, of_gyroscope=True),
    Disturbance(name="gyroscope scale 3 % off", brief="scale 3 % off", change=_scale, of_gyroscope=True),
    Disturbance(name="strap 60 deg off what is declared", brief="strap 60 deg off", change=_turned, told_nominal=True),
    Disturbance(name="strong strap wobble", brief="strap wobble", change=_loose),
)
