"""The command line. Nothing heavy is imported before a command runs, so that `imu --help` answers at once."""

# ruff: noqa: PLC0415 (the imports inside the commands are what keeps --help quick)

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from imu import __version__
from imu.errors import ImuError
from imu.exercises import EXERCISES, get_exercise

if TYPE_CHECKING:
    from imu.exercises import Exercise
    from imu.model import Mount

INTERRUPTED = 130
"""Exit code of a program ended by Ctrl-C (128 + SIGINT)."""
RECORDINGS = Path("recordings")
LIVE_PORT = 8770
"""Always the same, so that a page that was left open finds the program again."""
AUTO = "auto"
"""The name with which `imu analyze` proposes the exercise by itself."""


class _Commands(TyperGroup):
    """The commands, with our errors shown as one sentence instead of a traceback."""

    # Here and below: typer carries a click of its own, by one name or another, and its classes are Any.
    def get_params(self, ctx: Any) -> Any:  # noqa: ANN401
        """The options before the command."""
        return _without_type(super().get_params(ctx))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401
        """One command."""
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            _without_type(command.get_params(ctx))
        return command

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401
        try:
            return super().invoke(ctx)
        except ImuError as error:
            if _verbose():
                logging.getLogger("imu").exception("where it happened")
            typer.secho(f"error: {error}", err=True, fg="red")
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            typer.secho("\nstopped", err=True)
            raise typer.Exit(INTERRUPTED) from None


def _without_type(params: Any) -> Any:  # noqa: ANN401
    """Let the help of a switch not say `<bool>`."""
    for one in params:
        if getattr(one, "is_flag", False):
            one.metavar = ""
    return params


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _verbose() -> bool:
    return logging.getLogger("imu").isEnabledFor(logging.DEBUG)


def _log(on: bool) -> None:
    if on:
        logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(name)s %(levelname)s %(message)s")
        for room in ("imu", "firmware_proto", "bleak"):
            logging.getLogger(room).setLevel(logging.DEBUG)


def _version(on: bool) -> None:
    if on:
        typer.echo(f"imu {__version__}")
        raise typer.Exit


Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", callback=_log, help="Write a log to stderr, and tracebacks of errors.")
]
ExerciseName = Annotated[
    str, typer.Option("--exercise", "-e", metavar="NAME", help=f"What is trained: {', '.join(EXERCISES)}.")
]
SIMULATED = [key for key in EXERCISES if key != "hinge"]
"""`hinge` is any movement, and nobody does just any."""
SimulatedName = Annotated[
    str, typer.Option("--exercise", "-e", metavar="NAME", help=f"What is trained: {', '.join(SIMULATED)}.")
]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the session's folder is made.")]
MountAxes = Annotated[
    str | None,
    typer.Option(
        "--mount",
        metavar="HEAD,CHEST",
        help="Sensor axes that point towards the head and out of the chest, such as +y,+z; found out by itself if "
        "not given.",
    ),
]
SensorRate = Annotated[
    float | None,
    typer.Option(
        "--rate", min=1.0, metavar="HZ", help="Of the sensor, one that it offers; its usual one if not given."
    ),
]
Calibrate = Annotated[
    bool,
    typer.Option(
        "--calibrate",
        help="Begin with the straight line: hold the body in one straight line, still, for 3 s; tops are then measured "
        "from it.",
    ),
]
Load = Annotated[float | None, typer.Option(min=0.0, max=1000.0, metavar="KG", help="Weight held or worn.")]
TargetTempo = Annotated[
    str | None,
    typer.Option(metavar="L-B-L-T", help="Target: lower-bottom-lift-top in seconds, X as fast as possible."),
]
SetRest = Annotated[
    float | None, typer.Option(min=0.0, max=3600.0, metavar="S", help="Planned rest between sets, in seconds.")
]
TargetReps = Annotated[int | None, typer.Option("--reps", min=1, max=1000, metavar="N", help="Target count of a set.")]
SpokenAloud = Annotated[
    str,
    typer.Option(
        "--voice",
        metavar="off|count|coach",
        help="Say the count, or also how it was done, where this machine can speak; the bell rings where it cannot.",
    ),
]
Person = Annotated[str | None, typer.Option(metavar="PSEUDONYM", help="It is written into the session.")]
Seed = Annotated[int, typer.Option(min=0, metavar="N", help="Another seed is another person on another day.")]
Speed = Annotated[float, typer.Option(min=0.1, max=1000.0, metavar="N", help="N times faster than real time.")]


