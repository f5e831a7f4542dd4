"""Methods: participants, images and features."""

from __future__ import annotations

from trephine.report.references import cite
from trephine.report.trace import Ref, Text, Trace, join, sentence
from trephine.report.wording import plural


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


def about_participants(facts: Trace) -> tuple[Text, ...]:
    """Say who was studied, what the outcome is and for when it is predicted."""
    return (_who(facts), _outcome(facts))


def _who(facts: Trace) -> Text:
    study, flow = facts.study, facts.flow
    parts: list[str | Ref] = []
    if facts.methods.raw.design:
        parts += [facts.methods.design.words(), " "]
    parts += ["The analysis included ", *participants(facts)]
    reasons: list[Text] = [
        (reason.reason.words(), ", ", reason.cases.show("count"))
        for reason in flow.exclusions
        if reason.raw.cases
    ]
    if reasons:
        cases = plural(study.raw.case_noun, flow.raw.enrolled.cases)
        parts += [" of ", flow.enrolled.cases.show("count"), f" {cases} in the table; left out: "]
        parts += join(reasons, between="; ")
    parts.append(".")
    if flow.raw.analysed.cases != flow.raw.analysed.patients:
        parts.append(
            f" {plural(study.raw.case_noun, 2).capitalize()} of one {study.raw.patient_noun} stayed"
            " together whenever the data were divided or resampled."
        )
    if facts.methods.raw.missing_values:
        parts += sentence(" ", facts.methods.missing_values.words())
    return tuple(parts)


def _outcome(facts: Trace) -> Text:
    study, flow = facts.study, facts.flow
    parts: list[str | Ref] = [
        "The outcome is ", study.outcome_name.words(), "; ", study.event_noun.words(),
        " is the event and follow-up without it is censored. ", flow.events.show("count"),
        " events were observed (", flow.event_percent.show("percent"), ").",
    ]  # fmt: skip
    if study.raw.landmark is not None:
        parts += [
            " Time is counted from a landmark, ", study.landmark.show("horizon"), " after the start"
            " of follow-up", cite("anderson1983"), ": ", plural(study.raw.case_noun, 2),
            " whose event or end of follow-up came by then were left out, and what was known by"
            " then could be a predictor.",
        ]  # fmt: skip
    if flow.raw.follow_up is not None:
        parts += [
            " Median follow-up was ", flow.follow_up.median.show("2"), " ",
            study.time_unit.words(), " (quartiles ", flow.follow_up.q1.show("2"), " to ",
            flow.follow_up.q3.show("2"), ")",
        ]  # fmt: skip
        if flow.raw.follow_up_reverse_km is not None:
            parts += [
                "; by the reverse Kaplan-Meier method ",
                *flow.follow_up_reverse_km.interval("2"), cite("schemper1996"),
            ]  # fmt: skip
        parts.append(".")
    parts += [
        " Predictions are made for ", *horizons(facts), ". Wherever a number refers to a"
        " horizon, an event at the horizon itself counts as an event by then (T ≤ t).",
    ]  # fmt: skip
    return tuple(parts)


def horizons(facts: Trace) -> Text:
    """List the horizons of prediction."""
    return join([(h.show("horizon"),) for h in facts.study.horizons], last=" and ")


def about_images(facts: Trace) -> tuple[Text, ...]:
    """Say where spacing, grey values and regions came from."""
    parts: list[str | Ref] = []
    for source in facts.inputs.spacing:
        parts += [
            "Pixel spacing came from ", source.source.words(), " in ", source.images.show("count"),
            " images (", source.low_mm.show("3"), " to ", source.high_mm.show("3"), " mm). ",
        ]  # fmt: skip
    parts += _several(facts)
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
                rater.of.show("count"), " cases; agreement with this rater is measured on"
                " these.",
            ]  # fmt: skip
    return (tuple(parts),)


def _several(facts: Trace) -> Text:
    """Say which images a case has, who drew on each, and how its grey values were normalised."""
    images = list(facts.methods.images)
    if not images:
        return ()
    listed = join([_image(image) for image in images], last=" and ")
    parts: list[str | Ref] = ["Each case has several images or regions, each measured separately: "]
    parts += [*listed, ". "]
    for image in images:
        if image.raw.when:
            parts += [image.name.words(), " was taken later, at ", image.when.words(), ". "]
        if image.raw.drawn_on:
            parts += [
                "Regions of ", image.name.words(), " were drawn on ", image.drawn_on.words(),
                " and moved by nearest neighbour to where their headers put them. ",
            ]  # fmt: skip
        if image.raw.change_from:
            parts += [
                "Beside each radiomics feature of ", image.name.words(), " stand its change since ",
                image.change_from.words(), ", from the same reader's region, and that change as a"
                " share of the earlier value. ",
            ]  # fmt: skip
        if image.raw.cases < facts.flow.raw.analysed.cases:
            available: Text = (" is available for ", image.cases.show("count"), " cases. ")
            parts += [image.name.words(), *available]
        if image.raw.normalisation not in ("", "none"):
            parts += ["Grey values of ", image.name.words(), " were normalised: "]
            parts += [image.normalisation.words(), ". "]
    return tuple(parts)


def about_features(facts: Trace) -> tuple[Text, ...]:
    """Say how features were extracted, or from where they were read."""
    methods = facts.methods
    parts: list[str | Ref] = []
    # Images that were measured in the same way are described together.
    alike: dict[tuple[object, object], list[Trace]] = {}
    for image in methods.images:
        alike.setdefault((image.raw.radiomics, image.raw.deep), []).append(image)
    for images in alike.values():
        named = join([_image(image) for image in images], last=" and ")
        parts += ["From ", *named, ": ", *_measured(images[0])]
    parts += _measured(methods)
    if methods.raw.feature_table:
        parts += ["Features were read from ", methods.feature_table.words(), "."]
    return (tuple(parts),)


def _image(image: Trace) -> Text:
    """Name one of several images, with what it is where the plan says so."""
    kind = f" ({image.raw.modality})" if image.raw.modality else ""
    return (image.name.words(), kind)


def _measured(method: Trace) -> Text:
    """Say how the features of one image were extracted."""
    parts: list[str | Ref] = []
    if method.raw.radiomics is not None:
        radiomics = method.radiomics
        parts += [
            radiomics.features.show("count"), " radiomics features per case, as defined by the"
            " Image Biomarker Standardisation Initiative", cite("zwanenburg2020"),
            " and PyRadiomics", cite("vangriethuysen2017"), " (settings ",
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
        if radiomics.raw.perturbation:
            parts += [radiomics.perturbation.words(), cite("zwanenburg2019"), ". "]
    if method.raw.deep is not None:
        deep = method.deep
        parts += [
            deep.features.show("count"), " deep features per case from ", deep.backbone.words(),
            ", ", deep.layer.words(), ", weights ", deep.weights.words(),
        ]  # fmt: skip
        if deep.raw.crop:
            parts += ["; input: ", deep.crop.words()]
        parts.append(". ")
    return tuple(parts)
