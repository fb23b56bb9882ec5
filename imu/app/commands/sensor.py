"""Commands that talk to a sensor, real or simulated."""

# ruff: noqa: PLC0415 (the imports inside the commands are what keeps --help quick)

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from imu.app.commands.options import (
    RECORDINGS,
    Calibrate,
    ExerciseName,
    Load,
    MountAxes,
    Out,
    Person,
    Seed,
    SensorRate,
    SetRest,
    SimulatedName,
    Speed,
    SpokenAloud,
    TargetReps,
    TargetTempo,
    Verbose,
    exercise_of,
    mount_of,
)

LIVE_PORT = 8770
"""Always the same, so that a page that was left open finds the program again."""


def scan(
    *,
    timeout: Annotated[float, typer.Option(min=0.5, max=60.0, metavar="S", help="How long to look, in seconds.")] = 5.0,
    as_json: Annotated[bool, typer.Option("--json", help="For machines: a list of all that was seen.")] = False,
    demo: Annotated[bool, typer.Option("--demo", help="Look among virtual sensors, one of each kind.")] = False,
    verbose: Verbose = False,
) -> None:
    """List the sensors in range, and what they can and cannot do.

    Most sensors tell their battery only once they are connected. What is of no
    kind that can be recorded is listed below, in grey.

    Examples:
        imu scan
        imu scan --timeout 10 --json
        imu scan --demo
    """
    from imu.app.scan import command

    command(timeout, as_json=as_json, demo=demo)


