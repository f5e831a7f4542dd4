"""Estimates as facts: none where there is none, and intervals cut to what a measure can be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from trephine.facts import EstimateFact
from trephine.facts.evaluation import Within
from trephine.types import Estimate

SHARE = Within(0.0, 1.0)
"""What a C-index and an AUC can be."""


def estimate_fact(estimate: Estimate | None, limits: Within | None = None) -> EstimateFact | None:
    """Return an estimate as a fact; None where there is none."""
    if estimate is None:
        return None
    return EstimateFact.model_validate(estimate if limits is None else cut(estimate, limits))


def cut(estimate: Estimate, limits: Within) -> Estimate:
    """Return an estimate whose normal interval does not leave what the measure can be."""
    low, high = np.clip((estimate.low, estimate.high), limits.low, limits.high).tolist()
    return replace(estimate, low=low, high=high)
