"""Which checks and runs were asked for by this account: a folder from elsewhere can claim any.

What waits, or was cut short, is kept in a study's folder. A record there starts something by itself
only under a mark that is made with a key of this account, which lies outside all studies.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
from contextlib import suppress
from functools import cache
from pathlib import Path

_KEY_BYTES = 32


def mark_of(file: Path, *parts: object) -> str:
    """Return the mark of a record.

    Parameters
    ----------
    file
        The record: one that is copied to another place is not marked there.
    parts
        What the mark vouches for.
    """
    text = "\0".join(map(str, (file.resolve(), *parts)))
    return hmac.new(
        _key(_place()), text.encode("utf-8", "surrogatepass"), hashlib.sha256
    ).hexdigest()


def is_marked(mark: str, file: Path, *parts: object) -> bool:
    """Say whether a mark is that of a record."""
    return hmac.compare_digest(mark.encode("utf-8", "replace"), mark_of(file, *parts).encode())


def _place() -> Path | None:
    """Return where this account's key lies; None where it has no home."""
    with suppress(RuntimeError):
        state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
        return Path(state) / "trephine" / "desk.key"
    return None


@cache
def _key(place: Path | None) -> bytes:
    """Return the key at a place, made where there is none.

    Where none can be kept, or others could read it, it is one of this process alone: what it asked
    for is then asked for again after it has ended.
    """
    if place is not None:
        with suppress(OSError):
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with suppress(FileExistsError):
                made = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(made, "wb") as stream:
                    stream.write(os.urandom(_KEY_BYTES))
            if (key := _kept(place)) is not None:
                return key
    return os.urandom(_KEY_BYTES)


def _kept(place: Path) -> bytes | None:
    about = place.lstat()
    others = stat.S_IRWXG | stat.S_IRWXO
    if not stat.S_ISREG(about.st_mode) or (os.name == "posix" and about.st_mode & others):
        return None
    key = place.read_bytes()
    return key if len(key) == _KEY_BYTES else None