def conform(
    *,
    sensor: Annotated[
        str | None, typer.Argument(metavar="NAME|ADDRESS|demo", help="Which sensor; demo is a virtual one.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="CHECK", help="Only this check; may be repeated.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the checks, with what each of them shows.")] = False,
    reboot: Annotated[bool, typer.Option("--reboot", help="Also restart the sensor.")] = False,
    erase: Annotated[bool, typer.Option("--erase", help="Also ask a sensor that has no log to erase it.")] = False,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write every outcome.")] = None,
    verbose: Verbose = False,
) -> None:
    """Check whether a sensor speaks our protocol: for whoever writes its firmware.

    Each check says what was expected, what came, and which section of
    firmware_proto/README.md says so. The exit code is 0 only if none failed. It
    takes some six minutes; the sensor has to lie still, on a good link, and is
    streaming most of the time. What this machine's Bluetooth cannot choose (other
    MTUs, faults) is not checked, and said.

    Examples:
        imu conform demo
        imu conform BX-1A2B --reboot --json outcome.json
        imu conform BX-1A2B --only ring --only grace
        imu conform --list
    """
    from imu.app.conform import command, list_checks

    if listed:
        list_checks()
    else:
        command(
            sensor,
            only or [],
            may=frozenset(name for name, wish in (("reboot", reboot), ("erase", erase)) if wish),
            json=json,
        )


def record(
    *,
    sensor: Annotated[
        str | None, typer.Option(metavar="NAME|ADDRESS", help="Which sensor, if several are in range; see imu scan.")
    ] = None,
    exercise: ExerciseName = "back-extension",
    load: Load = None,
    tempo: TargetTempo = None,
    reps: TargetReps = None,
    set_rest: SetRest = None,
    person: Person = None,
    note: Annotated[str, typer.Option(metavar="TEXT", help="Anything worth knowing later.")] = "",
    out: Out = RECORDINGS,
    duration: Annotated[
        float | None, typer.Option(min=1.0, metavar="S", help="End by itself after so many seconds.")
    ] = None,
    mount: MountAxes = None,
    rate: SensorRate = None,
    calibrate: Calibrate = False,
    voice: SpokenAloud = "off",
    verbose: Verbose = False,
) -> None:
    """Record a session from a sensor, counting live. Ctrl-C ends it and keeps everything.

    On a terminal the key c takes the straight line from the next 3 s held still, at any time.

    Examples:
        imu record
        imu record --exercise good-morning --load 20 --tempo 3-0-1-1 --set-rest 90
        imu record --calibrate --voice coach
        imu record --sensor BX-1A2B --person p07 --note "stiff spine, arms crossed"
    """
    from imu.app.record import Plan, command
    from imu.app.voice import speaking

    command(
        sensor,
        Plan.build(
            exercise_of(exercise), tempo, load_kg=load, set_rest_s=set_rest, target_reps=reps, person=person, note=note,
            out=out, duration_s=duration, mount=mount_of(mount), rate_hz=rate, calibrate=calibrate,
        ),
        speaking(voice),
    )  # fmt: skip


def live(
    *,
    sensor: Annotated[
        str | None, typer.Option(metavar="NAME|ADDRESS", help="Which sensor, if several are in range; see imu scan.")
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="A simulated person and a virtual sensor.")] = False,
    twin: Annotated[
        str, typer.Option(metavar="NAME", help="Of the demo: native, polar-h10, verity, movesense or witmotion.")
    ] = "native",
    exercise: ExerciseName = "back-extension",
    load: Load = None,
    tempo: TargetTempo = None,
    reps: Annotated[
        int | None, typer.Option(min=1, max=1000, metavar="N", help="Target count; in a demo, what the person does.")
    ] = None,
    set_rest: SetRest = None,
    person: Person = None,
    note: Annotated[str, typer.Option(metavar="TEXT", help="Anything worth knowing later.")] = "",
    out: Out = RECORDINGS,
    mount: MountAxes = None,
    rate: SensorRate = None,
    calibrate: Calibrate = False,
    lan: Annotated[bool, typer.Option("--lan", help="Let other machines in this network open it, by a link.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="N", help="0 for any that is free.")] = LIVE_PORT,
    tls: Annotated[bool, typer.Option("--tls", help="Encrypted, with a certificate of our own.")] = False,
    seed: Seed = 1,
    speed: Speed = 1.0,
    verbose: Verbose = False,
) -> None:
    """Record as imu record does, with a page in the browser that counts aloud: for the phone that lies on the floor.

    The page is for this machine alone, unless --lan lets others in: then two links
    are printed, and a QR code. The one for control works once, in one browser; the
    one to look on for as many as it is given to. Ctrl-C ends and keeps everything.
    Over --tls a phone's screen stays awake; its browser warns once that nobody
    vouches for the certificate.

    Needs the extra `live`. --twin, --seed and --speed are for the demo.

    Examples:
        imu live --demo
        imu live --lan --load 20 --tempo 3-1-1-2 --reps 8 --set-rest 90
        imu live --lan --tls --sensor BX-1A2B --exercise good-morning
    """
    from imu.errors import UsageError

    try:
        from imu.app.live.command import command, command_demo
        from imu.app.live.run import Where
    except ModuleNotFoundError as error:
        raise UsageError(
            f"The live page needs the package {error.name}; install the extra: pip install 'imu-back-extension[live]' "
            "(in a clone: pip install -e '.[live]')."
        ) from None
    from imu.app.record import Plan

    plan = Plan.build(
        exercise_of(exercise), tempo, load_kg=load, set_rest_s=set_rest, target_reps=reps, person=person, note=note,
        out=out, mount=mount_of(mount), rate_hz=rate, calibrate=calibrate,
    )  # fmt: skip
    where = Where(lan=lan, port=port, tls=tls)
    if demo and sensor is not None:
        raise UsageError(f"--sensor {sensor} is a sensor in range; the demo's is chosen with --twin NAME.")
    if demo:
        command_demo(plan, where, twin=twin, seed=seed, speed=speed)
    else:
        command(sensor, plan, where)


def demo(
    *,
    sensor: Annotated[
        str,
        typer.Option(metavar="NAME", help="What the person wears: native, polar-h10, verity, movesense or witmotion."),
    ] = "native",
    speed: Speed = 1.0,
    reps: Annotated[int, typer.Option(min=3, max=60, metavar="N", help="Repetitions the simulated person does.")] = 10,
    seed: Seed = 1,
    exercise: SimulatedName = "back-extension",
    load: Load = None,
    person: Person = None,
    calibrate: Calibrate = False,
    voice: SpokenAloud = "off",
    out: Out = RECORDINGS,
    verbose: Verbose = False,
) -> None:
    """Record a simulated person through the real Bluetooth code: the whole job, no hardware.

    Examples:
        imu demo
        imu demo --speed 10 --reps 5 --out my-recordings
        imu demo --speed 10 --sensor polar-h10
        imu demo --speed 10 --calibrate
        imu demo --voice coach
        imu demo --speed 10 --seed 2 --load 10 --person anna
    """
    from imu.app.demo import command
    from imu.app.record import Plan
    from imu.app.voice import speaking

    plan = Plan(
        exercise=exercise_of(exercise), load_kg=load, target_reps=reps, person=person, out=out, calibrate=calibrate
    )
    command(plan, sensor=sensor, reps=reps, seed=seed, speed=speed, display=speaking(voice))
