"""The slips of the paper, with its own numbers, are each caught; clean facts pass."""

import pytest

from trephine.facts import EstimateFact, HazardRatio, SpreadFact
from trephine.report.consistency import CHECKS, check_consistency


def changed(fact, path, value):
    """Return the fact with the value at a path changed."""
    name, _, rest = path.partition(".")
    old = getattr(fact, name) if not name.isdigit() else fact[int(name)]
    new = changed(old, rest, value) if rest else value
    if name.isdigit():
        index = int(name)
        return (*fact[:index], new, *fact[index + 1 :])
    return fact.model_copy(update={name: new})


def slips(facts):
    return {finding.where: finding.text for finding in check_consistency(facts)}


def test_facts_that_agree_have_no_slip(facts):
    assert slips(facts) == {}


def test_64_of_212_hips_is_not_43_percent(facts):
    found = slips(changed(facts, "flow.event_percent", 43.24))
    assert found == {"flow.event_percent": "64 of 212 is 30.2%, found 43.2%"}


def test_a_necrosis_index_above_100_contradicts_its_formula(facts):
    variables = facts.table1.variables
    k = next(k for k, variable in enumerate(variables) if variable.name == "index")
    path = f"table1.variables.{k}.continuous.0.mean"
    found = slips(changed(facts, path, 114.91))
    assert "(A/180)(B/180)·100 cannot pass 100, found mean 114.91" in found[path]


def test_one_interval_for_two_models_is_caught(facts):
    radiomics = EstimateFact(value=0.73, low=0.70, high=0.82)
    deep = EstimateFact(value=0.76, low=0.70, high=0.82)
    found = slips(
        changed(changed(facts, "performance.1.c_index", radiomics), "performance.2.c_index", deep)
    )
    assert "DL has the interval of Radiomics, 0.70 to 0.82" in found["performance.2.c_index"]
    assert "0.03 above its lower and 0.09 below" in found["performance.1.c_index"]


def test_1562_features_in_the_text_and_184_in_the_figure_are_caught(facts):
    found = slips(
        changed(changed(facts, "selection.0.extracted", 1562), "selection.0.lasso.features", 184)
    )
    assert "1562 were extracted and no step leaves 184" in found["selection.0.lasso.features"]
    assert "1562 features reach the step" in found["selection.0.steps.0.features_in"]


def test_a_p_that_its_interval_denies_is_caught(facts):
    stage = HazardRatio(ratio=EstimateFact(value=2.12, low=1.25, high=3.58), p=0.037)
    path = "table2.0.variables.1.rows.2.multivariable"
    found = slips(changed(facts, path, stage))
    assert "2.12 (1.25–3.58) goes with p = 0.005, found 0.037" in found[f"{path}.p"]


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("flow.enrolled.cases", 230, "enrolled minus left out is 219"),
        ("flow.horizons.0.events", 40, "add up to 211"),
        ("table1.sizes", (212, 147, 64), "do not add up to 212"),
        ("table1.variables.0.levels.0.columns.1.count", 31, "do not add up"),
        ("performance.0.c_index.value", 0.9, "outside its interval"),
        ("performance.0.c_index.low", 0.99, "above upper"),
        ("performance.0.brier.0.estimate", EstimateFact(value=1.2), "expected 0 to 1"),
        ("null_check.0.p", 1.4, "a p is 0 to 1"),
        ("reclassification.0.nri.value", 0.6, "do not add up"),
        ("roc.0.auc.value", 0.61, "in the figure"),
        ("nomograms.0.example.total_points", 1.0, "points add up to"),
        ("selection.0.steps.2.features_out", 2000, "more features out"),
        ("risk_groups.0.curves.0.n", 105, "add up to 211"),
        ("table2.0.variables.0.rows.0.events", 99, "99 events in 42 cases"),
    ],
)
def test_other_slips_are_caught(facts, path, value, words):
    found = slips(changed(facts, path, value))
    assert any(words in text for text in found.values()), found


def test_features_that_are_not_listed_one_by_one_are_no_slip(facts):
    assert slips(changed(facts, "selection.0.selected", ())) == {}


def test_a_weight_beyond_those_of_most_resamples_is_no_slip_but_limits_that_cross_are(facts):
    path = "selection.0.selected.0.weights"
    weight = facts.selection[0].selected[0].weight
    assert slips(changed(facts, path, SpreadFact(low=weight + 0.1, high=weight + 0.2))) == {}
    found = slips(changed(facts, path, SpreadFact(low=0.2, high=0.1)))
    assert found == {path: "lower limit 0.200 above upper 0.100"}


def test_every_check_has_a_name_of_its_own():
    names = [name for name, _ in CHECKS]
    assert len(set(names)) == len(names)
