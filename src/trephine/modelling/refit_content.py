"""Refits as files and back, to the last bit: JSON for what a person may read, arrays beside it.

``refits.json`` holds every model of every refit: its terms (places in one table of terms), their
coefficients and centres, and the cumulative hazard at the horizons. A model without signatures
needs no more than that. ``refits.safetensors`` holds what goes by feature: of refit 12 and the set
radiomics ``12/signature/radiomics/weights`` and its neighbours; where events
compete, also the rates of every event
(`trephine.modelling.course_content`).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load, save

from trephine.archives import bounded_tensors
from trephine.cohort.schema import ClinicalVariable
from trephine.errors import BundleError, InputError
from trephine.modelling.conditional import imputation_from_json, imputation_to_json
from trephine.modelling.course_content import course_arrays, course_from, course_to_json
from trephine.modelling.harmonise import Combat
from trephine.modelling.harmoniser import Harmoniser
from trephine.modelling.imputation import Imputation
from trephine.modelling.prediction import Predictor
from trephine.modelling.refits import LinearForm, RefitForm, Refits
from trephine.modelling.signature import Signature
from trephine.modelling.term_content import term_from_json, term_to_json
from trephine.modelling.terms import Term

Arrays = dict[str, npt.NDArray[Any]]
# Parts of a signature and of a set's harmonisation that are kept, one number a feature or more.
_SIGNATURE = ("weights", "centre", "scale")
_CLIPS = ("floor", "ceiling")
# There where a case without any value scores as the mean.
_ABSENT = "absent_is_mean"
_COMBAT = ("centres", "mean", "covariate_mean", "effects", "scale", "shift", "spread")


@dataclass
class _SharedNames:
    """What many refits share: names of features by set, and terms."""

    names: dict[str, dict[str, int]] = field(default_factory=dict)
    terms: dict[str, int] = field(default_factory=dict)

    def columns(self, feature_set: str, names: Sequence[str]) -> npt.NDArray[np.int32]:
        known = self.names.setdefault(feature_set, {})
        return np.array([known.setdefault(name, len(known)) for name in names], dtype=np.int32)

    def places(self, terms: Sequence[Term]) -> list[int]:
        texts = [json.dumps(term_to_json(term), sort_keys=True) for term in terms]
        return [self.terms.setdefault(text, len(self.terms)) for text in texts]

    def as_json(self) -> dict[str, Any]:
        return {
            "features": {name: list(known) for name, known in self.names.items()},
            "terms": [json.loads(text) for text in self.terms],
        }


def refits_to_parts(refits: Refits) -> tuple[dict[str, Any], bytes]:
    """Return refits as JSON values and the bytes of their arrays."""
    tables = _SharedNames()
    arrays: Arrays = {}
    forms = []
    for number, form in enumerate(refits.forms):
        content, own = _form_to_parts(form, tables)
        forms.append(content)
        arrays |= {f"{number}/{name}": values for name, values in own.items()}
    content = {"horizons": list(refits.horizons), **tables.as_json(), "refits": forms}
    return content, bytes(save(arrays))


def refits_from_parts(
    content: Mapping[str, Any], numbers: bytes, variables: Mapping[str, ClinicalVariable]
) -> Refits:
    """Return the refits that ``refits_to_parts`` wrote.

    Parameters
    ----------
    content, numbers
        What it returned.
    variables
        Clinical variables of the study.

    Raises
    ------
    BundleError
        If something is missing or does not fit together.
    """
    try:
        arrays = _finite(dict(load(bounded_tensors(numbers))))
        terms = [term_from_json(part) for part in content["terms"]]
        names = {name: list(known) for name, known in content["features"].items()}
        forms = []
        for number, form in enumerate(content["refits"]):
            reader = _Reader(arrays, f"{number}/", names, terms, variables)
            forms.append(reader.form(form))
        horizons = tuple(float(horizon) for horizon in content["horizons"])
        refits = Refits(horizons, tuple(forms))
    except (
        ArithmeticError, AttributeError, InputError, LookupError, SafetensorError, TypeError,
        ValueError,
    ) as error:  # fmt: skip
        raise BundleError(f"bundle: its refits do not fit together ({error})") from None
    return refits


def form_to_answer(form: RefitForm) -> dict[str, Any]:
    """Return one refit as JSON values, for a ledger."""
    tables = _SharedNames()
    content, arrays = _form_to_parts(form, tables)
    numbers = base64.b64encode(bytes(save(arrays))).decode()
    return {**tables.as_json(), "refit": content, "numbers": numbers}


def form_from_answer(
    answer: Mapping[str, Any], variables: Mapping[str, ClinicalVariable]
) -> RefitForm:
    """Return the refit that ``form_to_answer`` wrote.

    Raises
    ------
    ArithmeticError, AttributeError, InputError, LookupError, TypeError, ValueError
        If it is another thing.
    """
    try:
        arrays = dict(load(bounded_tensors(base64.b64decode(answer["numbers"]))))
    except SafetensorError as error:
        raise InputError(f"refit: its numbers cannot be read ({error})") from None
    terms = [term_from_json(part) for part in answer["terms"]]
    return _Reader(arrays, "", answer["features"], terms, variables).form(answer["refit"])


def _form_to_parts(form: RefitForm, tables: _SharedNames) -> tuple[dict[str, Any], Arrays]:
    source = form.terms_from
    arrays: Arrays = {}
    for name, signature in source.signatures.items():
        place = f"signature/{name}/"
        arrays[f"{place}columns"] = tables.columns(name, signature.names)
        arrays |= {f"{place}{part}": getattr(signature, part) for part in _SIGNATURE}
        if signature.floor is not None:
            arrays |= {f"{place}{part}": getattr(signature, part) for part in _CLIPS}
        if signature.absent_is_mean:
            arrays[f"{place}{_ABSENT}"] = np.ones(1, dtype=np.int32)
    for name, harmoniser in source.harmonisers.items():
        place = f"harmoniser/{name}/"
        arrays[f"{place}columns"] = tables.columns(name, harmoniser.names)
        arrays |= {f"{place}{part}": getattr(harmoniser.combat, part) for part in _COMBAT}
    for name, model in form.models.items():
        arrays |= course_arrays(model.course, f"course/{name}/")
    content = {
        "signatures": list(source.signatures),
        **imputation_to_json(source.imputation),
        "harmonisers": {
            name: {
                "terms": tables.places(harmoniser.terms),
                "imputation": dict(harmoniser.imputation.values),
            }
            for name, harmoniser in source.harmonisers.items()
        },
        "models": {name: _model_to_json(model, tables) for name, model in form.models.items()},
    }
    return content, {name: np.ascontiguousarray(values) for name, values in arrays.items()}


def _model_to_json(model: LinearForm, tables: _SharedNames) -> dict[str, Any]:
    hazard = [None if np.isnan(h) else h for h in model.cumulative_hazard.tolist()]
    return {
        "terms": tables.places(model.terms),
        "coefficients": model.coefficients.tolist(),
        "centre": model.centre.tolist(),
        "cumulative_hazard": hazard,
        **course_to_json(model.course),
    }


@dataclass(frozen=True)
class _Reader:
    """One refit's parts among those of all: its arrays begin with ``place``."""

    arrays: Arrays
    place: str
    names: Mapping[str, Sequence[str]]
    terms: Sequence[Term]
    variables: Mapping[str, ClinicalVariable]

    def form(self, content: Mapping[str, Any]) -> RefitForm:
        source = Predictor(
            signatures={name: self._signature(name) for name in content["signatures"]},
            variables=self.variables,
            imputation=imputation_from_json(content),
            models={},
            harmonisers={
                name: self._harmoniser(name, part) for name, part in content["harmonisers"].items()
            },
        )
        models = {name: self._model(name, part) for name, part in content["models"].items()}
        return RefitForm(source, models)

    def _signature(self, name: str) -> Signature:
        place = f"{self.place}signature/{name}/"
        parts = {part: self.arrays[f"{place}{part}"] for part in _SIGNATURE}
        if f"{place}floor" in self.arrays:
            parts |= {part: self.arrays[f"{place}{part}"] for part in _CLIPS}
        names = self._feature_names(name, place)
        unknown = np.full(len(names), np.nan)
        parts |= {"low": unknown, "high": unknown}
        absent = f"{place}{_ABSENT}" in self.arrays
        return Signature(name, names, reach=float("nan"), absent_is_mean=absent, **parts)

    def _harmoniser(self, name: str, content: Mapping[str, Any]) -> Harmoniser:
        place = f"{self.place}harmoniser/{name}/"
        return Harmoniser(
            names=self._feature_names(name, place),
            combat=Combat(**{part: self.arrays[f"{place}{part}"] for part in _COMBAT}),
            terms=self._terms(content["terms"]),
            imputation=Imputation(content["imputation"]),
        )

    def _feature_names(self, name: str, place: str) -> tuple[str, ...]:
        columns = self.arrays[f"{place}columns"]
        if columns.size and not 0 <= columns.min() <= columns.max() < len(self.names[name]):
            raise InputError(f"a feature of {name} is not among those named")
        return tuple(self.names[name][column] for column in columns) if columns.size else ()

    def _terms(self, places: Sequence[int]) -> tuple[Term, ...]:
        if any(not 0 <= place < len(self.terms) for place in places):
            raise InputError("a term is not among those listed")
        return tuple(self.terms[place] for place in places)

    def _model(self, name: str, content: Mapping[str, Any]) -> LinearForm:
        terms = self._terms(content["terms"])
        coefficients, centre = (
            np.asarray(content[part], dtype=np.float64) for part in ("coefficients", "centre")
        )
        if coefficients.shape != (len(terms),) or centre.shape != (len(terms),):
            raise InputError(f"a refit of {name} has other coefficients than terms")
        hazard = [np.nan if h is None else float(h) for h in content["cumulative_hazard"]]
        place = f"{self.place}course/{name}/"
        course = course_from(content, self.arrays, place, len(terms))
        return LinearForm(name, terms, coefficients, centre, np.array(hazard), course)


def _finite(arrays: Arrays) -> Arrays:
    if not all(np.isfinite(values).all() for values in arrays.values()):
        raise InputError("a number is missing or beyond all bounds")
    return arrays
