"""Methods: how predictions were validated, what was measured on them, and with which intervals."""

from __future__ import annotations

from trephine.report.measures import cited_names
from trephine.report.methods.data import horizons
from trephine.report.methods.updating import about_updating
from trephine.report.phrases import estimator_of
from trephine.report.references import cite
from trephine.report.tables.performance import cross_validated_note
from trephine.report.trace import Ref, Text, Trace, join
from trephine.report.wording import plural, protocol_label


def about_validation(facts: Trace) -> tuple[Text, ...]:
    """Say how predictions were made for cases that the model had not seen."""
    if facts.raw.external is not None:
        applied: Text = (
            "The model was applied as it was locked: nothing was selected, refitted or"
            " recalibrated on these cases, and the cuts of its risk groups were fixed when it"
            " was made.",
        )
        return (applied, *about_updating(facts))
    rows = list(facts.methods.resampling)
    if not rows:
        return ()
    texts = [_design(row) for row in rows]
    if any(row.raw.repeats for row in rows):
        texts.append(_nested(facts))
    if any(part.raw.rivals for part in facts.selection):
        texts.append(_RIVALS)
    if any(row.raw.bootstraps for row in rows):
        texts.append(_bootstrap(facts))
    if facts.null_check:
        texts.append(_null_check(facts))
    if facts.raw.centres:
        texts.append(
            (
                "Centres were left out one at a time: the whole recipe, selection included, was"
                " refitted to the other centres and predicted the cases of the one left out.",
            )
        )
    texts.append(("Every random draw follows from seed ", facts.study.seed.show("0"), "."))
    return tuple(texts)


def _design(row: Trace) -> Text:
    raw = row.raw
    parts: list[Text] = []
    if raw.repeats:
        balanced = ", folds balanced on the event" if raw.stratified else ""
        times = ("once",) if raw.repeats == 1 else (row.repeats.show("count"), " times")
        parts.append(
            ("nested ", row.folds.show("count"), "-fold cross-validation, run ", *times, balanced)
        )
    if raw.bootstraps:
        parts.append((row.bootstraps.show("count"), " bootstrap samples"))
    if raw.permutations:
        parts.append((row.permutations.show("count"), " permuted outcomes"))
    if not parts:
        return (f"{protocol_label(raw.protocol)}: apparent performance only; no resampling.",)
    note: Text = (" ", row.note.words()) if raw.note else ()
    return (
        f"{protocol_label(raw.protocol)}: ", *join(parts, between="; "), ". Folds, samples and"
        " permutations draw ", plural_ref(row), ".", *note,
    )  # fmt: skip


def plural_ref(row: Trace) -> str:
    """Return what resamples draw, in the plural."""
    return plural(row.raw.unit, 2)


def _nested(facts: Trace) -> Text:
    noun = plural(facts.study.raw.case_noun, 2)
    patients = plural(facts.study.raw.patient_noun, 2)
    return (
        "Nested cross-validation", cite("varma2006"), " repeats the whole recipe in each training"
        f" part: {_repeated(facts)}. Nothing is learned from"
        f" the {noun} left out. C-index and calibration slope compare only {noun} of the same fold,"
        " since the models of different folds have different scales; repeats are averaged. ROC"
        " curves and AUC use the linear predictor of each case averaged over repeats; Brier score,"
        " net reclassification, discrimination improvement and decision curves use its averaged"
        f" event probability. Each of these models is fitted without the {patients} of one fold,"
        " and the figures are theirs", cite("bates2024"), ": the final model, fitted to all"
        f" {patients}, may do slightly better.",
    )  # fmt: skip


def _repeated(facts: Trace) -> str:
    """Return the steps of the recipe that this study has."""
    methods = facts.methods.raw
    steps = ["harmonisation"] if methods.harmonisation else []
    steps += ["filling in of missing values"] if "filled in" in methods.missing_values else []
    steps += ["multiple imputation"] if facts.raw.missing is not None else []
    steps += ["screening and scaling of features"] if facts.selection else []
    steps += ["choice of clinical variables"] if facts.table2 else []
    steps += ["penalties, weights"] if facts.selection else []
    return f"{', '.join(steps)} and Cox models" if steps else "all Cox models"


_RIVALS: Text = (
    "Beside each averaged signature, plain ridge and an elastic net", cite("simon2011"), " of the"
    " same features were judged in the same folds.",
)  # fmt: skip


