"""Mean event-free times, as the report shows them."""

from __future__ import annotations

from trephine.facts import EstimateFact
from trephine.facts.restricted_mean import GroupMeanFact, RestrictedMeanFacts
from trephine.study.assess.restricted_mean import GroupMean, compared_means
from trephine.study.assess.whole import Assessment
from trephine.study.gather.estimates import estimate_fact
from trephine.study.results import Analysed


def restricted_mean_facts(
    analysis: Analysed, assessment: Assessment
) -> tuple[RestrictedMeanFacts, ...]:
    """Return the comparisons that the plan asks for; none where it asks for none."""
    return tuple(
        RestrictedMeanFacts(
            label=one.label,
            protocol=one.protocol,
            kind=one.kind,
            model=one.model,
            horizon=one.horizon,
            groups=tuple(_group(group) for group in one.groups),
            hazards_p=one.hazards_p,
        )
        for one in compared_means(analysis, assessment)
    )


def _group(found: GroupMean) -> GroupMeanFact:
    return GroupMeanFact(
        name=found.name,
        n=found.n,
        events=found.events,
        mean=EstimateFact.model_validate(found.mean),
        difference=estimate_fact(found.difference),
        difference_p=found.difference_p,
        ratio=estimate_fact(found.ratio),
        ratio_p=found.ratio_p,
    )
