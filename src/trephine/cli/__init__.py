"""The command line: one small file a verb, no arithmetic."""

from __future__ import annotations

import sys

import typer

from trephine import __version__
from trephine.cli.agree import agree
from trephine.cli.check import check
from trephine.cli.convert import convert
from trephine.cli.deidentify import deidentify
from trephine.cli.demo import demo
from trephine.cli.pacs import pacs
from trephine.cli.predict import predict
from trephine.cli.report import report
from trephine.cli.run import run
from trephine.cli.terminal import complain
from trephine.errors import TrephineError

app = typer.Typer(
    name="trephine",
    help="From radiographs, regions of interest and a clinical table to a survival nomogram.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog="Research use only: not a medical device.",
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"trephine {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version."
    ),
) -> None:
    """Options that stand before the verb."""


for verb in (demo, check, run, report, predict, convert, agree, deidentify):
    app.command()(verb)
app.add_typer(pacs)


def main() -> None:
    """Run the command line; a mistake in the input exits with 2 and no traceback."""
    try:
        app()
    except TrephineError as error:
        complain(error)
        sys.exit(2)
    except KeyboardInterrupt:
        typer.echo("Stopped. The same command goes on where it stopped.", err=True)
        sys.exit(130)
