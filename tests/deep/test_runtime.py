"""How torch is loaded."""

from __future__ import annotations

import subprocess
import sys

import pytest

BEFORE = """
from pathlib import Path
from trephine.deep import runtime

def no_import(*_):
    assert "libtorch_cpu" in Path("/proc/self/maps").read_text()
    print("loaded")

runtime._import_extra = no_import
assert "libtorch_cpu" not in Path("/proc/self/maps").read_text()
runtime.require_torch()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_largest_library_is_loaded_before_an_import_that_no_signal_can_interrupt() -> None:
    pytest.importorskip("torch")
    done = subprocess.run(
        [sys.executable, "-c", BEFORE], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "loaded\n"), done.stderr
