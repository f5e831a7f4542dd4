"""The locked model of a study: what predicting a new case needs, with its card."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Any

from trephine import __version__
from trephine.deep.settings import DeepSettings
from trephine.facts import Facts
from trephine.modelling.bundle import Bundle, write_bundle
from trephine.radiomics import ENGINE_VERSION
from trephine.study.locked.case_row import table_settings
from trephine.study.locked.model_card import model_card
from trephine.study.results import Analysis
from trephine.study.settings import deep_settings, radiomics_settings


def save_bundle(analysis: Analysis, facts: Facts, folder: Path) -> Path:
    """Write the model of the protocol that the plan names.

    Parameters
    ----------
    analysis, facts
        A study that ran.
    folder
        Of the bundle.
    """
    plan = analysis.inputs.plan
    result = analysis.protocols[plan.study.protocol]
    predictor = result.fitted.predictor
    primary = max(predictor.models.values(), key=lambda model: len(model.parts)).name
    context = {
        "trephine": __version__,
        "title": plan.study.title,
        "simulated": plan.study.simulated,
        "protocol": plan.study.protocol,
        "primary_model": primary,
        "outcome": plan.outcome.model_dump(mode="json"),
        "features": {
            **_feature_settings(analysis),
            "fills_missing": result.settings.chain.max_missing > 0,
        },
        "table": table_settings(plan, analysis.inputs.spellings),
        "centres": list(analysis.inputs.centre_names),
        "performance": [
            row.model_dump(mode="json")
            for row in facts.performance
            if row.protocol == plan.study.protocol
        ],
    }
    return write_bundle(Bundle(predictor, context, model_card(facts, primary)), folder)


def _feature_settings(analysis: Analysis) -> dict[str, Any]:
    """Return how features were extracted, so that a new case is treated alike."""
    plan = analysis.inputs.plan
    radiomics, deep = radiomics_settings(plan), deep_settings(plan)
    extracted = analysis.extracted
    return {
        "radiomics": radiomics.model_dump(mode="json") if radiomics is not None else None,
        "engine_version": ENGINE_VERSION if radiomics is not None else "",
        "normalise": plan.radiomics.normalise,
        "deep": _without_folders(deep) if deep is not None else None,
        "weights_sha256": extracted.weights_sha256 if extracted is not None else "",
        "spacing_mm": plan.data.spacing_mm,
        "mask_geometry": plan.data.mask_geometry,
        "mask_label": plan.data.mask_label,
        "accept": list(plan.data.accept),
        "decimal": plan.features.decimal if plan.features is not None else None,
        "sides": plan.data.columns.side is not None,
    }


def _without_folders(deep: DeepSettings) -> dict[str, Any]:
    """Return the network's settings; a file keeps its name, not the folder where it lay.

    Trust stays behind: whoever uses the model says himself that he knows who made a program.
    """
    content = deep.model_dump(mode="json", exclude={"trust"})
    if deep.is_network_file:
        content["backbone"] = PurePath(deep.backbone).name
    elif deep.weights_file is not None:
        content["weights"] = deep.weights_file.name
    return content
