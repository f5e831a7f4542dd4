"""The study's model: the calculator, and prediction from an image and a mask.

The model itself is read in another process: this one imports nothing that models need, which takes
seconds and hundreds of megabytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from trephine.study.locked.apart import Apart


@dataclass(frozen=True)
class _OpenModel:
    """A model as a page needs it.

    Attributes
    ----------
    changed
        When one of its files was last changed.
    content
        What its calculator needs, as JSON.
    apart
        Predicts what is uploaded; None where no feature is measured on images.
    """

    changed: int
    content: dict[str, Any]
    apart: Apart | None


class _Models:
    """Opens models, and again when one of their files has changed."""

    def __init__(self, desk: Desk, limits: ServeSettings) -> None:
        self._desk, self._limits = desk, limits
        self._opened: dict[Path, _OpenModel] = {}

    async def of(self, study: ShelvedStudy) -> _OpenModel | None:
        """Return a study's model; None where it has none."""
        from trephine.serve.aside_models import page_content
        from trephine.study.shelf.finished import model_of

        bundle = await to_thread.run_sync(model_of, study.results)
        if bundle is None:
            return None
        changed = max(one.lstat().st_mtime_ns for one in (bundle, *bundle.iterdir()))
        known = self._opened.get(bundle)
        if known is None or known.changed != changed:
            content, measures = await self._desk.aside.ask(page_content, bundle)
            known = _OpenModel(changed, content, self._apart(bundle) if measures else None)
            self._opened[bundle] = known
        return known

    def _apart(self, bundle: Path) -> Apart:
        from trephine.study.locked.apart import Apart, ApartLimits

        return Apart(bundle, limits=ApartLimits(self._limits.seconds, self._limits.memory_bytes))


def model_routes(desk: Desk) -> APIRouter:
    """Return the routes of the model."""
    routes = APIRouter(include_in_schema=False)
    limits = ServeSettings()
    turns = Turns(limits.at_once, limits.waiting, Metrics())
    models = _Models(desk, limits)

    @routes.get("/studies/{address}/model")
    async def calculator(request: Request, address: str) -> Response:
        study = desk.study(address)
        opened = await models.of(study)
        if opened is None:
            return desk.shown(request, "no_model.html.j2", study)
        page = _calculator(desk, request, study, opened, limits)
        return HTMLResponse(page.encode("utf-8", "replace"))

    @routes.post("/studies/{address}/model/predict-image")
    async def predict_image(request: Request, address: str) -> Response:
        from trephine.serve.answers import image_prediction
        from trephine.serve.uploads import ExpectedFiles, uploaded_case

        opened = await models.of(desk.study(address))
        if opened is None or opened.apart is None:
            raise HTTPException(422, "image: expected none, as the model measures nothing on one")
        own = ExpectedFiles(opened.content["images"], opened.content["masks"])
        try:
            async with turns.place(), uploaded_case(request, own) as case, turns.turn():
                found = await to_thread.run_sync(opened.apart.predict, case)
        except Busy:
            detail = "too many predictions from images at once; try again in a moment"
            return JSONResponse({"detail": detail}, 503)
        return JSONResponse(image_prediction(found).model_dump(mode="json"))

    return routes


def _calculator(
    desk: Desk, request: Request, study: ShelvedStudy, opened: _OpenModel, limits: ServeSettings
) -> str:
    given = desk.common(request, study)
    settings = {
        "language": given["language"],
        "mark": given["mark"],
        "images": f"/studies/{study.address}/model/predict-image" if opened.apart else None,
        "megabytes": limits.upload_bytes >> 20,
    }
    return (
        desk_environment()
        .get_template("desk/model.html.j2")
        .render(
            **{**given, "words": words_of(given["language"])},
            desk_words=given["words"],
            content=opened.content,
            held={
                "content": as_data(opened.content),
                "words": as_data(catalogue()),
                "settings": as_data(settings),
            },
            offline=None,
            images=opened.apart is not None,
        )
    )
