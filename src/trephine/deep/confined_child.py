"""The other end of a confined network: takes a file, then batches, and answers with numbers."""

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
import time
from typing import IO, Any

import numpy as np

from trephine.deep.asked import AskedOfProcess
from trephine.deep.checkpoint import NetworkFile, first_line
from trephine.errors import InputError
from trephine.types import Float32Array

# More than any layer that gives one vector a case; the reader would have to hold them all.
MOST_VALUES = 1 << 24


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
        asked = AskedOfProcess(**head["settings"])
        reader = _open(asked, NetworkFile(head["name"], content, ""))
        del content  # the library has made its own of it
        first = {"runtime": reader.runtime, "place": f"{reader.place}, confined"}
        _answer(answers, {**first, "fixed_batch": reader.fixed_batch, "lacking": lacking})
    except Exception as error:
        _answer(answers, {"error": str(error) if _ours(error) else _unknown(error)})
        return
    while line := questions.readline():
        head = json.loads(line)
        _allow(head["seconds"])
        batch = np.frombuffer(questions.read(head["size"]), dtype="<f4").reshape(head["shape"])
        try:
            values = _few(reader(batch.copy()))
        except Exception as error:
            _answer(answers, {"error": str(error) if _ours(error) else _unknown(error)})
            continue
        _answer(answers, {"shape": list(values.shape)}, values.tobytes())


def _open(asked: AskedOfProcess, file: NetworkFile) -> Any:
    if file.name.lower().endswith(".onnx"):
        from trephine.deep.onnx_file import OnnxReader
        from trephine.deep.runtime import require_onnxruntime

        require_onnxruntime()  # its own start is not the file's
        _allow(asked.seconds)
        return OnnxReader(asked, file)
    from trephine.deep.torch_file import ExportedReader, ScriptReader

    is_exported = file.name.lower().endswith(".pt2")
    return ExportedReader(asked, file) if is_exported else ScriptReader(asked, file)


def _allow(seconds: int | None) -> None:
    """Let this process compute for so long from now on, where the system can end it then."""
    if seconds is None or sys.platform == "win32":
        return
    import resource

    used = math.ceil(time.process_time())
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    until = used + seconds if hard == resource.RLIM_INFINITY else min(used + seconds, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (until, hard))


def _few(output: Float32Array) -> Float32Array:
    """Return a layer's output as it is sent; refuse one that no vectors of cases could be."""
    if output.size > MOST_VALUES:
        raise InputError(
            f"deep.layer: expected one vector a case, found {output.shape}; name a layer behind"
            " the network's pooling"
        )
    return np.ascontiguousarray(output, dtype="<f4")


def _ours(error: Exception) -> bool:
    return isinstance(error, InputError)


def _unknown(error: Exception) -> str:
    return (
        f"deep.backbone: the network cannot be run: {first_line(error)}; check input_size, mean"
        " and std (one value per channel)"
    )


def _answer(stream: IO[bytes], head: dict[str, Any], content: bytes = b"") -> None:
    stream.write(json.dumps(head).encode() + b"\n" + content)
    stream.flush()