def _mount(axes: str | None) -> Mount | None:
    from imu.errors import UsageError
    from imu.model import Mount

    if axes is None:
        return None
    cranial, _, anterior = axes.replace(" ", "").lower().partition(",")
    try:
        return Mount.from_axes(cranial=cranial, anterior=anterior)
    except ValueError as error:
        raise UsageError(
            f"--mount {axes}: {error}. Name the axis towards the head, then the one out of the chest: --mount +y,+z."
        ) from None


def _exercise(name: str) -> Exercise:
    """The row of an exercise that has to be known beforehand."""
    from imu.errors import UsageError

    if name == AUTO:
        raise UsageError(
            "--exercise auto looks at whole sets, so it works afterwards, with imu analyze; here name the exercise, "
            "or hinge, any trunk hinge."
        )
    return get_exercise(name)


@app.callback(
    epilog="Start without a sensor: [bold]imu demo[/bold]. Help on one command: [bold]imu record --help[/bold]."
)
def _imu(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
    verbose: Verbose = False,
) -> None:
    """Back extensions, rep by rep, from one sensor on the chest.

    Examples:
        imu demo                         see the whole job done, no sensor needed
        imu record --load 10             record a session with the sensor in range
        imu analyze recordings/SESSION   count a recording again, and see every rep
    """


@app.command()
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


@app.command()
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


@app.command()
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
            _exercise(exercise), tempo, load_kg=load, set_rest_s=set_rest, target_reps=reps, person=person, note=note,
            out=out, duration_s=duration, mount=_mount(mount), rate_hz=rate, calibrate=calibrate,
        ),
        speaking(voice),
    )  # fmt: skip


@app.command()
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
        _exercise(exercise), tempo, load_kg=load, set_rest_s=set_rest, target_reps=reps, person=person, note=note,
        out=out, mount=_mount(mount), rate_hz=rate, calibrate=calibrate,
    )  # fmt: skip
    where = Where(lan=lan, port=port, tls=tls)
    if demo and sensor is not None:
        raise UsageError(f"--sensor {sensor} is a sensor in range; the demo's is chosen with --twin NAME.")
    if demo:
        command_demo(plan, where, twin=twin, seed=seed, speed=speed)
    else:
        command(sensor, plan, where)


@app.command()
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
        exercise=_exercise(exercise), load_kg=load, target_reps=reps, person=person, out=out, calibrate=calibrate
    )
    command(plan, sensor=sensor, reps=reps, seed=seed, speed=speed, display=speaking(voice))


@app.command()
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
            exercise=row, auto=auto, min_set_reps=min_set_reps, mount=_mount(mount), out=out, orientation=orientation
        ),
    )


@app.command("import")
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
        exercise=_exercise(exercise), format=format_, columns=columns, units=units, mount=_mount(mount), load_kg=load,
        person=person, note=note,
    )  # fmt: skip
    command(path, told, out)


@app.command()
def sessions(
    *,
    folder: Annotated[Path, typer.Argument(help="Where sessions are recorded.")] = RECORDINGS,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for other programs.")] = False,
    verbose: Verbose = False,
) -> None:
    """List sessions, the newest first: date, exercise, sets and reps, load, tempo, flags. Broken folders are named.

    Examples:
        imu sessions
        imu sessions my-recordings --json
    """
    from imu.app.sessions import command

    command(folder, as_json=as_json)


