"""The study's model: the calculator, and prediction from an image and a mask."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from anyio import to_thread
from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, Response

from trephine.serve.desk.pages import Desk
from trephine.serve.desk.render import desk_environment
from trephine.serve.metrics import Metrics
from trephine.serve.parts import as_data
from trephine.serve.settings import ServeSettings
from trephine.serve.turns import Busy, Turns
from trephine.serve.words import catalogue, words_of
from trephine.study.shelf.studies import ShelvedStudy

if TYPE_CHECKING:  # it imports all that models need, and the list of studies needs none of it
    from trephine.serve.models import ServedModel


def model_routes(desk: Desk) -> APIRouter:
    """Return the routes of the model."""
    routes = APIRouter(include_in_schema=False)
    limits = ServeSettings()
    turns = Turns(limits.at_once, limits.waiting, Metrics())

    @routes.get("/studies/{address}/model")
    async def calculator(request: Request, address: str) -> Response:
        study = desk.study(address)
        served = await to_thread.run_sync(_model, study)
        if served is None:
            return desk.shown(request, "no_model.html.j2", study)
        page = _calculator(desk, request, study, served, limits)
        return HTMLResponse(page.encode("utf-8", "replace"))

    @routes.post("/studies/{address}/model/predict-image")
    async def predict_image(request: Request, address: str) -> Response:
        from trephine.serve.api import image_prediction
        from trephine.serve.uploads import uploaded_case

        served = await to_thread.run_sync(_model, desk.study(address))
        if served is None or served.apart is None:
            raise HTTPException(422, "image: expected none, as the model measures nothing on one")
        try:
            async with turns.place(), uploaded_case(request) as case, turns.turn():
                found = await to_thread.run_sync(served.apart.predict, case)
        except Busy:
            detail = "too many predictions from radiographs at once; try again in a moment"
            return JSONResponse({"detail": detail}, 503)
        return JSONResponse(image_prediction(found).model_dump(mode="json"))

    return routes


def _model(study: ShelvedStudy) -> ServedModel | None:
    from trephine.study.shelf.finished import model_of

    bundle = model_of(study.results)
    if bundle is None:
        return None
    return _opened(bundle, max(one.lstat().st_mtime_ns for one in (bundle, *bundle.iterdir())))


@lru_cache(maxsize=4)
def _opened(bundle: Path, changed: int) -> ServedModel:
    """Return a model, opened again when one of its files has changed."""
    from trephine.serve.models import open_models

    (served,) = open_models([bundle], ServeSettings()).values()
    return served


def _calculator(
    desk: Desk, request: Request, study: ShelvedStudy, served: ServedModel, limits: ServeSettings
) -> str:
    given = desk.common(request, study)
    settings = {
        "language": given["language"],
        "mark": given["mark"],
        "images": f"/studies/{study.address}/model/predict-image" if served.apart else None,
        "megabytes": limits.upload_bytes >> 20,
    }
    return (
        desk_environment()
        .get_template("desk/model.html.j2")
        .render(
            **{**given, "words": words_of(given["language"])},
            desk_words=given["words"],
            content=served.content,
            held={
                "content": as_data(served.content.model_dump(mode="json")),
                "words": as_data(catalogue()),
                "settings": as_data(settings),
            },
            offline=None,
            images=served.apart is not None,
        )
    )
