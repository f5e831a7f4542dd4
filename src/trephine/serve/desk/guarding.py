"""What stands round every application of the desk: its guard, its sessions, its errors in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from trephine.errors import TrephineError, WorkerError
from trephine.serve.desk.aside import Aside
from trephine.serve.desk.pages import Desk, DeskSettings
from trephine.serve.desk.queue import Queue
from trephine.serve.guard import HEADERS, GuardRules, RequestGuard
from trephine.serve.metrics import Metrics
from trephine.serve.sessions import OneTimeSessions
from trephine.serve.settings import ServeSettings

_SECONDS = 300.0
_MEMORY_BYTES = 8 << 30
_BODY_BYTES = 4 << 20  # a study file, and the roles of a table of thousands of columns
_TAKE_FILES = ("/predict-image", "/tables")
# Sent by a page's program, with its mark in the header.
_SENT = ("/predict-image", "/operations")
_SHOWS_REPORT = "frame-src 'self'; "


def desk_rules() -> GuardRules:
    """Return what the guard holds the desk to."""
    policy = HEADERS["content-security-policy"]
    return GuardRules(
        open=("/open", "/closed"),
        sign_in="/closed",
        # Every form shows the mark in a field: `own_form` asks for it.
        shows_mark=lambda path: not path.endswith(_SENT),
        takes_files=lambda path: path.endswith(_TAKE_FILES),
        # Tables, reports and models are opened for every page, on whatever computer this is.
        takes_long=lambda path: True,
        has_own_policy=lambda path: path.endswith("/report/page"),
        headers={**HEADERS, "content-security-policy": _SHOWS_REPORT + policy},
    )


def begin_desk(settings: DeskSettings, aside: Aside | None) -> Desk:
    """Return what the routes of a desk share, with sessions of its own."""
    sessions = OneTimeSessions(f"trephine_desk_{settings.port}")
    others = aside or desk_aside(settings.folder)
    return Desk(settings, sessions, Queue(settings.folder), others)


def desk_aside(folder: Path) -> Aside:
    """Return what opens the files of a folder in processes of their own."""
    return Aside(_SECONDS, _MEMORY_BYTES, folder.resolve())


def announcer(desk: Desk, opened: Callable[[str], None] | None) -> Callable[[], None]:
    """Return what passes on the address that opens the desk: each address works once."""

    def announce() -> None:
        if opened is not None:
            here = desk.settings
            opened(f"http://{here.host}:{here.port}/open?token={desk.sessions.token}")

    return announce


def guarded(app: ASGIApp, desk: Desk) -> ASGIApp:
    """Return an application behind the desk's guard."""
    settings = desk.settings
    held = ServeSettings(
        host=settings.host,
        port=settings.port,
        upload_bytes=settings.table_bytes,
        body_bytes=_BODY_BYTES,
        seconds=_SECONDS,
    )
    return RequestGuard(app, held, desk.sessions, Metrics(), desk_rules())


def worded(app: FastAPI, desk: Desk) -> None:
    """Turn errors into pages that quote nothing but Trephine's own words."""

    def page(request: Request, status: int, said: str = "") -> Response:
        path = request.url.path
        if path.endswith("/predict-image") or "/cases/" in path:
            return JSONResponse({"detail": said}, status)
        return desk.shown(request, "error.html.j2", status=status, code=status, said=said)

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        plain = error.detail if error.status_code in (400, 413, 422) else ""
        return page(request, error.status_code, plain)

    @app.exception_handler(TrephineError)
    def own(request: Request, error: TrephineError) -> Response:
        return page(request, 503 if isinstance(error, WorkerError) else 422, str(error))