@app.command()
def label(
    *,
    session: Annotated[
        Path | None, typer.Argument(metavar="SESSION", help="A session folder; the latest session if left out.")
    ] = None,
    by: Annotated[str, typer.Option(metavar="PSEUDONYM", help="Who is labelling.")] = "",
    note: Annotated[str, typer.Option(metavar="TEXT", help="Written beside each label.")] = "",
    listed: Annotated[bool, typer.Option("--list", help="Only list the movements with their numbers.")] = False,
    accept: Annotated[list[int] | None, typer.Option(metavar="N", help="Movement N is a repetition.")] = None,
    reject: Annotated[list[str] | None, typer.Option(metavar="N=REASON", help="Movement N is none.")] = None,
    add: Annotated[
        list[str] | None, typer.Option(metavar="START-END", help="A repetition that was missed, in seconds.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--from", metavar="FILE.csv", help="Labels made elsewhere: start_s,end_s,verdict,...")
    ] = None,
    video_offset: Annotated[
        float, typer.Option(metavar="S", help="Add this to the times of --from and --add: session minus video time.")
    ] = 0.0,
    video_tap: Annotated[
        float | None,
        typer.Option(metavar="S", help="When the first of three taps is seen in the video, instead of --video-offset."),
    ] = None,
    verbose: Verbose = False,
) -> None:
    """Say what each movement was, by eye. Your word stands beside the program's, in labels.csv; nothing is replaced.

    Without --accept, --reject, --add or --from you are asked movement by movement, beside a plot of the trunk's angle.
    Three sharp taps on the sensor, seen in a video, tie its clock to the sensor's.

    Examples:
        imu label recordings/20261120T183005Z_back-extension --by anna
        imu label SESSION --list
        imu label SESSION --accept 3 --reject 5=SHALLOW --add 62.5-66.1
        imu label SESSION --from video.csv --video-tap 12.48
    """
    from imu.app.label import Wanted, command, rejection, span

    wanted = Wanted(
        by=by, note=note, accept=tuple(accept or ()), reject=tuple(map(rejection, reject or ())),
        add=tuple(map(span, add or ())), file=file, offset_s=video_offset, tap_in_video_s=video_tap,
    )  # fmt: skip
    command(session, wanted, folder=RECORDINGS, listed=listed)


@app.command()
def plot(
    *,
    sessions: Annotated[
        list[Path] | None,
        typer.Argument(metavar="SESSION", help="Session folders or CSV files; the latest session if left out."),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Ends in .png, .svg or .pdf; if left out, in the session's folder."),
    ] = None,
    figure: Annotated[
        str | None,
        typer.Option("--figure", "-f", metavar="NAME|all", help="Which picture; the angle over time if left out."),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="Name the pictures there are, and leave.")] = False,
    verbose: Verbose = False,
) -> None:
    """Draw a session: angle, tempo, top holds, form, ledger, link; several sessions: how they compare.

    Needs matplotlib, which the extra `plots` brings.

    Examples:
        imu plot                                   the latest, into its folder
        imu plot recordings/SESSION --figure tempo --save tempo.svg
        imu plot recordings/SESSION --figure all --save monday.png
        imu plot recordings --save sessions.png    all sessions over time
        imu plot --list
    """
    from imu.app.plot import command, show_list

    if listed:
        show_list()
        return
    command(sessions or [], folder=RECORDINGS, figure=figure, save=save)


@app.command()
def report(
    *,
    session: Annotated[
        Path | None,
        typer.Argument(metavar="SESSION", help="A session folder or a CSV file; the latest session if left out."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where; report.html in the session's folder if left out.")
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    verbose: Verbose = False,
) -> None:
    """Write a session as one page: summary, pictures, tables. For screen, phone and paper; needs no network.

    Needs matplotlib, which the extra `plots` brings.

    Examples:
        imu report --open
        imu report recordings/20261120T183005Z_back-extension --html monday.html
    """
    from imu.app.report import command

    command(session, folder=RECORDINGS, html=html, show=show)


@app.command()
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
    wishes = Wishes(exercise=row, min_set_reps=min_set_reps, mount=_mount(None if mount == "learned" else mount))
    side = half_of(half)
    if is_labelled_folder(paths):
        command_labelled(paths, jobs=jobs, give=give)
        return
    if len(paths) > 1:
        raise UsageError("Give one folder of recordings with truth, or sessions that were labelled with imu label.")
    command_folder(paths[0], wishes=wishes, half=side, listed=listed, jobs=jobs, give=give)


@app.command()
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

    command(session, speed=speed, exercise=None if exercise is None else _exercise(exercise))


@app.command()
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

    command(_exercise(exercise), reps=reps, sets=sets, seed=seed, rate_hz=rate, gyroscope=not no_gyro, out=out)


def main() -> NoReturn:
    """Entry point of the console script."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # an old console without our signs shows `?` and goes on
    app(prog_name="imu")
    raise AssertionError("unreachable: typer leaves by SystemExit")


if __name__ == "__main__":
    main()
