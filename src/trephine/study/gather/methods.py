"""How the study was done: images, features, signatures, and how each protocol was judged."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path, PurePath

from trephine.deep.settings import DeepSettings, FineTuneSettings
from trephine.facts import (
    DeepMethod,
    ImageMethod,
    MethodsFacts,
    PartialRater,
    RadiomicsMethod,
    ResamplingMethod,
    SignatureMethod,
)
from trephine.plan.features_sections import RadiomicsSection
from trephine.radiomics.settings import RadiomicsSettings
from trephine.regression.adaptive_ridge import ADAPTIVITIES
from trephine.report import phrases
from trephine.study.assess import Assessment
from trephine.study.extraction.changes import measured_names
from trephine.study.finetuning import finetune_settings
from trephine.study.image_plans import DEEP, RADIOMICS, earlier_images, image_of, set_name
from trephine.study.image_views import image_views
from trephine.study.inputs import StudyInputs
from trephine.study.results import Analysed, Analysis, ProtocolResult, Validation
from trephine.study.settings import deep_settings, nested_models, radiomics_settings


def methods_facts(
    analysis: Analysed,
    resampling: Sequence[ResamplingMethod],
    signatures: Sequence[SignatureMethod] = (),
) -> MethodsFacts:
    """Return the settings that the methods section states, with how predictions were judged.

    Parameters
    ----------
    analysis
        A study that ran, or a validation.
    resampling, signatures
        Of each protocol; a validation made no signature.
    """
    plan = analysis.inputs.plan
    views = image_views(analysis.inputs)
    each = [_image_method(analysis, key, view) for key, view in views.items()]
    alone = each[0] if "" in views else None
    return MethodsFacts(
        normalisation=alone.normalisation if alone is not None else "",
        raters=tuple(dict.fromkeys(rater for one in each for rater in one.raters)),
        partial_raters=tuple(
            rater for key, view in views.items() for rater in _partial_raters(key, view)
        ),
        radiomics=alone.radiomics if alone is not None else None,
        deep=alone.deep if alone is not None else None,
        images=() if alone is not None else tuple(each),
        image_models=nested_models(plan),
        feature_table=plan.features.table.name if plan.features is not None else "",
        harmonisation="" if plan.selection.harmonise == "none" else phrases.COMBAT,
        missing_values=_missing_values(analysis),
        signatures=tuple(signatures),
        resampling=tuple(resampling),
    )


def _image_method(analysis: Analysed, key: str, view: StudyInputs) -> ImageMethod:
    """Return how one image was measured."""
    plan, features = view.plan, analysis.cases.features
    section = analysis.inputs.plan.images.get(image_of(key))
    radiomics, deep = radiomics_settings(plan), deep_settings(plan)
    return ImageMethod(
        name=key,
        modality=plan.data.modality or "",
        when=section.when if section is not None and section.days_later else "",
        drawn_on=section.drawn_on or "" if section is not None else "",
        change_from=earlier_images(analysis.inputs.plan).get(key, ""),
        cases=len(view.case_ids),
        raters=tuple(plan.data.raters),
        normalisation=_normalisation(radiomics, plan.radiomics),
        radiomics=_radiomics_method(
            plan.radiomics, radiomics, measured_names(features[set_name(key, RADIOMICS)].names)
        )
        if radiomics is not None
        else None,
        deep=DeepMethod(
            backbone=Path(deep.backbone).name,
            layer=_layer(deep, finetune_settings(plan)),
            weights=weights_name(deep),
            features=len(features[set_name(key, DEEP)].names),
            crop=network_crop(deep),
        )
        if deep is not None
        else None,
    )


def network_crop(deep: DeepSettings) -> str:
    """Say what was cut out of an image for the network."""
    if deep.input_depth is not None:
        lengths = (deep.input_depth, deep.size)
        return phrases.volume_crop(deep.margin, lengths, mirrored=deep.mirror_left, axes=deep.axes)
    return phrases.crop(
        deep.margin,
        deep.size,
        mirrored=deep.mirror_left,
        slices=deep.slices,
        pooling=deep.pooling,
    )


def _missing_values(analysis: Analysed) -> str:
    rule = analysis.inputs.plan.selection.missing_clinical
    if rule == "multiple" and isinstance(analysis, Validation):
        return phrases.OUTSIDE_MISSING
    return phrases.MISSING_VALUES[rule]


def signature_methods(analysis: Analysis) -> list[SignatureMethod]:
    """Return how each protocol makes signatures; none without features."""
    return [
        _signature_method(result) for result in analysis.protocols.values() if result.fitted.chains
    ]


def _signature_method(result: ProtocolResult) -> SignatureMethod:
    chain = result.settings.chain
    adaptive = chain.learner == "adaptive-ridge"
    return SignatureMethod(
        protocol=result.settings.protocol,
        learner=chain.learner,
        mixtures=() if adaptive else chain.mixtures,
        adaptivities=ADAPTIVITIES if adaptive else (),
        inner_folds=chain.inner_folds,
        fold_unit=chain.fold_unit,
        training=result.settings.rules.signature_training,
        clipped_at=chain.winsorise if math.isfinite(chain.winsorise) else None,
    )


def _normalisation(radiomics: RadiomicsSettings | None, section: RadiomicsSection) -> str:
    if radiomics is None:
        return ""
    steps = ["N4 bias field correction"] if section.bias_correction == "n4" else []
    if section.normalise == "nyul":
        steps.append(f"Nyul's mapping of percentiles to a standard scale {_scale(section)}")
    elif section.normalise != "none":
        steps.append(f"{section.normalise} normalisation")
    if radiomics.normalize:
        steps.append(f"z-score over the whole image, times {radiomics.normalizeScale:g}")
    return "; then ".join(steps) or "none"


def _scale(section: RadiomicsSection) -> str:
    """Say where a standard scale came from, and why no fold learned its own."""
    if section.standard_scale:
        return "that the plan states"
    return (
        "that was learned once, from images of no case: no fold's scale knew the cases that it"
        " kept back"
    )


def _radiomics_method(
    section: RadiomicsSection, settings: RadiomicsSettings, names: tuple[str, ...]
) -> RadiomicsMethod:
    source = section.file.name if section.file is not None else section.preset or "native2d"
    changed = f", changed in {', '.join(section.settings)}" if section.settings else ""
    return RadiomicsMethod(
        preset=source + changed,
        resampling=_resampled(settings),
        bin_width=settings.binWidth if settings.binCount is None else None,
        bin_count=settings.binCount,
        image_types=tuple(settings.imageType),
        families=tuple(settings.featureClass),
        features=len(names),
        perturbation=""
        if section.perturb is None
        else phrases.perturbed(**section.perturb.model_dump()),
    )


def _resampled(settings: RadiomicsSettings) -> str:
    spacing = settings.resampledPixelSpacing
    if spacing is None or settings.interpolator is None:
        return "images and regions as recorded, not resampled"
    sides = " × ".join(f"{side:g}" if side else "as recorded" for side in spacing)
    return f"images resampled to {sides} mm ({settings.interpolator})"


def resampling_methods(analysis: Analysis, assessment: Assessment) -> list[ResamplingMethod]:
    """Return how each protocol of a study was resampled."""
    validation = analysis.inputs.plan.validation
    return [
        ResamplingMethod(
            protocol=protocol,
            unit="patient",
            folds=validation.folds,
            repeats=result.out_of_fold.repeats if result.out_of_fold is not None else 0,
            bootstraps=len(result.bootstrap.refits) if result.bootstrap is not None else 0,
            permutations=validation.permutations if result.null is not None else 0,
            interval_draws=assessment.number_draws,
            band_draws=assessment.band_draws,
            note=phrases.resampling_note(independent=result.settings.independent),
        )
        for protocol, result in analysis.protocols.items()
    ]


def unresampled_method(validation: Validation, assessment: Assessment) -> ResamplingMethod:
    """Return how a locked model was judged on outside cases: nothing was refitted."""
    return ResamplingMethod(
        protocol=validation.protocol,
        unit="patient",
        folds=validation.inputs.plan.validation.folds,
        repeats=0,
        bootstraps=0,
        permutations=0,
        interval_draws=assessment.number_draws,
        band_draws=assessment.band_draws,
        note=phrases.BY_PATIENT,
    )


def _layer(deep: DeepSettings, finetune: FineTuneSettings | None) -> str:
    layer = deep.layer or "average pool"
    if finetune is None:
        return layer
    return f"{layer} after the last residual block was trained on survival in every refit"


def weights_name(deep: DeepSettings) -> str:
    """Return what the network's weights are called: its file, or the published set."""
    if deep.is_network_file:  # which holds its own
        return PurePath(deep.backbone).name
    return deep.weights_file.name if deep.weights_file is not None else deep.weights


def _partial_raters(key: str, view: StudyInputs) -> tuple[PartialRater, ...]:
    """Return the raters who drew on one image of some cases only."""
    files = view.files
    if files is None:
        return ()
    counts = {
        rater: sum(path is not None for path in paths) for rater, paths in files.masks.items()
    }
    of = len(files.images)
    return tuple(
        PartialRater(name=f"{rater} ({key})" if key else rater, cases=count, of=of)
        for rater, count in counts.items()
        if count < of
    )
