"""The command line: one small file a verb, no arithmetic.

A verb imports what it needs when it runs, so that ``trephine --help`` answers at once.
"""

from __future__ import annotations

import sys

import typer

from trephine import __version__
from trephine.cli.agree import agree
from trephine.cli.check import check
from trephine.cli.convert import convert
from trephine.cli.deidentify import deidentify
from trephine.cli.demo import demo
from trephine.cli.doctor import doctor
from trephine.cli.extract import extract
from trephine.cli.new import new
from trephine.cli.pacs import pacs
from trephine.cli.plan_size import plan_size
from trephine.cli.predict import predict
from trephine.cli.report import report
from trephine.cli.run import run
from trephine.cli.terminal import complain
from trephine.cli.validate import validate
from trephine.errors import InputError, TrephineError

app = typer.Typer(
    name="trephine",
    help="From radiographs, regions of interest and a clinical table to a survival nomogram.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog="Research use only: not a medical device.",
)

_PANELS = {
    "A study": (demo, plan_size, new, check, run, report, predict, validate),
    "Images and regions": (agree, extract, convert, deidentify),
    "This installation": (doctor,),
}


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


for panel, verbs in _PANELS.items():
    for verb in verbs:
        app.command(rich_help_panel=panel)(verb)
    if panel == "Images and regions":
        app.add_typer(pacs, rich_help_panel=panel)


def main() -> None:
    """Run the command line; a mistake in the input exits with 2 and no traceback."""
    try:
        app()
    except TrephineError as error:
        complain(error)
        sys.exit(2)
    except OSError as error:
        if error.filename is None:
            raise
        complain(InputError(f"{error.filename}: {(error.strerror or 'cannot be used').lower()}"))
        sys.exit(2)
