"""Limits on every request to a web archive: time, bytes, and no way to another address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trephine.errors import ArchiveError

_TIMEOUT_SECONDS = (10.0, 120.0)  # to connect; between bytes
_MOST_IMAGE_BYTES = 1 << 31
_MOST_ANSWER_BYTES = 1 << 26
_CHUNK = 1 << 16


def guarded(request: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap ``requests.Session.request``.

    A dead server would hang the study, an endless answer fill the memory, and a redirect carry a
    question that names a patient to another machine.
    """

    def send(*arguments: Any, **options: Any) -> Any:
        options.setdefault("timeout", _TIMEOUT_SECONDS)
        options["allow_redirects"], options["stream"] = False, True
        response = request(*arguments, **options)
        try:
            if 300 <= response.status_code < 400:
                raise ArchiveError(
                    f"archive: expected an answer, found a redirect (HTTP {response.status_code}),"
                    " which is not followed; give the address that it should lead to"
                )
            _read(response)
        finally:
            response.close()
        return response

    return send


def _read(response: Any) -> None:
    """Read the whole answer, up to a limit, also after decompression."""
    kind = str(response.headers.get("Content-Type", "")).lower()
    most = _MOST_IMAGE_BYTES if kind.startswith("multipart/") else _MOST_ANSWER_BYTES
    content = bytearray()
    for chunk in response.iter_content(_CHUNK):
        content += chunk
        if len(content) > most:
            raise ArchiveError(f"archive: expected at most {most} bytes in an answer, found more")
    response._content = bytes(content)
    response._content_consumed = True
