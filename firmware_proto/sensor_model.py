"""A LSM6DS3-class accelerometer and gyroscope: what becomes of the true signals on their way to int16.

Typical figures of the ST LSM6DS3TR-C (datasheet DocID030071 Rev 3, mechanical characteristics): acceleration noise
density 90 ug/sqrt(Hz) up to 8 g and 130 at 16 g, zero-g offset +-40 mg, rate noise density 5 mdps/sqrt(Hz), zero-rate
level +-3 dps, sensitivities 0.061 mg/LSB at 2 g and 8.75 mdps/LSB at 250 dps, both proportional to the range (and not
the range over 32768). The default gyroscope is somewhat noisier than that. How far sensitivity, axes, offset drift and
output rate lie off are assumptions of ours, not datasheet figures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Raw = npt.NDArray[np.int16]
Vector = tuple[float, float, float]

G_MPS2 = 9.80665
ACC_G_PER_LSB = {2: 0.061e-3, 4: 0.122e-3, 8: 0.244e-3, 16: 0.488e-3}
GYR_DPS_PER_LSB = {125: 4.375e-3, 250: 8.75e-3, 500: 17.5e-3, 1000: 35e-3, 2000: 70e-3}


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorModel:
    """One sensor with its errors; the defaults are a likely one whose offsets were calibrated once.

    Attributes:
        rate_hz: Nominal rate.
        clock_error: True rate = `rate_hz` x (1 + `clock_error`); we reckon with up to +-0.05.
        crystal_ppm: Error of the device's own clock, by which `t_s` is stamped.
        gyroscope: Without one, only acceleration is recorded.
        acc_range_g, gyr_range_dps: Full scale, one of the tables above.
        acc_noise_ug_rthz, gyr_noise_mdps_rthz: White noise density over half of the rate.
        acc_bias_mg, gyr_bias_dps: Offsets in sensor axes.
        gyr_drift_dps: Standard deviation the gyroscope's offset random walk reaches in one minute.
        acc_scale_error, gyr_scale_error: Share by which each axis reads too much.
        cross_axis: Share of each axis that leaks into the others.
    """

    rate_hz: float = 104.0
    clock_error: float = 0.0
    crystal_ppm: float = 0.0
    gyroscope: bool = True
    acc_range_g: int = 8
    gyr_range_dps: int = 2000
    acc_noise_ug_rthz: float = 90.0
    gyr_noise_mdps_rthz: float = 7.0
    acc_bias_mg: Vector = (8.0, -6.0, 10.0)
    gyr_bias_dps: Vector = (0.4, -0.3, 0.2)
    gyr_drift_dps: float = 0.02
    acc_scale_error: Vector = (0.003, -0.002, 0.004)
    gyr_scale_error: Vector = (0.004, -0.005, 0.003)
    cross_axis: float = 0.0

    def __post_init__(self) -> None:
        if self.acc_range_g not in ACC_G_PER_LSB:
            raise ValueError(f"acc_range_g={self.acc_range_g}: use one of {sorted(ACC_G_PER_LSB)}")
        if self.gyr_range_dps not in GYR_DPS_PER_LSB:
            raise ValueError(f"gyr_range_dps={self.gyr_range_dps}: use one of {sorted(GYR_DPS_PER_LSB)}")
        if not 1.0 <= self.rate_hz <= 6664.0:
            raise ValueError(f"rate_hz={self.rate_hz}: the sensor offers 1 to 6664 Hz")

    @classmethod
    def ideal(cls, **changes: float) -> SensorModel:
        """A sensor without errors except quantisation; `changes` are fields."""
        none: Vector = (0.0, 0.0, 0.0)
        perfect: dict[str, object] = {
            "acc_noise_ug_rthz": 0.0, "gyr_noise_mdps_rthz": 0.0, "acc_bias_mg": none, "gyr_bias_dps": none,
            "gyr_drift_dps": 0.0, "acc_scale_error": none, "gyr_scale_error": none,
        }  # fmt: skip
        return cls(**(perfect | changes))  # type: ignore[arg-type]

    @property
    def true_rate_hz(self) -> float:
        """Samples per second of true time."""
        return self.rate_hz * (1.0 + self.clock_error)

    @property
    def device_rate_hz(self) -> float:
        """Samples per second of the device's own clock: what the device states as its true rate."""
        return self.true_rate_hz / (1.0 + self.crystal_ppm * 1e-6)

    @property
    def acc_g_per_lsb(self) -> float:
        """Scale of the raw acceleration."""
        return ACC_G_PER_LSB[self.acc_range_g]

    @property
    def gyr_dps_per_lsb(self) -> float:
        """Scale of the raw angular rate."""
        return GYR_DPS_PER_LSB[self.gyr_range_dps]


def measure(force_mps2: Floats, rate_radps: Floats, sensor: SensorModel, rng: np.random.Generator) -> Raw:
    """Turn true specific force and angular rate in sensor axes, (n, 3) each, into raw counts (n, 6) or (n, 3)."""
    n, half_band = len(force_mps2), np.sqrt(0.5 * sensor.rate_hz)
    leak = np.full((3, 3), sensor.cross_axis) + (1.0 - sensor.cross_axis) * np.eye(3)
    noise = rng.standard_normal((n, 6))
    g = force_mps2 / G_MPS2 @ leak * (1.0 + np.asarray(sensor.acc_scale_error))
    g = g + np.asarray(sensor.acc_bias_mg) * 1e-3 + noise[:, :3] * sensor.acc_noise_ug_rthz * 1e-6 * half_band
    acc = _quantise(g, sensor.acc_g_per_lsb)
    walk = rng.standard_normal((n, 3)).cumsum(axis=0) * sensor.gyr_drift_dps / np.sqrt(60.0 * sensor.rate_hz)
    if not sensor.gyroscope:
        return acc
    dps = np.rad2deg(rate_radps) @ leak * (1.0 + np.asarray(sensor.gyr_scale_error)) + np.asarray(sensor.gyr_bias_dps)
    dps = dps + walk + noise[:, 3:] * sensor.gyr_noise_mdps_rthz * 1e-3 * half_band
    return np.hstack([acc, _quantise(dps, sensor.gyr_dps_per_lsb)])


def _quantise(values: Floats, per_lsb: float) -> Raw:
    """Round to counts and saturate at the ends of int16."""
    return np.clip(np.rint(values / per_lsb), -32768, 32767).astype(np.int16)
