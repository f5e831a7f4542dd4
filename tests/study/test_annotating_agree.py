"""Two raters of a study: what the page says of them is what ``trephine agree`` prints."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cli.command import Command
from study.small_study import CENTRES, SPACING, SmallStudy
from trephine.study.annotating.comparing import compared
from trephine.study.annotating.deriving import shown_reading
from trephine.study.annotating.rating import Ratings
from trephine.study.annotating.workplace import open_workplace


@pytest.mark.slow
def test_agree_prints_the_dice_of_the_page(image_study: SmallStudy, trephine: Command) -> None:
    study = image_study.folder / "study.toml"
    place = open_workplace(study)
    rng = np.random.default_rng(3)
    spacing = SPACING.spacing_mm[0]
    for name in ("a", "b"):
        ratings = Ratings(place, name)
        for item in place.items.values():
            for side in sorted({row.side for row in item.rows if row.side}):
                row, column = CENTRES[side]
                at = [column + rng.normal(0, 1), row + rng.normal(0, 1)]
                shape = {"kind": "disc", "centre": at, "radius_mm": 12 * spacing}
                region = {
                    "region_id": f"r{side.lower()}",
                    "side": side,
                    "parts": [{"shape": shape}],
                }
                operation = {"do": "put region", "region": region}
                ratings.save(item, operation, ratings.journal(item).revision)
            journal, folder = place.journal(name, item), place.rater_folder(name)
            shown_reading(item, journal, folder, (0, 0), True)
    pattern = place.mask_pattern.replace("{region}", "head")
    text = study.read_text("utf-8")
    for name in ("a", "b"):
        drawn = pattern.replace("{rater}", name)
        assert f'{name} = "{name}/{{patient}}.nii.gz"' in text
        text = text.replace(f'{name} = "{name}/{{patient}}.nii.gz"', f'{name} = "{drawn}"')
    study.write_text(text, "utf-8")
    out = image_study.folder / "agreement"
    said = trephine("agree", study, "--out", out, "--no-features", "--worst", "0")
    assert said.code == 0, said.err
    cases = pd.read_csv(out / "cases.csv", dtype={"case": str})
    printed = cases[cases["comparison"] == "a and b"].set_index("case")
    count = 0
    for item in place.items.values():
        journals = (place.journal("a", item), place.journal("b", item))
        pairs = {pair["side"]: pair for pair in compared(item, journals, (0, 0))["pairs"]}
        for row in item.rows:
            found = printed.loc[row.case]
            assert pairs[row.side or ""]["dice"] == pytest.approx(found["dice"], abs=1e-12)
            assert pairs[row.side or ""]["hausdorff95_mm"] == pytest.approx(found["hausdorff95_mm"])
            count += 1
    assert count == len(printed) > 20
