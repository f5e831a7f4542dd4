"""Each protocol's model in the subgroups of the plan, as the report shows it."""

from __future__ import annotations

from trephine.facts.subgroups import SubgroupFacts, SubgroupRow
from trephine.study.assess.subgroups import Subgroup, subgroups
from trephine.study.gather.estimates import SHARE, estimate_fact
from trephine.study.results import Analysis, ProtocolResult


def subgroup_facts(analysis: Analysis, result: ProtocolResult) -> list[SubgroupFacts]:
    """Return the model's figures in each group, and the tests between them."""
    return [
        SubgroupFacts(
            protocol=result.settings.protocol,
            model=found.model,
            label=found.label,
            horizon=found.horizon,
            threshold=found.threshold,
            groups=tuple(_row(one) for one in found.groups),
            slope_p=found.tests.slope.p_value if found.tests and found.tests.slope else None,
            level_p=found.tests.level.p_value if found.tests and found.tests.level else None,
            note=found.tests.note if found.tests else "fewer than two groups have events enough",
        )
        for found in subgroups(analysis, result)
    ]


def _row(found: Subgroup) -> SubgroupRow:
    return SubgroupRow(
        group=found.group,
        n=found.n,
        events=found.events,
        c_index=estimate_fact(found.c_index, SHARE),
        observed_expected=estimate_fact(found.observed_expected),
        slope=estimate_fact(found.slope),
        net_benefit=estimate_fact(found.net_benefit),
        treat_all=found.treat_all,
        note=found.note,
    )
