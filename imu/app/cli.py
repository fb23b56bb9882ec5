"""The command line. Nothing heavy is imported before a command runs, so that `imu --help` answers at once."""

from __future__ import annotations

import logging
import sys
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from imu import __version__
from imu.app.commands import files, looking, sensor
from imu.app.commands.options import Verbose, is_verbose
from imu.errors import ImuError

INTERRUPTED = 130
"""Exit code of a program ended by Ctrl-C (128 + SIGINT)."""


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
            if is_verbose():
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


def _version(on: bool) -> None:
    if on:
        typer.echo(f"imu {__version__}")
        raise typer.Exit


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


for _one in (
    sensor.scan, sensor.conform, sensor.record, sensor.live, sensor.demo,
    files.analyze, files.import_, looking.sessions, looking.label, looking.plot, looking.report,
    files.evaluate, files.replay, files.simulate,
):  # fmt: skip
    app.command(_one.__name__.rstrip("_"))(_one)


def main() -> NoReturn:
    """Entry point of the console script."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # an old console without our signs shows `?` and goes on
    app(prog_name="imu")
    raise AssertionError("unreachable: typer leaves by SystemExit")


if __name__ == "__main__":
    main()
