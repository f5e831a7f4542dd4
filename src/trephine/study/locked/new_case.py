"""The data of one new case, read as a locked model's study read its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from trephine.cohort.clinical import cells_as_read
from trephine.errors import InputError
from trephine.imaging import fit_mask, read_image, read_mask
from trephine.modelling.cases import FeatureSet
from trephine.modelling.fitted_model import FittedModel
from trephine.radiomics.extract import measure_region
from trephine.study.extraction.changes import with_changes
from trephine.study.image_plans import DEEP, RADIOMICS, image_of, set_name
from trephine.study.images.derived import derived_mask
from trephine.study.images.frames import refuse_other_frame
from trephine.study.images.new_header import check_new_header
from trephine.study.images.sides import check_new_case
from trephine.study.locked.case_features import given_features
from trephine.study.locked.case_row import Given, case_row
from trephine.study.locked.gaps import feature_gaps
from trephine.study.locked.model import LockedModel
from trephine.study.locked.network import check_engine, open_embedder
from trephine.types import BoolArray, Image, Mask


@dataclass(frozen=True)
class NewCase:
    """Where a new case's data are.

    Attributes
    ----------
    image, mask
        Files; None where the model needs no images, or several of a case.
    images, masks
        Files by the names of the images, where a case of the study has several.
    label
        Of the region in the mask; as in the study, by side where it is so there, if None.
    side
        R, L or None; needed where the study's cases had sides.
    clinical
        Table with one row, columns as in the study or as in its wide table; or values by column,
        None where missing.
    features
        Table with one row of ready-made features; or values by name.
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
    clinical: Given | None = None
    features: Given | None = None
    weights: Path | None = None
    centre: str | None = None
    accept: tuple[str, ...] = ()
    trust: str | None = None
    images: Mapping[str, Path] = field(default_factory=dict)
    masks: Mapping[str, Path] = field(default_factory=dict)


def features_of(
    model: LockedModel, case: NewCase, chosen: FittedModel, warnings: list[str]
) -> dict[str, FeatureSet]:
    """Return the feature sets that a model's signatures need, one row each.

    What the image and the mask leave in doubt, and what is filled in, is added to ``warnings``.
    """
    found: dict[str, FeatureSet] = {}
    needed = list(chosen.signatures)
    measured = model.context.measured
    wider = {} if model.refits is None else model.refits.needed_features(chosen.name)
    # A set that only refits use is looked for where that costs nothing: they can do without.
    there = _images_there(model, case) if needed else set()
    sought = [
        *needed,
        *(
            name
            for name in wider
            if name not in needed
            and (case.features is not None or measured.get(name) in there)
            and name != set_name(measured.get(name, ""), DEEP)
        ),
    ]
    pictured = [name for name in sought if name in measured and case.features is None]
    for key in dict.fromkeys(measured[name] for name in pictured):
        own = [name for name in pictured if measured[name] == key]
        used = {
            name: (*model.predictor.signatures[name].names, *wider.get(name, ())) for name in own
        }
        if key not in there and (absent := _absent(model, key, used, warnings)):
            found |= absent
            continue
        found |= _measured_with_changes(model, case, key, own, found, warnings)
    for name in sought:
        if name in found or (name not in needed and case.features is None):
            continue
        columns = model.predictor.signatures[name].names if name in needed else ()
        if case.features is None:
            raise InputError(
                f"prediction: expected the features of {name} (--features), found none"
            )
        decimal = model.context.features.decimal
        found[name] = given_features(case.features, name, columns, wider.get(name, ()), decimal)
    warnings += feature_gaps(model, chosen, found)
    return found


def _images_there(model: LockedModel, case: NewCase) -> set[str]:
    """Return the keys of the images that a case comes with."""
    if not model.context.images:
        return set() if case.image is None else {""}
    return {key for key in model.context.images if image_of(key) in case.images}


def _absent(
    model: LockedModel, key: str, used: Mapping[str, Sequence[str]], warnings: list[str]
) -> dict[str, FeatureSet]:
    """Return feature sets without a value of an image that a case may lack; else nothing.

    ``used`` are their features that signatures weigh.
    """
    if not key or not all(model.predictor.signatures[name].absent_is_mean for name in used):
        return {}
    warnings.append(
        f"{key}: no image of {image_of(key)} was given; its signatures count as the mean of the"
        " training cases, as in the study"
    )
    return {
        name: FeatureSet(
            name,
            tuple(dict.fromkeys(names)),
            np.full((1, len(dict.fromkeys(names))), np.nan),
            absent_is_mean=True,
        )
        for name, names in used.items()
    }


