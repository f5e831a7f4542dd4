"""One new case through a locked model, with a word where it lies outside what training saw."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image as Picture

from trephine.cohort.clinical import read_clinical
from trephine.cohort.schema import ClinicalTable, label_of
from trephine.cohort.table import as_numbers, read_table
from trephine.deep.embed import Embedder
from trephine.deep.settings import DeepSettings
from trephine.errors import BundleError, InputError, Problem, StudyProblemsError
from trephine.evaluation.risk_groups import group_names
from trephine.imaging import check_geometry, correct_mask, read_image, read_mask
from trephine.imaging.normalise import normalise
from trephine.modelling.bundle import Bundle, read_bundle
from trephine.modelling.cases import FeatureSet
from trephine.modelling.fitted_model import FittedModel, SurvivalAt, nomogram_of
from trephine.modelling.prediction import Predictor
from trephine.radiomics.extract import ENGINE_VERSION, measure_region
from trephine.radiomics.settings import RadiomicsSettings
from trephine.study.saliency import case_map
from trephine.study.settings import DEEP, RADIOMICS
from trephine.types import BoolArray, Estimate, Image, IntArray, Mask


@dataclass(frozen=True)
class NewCase:
    """Where a new case's data are.

    Attributes
    ----------
    image, mask
        Files; None where the model needs no images.
    label
        Of the region in the mask; as in the study, by side where it is so there, if None.
    side
        R, L or None; needed where the study's cases had sides.
    clinical
        Table with one row, columns as in the study.
    features
        Table with one row of ready-made features.
    weights
        The network's file, where the study's weights or network came from a file of its own.
    centre
        The case's hospital by its name in the study, where the model harmonises centres.
    """

    image: Path | None = None
    mask: Path | None = None
    label: int | None = None
    side: str | None = None
    clinical: Path | None = None
    features: Path | None = None
    weights: Path | None = None
    centre: str | None = None


@dataclass(frozen=True)
class CasePrediction:
    """What a locked model says of one case.

    Attributes
    ----------
    model, protocol
        Which.
    outcome, unit
        Of the survival probabilities.
    survival
        By horizon, with interval.
    linear_predictor, total_points
        Centred linear predictor, and points on the nomogram (None where it has no predictor).
    risk_group
        Between the plan's cut points of the event probability at the first horizon; without any,
        "high" above the training median of the linear predictor, else "low".
    warnings
        Where the case lies outside what training saw, and what else must be known.
    """

    model: str
    protocol: str
    outcome: str
    unit: str
    survival: Mapping[float, Estimate]
    linear_predictor: float
    total_points: float | None
    risk_group: str
    warnings: tuple[str, ...]

    def lines(self) -> list[str]:
        """Return the prediction as a few lines of text."""
        lines = [f"Model {self.model} ({self.protocol}). Research use only."]
        for horizon, survival in self.survival.items():
            lines.append(
                f"{self.outcome.capitalize()} at {horizon:g} {self.unit}: {survival.value:.1%}"
                f" ({survival.low:.1%} to {survival.high:.1%})"
            )
        if self.total_points is not None:
            lines.append(f"Total points: {self.total_points:.1f}")
        lines.append(f"Risk group: {self.risk_group}")
        lines += [f"Warning: {warning}" for warning in self.warnings]
        return lines

    def to_json(self) -> str:
        """Return the prediction as JSON."""
        content = asdict(self)
        content["survival"] = {
            f"{horizon:g}": {"value": s.value, "low": s.low, "high": s.high}
            for horizon, s in self.survival.items()
        }
        return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def predict_case(path: Path, case: NewCase, model: str | None = None) -> CasePrediction:
    """Predict one case.

    Parameters
    ----------
    path
        Of the bundle.
    case
        Its data.
    model
        Name; the bundle's primary model by default.

    Raises
    ------
    BundleError
        If the bundle is refused.
    InputError
        If the case lacks what the model needs.
    """
    bundle = read_bundle(path)
    predictor, context = bundle.predictor, bundle.context
    chosen = _model(predictor, model or str(context["primary_model"]))
    features = _features(bundle, case, chosen)
    clinical, warnings = _clinical(predictor, case, chosen)
    centre = centre_codes(bundle, [case.centre])
    design = predictor.design(chosen, features, clinical, centre)
    features = predictor.harmonised(features, clinical, centre)
    outcome = context["outcome"]
    horizons = [float(horizon) for horizon in outcome["horizons"]]
    survival = chosen.predict_survival(design, horizons)
    lp = float(chosen.linear_predictor(design)[0])
    warnings += _centre_warnings(predictor, chosen, features, centre)
    warnings += _outside(predictor, chosen, design[0], features)
    if context.get("simulated"):
        warnings.append("the model was fitted to simulated data and says nothing about patients")
    return CasePrediction(
        model=chosen.name,
        protocol=str(context["protocol"]),
        outcome=str(outcome["name"]),
        unit=str(outcome["unit"]),
        survival={
            horizon: Estimate(
                float(survival.survival_probability[0, j]),
                float(survival.low[0, j]),
                float(survival.high[0, j]),
            )
            for j, horizon in enumerate(horizons)
        },
        linear_predictor=lp,
        total_points=_total_points(chosen, lp, horizons),
        risk_group=_risk_group(chosen, lp, survival, outcome["risk_cuts"]),
        warnings=tuple(warnings),
    )


def _risk_group(model: FittedModel, lp: float, survival: SurvivalAt, cuts: Sequence[float]) -> str:
    """Return the name of the case's group, as the report parts its groups."""
    score, edges = lp, [model.risk_cut]
    event_probability = 1.0 - float(survival.survival_probability[0, 0])
    if cuts and np.isfinite(event_probability):
        score, edges = event_probability, list(cuts)
    return group_names(len(edges) + 1)[int(np.searchsorted(edges, score, side="left"))]


