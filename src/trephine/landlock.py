"""Holding this process, and all that it starts, to some places of the file system (Linux 5.13).

Landlock is asked by the kernel at each opening, so that no link which is exchanged between a look
and an opening leads anywhere else. What is given up cannot be had back. Imports nothing but
Python's own.
"""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from collections.abc import Iterable

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_PR_SET_NO_NEW_PRIVS = 38
_EXECUTE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 2, 1 << 3
# What a file, and not a folder, can allow: run, write, read, shorten, and devices' own calls.
_OF_FILES = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15
# All rights on files by the version of Landlock: 13 at first, then REFER, TRUNCATE, and devices.
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
_LATER_RIGHTS = (1 << 16) - 1


# By these the first account looks into other processes, whatever Landlock says: SYS_PTRACE,
# SYS_ADMIN, PERFMON.
_CAPABILITIES = 1 << 19 | 1 << 21 | 1 << 38
_CAPABILITY_VERSION = 0x20080522


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64),)


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def close_files(
    readable: Iterable[str], *, runnable: Iterable[str] = (), writable: Iterable[str] = ()
) -> bool:
    """Close all files to this thread, and to what it starts, but those in some places.

    Parameters
    ----------
    readable
        Files and folders whose files may be read and listed. One that is not there is left out.
    runnable
        Those whose programs may be started and read too.
    writable
        Those in which everything may be done.

    Returns
    -------
    Whether the system holds it to that.
    """
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    if version < 1:
        return False
    everything = _RIGHTS.get(version, _LATER_RIGHTS)
    rules = _Ruleset(everything)
    ruleset = libc.syscall(_CREATE, ctypes.byref(rules), ctypes.c_size_t(ctypes.sizeof(rules)), 0)
    if ruleset < 0:
        return False
    try:
        for places, rights in (
            (readable, _READ_FILE | _READ_DIR),
            (runnable, _READ_FILE | _READ_DIR | _EXECUTE),
            (writable, everything),
        ):
            for path in dict.fromkeys(places):
                _allow(libc, ruleset, path, rights)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        _drop_capabilities(libc)
        return bool(libc.syscall(_RESTRICT, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    """Drop what opens other processes' memory and environment, for good."""
    head = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    # Effective, permitted and inheritable ones; the lower 32 of each, then the upper.
    held = (ctypes.c_uint32 * 6)()
    if libc.capget(head, held) != 0:
        return
    for place in range(6):
        held[place] &= ~(_CAPABILITIES >> (32 * (place // 3))) & 0xFFFFFFFF
    libc.capset(head, held)


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # not on this system
    if not stat.S_ISDIR(os.fstat(place).st_mode):
        rights &= _OF_FILES
    beneath = _Beneath(rights, place)
    libc.syscall(_ADD, ruleset, 1, ctypes.byref(beneath), 0)
    os.close(place)
