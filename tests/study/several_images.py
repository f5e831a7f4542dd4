"""A small study of several images per case: an AP film, a lateral one and an MR of head and lesion.

The AP film and the lesion on the MR carry a signal of their own each, the lateral film none. Two
raters drew on all of them; one case has no MR.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from study.small_study import FEW_FEATURES, NO_NETWORK, QUICK, SmallStudy
from trephine.imaging import write_nifti
from trephine.types import Geometry, Image, Mask

CASES = 60
WITHOUT_MR = 7
_FLAT = (28, 28)
_STACK = (5, 24, 24)
_PLAIN = Geometry.plain((0.5, 0.5))
_DEEP = Geometry((3.0, 0.8, 0.8), (0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0))

_STUDY = """
[study]
title = "Several images of a case"

[data]
table = "clinical.csv"
columns = { case = "hip", time = "months", event = "collapse" }

[images.AP]
image = "ap/{hip}.nii.gz"
raters = { a = "ap-a/{hip}.nii.gz", b = "ap-b/{hip}.nii.gz" }
modality = "film"

[images.lateral]
view = "lateral"
image = "lateral/{hip}.nii.gz"
raters = { a = "lateral-a/{hip}.nii.gz", b = "lateral-b/{hip}.nii.gz" }
radiomics = { settings = { binWidth = 5.0 } }

[images.T1]
image = "t1/{hip}.nii.gz"
raters = { a = "t1-a/{hip}.nii.gz", b = "t1-b/{hip}.nii.gz" }
regions = { head = 1, lesion = 2 }
modality = "MR"
missing = "drop"

[outcome]
event = "collapse"
horizons = [12, 24]

[clinical]
age = { unit = "years" }
"""


def write_several_images(
    folder: Path, cases: int = CASES, without_mr: tuple[int, ...] = (WITHOUT_MR,)
) -> SmallStudy:
    """Write the study."""
    rng = np.random.default_rng(31)
    rows = []
    for number in range(1, cases + 1):
        hip, age = f"{number:03d}", float(rng.integers(25, 75))
        film, lesion = rng.normal(size=2)
        _write_flat(rng, folder, "ap", hip, film)
        _write_flat(rng, folder, "lateral", hip, float(rng.normal()))
        if number not in without_mr:
            _write_stack(rng, folder, hip, lesion)
        rows.append(_row(rng, hip, age, 0.8 * film + 1.4 * lesion))
    pd.DataFrame(rows).to_csv(folder / "clinical.csv", index=False)
    text = _STUDY + FEW_FEATURES + NO_NETWORK + QUICK
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return SmallStudy(folder)


_TWO_TIMES = """
[study]
title = "Two films of a case"

[data]
table = "clinical.csv"
columns = { case = "hip", time = "months", event = "collapse" }

[images.first]
image = "first/{hip}.nii.gz"
raters = { a = "first-a/{hip}.nii.gz", b = "first-b/{hip}.nii.gz" }

[images.later]
when = "month 6"
change_from = "first"
image = "later/{hip}.nii.gz"
raters = { a = "later-a/{hip}.nii.gz", b = "later-b/{hip}.nii.gz" }

[outcome]
event = "collapse"
landmark = 6
horizons = [12, 24]

[clinical]
age = { unit = "years" }

[models.parts]
Change = ["later radiomics"]
"""


def write_two_times(folder: Path, cases: int = CASES) -> SmallStudy:
    """Write a study of two films per case, of which only what changed between them matters."""
    rng = np.random.default_rng(32)
    rows = []
    for number in range(1, cases + 1):
        hip, age = f"{number:03d}", float(rng.integers(25, 75))
        first, change = rng.normal(size=2)
        _write_flat(rng, folder, "first", hip, 2 * first)
        _write_flat(rng, folder, "later", hip, 2 * first + change)
        row = _row(rng, hip, age, 2.0 * change)
        rows.append(row | {"months": f"{6.1 + float(row['months']):.1f}"})
    pd.DataFrame(rows).to_csv(folder / "clinical.csv", index=False)
    text = _TWO_TIMES + FEW_FEATURES + NO_NETWORK + QUICK
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return SmallStudy(folder)


def _write_flat(
    rng: np.random.Generator, folder: Path, name: str, hip: str, severity: float
) -> None:
    where = _ball(_FLAT, (14, 14), 9)
    pixels = rng.normal(100, 8, _FLAT) + 12 * severity * where
    _save(Image(pixels, _PLAIN), folder / name, hip)
    for rater, spread in (("a", 0.2), ("b", 0.4)):
        drawn = _ball(_FLAT, (14, 14), 8 + rng.normal(0, spread)).astype(np.uint8)
        _save(Mask(drawn, _PLAIN), folder / f"{name}-{rater}", hip)


def _write_stack(rng: np.random.Generator, folder: Path, hip: str, severity: float) -> None:
    inner = _ball(_STACK, (2, 12, 12), 4, flat=0.4)
    pixels = rng.normal(200, 15, _STACK) + 25 * severity * inner
    _save(Image(pixels, _DEEP), folder / "t1", hip)
    for rater, spread in (("a", 0.1), ("b", 0.3)):
        drawn = _ball(_STACK, (2, 12, 12), 9 + rng.normal(0, spread), flat=0.2).astype(np.uint8)
        drawn[_ball(_STACK, (2, 12, 12), 4 + rng.normal(0, spread), flat=0.4)] = 2
        _save(Mask(drawn, _DEEP), folder / f"t1-{rater}", hip)


def _save(what: Image | Mask, folder: Path, hip: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_nifti(what, folder / f"{hip}.nii.gz")


def _ball(
    shape: tuple[int, ...], centre: tuple[int, ...], radius: float, flat: float = 1.0
) -> np.ndarray:
    """Return a disc, or a ball that is lower than wide by the factor ``flat``."""
    grid = np.indices(shape).astype(float)
    away = [(axis - middle) ** 2 for axis, middle in zip(grid, centre, strict=True)]
    if len(shape) == 3:
        away[0] = away[0] / flat**2
    return np.asarray(sum(away) <= radius**2)


def _row(rng: np.random.Generator, hip: str, age: float, log_hazard: float) -> dict[str, str]:
    to_event = rng.exponential(30 * np.exp(-log_hazard))
    follow_up = rng.uniform(12, 60)
    return {
        "hip": hip,
        "months": f"{max(min(to_event, follow_up), 0.1):.1f}",
        "collapse": str(int(to_event <= follow_up)),
        "age": f"{age:g}",
    }