def centre_codes(bundle: Bundle, names: Sequence[str | None]) -> IntArray:
    """Return the codes of centres as training had them; -1 for one that it had not, or no name."""
    known = {str(name): code for code, name in enumerate(bundle.context["centres"])}
    return np.array([known.get(name or "", -1) for name in names], dtype=np.int64)


def _centre_warnings(
    predictor: Predictor,
    model: FittedModel,
    features: Mapping[str, FeatureSet],
    centre: IntArray,
) -> list[str]:
    """Return where a centre's effects could not be taken out."""
    harmonised = [
        predictor.harmonisers[term.variable]
        for term in model.terms
        if term.kind == "signature" and term.variable in predictor.harmonisers
    ]
    if not harmonised or all(one.knows(centre, 1).all() for one in harmonised):
        return []
    return [
        "centre: the model takes out the effects of the centres it was fitted with, and this case"
        " names none of them; its features count as measured, as if its scanner were average"
    ]


def _model(predictor: Predictor, name: str) -> FittedModel:
    if name not in predictor.models:
        raise InputError(f"model: expected one of {list(predictor.models)}, found {name!r}")
    return predictor.models[name]


def _total_points(model: FittedModel, lp: float, horizons: list[float]) -> float | None:
    """Return the points: the nomogram's total rises in step with the linear predictor."""
    if not model.terms:
        return None
    labels = [(variable, variable) for variable in dict.fromkeys(t.variable for t in model.terms)]
    reached = [h for h in horizons if h <= model.baseline.times[-1]]
    nomogram = nomogram_of(model, labels, reached)
    return (lp - nomogram.offset) * nomogram.points_per_unit


def _features(bundle: Bundle, case: NewCase, model: FittedModel) -> dict[str, FeatureSet]:
    """Return the feature sets that a model's signatures need, one row each."""
    needed = [term.variable for term in model.terms if term.kind == "signature"]
    settings = bundle.context["features"]
    found: dict[str, FeatureSet] = {}
    pictured = [
        name
        for name in needed
        if name in (RADIOMICS, DEEP) and settings[name] is not None and case.features is None
    ]
    if pictured:
        image, mask, region = open_case(bundle, case)
        if RADIOMICS in pictured:
            check_engine(bundle)
            found[RADIOMICS] = _radiomics(
                settings, image, mask, label_of_region(bundle, case), region
            )
        if DEEP in pictured:
            embedder = open_embedder(bundle, case.weights)
            side: Any = case.side
            values = embedder.extract([image], [region], [side])
            network = embedder.record.weights.sha256
            found[DEEP] = FeatureSet(DEEP, embedder.feature_names, values, network=network)
    for name in needed:
        if name not in found:
            found[name] = _from_table(bundle, case, name)
    return found


