"""`imu demo`: the whole job without hardware. Only the radio and the person are simulated; the rest is what records."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from firmware_proto.motion import Recording
from firmware_proto.twins.movesense import MovesenseTwin
from firmware_proto.twins.polar import H10Twin, VerityTwin
from firmware_proto.twins.witmotion import WitMotionTwin
from firmware_proto.virtual_gatt import VirtualPeripheral
from firmware_proto.virtual_sensor import VirtualSensor
from firmware_proto.virtual_source import Motion
from imu.app import console, words
from imu.app.air import in_air
from imu.app.board import Board
from imu.app.display import Display, display_for
from imu.app.ending import run_until_ended
from imu.app.person import perform, write_truth
from imu.app.record import Plan, Recorded, find_and_record, report
from imu.errors import UsageError
from imu.model import G_MPS2

TAIL_S = 0.5
"""The last samples may still be on their way when the recording is over."""
NATIVE = "native"
NATIVE_HZ = 104.0
MOVEMENT_HZ = 208.0
"""Sensors of other makes choose their rate; what they feel is simulated at least as fine."""


def command(
    declared: Plan,
    *,
    sensor: str = NATIVE,
    reps: int,
    seed: int,
    speed: float,
    display: Callable[[Board], Display] = display_for,
) -> None:
    """Record a simulated person and show what came of it; what was declared is written as if it were so.

    Raises:
        UsageError: The extra `demo` is not installed, nobody can simulate the exercise, or there is no such sensor.
        ImuError: As from a recording.
    """
    performed, plan = simulated(declared, sensor=sensor, reps=reps, seed=seed, speed=speed)
    recorded = run_until_ended(record_virtual(performed, plan, sensor=sensor, speed=speed, display=display))
    report(recorded)
    compare(performed, recorded)
    if recorded.error is not None:
        raise recorded.error


def simulated(
    declared: Plan, *, sensor: str, reps: int, seed: int, speed: float, command: str = "imu demo"
) -> tuple[Recording, Plan]:
    """What a simulated person does, and the plan to record it, which says that it was simulated; said to the person.

    Raises:
        UsageError: Nobody can simulate the exercise, or there is no such sensor.
    """
    if sensor not in TWINS:
        raise UsageError(f"There is no virtual sensor {sensor}; choose one of: {', '.join(TWINS)}.")
    performed = perform(
        declared.exercise,
        reps=reps,
        seed=seed,
        rate_hz=NATIVE_HZ if sensor == NATIVE else MOVEMENT_HZ,
        calibrate=declared.calibrate,
    )
    plan = dataclasses.replace(
        declared,
        synthetic=True,
        duration_s=float(performed.t_s[-1]) - TAIL_S,
        note=f"Synthetic: {command}, a simulated person and a virtual sensor ({sensor}), no body moved. Seed {seed}; "
        "the truth is in truth.csv.",
    )
    console.err().print(
        f"Demo: a simulated person with a virtual sensor ({sensor}) does {words.reps(reps)} over a virtual radio "
        f"({words.clock(performed.t_s[-1] / speed)}). Nothing here is a measurement.",
        style="yellow",
    )
    return performed, plan


async def record_virtual(
    performed: Recording,
    plan: Plan,
    *,
    sensor: str = NATIVE,
    speed: float = 1.0,
    display: Callable[[Board], Display] = display_for,
) -> Recorded:
    """Serve a performance as one of `TWINS` over a BLE stack in this process and record it through bleak.

    Raises:
        UsageError: The extra `demo` is not installed.
        ImuError: As from a recording.
    """
    async with in_air(TWINS[sensor](performed), speed=speed) as (_, backend):
        recorded = await find_and_record(None, plan, backend=backend, display=display)
    keep_truth(performed, recorded)
    return recorded


def keep_truth(performed: Recording, recorded: Recorded) -> None:
    """Write what was really done beside what was found, where all of it was recorded.

    Raises:
        StorageError: It could not be written.
    """
    if recorded.folder is not None and recorded.error is None and not recorded.end.interrupted:
        write_truth(recorded.folder / "truth.csv", performed)


def virtual_sensor(
    performed: Recording,
    kind: type[VirtualSensor] = VirtualSensor,
    **options: Any,  # noqa: ANN401 (each its own)
) -> VirtualSensor:
    """The native sensor that will send a performance; `options` are those of `VirtualSensor`."""
    return kind(
        performed.raw,
        performed.rate_hz,
        serial="DEMO0001",
        acc_g_per_lsb=performed.acc_g_per_lsb,
        gyr_dps_per_lsb=performed.gyr_dps_per_lsb,
        acc_range_g=performed.sensor.acc_range_g,
        gyr_range_dps=performed.sensor.gyr_range_dps,
        **options,
    )


def movement(performed: Recording) -> Motion:
    """A performance as a sensor of another make feels it; without rotation where none was recorded."""
    acc_g, gyr = performed.acc_mps2 / G_MPS2, performed.gyr_radps
    return Motion(acc_g, np.zeros_like(acc_g) if gyr is None else np.rad2deg(gyr), performed.rate_hz)


TWINS: dict[str, Callable[[Recording], VirtualPeripheral]] = {
    NATIVE: virtual_sensor,
    "polar-h10": lambda performed: H10Twin(movement(performed), true_rate_ppm=12_000),
    "verity": lambda performed: VerityTwin(movement(performed), true_rate_ppm=12_000),
    "movesense": lambda performed: MovesenseTwin(movement(performed), true_rate_ppm=12_000),
    "witmotion": lambda performed: WitMotionTwin(movement(performed), true_rate_ppm=-8_000),
}
"""Family -> its virtual twin, worn by whoever performs."""


def compare(performed: Recording, recorded: Recorded) -> None:
    """Hold the count against what the simulated person did."""
    screen = console.out()
    if recorded.end.interrupted or recorded.end.error is not None:
        screen.print("The demo ended early, so the count cannot be held against the whole set.")
        return
    done, counted = len(performed.truth.counted), len(recorded.analysis.counted)
    screen.print(
        f"The simulated person did {words.reps(done)}; counted: {counted}. (Synthetic: this shows that the parts work "
        "together, not how well people are counted.)",
        style="green" if done == counted else "bold red",
        soft_wrap=True,
    )
