"""A predictor as JSON and back, to the last bit: Python writes floats so that they read equal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from trephine.cohort.schema import ClinicalVariable
from trephine.deep.last_block import LastBlock, state_from_bytes
from trephine.errors import BundleError, InputError
from trephine.modelling.absolute_risk import OtherCause
from trephine.modelling.conditional import imputation_from_json, imputation_to_json
from trephine.modelling.fitted_model import DECILES, FittedModel
from trephine.modelling.harmonise import Combat
from trephine.modelling.harmoniser import Harmoniser
from trephine.modelling.imputation import Imputation
from trephine.modelling.joint_range import joint_from_json, joint_to_json
from trephine.modelling.prediction import Predictor
from trephine.modelling.signature import Signature
from trephine.modelling.term_content import term_from_json, term_to_json
from trephine.modelling.terms import Term
from trephine.survival.baseline import BaselineHazard
from trephine.types import FloatArray


def predictor_to_json(predictor: Predictor) -> dict[str, Any]:
    """Return a predictor as plain JSON values."""
    content = {
        "signatures": {name: _plain(asdict(s)) for name, s in predictor.signatures.items()},
        "variables": {
            name: variable.model_dump(mode="json") for name, variable in predictor.variables.items()
        },
        **imputation_to_json(predictor.imputation),
        "models": {name: _model_to_json(model) for name, model in predictor.models.items()},
        "harmonisers": {
            name: _harmoniser_to_json(part) for name, part in predictor.harmonisers.items()
        },
    }
    if predictor.blocks:
        content["blocks"] = {
            name: {"backbone": block.backbone, "origin": block.origin, "sha256": block.sha256}
            for name, block in predictor.blocks.items()
        }
    return content


def predictor_from_json(content: Mapping[str, Any], blocks: Mapping[str, bytes]) -> Predictor:
    """Return the predictor that ``predictor_to_json`` wrote.

    Parameters
    ----------
    content
        What it wrote.
    blocks
        ``.safetensors`` of the trained blocks that it names, by feature set.

    Raises
    ------
    BundleError
        If something is missing or does not fit together.
    """
    try:
        return Predictor(
            signatures={
                name: _signature_from_json(part) for name, part in content["signatures"].items()
            },
            variables={
                name: ClinicalVariable.model_validate(part)
                for name, part in content["variables"].items()
            },
            imputation=imputation_from_json(content),
            models={name: _model_from_json(part) for name, part in content["models"].items()},
            blocks={
                name: _block_from_json(part, blocks[name])
                for name, part in content.get("blocks", {}).items()
            },
            harmonisers={
                name: _harmoniser_from_json(part) for name, part in content["harmonisers"].items()
            },
        )
    except (
        ArithmeticError,
        AttributeError,
        InputError,
        LookupError,
        TypeError,
        ValueError,
    ) as error:
        raise BundleError(f"bundle: the model does not fit together ({error})") from None


def _signature_from_json(part: Mapping[str, Any]) -> Signature:
    return Signature(
        feature_set=part["feature_set"],
        names=tuple(part["names"]),
        weights=_array(part["weights"]),
        centre=_array(part["centre"]),
        scale=_array(part["scale"]),
        low=_array(part["low"]),
        high=_array(part["high"]),
        reach=float(part["reach"]),
        floor=_array_or_none(part["floor"]),
        ceiling=_array_or_none(part["ceiling"]),
        absent_is_mean=bool(part.get("absent_is_mean", False)),
    )


def _block_from_json(part: Mapping[str, Any], content: bytes) -> LastBlock:
    block = LastBlock(part["backbone"], part["origin"], state_from_bytes(content), trained=True)
    if block.sha256 != part["sha256"]:
        raise BundleError(
            f"bundle: expected the trained block of network {part['sha256'][:12]}, found that of"
            f" {block.sha256[:12]}; the model is not whole"
        )
    return block


def _harmoniser_to_json(harmoniser: Harmoniser) -> dict[str, Any]:
    return {
        "names": list(harmoniser.names),
        "combat": _plain(asdict(harmoniser.combat)),
        "terms": [term_to_json(term) for term in harmoniser.terms],
        "imputation": dict(harmoniser.imputation.values),
    }


def _harmoniser_from_json(part: Mapping[str, Any]) -> Harmoniser:
    names, combat, terms = tuple(part["names"]), part["combat"], _terms(part["terms"])
    m, centres = len(names), np.asarray(combat["centres"], dtype=np.int64)
    return Harmoniser(
        names=names,
        combat=Combat(
            centres=centres,
            mean=_array(combat["mean"]).reshape(m),
            covariate_mean=_array(combat["covariate_mean"]).reshape(len(terms)),
            effects=_array(combat["effects"]).reshape(len(terms), m),
            scale=_array(combat["scale"]).reshape(m),
            shift=_array(combat["shift"]).reshape(centres.size, m),
            spread=_array(combat["spread"]).reshape(centres.size, m),
        ),
        terms=terms,
        imputation=Imputation(part["imputation"]),
    )


_ARRAYS = ("coefficients", "covariance", "centre", "scale", "low", "high")


def _model_to_json(model: FittedModel) -> dict[str, Any]:
    return {
        "name": model.name,
        "parts": list(model.parts),
        "terms": [term_to_json(term) for term in model.terms],
        **{name: getattr(model, name).tolist() for name in _ARRAYS},
        "baseline": _plain(asdict(model.baseline)),
        "linear_predictor_range": list(model.linear_predictor_range),
        "risk_cut": model.risk_cut,
        "deciles": model.deciles.tolist(),
        "n": model.n,
        "n_events": model.n_events,
        "left_out": [list(pair) for pair in model.left_out],
        **({"others": [_plain(asdict(one)) for one in model.others]} if model.others else {}),
        **({} if model.joint is None else {"joint": joint_to_json(model.joint)}),
    }


def _model_from_json(part: Mapping[str, Any]) -> FittedModel:
    q = len(part["terms"])
    low, high = part["linear_predictor_range"]
    base = part["baseline"]
    times, terms = _array(base["times"]), _terms(part["terms"])
    return FittedModel(
        name=part["name"],
        parts=tuple(part["parts"]),
        terms=terms,
        coefficients=_array(part["coefficients"]),
        covariance=_array(part["covariance"]).reshape(q, q),
        centre=_array(part["centre"]),
        scale=_array(part["scale"]),
        low=_array(part["low"]),
        high=_array(part["high"]),
        baseline=BaselineHazard(
            times,
            _array(base["cumulative_hazard"]),
            _array(base["variance"]),
            _array(base["mean_hazard"]).reshape(times.size, q),
        ),
        linear_predictor_range=(float(low), float(high)),
        risk_cut=float(part["risk_cut"]),
        n=int(part["n"]),
        n_events=int(part["n_events"]),
        left_out=tuple((name, reason) for name, reason in part["left_out"]),
        deciles=_array(part["deciles"]).reshape(len(DECILES)),
        others=tuple(_other_from_json(one, q) for one in part.get("others", ())),
        joint=joint_from_json(part["joint"], terms) if "joint" in part else None,
    )


def _other_from_json(part: Mapping[str, Any], q: int) -> OtherCause:
    columns = tuple(int(column) for column in part["columns"])
    if not all(0 <= column < q for column in columns):
        raise ValueError(f"terms of {part['name']}: expected places below {q}, found {columns}")
    times = _array(part["times"])
    return OtherCause(
        name=str(part["name"]),
        columns=columns,
        coefficients=_array(part["coefficients"]).reshape(len(columns)),
        centre=_array(part["centre"]).reshape(len(columns)),
        times=times,
        cumulative_hazard=_array(part["cumulative_hazard"]).reshape(times.size),
        n_events=int(part["n_events"]),
    )


def _terms(parts: Any) -> tuple[Term, ...]:
    return tuple(term_from_json(term) for term in parts)


def _array(values: Any) -> FloatArray:
    return np.asarray(values, dtype=np.float64)


def _array_or_none(values: Any) -> FloatArray | None:
    return None if values is None else _array(values)


def _plain(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return arrays as lists and NaN as null, which JSON has and NaN is not."""
    return {
        key: value.tolist()
        if isinstance(value, np.ndarray)
        else None
        if isinstance(value, float) and np.isnan(value)
        else value
        for key, value in content.items()
    }
