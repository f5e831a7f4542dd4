"""A locked model updated on outside cases: bundle, tables, card, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from study.small_study import NOT_RESAMPLED
from trephine.errors import BundleError
from trephine.report.methods.updating import about_updating
from trephine.report.tables.updating import update_tests_table, updated_model_table
from trephine.report.trace import Trace, plain
from trephine.study import Study
from trephine.study.locked import predict_case, read_model
from trephine.study.locked.updating import refuse_no_update
from trephine.study.locked.validate import Update, ValidationResult, validate_bundle

PLAN = """
[data]
table = "{table}"
columns = {{ case = "case", time = "time", event = "event"{more} }}
[outcome]
horizons = [12, 24]
[clinical]
age = {{ unit = "years" }}
stage = {{ levels = ["I", "II", "III"] }}
[models.parts]
Clinical = ["clinical"]
[selection]
clinical = "all"
"""


def write_cohort(folder: Path, name: str, seed: int, faster: float = 1.0, more: str = "") -> Path:
    rng = np.random.default_rng(seed)
    n = 120
    age, stage = rng.normal(50, 8, n).round(1), rng.integers(0, 3, n)
    time = rng.exponential(size=n) * 30 / np.exp(0.06 * (age - 50) + 0.6 * stage - 0.6) / faster
    censored = rng.uniform(10, 60, n)
    table = pd.DataFrame(
        {
            "case": [f"{row:03d}" for row in range(n)],
            "person": [row // 2 for row in range(n)],
            "time": np.round(np.minimum(time, censored) + 0.1, 2),
            "event": (time <= censored).astype(int),
            "age": age,
            "stage": np.array(["I", "II", "III"])[stage],
        }
    )
    table.to_csv(folder / f"{name}.csv", index=False)
    plan = folder / f"{name}.toml"
    plan.write_text(PLAN.format(table=f"{name}.csv", more=more) + NOT_RESAMPLED)
    return plan


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("training")
    return Study.from_toml(write_cohort(folder, "training", 1)).run(workers=1, formats=()).bundle


@pytest.fixture(scope="module")
def updated(locked: Path, tmp_path_factory: pytest.TempPathFactory) -> ValidationResult:
    folder = tmp_path_factory.mktemp("outside")
    plan = write_cohort(folder, "outside", 2, faster=2.0)
    update = Update(folder / "updated")
    return validate_bundle(locked, plan, workers=1, formats=(), update=update)


def test_the_updated_bundle_predicts_with_its_own_baseline(
    locked: Path, updated: ValidationResult
) -> None:
    assert updated.updated is not None
    case = {"age": 55.0, "stage": "II"}
    before, after = predict_case(locked, case), predict_case(updated.updated, case)
    external = updated.facts.external
    assert external is not None
    row = external.updates[0]
    assert (row.method, [test.smaller for test in row.tests]) == ("baseline", ["none", "baseline"])
    assert row.ratio.value is not None
    assert row.ratio.value > 1.5
    for horizon in (12.0, 24.0):
        ratio = np.log(after.survival[horizon].value) / np.log(before.survival[horizon].value)
        assert ratio == pytest.approx(row.ratio.value)
    assert "updated on 120 outside cases" in after.warnings[-1]
    assert "model before the update" in after.interval_note
    for at in row.horizons:
        assert at.locked is not None
        assert at.updated is not None
        assert abs(at.updated - 1) < abs(at.locked - 1)


def test_the_bundle_says_what_it_was_made_from(locked: Path, updated: ValidationResult) -> None:
    assert updated.updated is not None
    found, old = read_model(updated.updated), read_model(locked)
    stated = found.context.updated
    assert stated is not None
    assert (stated.title, stated.cases) == (old.context.title, 120)
    assert stated.changed == {"Clinical": "baseline"}
    assert "Updated from the model below on 120 cases" in found.card
    assert found.context.performance == ()
    assert old.context.updated is None
    assert "updated" not in old.context.as_json()
    assert "Clinical: updated the baseline" in "\n".join(updated.summary())


def test_the_report_shows_tests_and_model(updated: ValidationResult) -> None:
    trace = Trace.start(updated.facts)
    tests, model = update_tests_table(trace), updated_model_table(trace)
    assert tests is not None
    assert model is not None
    assert [plain(row.cells[0]) for row in tests.rows] == [
        "Clinical: a refit of all coefficients against the model as locked",
        "Clinical: a refit of all coefficients against a new baseline",
    ]
    assert "Clinical: the update is a new baseline." in map(plain, tests.notes)
    assert len(model.rows) == 3 + 2
    (said,) = about_updating(trace)
    assert "likelihood ratio tests" in plain(said)


def test_a_refit_that_is_asked_for_is_the_cox_model_of_these_cases(
    locked: Path, tmp_path: Path
) -> None:
    plan = write_cohort(tmp_path, "outside", 2, more=', patient = "person"')
    update = Update(tmp_path / "updated", "refit")
    found = validate_bundle(locked, plan, workers=1, formats=(), update=update)
    again = Study.from_toml(plan).run(workers=1, formats=(), out=tmp_path / "own")
    own = read_model(again.bundle).named()
    model = read_model(tmp_path / "updated").named()
    np.testing.assert_allclose(model.coefficients, own.coefficients, rtol=1e-9)
    np.testing.assert_allclose(model.covariance, own.covariance, rtol=1e-7)
    assert found.facts.external is not None
    assert found.facts.external.by_patient
    row = found.facts.external.updates[0]
    assert (row.asked, row.tests, len(row.terms)) == (True, (), 3)


def test_a_new_hazard_brings_the_risks_of_these_cases_to_what_was_seen(
    locked: Path, tmp_path: Path
) -> None:
    plan = write_cohort(tmp_path, "outside", 2, faster=2.0)
    update = Update(tmp_path / "updated", "hazard")
    found = validate_bundle(locked, plan, workers=1, formats=(), update=update)
    assert found.facts.external is not None
    for at in found.facts.external.updates[0].horizons:
        assert at.updated == pytest.approx(1.0, abs=0.05)
    model, old = read_model(tmp_path / "updated"), read_model(locked)
    np.testing.assert_array_equal(model.named().coefficients, old.named().coefficients)
    case = {"age": 55.0, "stage": "II"}
    before, after = predict_case(old, case), predict_case(model, case)
    assert after.risk_group == before.risk_group
    assert after.survival[24.0].value < before.survival[24.0].value
    assert "with the coefficients kept" in plain(about_updating(Trace.start(found.facts))[0])


def test_its_own_folder_is_refused(locked: Path) -> None:
    for bundle in (locked, str(locked)):
        with pytest.raises(BundleError, match="folder of its own"):
            refuse_no_update(bundle, locked)
