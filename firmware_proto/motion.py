"""Synthetic motion of a chest sensor with exact truth: the public face.

`simulate(plan, sensor, seed)` writes the plan as a script of smooth moves, evaluates it on a fine grid, adds what a body
and a strap add, differentiates the sensor's path twice and measures the result as a LSM6DS3-class sensor would.
The truth comes from the script alone, by definition edge10, so no disturbance and no sensor error touches it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from firmware_proto import disturbance as body
from firmware_proto.motion_model import Pose, Script, angular_rate, pose_of, rotations, second_difference
from firmware_proto.motion_plan import STYLES, SetPlan, rotation
from firmware_proto.motion_scenes import Scene, write_sets
from firmware_proto.motion_truth import Movement, TrueRep, Truth, truth_of
from firmware_proto.sensor_model import G_MPS2, SensorModel, measure

__all__ = ["STYLES", "Movement", "Recording", "SensorModel", "SetPlan", "TrueRep", "Truth", "random_plan", "simulate"]

Floats = npt.NDArray[np.float64]
FINE_HZ = 416.0
"""The grid on which motion is evaluated is at least this fine, and a whole multiple of the sensor's true rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
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
    plan, sensor = plan or SetPlan(), sensor or SensorModel()
    return record(write_sets(plan, np.random.default_rng([seed, 1])), sensor, seed)


def record(scene: Scene, sensor: SensorModel, seed: int) -> Recording:
    """Measure a written scene with a sensor."""
    plan, rng = scene.plan, np.random.default_rng([seed, 2])
    fold = int(np.ceil(FINE_HZ / sensor.true_rate_hz))
    step = 1.0 / (sensor.true_rate_hz * fold)
    n = int(scene.script.now_s * sensor.true_rate_hz)
    # A sample is the mean over its own interval (the sensor's filter, delay taken out): grid points lie around i / rate.
    fine_s = (np.arange(n * fold) - 0.5 * (fold - 1)) * step
    pose = _disturbed(pose_of(scene.script, fine_s), plan, fine_s, rng)
    force, rate = _felt(pose, plan, step)
    to_sensor = plan.mount
    raw = measure(
        _fold(force, fold) @ to_sensor, _fold(rate, fold) @ to_sensor, sensor, np.random.default_rng([seed, 3])
    )
    clock = 1.0 + sensor.crystal_ppm * 1e-6
    return Recording(
        t_s=np.arange(n) / sensor.true_rate_hz * clock,
        acc_mps2=raw[:, :3] * (sensor.acc_g_per_lsb * G_MPS2),
        gyr_radps=np.deg2rad(raw[:, 3:] * sensor.gyr_dps_per_lsb) if sensor.gyroscope else None,
        raw=raw,
        acc_g_per_lsb=sensor.acc_g_per_lsb,
        gyr_dps_per_lsb=sensor.gyr_dps_per_lsb,
        rate_hz=sensor.device_rate_hz,
        truth=truth_of(scene.script, scene.cycles, scene.movements, clock),
        mount=to_sensor,
        pitch_deg=np.rad2deg(_fold(pose.pitch[:, None], fold)[:, 0]),
        prescribed_deg=_prescribed(scene.script, n, sensor),
        plan=plan,
        sensor=sensor,
        seed=seed,
    )


def _fold(values: Floats, fold: int) -> Floats:
    """Mean of each sample's own grid points."""
    return np.asarray(values.reshape(-1, fold, values.shape[1]).mean(axis=1))


def _prescribed(script: Script, n: int, sensor: SensorModel) -> Floats:
    """The prescribed pitch at the samples."""
    return script.channel("pitch", np.arange(n) / sensor.true_rate_hz)[0]


def _disturbed(pose: Pose, plan: SetPlan, t_s: Floats, rng: np.random.Generator) -> Pose:
    """Add breathing, tremor and sway to the chest's pose."""
    pitch = pose.pitch + np.deg2rad(
        plan.breathing_deg * body.breathing(t_s, plan.breathing_hz, rng)
        + plan.tremor_deg * body.band_noise(t_s, 4.0, 11.0, rng)
        + plan.sway_deg * body.band_noise(t_s, 0.05, 0.6, rng)
    )
    tilt = pose.tilt + np.deg2rad(plan.sway_deg * body.band_noise(t_s, 0.05, 0.8, rng))
    twist = pose.twist + np.deg2rad(plan.sway_deg * body.band_noise(t_s, 0.05, 0.8, rng))
    return Pose(pitch=pitch, tilt=tilt, twist=twist, yaw=pose.yaw, hip_m=pose.hip_m)


def _felt(pose: Pose, plan: SetPlan, step_s: float) -> tuple[Floats, Floats]:
    """Specific force and angular rate (n, 3) of the sensor, in the axes of a trunk the sensor wobbles on."""
    turn = rotations(pose)
    place = pose.hip_m + turn @ np.array([plan.sensor_depth_m, plan.sensor_height_m, 0.0])
    force = np.einsum("nji,nj->ni", turn, second_difference(place, step_s) + [0.0, 0.0, G_MPS2])
    rate = angular_rate(pose, step_s)
    if not plan.wobble:
        return force, rate
    shake = body.wobble(force - force.mean(axis=0), step_s, plan.wobble_hz, plan.wobble_damping) * plan.wobble
    loose = np.deg2rad(np.column_stack([shake[:, 2], 0.3 * shake[:, 2], -shake[:, 0]]))
    force = force + 0.5e-3 * np.gradient(np.gradient(shake, step_s, axis=0), step_s, axis=0)
    back = rotation(loose).transpose(0, 2, 1)
    turned = np.einsum("nij,nj->ni", back, rate) + np.gradient(loose, step_s, axis=0)
    return np.einsum("nij,nj->ni", back, force), turned


def random_plan(seed: int, style: str = "back-extension") -> tuple[SetPlan, SensorModel]:
    """Draw a person, a set and a sensor."""
    rng = np.random.default_rng([seed, 4])
    return SetPlan(style=style, reps=int(rng.integers(3, 13))), SensorModel()
