"""Files are opened where a death costs one answer."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from importlib import import_module
from pathlib import Path
from time import sleep
from types import ModuleType
from typing import Any, ClassVar

import anyio
import pytest

from trephine.errors import InputError, WorkerError
from trephine.serve.desk import data_routes, folder_routes
from trephine.serve.desk.annotate import benches, routes
from trephine.serve.desk.aside import Aside, ByName
from trephine.study.shelf.studies import look_through


@pytest.mark.slow
def test_a_process_outlives_the_thread_that_asked_and_its_death_costs_one_answer() -> None:
    aside = Aside(60.0, 8 << 30)
    try:
        found: list[int] = []
        for _ in range(2):
            thread = threading.Thread(target=lambda: found.append(aside._asked(os.getpid, ())))
            thread.start()
            thread.join()
        assert set(found).isdisjoint({os.getpid()})
        with pytest.raises(WorkerError, match="the process that read them ended"):
            anyio.run(aside.ask, os._exit, 3)
        with pytest.raises(InputError, match="expected a folder"):
            anyio.run(aside.ask, look_through, Path("/no/such/folder"))
    finally:
        aside.end()


@pytest.mark.slow
def test_what_takes_too_long_is_given_up() -> None:
    aside = Aside(2.0, 8 << 30)
    try:
        with pytest.raises(WorkerError, match="within 2 seconds"):
            anyio.run(aside.ask, sleep, 60)
    finally:
        aside.end()


STARTED = """
import sys
import trephine.cli.desk, trephine.serve.desk.run
print(*sorted({"pandas", "numba", "scipy", "trephine.imaging", "trephine.plan"} & set(sys.modules)))
"""


# What the drawing page's server is answered by other processes, it makes again.
DRAWN = """
import sys
import trephine.serve.desk.annotate.run, trephine.study.annotating.picture_facts
print(*sorted({"pandas", "numba", "scipy", "trephine.imaging", "trephine.plan"} & set(sys.modules)))
"""


# So are the looks at a table, and what a page chose is sent to them.
LOOKED = """
import sys
import trephine.serve.desk.app, trephine.study.editing.looks, trephine.study.editing.stored_table
print(*sorted({"pandas", "numba", "scipy", "trephine.imaging", "trephine.plan"} & set(sys.modules)))
"""


@pytest.mark.parametrize("program", [STARTED, DRAWN, LOOKED])
def test_a_desk_starts_without_what_reads_tables_and_images(program: str) -> None:
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    assert said.stdout.split() == []


@pytest.mark.parametrize("module", [routes, benches, data_routes, folder_routes])
def test_functions_that_are_asked_by_name_are_there(module: ModuleType) -> None:
    named = [one for one in vars(module).values() if isinstance(one, ByName)]
    assert named
    for one in named:
        assert callable(getattr(import_module(one.module), one.name))


NEEDED = """
import sys
import trephine.serve.answers, trephine.serve.aside_models, trephine.serve.desk.model_routes
import trephine.serve.uploads, trephine.study.locked.apart, trephine.study.shelf.finished
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def test_a_page_that_shows_and_predicts_by_a_model_needs_nothing_that_models_need() -> None:
    """What takes seconds and hundreds of megabytes is loaded where files are opened, not here."""
    done = subprocess.run(
        [sys.executable, "-c", NEEDED], capture_output=True, text=True, check=True
    )
    heavy = {"numba", "scipy", "sklearn", "SimpleITK", "pydicom", "matplotlib", "torch"}
    assert heavy.isdisjoint(done.stdout.split())


class Counting(Aside):
    """Counts what its processes are sent, and starts none."""

    sent: ClassVar[list[tuple[object, ...]]] = []

    def _submit(self, function: object, given: tuple[object, ...]) -> Any:
        self.sent.append(given)


def test_what_reads_tables_is_loaded_once_before_anybody_asks() -> None:
    aside = Counting(60.0, 8 << 30)
    aside.warm("trephine.study.editing.data_look")
    aside.warm("trephine.study.editing.data_look")
    aside.end()
    assert aside.sent == [("trephine.study.editing.data_look",)]
