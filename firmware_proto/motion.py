"""Synthetic motion of a chest sensor with exact truth: the public face.

`simulate(plan, sensor, seed)` writes the plan as a script of smooth moves, evaluates it on a fine grid, adds what a
body and a strap add, differentiates the sensor's path twice and measures the result as a LSM6DS3-class sensor would.
The truth comes from the script alone, by definition edge10, so no disturbance and no sensor error touches it.

motion_plan    what can be asked for: exercises, `SetPlan`        motion_random  the whole variety, drawn at random
motion_scenes  getting in and out, walking, plates                motion_reps    repetitions and sets
motion_daily   activities that hold no repetition                 motion_truth   phases by definition edge10
motion_model   smooth moves -> pose -> rotation, rates            disturbance    breathing, tremor, sway, wobble
sensor_model   noise, offsets, scales, int16
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from firmware_proto import disturbance as body
from firmware_proto.motion_daily import DAILY, write_daily
from firmware_proto.motion_model import Pose, angular_rate, pose_of, rotations, second_difference, travelled
from firmware_proto.motion_plan import STYLES, SetPlan, rotation
from firmware_proto.motion_random import random_plan
from firmware_proto.motion_reps import write_sets
from firmware_proto.motion_scenes import Scene
from firmware_proto.motion_truth import Movement, TrueRep, Truth, truth_of
from firmware_proto.sensor_model import G_MPS2, SensorModel, measure

__all__ = [
    "DAILY", "STYLES", "Movement", "Recording", "SensorModel", "SetPlan", "TrueRep", "Truth",
    "negative", "random_negative", "random_plan", "simulate",
]  # fmt: skip

Floats = npt.NDArray[np.float64]
FINE_HZ = 416.0
"""The grid on which motion is evaluated is at least this fine, and a whole multiple of the sensor's true rate."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)  # equal to itself alone: arrays have no one truth value
class Recording:
    """What a sensor recorded, and what was true.

    Attributes:
        t_s: (n,) device time of each sample, from 0.
        acc_mps2: (n, 3) specific force in sensor axes, as decoded from `raw`.
        gyr_radps: (n, 3) angular rate in sensor axes, or None without a gyroscope.
        raw: (n, 6) counts, acceleration first; (n, 3) without a gyroscope.
        rate_hz: True rate by the device's own clock.
        mount: (3, 3) rows anterior, cranial, right in sensor axes: `mount @ sensor_vector` is in trunk axes.
        pitch_deg: (n,) pitch of the chest as it moved, breathing and tremor included.
        prescribed_deg: (n,) pitch as prescribed, on which the truth rests.
        up: (n, 3) unit vector against gravity in the axes of the sensor as it really sat, wobble and slip included.
    """

    t_s: Floats
    acc_mps2: Floats
    gyr_radps: Floats | None
    raw: npt.NDArray[np.int16]
    acc_g_per_lsb: float
    gyr_dps_per_lsb: float
    rate_hz: float
    truth: Truth
    mount: Floats
    pitch_deg: Floats
    prescribed_deg: Floats
    up: Floats
    plan: SetPlan
    sensor: SensorModel
    seed: int

    def __len__(self) -> int:
        return len(self.t_s)

    def truth_rows(self) -> list[dict[str, object]]:
        """The truth as table rows, see `Truth.rows`."""
        return self.truth.rows()


def simulate(plan: SetPlan | None = None, sensor: SensorModel | None = None, seed: int = 0) -> Recording:
    """Simulate a plan worn with a sensor; the same arguments give the same bytes."""
    plan = plan or SetPlan()
    return _record(write_sets(plan, np.random.default_rng([seed, 1])), sensor or SensorModel(), seed)


def negative(
    kind: str, *, seconds: float = 60.0, plan: SetPlan | None = None, sensor: SensorModel | None = None, seed: int = 0
) -> Recording:
    """Simulate daily activity, one of `DAILY` or `mixed`, in which nothing is to be counted.

    Of the plan only what concerns strap and body is used.

    Raises:
        ValueError: There is no such activity.
    """
    scene = write_daily(kind, seconds, plan or SetPlan(), np.random.default_rng([seed, 5]))
    return _record(scene, sensor or SensorModel(), seed)


def random_negative(seed: int, kind: str = "mixed", *, seconds: float = 60.0) -> Recording:
    """Simulate daily activity worn with a random strap and sensor."""
    plan, sensor = random_plan(seed)
    return negative(kind, seconds=seconds, plan=plan, sensor=sensor, seed=seed)


