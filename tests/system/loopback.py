"""Bring up the loopback interface of a fresh network namespace, with or without iproute2."""

from __future__ import annotations

import fcntl
import socket
import struct

GET_FLAGS, SET_FLAGS, UP = 0x8913, 0x8914, 0x1

with socket.socket() as handle:
    name = b"lo".ljust(16, b"\0")
    answer = fcntl.ioctl(handle, GET_FLAGS, name + b"\0" * 16)
    (flags,) = struct.unpack_from("H", answer, 16)
    fcntl.ioctl(handle, SET_FLAGS, struct.pack("16sH14x", name, flags | UP))
