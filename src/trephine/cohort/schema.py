"""What a clinical variable is: its kind, levels, reference and unit."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field, model_validator

from trephine.cohort.cells import CellReading, as_text
from trephine.errors import InputError, MisfitError
from trephine.rows import row_index
from trephine.types import FloatArray

HeadMeasure = Literal[
    "combined_necrotic_angle", "necrosis_degree_index", "arc_coronal_degree", "arc_axial_degree",
    "kerboul", "depression_mm", "depressed_over_2_mm", "centre_edge_degree", "lesion_percent",
    "steinberg", "head_area_mm2", "head_diameter_mm",
]  # fmt: skip
# Computed from two arcs of the study's own table too; the others come from a rater's table alone.
FROM_ARCS: Mapping[HeadMeasure, str] = {
    "combined_necrotic_angle": "combined_angle_degree",
    "necrosis_degree_index": "necrosis_index",
}
# Measures that are classes, with their levels in order.
CLASSES: Mapping[HeadMeasure, tuple[str, ...]] = {
    "kerboul": ("1", "2", "3", "4"),
    "depressed_over_2_mm": ("no", "yes"),
    "steinberg": ("A", "B", "C"),
}


class ClinicalVariable(CellReading):
    """One clinical variable as the plan declares it.

    A variable with ``levels`` is categorical, any other is continuous.
    """

    levels: tuple[str, ...] = Field(
        default=(), description="the values a categorical variable may take, in display order"
    )
    reference: str = Field(default="", description="reference level; the first one by default")
    unit: str = Field(default="", description="unit of a continuous variable")
    spline: int | None = Field(
        default=None,
        ge=3,
        le=7,
        description="knots, 3 to 7, of a restricted cubic spline: the effect of a continuous"
        " variable need not be a straight line (`sound` only)",
    )
    label: str = Field(default="", description="name to show; made from the key by default")
    column: str = Field(default="", description="column of the table; the key by default")
    range: tuple[float, float] | None = Field(
        default=None, description="lowest and highest possible value; outside is an error"
    )
    measure: HeadMeasure | None = Field(
        default=None,
        description="a measure of the femoral head, from the first rater's table under [data]"
        " measures; the first two are computed from `arcs` where these are columns of the study's"
        " own table",
    )
    arcs: tuple[str, str] | None = Field(
        default=None, description="columns of the arcs A and B in degrees, for `measure`"
    )
    known_at_start: bool = Field(
        default=False,
        description="whether it was known when follow-up began although its name or its values"
        " look like an outcome's or a row number's; such a variable is refused otherwise",
    )

    @model_validator(mode="before")
    @classmethod
    def _levels_as_text(cls, data: object) -> object:
        """Let a study file write ``levels = [0, 1]``: levels are compared as text."""
        if isinstance(data, dict) and isinstance(data.get("levels"), list | tuple):
            data = {**data, "levels": tuple(as_text(level) for level in data["levels"])}
            if "reference" in data:
                data["reference"] = as_text(data["reference"])
        elif isinstance(data, dict) and data.get("measure") in CLASSES:
            data = {**data, "levels": CLASSES[data["measure"]]}
        return data

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(set(self.levels)) != len(self.levels):
            raise MisfitError("levels", "different levels", "one twice")
        if len(self.levels) == 1:
            raise MisfitError("levels", "two or more", "one")
        if self.reference and self.reference not in self.levels:
            raise MisfitError("reference", f"one of {list(self.levels)}", repr(self.reference))
        of_numbers = ("unit", "spline", "range", "strip", "decimal", "thousands")
        if self.levels and (stated := [key for key in of_numbers if getattr(self, key)]):
            raise MisfitError(
                stated[0], "none for a variable with levels", repr(getattr(self, stated[0]))
            )
        strange = [v for v in self.read.values() if v and self.levels and v not in self.levels]
        if strange:
            expected = f"meanings among {list(self.levels)}, or empty"
            raise MisfitError("read", expected, repr(strange[0]))
        if self.arcs is not None and self.measure not in FROM_ARCS:
            expected = f"measure beside them, one of {list(FROM_ARCS)}"
            raise MisfitError("arcs", expected, repr(self.measure) if self.measure else "none")
        if self.measure is not None and self.categorical and self.measure not in CLASSES:
            raise MisfitError("levels", f"none: {self.measure} is a number", "some")
        return self

    @property
    def categorical(self) -> bool:
        """Whether the variable has levels."""
        return bool(self.levels)

    @property
    def is_drawn(self) -> bool:
        """Whether it is one of a rater's measures, and not computed from two columns of arcs."""
        return self.measure is not None and self.arcs is None

    def column_of(self, key: str) -> str:
        """Return the column that holds it; ``key`` is the variable's own."""
        measured = FROM_ARCS.get(self.measure, self.measure) if self.measure else ""
        return self.column or (measured if self.is_drawn else "") or key

    @property
    def reference_level(self) -> str:
        """The level that others are compared with."""
        return self.reference or self.levels[0]

    def typical(self, values: FloatArray) -> float:
        """Return what stands in for a missing value: the commonest level's code, or the median.

        Parameters
        ----------
        values
            Known values, shape (n,), one at least; a categorical variable's as codes.
        """
        if self.categorical:
            return float(np.bincount(values.astype(np.int64)).argmax())
        return float(np.median(values))

    def stored(self, values: FloatArray) -> npt.NDArray[np.generic]:
        """Return values, none missing, as `ClinicalTable` keeps them."""
        return values.astype(np.int64) if self.categorical else values.astype(np.float64)

    def text_of(self, value: float) -> str:
        """Return a value, or the level of a code, as a sentence shows it."""
        return self.levels[int(value)] if self.categorical else f"{value:.4g}"


