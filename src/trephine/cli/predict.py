"""``trephine predict``: one case through a locked model."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from trephine.cli.terminal import console
from trephine.writing import write_text


class Accepted(StrEnum):
    """What may contradict itself in a new case, to be accepted."""

    sides = "sides"
    sex = "sex"
    age = "age"
    patient = "patient"


BundlePath = Annotated[Path, typer.Argument(help="The model: a folder or a .zip.")]
CaseImage = Annotated[Path | None, typer.Option(help="The case's image.")]
CaseMask = Annotated[Path | None, typer.Option(help="The case's mask.")]
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
    Path | None, typer.Option(help="Write a map of what the network responded to, as a PNG.")
]
Signer = Annotated[
    str | None,
    typer.Option(help="Who must have signed the model: a fingerprint or a public key's file."),
]
JsonOut = Annotated[Path | None, typer.Option("--json", help="Write the result as JSON.")]


def predict(
    bundle: BundlePath,
    image: CaseImage = None,
    mask: CaseMask = None,
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
    from trephine.study.locked.new_case import NewCase
    from trephine.study.locked.predict import predict_case
    from trephine.study.locked.saliency import draw_saliency

    accepted = tuple(one.value for one in accept or ())
    case = NewCase(image, mask, label, side, clinical, features, weights, centre, accepted, trust)
    demanded = None if signer is None else signer_fingerprint(signer)
    result = predict_case(bundle, case, model, demanded)
    for line in result.lines():
        console.print(line, soft_wrap=True, markup=False)
    if json_out is not None:
        write_text(json_out, result.to_json())
    if saliency is not None:
        draw_saliency(bundle, case, saliency, demanded)
        console.print(f"Saliency: {saliency}", soft_wrap=True, markup=False)
