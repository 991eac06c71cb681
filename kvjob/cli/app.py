"""The program: its verbs, and how an error becomes a message and an exit code."""

import signal
import sys
import traceback
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.text import Text

from kvjob import __version__
from kvjob.cli import (
    compare,
    data,
    export,
    exporter,
    fetch,
    gc,
    logs,
    predict,
    preflight,
    prepare,
    report,
    run,
    study,
    train,
    verdict,
)
from kvjob.cli.last_words import leave_last_words
from kvjob.errors import ExitCode, KvjobError

app = typer.Typer(
    name="kvjob",
    help="Ablation studies of DeepLabV3+ on endoscopy images, from images to report.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(data.app, name="data")
app.command()(study.plan)
app.command()(run.run)
app.command()(train.train)
app.command()(study.status)
app.command()(logs.logs)
app.command()(preflight.preflight)
app.command()(prepare.prepare)
app.command()(verdict.verdict)
app.command()(report.report)
app.command()(compare.compare)
app.command()(exporter.exporter)
app.command()(fetch.fetch)
app.command()(gc.gc)
app.command()(predict.predict)
app.command()(export.export)

USAGE_ERROR: type[Any] = typer.BadParameter.__mro__[1]
"""What a wrong command line raises; typer carries its own copy of click and exports only this subclass."""

CTRL_C = 128 + signal.SIGINT
"""What typer makes of a KeyboardInterrupt, before anybody else can see it."""


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"kvjob {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Options before any verb."""


def main() -> NoReturn:
    """Run the command line; every failure is one message and an exit code of ExitCode."""
    # as Ctrl-C: the first process of a container would otherwise not even notice the signal
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code = app(standalone_mode=False)
        if code == CTRL_C:
            raise KeyboardInterrupt
    except KvjobError as error:
        _say(str(error))
        code = error.exit_code
    except USAGE_ERROR as error:
        where = f"{error.ctx.command_path}: " if error.ctx else ""
        _say(f"{where}{error.format_message()} See `kvjob --help`.")
        code = ExitCode.CONFIGURATION
    except (KeyboardInterrupt, typer.Abort):
        _say("stopped; run the same command again to go on")
        code = ExitCode.INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        code = ExitCode.OK
    except Exception:
        traceback.print_exc()
        _say("this is a defect of kvjob; please report it with the lines above")
        code = ExitCode.BUG
    sys.exit(int(code or 0))


def _say(message: str) -> None:
    leave_last_words(message)
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    console.print(Text.assemble(("error: ", "bold red"), message))
