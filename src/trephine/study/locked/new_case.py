"""The data of one new case, read as a locked model's study read its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import ValidationError

from trephine.choices import MaskGeometry
from trephine.cohort.cell_problems import absent_column, number_problems
from trephine.cohort.cells import CellReading, read_column
from trephine.cohort.clinical import cells_as_read, read_clinical
from trephine.cohort.schema import ClinicalTable, label_of
from trephine.cohort.table import as_numbers, find_column
from trephine.deep.embed import Embedder
from trephine.deep.settings import DeepSettings
from trephine.errors import BundleError, InputError, StudyProblemsError
from trephine.imaging import fit_mask, read_image, read_mask
from trephine.imaging.normalise import normalise
from trephine.modelling.bundle import Bundle
from trephine.modelling.cases import FeatureSet
from trephine.modelling.fitted_model import FittedModel
from trephine.modelling.prediction import Predictor
from trephine.radiomics.extract import ENGINE_VERSION, measure_region
from trephine.radiomics.settings import RadiomicsSettings
from trephine.study.gaps import clinical_gaps, feature_gaps
from trephine.study.headers import check_new_header
from trephine.study.locked.case_row import case_row, one_row
from trephine.study.settings import DEEP, RADIOMICS
from trephine.study.sides import check_new_case
from trephine.types import BoolArray, Image, Mask


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
        Table with one row, columns as in the study or as in its wide table.
    features
        Table with one row of ready-made features.
    weights
        The network's file, where the study's weights or network came from a file of its own.
    centre
        The case's hospital by its name in the study, where the model harmonises centres.
    accept
        Contradictions to go on with, as in ``[data] accept``.
    trust
        The sha256 of ``weights``, where that file is a program and its maker is known.

    Examples
    --------
    >>> from pathlib import Path
    >>> from trephine import NewCase
    >>> case = NewCase(clinical=Path("case.csv"), features=Path("case-features.csv"))
    """

    image: Path | None = None
    mask: Path | None = None
    label: int | None = None
    side: str | None = None
    clinical: Path | None = None
    features: Path | None = None
    weights: Path | None = None
    centre: str | None = None
    accept: tuple[str, ...] = ()
    trust: str | None = None


def features_of(
    bundle: Bundle, case: NewCase, model: FittedModel, warnings: list[str]
) -> dict[str, FeatureSet]:
    """Return the feature sets that a model's signatures need, one row each.

    What the image and the mask leave in doubt, and what is filled in, is added to ``warnings``.
    """
    needed = list(model.signatures)
    settings = bundle.context["features"]
    found: dict[str, FeatureSet] = {}
    pictured = [
        name
        for name in needed
        if name in (RADIOMICS, DEEP) and settings[name] is not None and case.features is None
    ]
    if pictured:
        image, mask, region = open_case(bundle, case)
        warnings += case_warnings(bundle, case, image, mask)
        if RADIOMICS in pictured:
            check_engine(bundle)
            found[RADIOMICS] = _radiomics(
                settings, image, mask, mask.label_of(label_of_region(bundle, case)), region
            )
        if DEEP in pictured:
            embedder = open_embedder(bundle, case.weights, case.trust)
            side: Any = case.side
            values = embedder.extract([image], [region], [side])
            network = embedder.record.weights.sha256
            found[DEEP] = FeatureSet(DEEP, embedder.feature_names, values, network=network)
    for name in needed:
        if name not in found:
            found[name] = _from_table(bundle, case, name)
    warnings += feature_gaps(bundle, model, found)
    return found


def _radiomics(
    settings: Mapping[str, Any], image: Image, mask: Mask, label: int, region: BoolArray
) -> FeatureSet:
    engine = RadiomicsSettings(**settings[RADIOMICS])
    found = measure_region(
        normalise(image, settings["normalise"], region), mask, engine, label=label
    )
    return FeatureSet(RADIOMICS, tuple(found.names), np.asarray(found.values)[np.newaxis])


def _from_table(bundle: Bundle, case: NewCase, name: str) -> FeatureSet:
    if case.features is None:
        raise InputError(f"prediction: expected the features of {name} (--features), found none")
    frame, file = one_row(case.features), case.features.name
    decimal = bundle.context["features"].get("decimal")
    if decimal is not None:
        frame = frame.apply(read_column, how=CellReading(decimal=decimal))
    needed = bundle.predictor.signatures[name].names
    columns = {wanted: find_column(frame, wanted) for wanted in needed}
    problems = [
        absent_column(file, None, wanted, frame.columns, use=f"of {name}")
        for wanted, column in columns.items()
        if column is None
    ]
    values = []
    for column in filter(None, columns.values()):
        numbers, wrong = as_numbers(frame[column])
        values.append(numbers[0])
        problems += number_problems(frame[column], wrong, file, "a number", "features")
    if problems:
        raise StudyProblemsError(problems)
    return FeatureSet(name, needed, np.array(values)[np.newaxis])