class ClinicalTable:
    """Typed clinical values of n cases.

    Parameters
    ----------
    variables
        Declared variables by key, in the plan's order.
    columns
        By key: float array (n,) for a continuous variable; level codes (n,), -1 where missing,
        for a categorical one.

    Raises
    ------
    InputError
        If columns differ in length or a variable has none.
    """

    def __init__(
        self,
        variables: Mapping[str, ClinicalVariable],
        columns: Mapping[str, npt.NDArray[np.generic]],
        n_cases: int,
    ) -> None:
        for key in variables:
            if key not in columns or len(columns[key]) != n_cases:
                raise InputError(f"clinical variable {key}: expected a value for {n_cases} cases")
        self.variables = dict(variables)
        self._columns = {key: np.asarray(columns[key]) for key in variables}
        self.n_cases = n_cases

    def __len__(self) -> int:
        return self.n_cases

    def values(self, key: str) -> FloatArray:
        """Return a continuous variable, NaN where missing, or a categorical one's codes."""
        column = self._columns[key].astype(np.float64)
        if self.variables[key].categorical:
            column[column < 0] = np.nan
        return column

    def texts(self, key: str) -> list[str | None]:
        """Return a categorical variable as level names, None where missing."""
        levels = self.variables[key].levels
        return [levels[int(code)] if code >= 0 else None for code in self._columns[key]]

    def missing(self) -> npt.NDArray[np.bool_]:
        """Say which cases lack a value of any variable, shape (n,)."""
        absent = np.zeros(self.n_cases, dtype=np.bool_)
        for key in self.variables:
            absent |= np.isnan(self.values(key))
        return absent

    def take(self, rows: npt.ArrayLike) -> ClinicalTable:
        """Return the cases at ``rows`` (indices or a boolean mask)."""
        index = row_index(rows)
        columns = {key: column[index] for key, column in self._columns.items()}
        n_cases = int(np.arange(self.n_cases)[index].size)
        return ClinicalTable(self.variables, columns, n_cases)

    def only(self, keys: list[str]) -> ClinicalTable:
        """Return the table with the named variables."""
        return ClinicalTable(
            {key: self.variables[key] for key in keys}, self._columns, self.n_cases
        )

    def with_column(self, key: str, values: npt.NDArray[np.generic]) -> ClinicalTable:
        """Return the table with one variable's values replaced (an imputation)."""
        return ClinicalTable(self.variables, {**self._columns, key: values}, self.n_cases)

    def frame(self) -> pd.DataFrame:
        """Return the table as pandas, categorical variables as level names."""
        return pd.DataFrame(
            {
                key: self.texts(key) if variable.categorical else self.values(key)
                for key, variable in self.variables.items()
            }
        )


# Written so by clinicians; a column of a table is often named in small letters.
_CAPITALS = (
    "AFP", "AJCC", "ALT", "ARCO", "ASA", "AST", "BMD", "BMI", "CCI", "CEA", "CKD", "COPD", "CRP",
    "CT", "DXA", "ECG", "ECOG", "ESR", "FEV1", "FIGO", "GCS", "GFR", "HbA1c", "HBV", "HCV", "HDL",
    "HER2", "HHS", "HIV", "ICU", "INR", "ISS", "JIC", "KPS", "LDH", "LDL", "LVEF", "MMSE", "MRI",
    "NYHA", "ONFH", "PET", "PSA", "SLE", "SUV", "THA", "TKA", "TNM", "VAS", "WBC",
)  # fmt: skip
_ABBREVIATIONS = {word.lower(): word for word in _CAPITALS}


def label_of(key: str, variable: ClinicalVariable) -> str:
    """Return the name to show: the plan's label, else the key made readable.

    Without the unit in brackets that a header such as "Area (%)" ends in: the unit is printed
    beside the name.
    """
    if variable.label:
        return _without_unit(variable.label, variable.unit)
    words = [_ABBREVIATIONS.get(word, word) for word in key.split("_")]
    return capitalised(_without_unit(" ".join(words), variable.unit))


def _without_unit(name: str, unit: str) -> str:
    bracket = re.search(r"\s*[(\[（【]\s*([^()\[\]（）【】]+?)\s*[)\]）】]\s*$", name)
    if bracket is None or not unit or not name[: bracket.start()].strip():
        return name
    same = _bare(bracket[1]) == _bare(unit)
    return name[: bracket.start()].rstrip() if same else name


def _bare(unit: str) -> str:
    """Return a unit so that two spellings of it are alike: kg/m², kg/m2."""
    return unicodedata.normalize("NFKC", unit).casefold().replace(" ", "")


def capitalised(text: str) -> str:
    """Return a text with a capital first letter and the others as they are, as in BMI."""
    return text[:1].upper() + text[1:]
