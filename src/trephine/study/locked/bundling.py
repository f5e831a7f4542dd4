"""The locked model of a study: what predicting a new case needs, with its card."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path, PurePath

from trephine import __version__
from trephine.deep.settings import DeepSettings
from trephine.errors import ModelError
from trephine.facts import Facts
from trephine.modelling.bundle import VERSION
from trephine.modelling.points import nomogram_of
from trephine.modelling.prediction import Predictor
from trephine.plan import StudyPlan
from trephine.radiomics import ENGINE_VERSION
from trephine.study.gather.nomograms import axis_labels, units_of
from trephine.study.grey_scale import grey_settings
from trephine.study.image_plans import earlier_images, image_of, image_plans
from trephine.study.locked.context import (
    BundleContext,
    ExtractionContext,
    NomogramContext,
    TableContext,
)
from trephine.study.locked.model import LockedModel, nomogram_context
from trephine.study.locked.model_card import model_card
from trephine.study.results import Analysis, ProtocolResult
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
    primary = predictor.fullest.name
    context = BundleContext(
        version=VERSION,
        trephine=__version__,
        title=plan.study.title,
        simulated=plan.study.simulated,
        protocol=plan.study.protocol,
        primary_model=primary,
        outcome=plan.outcome,
        features=_extraction(analysis, result, plan, ""),
        images={
            key: _extraction(analysis, result, alone, key)
            for key, alone in image_plans(plan).items()
            if key
        },
        table=TableContext(sides=dict(analysis.inputs.spellings), read=plan.data.read),
        centres=tuple(analysis.inputs.centre_names),
        performance=tuple(row for row in facts.performance if row.protocol == plan.study.protocol),
        nomograms=_nomograms(predictor, analysis.reached),
    )
    refits = None if result.bootstrap is None else result.bootstrap.kept
    return LockedModel(predictor, context, model_card(facts, primary), refits=refits).write(folder)


def _nomograms(predictor: Predictor, horizons: Sequence[float]) -> dict[str, NomogramContext]:
    """Return every model in points, but those in which no predictor changes the risk.

    Where events compete a bundle holds none: a reader of points and baseline would get the risk
    without them.
    """
    found = {}
    for name, model in predictor.models.items():
        if model.others:
            continue
        labels = axis_labels(model, predictor.variables)
        with suppress(ModelError):
            nomogram = nomogram_of(model, labels, horizons, units_of(predictor.variables))
            found[name] = nomogram_context(nomogram, predictor.variables)
    return found


def _extraction(
    analysis: Analysis, result: ProtocolResult, plan: StudyPlan, key: str
) -> ExtractionContext:
    """Return how features were extracted, so that a new case is treated alike.

    Of the image of this key, whose plan it is; an empty key is that of the study's own plan.
    """
    radiomics, deep = radiomics_settings(plan), deep_settings(plan)
    every, every_image = analysis.extracted, analysis.inputs.plan.images
    extracted = every.of_images.get(key) if every is not None else None
    return ExtractionContext(
        radiomics=radiomics,
        engine_version=ENGINE_VERSION if radiomics is not None else "",
        normalise=plan.radiomics.normalise,
        bias_correction=plan.radiomics.bias_correction,
        standard_scale=grey_settings(plan).scale if radiomics is not None else (),
        deep=_without_folders(deep) if deep is not None else None,
        weights_sha256=extracted.weights_sha256 if extracted is not None else "",
        spacing_mm=plan.data.spacing_mm,
        mask_geometry=plan.data.mask_geometry,
        mask_label=plan.data.mask_label,
        derivation=plan.data.derivation,
        drawn_on=every_image[image_of(key)].drawn_on if key else None,
        change_from=earlier_images(analysis.inputs.plan).get(key),
        accept=plan.data.accept if plan.data.view != "lateral" else (*plan.data.accept, "sides"),
        decimal=plan.features.decimal if plan.features is not None else None,
        sides=plan.data.columns.side is not None,
        fills_missing=result.settings.chain.max_missing > 0,
    )


def _without_folders(deep: DeepSettings) -> DeepSettings:
    """Return the network's settings; a file keeps its name, not the folder where it lay.

    Trust stays behind: whoever uses the model says himself that he knows who made a program.
    """
    changes: dict[str, str | None] = {"trust": None}
    if deep.is_network_file:
        changes["backbone"] = PurePath(deep.backbone).name
    elif deep.weights_file is not None:
        changes["weights"] = deep.weights_file.name
    return DeepSettings(**{**deep.model_dump(), **changes})
