"""One case predicted in a process of its own: what strangers upload is decoded where it may die."""

from __future__ import annotations

import base64
import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from threading import Lock
from typing import Any

from trephine.apart.child_pipe import ChildPipe
from trephine.errors import InputError, WorkerError

# The child's own words: where modules lie comes as data, as its environment is empty.
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]);"
    "from trephine.study.locked.apart_child import answer; answer()"
)
_LONGEST_ANSWER = 1 << 26
# What the operator says of limits and of where weights and kernels are kept; nothing else.
_PASSED_ON = (
    "TORCH_HOME", "XDG_CACHE_HOME", "HOME", "NUMBA_CACHE_DIR", "TREPHINE_CONFINED",
    "TREPHINE_ARCHIVE_LIMITS",
)  # fmt: skip
_LIMITS = "TREPHINE_MAX_"


@dataclass(frozen=True)
class ApartLimits:
    """What one prediction may take.

    Attributes
    ----------
    seconds
        On the wall; the process is killed then.
    memory_bytes
        Of its address space.
    """

    seconds: float = 120.0
    memory_bytes: int = 6 << 30


@dataclass(frozen=True)
class UploadedCase:
    """A case whose image and mask were uploaded.

    Attributes
    ----------
    folder
        Holds both files and nothing else; the process may read it.
    image, mask
        Names in it; None where a case has several images.
    clinical
        Values by column.
    model
        Of the bundle; the primary one by default.
    side, label, centre
        As of `NewCase`.
    images, masks
        Names in the folder by the names of the images, where a case has several.
    """

    folder: Path
    image: str | None
    mask: str | None
    clinical: Mapping[str, object]
    model: str | None = None
    side: str | None = None
    label: int | None = None
    centre: str | None = None
    images: Mapping[str, str] = field(default_factory=dict)
    masks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ApartAnswer:
    """What the process answered.

    Attributes
    ----------
    prediction
        As `CasePrediction.to_json` has it.
    saliency
        PNG of what each deep signature saw, by the name of its image, which is empty where a case
        has one; nothing where the model has no such signature.
    lacking
        What the system could not hold the process to.
    """

    prediction: dict[str, Any]
    saliency: Mapping[str, bytes]
    lacking: tuple[str, ...]


class Apart:
    """Predicts uploaded cases by one bundle, each in a process of its own.

    The process has no environment but the operator's limits, no network, may read the libraries,
    the bundle, the network's weights and the case's folder, and write nothing, as far as the
    system can hold it to that.

    Parameters
    ----------
    bundle
        The locked model: a folder or a .zip.
    weights
        The network's file, where the study's came from a file of its own.
    signer
        Fingerprint of the key that must have signed the bundle, if any.
    limits
        Of each prediction.
    """

    def __init__(
        self,
        bundle: Path,
        weights: Path | None = None,
        signer: str | None = None,
        limits: ApartLimits | None = None,
    ) -> None:
        self._bundle, self._weights, self._signer = bundle, weights, signer
        self._limits = limits or ApartLimits()
        self._running: set[ChildPipe] = set()
        self._lock = Lock()

    def predict(self, case: UploadedCase) -> ApartAnswer:
        """Predict one case.

        Raises
        ------
        InputError
            If the case is refused; the message is for its sender.
        WorkerError
            If the process died or took too long.
        """
        deadline = time.monotonic() + self._limits.seconds
        paths = [os.path.abspath(path) for path in sys.path if path and os.path.exists(path)]
        pipe = ChildPipe([sys.executable, "-I", "-B", "-c", _START, json.dumps(paths)])
        with self._lock:
            self._running.add(pipe)
        try:
            pipe.send(json.dumps(self._question(case)).encode() + b"\n", deadline)
            answer = json.loads(pipe.line(_LONGEST_ANSWER, deadline))
        except TimeoutError:
            raise WorkerError(
                f"prediction: expected an answer within {self._limits.seconds:g} seconds, found"
                " none; send a smaller image"
            ) from None
        except (OSError, EOFError, ValueError):
            raise WorkerError(
                "prediction: the process that read the files ended; it may have needed more memory"
                " than it is given, or a file is damaged. Export image and mask again"
            ) from None
        finally:
            pipe.end()
            with self._lock:
                self._running.discard(pipe)
        if "refused" in answer:
            raise InputError(str(answer["refused"]))
        pictures = {name: base64.b64decode(png) for name, png in answer["saliency"].items()}
        return ApartAnswer(answer["prediction"], pictures, tuple(answer["lacking"]))

    def prepare(self) -> None:
        """Compile what predictions call; their own processes can keep nothing that they compile.

        Takes half a minute in a new installation, some seconds in any other.
        """
        compiling = get_context("spawn").Process(target=_compile, args=(self._bundle, self._signer))
        compiling.start()
        compiling.join()
        if compiling.exitcode:
            raise WorkerError(
                "kernels: expected to compile them before the first prediction, found that the"
                f" process ended with {compiling.exitcode}; run trephine doctor"
            )

    def end(self) -> None:
        """End every process that still runs."""
        with self._lock:
            running = list(self._running)
        for pipe in running:
            pipe.end()

    def _question(self, case: UploadedCase) -> dict[str, Any]:
        environment = {
            name: value
            for name, value in os.environ.items()
            if name in _PASSED_ON or name.startswith(_LIMITS)
        }
        return {
            "bundle": str(self._bundle.resolve()),
            "weights": None if self._weights is None else str(self._weights.resolve()),
            "signer": self._signer,
            "memory_bytes": self._limits.memory_bytes,
            "seconds": self._limits.seconds,
            "environment": environment,
            "case": {**asdict(case), "folder": str(case.folder.resolve())},
        }


def _compile(bundle: Path, signer: str | None) -> None:
    """Compile kernels, in the process that is started for it: the server needs no compiler."""
    from trephine.radiomics.compilation import compile_kernels
    from trephine.study.locked.model import read_model

    for settings in read_model(bundle, signer).context.radiomics_settings:
        compile_kernels(settings)
