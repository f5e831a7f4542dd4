"""The methods section, written from what ran."""

from __future__ import annotations

from dataclasses import dataclass

from trephine.report.measures import names
from trephine.report.trace import Ref, Text, Trace, join, sentence
from trephine.report.wording import plural, protocol_label


@dataclass(frozen=True)
class Paragraph:
    """Paragraphs under one heading."""

    heading: str
    texts: tuple[Text, ...]


def write_methods(facts: Trace) -> tuple[Paragraph, ...]:
    """Write the methods, a paragraph a topic; topics that the study does not have are left out."""
    paragraphs = (
        Paragraph("Participants and outcome", (_participants(facts),)),
        Paragraph("Images and regions", (_images(facts),)),
        Paragraph("Features", (_features(facts),)),
        Paragraph("Selection and signatures", _selection(facts)),
        Paragraph("Clinical variables", (_clinical(facts),)),
        Paragraph("Models", (_models(facts),)),
        Paragraph("Validation", (_validation(facts),)),
        Paragraph("Performance", (_performance(facts),)),
        Paragraph("Software", (_software(facts),)),
    )
    return tuple(paragraph for paragraph in paragraphs if any(paragraph.texts))


def participants(facts: Trace) -> Text:
    """Say how many cases of how many patients; once, where each patient is one case."""
    study, count = facts.study.raw, facts.flow.analysed
    cases: Text = (count.cases.show("count"), " ", plural(study.case_noun, count.raw.cases))
    patients: Text = (
        count.patients.show("count"), " ", plural(study.patient_noun, count.raw.patients),
    )  # fmt: skip
    if study.case_noun == study.patient_noun:
        return cases
    return patients if count.raw.cases == count.raw.patients else (*cases, " of ", *patients)


def _participants(facts: Trace) -> Text:
    study, flow = facts.study, facts.flow
    parts: list[str | Ref] = []
    if facts.methods.raw.design:
        parts += [facts.methods.design.words(), " "]
    parts += ["The analysis included ", *participants(facts)]
    parts += [
        ". The outcome is ", study.outcome_name.words(), "; ", study.event_noun.words(),
        " is the event and follow-up without it is censored. ", flow.events.show("count"),
        " events were seen (", flow.event_percent.show("percent"), ").",
    ]  # fmt: skip
    if flow.raw.follow_up is not None:
        parts += [
            " Median follow-up was ", flow.follow_up.median.show("2"), " ",
            study.time_unit.words(), " (quartiles ", flow.follow_up.q1.show("2"), " to ",
            flow.follow_up.q3.show("2"), ")",
        ]  # fmt: skip
        if flow.raw.follow_up_reverse_km is not None:
            parts += [
                "; by the reverse Kaplan-Meier method ", *flow.follow_up_reverse_km.interval("2"),
            ]  # fmt: skip
        parts.append(".")
    parts += [" Predictions are made for ", *_horizons(facts), "."]
    if facts.methods.raw.missing_values:
        parts += sentence(" Missing values: ", facts.methods.missing_values.words())
    return tuple(parts)


def _horizons(facts: Trace) -> Text:
    return join([(h.show("horizon"),) for h in facts.study.horizons], last=" and ")


def _images(facts: Trace) -> Text:
    parts: list[str | Ref] = []
    for source in facts.inputs.spacing:
        parts += [
            "Pixel spacing came from ", source.source.words(), " in ", source.images.show("count"),
            " images (", source.low_mm.show("3"), " to ", source.high_mm.show("3"), " mm). ",
        ]  # fmt: skip
    if facts.methods.raw.normalisation == "none":
        parts.append("Grey values were not normalised. ")
    elif facts.methods.raw.normalisation:
        parts += ["Grey values were normalised: ", facts.methods.normalisation.words(), ". "]
    if facts.methods.raw.raters:
        raters = join([(rater.words(),) for rater in facts.methods.raters], last=" and ")
        noun = "rater" if len(facts.methods.raw.raters) == 1 else "raters"
        parts += [f"Regions of interest were drawn by {noun} ", *raters, "."]
        for rater in facts.methods.partial_raters:
            parts += [
                " Rater ", rater.name.words(), " drew ", rater.cases.show("count"), " of ",
                rater.of.show("count"), " cases: agreement with this rater is that of these.",
            ]  # fmt: skip
    return tuple(parts)


def _features(facts: Trace) -> Text:
    methods = facts.methods
    parts: list[str | Ref] = []
    if methods.raw.radiomics is not None:
        radiomics = methods.radiomics
        parts += [
            radiomics.features.show("count"), " radiomics features per case (settings ",
            radiomics.preset.words(), "): families ",
            *join([(name.words(),) for name in radiomics.families]), "; images ",
            *join([(name.words(),) for name in radiomics.image_types]),
        ]  # fmt: skip
        if radiomics.raw.bin_width is not None:
            parts += ["; bin width ", radiomics.bin_width.show("plain")]
        if radiomics.raw.bin_count is not None:
            parts += ["; ", radiomics.bin_count.show("count"), " bins in each region"]
        if radiomics.raw.resampling:
            parts += ["; ", radiomics.resampling.words()]
        parts.append(". ")
    if methods.raw.deep is not None:
        deep = methods.deep
        parts += [
            deep.features.show("count"), " deep features per case from ", deep.backbone.words(),
            ", ", deep.layer.words(), ", weights ", deep.weights.words(),
        ]  # fmt: skip
        if deep.raw.crop:
            parts += ["; input: ", deep.crop.words()]
        parts.append(". ")
    if methods.raw.feature_table:
        parts += ["Features were read from ", methods.feature_table.words(), "."]
    return tuple(parts)


