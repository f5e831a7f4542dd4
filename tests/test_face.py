"""What `import trephine` and its rooms give by name."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import trephine
from study.small_study import write_table_study

PACKAGES = [
    "trephine",
    *(
        f"trephine.{room}"
        for room in ("cohort", "evaluation", "group_tests", "regression", "selection", "survival")
    ),
]
OF_A_STUDY = ["Study", "predict_case", "validate_bundle"]
HEAVY = {"matplotlib", "numpy", "pandas", "pydantic", "scipy", "sklearn", "torch"}


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("name", PACKAGES)
def test_type_checkers_see_the_names_that_a_package_gives(name: str) -> None:
    package = importlib.import_module(name)
    tree = ast.parse(Path(str(package.__file__)).read_text(encoding="utf-8"))
    shown = {
        (alias.asname, f"{part.module}.{alias.name}")
        for block in tree.body
        if isinstance(block, ast.If)
        for part in block.body
        if isinstance(part, ast.ImportFrom)
        for alias in part.names
    }
    given = {(name, f"{home}.{name}") for name, home in package._homes.items()}
    assert shown == given
    assert set(package.__all__) == {name for name, _ in given} <= set(dir(package))


@pytest.mark.parametrize("name", PACKAGES)
def test_every_name_that_a_package_gives_is_its_modules_own(name: str) -> None:
    package = importlib.import_module(name)
    for each, home in package._homes.items():
        assert getattr(package, each) is getattr(importlib.import_module(home), each)


def test_a_function_is_given_even_where_its_module_of_the_same_name_was_imported_first() -> None:
    told = run(
        "import trephine.evaluation.brier_score, trephine.survival.kaplan_meier\n"
        "from trephine.evaluation import brier_score\n"
        "from trephine.survival import kaplan_meier\n"
        "import trephine.evaluation.brier_score\n"
        "print(type(brier_score).__name__, type(kaplan_meier).__name__,"
        " type(trephine.evaluation.brier_score).__name__)"
    )
    assert told == "function function function"


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(AttributeError, match="module 'trephine' has no attribute 'nonsense'"):
        trephine.nonsense  # noqa: B018
    with pytest.raises(ImportError):
        exec("from trephine.evaluation import nonsense")


def test_importing_the_package_imports_nothing_heavy() -> None:
    rooms = ", ".join(PACKAGES)
    assert run(f"import sys, {rooms}\nprint(sorted({HEAVY!r} & set(sys.modules)))") == "[]"


def test_an_extraction_worker_imports_neither_matplotlib_nor_the_report() -> None:
    code = (
        "import sys, trephine.study.extraction.whole_study\n"
        "print([name for name in sorted(sys.modules)"
        " if name.startswith(('matplotlib', 'trephine.report', 'trephine.cli'))])"
    )
    assert run(code) == "[]"


def test_the_page_on_python_lists_every_name_by_its_task_and_no_other() -> None:
    page = (Path(__file__).parent.parent / "docs" / "python.md").read_text(encoding="utf-8")
    table = page.partition("## The names, by task")[2].partition("The rooms")[0]
    rows = [line for line in table.splitlines() if line.startswith("|")]
    assert sorted(re.findall(r"`(\w+)`", "\n".join(rows))) == sorted(trephine.__all__)


def examples_of(name: str) -> list[doctest.DocTest]:
    finder = doctest.DocTestFinder(recurse=False)
    return [test for test in finder.find(getattr(trephine, name), name, globs={}) if test.examples]


def hold(name: str) -> None:
    """Run a name's example and compare what it prints."""
    tests = examples_of(name)
    assert tests, f"{name} has no example"
    for test in tests:
        said: list[str] = []
        runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
        failed = runner.run(test, out=said.append).failed
        assert not failed, "".join(said)


@pytest.mark.parametrize("name", sorted({*trephine.__all__} - {*OF_A_STUDY, "Embedder"}))
def test_the_example_of_every_name_runs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    hold(name)


def test_the_example_of_the_embedder_runs() -> None:
    pytest.importorskip("torch")
    hold("Embedder")


def test_the_examples_of_a_study_run_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trephine.executors.available_workers", lambda: 1)
    monkeypatch.chdir(tmp_path)
    study = write_table_study(tmp_path, features=8)
    write_table_study(tmp_path / "outside", features=8)
    study.table().head(1).to_csv("case.csv", index=False)
    study.table("features.csv").tail(1).to_csv("case-features.csv", index=False)
    for name in OF_A_STUDY:
        hold(name)
