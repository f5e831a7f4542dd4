"""What a process gives up before it opens a network from outside; imports nothing but Python's own.

Network namespaces (``unshare``) take the network away, Landlock (Linux 5.13) all files but the
libraries, ``setrlimit`` memory, processor time and the writing of files, a filter of system calls
(`trephine.deep.system_calls`) the starting of processes and signals to others.
"""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress

from trephine.deep.system_calls import close_calls

MEMORY_BYTES = 16 << 30
PROCESSOR_SECONDS = 24 * 3600

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _SIGKILL = 1, 38, 9
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
# All rights on files by the version of Landlock: 13 at first, then REFER, TRUNCATE, and devices.
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
_LATER_RIGHTS = (1 << 16) - 1

_LIBRARIES = (
    "/usr/lib", "/usr/lib64", "/lib", "/lib64", "/etc/ld.so.cache", "/dev/null", "/dev/urandom",
    "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu",
)  # fmt: skip


def confine(paths: list[str], data_bytes: int | None = None) -> list[str]:
    """Give up network, files and more for the rest of this process.

    Parameters
    ----------
    paths
        Folders of modules that it may still read.
    data_bytes
        Of memory that it may write to; `MEMORY_BYTES` of any kind hold besides.

    Returns
    -------
    What the system did not allow to give up, as parts of a sentence.
    """
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as first_to_go:
        first_to_go.write("1000")  # where memory ends before the limit, this process is ended
    lacking = [] if _limit(data_bytes) else ["no limits on memory and time"]
    if not sys.platform.startswith("linux"):
        # Other systems take a limit of memory and do not hold to it.
        return [*lacking, "memory, the network and files stay open to it"]
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) and libc.unshare(_CLONE_NEWNET):
        lacking.append("the network stays open to it")
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if not _close_files(libc, [*paths, sys.prefix, sys.base_prefix, *_LIBRARIES]):
        lacking.append("files stay open to it")
    if not close_calls():
        lacking.append("it may start processes and send signals")
    return lacking


def _limit(data_bytes: int | None) -> bool:
    try:
        import resource
    except ImportError:
        return False
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_DATA, MEMORY_BYTES if data_bytes is None else data_bytes),
        (resource.RLIMIT_CPU, PROCESSOR_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(kind, (least, least))
        except (OSError, ValueError):
            return False
    return True


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64),)


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def _close_files(libc: ctypes.CDLL, readable: list[str]) -> bool:
    """Close all files to this process but for reading in some places (Landlock)."""
    version = libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    if version < 1:
        return False
    rules = _Ruleset(_RIGHTS.get(version, _LATER_RIGHTS))
    ruleset = libc.syscall(
        _LANDLOCK_CREATE, ctypes.byref(rules), ctypes.c_size_t(ctypes.sizeof(rules)), 0
    )
    if ruleset < 0:
        return False
    for path in dict.fromkeys(readable):
        try:
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue  # not on this system
        rights = _READ_FILE | (_READ_DIR if os.path.isdir(path) else 0)
        beneath = _Beneath(rights, place)
        libc.syscall(_LANDLOCK_ADD, ruleset, 1, ctypes.byref(beneath), 0)
        os.close(place)
    held = bool(libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0) == 0)
    os.close(ruleset)
    return held
