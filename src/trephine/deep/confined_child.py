"""The other end of a confined network: takes a file, then batches, and answers with numbers."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from typing import IO, Any

import numpy as np

from trephine.deep.checkpoint import NetworkFile, first_line
from trephine.deep.settings import DeepSettings
from trephine.errors import InputError


def serve(lacking: list[str]) -> None:
    """Answer on standard output until standard input ends.

    Parameters
    ----------
    lacking
        What the system could not hold this process to, for the first answer.
    """
    # torch asks where temporary and compiled files would go; there are none.
    tempfile.tempdir = os.environ["TORCHINDUCTOR_CACHE_DIR"] = os.sep
    # A library that prints must not write between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    questions = sys.stdin.buffer
    try:
        head = json.loads(questions.readline())
        content = questions.read(head["size"])
        reader = _open(DeepSettings(**head["settings"]), NetworkFile(head["name"], content, ""))
        first = {"runtime": reader.runtime, "place": f"{reader.place}, confined"}
        _answer(answers, {**first, "fixed_batch": reader.fixed_batch, "lacking": lacking})
    except Exception as error:
        _answer(answers, {"error": str(error) if _ours(error) else _unknown(error)})
        return
    while line := questions.readline():
        head = json.loads(line)
        batch = np.frombuffer(questions.read(head["size"]), dtype="<f4").reshape(head["shape"])
        try:
            values = np.ascontiguousarray(reader(batch.copy()), dtype="<f4")
        except Exception as error:
            _answer(answers, {"error": str(error) if _ours(error) else _unknown(error)})
            continue
        _answer(answers, {"shape": list(values.shape)}, values.tobytes())


def _open(settings: DeepSettings, file: NetworkFile) -> Any:
    from trephine.deep.torch_file import ExportedReader, ScriptReader

    is_exported = file.name.lower().endswith(".pt2")
    return ExportedReader(settings, file) if is_exported else ScriptReader(settings, file)


def _ours(error: Exception) -> bool:
    return isinstance(error, InputError)


def _unknown(error: Exception) -> str:
    return (
        f"deep.backbone: the network cannot be run: {first_line(error)}; check input_size, mean"
        " and std (one value a channel)"
    )


def _answer(stream: IO[bytes], head: dict[str, Any], content: bytes = b"") -> None:
    stream.write(json.dumps(head).encode() + b"\n" + content)
    stream.flush()
