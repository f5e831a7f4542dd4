"""The desk's application: its pages behind the same guard as a served model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI, Request
from starlette.types import ASGIApp

from trephine.serve.desk.annotate.benches import Bench, Benches
from trephine.serve.desk.annotate.page import annotate_files, raters_page
from trephine.serve.desk.annotate.routes import annotate_routes
from trephine.serve.desk.aside import Aside
from trephine.serve.desk.data_routes import data_routes
from trephine.serve.desk.folder_routes import folder_routes
from trephine.serve.desk.guarding import announcer, begin_desk, guarded, worded
from trephine.serve.desk.job_routes import job_routes
from trephine.serve.desk.model_routes import model_routes
from trephine.serve.desk.pages import Desk, DeskSettings
from trephine.serve.desk.report_routes import report_routes
from trephine.serve.logs import log


def create_desk(
    settings: DeskSettings,
    opened: Callable[[str], None] | None = None,
    aside: Aside | None = None,
) -> ASGIApp:
    """Return the desk's application.

    Parameters
    ----------
    settings
        What it is held to.
    opened
        Called with the address that opens the desk in a browser, at the start and each time that
        one was used: it works once.
    aside
        Opens files in other processes.
    """
    desk = begin_desk(settings, aside)
    announce = announcer(desk, opened)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        log("started")
        desk.queue.start()
        announce()
        yield
        desk.queue.end()
        desk.aside.end()
        log("stopped")

    app = FastAPI(
        title="Trephine", openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan
    )
    for routes in (data_routes, job_routes, report_routes, model_routes):
        app.include_router(routes(desk))
    app.include_router(annotate_files())
    app.include_router(_reading_routes(desk))
    app.include_router(folder_routes(desk, announce))
    worded(app, desk)
    return guarded(app, desk)


def _reading_routes(desk: Desk) -> APIRouter:
    """Return the routes on which each study's images are read."""
    benches = Benches(desk.aside)

    async def find(request: Request, fresh: bool) -> Bench:
        study = desk.study(request.path_params["address"])
        return await benches.bench(study.path, request.path_params["rater"], fresh)

    routes = APIRouter(include_in_schema=False)
    routes.include_router(raters_page(desk, benches))
    routes.include_router(annotate_routes(desk, "/studies/{address}/annotate/{rater}", find))
    return routes
