"""The context of a made-up locked model; a test names what it is about."""

from __future__ import annotations

from trephine.modelling.bundle import VERSION
from trephine.modelling.prediction import Predictor
from trephine.plan.sections import OutcomeSection
from trephine.study.locked.context import BundleContext, ExtractionContext, TableContext
from trephine.study.locked.model import LockedModel


def context_of(primary: str = "Null", **features: object) -> BundleContext:
    """Return a context; ``features`` stand in for how features were measured."""
    return BundleContext(
        version=VERSION,
        trephine="0.0",
        title="Made up",
        simulated="",
        protocol="sound",
        primary_model=primary,
        outcome=OutcomeSection(name="survival", horizons=(12.0,)),
        features=ExtractionContext(**{**dict(ExtractionContext.of_nothing()), **features}),
        table=TableContext(sides={}, read={}),
        centres=(),
        performance=(),
        nomograms={},
    )


def locked_model(predictor: Predictor, **features: object) -> LockedModel:
    """Return a locked model in memory."""
    return LockedModel(predictor, context_of(**features), "# Card\n")
