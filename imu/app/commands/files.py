"""Commands that work on recordings: count them, bring them in, play them, make them, and say how right all that is."""

# ruff: noqa: PLC0415 (the imports inside the commands are what keeps --help quick)

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from imu.app.commands.options import (
    AUTO,
    RECORDINGS,
    ExerciseName,
    Load,
    MountAxes,
    Out,
    Person,
    Seed,
    SimulatedName,
    Speed,
    Verbose,
    exercise_of,
    mount_of,
)
from imu.exercises import get_exercise


def analyze(
    *,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Session folders, CSV files, folders of these.")],
    exercise: Annotated[
        str | None,
        typer.Option(
            "--exercise",
            "-e",
            metavar="NAME|auto",
            help="What was trained; as the session says, or hinge, if not given. With auto every set gets a proposal "
            "with its confidence, or unknown.",
        ),
    ] = None,
    min_set_reps: Annotated[
        int | None, typer.Option(min=1, max=100, metavar="N", help="Fewer reps in a row are no set; 3 if not given.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write NAME.reps.csv for each recording here, and leave sessions untouched."),
    ] = None,
    orientation: Annotated[
        bool, typer.Option("--orientation", help="Also write NAME.angle.csv: where up is, in sensor axes.")
    ] = False,
    mount: MountAxes = None,
    verbose: Verbose = False,
) -> None:
    """Count recordings: every rep with tempo, top hold and verdict.

    A bare CSV has the columns t_s,acc_x_mps2,acc_y_mps2,acc_z_mps2 and, if there
    was a gyroscope, gyr_x_radps,gyr_y_radps,gyr_z_radps; it may be gzipped.

    In every session that is found, also below a folder, reps.csv and sets.csv are
    written anew; with --out DIR sessions are left as they are.

    With --exercise auto a bare recording is analysed as what all its sets are
    proposed to be, or the likeliest of their family, or as hinge; a session stays
    what it was declared as, and a difference is said. With --out the proposals
    are kept in NAME.exercise.csv.

    Examples:
        imu analyze recordings/20261120T183005Z_back-extension
        imu analyze chest.csv.gz --exercise deadlift --min-set-reps 1
        imu analyze chest.csv.gz --exercise auto --mount +y,+z
        imu analyze dataset/ --out results/ --orientation
    """
    from imu.app.analyze import command
    from imu.review.settings import Wishes

    auto = exercise == AUTO
    row = None if exercise is None or auto else get_exercise(exercise)
    command(
        paths,
        Wishes(
            exercise=row, auto=auto, min_set_reps=min_set_reps, mount=mount_of(mount), out=out, orientation=orientation
        ),
    )


def import_(
    *,
    path: Annotated[Path, typer.Argument(metavar="FILE|FOLDER", help="A file, a zip, or a folder with the files.")],
    format_: Annotated[
        str,
        typer.Option(
            "--format", metavar="NAME", help="auto, sensor-logger, phyphox, metabase, polar, movesense, dot or csv."
        ),
    ] = AUTO,
    columns: Annotated[
        str | None,
        typer.Option(metavar="t=NAME,ax=NAME,...", help="For any CSV: its columns t, ax, ay, az, perhaps gx, gy, gz."),
    ] = None,
    units: Annotated[
        str,
        typer.Option(metavar="U,U,U", help="Theirs: s ms us ns, m/s2 g mg, rad/s dps mdps; s,m/s2,rad/s if not given."),
    ] = "",
    exercise: ExerciseName = "back-extension",
    mount: MountAxes = None,
    load: Load = None,
    person: Person = None,
    note: Annotated[str, typer.Option(metavar="TEXT", help="Anything worth knowing later.")] = "",
    out: Out = RECORDINGS,
    verbose: Verbose = False,
) -> None:
    """Make a session of what a phone or another program recorded, and count it.

    Known by themselves: Sensor Logger (with Total Acceleration switched on),
    phyphox (acceleration with g, and gyroscope), MbientLab MetaBase, Polar Sensor
    Logger, Movesense Showcase, Xsens / Movella DOT. What was assumed is said and
    kept in the notes. Units are checked against gravity; nothing is written if
    they cannot be right.

    Examples:
        imu import ~/Downloads/2026-11-20_18-30-05.zip --exercise deadlift
        imu import metabase-folder/ --mount +y,+z --load 10
        imu import log.csv --columns t=ms,ax=x,ay=y,az=z --units ms,g
        imu import log.csv --columns t=t,ax=x,ay=y,az=z,gx=p,gy=q,gz=r
    """
    from imu.app.importing import Told, command

    told = Told(
        exercise=exercise_of(exercise), format=format_, columns=columns, units=units, mount=mount_of(mount),
        load_kg=load, person=person, note=note,
    )  # fmt: skip
    command(path, told, out)


