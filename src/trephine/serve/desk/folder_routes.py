"""Coming in, the list of studies, and starting a new one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from anyio import to_thread
from fastapi import APIRouter, Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from trephine.choices import TABLE_SUFFIXES
from trephine.errors import InputError
from trephine.serve.desk.aside import ByName
from trephine.serve.desk.pages import Desk, onward, own_form, own_texts
from trephine.serve.pages import FILES as CALCULATOR_FILES
from trephine.serve.pages import KINDS
from trephine.serve.parts import static
from trephine.study.editing.stored_table import store_table
from trephine.study.shelf.studies import address_of
from trephine.study.table_names import table_ending, tables_in

# Its module imports all that reads tables, which other processes do.
_START = ByName("trephine.study.editing.new_study", "start_study")
FILES = (*CALCULATOR_FILES, "desk.css", "desk.mjs")


def folder_routes(desk: Desk, announce: Callable[[], None]) -> APIRouter:
    """Return the routes of the desk's folder.

    Parameters
    ----------
    desk
        What routes share.
    announce
        Called when the address that opens the desk was used.
    """
    routes = APIRouter(include_in_schema=False)
    routes.include_router(coming_in(desk, announce))

    @routes.get("/")
    def studies(request: Request) -> Response:
        shelf = desk.shelf()
        free = {
            address: (shelf.place(folder), tables)
            for address, folder in shelf.free.items()
            if (tables := tables_in(folder)) or folder == shelf.folder
        }
        chosen = sorted(shelf.studies.values(), key=lambda one: -one.changed)
        astray = [shelf.place(path) for path in shelf.astray]
        # Whoever sees the list opens a study next, and its table is read by what takes seconds to
        # load.
        desk.aside.warm("trephine.study.editing.data_look")
        return desk.shown(request, "studies.html.j2", studies=chosen, free=free, astray=astray)

    @routes.post("/folders/{address}/draft")
    async def draft(request: Request, address: str) -> Response:
        folder = _free(desk, address)
        named = (await own_texts(desk, request)).get("table", "")
        if named not in tables_in(folder):
            raise InputError("table: expected one of the list, found another")
        path = await desk.aside.ask(_START, folder, named)
        shelf = desk.shelf()
        return onward(shelf.studies[address_of(path, shelf.folder)], "data")

    @routes.post("/folders/{address}/tables")
    async def dropped(request: Request, address: str) -> Response:
        folder = _free(desk, address)
        async with own_form(desk, request, files=1) as form:
            file = form.get("table")
            ending = table_ending(file.filename or "") if isinstance(file, UploadFile) else ""
            if not isinstance(file, UploadFile) or not ending:
                expected = f"a file of {', '.join(TABLE_SUFFIXES)}"
                raise InputError(f"table: expected {expected}, found none")
            await to_thread.run_sync(store_table, file.file, ending, folder)
        return RedirectResponse("/", 303)

    return routes


def coming_in(desk: Desk, announce: Callable[[], None], first: str = "/") -> APIRouter:
    """Return the routes by which a browser comes in, and those of the static files.

    Parameters
    ----------
    desk
        What routes share.
    announce
        Called when the address that opens the desk was used.
    first
        The page that is shown first.
    """
    routes = APIRouter(include_in_schema=False)
    sessions = desk.sessions

    @routes.get("/open")
    def come_in(request: Request, token: str = "") -> Response:
        if not sessions.redeem(token):
            return desk.shown(request, "closed.html.j2", status=403)
        announce()
        answer = RedirectResponse(first, 303)
        answer.set_cookie(
            sessions.cookie_name,
            sessions.cookie("signed in"),
            httponly=True,
            samesite="strict",
            path="/",
        )
        return answer

    @routes.get("/closed")
    def closed(request: Request) -> Response:
        return desk.shown(request, "closed.html.j2", status=403)

    @routes.get("/static/{name}")
    def static_file(name: str) -> Response:
        if name not in FILES:
            raise HTTPException(404)
        return Response(static(name), media_type=KINDS[name[name.rindex(".") :]])

    return routes


def _free(desk: Desk, address: str) -> Path:
    folder = desk.shelf().free.get(address)
    if folder is None:
        raise HTTPException(404)
    return folder
