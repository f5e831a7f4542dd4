"""Facts of a locked model on outside data."""

from __future__ import annotations

from trephine.facts import ExternalFacts, Facts
from trephine.study.assess import assess_outcome, outside_predictions
from trephine.study.gather.baseline import table_1
from trephine.study.gather.comparisons import benefit_gains, comparisons, reclassifications
from trephine.study.gather.competing import competing_facts
from trephine.study.gather.curves import (
    calibration_facts,
    decision_facts,
    overall_survival,
    risk_group_facts,
    roc_facts,
)
from trephine.study.gather.late_entry import late_entry_facts
from trephine.study.gather.methods import methods_facts, unresampled_method
from trephine.study.gather.overview import flow_facts, inputs_facts, run_facts, study_facts
from trephine.study.gather.performance import performance_facts
from trephine.study.gather.restricted_mean import restricted_mean_facts
from trephine.study.gather.visits import visits_facts
from trephine.study.results import Validation


def assemble_external_facts(
    validation: Validation, external: ExternalFacts, *, workers: int | None = None
) -> Facts:
    """Return everything that a validation's report shows.

    Parameters
    ----------
    validation
        Outside cases with the locked models' predictions.
    external
        Case mix and recalibration.
    workers
        Of the bootstraps behind intervals.
    """
    assessment = assess_outcome(validation, outside_predictions(validation), workers=workers)
    return Facts(
        study=study_facts(validation),
        flow=flow_facts(validation),
        inputs=inputs_facts(validation),
        methods=methods_facts(validation, (unresampled_method(validation, assessment),)),
        run=run_facts(validation),
        table1=table_1(validation) if validation.cases.clinical.variables else None,
        performance=tuple(performance_facts(one) for one in assessment.models),
        comparisons=comparisons(assessment.comparisons),
        reclassification=reclassifications(
            assessment.comparisons, validation.inputs.plan.outcome.risk_cuts
        ),
        roc=tuple(fact for one in assessment.models for fact in roc_facts(one)),
        calibration=tuple(fact for one in assessment.models for fact in calibration_facts(one)),
        decision_curves=decision_facts(assessment),
        benefit_gains=benefit_gains(assessment.comparisons),
        survival=overall_survival(validation),
        risk_groups=tuple(risk_group_facts(validation, one) for one in assessment.models),
        competing=competing_facts(validation, assessment),
        visits=visits_facts(validation),
        late_entry=late_entry_facts(validation),
        restricted_means=restricted_mean_facts(validation, assessment),
        external=external,
    )