def alone(model: LockedModel, case: NewCase, key: str) -> tuple[LockedModel, NewCase]:
    """Return a model and a case as if the image of a key were the only one.

    Raises
    ------
    InputError
        If the case comes with images by name and the model has one, or the other way round.
    """
    names = list(model.context.image_names)
    if not key:
        if case.images or case.masks:
            found = ", ".join((*case.images, *case.masks))
            raise InputError(
                "prediction: expected one image and one mask, as a case of the study has, found"
                f" some by name ({found})"
            )
        return model, case
    if case.image is not None or case.mask is not None or case.label is not None:
        raise InputError(
            f"prediction: expected an image and a mask for each of {', '.join(names)} (--image"
            f" {names[0]}=FILE --mask {names[0]}=FILE), found an image, a mask or a label without"
            " such a name"
        )
    unknown = sorted({*case.images, *case.masks} - set(names))
    if unknown:
        raise InputError(f"prediction: expected images among {names}, found {unknown}")
    name = image_of(key)
    drawn = model.context.images[key].drawn_on or name
    own = replace(case, image=case.images.get(name), mask=case.masks.get(drawn))
    return replace(model, context=model.context.of_image(key)), own


def _measured(
    model: LockedModel, case: NewCase, key: str, names: Sequence[str], warnings: list[str]
) -> dict[str, FeatureSet]:
    """Return the feature sets that are measured on one image, by their names in the study.

    ``model`` and ``case`` are those of `alone`.
    """
    if key and (case.image is None or case.mask is None):
        name = image_of(key)
        drawn = model.context.features.drawn_on or name
        raise InputError(
            f"prediction: expected an image of {name} and a mask of {drawn} (--image {name}=FILE"
            f" --mask {drawn}=FILE), found none"
        )
    image, mask, region = open_case(model, case)
    beside = case.images.get(model.context.features.drawn_on or "")
    if key and beside is not None:
        refuse_other_frame(image.header, read_image(beside).header, image_of(key))
    said = case_warnings(model, case, image, mask)
    warnings += [f"{key}: {one}" if key else one for one in said]
    found = {}
    for name in names:
        if name == set_name(key, RADIOMICS):
            check_engine(model)
            label = mask.label_of(label_of_region(model, case))
            found[name] = replace(_radiomics(model, image, mask, label, region), name=name)
        else:
            embedder = open_embedder(model, case.weights, case.trust)
            side: Any = case.side
            values = embedder.extract([image], [region], [side])
            network = embedder.record.weights.sha256
            found[name] = FeatureSet(name, embedder.feature_names, values, network=network)
    return found


def _measured_with_changes(
    model: LockedModel,
    case: NewCase,
    key: str,
    names: Sequence[str],
    known: Mapping[str, FeatureSet],
    warnings: list[str],
) -> dict[str, FeatureSet]:
    """Return the same with the changes since an earlier image, where the study had them.

    ``known`` are the features of images that were measured before.
    """
    found = _measured(*alone(model, case, key), key, names, warnings)
    earlier = model.context.images[key].change_from if key else None
    name = set_name(key, RADIOMICS)
    if earlier is None or name not in found:
        return found
    before = set_name(earlier, RADIOMICS)
    then = known.get(before)
    if then is None:
        then = _measured(*alone(model, case, earlier), earlier, [before], warnings)[before]
    return {**found, name: with_changes(found[name], then)}


def _radiomics(
    model: LockedModel, image: Image, mask: Mask, label: int, region: BoolArray
) -> FeatureSet:
    settings = model.context.features
    assert settings.radiomics is not None  # or it would not be measured
    normalised = settings.grey.normalised(settings.grey.corrected(image), region)
    found = measure_region(normalised, mask, settings.radiomics, label=label)
    return FeatureSet(RADIOMICS, tuple(found.names), np.asarray(found.values)[np.newaxis])


def open_case(model: LockedModel, case: NewCase) -> tuple[Image, Mask, BoolArray]:
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
    settings = model.context.features
    label = label_of_region(model, case)
    image = read_image(case.image, spacing_mm=settings.spacing_mm)
    drawn = fit_mask(image, read_mask(case.mask, image=image), settings.mask_geometry)
    mask = derived_mask(drawn, settings.derivation)
    return image, mask, mask.region(label)


def case_warnings(model: LockedModel, case: NewCase, image: Image, mask: Mask) -> list[str]:
    """Return what a case's image and mask leave in doubt about its side, its place and its patient.

    Raises
    ------
    InputError
        If the region certainly is the other side's, or the image of the other sex.
    """
    settings = model.context.features
    accept = (*settings.accept, *case.accept)
    label = label_of_region(model, case)
    warnings = check_new_case(image, mask, label, case.side, settings.mask_label, accept)
    if case.clinical is not None:
        of_case = cells_as_read(
            case_row(case.clinical, model.context.table, case.side), model.predictor.variables
        )
        warnings += check_new_header(image.header, of_case, accept)
    how = mask.provenance.get("corrected")
    if how:
        warnings.append(f"mask: it did not lie on the image by its header: {how}")
    return warnings


def label_of_region(model: LockedModel, case: NewCase) -> int | str:
    """Return the label of a case's region in its mask, as the study's masks have it.

    Raises
    ------
    InputError
        If the study's cases had sides, by which masks are labelled or images mirrored, and this
        one has none.
    """
    settings = model.context.features
    if settings.sides and case.side not in ("R", "L"):
        found = "none" if case.side is None else repr(case.side)
        raise InputError(f"side: expected R or L (--side), as in the study, found {found}")
    if case.label is not None:
        return case.label
    labels = settings.mask_label
    return labels[case.side or ""] if isinstance(labels, dict) else labels
