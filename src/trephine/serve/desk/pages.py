"""What every page of the desk is given: words, the session's mark, the study and its rooms."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import Request
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from trephine import __version__
from trephine.serve.desk.aside import Aside
from trephine.serve.desk.queue import Queue
from trephine.serve.desk.render import desk_environment
from trephine.serve.guard import cookie_of
from trephine.serve.pages import language_of
from trephine.serve.sessions import OneTimeSessions
from trephine.serve.words import LANGUAGES, Language, desk_words, words_of
from trephine.study.shelf.studies import Shelf, ShelvedStudy, look_through

LANGUAGE_COOKIE = "trephine_language"
# Pages of a study in their order; a new one is a line here, its routes, and its words.
ROOMS = ("data", "annotate", "check", "run", "report", "model")

YEAR_S = 365 * 24 * 3600
_MOST_FIELDS = 20_000
_LONGEST_TEXT = 2 << 20


@dataclass(frozen=True)
class DeskSettings:
    """What the desk is held to.

    Attributes
    ----------
    folder
        Nothing outside of it is opened or written.
    host, port
        Address that it binds; this computer's own.
    table_bytes
        Of the largest table that is dropped on a page.
    """

    folder: Path
    host: str = "127.0.0.1"
    port: int = 8010
    table_bytes: int = 64 << 20


@dataclass(frozen=True)
class Desk:
    """What the routes share.

    Attributes
    ----------
    settings, sessions
        Of the desk.
    queue
        Checks and runs.
    aside
        Opens files in other processes.
    """

    settings: DeskSettings
    sessions: OneTimeSessions
    queue: Queue
    aside: Aside

    def shelf(self) -> Shelf:
        """Return what lies in the desk's folder now."""
        return look_through(self.settings.folder)

    def study(self, address: str) -> ShelvedStudy:
        """Return a study by its address.

        Raises
        ------
        HTTPException
            404 where there is none.
        """
        found = self.shelf().studies.get(address)
        if found is None:
            raise HTTPException(404)
        return found

    def shown(
        self,
        request: Request,
        template: str,
        study: ShelvedStudy | None = None,
        status: int = 200,
        **facts: Any,
    ) -> Response:
        """Return a page in the language of a request.

        Parameters
        ----------
        request
            That asks for it.
        template
            Its file in the desk's folder of templates.
        study
            That it is about, if any.
        status
            Of the answer.
        facts
            For the template.
        """
        language = self.language(request)
        page = desk_environment().get_template(f"desk/{template}")
        given = self.common(request, study)
        # A file's name may hold bytes that are no text.
        answer = HTMLResponse(page.render(**given, **facts).encode("utf-8", "replace"), status)
        if request.query_params.get("lang", "") == language:
            answer.set_cookie(
                LANGUAGE_COOKIE, language, max_age=YEAR_S, httponly=True, samesite="strict"
            )
        return answer

    def common(self, request: Request, study: ShelvedStudy | None) -> dict[str, Any]:
        """Return what every template is given."""
        language = self.language(request)
        cookie = cookie_of(request.headers, self.sessions.cookie_name)
        return {
            "words": desk_words(language),
            "language": language,
            "locale": words_of(language)["locale"],
            "languages": {code: words_of(code)["language"] for code in LANGUAGES},
            "mark": self.sessions.mark(cookie),
            "version": __version__,
            "folder": self.settings.folder.name or str(self.settings.folder),
            "study": study,
            "rooms": ROOMS,
            "room": request.url.path.rsplit("/", 1)[-1],
        }

    def language(self, request: Request) -> Language:
        """Return the language that was chosen, else the first that a browser wants."""
        chosen = request.cookies.get(LANGUAGE_COOKIE, "")
        if "lang" not in request.query_params and chosen in LANGUAGES:
            return "zh" if chosen == "zh" else "en"
        return language_of(request)


@asynccontextmanager
async def own_form(desk: Desk, request: Request, *, files: int = 0) -> AsyncIterator[FormData]:
    """Give the form of a request, which one of our own pages sent; its files end with the block.

    Parameters
    ----------
    desk
        Whose page it must be.
    request
        With the form.
    files
        How many files it may hold.

    Raises
    ------
    HTTPException
        403 where the mark is not ours.
    """
    limits = {"max_files": files, "max_fields": _MOST_FIELDS, "max_part_size": _LONGEST_TEXT}
    async with request.form(**limits) as form:
        cookie = cookie_of(request.headers, desk.sessions.cookie_name)
        mark = form.get("mark", "")
        if not isinstance(mark, str) or not desk.sessions.is_mark(cookie, mark):
            raise HTTPException(403)
        yield form


async def own_texts(desk: Desk, request: Request) -> Mapping[str, str]:
    """Return the texts of a form that one of our own pages sent, the last of each name.

    Raises
    ------
    HTTPException
        As `own_form`.
    """
    async with own_form(desk, request) as form:
        return {name: value for name, value in form.multi_items() if isinstance(value, str)}


def attachment(name: str) -> str:
    """Return the header that saves an answer under a name, whatever signs it has."""
    return f"attachment; filename*=UTF-8''{quote(name.encode('utf-8', 'replace'), safe='')}"


def onward(study: ShelvedStudy, room: str, query: str = "") -> Response:
    """Return an answer that leads to a room of a study."""
    return RedirectResponse(f"/studies/{study.address}/{room}{query}", 303)
