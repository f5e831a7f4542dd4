"""How the house is kept: what fits a screen, and what a reader can hold in mind at once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import trephine

SOURCE = Path(trephine.__file__).parent
MOST_LINES = 45
MOST_PARAMETERS = 8
MOST_LINES_OF_A_MODULE = 320

MANY_PARAMETERS = {
    "regression/coxnet_estimator.py CoxNetCVModel.__init__": (
        "scikit-learn clones and searches an estimator by the flat names of its parameters"
    ),
    "evaluation/calibration_curve.py calibration_curve": (
        "cluster, repeats, rng and level are keywords of their own in every measure of the face"
    ),
    "evaluation/decision_curve.py decision_curves": "as calibration_curve",
    "evaluation/reclassification_summary.py summarise_reclassification": "as calibration_curve",
}

LONG_MODULES = {
    "errors.py": "one contract, imported from everywhere",
    "facts/evaluation.py": "one contract: the declarations of what is judged",
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
