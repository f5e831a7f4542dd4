"""Selection audit, selected features and sample size."""

from __future__ import annotations

from trephine.report.tables.signature_p import signature_p_notes
from trephine.report.tables.table import EMPTY, Row, Table, without_empty_columns
from trephine.report.trace import Ref, Text, Trace, join
from trephine.report.wording import protocol_label


def audit_table(facts: Trace) -> Table | None:
    """Return what each selection step took in and let through, by set and protocol."""
    if not facts.selection:
        return None
    rows: list[Row] = []
    for part in facts.selection:
        heading: Text = (
            part.feature_set.words(), f". {protocol_label(part.raw.protocol)}. ",
            part.extracted.show("count"), " features extracted",
        )  # fmt: skip
        rows.append(Row((heading,), "group"))
        rows += [
            Row(
                (
                    (step.name.words(),),
                    (step.threshold.words(),),
                    (step.features_in.show("count"),),
                    (step.features_out.show("count"),),
                    (step.note.words(),),
                )
            )
            for step in part.steps
        ]
    return Table(
        phone="stack",
        slug="table-selection-audit",
        section="selection",
        number="",
        title=("Feature selection, step by step",),
        header=(("Step",), ("Rule",), ("In",), ("Out",), ("Removed",)),
        rows=tuple(rows),
        notes=(
            (
                "Counts on all cases. In nested cross-validation every step is repeated in each"
                " fold.",
            ),
        ),
    )


def selected_table(facts: Trace, *, most: int | None) -> Table | None:
    """Return the features of each signature with weight, reference name and stability.

    Parameters
    ----------
    facts
        Traced from the top.
    most
        Largest weights to list of each signature; None for all of them.
    """
    if not any(part.raw.selected for part in facts.selection):
        return None
    rows: list[Row] = []
    for part in facts.selection:
        rows.append(_signature_heading(part, most))
        chooses = part.raw.lasso is None or part.raw.lasso.mixture > 0
        rows += [_feature_row(one, chosen=chooses) for one in list(part.selected)[:most]]
    resamples = [part for part in facts.selection if part.raw.resamples]
    notes: list[Text] = [
        ("Weight: log hazard ratio per standard deviation of the feature in the signature.",)
    ]
    if resamples:
        notes.append(
            (
                "Over ",
                resamples[0].resamples.show("count"),
                " resamples. Selected: share whose signature contains the feature; not given for"
                " ridge, which keeps all. Same sign: share in which its weight has the same sign as"
                " here. Range: contains 95% of the weights, which count as 0 where the feature was"
                " not selected.",
            )
        )
    table = Table(
        slug="table-selected-features",
        section="selection",
        number="",
        title=("Features of the signatures",),
        header=(
            ("Feature",), ("Weight",), ("Selected",), ("Same sign",), ("Range of weight",),
            ("Family",), ("Image",), ("IBSI name (code)",),
        ),
        rows=tuple(rows),
        notes=tuple(notes),
    )  # fmt: skip
    return without_empty_columns(table)


def _signature_heading(part: Trace, most: int | None) -> Row:
    heading: Text = (part.feature_set.words(), f". {protocol_label(part.raw.protocol)}")
    if most is not None and len(part.selected) > most:
        heading = (*heading, ". The largest weights; all are in the tables folder")
    if not part.selected:
        heading = (*heading, ". No feature was selected")
    return Row((heading,), "group")


def _feature_row(feature: Trace, *, chosen: bool) -> Row:
    """Return one feature; how often it is selected says nothing of a learner that keeps all."""
    code: Text = (feature.ibsi_name.words(),)
    if feature.raw.ibsi_code and not feature.raw.ibsi_name:
        code = (feature.ibsi_code.words(),)
    elif feature.raw.ibsi_code:
        code = (*code, " (", feature.ibsi_code.words(), ")")
    return Row(
        (
            (feature.name.words(),),
            (feature.weight.show("weight"),),
            _share(feature.stability) if chosen else ("–",),
            _share(feature.same_sign),
            _range(feature.weights),
            (feature.family.words(),),
            (feature.image_type.words(),),
            code,
        )
    )


def _share(share: Trace) -> Text:
    return EMPTY if share.raw is None else (share.show("share"),)


def _range(weights: Trace) -> Text:
    """Return the range of a feature's weight over resamples; nothing without resamples."""
    if weights.raw is None:
        return EMPTY
    return (weights.low.show("weight"), " to ", weights.high.show("weight"))


