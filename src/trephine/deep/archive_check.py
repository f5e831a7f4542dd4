"""Taking a ``torch.export`` archive apart and putting together only what is known to be no code."""

from __future__ import annotations

import ast
import io
import json
import re
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import torch

from trephine.deep.archive_parts import Refused, join_parts, parts_of
from trephine.errors import InputError

_WEIGHTS = "data/weights/model_weights_config.json"
_CONSTANTS = "data/constants/model_constants_config.json"
_GRAPH = "models/model.json"
_SAMPLE = "data/sample_inputs/model.pt"
_NEEDED = frozenset({_WEIGHTS, _CONSTANTS, _GRAPH, _SAMPLE, "archive_format"})
# Whole paths below the archive's root folder. What is on no line here is refused.
_PART = re.compile(
    r"archive_format|archive_version|byteorder|version|\.data/(?:version|serialization_id)"
    rf"|{re.escape(_WEIGHTS)}|{re.escape(_CONSTANTS)}|{re.escape(_GRAPH)}|{re.escape(_SAMPLE)}"
    r"|data/weights/weight_\d{1,6}|data/constants/tensor_\d{1,6}"
)
_STATED = re.compile(rb"[\w.\n-]{0,64}")

_SYMBOL = re.compile(r"(?:s|u|zuf)\d{1,9}")
_FUNCTIONS = frozenset({
    "Symbol", "Integer", "Float", "Rational", "Add", "Mul", "Max", "Min", "Mod", "PythonMod",
    "FloorDiv", "CleanDiv", "CeilDiv", "IntTrueDiv", "FloatTrueDiv", "TruncToInt", "ToFloat",
    "Identity", "Abs", "Eq", "Ne", "Lt", "Le", "Gt", "Ge", "And", "Or", "Not",
})  # fmt: skip
_KEYWORDS = frozenset({"positive", "integer", "nonnegative", "real", "evaluate"})
_EXPRESSION_NODES = (
    ast.Expression, ast.BinOp, ast.UnaryOp, ast.Compare, ast.Load, ast.Add, ast.Sub, ast.Mult,
    ast.USub, ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.keyword,
)  # fmt: skip
_LONGEST_EXPRESSION = 2000
_DEEPEST = 100

_ATEN = re.compile(r"torch\.ops\.aten\.(\w+)\.(\w+)")
_SCALAR = re.compile(
    r"_operator\.(?:add|sub|mul|floordiv|truediv|mod|neg|getitem|eq|ne|lt|le|gt|ge)"
    r"|torch\.sym_(?:int|float|max|min|not|sqrt|ite|sum)|math\.(?:ceil|floor|trunc)"
)
# What reads or writes the reader's files; `script_check` refuses the same.
FILE_OPERATIONS = frozenset({"from_file", "save", "load", "_save", "_load"})
_PLAIN_TREES = frozenset({"builtins.tuple", "builtins.list", "builtins.dict", None})


def clean_archive(content: bytes, name: str) -> bytes:
    """Return a ``torch.export`` archive written anew from parts that were each checked.

    ``torch.export.load`` unpickles sample inputs and some tensors without restriction, evaluates
    size expressions and guards, and looks operators up by any name. So parts are allowed by their
    whole path alone; whatever was pickled is read with ``weights_only`` and pickled again here;
    guards and stack traces are dropped; operators, size expressions and trees are parsed and
    held to what a network needs.

    Parameters
    ----------
    content
        The file's bytes.
    name
        Of the file, for messages.

    Raises
    ------
    InputError
        If anything in it is not known to be harmless, or it is damaged. The part is named.
    """
    try:
        return join_parts(_checked(parts_of(content)))
    except Refused as error:
        raise InputError(
            f"deep.backbone: {name} holds {error.what} ({error.part}), which is never run; export"
            " the network with torch.export.save, or better as ONNX"
        ) from None
    # Whatever a hostile archive provokes in a library, it is refused.
    except Exception as error:
        raise InputError(
            f"deep.backbone: {name} is damaged or no torch.export archive ({type(error).__name__})"
        ) from None


def _checked(parts: Mapping[str, bytes]) -> dict[str, bytes]:
    if not set(parts) >= _NEEDED:
        # Also where the directory at the end is missing and that of an archive inside was found.
        raise zipfile.BadZipFile("a part is missing")
    for path, content in parts.items():
        if not _PART.fullmatch(path):
            raise Refused("a part that no network needs: compiled code or an object", path)
        if "/" not in path.removeprefix(".data/") and not _STATED.fullmatch(content):
            raise Refused("more than a version", path)
    made = dict(parts)
    pickled = {_SAMPLE, *_checked_tensors(parts, _WEIGHTS), *_checked_tensors(parts, _CONSTANTS)}
    for path in pickled:
        made[path] = _pickled_again(parts[path], path)
    made[_GRAPH] = json.dumps(_Graph().cleaned(_json(parts[_GRAPH], _GRAPH))).encode()
    return made