def _bootstrap(facts: Trace) -> Text:
    patient, cases = facts.study.raw.patient_noun, plural(facts.study.raw.case_noun, 2)
    both = (
        cases if cases == plural(patient, 2) else f"{plural(patient, 2)}, with all their {cases},"
    )
    parts: list[str | Ref] = [
        f"Bootstrap: {both} are drawn with replacement, and the whole recipe is refitted to each"
        f" sample; the copies of a {patient} drawn more than once stay together in the inner folds."
        " Models of clinical variables alone are corrected by subtracting the optimism",
        cite("harrell1996"),
    ]  # fmt: skip
    if any(row.raw.optimism and row.raw.optimism.estimate == ".632+" for row in facts.performance):
        parts += [
            ", models with signatures by the .632+ estimate", cite("efron1997"), ", because the"
            " optimism is underestimated where features outnumber cases",
        ]  # fmt: skip
    if facts.instability:
        parts += [
            f". Instability: the event probabilities of the {cases} by the models refitted to"
            " bootstrap samples are compared with those of the final model",
            cite("riley2023"),
        ]  # fmt: skip
    return (*parts, ".")


def _null_check(facts: Trace) -> Text:
    return (
        f"Null check: outcomes are permuted between {plural(facts.study.raw.patient_noun, 2)}, and"
        " the whole recipe is run and judged on each permuted outcome as on the real one. p is"
        " (1\u00a0+\u00a0permutations with a C-index at or above the observed) /"
        " (1\u00a0+\u00a0permutations)",
        cite("phipson2010"), ". The recipe is also fitted to all cases with each permuted outcome;"
        " the p of a signature, and of the likelihood ratio of models that differ by one, is in the"
        " same way the share of permutations with at least as large a statistic, because the tests"
        " of a Cox model take a signature as given that was learned from its cases",
        cite("tibshirani2002", "hofling2008"), ".",
    )  # fmt: skip


def about_performance(facts: Trace) -> tuple[Text, ...]:
    """Say what was measured."""
    if not facts.performance:
        return ()
    came_late = facts.raw.late_entry is not None
    parts: list[str | Ref] = [*cited_names(by_horizon=False, late=came_late)]
    if any(row.raw.auc for row in facts.performance):
        parts += ["; ", *cited_names(by_horizon=True), " at ", *horizons(facts)]
        parts.append(", cases that were censored or came late" if came_late else ", censored cases")
        parts.append(" by inverse probability weights")
    if facts.calibration:
        parts += ["; calibration slope, observed over expected events, calibration in groups by",
                  f" {estimator_of(facts.raw)} with the Greenwood-Nam-D'Agostino test",
                  cite("demler2015"), " and as a smooth curve", cite("austin2020")]  # fmt: skip
        drawn = next((c for c in facts.calibration if c.raw.smooth_method), None)
        if drawn is not None:
            parts += [" by ", drawn.smooth_method.words()]
            parts += [cite("kooperberg1995")] if "HARE" in drawn.raw.smooth_method else []
    if facts.reclassification:
        parts += _reclassification(facts)
    if facts.decision_curves:
        at = facts.decision_curves[0].thresholds
        how = "the same weights" if came_late else estimator_of(facts.raw)
        parts += [f"; decision curves for censored outcomes, by {how}",
                  cite("vickers2006", "vickers2008"), ", at thresholds from ", at[0].show("plain"),
                  " to ", at[len(at) - 1].show("plain")]  # fmt: skip
    if facts.risk_groups:
        rules = {groups.raw.rule: (groups.rule.words(),) for groups in facts.risk_groups}
        parts += ["; risk groups cut at the ", *join(list(rules.values()), last=" or the "),
                  ", compared by the log-rank test"]  # fmt: skip
    parts.append(".")
    if facts.restricted_means:
        parts += [" Groups were also compared by mean event-free time up to ",
                  facts.restricted_means[0].horizon.show("horizon"), cite("royston2013"),
                  ", which does not assume proportional hazards."]  # fmt: skip
    if facts.subgroups:
        parts += _in_subgroups(facts)
    if facts.sample_size and facts.sample_size.raw.assumed_r2 is not None:
        parts += [" The sample size is compared with the criteria of Riley et al.",
                  cite("riley2019", "riley2020"), "."]  # fmt: skip
    return (tuple(parts),)


def _in_subgroups(facts: Trace) -> Text:
    labels = dict.fromkeys(one.raw.label for one in facts.subgroups)
    first = {one.raw.label: one for one in reversed(list(facts.subgroups))}
    return (
        " In the groups of ", *join([(first[label].label.words(),) for label in labels],
                                    last=" and "),
        ", named in the study's plan, the fullest model of each protocol is"
        " judged on cases out of fold; whether slopes, and hazards at the same prediction, differ"
        " between groups is tested by Wald tests in Cox models of the linear predictor with the"
        " fold as stratum, by patient.",
    )  # fmt: skip


