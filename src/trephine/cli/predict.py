"""``trephine predict``: one case through a locked model."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from trephine.cli.terminal import console
from trephine.errors import InputError
from trephine.writing import write_text


class Accepted(StrEnum):
    """What may contradict itself in a new case, to be accepted."""

    sides = "sides"
    sex = "sex"
    age = "age"
    patient = "patient"


BundlePath = Annotated[Path, typer.Argument(help="The model: a folder or a .zip.")]
CaseImages = Annotated[
    list[str] | None,
    typer.Option(
        "--image",
        help="The case's image; NAME=FILE for each where the study's cases have several.",
    ),
]
CaseMasks = Annotated[
    list[str] | None,
    typer.Option("--mask", help="The case's mask; NAME=FILE where cases have several images."),
]
Label = Annotated[
    int | None, typer.Option(help="Label of the region in the mask; as in the study if absent.")
]
CaseSide = Annotated[str | None, typer.Option(help="R or L, if the study has sides.")]
ClinicalValues = Annotated[
    Path | None,
    typer.Option(help="Clinical values: a table with one row, columns as in the study's table."),
]
ReadyFeatures = Annotated[
    Path | None, typer.Option(help="Ready-made features: a CSV with one row.")
]
ModelName = Annotated[
    str | None, typer.Option(help="Name of the model; the fullest one by default.")
]
OwnNetwork = Annotated[
    Path | None, typer.Option(help="The network's file, where the study used its own.")
]
TrustedSum = Annotated[
    str | None,
    typer.Option(help="The sha256 of a .pt2 or TorchScript --weights whose maker you know."),
]
Hospital = Annotated[
    str | None, typer.Option(help="The case's hospital, where the model harmonises centres.")
]
AcceptedDoubts = Annotated[
    list[Accepted] | None,
    typer.Option(
        help="Go on although image and values contradict each other in this; may be repeated."
    ),
]
SaliencyOut = Annotated[
    Path | None,
    typer.Option(
        help="Write a map of what the network responded to, as a PNG; of several images of a case,"
        " one each, with the image's name behind the file's."
    ),
]
Signer = Annotated[
    str | None,
    typer.Option(help="Who must have signed the model: a fingerprint or a public key's file."),
]
JsonOut = Annotated[Path | None, typer.Option("--json", help="Write the result as JSON.")]


def predict(
    bundle: BundlePath,
    images: CaseImages = None,
    masks: CaseMasks = None,
    label: Label = None,
    side: CaseSide = None,
    clinical: ClinicalValues = None,
    features: ReadyFeatures = None,
    model: ModelName = None,
    weights: OwnNetwork = None,
    trust: TrustedSum = None,
    centre: Hospital = None,
    accept: AcceptedDoubts = None,
    saliency: SaliencyOut = None,
    signer: Signer = None,
    json_out: JsonOut = None,
) -> None:
    """Predict one case: survival at the horizons with intervals, points, group, warnings."""
    from trephine.modelling.signing_keys import signer_fingerprint
    from trephine.study.locked.model import read_model
    from trephine.study.locked.new_case import NewCase
    from trephine.study.locked.predict import predict_case
    from trephine.study.locked.saliency import draw_saliency

    accepted = tuple(one.value for one in accept or ())
    demanded = None if signer is None else signer_fingerprint(signer)
    locked = read_model(bundle, demanded)
    several = locked.context.image_names
    image, by_name = _files(images or [], several, "image")
    mask, masks_by_name = _files(masks or [], several, "mask")
    own = (label, side, clinical, features, weights, centre, accepted, trust)
    case = NewCase(image, mask, *own, by_name, masks_by_name)
    result = predict_case(locked, case, model)
    for line in result.lines():
        console.print(line, soft_wrap=True, markup=False)
    if json_out is not None:
        write_text(json_out, result.to_json())
    if saliency is not None:
        for drawn in draw_saliency(locked, case, saliency):
            console.print(f"Saliency: {drawn}", soft_wrap=True, markup=False)


def _files(
    given: Sequence[str], names: Sequence[str], what: str
) -> tuple[Path | None, dict[str, Path]]:
    """Return the one file of a case, or its files by image where a study's cases have several.

    Raises
    ------
    InputError
        If they are not given as the model needs them.
    """
    if not names:
        if len(given) > 1:
            raise InputError(f"{what}: expected one file, as the model has, found {len(given)}")
        return (Path(given[0]) if given else None), {}
    found: dict[str, Path] = {}
    for text in given:
        name, equals, file = text.partition("=")
        if not equals or name not in names or name in found:
            expected = ", ".join(f"--{what} {one}=FILE" for one in names)
            raise InputError(
                f"{what}: expected {expected}, each once, as the model has several images, found"
                f" {'one twice' if name in found else 'one without such a name'}"
            )
        found[name] = Path(file)
    return None, found