def open_case(bundle: Bundle, case: NewCase) -> tuple[Image, Mask, BoolArray]:
    """Read a case's image and mask as the study read its own.

    Raises
    ------
    InputError
        If one is not given.
    ImageError
        If one cannot be read, or they do not fit.
    """
    if case.image is None or case.mask is None:
        raise InputError("prediction: expected an image and a mask (--image, --mask), found none")
    settings = bundle.context["features"]
    label = label_of_region(bundle, case)
    spacing = settings["spacing_mm"]
    image = read_image(
        case.image, spacing_mm=tuple(spacing) if isinstance(spacing, list) else spacing
    )
    mask = read_mask(case.mask, image=image)
    if settings["correct_mask"]:
        mask = correct_mask(image, mask)
    else:
        check_geometry(image, mask)
    return image, mask, mask.region(label)


def label_of_region(bundle: Bundle, case: NewCase) -> int:
    """Return the label of a case's region in its mask, as the study's masks have it.

    Raises
    ------
    InputError
        If the study's cases had sides, by which masks are labelled or images mirrored, and this
        one has none.
    """
    settings = bundle.context["features"]
    if settings["sides"] and case.side not in ("R", "L"):
        raise InputError(f"side: expected R or L (--side), as in the study, found {case.side!r}")
    if case.label is not None:
        return case.label
    labels = settings["mask_label"]
    return int(labels[case.side] if isinstance(labels, dict) else labels)


def check_engine(bundle: Bundle) -> None:
    """Refuse a model whose radiomic features another version of the engine measured.

    Raises
    ------
    BundleError
        If the versions differ.
    """
    made_with = bundle.context["features"]["engine_version"]
    if made_with != ENGINE_VERSION:
        raise BundleError(
            f"bundle: expected features of radiomics engine {made_with!r}, found engine"
            f" {ENGINE_VERSION!r}; use the version of Trephine that fitted the model"
            f" ({bundle.context['trephine']}), or fit it again"
        )


def _radiomics(
    settings: Mapping[str, Any], image: Image, mask: Mask, label: int, region: BoolArray
) -> FeatureSet:
    engine = RadiomicsSettings(**settings[RADIOMICS])
    found = measure_region(
        normalise(image, settings["normalise"], region), mask, engine, label=label
    )
    return FeatureSet(RADIOMICS, tuple(found.names), np.asarray(found.values)[np.newaxis])


def network_settings(bundle: Bundle, weights: Path | None) -> DeepSettings:
    """Return the settings of the network that the study used, its file put in.

    Raises
    ------
    InputError
        If the network or its weights are a file, which is no part of a bundle, and none is given.
    """
    settings = DeepSettings(**bundle.context["features"][DEEP])
    if not settings.is_network_file and settings.weights_file is None:
        return settings
    key = "backbone" if settings.is_network_file else "weights"
    if weights is None:
        name = getattr(settings, key)
        raise InputError(
            f"network: expected the file {name}, which is no part of the model, found none; name"
            " it with --weights, or as [deep] weights in a study file"
        )
    return settings.model_copy(update={key: str(weights)})


def open_embedder(bundle: Bundle, weights: Path | None) -> Embedder:
    """Open the network that the study used, with its trained last block where it has one.

    Raises
    ------
    InputError
        If the network's file is needed and not given.
    BundleError
        If the weights are not those that the model was fitted with.
    """
    settings = bundle.context["features"]
    embedder = Embedder(network_settings(bundle, weights))
    found = embedder.record.weights.sha256
    if found != settings["weights_sha256"]:
        raise BundleError(
            f"bundle: expected network weights {settings['weights_sha256'][:12]}, found"
            f" {found[:12]}; use the file that the model was fitted with"
        )
    block = bundle.predictor.blocks.get(DEEP)
    return embedder if block is None else embedder.with_last_block(block)


def _from_table(bundle: Bundle, case: NewCase, name: str) -> FeatureSet:
    if case.features is None:
        raise InputError(f"prediction: expected the features of {name} (--features), found none")
    frame = _one_row(case.features)
    needed = bundle.predictor.signatures[name].names
    missing = [column for column in needed if column not in frame.columns]
    if missing:
        where = f"{case.features.name}, row 1"
        problem = Problem(where, f"{len(needed)} columns of {name}", f"none of {missing[:5]}")
        raise StudyProblemsError([problem])
    values = np.array([as_numbers(frame[column])[0][0] for column in needed])
    return FeatureSet(name, needed, values[np.newaxis])


