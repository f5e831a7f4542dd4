"""Bootstrap validation of a fixed model, against R's rms::validate."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trephine.errors import InputError
from trephine.types import FloatArray, IntArray, Survival
from trephine.validation.model_validation import INDICES, ValidatedIndex, validate_model

REFERENCE = Path(__file__).parents[1] / "reference" / "survival"


def hips() -> tuple[FloatArray, Survival, IntArray]:
    """The model of the reference: age + sex + bmi + stage (a factor) + f01 + f02."""
    table = pd.read_csv(REFERENCE / "data" / "hips212.csv")
    columns = [table["age"], table["sex"], table["bmi"], table["f01"], table["f02"]]
    columns += [table["stage"] == level for level in (2, 3)]
    survival = Survival(table["time"].to_numpy(float), table["event"].to_numpy() == 1)
    return np.column_stack(columns).astype(float), survival, table["patient"].to_numpy()


@pytest.mark.slow
def test_optimism_is_rms_validates_within_monte_carlo_error() -> None:
    file = json.loads((REFERENCE / "expected" / "05_rms.json").read_text())
    expected = file["hips_validate_boot_B300_seed1"]["table"]
    design, survival, _ = hips()
    found = validate_model(design, survival, bootstraps=300, rng=np.random.default_rng(1))
    for name, row in zip(INDICES, expected, strict=True):
        index_orig, training, test, optimism, corrected, _ = row
        ours = found[name]
        assert ours.apparent == pytest.approx(index_orig, abs=1e-6)
        # R's own 300 draws err as much as ours; four standard errors of the difference.
        bound = 4 * np.sqrt(2) * ours.optimism_error
        assert ours.optimism == pytest.approx(optimism, abs=bound)
        assert ours.corrected == pytest.approx(corrected, abs=bound)
        assert ours.training - ours.test == pytest.approx(training - test, abs=bound)
        # The bound is tight enough to tell the optimism from none.
        assert optimism == 0 or bound < abs(optimism)


def test_patients_are_drawn_where_patients_are_given() -> None:
    design, survival, patient = hips()
    both: dict[str, ValidatedIndex] = {}
    for name, who in (("case", None), ("patient", patient)):
        found = validate_model(
            design, survival, bootstraps=40, rng=np.random.default_rng(2), cluster=who
        )
        both[name] = found["somers_dxy"]
        assert found["slope"].training == pytest.approx(1.0, abs=1e-8)
        assert found["somers_dxy"].corrected < found["somers_dxy"].apparent
    assert both["case"].apparent == both["patient"].apparent
    assert both["case"].optimism != both["patient"].optimism


def test_one_bootstrap_is_refused() -> None:
    design, survival, _ = hips()
    with pytest.raises(InputError, match="bootstraps: expected two at least"):
        validate_model(design, survival, bootstraps=1, rng=np.random.default_rng(1))
