"""One clinical variable's own Cox model, or that of an interaction and its two variables."""

from __future__ import annotations

from dataclasses import dataclass

from trephine.choices import Separation
from trephine.cohort.schema import ClinicalTable
from trephine.errors import ModelError, Reason
from trephine.modelling.encoding import Encoding
from trephine.modelling.separation import design_frame
from trephine.regression.cox import CoxModel
from trephine.regression.cox_result import CoxResult
from trephine.types import IntArray, Survival


@dataclass(frozen=True)
class VariableAlone:
    """One variable's own Cox model.

    Attributes
    ----------
    variable
        Key, or that of an interaction.
    model
        Fitted to this variable's terms, an interaction's together with those of its variables;
        None where none could be.
    p_value
        Wald test of all its terms, or Firth's likelihood ratio test of a variable that separates;
        NaN without a model.
    problem
        Why there is no model; None where there is one.
    pooled
        Where values were imputed several times: the models of all completed data sets as one;
        ``model`` is the first of them.
    """

    variable: str
    model: CoxModel | None
    p_value: float
    problem: Reason | None
    pooled: CoxResult | None = None

    @property
    def separates(self) -> bool:
        """Whether its model is Firth's, because it separates the events."""
        return self.model is not None and self.model.penalty == "firth"

    @property
    def shown(self) -> CoxResult | None:
        """What its model says, with the intervals that belong to its likelihood."""
        if self.pooled is not None or self.model is None:
            return self.pooled
        return self.model.profile() if self.separates else self.model.result_


def fit_alone(
    key: str,
    table: ClinicalTable,
    encoding: Encoding,
    survival: Survival,
    cluster: IntArray | None,
    separation: Separation = "leave out",
) -> VariableAlone:
    """Fit one variable's own Cox model; Firth's where it separates and ``separation`` says so."""
    design = design_frame(table, encoding, encoding.alone(key))
    names = tuple(term.name for term in encoding.terms[key])
    if not names:
        return VariableAlone(key, None, float("nan"), Reason("constant", "only one level occurs"))
    try:
        model = CoxModel().fit(design, survival, cluster=cluster)
    except ModelError as error:
        if error.kind == "separation" and separation == "firth":
            model = CoxModel(penalty="firth").fit(design, survival, cluster=cluster)
            test = (
                model.likelihood_ratio_test(names)
                if key in encoding.interactions
                else model.result_.likelihood_ratio
            )
            return VariableAlone(key, model, test.p_value, None)
        return VariableAlone(key, None, float("nan"), error.reason)
    result = model.result_
    wald = result.wald_test(names) if key in encoding.interactions else result.wald
    return VariableAlone(key, model, wald.p_value, None)
