"""The simulated cohort: patients, hips, clinical table, latent severity, outcome."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from trephine.demo import effects
from trephine.types import FloatArray

#: Columns that no study would have; they make the picture and stay out of ``clinical.csv``.
LATENT_COLUMNS = ("severity", "log_hazard")
#: Latent severities that only the lateral film and only the MR show, of standard deviation 1.
OWN_SIGNALS = ("lateral_severity", "marrow_severity")
_OWN_EFFECTS = (effects.LOG_HR_LATERAL_PER_SD, effects.LOG_HR_MARROW_PER_SD)


def simulate_cohort(
    rng: np.random.Generator,
    outcome_rng: np.random.Generator | None = None,
    signal_rng: np.random.Generator | None = None,
) -> pd.DataFrame:
    """Simulate 144 patients with 212 hips.

    Parameters
    ----------
    rng
        Source of randomness.
    outcome_rng
        Source of frailty, collapse and censoring, so that the same hips can meet another fate;
        ``rng`` by default.
    signal_rng
        Source of the severities that only a lateral film and only an MR show, of the same hips;
        None for a cohort of one image, where nothing of the kind exists.

    Returns
    -------
    pandas.DataFrame
        One row per hip: identifiers and side, the clinical variables of Table 1, ``months`` and
        ``collapse``, and the columns named in ``LATENT_COLUMNS``. ``severity`` has mean 0 and
        standard deviation 1 in the population, is independent of the clinical variables, raises
        the hazard and shows in the radiograph. With ``signal_rng``, the columns named in
        ``OWN_SIGNALS`` too: independent of that and of each other, and raising the hazard.
    """
    patients = _patients(rng)
    hips = _hips(patients, rng)
    hips["severity"] = _shared_normal(hips, rng)
    _add_findings(hips, rng)
    own = OWN_SIGNALS if signal_rng is not None else ()
    if signal_rng is not None:
        for name in own:
            hips[name] = _shared_normal(hips, signal_rng)
    fate = rng if outcome_rng is None else outcome_rng
    hips["log_hazard"] = log_hazard(hips, fate)
    _add_outcome(hips, fate)
    return hips[[*_COLUMNS, *own]]


_COLUMNS = [
    "hip_id", "patient_id", "side", "centre", "sex", "age", "bmi", "aetiology", "symptom_duration",
    "laterality", "bisphosphonate", "arco", "jic", "bone_marrow_oedema", "arc_a", "arc_b",
    "combined_necrotic_angle", "necrosis_index", "months", "collapse", *LATENT_COLUMNS,
]  # fmt: skip


def _patients(rng: np.random.Generator) -> pd.DataFrame:
    """One row per patient, in random order: laterality and what both hips share."""
    laterality = np.repeat(
        ["bilateral", "staged", "THA opposite", "unilateral"],
        [
            effects.SIMULTANEOUS_BILATERAL,
            effects.STAGED_BILATERAL,
            effects.CONTRALATERAL_THA,
            effects.UNILATERAL,
        ],
    )
    laterality = rng.permutation(laterality)
    n = len(laterality)
    hips = np.where(np.isin(laterality, ["bilateral", "staged"]), 2, 1)
    male = rng.standard_normal(n)
    # Men drink more; women and the young have more often been given steroids.
    cause = -0.45 * male + 0.89 * rng.standard_normal(n)
    mean, sd, youngest, oldest = effects.AGE_YEARS
    age = mean + sd * (0.97 * rng.standard_normal(n) - 0.2 * cause)
    bmi = effects.BMI_MEDIAN * np.exp(effects.BMI_LOG_SD * rng.standard_normal(n))
    months = np.exp(effects.SYMPTOM_MONTHS_LOG_SD * rng.standard_normal(n))
    months = np.clip(effects.SYMPTOM_MONTHS_MEDIAN * months, 0.5, 48.0)
    return pd.DataFrame(
        {
            "patient_id": [f"{number:03d}" for number in range(1, n + 1)],
            "laterality": laterality,
            "centre": np.where(rng.random(n) < effects.SECOND_CENTRE_SHARE, "south", "north"),
            "sex": cut_by_quota(male, effects.SEX_HIPS, hips),
            "age": np.clip(np.rint(age), youngest, oldest).astype(int),
            "bmi": np.round(np.clip(bmi, 15.5, 40.0), 1),
            "aetiology": cut_by_quota(cause, effects.AETIOLOGY_HIPS, hips),
            "symptom_duration": np.where(months < 1.0, 0.5, np.rint(months)),
            "bisphosphonate": cut_by_quota(
                rng.standard_normal(n), effects.BISPHOSPHONATE_HIPS, hips
            ),
        }
    )


def _hips(patients: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """One row per hip, the right one first."""
    both = patients["laterality"].isin(["bilateral", "staged"]).to_numpy()
    single = np.where(rng.random(len(patients)) < 0.5, "R", "L")
    hips = patients.loc[np.repeat(np.arange(len(patients)), 1 + both)].reset_index(drop=True)
    second = hips["patient_id"].duplicated().to_numpy()
    sides = np.where(both, "R", single)[np.repeat(np.arange(len(patients)), 1 + both)]
    hips["side"] = np.where(second, "L", sides)
    hips.insert(0, "hip_id", hips["patient_id"] + "-" + hips["side"].astype(str))
    hips["operation"] = hips["patient_id"].where(hips["laterality"] != "staged", hips["hip_id"])
    hips["laterality"] = hips["laterality"].replace("staged", "unilateral")
    return hips


def _shared_normal(hips: pd.DataFrame, rng: np.random.Generator) -> FloatArray:
    """Draw a standard normal for each hip, correlated between the hips of a patient."""
    patient = hips["patient_id"].to_numpy()
    _, row = np.unique(patient, return_inverse=True)
    shared = rng.standard_normal(row.max() + 1)[row]
    own = rng.standard_normal(len(hips))
    rho = effects.BETWEEN_HIPS
    return np.asarray(np.sqrt(rho) * shared + np.sqrt(1.0 - rho) * own, dtype=np.float64)


def _add_findings(hips: pd.DataFrame, rng: np.random.Generator) -> None:
    """Stage, oedema, arcs and location, in place."""
    stage = _shared_normal(hips, rng)
    size = _shared_normal(hips, rng)
    oedema = _mix(stage, effects.STAGE_WITH_OEDEMA, _shared_normal(hips, rng))
    common = _mix(stage, effects.STAGE_WITH_ARC, size)
    loading = np.sqrt(effects.ARC_CORRELATION)
    for name in ("arc_a", "arc_b"):
        arc = _mix(common, loading, rng.standard_normal(len(hips)))
        degrees = effects.ARC_DEG_MEAN + effects.ARC_DEG_SD * arc
        hips[name] = np.clip(np.rint(degrees), 20, 180).astype(int)
    location = _mix(common, effects.LOCATION_WITH_ARC, rng.standard_normal(len(hips)))
    hips["arco"] = cut_by_quota(stage, effects.ARCO_HIPS)
    hips["bone_marrow_oedema"] = cut_by_quota(oedema, effects.OEDEMA_HIPS)
    hips["jic"] = cut_by_quota(location, effects.JIC_HIPS)
    hips["combined_necrotic_angle"] = hips["arc_a"] + hips["arc_b"]
    index = hips["arc_a"] / 180.0 * hips["arc_b"] / 180.0 * 100.0
    hips["necrosis_index"] = index.round(1)


def _mix(first: FloatArray, correlation: float, second: FloatArray) -> FloatArray:
    """Return a standard normal that has the given correlation with ``first``."""
    return np.asarray(correlation * first + np.sqrt(1.0 - correlation**2) * second)


def cut_by_quota(
    score: FloatArray, quota: Mapping[str, int], weights: npt.ArrayLike | None = None
) -> npt.NDArray[np.str_]:
    """Cut a latent score into levels so that each gets its number of hips.

    Parameters
    ----------
    score
        Latent scores, shape (n,).
    quota
        Hips at each level, lowest scores first; they sum to the weights' sum.
    weights
        Hips that each score stands for; 1 by default. A patient with two hips is never split,
        so a quota may be missed by one.
    """
    hips = np.ones(len(score)) if weights is None else np.asarray(weights, dtype=np.float64)
    order = np.argsort(score, kind="stable")
    middle = np.cumsum(hips[order]) - hips[order] / 2.0
    upper = np.cumsum(list(quota.values()))
    levels = np.array(list(quota))
    cut = np.empty(len(score), dtype=levels.dtype)
    cut[order] = levels[np.searchsorted(upper[:-1], middle, side="left")]
    return cut


def log_hazard(hips: pd.DataFrame, rng: np.random.Generator) -> FloatArray:
    """Log hazard ratio of each hip: Table 2's effects, severity, and the patient's frailty."""
    angle = hips["combined_necrotic_angle"].to_numpy(dtype=np.float64)
    angle_sd = effects.ARC_DEG_SD * np.sqrt(2.0 + 2.0 * effects.ARC_CORRELATION)
    _, patient = np.unique(hips["patient_id"].to_numpy(), return_inverse=True)
    frailty = effects.FRAILTY_SD * rng.standard_normal(patient.max() + 1)
    total = (
        hips["arco"].map(effects.LOG_HR_ARCO).to_numpy(dtype=np.float64)
        + effects.LOG_HR_OEDEMA * (hips["bone_marrow_oedema"] == "yes").to_numpy()
        + effects.LOG_HR_ANGLE_PER_SD * (angle - 2.0 * effects.ARC_DEG_MEAN) / angle_sd
        + hips["aetiology"].map(effects.LOG_HR_AETIOLOGY).to_numpy(dtype=np.float64)
        + effects.LOG_HR_SEVERITY_PER_SD * hips["severity"].to_numpy(dtype=np.float64)
        + frailty[patient]
    )
    for name, effect in zip(OWN_SIGNALS, _OWN_EFFECTS, strict=True):
        if name in hips:
            total = total + effect * hips[name].to_numpy(dtype=np.float64)
    return np.asarray(total, dtype=np.float64)


def _add_outcome(hips: pd.DataFrame, rng: np.random.Generator) -> None:
    """Months of follow-up, to a tenth, and whether they ended in collapse; in place."""
    shortest = effects.SHORTEST_FOLLOW_UP_MONTHS
    exponential = rng.standard_exponential(len(hips)) / np.exp(hips["log_hazard"].to_numpy())
    collapse_time = shortest + effects.BASELINE_SCALE_MONTHS * exponential ** (
        1.0 / effects.BASELINE_SHAPE
    )
    _, operation = np.unique(hips["operation"].to_numpy(dtype=str), return_inverse=True)
    scale = (effects.CENSORING_MEAN_MONTHS - shortest) / effects.CENSORING_SHAPE
    observed = rng.gamma(effects.CENSORING_SHAPE, scale, operation.max() + 1)
    censoring_time = np.minimum(shortest + observed[operation], effects.LAST_REVIEW_MONTHS)
    months = np.minimum(collapse_time, censoring_time)
    hips["months"] = np.maximum(np.round(months, 1), shortest)
    hips["collapse"] = (collapse_time <= censoring_time).astype(int)
