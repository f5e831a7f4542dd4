"""Taking a TorchScript archive apart: its source is parsed before anything of it is opened."""

from __future__ import annotations

import ast
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from trephine.deep.archive_check import FILE_OPERATIONS
from trephine.deep.archive_parts import Refused, join_parts, parts_of
from trephine.errors import InputError

_SOURCE = re.compile(r"code/__torch__(?:/\w+)*\.py")
_PART = re.compile(
    rf"{_SOURCE.pattern}|data\.pkl|constants\.pkl|(?:data|constants)/\d{{1,6}}|version|byteorder"
    r"|\.data/serialization_id|\.format_version|\.storage_alignment"
)
# Left out of what is opened: line numbers of the sources, inputs it was traced with.
_NOT_NEEDED = re.compile(
    r"code/.*\.debug_pkl|attributes\.pkl\.debug_pkl|traced_inputs(?:\.pkl|/\d{1,6})"
)
_NEEDED = frozenset({"data.pkl", "constants.pkl", "version"})

_CALLED = frozenset({
    "annotate", "getattr", "hasattr", "len", "range", "int", "float", "bool", "str", "list",
    "dict", "min", "max", "abs", "round", "ord", "unchecked_cast", "uninitialized", "isinstance",
})  # fmt: skip
_HOOKS = frozenset({"__setstate__", "__getstate__", "__del__"})
_FOREIGN = re.compile(r"__torch__\.torch\.classes\b|ops\.(?!(?:prim|aten)\.\w+$)\w+\.")
_REFUSED_KINDS = re.compile(
    r"(?!aten::|prim::).*|prim::(?:PythonOp|CppOp|rpc_\w+|ModuleContainer\w*)"
    rf"|(?:aten|prim)::(?:{'|'.join(sorted(FILE_OPERATIONS))})"
)


def clean_script(content: bytes, name: str) -> bytes:
    """Return a TorchScript archive written anew from parts that were each checked.

    A script is a program: it may read and write files of its reader, even while it is loaded
    (``__setstate__``). Its source must parse, call nothing but torch's own operators and its own
    methods, and none that opens files.

    Raises
    ------
    InputError
        If anything in it is not known to be harmless, or it is damaged. The part is named.
    """
    try:
        parts = parts_of(content)
        kept = {path: part for path, part in parts.items() if not _NOT_NEEDED.fullmatch(path)}
        for path, part in kept.items():
            if not _PART.fullmatch(path):
                raise Refused("a part that no network needs", path)
            if _SOURCE.fullmatch(path):
                _check_source(part, path)
        if not set(kept) >= _NEEDED:
            raise zipfile.BadZipFile("it has no data")
        return join_parts(kept)
    except Refused as error:
        raise _refusal(name, error) from None
    except Exception as error:
        raise InputError(
            f"deep.backbone: {name} is damaged or no TorchScript file ({type(error).__name__}); a"
            " state dict goes into deep.weights"
        ) from None


def _refusal(name: str, error: Refused) -> InputError:
    return InputError(
        f"deep.backbone: {name} holds {error.what} ({error.part}), which is never run; export the"
        " network as ONNX"
    )


def _check_source(content: bytes, path: str) -> None:
    try:
        tree = ast.parse(content.decode("utf-8"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # A call into Python is written ^name(...), which is no Python.
        raise Refused("source that is not plain TorchScript", path) from None
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name in _HOOKS:
            raise Refused("code that runs when it is opened", path)
        if isinstance(node, ast.Attribute | ast.Name) and _last(node) in FILE_OPERATIONS:
            raise Refused("an operator that opens files", path)
        if isinstance(node, ast.Constant) and node.value in FILE_OPERATIONS:
            raise Refused("the name of an operator that opens files", path)
        if isinstance(node, ast.Attribute) and _FOREIGN.match(_dotted(node)):
            raise Refused("an object, or an operator of another library", path)
        if isinstance(node, ast.Call) and not _may_be_called(node.func):
            raise Refused("a call that is not one of torch's on tensors", path)
        if isinstance(node, ast.Import | ast.ImportFrom):
            raise Refused("an import", path)


def _may_be_called(called: ast.expr) -> bool:
    if isinstance(called, ast.Name):
        # _0: a function of the script's own that was given a name in front.
        return called.id in _CALLED or re.fullmatch(r"_\d+", called.id) is not None
    if not isinstance(called, ast.Attribute):
        return False
    name = _dotted(called)
    root, _, rest = name.partition(".")
    if root == "torch":
        return re.fullmatch(r"\w+", rest) is not None
    return True  # a method of the script's own, which is read like all of its source


def _last(node: ast.Attribute | ast.Name) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id


def _dotted(node: ast.expr) -> str:
    steps: list[str] = []
    while isinstance(node, ast.Attribute):
        steps.append(node.attr)
        node = node.value
    steps.append(node.id if isinstance(node, ast.Name) else "?")
    return ".".join(reversed(steps))


def check_graphs(module: Any, name: str) -> None:
    """Look through every method's graph of an opened script for what it must not do.

    The second look, at what torch made of the source.

    Raises
    ------
    InputError
        If an operator is none of torch's on tensors, or opens files.
    """
    for path, inner in module.named_modules():
        for method in inner._c._method_names():
            graph = inner._c._get_method(method).inlined_graph
            for kind in _kinds(graph):
                if _REFUSED_KINDS.fullmatch(kind):
                    raise _refusal(name, Refused("the operator " + kind, f"{path}.{method}"))


def _kinds(block: Any) -> Iterator[str]:
    for node in block.nodes():
        yield node.kind()
        for inner in node.blocks():
            yield from _kinds(inner)
        for attribute in node.attributeNames():
            if node.kindOf(attribute) == "g":
                yield from _kinds(node.g(attribute))
