"""Facts of a locked model on outside data."""

from __future__ import annotations

from trephine.facts import ExternalFacts, Facts
from trephine.study.assess import assess
from trephine.study.draws import draw_intervals
from trephine.study.gather.baseline import table_1
from trephine.study.gather.comparisons import comparisons, reclassifications
from trephine.study.gather.curves import (
    calibration_facts,
    decision_facts,
    overall_survival,
    risk_group_facts,
    roc_facts,
)
from trephine.study.gather.overview import (
    flow_facts,
    inputs_facts,
    methods_facts,
    run_facts,
    study_facts,
)
from trephine.study.gather.performance import performance_facts
from trephine.study.results import Analysis


def assemble_external_facts(
    analysis: Analysis, external: ExternalFacts, *, workers: int | None = None
) -> Facts:
    """Return everything that a validation's report shows.

    Parameters
    ----------
    analysis
        Outside cases with the locked models' predictions in place of apparent ones.
    external
        Case mix and recalibration.
    workers
        Of the bootstraps behind intervals.
    """
    assessed = assess(analysis, kind="external")
    draws = draw_intervals(analysis, assessed, workers=workers)
    return Facts(
        study=study_facts(analysis),
        flow=flow_facts(analysis),
        inputs=inputs_facts(analysis),
        methods=methods_facts(analysis, draws),
        run=run_facts(analysis),
        table1=table_1(analysis) if analysis.cases.clinical.variables else None,
        performance=tuple(performance_facts(one, draws) for one in assessed),
        comparisons=comparisons(analysis, assessed),
        reclassification=reclassifications(assessed, draws, analysis.inputs.plan.outcome.risk_cuts),
        roc=tuple(fact for one in assessed for fact in roc_facts(one)),
        calibration=tuple(fact for one in assessed for fact in calibration_facts(one, draws)),
        decision_curves=decision_facts(analysis, assessed, draws),
        survival=overall_survival(analysis),
        risk_groups=tuple(risk_group_facts(analysis, one) for one in assessed),
        external=external,
    )
