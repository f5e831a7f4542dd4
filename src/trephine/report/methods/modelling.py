"""Methods: how features become signatures, and signatures and clinical variables models."""

from __future__ import annotations

from trephine.report.references import cite
from trephine.report.trace import Ref, Text, Trace, join, sentence
from trephine.report.wording import protocol_label


def about_signatures(facts: Trace) -> tuple[Text, ...]:
    """Say how features were harmonised, screened and weighted, and what enters a model of them."""
    texts: list[Text] = []
    if facts.methods.raw.harmonisation:
        texts.append((facts.methods.harmonisation.words(), cite("johnson2007")))
    texts += [_steps(part) for part in facts.selection]
    for method in facts.methods.signatures:
        texts.append((*_learner(method), " ", *_training(method)))
    if facts.selection:
        texts.append(
            (
                "A signature is the weighted sum of its features, each centred and scaled."
                " Penalised Cox models handle ties by Breslow's method", cite("breslow1974"), ".",
            )
        )  # fmt: skip
    return tuple(texts)


def _steps(part: Trace) -> Text:
    steps: list[Text] = []
    for step in part.steps:
        rule: Text = (" (", step.threshold.words(), ")") if step.raw.threshold else ()
        steps.append((step.name.words(), *rule, ", ", step.features_out.show("count")))
    return (
        part.feature_set.words(), f", {protocol_label(part.raw.protocol).lower()}: ",
        part.extracted.show("count"), " features were available. Remaining after each step: ",
        *join(steps, between="; "), ".",
    )  # fmt: skip


def _learner(method: Trace) -> Text:
    raw = method.raw
    parts: list[str | Ref] = [f"{protocol_label(raw.protocol)}: "]
    if raw.clipped_at is not None:
        parts += [
            "standardised values further than ", method.clipped_at.show("plain"), " SD from the"
            " median are clipped, the SD being estimated from the quartile on the same side. ",
        ]  # fmt: skip
    if raw.learner == "adaptive-ridge":
        powers = join([(power.show("plain"),) for power in method.adaptivities], last=" and ")
        parts += [
            "The weights of a signature are the weighted mean over ridge-penalised Cox"
            " models", cite("verweij1994"), " that differ in their adaptivity a: the penalty of a"
            " feature is divided by |U| to the power of 2a, U being its score statistic in the Cox"
            " model without features. At a = 0 this is ridge regression; the larger a, the less"
            " features related to the outcome are shrunk, as in the adaptive lasso",
            cite("zou2006"), "; here a = ", *powers, ". The penalty of each of these models",
            *_inner_folds(method), ", U being computed anew without each fold; in the mean each"
            " counts in proportion to its cross-validated partial likelihood", cite("geisser1979"),
            ". The learner removes no feature.",
        ]  # fmt: skip
    else:
        parts += [*_elastic_net(method), *_inner_folds(method), "."]
    return tuple(parts)


def _elastic_net(method: Trace) -> Text:
    mixtures = method.raw.mixtures
    if mixtures == (1.0,):
        return ("weights come from a Cox model with lasso penalty", cite("tibshirani1997"),
                ". The penalty")  # fmt: skip
    if mixtures == (0.0,):
        return ("weights come from a ridge-penalised Cox model", cite("verweij1994"),
                ". The penalty")  # fmt: skip
    listed = join([(mixture.show("plain"),) for mixture in method.mixtures], last=" and ")
    which = "mixture" if len(mixtures) == 1 else "mixtures"
    return (
        "weights come from a Cox model with elastic-net penalty", cite("simon2011"), f" ({which} ",
        *listed, "; 1 is lasso, 0 ridge). The penalty (and the mixture, where there are several)",
    )  # fmt: skip


def _inner_folds(method: Trace) -> Text:
    return (
        " minimises the cross-validated partial-likelihood deviance", cite("verweij1993"), " over ",
        method.inner_folds.show("count"), " inner folds, drawn by ", method.fold_unit.words(),
    )  # fmt: skip


def _training(method: Trace) -> Text:
    if method.raw.training == "in-sample":
        return (
            "Cox models with a signature use its scores in the same cases to which the signature"
            " was fitted; such scores fit too well, so the signature's effect is overstated.",
        )
    return (
        "Cox models with a signature are fitted to its out-of-fold scores: a case's score comes"
        " from the penalised model that was fitted without the case's inner fold (pre-validation",
        cite("tibshirani2002", "hofling2008"), "). Predictions use the signature fitted to all"
        " training cases.",
    )  # fmt: skip


