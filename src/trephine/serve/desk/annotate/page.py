"""The page on which a rater draws, and the files that it is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from trephine.errors import InputError
from trephine.serve.desk.annotate.benches import Bench, Benches
from trephine.serve.desk.pages import LANGUAGE_COOKIE, YEAR_S, Desk, onward, own_texts
from trephine.serve.desk.render import desk_environment
from trephine.serve.pages import KINDS
from trephine.serve.parts import as_data, static
from trephine.serve.words import annotate_words
from trephine.study.annotating.items import CONSENSUS, rater_name

FILES = (
    "annotate.css", "circle.mjs", "drawing.mjs", "keys.mjs", "main.mjs", "overlay.mjs",
    "panels.mjs", "picture.mjs", "session.mjs", "shapes.mjs", "tools.mjs", "view.mjs", "words.mjs",
)  # fmt: skip


def annotation_page(desk: Desk, request: Request, bench: Bench) -> Response:
    """Return a rater's page."""
    given = desk.common(request, None)
    language = given["language"]
    own = bench.ratings
    settings: dict[str, Any] = {
        "base": request.url.path.rstrip("/"),
        "mark": given["mark"],
        "rater": own.rater,
        "language": language,
    }
    patterns = {
        image: pattern.replace("{rater}", own.rater).replace("{region}", "head")
        for image, pattern in own.workplace.mask_patterns.items()
    }
    text = (
        desk_environment()
        .get_template("annotate/page.html.j2")
        .render(
            **{**given, "words": annotate_words(language)},
            rater=own.rater,
            patterns=patterns,
            held={"settings": as_data(settings), "words": as_data(annotate_words(language))},
        )
    )
    answer = HTMLResponse(text)
    if request.query_params.get("lang", "") == language:
        answer.set_cookie(
            LANGUAGE_COOKIE, language, max_age=YEAR_S, httponly=True, samesite="strict"
        )
    return answer


def annotate_files() -> APIRouter:
    """Return the route of the page's style sheet and modules."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/static/annotate/{name}")
    def file(name: str) -> Response:
        if name not in FILES:
            raise HTTPException(404)
        return Response(static(f"annotate/{name}"), media_type=KINDS[name[name.rindex(".") :]])

    return routes


def raters_page(desk: Desk, benches: Benches) -> APIRouter:
    """Return the route of a study's page on which a rater says who it is."""
    routes = APIRouter(include_in_schema=False)
    room = "/studies/{address}/annotate"

    @routes.get(room)
    async def raters(request: Request, address: str) -> Response:
        study = desk.study(address)
        found: dict[str, Any] = {"done": {}, "images": 0, "said": "", "consensus": CONSENSUS}
        try:
            place = await benches.place(study.path, fresh=True)
        except InputError as error:
            found["said"] = str(error)
        else:
            done = {name: await _done(benches, study.path, name) for name in place.raters()}
            found |= {"done": done, "images": len(place.items)}
        return desk.shown(request, "annotate.html.j2", study, **found)

    @routes.post(room)
    async def chosen(request: Request, address: str) -> Response:
        study = desk.study(address)
        name = rater_name((await own_texts(desk, request)).get("rater", "").strip().lower())
        return onward(study, f"annotate/{name}/")

    return routes


async def _done(benches: Benches, path: Path, rater: str) -> int:
    listed = (await benches.bench(path, rater)).ratings.work_list()
    return sum(row["state"] not in ("open", "damaged") for row in listed)
