"""Hazard regression by Trephine, fitted over and over for half a second."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import numpy as np

from peers import serve
from trephine.survival.hare import hazard_regression


def timed(task: Path) -> dict[str, Any]:
    follow_up, event, x = np.loadtxt(task, delimiter=",", skiprows=1, unpack=True)
    largest = int(re.findall(r"\d+", task.stem)[-1]) or None
    began, fits = time.perf_counter(), 0
    while time.perf_counter() - began < 0.5:
        found = hazard_regression(follow_up, event, x, max_dimension=largest)
        fits += 1
    seconds = (time.perf_counter() - began) / fits
    free = float(np.exp(-found.cumulative_hazard(follow_up[0], x[0])))
    return {"seconds": seconds, "functions": len(found.terms), "free": free}


if __name__ == "__main__":
    serve(timed)