def _record(scene: Scene, sensor: SensorModel, seed: int) -> Recording:
    """Measure a written scene with a sensor."""
    plan, rate = scene.plan, sensor.true_rate_hz
    fold = int(np.ceil(FINE_HZ / rate))
    step = 1.0 / (rate * fold)
    n = int(scene.script.now_s * rate)
    # A sample is the mean over its own interval (the sensor's filter, delay taken out): its grid points lie around it.
    fine_s = np.asarray((np.arange(n * fold) - 0.5 * (fold - 1)) * step, float)
    pose = _disturbed(pose_of(scene.script, fine_s), plan, fine_s, np.random.default_rng([seed, 2]))
    felt = _felt(pose, plan, step)
    force, turning, up = (_fold(part, fold) @ plan.mount for part in felt)
    raw = measure(force, turning, sensor, np.random.default_rng([seed, 3]))
    clock = 1.0 + sensor.crystal_ppm * 1e-6
    true_s = np.asarray(np.arange(n) / rate, float)
    return Recording(
        t_s=true_s * clock,
        acc_mps2=np.asarray(raw[:, :3] * (sensor.acc_g_per_lsb * G_MPS2), float),
        gyr_radps=np.deg2rad(raw[:, 3:] * sensor.gyr_dps_per_lsb) if sensor.gyroscope else None,
        raw=raw,
        acc_g_per_lsb=sensor.acc_g_per_lsb,
        gyr_dps_per_lsb=sensor.gyr_dps_per_lsb,
        rate_hz=sensor.device_rate_hz,
        truth=truth_of(scene.script, scene.cycles, scene.movements, clock),
        mount=plan.mount,
        pitch_deg=np.rad2deg(_fold(pose.pitch[:, None], fold)[:, 0]),
        prescribed_deg=scene.script.channel("pitch", true_s)[0],
        up=up / np.linalg.norm(up, axis=1)[:, None],
        plan=plan,
        sensor=sensor,
        seed=seed,
    )


def _fold(values: Floats, fold: int) -> Floats:
    """Mean of each sample's own grid points."""
    return np.asarray(values.reshape(-1, fold, values.shape[1]).mean(axis=1))


def _disturbed(pose: Pose, plan: SetPlan, t_s: Floats, rng: np.random.Generator) -> Pose:
    """Add breathing, tremor and sway to the chest's pose."""
    pitch = pose.pitch + np.deg2rad(
        plan.breathing_deg * body.breathing(t_s, plan.breathing_hz, rng)
        + plan.tremor_deg * body.band_noise(t_s, 3.0, 9.0, rng)
        + plan.sway_deg * body.band_noise(t_s, 0.05, 0.6, rng)
    )
    tilt = pose.tilt + np.deg2rad(plan.sway_deg * body.band_noise(t_s, 0.05, 0.8, rng))
    twist = pose.twist + np.deg2rad(plan.sway_deg * body.band_noise(t_s, 0.05, 0.8, rng))
    return Pose(pitch=pitch, tilt=tilt, twist=twist, yaw=pose.yaw, hip_m=pose.hip_m)


def _felt(pose: Pose, plan: SetPlan, step_s: float) -> tuple[Floats, Floats, Floats]:
    """Specific force, angular rate and up (n, 3) at the sensor, in trunk axes turned with the sensor's play."""
    turn = rotations(pose)
    place = pose.hip_m + turn @ np.array([plan.sensor_depth_m, plan.sensor_height_m, 0.0])
    weight = second_difference(place, step_s) + np.array([0.0, 0.0, G_MPS2])
    force = np.einsum("nji,nj->ni", turn, weight)
    rate, up = angular_rate(pose, step_s), turn[:, 2, :]
    if not plan.wobble and not any(plan.slip_deg):
        return force, rate, up
    shake = body.wobble(force - np.array([0.0, G_MPS2, 0.0]), step_s, plan.wobble_hz, plan.wobble_damping) * plan.wobble
    loose = np.deg2rad(np.column_stack([shake[:, 2], 0.3 * shake[:, 2], -shake[:, 0]])) + _slip(
        plan, len(force), step_s
    )
    force = force + 0.5e-3 * second_difference(shake, step_s)
    back = rotation(loose).transpose(0, 2, 1)
    rate, force, up = (np.einsum("nij,nj->ni", back, v) for v in (rate, force, up))
    return force, rate + np.gradient(loose, step_s, axis=0), up


def _slip(plan: SetPlan, n: int, step_s: float) -> Floats:
    """Rotation vector (n, 3) by which the strap has slipped so far."""
    since_s = (np.arange(n) - plan.slip_at * n) * step_s
    return np.outer(travelled(np.clip(since_s, 0.0, 1.0), 2.0, 2.0), np.deg2rad(plan.slip_deg))
