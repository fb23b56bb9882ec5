"""`imu demo`: the whole job without hardware. Only the radio and the person are simulated; the rest is what records."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from firmware_proto.motion import Recording
from firmware_proto.virtual_sensor import VirtualSensor
from imu.app import console, words
from imu.app.board import Board
from imu.app.display import Display, display_for
from imu.app.ending import run_until_ended
from imu.app.person import perform, write_truth
from imu.app.record import Plan, Recorded, find_and_record, report
from imu.errors import UsageError
from imu.link import Backend

TAIL_S = 0.5
"""The last samples may still be on their way when the recording is over."""


def command(declared: Plan, *, reps: int, seed: int, speed: float) -> None:
    """Record a simulated person and show what came of it; what was declared is written as if it were so.

    Raises:
        UsageError: The extra `demo` is not installed, or nobody can simulate the exercise.
        ImuError: As from a recording.
    """
    performed = perform(declared.exercise, reps=reps, seed=seed, calibrate=declared.calibrate)
    plan = dataclasses.replace(
        declared,
        synthetic=True,
        duration_s=float(performed.t_s[-1]) - TAIL_S,
        note=f"Synthetic: imu demo, a simulated person and a virtual sensor, no body moved. Seed {seed}; the truth is "
        "in truth.csv.",
    )
    console.err().print(
        f"Demo: a simulated person does {words.reps(reps)} over a virtual radio "
        f"({words.clock(performed.t_s[-1] / speed)}). Nothing here is a measurement.",
        style="yellow",
    )
    recorded = run_until_ended(record_virtual(performed, plan, speed=speed))
    report(recorded)
    _compare(performed, recorded)
    if recorded.error is not None:
        raise recorded.error


async def record_virtual(
    performed: Recording, plan: Plan, *, speed: float = 1.0, display: Callable[[Board], Display] = display_for
) -> Recorded:
    """Serve a performance as a sensor over a BLE stack in this process and record it through bleak.

    Raises:
        UsageError: The extra `demo` is not installed.
        ImuError: As from a recording.
    """
    try:
        from firmware_proto.virtual_radio import virtual_air  # noqa: PLC0415 (bumble is an extra)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"The demo needs the package {error.name}; install the extra: pip install 'imu-back-extension[demo]' "
            "(in a clone: pip install -e '.[demo]')."
        ) from None
    async with virtual_air([virtual_sensor(performed)], speed=speed) as air:
        backend = Backend(scanner=air.scanner_backend, client=air.client_backend)
        recorded = await find_and_record(None, plan, backend=backend, display=display)
    if recorded.folder is not None and recorded.error is None and not recorded.end.interrupted:
        write_truth(recorded.folder / "truth.csv", performed)
    return recorded


def virtual_sensor(performed: Recording) -> VirtualSensor:
    """The sensor that will send a performance."""
    return VirtualSensor(
        performed.raw,
        performed.rate_hz,
        serial="DEMO0001",
        acc_g_per_lsb=performed.acc_g_per_lsb,
        gyr_dps_per_lsb=performed.gyr_dps_per_lsb,
        acc_range_g=performed.sensor.acc_range_g,
        gyr_range_dps=performed.sensor.gyr_range_dps,
    )


def _compare(performed: Recording, recorded: Recorded) -> None:
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
