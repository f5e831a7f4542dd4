"""One road for a locked model: read it, predict a case, validate it elsewhere.

``read_model``, ``predict_case``, ``validate_bundle`` and ``NewCase`` are taken from their files
when they are asked for: a prediction need not load what draws a report.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trephine.study.locked.apart import Apart, ApartLimits, UploadedCase
    from trephine.study.locked.calculator import calculator_content
    from trephine.study.locked.calculator_form import CalculatorContent
    from trephine.study.locked.calculator_interval import Bulky
    from trephine.study.locked.model import LockedModel, read_model
    from trephine.study.locked.new_case import NewCase
    from trephine.study.locked.predict import CasePrediction, predict_case
    from trephine.study.locked.validate import Update, ValidationResult, validate_bundle

_ROOMS = {
    "Apart": "apart",
    "ApartLimits": "apart",
    "UploadedCase": "apart",
    "Bulky": "calculator_interval",
    "CalculatorContent": "calculator_form",
    "calculator_content": "calculator",
    "LockedModel": "model",
    "read_model": "model",
    "NewCase": "new_case",
    "CasePrediction": "predict",
    "predict_case": "predict",
    "Update": "validate",
    "ValidationResult": "validate",
    "validate_bundle": "validate",
}

__all__ = [
    "Apart",
    "ApartLimits",
    "Bulky",
    "CalculatorContent",
    "CasePrediction",
    "LockedModel",
    "NewCase",
    "Update",
    "UploadedCase",
    "ValidationResult",
    "calculator_content",
    "predict_case",
    "read_model",
    "validate_bundle",
]


def __getattr__(name: str) -> object:
    if name in _ROOMS:
        return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
