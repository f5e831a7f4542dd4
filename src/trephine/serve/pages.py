"""The pages: list of models, calculator, sign-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from trephine import __version__
from trephine.serve.guard import cookie_of
from trephine.serve.parts import as_data, environment, static
from trephine.serve.sessions import Sessions, Standing
from trephine.serve.settings import ServeSettings
from trephine.serve.words import LANGUAGES, Language, catalogue, words_of

if TYPE_CHECKING:  # it imports all that models need; the desk's pages share this file without
    from trephine.serve.models import ServedModel

KINDS = {".css": "text/css; charset=utf-8", ".mjs": "text/javascript; charset=utf-8"}
FILES = (
    "style.css", "arithmetic.mjs", "drawing.mjs", "wording.mjs", "page.mjs", "upload.mjs",
)  # fmt: skip


def page_routes(
    models: dict[str, ServedModel], settings: ServeSettings, sessions: Sessions
) -> APIRouter:
    """Return the routes of the pages."""
    routes = APIRouter(include_in_schema=False)
    pages = Pages(settings, sessions)

    @routes.get("/")
    def list_models(request: Request) -> Response:
        return pages.shown(request, "models.html.j2", models=list(models.values()))

    @routes.get("/models/{model_id}")
    def calculator(request: Request, model_id: str) -> Response:
        if model_id not in models:
            return pages.shown(request, "not_found.html.j2", status=404)
        return pages.calculator(request, models[model_id])

    @routes.get("/sign-in")
    def sign_in(request: Request) -> Response:
        return pages.shown(request, "sign_in.html.j2", wrong=False)

    @routes.post("/sign-in")
    async def signed_in(request: Request) -> Response:
        form = await fields_of(request)
        own = sessions.is_mark(
            cookie_of(request.headers, sessions.cookie_name), form.get("mark", "")
        )
        if not own or not sessions.is_token(form.get("token", "")):
            return pages.shown(request, "sign_in.html.j2", status=403, wrong=True)
        return pages.with_cookie(RedirectResponse("/", 303), "signed in")

    @routes.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        mark = (await fields_of(request)).get("mark", "")
        if not sessions.is_mark(cookie_of(request.headers, sessions.cookie_name), mark):
            return pages.shown(request, "sign_in.html.j2", status=403, wrong=False)
        return pages.with_cookie(RedirectResponse("/sign-in", 303), "visitor")

    @routes.get("/static/{name}")
    def static_file(request: Request, name: str) -> Response:
        if name not in FILES:
            return pages.shown(request, "not_found.html.j2", status=404)
        return Response(static(name), media_type=KINDS[name[name.rindex(".") :]])

    return routes


class Pages:
    """Renders pages in the language of a request, with a session's mark in them."""

    def __init__(self, settings: ServeSettings, sessions: Sessions) -> None:
        self._settings, self._sessions = settings, sessions

    def shown(self, request: Request, template: str, status: int = 200, **facts: Any) -> Response:
        """Return a page; a request without a session gets one."""
        cookie = cookie_of(request.headers, self._sessions.cookie_name)
        fresh = self._sessions.standing(cookie) is None
        if fresh:
            cookie = self._sessions.cookie("visitor")
        language = language_of(request)
        page = environment().get_template(template)
        text = page.render(
            words=words_of(language),
            language=language,
            languages={code: words_of(code)["language"] for code in LANGUAGES},
            mark=self._sessions.mark(cookie),
            asks=self._sessions.asks,
            version=__version__,
            offline=None,
            **facts,
        )
        answer = HTMLResponse(text, status)
        return self.with_cookie(answer, "visitor", cookie) if fresh else answer

    def calculator(self, request: Request, served: ServedModel) -> Response:
        """Return the calculator of a model."""
        cookie = cookie_of(request.headers, self._sessions.cookie_name)
        fresh = self._sessions.standing(cookie) is None
        if fresh:
            cookie = self._sessions.cookie("visitor")
        language = language_of(request)
        settings = {
            "language": language,
            "mark": self._sessions.mark(cookie),
            "images": f"/api/v1/models/{served.address}/predict-image" if served.apart else None,
            "megabytes": self._settings.upload_bytes >> 20,
        }
        page = environment().get_template("served_calculator.html.j2")
        text = page.render(
            content=served.content,
            words=words_of(language),
            held={
                "content": as_data(served.content.model_dump(mode="json")),
                "words": as_data(catalogue()),
                "settings": as_data(settings),
            },
            offline=None,
            images=served.apart is not None,
        )
        answer = HTMLResponse(text)
        return self.with_cookie(answer, "visitor", cookie) if fresh else answer

    def with_cookie(self, answer: Response, standing: Standing, value: str = "") -> Response:
        """Return an answer that sets a session's cookie."""
        answer.set_cookie(
            self._sessions.cookie_name,
            value or self._sessions.cookie(standing),
            httponly=True,
            samesite="strict",
            secure=self._settings.scheme == "https",
            path="/",
        )
        return answer


async def fields_of(request: Request) -> dict[str, str]:
    """Return the fields of a plain form, the last of each name."""
    form = parse_qs((await request.body()).decode("utf-8", "replace"))
    return {name: values[-1] for name, values in form.items()}


def language_of(request: Request) -> Language:
    """Return the language that an address asks for, else the first that a browser wants."""
    asked = request.query_params.get("lang", "")
    wanted = [asked, *request.headers.get("accept-language", "").split(",")]
    for one in wanted:
        code = one.strip().lower()[:2]
        if code in LANGUAGES:
            return code
    return "en"
