"""`imu live` as it is typed: with a sensor, or with a simulated person."""

from __future__ import annotations

from collections.abc import Callable

import typer

from firmware_proto.motion import Recording
from imu.app.air import in_air
from imu.app.demo import NATIVE, TWINS, compare, keep_truth, simulated
from imu.app.ending import run_until_ended
from imu.app.live.run import Links, Where, live, show
from imu.app.live.studio import Studio
from imu.app.person import HOLD_REPS, REPS
from imu.app.record import Plan, Recorded, report


def command(sensor: str | None, plan: Plan, where: Where) -> None:
    """Record from a sensor, with a page.

    Raises:
        ImuError: The page could not be served.
        Exit: The last session had an error.
        KeyboardInterrupt: It was ended before anything was recorded.
    """
    studio = Studio(plan, sensor=sensor)
    run_until_ended(live(studio, where))
    _end(studio)


def command_demo(declared: Plan, where: Where, *, twin: str, seed: int, speed: float) -> None:
    """Record a simulated person, with a page.

    Raises:
        ImuError: The page could not be served, nobody can simulate the exercise, or the extra `demo` is missing.
        Exit: The last session had an error.
        KeyboardInterrupt: It was ended before anything was recorded.
    """
    reps = declared.target_reps or (HOLD_REPS if declared.exercise.static else REPS)
    performed, plan = simulated(declared, sensor=twin, reps=reps, seed=seed, speed=speed, command="imu live --demo")
    _end(run_until_ended(live_demo(performed, plan, where, twin=twin, speed=speed)))


async def live_demo(
    performed: Recording,
    plan: Plan,
    where: Where,
    *,
    twin: str = NATIVE,
    speed: float = 1.0,
    shown: Callable[[Links, Where], None] = show,
) -> Studio:
    """Serve a performance as one of `TWINS` over a BLE stack in this process, and record it with a page.

    Raises:
        UsageError: The extra `demo` is not installed, or as from `live`.
    """

    def kept(recorded: Recorded) -> None:
        report(recorded)
        compare(performed, recorded)
        keep_truth(performed, recorded)

    async with in_air(TWINS[twin](performed), speed=speed) as (_, backend):
        studio = Studio(plan, backend=backend, kept=kept)
        await live(studio, where, shown)
    return studio


def _end(studio: Studio) -> None:
    """End as `imu record` does: with the error of the last session, which was told when it came, as exit code.

    Ended before anything was recorded, it ends as any program does that is interrupted.
    """
    if studio.error is not None:
        raise typer.Exit(studio.error.exit_code)
    if not any(one.folder for one in studio.recorded):
        raise KeyboardInterrupt
