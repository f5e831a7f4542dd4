"""All facts of a study, section by section."""

from __future__ import annotations

from collections.abc import Sequence

from threadpoolctl import threadpool_limits

from trephine.executors import Progress
from trephine.facts import CoxTableFacts, Facts, MethodsFacts, PictureFacts
from trephine.study.assess import Assessment, assess_outcome, predictions_of
from trephine.study.gather.baseline import cox_table, table_1
from trephine.study.gather.centres import centre_facts
from trephine.study.gather.changing_hazards import relaxed_facts
from trephine.study.gather.comparisons import benefit_gains, comparisons, reclassifications
from trephine.study.gather.competing import competing_facts
from trephine.study.gather.curves import (
    calibration_facts,
    decision_facts,
    overall_survival,
    risk_group_facts,
    roc_facts,
)
from trephine.study.gather.instability import instability_facts
from trephine.study.gather.late_entry import late_entry_facts
from trephine.study.gather.methods import methods_facts, resampling_methods, signature_methods
from trephine.study.gather.missing import missing_facts
from trephine.study.gather.models import model_facts, sample_size
from trephine.study.gather.nomograms import nomogram_facts
from trephine.study.gather.overview import flow_facts, inputs_facts, run_facts, study_facts
from trephine.study.gather.performance import performance_facts
from trephine.study.gather.resampled import corrected_performance, null_facts
from trephine.study.gather.restricted_mean import restricted_mean_facts
from trephine.study.gather.signature_tables import signature_table
from trephine.study.gather.signatures import agreement_facts, correlation_facts, selection_facts
from trephine.study.gather.subgroups import subgroup_facts
from trephine.study.gather.visits import visits_facts
from trephine.study.results import Analysis, ProtocolResult


def assemble_facts(
    analysis: Analysis,
    pictures: Sequence[PictureFacts] = (),
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Facts:
    """Return everything that the report shows.

    Parameters
    ----------
    analysis
        A study that ran.
    pictures
        Told by :func:`trephine.study.pictures.draw_pictures`.
    workers, progress
        Of the bootstraps behind intervals; the numbers do not depend on the workers.
    """
    # Matrices here are small: BLAS threads would wait for one another longer than they work.
    with threadpool_limits(1):
        assessment = assess_outcome(
            analysis, predictions_of(analysis), workers=workers, progress=progress
        )
        return _assemble(analysis, assessment, pictures)


def _assemble(
    analysis: Analysis, assessment: Assessment, pictures: Sequence[PictureFacts]
) -> Facts:
    results = list(analysis.protocols.values())
    measured, plan = assessment.models, analysis.inputs.plan
    return Facts(
        study=study_facts(analysis),
        flow=flow_facts(analysis),
        inputs=inputs_facts(analysis),
        methods=_methods(analysis, assessment),
        run=run_facts(analysis),
        agreement=agreement_facts(analysis),
        table1=table_1(analysis) if analysis.cases.clinical.variables else None,
        missing=missing_facts(analysis),
        # A plan may state clinical variables that no model is made of.
        table2=tuple(cox_table(analysis, one) for one in results if one.fitted.clinical),
        selection=tuple(fact for result in results for fact in selection_facts(analysis, result)),
        correlation=tuple(one for part in results for one in correlation_facts(analysis, part)),
        models=tuple(fact for result in results for fact in model_facts(analysis, result)),
        nomograms=tuple(fact for result in results for fact in nomogram_facts(analysis, result)),
        sample_size=sample_size(analysis),
        performance=(
            *(performance_facts(one) for one in measured),
            *(fact for result in results for fact in corrected_performance(analysis, result)),
        ),
        null_check=tuple(fact for result in results for fact in null_facts(result)),
        comparisons=comparisons(assessment.comparisons, analysis.protocols),
        reclassification=reclassifications(assessment.comparisons, plan.outcome.risk_cuts),
        table_s2=_signature_tables(analysis, results),
        roc=tuple(fact for one in measured for fact in roc_facts(one)),
        calibration=tuple(fact for one in measured for fact in calibration_facts(one)),
        decision_curves=decision_facts(assessment),
        benefit_gains=benefit_gains(assessment.comparisons),
        instability=instability_facts(analysis, results),
        survival=overall_survival(analysis),
        risk_groups=tuple(risk_group_facts(analysis, one) for one in measured),
        competing=competing_facts(analysis, assessment),
        visits=visits_facts(analysis),
        late_entry=late_entry_facts(analysis),
        restricted_means=restricted_mean_facts(analysis, assessment),
        relaxed_hazards=relaxed_facts(analysis),
        subgroups=tuple(fact for result in results for fact in subgroup_facts(analysis, result)),
        centres=tuple(fact for result in results for fact in centre_facts(analysis, result)),
        pictures=tuple(pictures),
    )


def _methods(analysis: Analysis, assessment: Assessment) -> MethodsFacts:
    resampled = resampling_methods(analysis, assessment)
    return methods_facts(analysis, resampled, signature_methods(analysis))


def _signature_tables(
    analysis: Analysis, results: Sequence[ProtocolResult]
) -> tuple[CoxTableFacts, ...]:
    """Return the weights of each protocol's signatures; none of a protocol without."""
    found = (signature_table(analysis, result) for result in results)
    return tuple(one for one in found if one is not None)
