"""p of signatures: from permuted outcomes where the study has them, else none."""

from __future__ import annotations

from typing import Any

from trephine.study.results import ProtocolResult

# What facts with a p say of one that has no test of its own.
_NONE = {"p": None, "permutations": 0}


def p_in_model(result: ProtocolResult, model: str, signature: str) -> dict[str, Any]:
    """Return p of a signature's coefficient in a model, and the permutations behind it."""
    if result.null is None:
        return _NONE
    return _with_count(result, result.null.signatures.p_in_model(model, signature))


def p_alone(result: ProtocolResult, signature: str) -> dict[str, Any]:
    """Return p of a signature as the only term, and the permutations behind it."""
    if result.null is None:
        return _NONE
    return _with_count(result, result.null.signatures.p_alone(signature))


def p_of_gain(result: ProtocolResult, old: str, new: str) -> dict[str, Any]:
    """Return p of the likelihood ratio of models that differ by a signature."""
    if result.null is None:
        return _NONE
    return _with_count(result, result.null.signatures.p_of_gain(old, new))


def _with_count(result: ProtocolResult, p: float) -> dict[str, Any]:
    assert result.null is not None
    return {"p": p, "permutations": len(result.null.signatures.permuted)}