def clinical_of(
    bundle: Bundle, case: NewCase, model: FittedModel
) -> tuple[ClinicalTable, list[str]]:
    """Return the clinical values that a model needs, one row, and levels that training lacked."""
    predictor = bundle.predictor
    needed = set(model.clinical_variables)
    variables = {key: v for key, v in predictor.variables.items() if key in needed}
    covariates = _covariates(predictor, model) - needed
    if not variables and (case.clinical is None or not covariates):
        return ClinicalTable({}, {}, 1), []
    if case.clinical is None:
        raise InputError(
            f"prediction: expected clinical values of {', '.join(variables)} (--clinical), found"
            " none"
        )
    frame = _clinical_row(bundle, case, case.clinical)
    # What harmonisation would keep is used where it is given; the model can do without.
    variables |= {
        key: predictor.variables[key] for key in sorted(covariates) if key in frame.columns
    }
    table, problems = read_clinical(frame, variables, case.clinical.name)
    if problems:
        raise StudyProblemsError(problems)
    warnings = clinical_gaps(predictor, model, table)
    for key, variable in variables.items():
        if not variable.categorical or key not in needed:
            continue
        level = table.texts(key)[0]
        own = [term for term in model.terms if term.variable == key]
        reference = own[0].reference if own else variable.reference_level
        known = {reference, *(term.level for term in own)}
        if level is not None and level not in known:
            warnings.append(
                f"{label_of(key, variable)}: no training case was {level}; it is taken as"
                f" {reference}"
            )
    return table, warnings


def _clinical_row(bundle: Bundle, case: NewCase, path: Path) -> pd.DataFrame:
    return case_row(path, bundle.context.get("table", {}), case.side)


def _covariates(predictor: Predictor, model: FittedModel) -> set[str]:
    """Return the clinical variables that the harmonisation of a model's signatures keeps."""
    return {
        term.variable
        for part in model.terms
        if part.is_signature and part.variable in predictor.harmonisers
        for term in predictor.harmonisers[part.variable].terms
    }


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
    mask = fit_mask(image, read_mask(case.mask, image=image), mask_geometry_of(settings))
    return image, mask, mask.region(label)


def case_warnings(bundle: Bundle, case: NewCase, image: Image, mask: Mask) -> list[str]:
    """Return what a case's image and mask leave in doubt about its side, its place and its patient.

    Raises
    ------
    InputError
        If the region certainly is the other side's, or the image of the other sex.
    """
    settings = bundle.context["features"]
    accept = (*settings.get("accept", ()), *case.accept)
    label = label_of_region(bundle, case)
    warnings = check_new_case(image, mask, label, case.side, settings["mask_label"], accept)
    if case.clinical is not None:
        of_case = cells_as_read(
            _clinical_row(bundle, case, case.clinical), bundle.predictor.variables
        )
        warnings += check_new_header(image.header, of_case, accept)
    how = mask.provenance.get("corrected")
    if how:
        warnings.append(f"mask: it did not lie on the image by its header: {how}")
    return warnings


def mask_geometry_of(settings: Mapping[str, Any]) -> MaskGeometry:
    """Return what the study did with masks of another geometry; older models say it otherwise."""
    older: MaskGeometry = "resample" if settings.get("correct_mask") else "strict"
    found: MaskGeometry = settings.get("mask_geometry", older)
    return found


def label_of_region(bundle: Bundle, case: NewCase) -> int | str:
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
    found: int | str = labels[case.side] if isinstance(labels, dict) else labels
    return found


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


def network_settings(
    bundle: Bundle, weights: Path | None, trust: str | None = None
) -> DeepSettings:
    """Return the settings of the network that the study used, its file and its hash put in.

    The hash is that of the file that the model was fitted with, so that another is refused before
    it is opened. ``trust`` is never the model's word, only its user's.

    Raises
    ------
    InputError
        If the network or its weights are a file, which is no part of a bundle, and none is given.
    """
    features = bundle.context["features"]
    settings = _deep_settings({**features[DEEP], "trust": None})
    if settings.random_seed is None:  # there is a file
        settings = settings.model_copy(update={"sha256": features["weights_sha256"]})
    if not settings.is_network_file and settings.weights_file is None:
        return settings
    key = "backbone" if settings.is_network_file else "weights"
    if weights is None:
        name = getattr(settings, key)
        raise InputError(
            f"network: expected the file {name}, which is no part of the model, found none; name"
            " it with --weights, or as [deep] weights in a study file"
        )
    named = settings.model_copy(update={key: str(weights)})
    if settings.is_network_file and named.is_program != settings.is_program:
        raise InputError(
            f"network: expected a file ending in {Path(settings.backbone).suffix}, as the model's"
            f" is, found one ending in {weights.suffix}"
        )
    return _deep_settings({**named.model_dump(), "trust": trust})


def _deep_settings(content: Mapping[str, Any]) -> DeepSettings:
    try:
        return DeepSettings(**content)
    except ValidationError as error:
        first = error.errors()[0]
        reason = first.get("ctx", {}).get("error", first["msg"])
        raise InputError(f"network: {reason}") from None


def open_embedder(bundle: Bundle, weights: Path | None, trust: str | None = None) -> Embedder:
    """Open the network that the study used, with its trained last block where it has one.

    Raises
    ------
    InputError
        If the network's file is needed and not given.
    BundleError
        If the weights are not those that the model was fitted with.
    """
    settings = bundle.context["features"]
    embedder = Embedder(network_settings(bundle, weights, trust).case_by_case())
    found = embedder.record.weights.sha256
    if found != settings["weights_sha256"]:
        raise BundleError(
            f"bundle: expected network weights {settings['weights_sha256'][:12]}, found"
            f" {found[:12]}; use the file that the model was fitted with"
        )
    block = bundle.predictor.blocks.get(DEEP)
    return embedder if block is None else embedder.with_last_block(block)
