"""What an ONNX network may use up: its file is data, but a few bytes of it can ask for any amount.

An operator that writes a constant of any size, repeats its input or counts to any number takes
gigabytes or hours from a file of 300 bytes, some of them while the file is opened. What a network
computes cannot be known beforehand, so the process that computes is held to these. An operator
raises them by ``TREPHINE_NETWORK_LIMITS=memory_bytes=4000000000,seconds=60``, and a study file
under ``[limits.network]`` (`trephine.limits`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from trephine.limits import OperatorLimits

# onnxruntime holds the file, what it parses of it, and weights in an order that is fast.
_COPIES_OF_FILE = 4
# Of each thread: its stack, and what the C library puts aside for it.
_THREAD_BYTES = 16 << 20
# Values of a convolution grow with the pixels: up to so many the limits hold as they stand.
PIXELS_IN_MEMORY = 1024 * 1024
_PIXELS_IN_TIME = 512 * 512


@dataclass(frozen=True)
class NetworkLimits(OperatorLimits):
    """What an ONNX network may use; beyond it, it is ended.

    Attributes
    ----------
    memory_bytes
        Of the process that runs it, the library's own 100 MB included; four times its file and
        16 MiB per thread come on top. More in proportion for inputs of more than 1024 x 1024.
    seconds
        Of a processor, for opening it and again for each case. More in proportion for inputs of
        more than 512 x 512.
    """

    kind = "network"
    variable = "TREPHINE_NETWORK_LIMITS"
    example = "seconds=60"

    memory_bytes: int = 900 << 20
    seconds: int = 8

    def memory_for(self, file_bytes: int, pixels: int, threads: int | None) -> int:
        """Return the bytes for a network of so many bytes that takes so many pixels a case."""
        most = max(self.memory_bytes, self.memory_bytes * pixels // PIXELS_IN_MEMORY)
        return (
            most + _COPIES_OF_FILE * file_bytes + _THREAD_BYTES * (threads or os.cpu_count() or 1)
        )

    def seconds_for(self, cases: int, pixels: int) -> int:
        """Return the seconds of a processor for a batch."""
        return max(
            self.seconds, self.seconds * cases * max(pixels, _PIXELS_IN_TIME) // _PIXELS_IN_TIME
        )