def sample_size_table(facts: Trace) -> Table | None:
    """Return events per parameter and what the criteria of Riley et al. ask for."""
    if not facts.sample_size:
        return None
    table = facts.sample_size
    criteria = table.raw.assumed_r2 is not None
    header: list[Text] = [("Model or step",), ("Parameters",), ("Events per parameter",)]
    header += [("Cases needed",), ("Events needed",)] if criteria else []
    note: Text = (
        "The study has ", table.n.show("count"), " cases and ", table.events.show("count"),
        " events.",
    )  # fmt: skip
    if criteria:
        note = (
            *note,
            " Cases and events needed to estimate that many parameters without penalisation:"
            " criteria of Riley et al. (2019) at this study's event rate and follow-up, with an"
            " assumed Cox-Snell R² of ", table.assumed_r2.show("2"), " and a shrinkage of ",
            table.target_shrinkage.show("plain"), ". Where the study has fewer, trust only"
            " penalised models that were judged on cases they had not seen.",
        )  # fmt: skip
    return Table(
        phone="stack",
        slug="table-sample-size",
        section="sample-size",
        number="",
        title=("Events for the parameters estimated",),
        header=tuple(header),
        rows=tuple(
            Row(
                (
                    (row.model.words(),),
                    (row.parameters.show("count"),),
                    (row.events_per_parameter.show("2"),),
                    *([(row.riley_n.show("count"),)] if criteria else []),
                    *([(row.riley_events.show("count"),)] if criteria else []),
                )
            )
            for row in table.rows
        ),
        notes=(note,),
    )


def _spline_notes(facts: Trace) -> list[Text]:
    """Say how the columns of splines are computed; nothing where there are none."""
    curves = {
        (effect.raw.name, effect.raw.knots): effect
        for model in facts.models
        for effect in model.partial_effects
    }
    return [
        (
            effect.label.words(), ": restricted cubic spline, knots t at ",
            *join([(knot.show("4"),) for knot in effect.knots]), "; its j-th primed column is (x −"
            " tⱼ)³ − (x − t of the last but one)³ (t of the last − tⱼ)/d + (x − t of the last)³ (t"
            " of the last but one − tⱼ)/d, divided by the squared distance of the outer knots,"
            " where negative brackets count 0 and d is the distance of the last two.",
        )
        for effect in curves.values()
    ]  # fmt: skip


def _competing_note(facts: Trace) -> list[Text]:
    """Say that a risk needs more than this table where events compete."""
    if facts.raw.competing is None:
        return []
    return [
        (
            "Coefficients and baseline are of the rate of ",
            facts.competing.event.words(),
            " alone: by them the probability is that without competing events. The bundle holds the"
            " rates of those as well, by which probabilities in this report are made.",
        )
    ]


def coefficients_table(facts: Trace) -> Table | None:
    """Return every coefficient of every model, enough to compute a prediction."""
    if not facts.models:
        return None
    rows: list[Row] = []
    for model in facts.models:
        heading: list[str | Ref] = [model.name.words(), f". {protocol_label(model.raw.protocol)}"]
        for base in model.baseline_survival:
            heading += [
                ". Baseline survival at ",
                base.horizon.show("horizon"),
                ": ",
                base.value.show("4"),
            ]
        rows.append(Row((tuple(heading),), "group"))
        rows += [
            Row(
                (
                    (term.label.words(),),
                    (term.coefficient.show("4"),),
                    (term.centre.show("4"),) if term.raw.centre is not None else ("–",),
                    term.ratio.interval("2") if term.raw.ratio.value is not None else ("–",),
                    (term.p.show("p"),) if term.raw.ratio.value is not None else ("–",),
                )
            )
            for term in model.terms
        ]
    return Table(
        slug="table-coefficients",
        section="models",
        folded="Coefficients of all models",
        number="",
        title=("Coefficients of the models",),
        header=(("Term",), ("Coefficient per unit",), ("Centre",), ("HR (95% CI)",), ("p",)),
        rows=tuple(rows),
        notes=(
            *_competing_note(facts),
            (
                "Event probability = 1 − S₀ to the power of exp(sum of coefficient ×"
                " (value − centre)), S₀ the baseline survival. Hazard ratios are for the step that"
                " the term names.",
            ),
            *_spline_notes(facts),
            *signature_p_notes(term for model in facts.models for term in model.terms),
        ),
    )  # fmt: skip