def _clinical(
    predictor: Predictor, case: NewCase, model: FittedModel
) -> tuple[ClinicalTable, list[str]]:
    """Return the clinical values that a model needs, one row, and levels that training lacked."""
    needed = {t.variable for t in model.terms if t.kind != "signature"}
    variables = {key: v for key, v in predictor.variables.items() if key in needed}
    covariates = _covariates(predictor, model) - needed
    if not variables and (case.clinical is None or not covariates):
        return ClinicalTable({}, {}, 1), []
    if case.clinical is None:
        raise InputError(
            f"prediction: expected clinical values of {', '.join(variables)} (--clinical), found"
            " none"
        )
    frame = _one_row(case.clinical)
    # What harmonisation would keep is used where it is given; the model can do without.
    variables |= {
        key: predictor.variables[key] for key in sorted(covariates) if key in frame.columns
    }
    table, problems = read_clinical(frame, variables, case.clinical.name)
    if problems:
        raise StudyProblemsError(problems)
    warnings = []
    for key, variable in variables.items():
        if not variable.categorical or key not in needed:
            continue
        level = table.texts(key)[0]
        known = {t.level for t in model.terms if t.variable == key} | {variable.reference_level}
        if level is not None and level not in known:
            warnings.append(
                f"{label_of(key, variable)}: no training case was {level}; it is taken as"
                f" {variable.reference_level}"
            )
    return table, warnings


def _covariates(predictor: Predictor, model: FittedModel) -> set[str]:
    """Return the clinical variables that the harmonisation of a model's signatures keeps."""
    return {
        term.variable
        for part in model.terms
        if part.kind == "signature" and part.variable in predictor.harmonisers
        for term in predictor.harmonisers[part.variable].terms
    }


def _one_row(path: Path) -> pd.DataFrame:
    frame = read_table(path)
    if len(frame) != 1:
        problem = Problem(path.name, "one row below the header", f"{len(frame)} rows")
        raise StudyProblemsError([problem])
    return frame


def _outside(
    predictor: Predictor,
    model: FittedModel,
    design: np.ndarray,
    features: Mapping[str, FeatureSet],
) -> list[str]:
    """Return where a case lies outside what training saw."""
    warnings = []
    for term, value, low, high in zip(model.terms, design, model.low, model.high, strict=True):
        if not low <= value <= high:
            warnings.append(
                f"{term.label}: {value:.4g} lies outside the training range {low:.4g} to {high:.4g}"
            )
    for term in model.terms:
        if term.kind != "signature":
            continue
        signature = predictor.signatures[term.variable]
        given = features[term.variable]
        distance = float(signature.distance(given.values, given.names)[0])
        if distance > signature.reach:
            warnings.append(
                f"{term.label}: the case lies {distance:.2g} SD a feature from the training mean,"
                f" further than any training case ({signature.reach:.2g})"
            )
    return warnings


def draw_saliency(path: Path, case: NewCase, out: Path) -> None:
    """Write what raises (red) and lowers (blue) a case's deep signature, over its image.

    Against the average case of the study; the map sums to the case's score.

    Raises
    ------
    InputError
        If the model has no deep signature.
    """
    bundle = read_bundle(path)
    signature = bundle.predictor.signatures.get(DEEP)
    if signature is None or signature.empty:
        raise InputError("saliency: expected a model with a deep signature, found none")
    image, _, region = open_case(bundle, case)
    embedder = open_embedder(bundle, case.weights)
    heat = case_map(embedder, signature, image, region, case.side).values
    low, high = np.percentile(image.pixels, (0.5, 99.5))
    grey = np.clip((image.pixels - low) / (high - low if high > low else 1.0), 0, 1)
    strength = np.clip(heat / (np.abs(heat).max() or 1.0), -1, 1)
    alpha = 0.75 * np.abs(strength)[..., np.newaxis]
    colour = np.where(strength[..., np.newaxis] > 0, (0.84, 0.19, 0.15), (0.19, 0.42, 0.75))
    mixed = (1 - alpha) * grey[..., np.newaxis] + alpha * colour
    Picture.fromarray(np.rint(255 * mixed).astype(np.uint8)).save(out)
