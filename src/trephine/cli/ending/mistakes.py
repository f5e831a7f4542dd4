"""What to say of an error that is not Trephine's own, such as a full disk."""

from __future__ import annotations

import errno
import os
import sqlite3

from trephine.errors import InputError, TrephineError

_KEPT = "what was finished is kept: run the same command again"

# What the loader of libraries, ITK, torch and Python's threads say.
_NO_MEMORY = (
    "failed to map segment",
    "cannot allocate memory",
    "can't allocate memory",
    "not enough memory",
    "failed to allocate memory",
    "unable to allocate",
    "can't start new thread",
    "bad_alloc",
)

_ADVICE = {
    errno.ENOSPC: f"free some space; {_KEPT}",
    errno.EDQUOT: f"free some space; {_KEPT}",
    errno.EFBIG: f"the system's limit on the size of a file is too low here; {_KEPT}",
    errno.EROFS: "write to another folder (--out), or make it writable",
    errno.EACCES: "choose another folder (--out), or ask for the right to use it",
    errno.EPERM: "choose another folder (--out), or ask for the right to use it",
    errno.EMFILE: "raise the limit on open files (ulimit -n), or use fewer --workers",
    errno.EIO: f"the disk or the network folder fails; when it works again, {_KEPT}",
    errno.ESTALE: f"the network folder went away; when it is back, {_KEPT}",
    errno.ENOTCONN: f"the network folder went away; when it is back, {_KEPT}",
    errno.ENOENT: "was it moved or removed while the command ran?",
}


def in_words(error: BaseException) -> TrephineError | None:
    """Return what a user can act on; None for an error that is a fault of the program."""
    if isinstance(error, TrephineError):
        return error
    if isinstance(error, OSError):
        return InputError(_of_the_system(error))
    if isinstance(error, MemoryError) or _is_of_memory(error):
        detail = f" ({str(error).splitlines()[0]})" if str(error) else ""
        return InputError(
            f"memory: expected enough for this work, found too little{detail}; use fewer --workers,"
            f" smaller images or coarser settings, or a machine with more; {_KEPT}"
        )
    if isinstance(error, sqlite3.Error):
        return InputError(
            f"stored results: expected a database that works, found: {error}; run `trephine doctor`"
            " on the results folder, then the same command again"
        )
    if isinstance(error, UnicodeDecodeError):
        return InputError(
            f"text: expected UTF-8, found other bytes at position {error.start}; save the file as"
            " UTF-8"
        )
    if isinstance(error, RuntimeError) and "no locator available" in str(error):
        return InputError(
            "kernels: expected a folder in which compiled code can be kept, found that neither the"
            " installation's nor your own cache can be written to; set NUMBA_CACHE_DIR to a folder"
            " that only you can write to"
        )
    if type(error).__module__.split(".")[0] == "pyarrow":
        return InputError(
            f"stored features: expected a whole Parquet file, found: {str(error).splitlines()[0]};"
            " run `trephine doctor` on the results folder, then the same command again"
        )
    return None


def _is_of_memory(error: BaseException) -> bool:
    """Say whether a library's error means that there was no memory, or room for a thread."""
    if not isinstance(error, ImportError | RuntimeError | SystemError):
        return False
    text = str(error).casefold()
    return any(words in text for words in _NO_MEMORY)


def _of_the_system(error: OSError) -> str:
    where = error.filename if error.filename is not None else "a file"
    if isinstance(where, bytes):
        where = os.fsdecode(where)
    text = error.strerror or str(error) or "cannot be used"
    advice = _ADVICE.get(error.errno or 0, "")
    return f"{where}: {text[:1].lower()}{text[1:]}" + (f"; {advice}" if advice else "")
