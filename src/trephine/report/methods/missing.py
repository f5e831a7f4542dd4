"""How missing clinical values were imputed several times."""

from __future__ import annotations

from trephine.report.references import cite
from trephine.report.trace import Ref, Text, Trace
from trephine.report.wording import plural, protocol_label


def about_missing(facts: Trace) -> tuple[Text, ...]:
    """Say how values were imputed, pooled, and drawn for cases that are predicted."""
    if facts.raw.missing is None:
        return ()
    found = facts.missing
    incomplete: Text = (
        found.incomplete.show("count"), " ",
        plural(facts.study.raw.case_noun, found.raw.incomplete), " (",
        found.incomplete_percent.show("percent"), ") lacked at least one clinical value.",
    )  # fmt: skip
    if not found.raw.imputations:
        return (incomplete,)
    first = next(iter(found.imputations))
    numbers: list[str | Ref] = []
    for one in found.imputations:
        numbers += ["; " if numbers else "", f"{protocol_label(one.raw.protocol)}: ",
                    one.imputations.show("count")]  # fmt: skip
    signatures = " and the signatures" if first.raw.signatures else ""
    return (
        (
            *incomplete, " Values were imputed by chained equations", cite("white2011"), " with ",
            first.sweeps.show("count"), " sweeps (data sets in the fit to all cases: ", *numbers,
            "): continuous variables by predictive mean matching among ",
            first.donors.show("count"), " cases, categorical ones by logistic regression,"
            " multinomial for more than two levels; each was regressed on all other variables, the"
            " event and the Nelson-Aalen estimate at the case's own time", cite("white2009"),
            signatures, ". The equations were fitted anew in each training part and treat the cases"
            " of one patient as independent.",
        ),
        (
            "Coefficients and their covariances were pooled by Rubin's rules", cite("rubin1996"),
            ", predictions on the scale of log(-log S), by geometric means of the baseline hazards;"
            " tests of several coefficients are those of Li, Raghunathan and Rubin", cite("li1991"),
            ". Statistics of proportional hazards are medians over the data sets. A case that is"
            " predicted has no outcome yet: its missing values were drawn ",
            first.draws.show("count"), " times from regressions on its other clinical values, which"
            " were fitted to the completed training cases without outcome and signatures, and its"
            " linear predictor was averaged over the draws.",
        ),
    )  # fmt: skip
