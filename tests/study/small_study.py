"""Small studies on disk: 40 patients with 60 hips and images, and one of features from a table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from trephine.imaging import write_nifti
from trephine.types import Geometry, Image, Mask

PATIENTS = 40
CASES = 60
READ_TWICE = 10
SIDE = 64
SPACING = Geometry.plain((0.5, 0.5))
CENTRES = {"R": (32, 16), "L": (32, 48)}
LABELS = {"R": 1, "L": 2}

FEW_FEATURES = """
[radiomics.settings]
normalize = false
binWidth = 10.0
imageType = { Original = {} }
featureClass = { firstorder = ["Mean", "Variance", "Entropy", "Skewness"], glcm = ["Contrast"] }
"""

SMALL_NETWORK = """
[deep]
weights = "random:0"
input_size = 32
"""

NO_NETWORK = """
[deep]
enabled = false
"""

JUDGED_ONCE = """
[validation]
repeats = 1
folds = 3
bootstraps = 0
permutations = 0
interval_bootstraps = 50
"""

QUICK = f"""
[selection]
inner_folds = 3
{JUDGED_ONCE}"""

NOT_RESAMPLED = JUDGED_ONCE.replace("repeats = 1\nfolds = 3", "repeats = 0")

_IMAGE_STUDY = """
[study]
title = "A small study"

[data]
table = "clinical.csv"
image = "images/{patient}.nii.gz"
raters = { a = "a/{patient}.nii.gz", b = "b/{patient}.nii.gz" }
repeats = { a = "a2/{patient}.nii.gz" }
mask_label = { R = 1, L = 2 }
columns = { case = "hip", patient = "patient", side = "side", time = "months", event = "collapse" }

[outcome]
event = "collapse"
horizons = [12, 24]

[clinical]
age = { unit = "years", range = [18, 90] }
stage = { levels = ["I", "II", "IIIA"], reference = "I" }
"""

_TABLE_STUDY = """
[study]
title = "Features from a table"

[data]
table = "clinical.csv"
columns = { case = "case", time = "months", event = "died" }

[outcome]
event = "death"
horizons = [12, 24]

[features]
table = "features.csv"
"""

_TABLE_CLINICAL = """
[clinical]
age = { unit = "years" }
stage = { levels = ["I", "II", "IIIA"] }
"""


@dataclass(frozen=True)
class SmallStudy:
    """A study's folder, with its tables to be spoilt."""

    folder: Path

    @property
    def toml(self) -> Path:
        return self.folder / "study.toml"

    @property
    def results(self) -> Path:
        return self.folder / "results"

    def table(self, name: str = "clinical.csv") -> pd.DataFrame:
        return pd.read_csv(self.folder / name, dtype=str, keep_default_na=False)

    def write(self, table: pd.DataFrame, name: str = "clinical.csv") -> None:
        table.to_csv(self.folder / name, index=False)

    def set(self, row: int, column: str, value: str, name: str = "clinical.csv") -> None:
        """Write one cell; ``row`` is the spreadsheet's, the header being row 1."""
        table = self.table(name)
        table.loc[row - 2, column] = value
        self.write(table, name)

    def replace(self, old: str, new: str) -> None:
        """Change the study file."""
        text = self.toml.read_text(encoding="utf-8")
        assert old in text
        self.toml.write_text(text.replace(old, new), encoding="utf-8")


def write_image_study(folder: Path, *, deep: bool = False) -> SmallStudy:
    """Write a study with images, two raters and a second reading.

    Worse hips are brighter and coarser inside the region, and older patients do worse.
    """
    rng = np.random.default_rng(20)
    for name in ("images", "a", "b", "a2"):
        (folder / name).mkdir(parents=True)
    rows = []
    for number in range(1, PATIENTS + 1):
        patient = f"{number:03d}"
        sides = ("R", "L") if number <= CASES - PATIENTS else ("R",)
        age = float(rng.integers(25, 75))
        pixels = rng.normal(100, 8, (SIDE, SIDE))
        readings = {name: np.zeros((SIDE, SIDE), dtype=np.uint8) for name in ("a", "b", "a2")}
        for side in sides:
            severity = rng.normal()
            where = _disc(CENTRES[side], 14)
            coarse = np.kron(rng.normal(size=(SIDE // 4, SIDE // 4)), np.ones((4, 4)))
            pixels[where] += 12 * severity + (6 + 3 * severity) * coarse[where]
            for name, region in readings.items():
                radius = 12 + rng.normal(0, 0.3 if name == "a" else 0.6)
                region[_disc(CENTRES[side], radius)] = LABELS[side]
            rows.append(_row(rng, patient, side, age, severity))
        write_nifti(Image(pixels, SPACING), folder / f"images/{patient}.nii.gz")
        for name, region in readings.items():
            if name != "a2" or number <= READ_TWICE:
                write_nifti(Mask(region, SPACING), folder / name / f"{patient}.nii.gz")
    table = pd.DataFrame(rows)
    table.to_csv(folder / "clinical.csv", index=False)
    network = SMALL_NETWORK if deep else NO_NETWORK
    text = _IMAGE_STUDY + FEW_FEATURES + network + QUICK
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return SmallStudy(folder)


def write_table_study(folder: Path, *, clinical: bool = True, features: int = 30) -> SmallStudy:
    """Write a study of features from a table, in another order of rows than the clinical table."""
    rng = np.random.default_rng(21)
    folder.mkdir(parents=True, exist_ok=True)
    values = rng.normal(size=(CASES, features))
    rows = [
        _row(rng, f"{number:03d}", "R", float(rng.integers(25, 75)), values[number - 1, 0])
        for number in range(1, CASES + 1)
    ]
    table = pd.DataFrame(rows).drop(columns=["patient", "side"])
    table = table.rename(columns={"hip": "case", "collapse": "died"})
    table.to_csv(folder / "clinical.csv", index=False)
    names = [f"gene_{j}" for j in range(features)]
    frame = pd.DataFrame(values, columns=names)
    frame.insert(0, "case", table["case"])
    frame.iloc[::-1].to_csv(folder / "features.csv", index=False)
    text = _TABLE_STUDY + (_TABLE_CLINICAL if clinical else "") + QUICK
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return SmallStudy(folder)


def write_clinical_study(folder: Path) -> SmallStudy:
    """Write a study with clinical variables and nothing else."""
    study = write_table_study(folder, features=1)
    study.replace('\n[features]\ntable = "features.csv"\n', "")
    (folder / "features.csv").unlink()
    return study


def _row(
    rng: np.random.Generator, patient: str, side: str, age: float, severity: float
) -> dict[str, str]:
    stage = str(rng.choice(["I", "II", "IIIA"], p=[0.3, 0.4, 0.3]))
    log_hazard = 0.9 * severity + 0.03 * (age - 50) + {"I": 0.0, "II": 0.3, "IIIA": 0.8}[stage]
    to_event = rng.exponential(30 * np.exp(-log_hazard))
    follow_up = rng.uniform(12, 60)
    return {
        "hip": f"{patient}-{side}",
        "patient": patient,
        "side": side,
        "months": f"{max(min(to_event, follow_up), 0.1):.1f}",
        "collapse": str(int(to_event <= follow_up)),
        "age": f"{age:g}",
        "stage": stage,
    }


def _disc(centre: tuple[int, int], radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    return (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 <= radius**2
