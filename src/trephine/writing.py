"""Files that appear whole or not at all, whatever stops the program or fills the disk."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_DRAFT = re.compile(r"\.(?P<name>.+)\.(?P<pid>\d+)\.part")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a draft to write into; it takes the file's place when the ``with`` block ends well.

    What stood at ``path`` stays until then, and stays for good if the block fails. The draft lies
    beside the file under a hidden name that ends in ``.part``, so a writer must be given the format
    that goes by suffixes. Drafts of the same file that killed processes left are removed.

    Parameters
    ----------
    path
        File to write; its folder exists.

    Raises
    ------
    OSError
        With the file's name, also where the system gives none, as for a full disk.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with naming(path):
            _remove_dead_drafts(path)
            draft.unlink(missing_ok=True)  # a link in its place would be written through
            yield draft
            os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Enter the file's name into an ``OSError`` that has none or that of the draft."""
    try:
        yield
    except OSError as error:
        if error.filename is None or _DRAFT.fullmatch(Path(str(error.filename)).name):
            error.filename = str(path)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8, whole or not at all."""
    with whole_file(path) as draft:
        draft.write_text(text, encoding="utf-8")


def _remove_dead_drafts(path: Path) -> None:
    for other in path.parent.glob(f".{_literal(path.name)}.*.part"):
        match = _DRAFT.fullmatch(other.name)
        if match and match["name"] == path.name and not is_running(int(match["pid"])):
            other.unlink(missing_ok=True)


def _literal(name: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", name)


def is_running(pid: int) -> bool:
    """Say whether a process of this machine runs; True where that cannot be found out."""
    if os.name != "posix":
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OverflowError:
        return False
    except PermissionError:
        return True
    return True
