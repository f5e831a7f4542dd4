"""Taking calls of the system away from this process for good, by Linux' filter (seccomp).

What a network computes with needs none of them: starting processes, sockets, signals to others,
reading the memory of others. The filter is a program of the kernel's own small machine (BPF, see
``man 2 seccomp``) that sees the number of each call and its first argument.
"""

from __future__ import annotations

import ctypes
import platform
import struct
import sys

_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _MACHINE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
_CLONE_THREAD = 0x10000
_EPERM, _ENOSYS = 1, 38

# machine: audit's word for it, clone, clone3, prlimit64, and what is refused outright, as named.
_CALLS: dict[str, tuple[int, int, int, int, tuple[int, ...]]] = {
    "x86_64": (0xC000003E, 56, 435, 302, (
        57, 58, 59, 322,  # fork vfork execve execveat
        62, 200, 234, 129, 297, 424,  # kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_*
        41, 53, 42, 49,  # socket socketpair connect bind
        101, 310, 311, 434, 438,  # ptrace process_vm_readv process_vm_writev pidfd_open pidfd_getfd
        425, 321, 298, 323,  # io_uring_setup bpf perf_event_open userfaultfd
        272, 308, 165, 304, 248, 249, 250,  # unshare setns mount open_by_handle_at, the keyring's
    )),
    "aarch64": (0xC00000B7, 220, 435, 261, (
        221, 281,  # execve execveat; there is no fork
        129, 130, 131, 138, 240, 424,
        198, 199, 203, 200,
        117, 270, 271, 434, 438,
        425, 280, 241, 282,
        97, 268, 40, 265, 217, 218, 219,
    )),
}  # fmt: skip
_OTHER_TABLE = 0x40000000  # x32 numbers its calls from here on


def close_calls() -> bool:
    """Refuse the calls from here on, in this process and all its threads to come.

    Returns
    -------
    Whether the system could be held to it. ``PR_SET_NO_NEW_PRIVS`` has to be set before.
    """
    calls = _CALLS.get(platform.machine())
    if calls is None or sys.maxsize < 1 << 32:
        return False
    rules = b"".join(struct.pack("<HBBI", *rule) for rule in _rules(*calls))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("rules", ctypes.c_char_p))

    program = Program(len(rules) // 8, rules)
    libc = ctypes.CDLL(None, use_errno=True)
    done = libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0)
    return bool(done == 0)


def _rules(
    machine: int, clone: int, clone3: int, prlimit: int, refused: tuple[int, ...]
) -> list[tuple[int, int, int, int]]:
    """Return the filter: (what, steps on if so, steps on if not, with which number)."""
    refuse, allow = (_RETURN, 0, 0, _ERRNO | _EPERM), (_RETURN, 0, 0, _ALLOW)
    return [
        (_LOAD, 0, 0, _MACHINE),
        (_EQUAL, 1, 0, machine),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _OTHER_TABLE),
        (_RETURN, 0, 0, _KILL),
        # It hides its flags from a filter; where it is missing, libc falls back to clone.
        (_EQUAL, 0, 1, clone3),
        (_RETURN, 0, 0, _ERRNO | _ENOSYS),
        *(rule for number in refused for rule in ((_EQUAL, 0, 1, number), refuse)),
        # Threads, but no processes.
        (_EQUAL, 0, 4, clone),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_ANY_BIT, 1, 0, _CLONE_THREAD),
        refuse,
        allow,
        # Limits of its own, but of no other process.
        (_EQUAL, 0, 3, prlimit),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_EQUAL, 1, 0, 0),
        refuse,
        allow,
    ]
