"""The application: pages and API behind one guard."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from trephine import __version__
from trephine.errors import BundleError, TrephineError, WorkerError
from trephine.serve.api import api_routes
from trephine.serve.guard import RequestGuard
from trephine.serve.logs import log
from trephine.serve.metrics import CONTENT_TYPE, Metrics
from trephine.serve.models import ServedModel
from trephine.serve.pages import page_routes
from trephine.serve.sessions import Sessions
from trephine.serve.settings import ServeSettings
from trephine.serve.turns import Busy, Turns

_LONGEST_KEY = 60


def create_app(models: dict[str, ServedModel], settings: ServeSettings) -> ASGIApp:
    """Return the application that serves some models.

    Parameters
    ----------
    models
        By address.
    settings
        What it is held to.
    """
    metrics, sessions = Metrics(), Sessions(settings.token)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        log("started", models=len(models))
        yield
        for one in models.values():
            if one.apart is not None:
                one.apart.end()
        log("stopped")

    app = FastAPI(
        title="Trephine",
        version=__version__,
        description="Locked survival models of studies. Research use only: not a medical device.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    turns = Turns(settings.at_once, settings.waiting, metrics)
    app.include_router(api_routes(models, turns, metrics))
    app.include_router(page_routes(models, settings, sessions))
    _watched(app, metrics)
    _worded(app)
    return RequestGuard(app, settings, sessions, metrics)


def _watched(app: FastAPI, metrics: Metrics) -> None:
    """Add what a monitor asks for."""

    @app.get("/health", include_in_schema=False)
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/metrics", include_in_schema=False)
    def counts() -> Response:
        return Response(metrics.text(), headers={"content-type": CONTENT_TYPE})


def _place(parts: Sequence[object]) -> str:
    """Return where a value stands; a key that a client made up is cut."""
    return ".".join(str(part)[:_LONGEST_KEY] for part in parts)


def _worded(app: FastAPI) -> None:
    """Turn errors into answers that quote nothing but Trephine's own words."""

    @app.exception_handler(RequestValidationError)
    def misfit(request: Request, error: RequestValidationError) -> Response:
        said = [f"{_place(one['loc'])}: {one['msg']}" for one in error.errors()[:8]]
        return JSONResponse({"detail": "; ".join(said)}, 422)

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        return JSONResponse({"detail": error.detail}, error.status_code, error.headers)

    @app.exception_handler(Exception)
    def fault(request: Request, error: Exception) -> Response:
        sorry = "the server failed; the person who runs it finds the place in its log"
        return JSONResponse({"detail": sorry}, 500)

    @app.exception_handler(Busy)
    def busy(request: Request, error: Busy) -> Response:
        detail = "too many predictions from images at once; try again in a moment"
        return JSONResponse({"detail": detail}, 503, {"retry-after": "10"})

    @app.exception_handler(TrephineError)
    def own(request: Request, error: TrephineError) -> Response:
        if isinstance(error, WorkerError):
            return JSONResponse({"detail": str(error)}, 503, {"retry-after": "10"})
        if isinstance(error, BundleError):  # it may name a folder of the server
            return JSONResponse({"detail": "the model cannot be used; ask who runs it"}, 500)
        return JSONResponse({"detail": str(error)}, 422)
