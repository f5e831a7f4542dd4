"""The report: what it comes to in plain words, the page itself, and every file of the results."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

from trephine.errors import InputError
from trephine.serve.desk.pages import Desk, attachment
from trephine.serve.words import own_words

Archived = Literal["model", "tables", "figures"]

# Whatever lies in the results is served as a stranger's.
_STRANGE = {"content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'"}


def report_routes(desk: Desk) -> APIRouter:
    """Return the routes of the report."""
    routes = APIRouter(include_in_schema=False)
    _pages(routes, desk)
    _files(routes, desk)
    return routes


def _pages(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/studies/{address}/report")
    async def report(request: Request, address: str) -> Response:
        from trephine.study.shelf.finished import model_of, read_headline, result_files

        study = desk.study(address)
        files = result_files(study.results)
        headline, unread = None, ""
        if any(one.section == "numbers" for one in files):
            try:
                headline = await desk.aside.ask(read_headline, study.results)
            except InputError as refused:  # of another version: its files are there all the same
                unread = str(refused)
        sections = {
            section: [one for one in files if one.section == section]
            for section in dict.fromkeys(one.section for one in files)
        }
        return desk.shown(
            request,
            "report.html.j2",
            study,
            headline=headline,
            own=own_words(desk.language(request)),
            unread=unread,
            sections=sections,
            model=model_of(study.results),
        )

    @routes.get("/studies/{address}/report/page")
    async def page(address: str) -> Response:
        from trephine.study.shelf.finished import page_of, page_policy

        file = page_of(desk.study(address).results)
        if file is None:
            raise HTTPException(404)
        policy = await desk.aside.ask(page_policy)
        framed = f"{policy}; sandbox allow-scripts allow-popups; frame-ancestors 'self'"
        return FileResponse(
            file,
            media_type="text/html; charset=utf-8",
            headers={"content-security-policy": framed},
        )


def _files(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/studies/{address}/report/{part}.zip")
    async def archive(address: str, part: Archived) -> Response:
        from trephine.study.shelf.finished import part_of, zipped

        study = desk.study(address)
        folder = part_of(study.results, part)
        if folder is None:
            raise HTTPException(404)
        content = await desk.aside.ask(zipped, folder)
        named = {"content-disposition": attachment(f"{study.path.stem}-{part}.zip")}
        return Response(content, media_type="application/zip", headers={**_STRANGE, **named})

    @routes.get("/studies/{address}/report/files/{place:path}")
    def one_file(address: str, place: str) -> Response:
        from trephine.study.shelf.finished import result_files

        study = desk.study(address)
        # Looked up among what lies there: no path is made of what was asked for.
        known = {one.place: study.results / one.place for one in result_files(study.results)}
        if place not in known:
            raise HTTPException(404)
        named = {"content-disposition": attachment(known[place].name)}
        return FileResponse(known[place], headers={**_STRANGE, **named})