def about_clinical(facts: Trace) -> tuple[Text, ...]:
    """Say how clinical variables were chosen."""
    texts = []
    for table in facts.table2:
        parts: list[str | Ref] = [
            f"{protocol_label(table.raw.protocol)}: univariable and multivariable Cox regression,",
            " continuous variables ", table.continuous.words(), ", ", _errors(table.raw),
        ]  # fmt: skip
        if table.raw.entry_p is not None:
            parts += [", entry at p < ", table.entry_p.show("plain")]
        if table.raw.stay_p is not None:
            parts += [", removal at p > ", table.stay_p.show("plain")]
        if "Akaike" in table.raw.elimination:
            parts += [", backward elimination by Akaike's criterion", cite("akaike1974")]
        if table.raw.elimination:
            parts += [". ", table.elimination.words()]
        texts.append(sentence(*parts))
    return tuple(texts)


def _errors(raw: object) -> str:
    clustered = getattr(raw, "standard_errors", "") == "cluster-robust"
    return "cluster-robust standard errors" if clustered else "model-based standard errors"


def about_models(facts: Trace) -> tuple[Text, ...]:
    """Say which models were fitted and how."""
    texts: list[Text] = []
    for protocol in dict.fromkeys(model.raw.protocol for model in facts.models):
        models = [model for model in facts.models if model.raw.protocol == protocol]
        names: list[Text] = [
            (model.name.words(), " (", model.description.words(), ")")
            if model.raw.description
            else (model.name.words(),)
            for model in models
        ]
        clustered = models[0].raw.standard_errors == "cluster-robust"
        first = not texts
        how: Text = ("; by the likelihood of the visits",)
        if models[0].raw.ties:
            cited = (cite("efron1977"),) if first else ()
            how = ("; ties by ", models[0].ties.words(), "'s method", *cited)
        texts.append(
            (
                f"{protocol_label(protocol)}: Cox proportional hazards models",
                *((cite("cox1972"),) if first else ()), " ", *join(names), *how, ", ",
                _errors(models[0].raw), *((cite("lin1989"),) if clustered else ()), ".",
            )
        )  # fmt: skip
    texts += _about_shapes(facts)
    if any(model.raw.proportional_hazards_p is not None for model in facts.models):
        texts.append(
            (
                "Proportional hazards were tested for each term, and for all terms of a model"
                " together, by the score test with time on the scale 1 − the Kaplan-Meier"
                " estimate",
                cite("grambsch1994"), ".",
            )
        )  # fmt: skip
    texts += _about_relaxed(facts)
    return tuple(texts)


def _about_relaxed(facts: Trace) -> list[Text]:
    """Say for which variables hazards need not be proportional, where the plan names any."""
    if not facts.relaxed_hazards:
        return []
    named = {one.raw.variable: (one.variable.words(),) for one in facts.relaxed_hazards}
    return [
        (
            "The final models were refitted without assuming proportional hazards for ",
            *join(list(named.values()), last=" and "), ", as the study file asks: with a baseline"
            " hazard for each level, or with a coefficient that changes with time.",
        )
    ]  # fmt: skip


def _about_shapes(facts: Trace) -> list[Text]:
    """Say which effects are curves, and where a variable separates the events."""
    texts: list[Text] = []
    curved = {one.raw.name: one for model in facts.models for one in model.partial_effects}
    if curved:
        labels = join([(one.label.words(),) for one in curved.values()], last=" and ")
        texts.append(
            (
                "As restricted cubic splines", cite("durrleman1989"), ", with knots at quantiles of"
                " the training cases, entered: ", *labels, ". Whether an effect is a straight line"
                " was tested by Wald's test of all columns of a spline but the first.",
            )
        )  # fmt: skip
    tested = {
        test.raw.label: (test.label.words(),)
        for model in facts.models
        for test in model.interaction_tests
        if " × " in test.raw.label and ":" not in test.raw.label
    }
    if tested:
        texts.append(
            (
                "Interactions named in the study file entered with both of their variables, as"
                " products of their columns: ", *join(list(tested.values()), last=" and "),
                ". A variable stayed while an interaction with it did. Each interaction, and each"
                " variable together with its interactions, was tested by Wald's test of all of"
                " their columns, or by the penalised likelihood ratio where the likelihood is"
                " penalised.",
            )
        )  # fmt: skip
    if any(model.raw.penalty == "firth" for model in facts.models):
        texts.append(
            (
                "Models with a clinical variable that separates the events are fitted by Firth's"
                " penalised likelihood", cite("heinze2001"), ", their intervals and p values by its"
                " profile, which takes cases as independent.",
            )
        )  # fmt: skip
    return texts
