"""The page alone, for one rater of one study or folder: nothing else of it can be seen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp

from trephine.serve.desk.annotate.benches import Bench, Benches
from trephine.serve.desk.annotate.page import annotate_files
from trephine.serve.desk.annotate.routes import annotate_routes
from trephine.serve.desk.aside import Aside
from trephine.serve.desk.folder_routes import coming_in
from trephine.serve.desk.guarding import announcer, begin_desk, guarded, worded
from trephine.serve.desk.pages import DeskSettings
from trephine.serve.logs import log
from trephine.study.annotating.items import Workplace


def create_annotator(
    settings: DeskSettings,
    path: Path,
    rater: str,
    opened: Callable[[str], None] | None = None,
    aside: Aside | None = None,
    place: Workplace | None = None,
) -> ASGIApp:
    """Return the application of one rater's page.

    Parameters
    ----------
    settings
        Of the folder that holds what is read.
    path
        The study file, or the folder of images.
    rater
        Whose readings are made; no other's can be asked for.
    opened
        Called with the address that opens the page, at the start and each time that one was used.
    aside
        Opens files in other processes.
    place
        What lies at the path, where it was opened just now.
    """
    desk = begin_desk(settings, aside)
    announce = announcer(desk, opened)
    benches = Benches(desk.aside, {} if place is None else {path: place})

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        log("started")
        announce()
        yield
        desk.aside.end()
        log("stopped")

    async def find(request: Request, fresh: bool) -> Bench:
        return await benches.bench(path, rater, fresh)

    app = FastAPI(
        title="Trephine", openapi_url=None, docs_url=None, redoc_url=None, lifespan=lifespan
    )
    app.include_router(annotate_files())
    app.include_router(annotate_routes(desk, "/reading", find))
    app.include_router(coming_in(desk, announce, "/reading/"))

    @app.get("/", include_in_schema=False)
    def start() -> Response:
        return RedirectResponse("/reading/", 303)

    worded(app, desk)
    return guarded(app, desk)
