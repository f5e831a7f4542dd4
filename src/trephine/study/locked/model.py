"""A locked model in memory: what was read from its bundle, checked part against part."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trephine.cohort.schema import ClinicalVariable
from trephine.errors import BundleError, InputError, ModelError
from trephine.facts import HorizonNumber
from trephine.modelling.bundle import Bundle, read_bundle, write_bundle
from trephine.modelling.bundle_signing import demand_signer
from trephine.modelling.fitted_model import FittedModel
from trephine.modelling.points import nomogram_of
from trephine.modelling.prediction import Predictor
from trephine.modelling.refits import Refits
from trephine.regression.nomogram import Nomogram
from trephine.study.gather.nomograms import predictor_axes, survival_axes
from trephine.study.locked.context import BundleContext, NomogramContext
from trephine.types import IntArray


@dataclass(frozen=True)
class LockedModel:
    """A model that is fitted no more.

    Attributes
    ----------
    predictor
        Signatures, encoding and Cox models.
    context
        Outcome, horizons, how features were measured, performance, nomograms.
    card
        The model card, as Markdown.
    signed_by
        Fingerprint of the key that signed the bundle; None where nobody did.
    refits
        The recipe refitted to bootstrap samples, of which intervals of single predictions are made;
        None where the study made or kept none.
    """

    predictor: Predictor
    context: BundleContext
    card: str
    signed_by: str | None = None
    refits: Refits | None = None

    def named(self, name: str | None = None) -> FittedModel:
        """Return one of the models; the bundle's primary one by default.

        Raises
        ------
        InputError
            If there is none of this name.
        """
        models = self.predictor.models
        wanted = self.context.primary_model if name is None else name
        if wanted not in models:
            raise InputError(f"model: expected one of {list(models)}, found {wanted!r}")
        return models[wanted]

    def centre_codes(self, names: Sequence[str | None]) -> IntArray:
        """Return the codes of centres as training had them; -1 for another one, or no name."""
        known = {name: code for code, name in enumerate(self.context.centres)}
        return np.array([known.get(name or "", -1) for name in names], dtype=np.int64)

    def write(self, folder: Path) -> Path:
        """Write the bundle; the folder appears whole or not at all. It is not signed."""
        content = Bundle(self.predictor, self.context.as_json(), self.card, refits=self.refits)
        return write_bundle(content, folder)


def read_model(path: str | Path, signer: str | None = None) -> LockedModel:
    """Read a locked model from its bundle; no code in it is ever run.

    Parameters
    ----------
    path
        Of the bundle, a folder or a .zip of one.
    signer
        Fingerprint of the key that must have signed it; None takes unsigned ones too.

    Raises
    ------
    BundleError
        If the bundle is refused, or its context and its predictor do not fit together.
    """
    bundle = read_bundle(Path(path), signer)
    context = BundleContext.from_json(bundle.context)
    _check_together(bundle.predictor, context)
    if bundle.refits is not None and bundle.refits.horizons != context.outcome.horizons:
        raise BundleError(
            "bundle: expected refits at the horizons of context.json, found others; the model is"
            " not whole"
        )
    return LockedModel(bundle.predictor, context, bundle.card, bundle.signed_by, bundle.refits)


def opened(bundle: str | Path | LockedModel, signer: str | None = None) -> LockedModel:
    """Return a locked model that may have been read already.

    Raises
    ------
    BundleError
        As `read_model`; also if the signer of a model that was read is not the one demanded.
    """
    if not isinstance(bundle, LockedModel):
        return read_model(bundle, signer)
    if signer is not None:
        demand_signer(bundle.signed_by, signer)
    return bundle


def _check_together(predictor: Predictor, context: BundleContext) -> None:
    """Refuse a context that is another predictor's."""
    models = predictor.models
    unknown = sorted({context.primary_model, *context.nomograms} - set(models))
    if unknown:
        raise BundleError(
            f"bundle: expected models among {list(models)}, as the predictor holds, found {unknown}"
            " in context.json; the model is not whole"
        )
    wrong = [name for name, one in context.nomograms.items() if not _fits(models[name], one)]
    if wrong:
        raise BundleError(
            f"bundle: expected the nomogram of the model {wrong[0]} as its coefficients give it,"
            " found another; the model is not whole"
        )


def nomogram_context(
    nomogram: Nomogram, variables: Mapping[str, ClinicalVariable]
) -> NomogramContext:
    """Return a nomogram as a bundle holds it."""
    return NomogramContext(
        axes=predictor_axes(nomogram, variables),
        total_ticks=tuple(nomogram.total_points.tolist()),
        survival=survival_axes(nomogram),
        points_per_unit=nomogram.points_per_unit,
        zero_points_predictor=nomogram.offset,
        baseline_survival=tuple(
            HorizonNumber(horizon=horizon, value=value)
            for horizon, value in zip(nomogram.horizons, nomogram.survival_at_zero, strict=True)
        ),
    )


def _fits(model: FittedModel, stated: NomogramContext) -> bool:
    """Say whether a nomogram is the one that the model's coefficients and baseline give."""
    labels = [(name, name) for name in (*model.clinical_variables, *model.signatures)]
    try:
        nomogram = nomogram_of(model, labels, [one.horizon for one in stated.baseline_survival])
    except (LookupError, ModelError, ValueError):
        return False
    own = nomogram_context(nomogram, {})
    if [(a.name, a.variable, a.settings) for a in own.axes] != [
        (a.name, a.variable, a.settings) for a in stated.axes
    ]:
        return False
    expected, found = _numbers(own), _numbers(stated)
    return len(expected) == len(found) and bool(np.allclose(expected, found, equal_nan=True))


def _numbers(nomogram: NomogramContext) -> list[float]:
    """Return every number of a nomogram, in order."""
    ticks = [tick for axis in nomogram.axes for tick in axis.ticks]
    ticks += [tick for axis in nomogram.survival for tick in axis.ticks]
    stated = [
        nomogram.points_per_unit,
        nomogram.zero_points_predictor,
        *nomogram.total_ticks,
        *(axis.lowest for axis in nomogram.axes),
        *(one.value for one in nomogram.baseline_survival),
        *(number for tick in ticks for number in (tick.value, tick.points)),
    ]
    return [math.nan if number is None else number for number in stated]
