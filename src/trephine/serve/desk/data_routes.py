"""Data: the table's columns with their roles, the files, and the study file beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

from trephine.choices import DEFAULT_PROTOCOL, ProtocolName
from trephine.errors import StudyProblemsError
from trephine.serve.desk.aside import ByName
from trephine.serve.desk.pages import Desk, attachment, onward, own_texts
from trephine.study.editing.looks import ColumnRole, DataChoices, DataLook, ImageChoice
from trephine.study.editing.study_file import ROLES, FileChangedError, VariableEdit, save_text
from trephine.study.shelf.studies import ShelvedStudy
from trephine.study.table_names import tables_in
from trephine.types import TimeUnit

# Their modules import all that reads tables, which other processes do.
_LOOK = ByName("trephine.study.editing.data_look", "look_at_data")
_SAVE = ByName("trephine.study.editing.data_save", "save_choices")
_SETTLE = ByName("trephine.study.editing.data_save", "settle_question")

# Texts that the page asks for: section and key by the field's name.
TEXTS = {
    "title": ("study", "title"),
    "protocol": ("study", "protocol"),
    "outcome": ("outcome", "name"),
    "event": ("outcome", "event"),
    "unit": ("outcome", "unit"),
    "horizons": ("outcome", "horizons"),
    "table": ("data", "table"),
    "sheet": ("data", "sheet"),
    "image": ("data", "image"),
}


def data_routes(desk: Desk) -> APIRouter:
    """Return the routes of the data."""
    routes = APIRouter(include_in_schema=False)
    _shown_and_chosen(routes, desk)
    _study_file(routes, desk)
    return routes


def _shown_and_chosen(routes: APIRouter, desk: Desk) -> None:
    room = "/studies/{address}/data"

    @routes.get(room)
    async def data(request: Request, address: str) -> Response:
        return await _page(desk, request, desk.study(address))

    @routes.post(room)
    async def choose(request: Request, address: str) -> Response:
        study = desk.study(address)
        texts = await own_texts(desk, request)
        try:
            await desk.aside.ask(_SAVE, study.path, _chosen(texts))
        except FileChangedError:
            return await _page(desk, request, study, 409, note="changed")
        except StudyProblemsError as error:
            wrong = {problem.column: problem.sentence for problem in error.problems}
            return await _page(desk, request, study, 422, typed=texts, wrong=wrong)
        return onward(study, "data", _query(request))

    @routes.post(f"{room}/decided")
    async def decided(request: Request, address: str) -> Response:
        study = desk.study(address)
        texts = await own_texts(desk, request)
        asked = (study.path, texts.get("question", ""), texts.get("digest", ""))
        try:
            await desk.aside.ask(_SETTLE, *asked)
        except FileChangedError:
            return await _page(desk, request, study, 409, note="changed")
        return onward(study, "data", _query(request))


def _study_file(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/studies/{address}/file")
    def download(address: str) -> Response:
        study = desk.study(address)
        named = {"content-disposition": attachment(study.path.name)}
        return FileResponse(study.path, media_type="application/toml", headers=named)

    @routes.post("/studies/{address}/file")
    async def save(request: Request, address: str) -> Response:
        study = desk.study(address)
        texts = await own_texts(desk, request)
        if "text" not in texts:
            raise HTTPException(400, "text: expected the study file, found none")
        try:
            await desk.aside.ask(save_text, study.path, texts["text"], texts.get("digest", ""))
        except FileChangedError:
            return await _page(desk, request, study, 409, typed=texts, note="changed")
        except StudyProblemsError as error:
            wrong = {"text": str(error)}
            return await _page(desk, request, study, 422, typed=texts, wrong=wrong)
        return onward(study, "data", _query(request))


async def _page(
    desk: Desk,
    request: Request,
    study: ShelvedStudy,
    status: int = 200,
    *,
    typed: Mapping[str, str] | None = None,
    wrong: Mapping[str, str] | None = None,
    note: str = "",
) -> Response:
    """Return the page; what was typed and could not be saved stays in its field."""
    row = _number(request.query_params.get("row", ""))
    look: DataLook = await desk.aside.ask(_LOOK, study.path, row)
    content = look.file.content
    now = {field: _as_text(content, *place) for field, place in TEXTS.items()}
    data = content.get("data")
    raters = data.get("raters") if isinstance(data, dict) else None
    images = content.get("images")
    return desk.shown(
        request,
        "data.html.j2",
        study,
        status=status,
        look=look,
        now={**now, **(typed or {})},
        typed=typed or {},
        wrong=wrong or {},
        note=note,
        row=row,
        marked=request.query_params.get("column", ""),
        raters=_texts_of(raters),
        images={
            str(name): {"image": one.get("image", ""), "raters": _texts_of(one.get("raters"))}
            for name, one in (images.items() if isinstance(images, dict) else ())
            if isinstance(one, dict)
        },
        units=get_args(TimeUnit),
        protocols=get_args(ProtocolName),
        default_protocol=DEFAULT_PROTOCOL,
        tables=tables_in(study.path.parent),
        query=_query(request),
    )


def _query(request: Request) -> str:
    row = _number(request.query_params.get("row", ""))
    return f"?row={row}" if row else ""


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0


def _texts_of(section: object) -> dict[str, str]:
    return {str(k): str(v) for k, v in section.items()} if isinstance(section, dict) else {}


def _as_text(content: Mapping[str, Any], section: str, key: str) -> str:
    """Return a value of a study file as a field shows it; empty where the file has none."""
    held = content.get(section)
    value = held.get(key, "") if isinstance(held, dict) else ""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _chosen(texts: Mapping[str, str]) -> DataChoices:
    """Return what a form of the page chose."""
    roles: dict[str, ColumnRole] = {}
    variables: dict[str, VariableEdit] = {}
    for name, column in texts.items():
        place = name.removeprefix("column-")
        if place == name or f"role-{place}" not in texts:
            continue
        roles[column] = _role(texts[f"role-{place}"])
        if f"unit-{place}" in texts:
            levels = texts.get(f"levels-{place}", "").split(",")
            variables[column] = VariableEdit(
                tuple(level.strip() for level in levels if level.strip()),
                *(
                    texts.get(f"{part}-{place}", "").strip()
                    for part in ("reference", "unit", "label")
                ),
            )
    sections: dict[str, dict[str, str]] = {}
    for field, (section, key) in TEXTS.items():
        if field in texts:
            sections.setdefault(section, {})[key] = texts[field].strip()
    paths = (_raters(texts), _images(texts))
    return DataChoices(texts.get("digest", ""), roles, variables, sections, *paths)


def _raters(texts: Mapping[str, str], before: str = "") -> dict[str, str]:
    """Return the paths of masks by rater, from fields whose names begin so."""
    places = [
        name.removeprefix(f"{before}rater-") for name in texts if name.startswith(f"{before}rater-")
    ]
    return {
        rater: texts.get(f"{before}masks-{n}", "").strip()
        for n in places
        if (rater := texts[f"{before}rater-{n}"].strip())
    }


def _images(texts: Mapping[str, str]) -> dict[str, ImageChoice]:
    """Return the paths of each of several images, by its name."""
    return {
        texts[name]: ImageChoice(
            texts.get(f"{before}-path", "").strip(), _raters(texts, f"{before}-")
        )
        for name in texts
        if name.startswith("image-name-")
        for before in [f"of-image-{name.removeprefix('image-name-')}"]
    }


def _role(text: str) -> Any:
    if text not in (*ROLES, "clinical", "part", "out"):
        raise HTTPException(422, "role: expected one that the page offers, found another")
    return text
