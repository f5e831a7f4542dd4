"""What the API and the desk answer to a case; needs nothing that models need."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from trephine.study.locked.apart import ApartAnswer


class Form(BaseModel):
    """Content of a request or an answer."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class SurvivalProbability(Form):
    """A survival probability with its 95 % interval; null past the last follow-up of training."""

    value: float | None
    low: float | None
    high: float | None


class Prediction(Form):
    """What a model says of one case. Research use only."""

    model: str
    """Which."""
    protocol: str
    """That fitted it."""
    outcome: str
    """What is predicted."""
    unit: str
    """Of the horizons."""
    survival: dict[str, SurvivalProbability]
    """By horizon."""
    linear_predictor: float
    """Centred; higher is worse."""
    total_points: float | None
    """On the nomogram; null where the model has none."""
    risk_group: str
    """Its name."""
    warnings: list[str]
    """Where the case lies outside what training saw, and what else must be known."""
    scores: dict[str, float]
    """Of the model's signatures."""
    interval_note: str
    """Where the intervals come from, or why there are none."""
    risk_of: str = ""
    """Event whose absolute risk the rest of survival to 1 is, where others may come before it."""
    signed_by: str | None
    """Fingerprint of the key that signed the model."""


class ImagePrediction(Form):
    """What a model says of an uploaded radiograph."""

    prediction: Prediction
    """As for values."""
    saliency_png: str | None
    """What raises (red) and lowers (blue) the deep signature, over the picture: PNG in base64. Of
    the one image of a case; null where it has several, or the model has no such signature."""
    saliency_pngs: dict[str, str] = {}
    """The same by the name of the image, where a case has several."""


def image_prediction(found: ApartAnswer) -> ImagePrediction:
    """Return a prediction from an upload as the API answers it."""
    drawn = {name: base64.b64encode(png).decode() for name, png in found.saliency.items()}
    return ImagePrediction(
        prediction=Prediction.model_validate(found.prediction),
        saliency_png=drawn.pop("", None),
        saliency_pngs=drawn,
    )