def _json(content: bytes, path: str) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            raise Refused("a key twice", path)
        return made

    return json.loads(content.decode("utf-8"), object_pairs_hook=once)


def _checked_tensors(parts: Mapping[str, bytes], path: str) -> list[str]:
    """Return the parts that a list of tensors calls pickled; all that it names must be there."""
    folder = path.rpartition("/")[0]
    pickled = []
    for entry in _json(parts[path], path)["config"].values():
        part = f"{folder}/{entry['path_name']}"
        if not re.fullmatch(r".*/(?:weight|tensor)_\d{1,6}", part) or part not in parts:
            raise Refused("a tensor in another place", path)
        if entry["use_pickle"] is not False:
            pickled.append(part)
    return pickled


def _pickled_again(content: bytes, path: str) -> bytes:
    try:
        value = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception:
        raise Refused("a pickle with code or objects", path) from None
    made = io.BytesIO()
    torch.save(value, made)
    return made.getvalue()


class _Graph:
    """The description of a graph, walked once: what may run is refused, text is dropped."""

    def __init__(self) -> None:
        self._rules: dict[str, Callable[[Any], Any]] = {
            "expr_str": _size,
            "target": _operator,
            "in_spec": _tree,
            "out_spec": _tree,
            "guards_code": lambda _: [],
            "as_graph": _nothing,
            "as_custom_obj": _nothing,
            "as_operator": _nothing,
            "custom_obj": _nothing,
            "as_opaque": _nothing,
        }

    def cleaned(self, value: Any, depth: int = 0) -> Any:
        """Return a JSON value as it may be handed on."""
        if depth > _DEEPEST:
            raise Refused("a graph nested too deep", _GRAPH)
        if isinstance(value, list):
            return [self.cleaned(inner, depth + 1) for inner in value]
        if not isinstance(value, dict):
            return value
        made = {}
        for key, inner in value.items():
            if key in self._rules:
                made[key] = self._rules[key](inner)
            elif key == "metadata":
                made[key] = _only_modules(inner)
            else:
                made[key] = self.cleaned(inner, depth + 1)
        return made


def _only_modules(metadata: Any) -> dict[str, str]:
    """Keep which module an operation came from, by which layers are chosen; drop the rest."""
    stack = metadata.get("nn_module_stack") if isinstance(metadata, dict) else None
    return {"nn_module_stack": stack} if isinstance(stack, str) else {}


def _nothing(value: Any) -> Any:
    if value:
        raise Refused("an object or a graph inside the graph", _GRAPH)
    return value


def _operator(target: Any) -> str:
    found = _ATEN.fullmatch(target) if isinstance(target, str) else None
    if found and found[1] not in FILE_OPERATIONS:
        packet = getattr(torch.ops.aten, found[1], None)
        # By its kind, so that no other attribute of a packet passes for an overload.
        if isinstance(getattr(packet, found[2], None), torch._ops.OpOverload):
            return str(target)
    if isinstance(target, str) and _SCALAR.fullmatch(target):
        return target
    raise Refused("an operator that is not one of torch's on tensors", _GRAPH)


def _tree(text: Any) -> Any:
    """Refuse structures of inputs and outputs other than tuples, lists and dictionaries."""

    def walk(node: Any) -> None:
        if node["type"] not in _PLAIN_TREES:
            raise Refused("an input or output of another kind", _GRAPH)
        for child in node["children_spec"]:
            walk(child)

    if text:
        walk(_json(str(text).encode(), _GRAPH)[1])
    return text


def _size(expression: Any) -> str:
    """Refuse a size expression that is more than sums and products of sizes."""
    if isinstance(expression, str) and len(expression) <= _LONGEST_EXPRESSION:
        try:
            tree = ast.parse(expression, mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            tree = None
        if tree is not None and _is_arithmetic(tree):
            return expression
    raise Refused("code in a size expression", _GRAPH)


def _is_arithmetic(tree: ast.AST) -> bool:
    names = {  # the texts that name symbols, and what is called
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        for part in [node.func, *(node.args[:1] if node.func.id == "Symbol" else [])]
    }
    return all(_is_allowed(node, names) for node in ast.walk(tree))


def _is_allowed(node: ast.AST, named: set[int]) -> bool:
    match node:
        case ast.Call(func=ast.Name(id=function), keywords=keywords):
            return function in _FUNCTIONS and all(word.arg in _KEYWORDS for word in keywords)
        case ast.Name(id=name):
            return id(node) in named or _SYMBOL.fullmatch(name) is not None
        case ast.Constant(value=str() as text):
            return id(node) in named and _SYMBOL.fullmatch(text) is not None
        case ast.Constant(value=value):
            return isinstance(value, bool | float) or (
                isinstance(value, int) and abs(value) < 1 << 63
            )
    return isinstance(node, _EXPRESSION_NODES)
