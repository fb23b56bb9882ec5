"""`imu live` as it is typed: with a sensor, or with a simulated person."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from firmware_proto.motion import Recording
from imu.app import console, words
from imu.app.demo import TAIL_S, virtual_sensor
from imu.app.ending import run_until_ended
from imu.app.live.run import Links, Where, live, show
from imu.app.live.studio import Studio
from imu.app.person import REPS, perform
from imu.app.record import Plan
from imu.errors import UsageError
from imu.link import Backend


def command(sensor: str | None, plan: Plan, where: Where) -> None:
    """Record from a sensor, with a page.

    Raises:
        ImuError: The page could not be served.
        KeyboardInterrupt: It was ended before anything was recorded.
    """
    studio = Studio(plan, sensor=sensor)
    run_until_ended(live(studio, where))
    _end(studio)


def command_demo(declared: Plan, where: Where, *, seed: int, speed: float) -> None:
    """Record a simulated person, with a page.

    Raises:
        ImuError: The page could not be served, nobody can simulate the exercise, or the extra `demo` is missing.
        KeyboardInterrupt: It was ended before anything was recorded.
    """
    performed, plan = simulated(declared, seed)
    console.err().print(
        f"Demo: a simulated person does {words.reps(len(performed.truth.counted))} over a virtual radio. Nothing here "
        "is a measurement.",
        style="yellow",
    )
    _end(run_until_ended(live_demo(performed, plan, where, speed=speed)))


def simulated(declared: Plan, seed: int) -> tuple[Recording, Plan]:
    """What a simulated person does, and the plan to record it."""
    performed = perform(
        declared.exercise, reps=declared.target_reps or REPS, seed=seed, calibrate=declared.calibrate
    )  # fmt: skip
    note = f"Synthetic: imu live --demo, a simulated person and a virtual sensor, no body moved. Seed {seed}."
    plan = dataclasses.replace(
        declared, synthetic=True, duration_s=float(performed.t_s[-1]) - TAIL_S, note=note
    )  # fmt: skip
    return performed, plan


async def live_demo(
    performed: Recording,
    plan: Plan,
    where: Where,
    *,
    speed: float = 1.0,
    shown: Callable[[Links, Where], None] = show,
) -> Studio:
    """Serve a performance as a sensor over a BLE stack in this process, and record it with a page.

    Raises:
        UsageError: The extra `demo` is not installed, or as from `live`.
    """
    try:
        from firmware_proto.virtual_radio import virtual_air  # noqa: PLC0415 (bumble is an extra)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"The demo needs the package {error.name}; install the extra: pip install 'imu-back-extension[demo]' "
            "(in a clone: pip install -e '.[demo]')."
        ) from None
    async with virtual_air([virtual_sensor(performed)], speed=speed) as air:
        studio = Studio(plan, backend=Backend(scanner=air.scanner_backend, client=air.client_backend))
        await live(studio, where, shown)
    return studio


def _end(studio: Studio) -> None:
    """Ended before anything was recorded, it ends as any program does that is interrupted."""
    if not any(one.folder for one in studio.recorded):
        raise KeyboardInterrupt