def _selection(facts: Trace) -> tuple[Text, ...]:
    texts: list[Text] = []
    for part in facts.selection:
        steps: list[Text] = []
        for step in part.steps:
            rule: Text = (" (", step.threshold.words(), ")") if step.raw.threshold else ()
            steps.append((step.name.words(), *rule, ": ", step.features_out.show("count")))
        texts.append(
            (
                part.feature_set.words(), f", {protocol_label(part.raw.protocol).lower()}: of ",
                part.extracted.show("count"), " features there remained, after ",
                *join(steps, between="; "), ".",
            )
        )  # fmt: skip
    if facts.methods.raw.harmonisation:
        texts.insert(0, (facts.methods.harmonisation.words(),))
    if texts:
        texts.append(
            (
                "A signature is the sum of the selected features, centred and scaled, times their"
                " weights. Penalised Cox models take ties by Breslow's method.",
            )
        )
    return tuple(texts)


def _clinical(facts: Trace) -> Text:
    parts: list[str | Ref] = []
    for table in facts.table2:
        parts += [
            f"{protocol_label(table.raw.protocol)}: univariable and multivariable Cox regression,",
            " continuous variables ", table.continuous.words(), ", ",
            table.standard_errors.words(), " standard errors",
        ]  # fmt: skip
        if table.raw.entry_p is not None:
            parts += [", entry at p < ", table.entry_p.show("plain")]
        if table.raw.stay_p is not None:
            parts += [", removal at p > ", table.stay_p.show("plain")]
        if table.raw.elimination:
            parts += [". ", table.elimination.words()]
        parts = [*sentence(*parts), " "]
    return tuple(parts)


def _models(facts: Trace) -> Text:
    parts: list[str | Ref] = []
    for protocol in dict.fromkeys(model.raw.protocol for model in facts.models):
        models = [model for model in facts.models if model.raw.protocol == protocol]
        names: list[Text] = [
            (model.name.words(), " (", model.description.words(), ")")
            if model.raw.description
            else (model.name.words(),)
            for model in models
        ]
        parts += [f"{protocol_label(protocol)}: Cox models ", *join(names), "; ties by ",
                  models[0].ties.words(), ", ", models[0].standard_errors.words(),
                  " standard errors. "]  # fmt: skip
    return tuple(parts)


def _validation(facts: Trace) -> Text:
    parts: list[str | Ref] = []
    for row in facts.methods.resampling:
        parts += [
            f"{protocol_label(row.raw.protocol)}: resampling by ", row.unit.words(), "; ",
            row.repeats.show("count"), " × ", row.folds.show("count"), "-fold cross-validation",
            ", stratified on the event" if row.raw.stratified else "", "; ",
            row.bootstraps.show("count"), " bootstrap samples; ", row.permutations.show("count"),
            " permuted outcomes. ",
        ]  # fmt: skip
        if row.raw.note:
            parts += [row.note.words(), " "]
    if facts.raw.centres:
        parts.append(
            "Centres were left out one by one: each was predicted by the recipe, selection and all,"
            " refitted to the others. "
        )
    if parts:
        parts += ["Every random draw follows from seed ", facts.study.seed.show("0"), "."]
    return tuple(parts)


def _performance(facts: Trace) -> Text:
    if not facts.performance:
        return ()
    parts: list[str | Ref] = [*names(by_horizon=False)]
    if any(row.raw.auc for row in facts.performance):
        parts += ["; ", *names(by_horizon=True), " at "]
        parts += _horizons(facts)
        parts.append(", censored cases by inverse probability weights")
    if facts.calibration:
        parts.append("; calibration in groups by Kaplan-Meier and as a smooth curve")
        drawn = next((c for c in facts.calibration if c.raw.smooth_method), None)
        parts += [] if drawn is None else [" by ", drawn.smooth_method.words()]
    if facts.reclassification:
        kind = "continuous and by category" if _has_categories(facts) else "continuous"
        parts.append(f"; net reclassification ({kind}, by Kaplan-Meier) and integrated")
        parts.append(" discrimination improvement")
    if facts.decision_curves:
        at = facts.decision_curves[0].thresholds
        parts += ["; decision curves for censored outcomes, by Kaplan-Meier, at thresholds from ",
                  at[0].show("plain"), " to ", at[len(at) - 1].show("plain")]  # fmt: skip
    if facts.risk_groups:
        rules = {groups.raw.rule: (groups.rule.words(),) for groups in facts.risk_groups}
        parts += ["; risk groups cut at the ", *join(list(rules.values()), last=" or the "),
                  ", compared by the log-rank test"]  # fmt: skip
    parts.append(".")
    if facts.methods.resampling:
        parts += _draws(facts)
    return tuple(parts)


def _has_categories(facts: Trace) -> bool:
    return any(row.raw.categorical_nri is not None for row in facts.reclassification)


def _draws(facts: Trace) -> list[str | Ref]:
    """Say which intervals come from resamples, and how many."""
    resampling = facts.methods.resampling[0]
    parts: list[str | Ref] = []
    if facts.reclassification and resampling.raw.interval_draws:
        parts += [" Intervals of net reclassification and discrimination improvement are"
                  " percentiles of ", resampling.interval_draws.show("count"),
                  " bootstrap samples."]  # fmt: skip
    if (facts.calibration or facts.decision_curves) and resampling.raw.band_draws:
        parts += [" Bands of calibration and decision curves come from ",
                  resampling.band_draws.show("count"), " bootstrap samples."]  # fmt: skip
    return parts


def _software(facts: Trace) -> Text:
    if not facts.run.versions:
        return ()
    names = [(version.name.words(), " ", version.version.words()) for version in facts.run.versions]
    parts: list[str | Ref] = ["Computed with ", *join(list(names))]
    if facts.run.raw.started:
        parts += [", on ", facts.run.started.words()]
    parts.append(".")
    return tuple(parts)
