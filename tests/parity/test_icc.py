"""psych::ICC and irr::icc."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from trephine.choices import IccForm
from trephine.selection.icc import intraclass_correlation

PSYCH: dict[str, IccForm] = {
    "ICC1": "1,1",
    "ICC2": "2,1",
    "ICC3": "3,1",
    "ICC1k": "1,k",
    "ICC2k": "2,k",
    "ICC3k": "3,k",
}
IRR: dict[str, IccForm] = {
    "irr_ICC2_1_twoway_agreement_single": "2,1",
    "irr_ICC3_1_twoway_consistency_single": "3,1",
    "irr_ICC1_1_oneway_single": "1,1",
    "irr_ICC2_k_twoway_agreement_average": "2,k",
    "irr_ICC3_k_twoway_consistency_average": "3,k",
    "irr_ICC1_k_oneway_average": "1,k",
}


def ratings(reference: Path, feature: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    table = pd.read_csv(reference / "survival" / "data" / "icc_long.csv")
    raters = [c for c in table.columns if c not in ("feature", "subject")]
    return table.loc[table["feature"] == feature, raters].to_numpy(float)


def test_psych_icc(expected_file: Any, reference: Path, parity: Any) -> None:
    file = expected_file("09_icc")
    for feature in file.cases():
        values = ratings(reference, feature)
        types = file[feature, "psych", "type"]
        found = [intraclass_correlation(values, PSYCH[kind]) for kind in types]
        for key, name in (
            ("ICC", "value"),
            ("F", "f"),
            ("df1", "df1"),
            ("df2", "df2"),
            ("lower", "low"),
            ("upper", "high"),
        ):
            have = [getattr(result, name)[0] for result in found]
            parity.compare(
                f"psych::ICC {key}",
                feature,
                file.array(feature, "psych", key),
                have,
                bound=1e-9,
                relative=key == "F",
            )
        parity.compare(
            "psych::ICC p",
            feature,
            file.array(feature, "psych", "p"),
            [result.p[0] for result in found],
            bound=1e-9,
        )


def test_irr_icc(expected_file: Any, reference: Path, parity: Any) -> None:
    file = expected_file("09_icc")
    for feature in file.cases():
        values = ratings(reference, feature)
        for call in (key for key in file.keys(feature) if key in IRR):
            found = intraclass_correlation(values, IRR[call], convention="irr")
            for key, name in (
                ("value", "value"),
                ("lower", "low"),
                ("upper", "high"),
                ("F", "f"),
                ("df1", "df1"),
                ("df2", "df2"),
                ("p", "p"),
            ):
                parity.compare(
                    f"irr::icc {key}",
                    f"{feature} {call}",
                    file.array(feature, call, key),
                    getattr(found, name)[0],
                    bound=1e-9,
                    relative=key in ("F", "df2"),
                )