def _reclassification(facts: Trace) -> Text:
    categorical = any(row.raw.categorical_nri is not None for row in facts.reclassification)
    kind = "continuous and by category" if categorical else "continuous"
    return (
        f"; net reclassification ({kind}, by Kaplan-Meier", cite("pencina2011"),
        "; one-sided, by inverse probability weights", cite("uno2013"),
        ") and integrated discrimination improvement", cite("pencina2008"), ", both without p"
        " since their tests reject too often", cite("hilden2014", "pepe2015"),
    )  # fmt: skip


def about_intervals(facts: Trace) -> tuple[Text, ...]:
    """Say which intervals are made how, and what takes cases of one patient as independent."""
    if not facts.performance:
        return ()
    texts: list[Text] = [_made_of(facts)]
    texts += [(*note, " ", *_PRECEDENT) for note in cross_validated_note(facts)]
    draws = _draws(facts)
    texts += [draws] if draws else []
    independent = _independent(facts)
    texts += [independent] if independent else []
    return tuple(texts)


_PRECEDENT: Text = (
    "It is known that cross-validation estimates the mean over training samples, and that a"
    " statement about the model at hand needs the second source", cite("bates2024"), ".",
)  # fmt: skip


def _made_of(facts: Trace) -> Text:
    parts: list[str | Ref] = ["Intervals are 95% intervals. "]
    if facts.models:
        parts.append("Coefficients and hazard ratios: Wald. ")
    if facts.survival:
        parts += ["Survival curves: Kaplan-Meier", cite("kaplan1958"), ", on the log scale. "]
    parts.append(
        "C-index, AUC, Brier score, index of prediction accuracy (IPA) and their differences:"
        " normal intervals from each case's influence on the estimate, added up within patients."
    )
    if any(row.raw.kind == "optimism-corrected" for row in facts.performance):
        parts.append(
            " Bootstrap-corrected figures: percentiles of the apparent figure over bootstrap"
            " samples, shifted so that they lie around the corrected value."
        )
    return tuple(parts)


def _draws(facts: Trace) -> Text:
    """Say which intervals come from resamples, and how many."""
    if not facts.methods.resampling:
        return ()
    resampling = facts.methods.resampling[0]
    parts: list[str | Ref] = []
    if facts.reclassification and resampling.raw.interval_draws:
        parts += ["Net reclassification and discrimination improvement: percentiles of ",
                  resampling.interval_draws.show("count"), " bootstrap samples of patients, whose"
                  " predictions are kept. "]  # fmt: skip
    if (facts.calibration or facts.decision_curves) and resampling.raw.band_draws:
        parts += ["Bands of calibration and decision curves: ", resampling.band_draws.show("count"),
                  " such samples. "]  # fmt: skip
    return tuple(parts)


def _independent(facts: Trace) -> Text:
    count = facts.flow.raw.analysed
    if count.cases == count.patients:
        return ()
    cases, patient = plural(facts.study.raw.case_noun, 2), facts.study.raw.patient_noun
    named = ["comparisons of groups in Table 1"] if facts.table1 else []
    if any("Akaike" in table.raw.elimination for table in facts.table2):
        named.append("Akaike's criterion")
    if any(
        row.raw.measure == "likelihood ratio" and row.raw.permutations is None
        for row in facts.comparisons
    ):
        named.append("likelihood-ratio tests")
    named += ["log-rank tests"] if facts.risk_groups else []
    if any(model.raw.proportional_hazards_p is not None for model in facts.models):
        named.append("tests of proportional hazards")
    own = [one.raw.protocol for one in facts.models if one.raw.standard_errors == "model"]
    if own:
        by_name = " and ".join(dict.fromkeys(own))
        named.append(f"every standard error, interval and p of the {by_name} protocol's own fits")
    if not named:
        return ()
    return (f"The following treat {cases} of one {patient} as independent: {', '.join(named)}."
            f" Everything else is by {patient}.",)  # fmt: skip


def about_software(facts: Trace) -> tuple[Text, ...]:
    """Say what computed the numbers."""
    if not facts.run.versions:
        return ()
    names = [(version.name.words(), " ", version.version.words()) for version in facts.run.versions]
    parts: list[str | Ref] = ["Computed with ", *join(list(names))]
    if facts.run.raw.started:
        parts += [", on ", facts.run.started.words()]
    return ((*parts, "."),)
