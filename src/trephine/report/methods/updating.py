"""Methods: how a locked model was updated on outside cases."""

from __future__ import annotations

from trephine.report.references import cite
from trephine.report.trace import Text, Trace


def about_updating(facts: Trace) -> tuple[Text, ...]:
    """Say how the updated model was made; nothing where none was."""
    external = facts.raw.external
    if external is None or not external.updates:
        return ()
    if external.updates[0].asked:
        chosen: Text = ("What to change had been decided beforehand, without a test.",)
    else:
        how = "Wald tests that allow for patients with several cases"
        tests = how if external.by_patient else "likelihood ratio tests"
        chosen = (
            "How much to change was decided by closed testing", cite("vergouwe2017"),
            ": the refit of all coefficients was tested against the model as locked, then against a"
            " new baseline, then against a new baseline and slope, and the first of these on which"
            f" it was no improvement at the 5% level was chosen ({tests}, from Poisson regression"
            " of the observed events on those expected by the locked hazard", cite("crowson2016"),
            ").",
        )  # fmt: skip
    hazard: Text = ()
    if any(one.method == "hazard" for one in external.updates):
        hazard = (" A new hazard was estimated from these cases with the coefficients kept.",)
    rates: Text = ()
    if any(one.cause for one in external.updates):
        rates = (
            " The rate of each competing event was updated in the same way, the other events ending"
            " follow-up; the updated risks combine all rates.",
        )
    return (
        (
            "An updated model, which is a different model, was then made from these cases. ",
            *chosen,
            " A new baseline multiplies the locked baseline hazard by one number; a new slope"
            " multiplies the coefficients by another; a refit is a Cox model of the same terms with"
            " its own baseline, the weights of signatures unchanged.", *hazard,
            *rates,
        ),
    )  # fmt: skip
