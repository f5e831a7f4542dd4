"""What every request passes before the application sees it, and every answer after.

Host, size, token, origin; then the headers that hold a browser to this page. All of it is logged
and counted without a value that the client sent. An error of the program ends here in a plain 500.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from anyio import fail_after
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trephine.serve.logs import log
from trephine.serve.metrics import Metrics
from trephine.serve.sessions import CSRF_HEADER, Sessions
from trephine.serve.settings import ServeSettings

STATIC = "/static/"
API = "/api/"
TOO_LATE = "request: expected it to arrive and to be answered sooner"
_SAFE = ("GET", "HEAD", "OPTIONS")
_LONGEST_PATH = 2048
_LENGTH = re.compile("[0-9]{1,18}")
# A request may take so long; one with files so many times a prediction's own time.
_SECONDS, _TURNS = 30.0, 6

HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Without any, browsers call the origin of our own forms "null", and the guard refuses them.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
}
_OVER_TLS = {"strict-transport-security": "max-age=31536000"}


def _takes_files(path: str) -> bool:
    return path.endswith("/predict-image")


@dataclass(frozen=True)
class GuardRules:
    """What differs between the applications that the guard stands before.

    Attributes
    ----------
    open
        Paths for those who have not signed in.
    sign_in
        Where a browser that has not is sent.
    shows_mark
        Whether the form of a path shows its mark in a field, which the page itself checks.
    takes_files
        Whether a path takes files, and so larger requests.
    takes_long
        Whether a path may take more time.
    has_own_policy
        Whether the page at a path brings its own policy, and may be shown in a frame of ours.
    headers
        Of every answer.
    """

    open: tuple[str, ...] = ("/health", "/sign-in")
    sign_in: str = "/sign-in"
    shows_mark: Callable[[str], bool] = ("/sign-in", "/sign-out").__contains__
    takes_files: Callable[[str], bool] = _takes_files
    takes_long: Callable[[str], bool] = _takes_files
    has_own_policy: Callable[[str], bool] = ().__contains__
    headers: Mapping[str, str] = field(default_factory=lambda: HEADERS)


class RequestGuard:
    """The application behind all rules.

    Parameters
    ----------
    app
        What answers requests that may pass.
    settings, sessions, metrics
        Of the server.
    rules
        Of the application.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: ServeSettings,
        sessions: Sessions,
        metrics: Metrics,
        rules: GuardRules | None = None,
    ) -> None:
        self._app, self._settings = app, settings
        self._sessions, self._metrics = sessions, metrics
        self._rules = rules or GuardRules()
        over_tls = _OVER_TLS if settings.scheme == "https" else {}
        self._headers = {**self._rules.headers, **over_tls}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        began, status = time.monotonic(), 500
        started = False

        async def answer(message: Message) -> None:
            nonlocal status, started
            if message["type"] == "http.response.start":
                status, started = message["status"], True
                message["headers"] = self._with_headers(scope, message["headers"])
            await send(message)

        try:
            refused = self._refusal(scope)
            if refused is not None:
                await refused(scope, receive, answer)
            else:
                with fail_after(self._seconds(scope)):
                    await self._app(scope, self._measured(scope, receive), answer)
        except TimeoutError:
            if not started:
                late = _said(408, TOO_LATE)
                await late(scope, receive, answer)
        except Exception as error:
            log("fault", logging.ERROR, error=type(error).__name__, place=_place(error))
            if not started:
                await _said(500, "the server failed; ask who runs it")(scope, receive, answer)
        finally:
            self._count(scope, status, time.monotonic() - began)

    def _refusal(self, scope: Scope) -> Response | None:
        headers, method = _headers(scope), scope["method"]
        if host_of(headers.get("host", "")) not in self._settings.names:
            return _said(421, "host: expected a name of this server, found another")
        if len(scope["path"]) > _LONGEST_PATH or "\0" in scope["path"]:
            return _said(414, "address: expected a shorter one")
        length = headers.get("content-length", "0")
        if not _LENGTH.fullmatch(length):
            return _said(400, "content-length: expected a number")
        if int(length) > self._limit(scope):
            return self._too_large(scope)
        cookie = cookie_of(headers, self._sessions.cookie_name)
        if method not in _SAFE and (wrong := self._forged(scope, headers, cookie)) is not None:
            return wrong
        return self._unknown(scope, headers, cookie)

    def _unknown(self, scope: Scope, headers: Mapping[str, str], cookie: str) -> Response | None:
        """Refuse who shows neither the token nor a session that showed it."""
        path = scope["path"]
        if not self._sessions.asks or path in self._rules.open or path.startswith(STATIC):
            return None
        kind, _, shown = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self._sessions.is_token(shown.strip()):
            return None
        if self._sessions.standing(cookie) == "signed in":
            return None
        if path.startswith(API) or path == "/metrics" or scope["method"] not in _SAFE:
            said = _said(
                401, "token: expected Authorization: Bearer TOKEN, found none that is known"
            )
            said.headers["www-authenticate"] = "Bearer"
            return said
        return RedirectResponse(self._rules.sign_in, 303)

    def _forged(self, scope: Scope, headers: Mapping[str, str], cookie: str) -> Response | None:
        """Refuse what another site made a browser send; a program sends none of these headers."""
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if origin is None and site is None and not cookie:
            return None
        if origin is not None and _netloc(origin) != headers["host"].lower():
            return _said(403, "origin: expected a page of this server, found another")
        if site not in (None, "same-origin"):
            return _said(403, "origin: expected a page of this server, found another")
        if self._rules.shows_mark(scope["path"]) or self._sessions.is_mark(
            cookie, headers.get(CSRF_HEADER, "")
        ):
            return None
        return _said(403, f"{CSRF_HEADER}: expected the page's own mark; load the page again")

    def _limit(self, scope: Scope) -> int:
        own = self._settings
        return own.upload_bytes if self._rules.takes_files(scope["path"]) else own.body_bytes

    def _seconds(self, scope: Scope) -> float:
        """Return how long a request may take, with its turn's waiting time."""
        long = self._rules.takes_long(scope["path"])
        return _TURNS * self._settings.seconds if long else _SECONDS

    def _measured(self, scope: Scope, receive: Receive) -> Receive:
        """Return a ``receive`` that stops where a body goes on past its limit."""
        seen, limit = 0, self._limit(scope)

        async def measured() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise HTTPException(413, self._too_large_words(limit))
            return message

        return measured

    def _too_large(self, scope: Scope) -> Response:
        said = _said(413, self._too_large_words(self._limit(scope)))
        said.headers["connection"] = "close"
        return said

    def _too_large_words(self, limit: int) -> str:
        return f"request: expected {limit} bytes at most, found more"

    def _with_headers(self, scope: Scope, given: Any) -> list[tuple[bytes, bytes]]:
        own = dict(self._headers)
        if scope["path"].startswith(STATIC):
            own["cache-control"] = "public, max-age=3600"
        if self._rules.has_own_policy(scope["path"]):
            del own["content-security-policy"], own["x-frame-options"]
        others = [
            (name, value) for name, value in given if name.decode("latin-1").lower() not in own
        ]
        return [*others, *((name.encode(), value.encode()) for name, value in own.items())]

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        # The pattern of the route, never the path: a client may put anything there.
        route = getattr(scope.get("route"), "path", "none")
        self._metrics.requests.labels(route, _method(scope), str(status)).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        ms = round(1000 * seconds, 1)
        log("request", route=route, method=_method(scope), status=status, ms=ms)


def host_of(header: str) -> str:
    """Return the host of a ``Host`` header, without its port, in small letters."""
    try:
        return (urlsplit(f"//{header}").hostname or "").lower()
    except ValueError:
        return ""


def _netloc(origin: str) -> str:
    """Return host and port of an ``Origin``, in small letters; empty for what is none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def cookie_of(headers: Mapping[str, str], name: str) -> str:
    """Return the session's cookie of a request; empty without."""
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return "" if cookie is None else cookie.value


def _headers(scope: Scope) -> dict[str, str]:
    return {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
    }


def _said(status: int, detail: str) -> JSONResponse:
    return JSONResponse({"detail": detail}, status)


def _method(scope: Scope) -> str:
    known = (*_SAFE, "POST", "PUT", "PATCH", "DELETE")
    return scope["method"] if scope["method"] in known else "other"


def _place(error: Exception) -> str:
    """Return file and line of an error's origin; its message may quote what a client sent."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f"{trace.tb_frame.f_code.co_name}, line {trace.tb_lineno}"