def evaluate(
    *,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FOLDER|SESSION...",
            help="Recordings with truth, or sessions labelled with imu label; simulated people if left out.",
        ),
    ] = None,
    exercise: Annotated[
        str | None,
        typer.Option("--exercise", "-e", metavar="NAME", help="Simulator: only this one. FOLDER: what was trained."),
    ] = None,
    min_set_reps: Annotated[
        int | None,
        typer.Option(min=1, max=100, metavar="N", help="FOLDER: fewer reps in a row are no set; 3 and 1 if not given."),
    ] = None,
    half: Annotated[
        str, typer.Option(metavar="all|even|odd|both", help="FOLDER: half of the people of each data set.")
    ] = "all",
    listed: Annotated[bool, typer.Option("--list", help="FOLDER: also name every recording that is wrong.")] = False,
    mount: Annotated[
        str | None,
        typer.Option(
            metavar="known|learned|both",
            help="Whether the analysis is told how the sensor sits; for FOLDER HEAD,CHEST.",
        ),
    ] = None,
    sets: Annotated[
        int, typer.Option(min=1, max=10_000, metavar="N", help="Simulator: recordings of each exercise.")
    ] = 10,
    seed: Annotated[int, typer.Option(min=0, metavar="N", help="Simulator: the first seed.")] = 5000,
    rate: Annotated[
        float | None, typer.Option(min=10.0, max=1000.0, metavar="HZ", help="Simulator: one rate for all sensors.")
    ] = None,
    robust: Annotated[
        bool, typer.Option("--robust", help="Simulator: also with lost packets, bad gyroscopes, straps far off.")
    ] = False,
    jobs: Annotated[int | None, typer.Option(min=1, metavar="N", help="Processes; one a core if not given.")] = None,
    short: Annotated[bool, typer.Option("--short", help="Only the tables a person reads first.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the tables as Markdown.")] = False,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write every figure and every run.")] = None,
    verbose: Verbose = False,
) -> None:
    """Measure how right the results are: counts, times, uncertainties, announcements.

    Sessions, or folders of them, are held against their labels: the count, and the
    times a person read, with limits of agreement; of repeated sessions of a person
    it says which change is more than scatter.

    Without a folder simulated people are counted, whose truth is exact. A folder
    of real recordings needs manifest.csv (recording,dataset,subject,kind[,exercise,
    notes]; kind is count, phase, negative, trap or orientation) and truth.csv
    (recording,start_s,end_s,reps,ambiguous), and may have phase_truth.csv
    (recording,lower_start_s,lower_end_s,raise_start_s,raise_end_s) and
    rep_times.csv (recording,bottom_s). A folder of recordings with
    opt_qw,opt_qx,opt_qy,opt_qz (and movement) is measured by its orientation.

    Examples:
        imu evaluate                                     ten simulated people of each exercise
        imu evaluate --sets 40 --robust --json all.json  more of them, also with things gone wrong
        imu evaluate --exercise deadlift --mount learned --rate 26
        imu evaluate recordings/                         against the labels that people gave
        imu evaluate dataset/ --exercise hinge --list
        imu evaluate dataset/ --exercise hinge --min-set-reps 1 --half both
    """
    from imu.app.evaluate import MOUNTS, Print, command_folder, command_labelled, command_simulated, half_of, styles_of
    from imu.app.labelled import is_labelled_folder
    from imu.errors import UsageError
    from imu.review.settings import Wishes

    give = Print(markdown=markdown, short=short, json=json)
    row = None if exercise is None else get_exercise(exercise)
    if not paths:
        command_simulated(
            sets=sets, seed=seed, styles=styles_of(row), mount=mount or "both", rate_hz=rate, robust=robust, jobs=jobs,
            give=give,
        )  # fmt: skip
        return
    if mount in MOUNTS and mount != "learned":
        raise UsageError(
            f"--mount {mount}: known, learned and both are for the simulator. For FOLDER write HEAD,CHEST such as "
            "+y,+z, or leave it out: then the mount is learned where no session says it."
        )
    wishes = Wishes(exercise=row, min_set_reps=min_set_reps, mount=mount_of(None if mount == "learned" else mount))
    side = half_of(half)
    if is_labelled_folder(paths):
        command_labelled(paths, jobs=jobs, give=give)
        return
    if len(paths) > 1:
        raise UsageError("Give one folder of recordings with truth, or sessions that were labelled with imu label.")
    command_folder(paths[0], wishes=wishes, half=side, listed=listed, jobs=jobs, give=give)


def replay(
    *,
    session: Annotated[Path, typer.Argument(metavar="SESSION", help="A session folder or a CSV file.")],
    speed: Speed = 1.0,
    exercise: Annotated[str | None, typer.Option("--exercise", "-e", metavar="NAME", help="What was trained.")] = None,
    verbose: Verbose = False,
) -> None:
    """Play a recording through the live view.

    Example:
        imu replay recordings/20261120T183005Z_back-extension --speed 4
    """
    from imu.app.replay import command

    command(session, speed=speed, exercise=None if exercise is None else exercise_of(exercise))


def simulate(
    *,
    exercise: SimulatedName = "back-extension",
    reps: Annotated[int, typer.Option(min=1, max=200, metavar="N", help="Repetitions in a set.")] = 10,
    sets: Annotated[int, typer.Option(min=1, max=20, metavar="N", help="Sets.")] = 1,
    seed: Seed = 1,
    rate: Annotated[float, typer.Option(min=10.0, max=1000.0, metavar="HZ", help="Samples a second.")] = 104.0,
    no_gyro: Annotated[bool, typer.Option("--no-gyro", help="A sensor with an accelerometer only.")] = False,
    out: Out = RECORDINGS,
    verbose: Verbose = False,
) -> None:
    """Write a synthetic session and its exact truth (truth.csv).

    Examples:
        imu simulate --reps 8 --sets 3
        imu simulate --exercise deadlift --seed 7 --no-gyro --out synthetic
    """
    from imu.app.simulate import command

    command(exercise_of(exercise), reps=reps, sets=sets, seed=seed, rate_hz=rate, gyroscope=not no_gyro, out=out)
