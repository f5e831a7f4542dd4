"""The command line: one small file a verb, no arithmetic.

A verb imports what it needs when it runs, so that ``trephine --help`` answers at once.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import typer

from trephine import __version__
from trephine.cli.agree import agree
from trephine.cli.annotate import annotate
from trephine.cli.check import check
from trephine.cli.convert import convert
from trephine.cli.deidentify import deidentify
from trephine.cli.demo import demo
from trephine.cli.desk import desk
from trephine.cli.doctor import doctor
from trephine.cli.ending.libraries import libraries_quiet, told
from trephine.cli.ending.mistakes import in_words
from trephine.cli.ending.stopping import Stopped, asked_to_stop, signals_heeded
from trephine.cli.export_calculator import export_calculator
from trephine.cli.extract import extract
from trephine.cli.merge import merge
from trephine.cli.new import new
from trephine.cli.pacs import pacs
from trephine.cli.plan_size import plan_size
from trephine.cli.predict import predict
from trephine.cli.report import report
from trephine.cli.run import run
from trephine.cli.serve import serve
from trephine.cli.sign import sign
from trephine.cli.terminal import complain, errors, notes_shown, take_leave
from trephine.cli.tidy import tidy
from trephine.cli.unusual import unusual
from trephine.cli.validate import validate

app = typer.Typer(
    name="trephine",
    help="From radiographs, regions of interest and a clinical table to a survival nomogram.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog="Research use only: not a medical device.",
)

_PANELS = {
    "A study": (demo, desk, plan_size, new, tidy, check, run, report),
    "A model": (predict, validate, sign, export_calculator, serve),
    "Images and regions": (annotate, agree, unusual, extract, merge, convert, deidentify),
    "This installation": (doctor,),
}


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"trephine {__version__}")
        raise typer.Exit


_verbose = False


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version."
    ),
    verbose: bool = typer.Option(
        False, "--verbose", help="Report at the end how many warnings libraries gave."
    ),
) -> None:
    """Options that stand before the verb."""
    global _verbose
    _verbose = verbose


for panel, verbs in _PANELS.items():
    for verb in verbs:
        app.command(rich_help_panel=panel)(verb)
    if panel == "Images and regions":
        app.add_typer(pacs, rich_help_panel=panel)


def main() -> None:
    """Run the command line; a mistake in the input exits with 2 and no traceback."""
    with signals_heeded(), notes_shown(), libraries_quiet() as counts:
        try:
            try:
                app()
            finally:
                if _verbose:
                    errors.print(told(counts), soft_wrap=True)
        except Stopped as stop:
            take_leave()
            _end(stop.exit_code)
        except Exception as error:
            number = asked_to_stop()
            if number is not None:  # a worker that was stopped too was the first to be missed
                take_leave()
                _end(Stopped(number).exit_code)
            worded = in_words(error)
            if worded is None:
                raise
            complain(worded)
            sys.exit(2)


def _end(code: int) -> NoReturn:
    """End after a signal: at once where this is the whole program.

    What libraries tidy up as Python ends takes seconds, and fails aloud where a signal to the
    group has ended their helpers.
    """
    if getattr(sys.modules["__main__"], "main", None) is not main:
        sys.exit(code)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
