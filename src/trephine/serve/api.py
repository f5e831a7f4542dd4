"""The JSON API, version 1: for the engineer behind the archive."""

from __future__ import annotations

import logging
from typing import Annotated, Any

from anyio import current_effective_deadline, current_time, to_thread
from fastapi import APIRouter, HTTPException, Request
from pydantic import Field
from starlette.responses import Response

from trephine.serve.answers import Form, ImagePrediction, Prediction, image_prediction
from trephine.serve.guard import TOO_LATE
from trephine.serve.logs import log
from trephine.serve.metrics import Metrics
from trephine.serve.models import ServedModel
from trephine.serve.turns import Busy, Turns
from trephine.serve.uploads import ExpectedFiles, uploaded_case
from trephine.study.locked import CalculatorContent, CasePrediction, NewCase, predict_case

# Strictly: true is no number, and "1" is a text.
_Finite = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Value = _Finite | str | None
_Word = Annotated[str, Field(max_length=200)]
_MOST_VALUES = 20_000


class ListedModel(Form):
    """A model that this server offers."""

    id: str
    """Its part of an address."""
    title: str
    """Of the study."""
    outcome: str
    """What is predicted."""
    models: list[str]
    """Names of its models, the primary one first."""
    columns: list[str]
    """Columns of clinical values that some of them need."""
    reads_images: bool
    """Whether features are measured on an uploaded radiograph."""


class Case(Form):
    """One case as values."""

    clinical: dict[str, Value] = Field(default_factory=dict, max_length=_MOST_VALUES)
    """Clinical values by column, as in the study's table; null where missing."""
    features: dict[str, _Finite | None] | None = Field(default=None, max_length=_MOST_VALUES)
    """Features by name, where the model needs some."""
    model: _Word | None = None
    """Name of the model; the primary one by default."""
    side: _Word | None = None
    """R or L, where the study's cases had sides."""
    centre: _Word | None = None
    """The case's hospital, where the model harmonises centres."""


_UPLOAD = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "description": "image and mask are needed; where the model's cases have"
                    " several images (images and masks of its content), image.NAME and mask.NAME"
                    " of each instead.",
                    "properties": {
                        "image": {
                            "type": "string",
                            "format": "binary",
                            "description": "The image: DICOM, NIfTI, NRRD or PNG.",
                        },
                        "mask": {
                            "type": "string",
                            "format": "binary",
                            "description": "The region: DICOM SEG, NIfTI, NRRD or PNG.",
                        },
                        "clinical": {
                            "type": "string",
                            "description": "JSON object of clinical values by column.",
                        },
                        "model": {"type": "string", "description": "Name of the model."},
                        "side": {"type": "string", "description": "R or L."},
                        "label": {"type": "string", "description": "Label of the region."},
                        "centre": {"type": "string", "description": "The case's hospital."},
                    },
                }
            }
        },
    }
}
_ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"description": "No token, or another."},
    403: {"description": "Sent by a page of another server."},
    404: {"description": "No such model."},
    413: {"description": "The request is too large."},
    421: {"description": "The request names another server."},
    422: {"description": "The case cannot be predicted; `detail` says why."},
    503: {"description": "Too many predictions at once, or one that died; come back later."},
}


def api_routes(models: dict[str, ServedModel], turns: Turns, metrics: Metrics) -> APIRouter:
    """Return the routes of the API."""
    routes = APIRouter(prefix="/api/v1", responses=_ERRORS)

    def named(model_id: str) -> ServedModel:
        if model_id not in models:
            raise HTTPException(404, "model: expected one of those that /api/v1/models lists")
        return models[model_id]

    @routes.get("/models")
    def list_models() -> list[ListedModel]:
        """List the models."""
        return [listed(one) for one in models.values()]

    @routes.get("/models/{model_id}")
    def calculator(model_id: str) -> CalculatorContent:
        """Return all that a calculator of the model needs."""
        return named(model_id).content

    # Neither in a thread, whose handing over takes longer than the prediction, nor validated
    # twice: `prediction_of` has done it.
    @routes.post("/models/{model_id}/predict", response_model=Prediction)
    async def predict(model_id: str, case: Case) -> Response:
        """Predict one case from values."""
        served = named(model_id)
        given = NewCase(
            clinical=case.clinical, features=case.features, side=case.side, centre=case.centre
        )
        with metrics.predictions.labels("values", "failed").count_exceptions():
            found = predict_case(served.locked, given, case.model)
            if current_time() > current_effective_deadline():  # it cannot be cut off on its way
                raise HTTPException(408, TOO_LATE)
        metrics.predictions.labels("values", "predicted").inc()
        answer = prediction_of(found).model_dump_json()
        return Response(answer, media_type="application/json")

    @routes.post("/models/{model_id}/predict-image", openapi_extra=_UPLOAD)
    async def predict_image(model_id: str, request: Request) -> ImagePrediction:
        """Predict one case from a radiograph and a mask; nothing is kept after the answer."""
        served = named(model_id)
        if served.apart is None:
            raise HTTPException(
                422, "image: expected none, as the model measures nothing on images"
            )
        with metrics.predictions.labels("image", "failed").count_exceptions():
            # Whoever sends slowly takes a place, but nobody's turn.
            own = ExpectedFiles(served.content.images, served.content.masks)
            async with turns.place(), uploaded_case(request, own) as case, turns.turn():
                found = await to_thread.run_sync(served.apart.predict, case)
        metrics.predictions.labels("image", "predicted").inc()
        if found.lacking:
            log("not held to everything", logging.WARNING, lacking=list(found.lacking))
        return image_prediction(found)

    return routes


def listed(served: ServedModel) -> ListedModel:
    """Return a model as lists show it."""
    content = served.content
    columns = [name for one in content.variables for name in one.arcs or (one.column,)]
    return ListedModel(
        id=served.address,
        title=content.title,
        outcome=content.outcome,
        models=[one.name for one in content.models],
        columns=list(dict.fromkeys(columns)),
        reads_images=served.apart is not None,
    )


def prediction_of(found: CasePrediction) -> Prediction:
    """Return a prediction as the API answers it."""
    return Prediction.model_validate(found.content())


__all__ = ["Busy", "api_routes", "listed"]
