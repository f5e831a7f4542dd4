"""The simulated cohort has the paper's numbers, and the effects that it was given."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from trephine.demo import effects
from trephine.demo.cohort import LATENT_COLUMNS, cut_by_quota, simulate_cohort
from trephine.regression.cox import CoxModel
from trephine.survival.concordance import harrell_concordance
from trephine.survival.kaplan_meier import kaplan_meier
from trephine.types import Survival


@pytest.fixture(scope="module")
def cohort() -> pd.DataFrame:
    return simulate_cohort(np.random.default_rng(11))


@pytest.fixture(scope="module")
def many() -> pd.DataFrame:
    """Forty cohorts in one table: what the assumptions give, nearly without chance."""
    tables = [simulate_cohort(np.random.default_rng([3, k])).assign(draw=k) for k in range(40)]
    return pd.concat(tables, ignore_index=True)


def clinical_design(hips: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "II": hips["arco"] == "II",
            "IIIA": hips["arco"] == "IIIA",
            "oedema": hips["bone_marrow_oedema"] == "yes",
            "angle": hips["combined_necrotic_angle"] > 210.5,
        }
    ).astype(float)


def test_there_are_144_patients_with_212_hips_and_the_papers_laterality(
    cohort: pd.DataFrame,
) -> None:
    assert len(cohort) == 212
    assert cohort["hip_id"].is_unique
    assert cohort["patient_id"].nunique() == 144
    assert cohort["laterality"].value_counts().to_dict() == {
        "bilateral": 132,
        "unilateral": 57,
        "THA opposite": 23,
    }
    assert not cohort.duplicated(["patient_id", "side"]).any()


def test_identifiers_keep_their_zeros(cohort: pd.DataFrame) -> None:
    assert set(cohort["patient_id"].map(len)) == {3}
    assert "007" in set(cohort["patient_id"])


@pytest.mark.parametrize(
    ("column", "counts", "slack"),
    [
        ("arco", {"I": 49, "II": 108, "IIIA": 55}, 0),
        ("bone_marrow_oedema", {"no": 83, "yes": 129}, 0),
        ("jic", {"B": 15, "C1": 67, "C2": 130}, 0),
        ("sex", {"female": 42, "male": 170}, 1),
        ("bisphosphonate", {"no": 115, "yes": 97}, 1),
        ("aetiology", {"idiopathic": 121, "corticosteroid": 58, "alcohol": 33}, 2),
    ],
)
def test_levels_have_the_counts_of_table_1(
    cohort: pd.DataFrame, column: str, counts: dict[str, int], slack: int
) -> None:
    found = cohort[column].value_counts().to_dict()
    assert set(found) == set(counts)
    assert all(abs(found[level] - counts[level]) <= slack for level in counts)


def test_measurements_have_the_quartiles_of_table_1(many: pd.DataFrame) -> None:
    assert many["age"].quantile([0.25, 0.5, 0.75]).tolist() == pytest.approx([33, 42, 49], abs=1)
    assert many["bmi"].median() == pytest.approx(23.71, abs=0.2)
    assert many["bmi"].quantile([0.25, 0.75]).tolist() == pytest.approx([21.58, 26.04], abs=0.3)
    assert many["symptom_duration"].median() == 2.0
    angle = many["combined_necrotic_angle"]
    assert angle.mean() == pytest.approx(211.53, abs=1.0)
    assert angle.std() == pytest.approx(44.58, abs=1.0)


def test_the_necrosis_index_follows_the_stated_formula_not_the_printed_one(
    cohort: pd.DataFrame,
) -> None:
    stated = cohort["arc_a"] / 180 * cohort["arc_b"] / 180 * 100
    assert np.abs(cohort["necrosis_index"] - stated).max() <= 0.05 + 1e-9
    assert cohort["necrosis_index"].max() <= 100
    printed = cohort["arc_a"] * cohort["arc_b"] / 100
    assert printed.mean() == pytest.approx(114.91, abs=8.0)


def test_survival_follow_up_and_events_are_those_of_the_paper(many: pd.DataFrame) -> None:
    curve = kaplan_meier(many["months"], many["collapse"] == 1).at([36.0, 60.0])
    assert curve.survival_probability == pytest.approx([0.7159, 0.4472], abs=0.02)
    assert 212 * many["collapse"].mean() == pytest.approx(64, abs=2.5)
    assert many["months"].median() == pytest.approx(29.55, abs=1.0)
    assert many["months"].min() >= effects.SHORTEST_FOLLOW_UP_MONTHS
    assert many["months"].max() <= effects.LAST_REVIEW_MONTHS


def test_a_clinical_cox_model_finds_the_ratios_of_table_2(many: pd.DataFrame) -> None:
    survival = Survival(many["months"].to_numpy(float), many["collapse"].to_numpy() == 1)
    fitted = CoxModel().fit(clinical_design(many), survival).result_
    ratios = [fitted.hazard_ratio_of(name).value for name in ("II", "IIIA", "oedema", "angle")]
    assert ratios == pytest.approx([1.0, 2.12, 2.13, 2.41], rel=0.15)


def test_clinical_and_severity_concordance_lie_where_they_should(many: pd.DataFrame) -> None:
    clinical, severity = [], []
    for _, hips in many.groupby("draw"):
        survival = Survival(hips["months"].to_numpy(float), hips["collapse"].to_numpy() == 1)
        design = clinical_design(hips)
        score = design.to_numpy() @ CoxModel().fit(design, survival).result_.coefficients
        clinical.append(harrell_concordance(survival.time, survival.event, score))
        severity.append(harrell_concordance(survival.time, survival.event, hips["severity"]))
    assert 0.60 < np.mean(clinical) < 0.70
    assert 0.67 < np.mean(severity) < 0.74


def test_severity_is_no_function_of_the_clinical_table(many: pd.DataFrame) -> None:
    numbers = many[["age", "bmi", "arc_a", "arc_b", "symptom_duration"]]
    assert numbers.corrwith(many["severity"]).abs().max() < 0.04
    assert many.groupby("arco")["severity"].mean().abs().max() < 0.06


def test_the_hips_of_a_patient_resemble_each_other(many: pd.DataFrame) -> None:
    pairs = many.pivot_table(index=["draw", "patient_id"], columns="side", values="severity")
    assert pairs.dropna().corr().iloc[0, 1] == pytest.approx(effects.BETWEEN_HIPS, abs=0.05)


def test_the_same_seed_gives_the_same_cohort_and_another_seed_another(
    cohort: pd.DataFrame,
) -> None:
    again = simulate_cohort(np.random.default_rng(11))
    pd.testing.assert_frame_equal(cohort, again)
    other = simulate_cohort(np.random.default_rng(12))
    assert not cohort["months"].equals(other["months"])


def test_the_same_hips_can_meet_another_fate(cohort: pd.DataFrame) -> None:
    other = simulate_cohort(np.random.default_rng(11), np.random.default_rng(12))
    fate = ["months", "collapse", "log_hazard"]
    pd.testing.assert_frame_equal(other.drop(columns=fate), cohort.drop(columns=fate))
    assert not other["months"].equals(cohort["months"])


def test_latent_columns_are_named(cohort: pd.DataFrame) -> None:
    assert set(LATENT_COLUMNS) <= set(cohort.columns)


def test_quotas_are_met_to_the_hip_and_follow_the_score() -> None:
    score = np.array([0.3, -1.0, 2.0, 0.1, 5.0])
    assert cut_by_quota(score, {"low": 2, "high": 3}).tolist() == [
        "high", "low", "high", "low", "high",
    ]  # fmt: skip
    weighted = cut_by_quota(score, {"low": 4, "high": 4}, weights=[1, 2, 1, 2, 2])
    assert weighted.tolist() == ["high", "low", "high", "low", "high"]
