"""The page, and what it asks: pictures, readings, operations, comparison, files."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from fastapi import APIRouter, BackgroundTasks, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from trephine.errors import InputError
from trephine.serve.desk.annotate.benches import Bench
from trephine.serve.desk.annotate.page import annotation_page
from trephine.serve.desk.aside import ByName
from trephine.serve.desk.pages import Desk
from trephine.study.annotating.items import WorkItem
from trephine.study.annotating.picture_facts import PlanePicture
from trephine.study.annotating.rating import Ratings, StaleReadingError
from trephine.study.annotating.reading_values import files_revision

# Returns the bench that a request is about; its second argument asks for the files to be looked at
# again.
FindBench = Callable[[Request, bool], Awaitable[Bench]]

# What these load decodes images: other processes do.
COMPARED = ByName("trephine.study.annotating.comparing", "compared")
SHOWN_READING = ByName("trephine.study.annotating.deriving", "shown_reading")
TABLE_BYTES = ByName("trephine.study.annotating.measure_table", "table_bytes")
SEGMENTATION_OF = ByName("trephine.study.annotating.segmentation", "segmentation_of")
MIRRORED_REGION = ByName("trephine.study.annotating.starting", "mirrored_region")
REGIONS_OF_MASK = ByName("trephine.study.annotating.starting", "regions_of_mask")
SUGGESTED_HEADS = ByName("trephine.study.annotating.starting", "suggested_heads")
OPENING = ByName("trephine.study.annotating.viewing", "opening")
PICTURE = ByName("trephine.study.annotating.viewing", "picture")

_CASE = "/cases/{item}"


def annotate_routes(desk: Desk, prefix: str, find: FindBench) -> APIRouter:
    """Return the routes of a rater's page.

    Parameters
    ----------
    desk
        What routes share.
    prefix
        Where the page lies, with ``{rater}``.
    find
        Returns the bench of a request.
    """
    routes = APIRouter(prefix=prefix, include_in_schema=False)
    _page(routes, desk, find)
    _images(routes, desk, find)
    _readings(routes, desk, find)
    _beside(routes, desk, find)
    return routes


def _page(routes: APIRouter, desk: Desk, find: FindBench) -> None:
    @routes.get("/")
    async def page(request: Request) -> Response:
        return annotation_page(desk, request, await find(request, True))

    @routes.get("/list")
    async def work_list(request: Request, later: BackgroundTasks) -> Response:
        bench = await find(request, False)
        later.add_task(_write_what_is_behind, desk, bench)
        return JSONResponse({"cases": bench.ratings.work_list()}, background=later)

    @routes.get("/measures.csv")
    async def measures(request: Request) -> Response:
        own = (await find(request, False)).ratings
        content = await desk.aside.ask(TABLE_BYTES, own.workplace, own.rater)
        return _attached(content, "text/csv; charset=utf-8", "measures.csv")


def _images(routes: APIRouter, desk: Desk, find: FindBench) -> None:
    @routes.get(f"{_CASE}/opening")
    async def opening(request: Request, item: str) -> Response:
        bench = await find(request, False)
        one = bench.item(item)
        facts, found = await desk.aside.ask(OPENING, one)
        told = {**facts.as_json(), "has_mask": _own_mask(bench, one) is not None}
        return _picture(found, {"x-facts": json.dumps(told)})

    @routes.get(f"{_CASE}/picture")
    async def grey(request: Request, item: str, axis: int = 0, index: int = 0) -> Response:
        one = (await find(request, False)).item(item)
        return _picture(await desk.aside.ask(PICTURE, one, axis, index))


def _picture(found: PlanePicture, more: Mapping[str, str] | None = None) -> Response:
    size = {"x-rows": str(found.rows), "x-columns": str(found.columns), **(more or {})}
    return Response(found.values, media_type="application/octet-stream", headers=size)


def _readings(routes: APIRouter, desk: Desk, find: FindBench) -> None:
    async def shown(own: Ratings, one: WorkItem, axis: int, index: int) -> dict[str, Any]:
        journal, folder = (
            own.workplace.journal(own.rater, one),
            own.workplace.rater_folder(own.rater),
        )
        # Of a reading that was not begun nothing is written.
        write = own.journal(one).revision > 0
        given = (one, journal, folder, (axis, index), write)
        found: dict[str, Any] = await desk.aside.ask(SHOWN_READING, *given)
        return found

    @routes.get(f"{_CASE}/reading")
    async def reading(
        request: Request, item: str, axis: int = 0, index: int = 0, window: str = ""
    ) -> Response:
        bench = await find(request, False)
        one = bench.item(item)
        found = await shown(bench.ratings, one, axis, index)
        compare = bench.ratings.may_compare(one)
        others = bench.others(item, window)
        return JSONResponse({**found, "others": others, "compare": compare})

    @routes.get(f"{_CASE}/standing")
    async def standing(
        request: Request, item: str, window: str = "", leaving: bool = False
    ) -> Response:
        bench = await find(request, False)
        if leaving:
            bench.leave(window)
            return Response(status_code=204)
        revision = bench.ratings.journal(bench.item(item)).revision
        return JSONResponse({"revision": revision, "others": bench.others(item, window)})

    @routes.post(f"{_CASE}/operations")
    async def operate(request: Request, item: str, later: BackgroundTasks) -> Response:
        bench = await find(request, False)
        one, own = bench.item(item), bench.ratings
        content = _sent(await request.body())
        before = own.journal(one).reading.state
        try:
            saved = own.save(one, content["operation"], content["revision"])
        except StaleReadingError:
            now = own.journal(one).revision
            return JSONResponse({"detail": "changed elsewhere", "revision": now}, 409)
        if own.journal(one).reading.state != before:
            later.add_task(desk.aside.ask, TABLE_BYTES, own.workplace, own.rater)
        return JSONResponse({"revision": saved.revision}, background=later)


def _beside(routes: APIRouter, desk: Desk, find: FindBench) -> None:
    @routes.get(f"{_CASE}/comparison")
    async def comparison(request: Request, item: str, axis: int = 0, index: int = 0) -> Response:
        bench = await find(request, False)
        one, own = bench.item(item), bench.ratings
        names = own.may_compare(one)
        if names is None:
            raise HTTPException(404)
        journals = tuple(own.workplace.journal(name, one) for name in names)
        found = await desk.aside.ask(COMPARED, one, journals, (axis, index))
        return JSONResponse({**found, "raters": names})

    @routes.get(f"{_CASE}/segmentation.dcm")
    async def segmentation(request: Request, item: str) -> Response:
        bench = await find(request, False)
        one, own = bench.item(item), bench.ratings
        journal = own.workplace.journal(own.rater, one)
        content = await desk.aside.ask(SEGMENTATION_OF, one, journal)
        return _attached(content, "application/dicom", "segmentation.dcm")

    @routes.get(f"{_CASE}/mirrored")
    async def mirrored(request: Request, item: str, region: str = "") -> Response:
        bench = await find(request, False)
        one = bench.item(item)
        reading = bench.ratings.journal(one).reading
        return JSONResponse(await desk.aside.ask(MIRRORED_REGION, one, reading, region))

    @routes.get(f"{_CASE}/suggestions")
    async def suggestions(request: Request, item: str, axis: int = 0, index: int = 0) -> Response:
        one = (await find(request, False)).item(item)
        found = await desk.aside.ask(SUGGESTED_HEADS, one, axis, index)
        return JSONResponse({"suggestions": found})

    @routes.get(f"{_CASE}/start")
    async def start(request: Request, item: str) -> Response:
        bench = await find(request, False)
        one = bench.item(item)
        mask = _own_mask(bench, one)
        if mask is None:
            raise HTTPException(404)
        return JSONResponse({"regions": await desk.aside.ask(REGIONS_OF_MASK, one, mask)})


def _own_mask(bench: Bench, item: WorkItem) -> Path | None:
    """Return the mask from which this rater may start: never another rater's."""
    return item.masks.get(bench.ratings.rater) or item.masks.get("")


async def _write_what_is_behind(desk: Desk, bench: Bench) -> None:
    """Write the masks of readings that a server was ended before it could write."""
    own = bench.ratings
    for item in own.workplace.items.values():
        try:
            folder = own.workplace.rater_folder(own.rater)
            behind = own.journal(item).revision > files_revision(item, folder)
            if behind:
                journal = own.workplace.journal(own.rater, item)
                await desk.aside.ask(SHOWN_READING, item, journal, folder, (0, 0), True)
        except InputError:
            continue  # it is said where the image is opened


def _sent(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
        revision = content["revision"]
        if isinstance(revision, int) and "operation" in content:
            found: dict[str, Any] = content
            return found
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    raise HTTPException(400, "operation: expected one with a revision, found something else")


def _attached(content: bytes, kind: str, name: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=kind, headers=headers)
