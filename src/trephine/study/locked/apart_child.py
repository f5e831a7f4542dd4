"""The other end of `trephine.study.locked.apart`: one question in, one answer out, then the end."""

from __future__ import annotations

import base64
import io
import json
import math
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

    from trephine.study.locked.model import LockedModel

# Each thread takes address space, which is limited; one case keeps two of them busy.
_THREADS = "2"


def answer() -> None:
    """Answer the question on standard input, on standard output."""
    # A library that prints must not write into the answer.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    question = json.loads(sys.stdin.buffer.readline())
    os.environ.update(question["environment"])
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ[f"{library}_NUM_THREADS"] = _THREADS
    answers.write(json.dumps(_answer_to(question)).encode() + b"\n")
    answers.flush()


def _answer_to(question: dict[str, Any]) -> dict[str, Any]:
    from trephine.errors import TrephineError

    _limit(question["memory_bytes"], question["seconds"])
    try:
        return _predicted(question)
    except TrephineError as refused:
        return {"refused": str(refused)}
    except MemoryError:
        return {"refused": "image: it needs more memory than a prediction is given; send a smaller"}


def _predicted(question: dict[str, Any]) -> dict[str, Any]:
    # What is compiled or opened for writing has to be so before the process is confined.
    from trephine.apart.confinement import confine
    from trephine.radiomics.compilation import keep_nothing, kept_in
    from trephine.study.locked.model import read_model
    from trephine.study.locked.new_case import NewCase
    from trephine.study.locked.predict import predict_case
    from trephine.study.locked.saliency import drawable, saliency_pictures

    model = read_model(Path(question["bundle"]), question["signer"])
    weights = None if question["weights"] is None else Path(question["weights"])
    keep_nothing()
    asked = question["case"]
    folder = Path(asked["folder"])
    lacking = confine([*sys.path, str(kept_in()), str(folder), *_weights(model, weights)])

    def stored(name: str | None) -> Path | None:
        return None if name is None else folder / name

    case = NewCase(
        image=stored(asked["image"]),
        mask=stored(asked["mask"]),
        images={name: folder / file for name, file in asked["images"].items()},
        masks={name: folder / file for name, file in asked["masks"].items()},
        label=asked["label"],
        side=asked["side"],
        clinical=asked["clinical"],
        weights=weights,
        centre=asked["centre"],
    )
    prediction = predict_case(model, case, asked["model"])
    used = model.named(asked["model"]).signatures
    pictures = saliency_pictures(model, case, used) if drawable(model, used) else {}
    return {
        "prediction": json.loads(prediction.to_json()),
        "saliency": {key: _png(picture) for key, picture in pictures.items()},
        "lacking": lacking,
    }


def _png(picture: Image) -> str:
    """Return a picture as PNG in base64."""
    drawn = io.BytesIO()
    picture.save(drawn, format="PNG")
    return base64.b64encode(drawn.getvalue()).decode()


def _weights(model: LockedModel, given: Path | None) -> list[str]:
    """Return where the weights of the model's network may lie."""
    if given is not None:
        return [str(given)]
    deep = model.context.features.deep
    if deep is None or deep.weights != "imagenet":
        return []
    from trephine.deep.official import OFFICIAL, cached_path

    return [str(cached_path(file).parent) for file in OFFICIAL.values()]


def _limit(memory_bytes: int, seconds: float) -> None:
    """Take memory and processor time away beyond what one case needs."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        time = math.ceil(2 * seconds)
        for kind, most in ((resource.RLIMIT_AS, memory_bytes), (resource.RLIMIT_CPU, time)):
            _, hard = resource.getrlimit(kind)
            least = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(kind, (least, least))
