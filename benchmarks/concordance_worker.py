"""Harrell's concordance by one Python peer."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from peers import serve


def trephine(data: Any) -> float:
    from trephine.survival.concordance import concordance

    return concordance(data["time"], data["event"], data["score"]).estimate


def lifelines(data: Any) -> float:
    from lifelines.utils import concordance_index

    return float(concordance_index(data["time"], -data["score"], data["event"]))


def timed(function: Any, task: Path) -> dict[str, Any]:
    data = dict(np.load(task))
    began = time.perf_counter()
    value = function(data)
    return {"seconds": time.perf_counter() - began, "value": value}


if __name__ == "__main__":
    chosen = {"trephine": trephine, "lifelines": lifelines}[sys.argv[1]]
    serve(lambda task: timed(chosen, task))
