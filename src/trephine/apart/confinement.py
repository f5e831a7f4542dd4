"""What a process gives up before it opens a network from outside; imports nothing that is large.

Network namespaces (``unshare``) take the network away, `trephine.landlock` all files but the
libraries, ``setrlimit`` memory, processor time and the writing of files, a filter of system calls
(`trephine.apart.system_calls`) the starting of processes and signals to others.
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

from trephine.apart.system_calls import close_calls
from trephine.landlock import close_files

MEMORY_BYTES = 16 << 30
PROCESSOR_SECONDS = 24 * 3600

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS, _SIGKILL = 1, 38, 9

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
    if not close_files([*paths, sys.prefix, sys.base_prefix, *_LIBRARIES]):
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
