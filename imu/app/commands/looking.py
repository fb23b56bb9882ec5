"""Commands that look back at sessions."""

# ruff: noqa: PLC0415 (the imports inside the commands are what keeps --help quick)

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from imu.app.commands.options import RECORDINGS, Verbose


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
