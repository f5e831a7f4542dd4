"""The desk's application: its pages behind the same guard as a served model."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from trephine.errors import TrephineError, WorkerError
from trephine.serve.desk.aside import Aside
from trephine.serve.desk.data_routes import data_routes
from trephine.serve.desk.folder_routes import folder_routes
from trephine.serve.desk.job_routes import job_routes
from trephine.serve.desk.model_routes import model_routes
from trephine.serve.desk.pages import Desk, DeskSettings
from trephine.serve.desk.queue import Queue
from trephine.serve.desk.report_routes import report_routes
from trephine.serve.guard import HEADERS, GuardRules, RequestGuard
from trephine.serve.logs import log
from trephine.serve.metrics import Metrics
from trephine.serve.sessions import OneTimeSessions
from trephine.serve.settings import ServeSettings

_SECONDS = 300.0
_MEMORY_BYTES = 8 << 30
_BODY_BYTES = 4 << 20  # a study file, and the roles of a table of thousands of columns
_TAKE_FILES = ("/predict-image", "/tables")
_SHOWS_REPORT = "frame-src 'self'; "


def desk_rules() -> GuardRules:
    """Return what the guard holds the desk to."""
    policy = HEADERS["content-security-policy"]
    return GuardRules(
        open=("/open", "/closed"),
        sign_in="/closed",
        # Every form shows the mark in a field: `own_form` asks for it.
        shows_mark=lambda path: not path.endswith("/predict-image"),
        takes_files=lambda path: path.endswith(_TAKE_FILES),
        # Tables, reports and models are opened for every page, on whatever computer this is.
        takes_long=lambda path: True,
        has_own_policy=lambda path: path.endswith("/report/page"),
        headers={**HEADERS, "content-security-policy": _SHOWS_REPORT + policy},
    )


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
    sessions = OneTimeSessions(f"trephine_desk_{settings.port}")
    others = aside or Aside(_SECONDS, _MEMORY_BYTES, settings.folder)
    desk = Desk(settings, sessions, Queue(settings.folder), others)

    def announce() -> None:
        if opened is not None:
            opened(f"http://{settings.host}:{settings.port}/open?token={sessions.token}")

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
    app.include_router(folder_routes(desk, announce))
    _worded(app, desk)
    held = ServeSettings(
        host=settings.host,
        port=settings.port,
        upload_bytes=settings.table_bytes,
        body_bytes=_BODY_BYTES,
        seconds=_SECONDS,
    )
    return RequestGuard(app, held, sessions, Metrics(), desk_rules())


def _worded(app: FastAPI, desk: Desk) -> None:
    """Turn errors into pages that quote nothing but Trephine's own words."""

    def page(request: Request, status: int, said: str = "") -> Response:
        if request.url.path.endswith("/predict-image"):
            return JSONResponse({"detail": said}, status)
        return desk.shown(request, "error.html.j2", status=status, code=status, said=said)

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        plain = error.detail if error.status_code in (400, 413, 422) else ""
        return page(request, error.status_code, plain)

    @app.exception_handler(TrephineError)
    def own(request: Request, error: TrephineError) -> Response:
        return page(request, 503 if isinstance(error, WorkerError) else 422, str(error))
