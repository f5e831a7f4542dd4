"""Nomogram points against rms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from trephine.regression.nomogram import NomogramPredictor, make_nomogram


def _predictors(name: str, case: dict[str, Any], data: pd.DataFrame) -> list[NomogramPredictor]:
    effect = dict(zip(case["coef_names"], case["coef"], strict=True))
    predictors = []
    for variable, axis in case["per_variable"].items():
        if isinstance(axis["levels"][0], str):
            levels = tuple(axis["levels"])
            effects = tuple(effect.get(f"{variable}={level}", 0.0) for level in levels)
            predictors.append(NomogramPredictor(variable, variable, effects, levels))
        else:
            low, high = float(data[variable].min()), float(data[variable].max())
            predictors.append(
                NomogramPredictor(variable, variable, (effect[variable],), low=low, high=high)
            )
    return predictors


def test_points_are_those_of_rms(expected_file: Any, reference: Path, parity: Any) -> None:
    file = expected_file("05_rms")
    for name in [case for case in file.cases() if case.endswith("_nomogram")]:
        case = file[name]
        stem = {"hips": "hips212", "pbc": "pbc276"}.get(name.split("_")[0], name.split("_")[0])
        data = pd.read_csv(reference / "survival" / "data" / f"{stem}.csv")
        lp = case["lp"]["x_real"]
        drawn = make_nomogram(
            _predictors(name, case, data),
            centre=case["center"],
            horizons=[],
            survival_at_zero=[],
            linear_predictor_range=(lp[0], lp[-1]),
        )
        call = "rms::nomogram"
        parity.compare(f"{call} sc", name, case["info"]["sc"], drawn.points_per_unit, bound=1e-6)
        parity.compare(
            f"{call} Intercept", name, case["info"]["Intercept"], drawn.offset, bound=1e-6
        )
        parity.compare(
            f"{call} total points", name, case["total_points"]["x"], drawn.total_points, bound=1e-6
        )
        for axis in drawn.axes:
            want = case["per_variable"][axis.predictor.name]
            parity.compare(f"{call} points", name, want["points"], axis.points, bound=1e-6)
            if not axis.predictor.levels:
                parity.compare(f"{call} ticks", name, want["levels"], axis.values, bound=1e-6)
