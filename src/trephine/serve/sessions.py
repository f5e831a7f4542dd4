"""Who may ask: a token shown once becomes a cookie, and our own pages carry a mark of theirs.

Nothing is stored: cookies and the marks against forged requests are signed with a key that lives as
long as the server does.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from typing import Literal

CSRF_HEADER = "x-trephine-csrf"
_LIFETIME_SECONDS = 12 * 3600

Standing = Literal["visitor", "signed in"]


class Sessions:
    """Signs and checks cookies.

    A cookie is sent to every port of a host: applications that may run side by side name theirs
    differently.

    Parameters
    ----------
    token
        What a client has to show; empty where nobody has to.
    cookie_name
        Of the session's cookie.
    """

    def __init__(self, token: str, cookie_name: str = "trephine_session") -> None:
        self.cookie_name = cookie_name
        self._token = token.encode()
        self._key = secrets.token_bytes(32)

    @property
    def asks(self) -> bool:
        """Whether a token has to be shown."""
        return bool(self._token)

    def is_token(self, shown: str) -> bool:
        """Return whether a token is ours; how long that takes says nothing of it."""
        return self.asks and hmac.compare_digest(self._token, shown.encode("utf-8", "replace"))

    def cookie(self, standing: Standing) -> str:
        """Return the value of a new session's cookie."""
        body = f"{secrets.token_urlsafe(16)}.{standing[0]}.{int(time.time()) + _LIFETIME_SECONDS}"
        return f"{body}.{self._mac('session', body)}"

    def standing(self, cookie: str) -> Standing | None:
        """Return what a cookie shows; None where it is not ours or has run out."""
        body, _, mac = cookie.rpartition(".")
        if not hmac.compare_digest(
            self._mac("session", body).encode(), mac.encode("utf-8", "replace")
        ):
            return None
        _, kind, until = body.rsplit(".", 2)
        if int(until) < time.time():
            return None
        return "signed in" if kind == "s" else "visitor"

    def mark(self, cookie: str) -> str:
        """Return what our own page sends beside a session's cookie."""
        return self._mac("csrf", cookie)

    def is_mark(self, cookie: str, shown: str) -> bool:
        """Return whether a request comes from our own page."""
        known = self.standing(cookie) is not None
        return known and hmac.compare_digest(
            self.mark(cookie).encode(), shown.encode("utf-8", "replace")
        )

    def _mac(self, purpose: str, text: str) -> str:
        body = f"{purpose}\0{text}".encode("utf-8", "replace")
        return hmac.new(self._key, body, hashlib.sha256).hexdigest()


class OneTimeSessions(Sessions):
    """Sessions that begin by an address that works once.

    Parameters
    ----------
    cookie_name
        Of the session's cookie.
    """

    def __init__(self, cookie_name: str) -> None:
        super().__init__(secrets.token_urlsafe(32), cookie_name)

    @property
    def token(self) -> str:
        """What the next browser has to show."""
        return self._token.decode()

    def is_token(self, shown: str) -> bool:
        """Return False: the token is for a browser's first request alone."""
        return False

    def redeem(self, shown: str) -> bool:
        """Return whether a token is ours; the next browser needs another then."""
        if not super().is_token(shown):
            return False
        self._token = secrets.token_urlsafe(32).encode()
        return True
