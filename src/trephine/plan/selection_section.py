"""``[selection]``: the steps and their thresholds, as the recipe declares them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from pydantic import (
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from trephine.errors import MisfitError
from trephine.modelling.clinical_settings import ClinicalSteps
from trephine.modelling.protocols import PROTOCOLS, FeatureSteps


class SelectionSection(ClinicalSteps, FeatureSteps):
    """``[selection]``: the steps and their thresholds, over the protocol's own."""

    @model_validator(mode="after")
    def _mixtures_have_a_learner(self) -> Self:
        asked = {"mixtures", "learner"} <= self.model_fields_set
        if asked and self.learner == "adaptive-ridge":
            raise MisfitError(
                "mixtures",
                'none with learner = "adaptive-ridge" (leave them out, or ask for learner ='
                ' "penalised-cox")',
                str(list(self.mixtures)),
            )
        return self

    @model_validator(mode="after")
    def _imputations_fit(self) -> Self:
        if self.imputations is not None and self.missing_clinical != "multiple":
            raise MisfitError(
                "imputations", 'missing_clinical = "multiple" beside it', self.missing_clinical
            )
        if self.missing_clinical == "multiple" and self.separation == "firth":
            raise MisfitError(
                "separation",
                '"leave out" with missing_clinical = "multiple" (profile likelihoods of several'
                " completed data sets are not pooled)",
                self.separation,
            )
        return self

    def check_interactions(self, known: Sequence[str]) -> None:
        """Refuse interactions of other things than two clinical variables, each pair once.

        Raises
        ------
        MisfitError
            For the first pair that is none.
        """
        where, seen = "selection.interactions", set()
        for pair in self.interactions:
            unknown = [key for key in pair if key not in known]
            if unknown:
                expected = f"two variables of [clinical], among {list(known)}"
                raise MisfitError(where, expected, repr(unknown[0]))
            if pair[0] == pair[1]:
                expected = "two different variables (`spline` makes an effect that is not straight)"
                raise MisfitError(where, expected, f"{pair[0]} twice")
            if frozenset(pair) in seen:
                raise MisfitError(where, "each pair once", str(list(pair)))
            seen.add(frozenset(pair))

    @property
    def stated(self) -> dict[str, Any]:
        """What the plan itself names; mixtures ask for the learner that has them."""
        named = {key: getattr(self, key) for key in self.model_fields_set}
        return {"learner": "penalised-cox", **named} if "mixtures" in named else named

    @model_serializer(mode="wrap")
    def _without_what_protocols_decide(self, write: SerializerFunctionWrapHandler) -> Any:
        """Leave out what the plan does not name and each protocol decides for itself."""
        written: dict[str, Any] = write(self)
        decided = protocols_decide() - self.model_fields_set
        return {key: value for key, value in written.items() if key not in decided}


def protocols_decide() -> set[str]:
    """Return the keys of ``[selection]`` on which the protocols differ."""
    own = [{**dict(one.chain), **dict(one.clinical)} for one in PROTOCOLS.values()]
    keys = SelectionSection.model_fields
    return {key for key in keys if any(each[key] != own[0][key] for each in own)}
