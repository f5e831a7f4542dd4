"""How the house is kept: what fits a screen, and what a reader can hold in mind at once."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import trephine

SOURCE = Path(trephine.__file__).parent
MOST_LINES = 45
MOST_PARAMETERS = 8
MOST_LINES_OF_A_MODULE = 320
MOST_LINES_OF_A_TEST = 450

MANY_PARAMETERS = {
    "regression/coxnet_estimator.py CoxNetCVModel.__init__": (
        "scikit-learn clones and searches an estimator by the flat names of its parameters"
    ),
    "evaluation/calibration_curve.py calibration_curve": (
        "cluster, repeats, rng and level are keywords of their own in every measure of the face"
    ),
    "evaluation/benefit_gain.py net_benefit_gain": "as calibration_curve",
    "evaluation/decision_curve.py decision_curves": "as calibration_curve",
    "evaluation/reclassification_summary.py summarise_reclassification": "as calibration_curve",
}

LONG_MODULES = {
    "errors.py": "one contract, imported from everywhere",
    "facts/evaluation.py": "one contract: the declarations of what is judged",
    "facts/__init__.py": "one contract: all that a report shows",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules() -> Iterator[tuple[str, str]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield path.relative_to(SOURCE).as_posix(), path.read_text(encoding="utf-8")


def functions(tree: ast.AST, inside: str = "") -> Iterator[tuple[str, Function]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield from functions(node, f"{inside}{node.name}.")
        elif isinstance(node, Function):
            yield f"{inside}{node.name}", node
            yield from functions(node, f"{inside}{node.name}.")
        else:
            yield from functions(node, inside)


def is_kernel(function: Function) -> bool:
    """Say whether numba compiles it."""
    return any("jit" in ast.dump(decorator) for decorator in function.decorator_list)


def code_lines(function: Function, lines: list[str]) -> int:
    """Return the lines that hold code: no blank ones, no comments, no docstring."""
    first = function.body[0]
    documented = ast.get_docstring(function, clean=False) is not None
    docstring = range(first.lineno, (first.end_lineno or 0) + 1) if documented else range(0)
    return sum(
        number not in docstring and bool(text := lines[number - 1].strip()) and text[0] != "#"
        for number in range(function.lineno, (function.end_lineno or 0) + 1)
    )


def parameters(function: Function) -> int:
    given = function.args
    names = [a.arg for a in (*given.posonlyargs, *given.args)]
    return len(names) + len(given.kwonlyargs) - (names[:1] in (["self"], ["cls"]))


def too_long_or_wide(source: str) -> dict[str, tuple[int, int]]:
    lines = source.splitlines()
    sizes = {
        name: (code_lines(function, lines), parameters(function))
        for name, function in functions(ast.parse(source))
        if not is_kernel(function)
    }
    return {
        n: size for n, size in sizes.items() if size[0] > MOST_LINES or size[1] > MOST_PARAMETERS
    }


def test_the_measure_counts_code_and_parameters_and_leaves_kernels_alone() -> None:
    body = "\n".join(f"    x{k} = {k}" for k in range(MOST_LINES))
    long = f'def long(a):\n    """One.\n\n    Two.\n    """\n    # why\n\n{body}\n'
    wide = "class C:\n    def wide(self, a, b, c, d, e, f, g, h, *, i):\n        return a\n"
    eight = "def eight(a, b, c, d, e, f, g, h):\n    return a\n"
    kernel = "@numba.njit(cache=True)\n" + long.replace("long", "kernel")
    found = too_long_or_wide(long + wide + eight + kernel)
    assert found == {"long": (MOST_LINES + 1, 1), "C.wide": (2, 9)}


def test_a_function_fits_a_screen_and_takes_few_parameters() -> None:
    long, wide = {}, set()
    for module, source in modules():
        for name, (n_lines, n_parameters) in too_long_or_wide(source).items():
            if n_lines > MOST_LINES:
                long[f"{module} {name}"] = n_lines
            # A command's parameters are its options.
            if n_parameters > MOST_PARAMETERS and not module.startswith("cli/"):
                wide.add(f"{module} {name}")
    assert long == {}
    assert wide == set(MANY_PARAMETERS), "each needs a reason in MANY_PARAMETERS"


def test_a_module_holds_one_idea() -> None:
    long = {
        module: count
        for module, source in modules()
        if (count := len(source.splitlines())) > MOST_LINES_OF_A_MODULE
    }
    assert long.keys() == LONG_MODULES.keys(), "each needs a reason in LONG_MODULES"


def test_a_file_of_tests_holds_one_idea() -> None:
    tests = Path(__file__).parent
    sizes = {
        path.relative_to(tests).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in tests.rglob("*.py")
    }
    assert "test_house.py" in sizes
    assert {name: size for name, size in sizes.items() if size > MOST_LINES_OF_A_TEST} == {}


def type_names(module: str, tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield the name of each class and alias, and where it is made.

    Type variables are no types, and an annotation of a verb's option is its parameter's: several
    modules may have one of a name, and then count as one place.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield node.name, f"{module}:{node.lineno}"
    for statement in tree.body:
        for name in assigned(statement):
            if re.match("_?[A-Z][a-z]", name):
                value = ast.unparse(statement)
                if "= TypeVar(" in value:
                    yield name, "type variable"
                elif module.startswith("cli/") and "= Annotated[" in value:
                    yield name, "option"
                else:
                    yield name, f"{module}:{statement.lineno}"


def assigned(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.Assign):
        return [target.id for target in statement.targets if isinstance(target, ast.Name)]
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return [statement.target.id]
    return []


def made_twice(sources: dict[str, str]) -> dict[str, set[str]]:
    places: dict[str, set[str]] = defaultdict(set)
    for module, source in sources.items():
        for name, place in type_names(module, ast.parse(source)):
            places[name].add(place)
    return {name: found for name, found in places.items() if len(found) > 1}


def test_a_name_that_is_made_twice_is_seen() -> None:
    sources = {
        "a.py": "class Term:\n    pass\n\nRow = TypeVar('Row')\nKind = Literal['x']\n",
        "b.py": "class Outer:\n    class Term:\n        pass\n\nRow = TypeVar('Row')\n",
        "c.py": "Kind: TypeAlias = Literal['y']\nTerms = 3\n",
        "cli/d.py": "Key = Annotated[str, 1]\n",
        "cli/e.py": "Key = Annotated[int, 1]\n",
    }
    assert made_twice(sources) == {"Term": {"a.py:1", "b.py:2"}, "Kind": {"a.py:5", "c.py:1"}}
    assert set(made_twice({**sources, "f.py": "class Row:\n    pass\nKey = int\n"})) == {
        "Key",
        "Kind",
        "Row",
        "Term",
    }


def test_the_name_of_a_type_means_one_thing_in_the_whole_program() -> None:
    assert made_twice(dict(modules())) == {}


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def private_names_of_others(source: str) -> set[str]:
    """Return private names of other modules of the package that a module uses."""
    tree = ast.parse(source)
    taken = [
        (node.module or "", alias)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("trephine")
        for alias in node.names
    ]
    imported = {alias.asname or alias.name for _, alias in taken}
    found = {alias.name for _, alias in taken if is_private(alias.name)}
    found |= {home for home, _ in taken if any(map(is_private, home.split(".")))}
    return found | {
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and is_private(node.attr)
        and isinstance(node.value, ast.Name)
        and node.value.id in imported
    }


def test_no_module_uses_what_is_private_to_another() -> None:
    source = (
        "from trephine.a import _b, c\nfrom trephine._d import e\nfrom numpy import _f\n"
        "c._g\nself._h\nc.__doc__\n"
    )
    assert private_names_of_others(source) == {"_b", "trephine._d", "c._g"}
    assert {m: found for m, s in modules() if (found := private_names_of_others(s))} == {}
