"""Bring up the loopback interface of a fresh network namespace, with or without iproute2."""

from __future__ import annotations

import fcntl
import socket
import struct

GET_FLAGS, SET_FLAGS, SET_ADDRESS, UP = 0x8913, 0x8914, 0x8916, 0x1

with socket.socket() as handle:
    name = b"lo".ljust(16, b"\0")
    answer = fcntl.ioctl(handle, GET_FLAGS, name + b"\0" * 16)
    (flags,) = struct.unpack_from("H", answer, 16)
    fcntl.ioctl(handle, SET_FLAGS, struct.pack("16sH14x", name, flags | UP))
    # The C library finds no address to listen at where 127.0.0.1 is the only one: SLURM then ends.
    second = struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton("127.0.0.2"))
    fcntl.ioctl(handle, SET_ADDRESS, b"lo:0".ljust(16, b"\0") + second)
