"""What the simulation assumes: how many, how often, how strongly. Every effect size is here.

The counts and quartiles are those of Table 1 of Liu et al. 2025 (BMC Med Inform Decis Mak), the
hazard ratios those of its Table 2. Three of its numbers need reading with care:

- 144 patients with 212 hips are 68 patients with two hips, but the laterality row counts 132
  "bilateral" hips. Both hold if two of the 68 had their hips drilled at separate operations,
  each recorded as unilateral.
- Table 2 gives ARCO II a ratio of 0.70 and IIIA one of 2.12 although Table 1 has more collapses
  at II than at I. Both hold when each ratio compares a stage with all others; a ratio of 1 for II
  and 2.12 for IIIA, both against I, gives that.
- The printed necrosis index is A*B/100. Here it follows the stated formula.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Final

# --- who -------------------------------------------------------------------------------------
SIMULTANEOUS_BILATERAL: Final = 66
STAGED_BILATERAL: Final = 2
CONTRALATERAL_THA: Final = 23
UNILATERAL: Final = 53
SECOND_CENTRE_SHARE: Final = 0.25

# Hips at each level (Table 1), in the order of the latent scale that they cut.
SEX_HIPS: Final = {"female": 42, "male": 170}
BISPHOSPHONATE_HIPS: Final = {"no": 115, "yes": 97}
AETIOLOGY_HIPS: Final = {"alcohol": 33, "idiopathic": 121, "corticosteroid": 58}
ARCO_HIPS: Final = {"I": 49, "II": 108, "IIIA": 55}
OEDEMA_HIPS: Final = {"no": 83, "yes": 129}
JIC_HIPS: Final = {"B": 15, "C1": 67, "C2": 130}

AGE_YEARS: Final = (41.3, 11.4, 18.0, 75.0)  # mean, sd, youngest, oldest
BMI_MEDIAN: Final = 23.71
BMI_LOG_SD: Final = 0.139
SYMPTOM_MONTHS_MEDIAN: Final = 2.2
SYMPTOM_MONTHS_LOG_SD: Final = 1.15
# Arcs A and B: sd and correlation that give A + B = 211.5 (44.6) and E[AB]/100 = 114.9.
ARC_DEG_MEAN: Final = 105.8
ARC_DEG_SD: Final = 26.6
ARC_CORRELATION: Final = 0.42

# Correlations between latent scales of one hip, and between the two hips of a patient.
STAGE_WITH_OEDEMA: Final = 0.15
STAGE_WITH_ARC: Final = 0.10
LOCATION_WITH_ARC: Final = 0.55
BETWEEN_HIPS: Final = 0.35

# --- how fast they collapse: log hazard ratios -------------------------------------------------
# A ratio in the clinical model that a reader can fit is smaller than the true one, because severity
# and frailty are left out and the angle is cut in two; the factors make up for most of that.
LOG_HR_ARCO: Final = {"I": 0.0, "II": 0.0, "IIIA": 1.02 * log(2.12)}
LOG_HR_OEDEMA: Final = 1.04 * log(2.13)
# 2.41 above against below the median; the halves of a normal variable lie 1.6 sd apart.
LOG_HR_ANGLE_PER_SD: Final = 1.20 * log(2.41) / 1.6
LOG_HR_AETIOLOGY: Final = {"alcohol": -0.35, "idiopathic": 0.0, "corticosteroid": 0.20}
LOG_HR_SEVERITY_PER_SD: Final = 1.00
# What only the lateral film and only the MR show, where the demonstration draws several images. The
# lateral's was raised from 0.80, at which a report did not find it: the demonstration shows what a
# gain looks like, and is no evidence that one is found.
LOG_HR_LATERAL_PER_SD: Final = 1.10
LOG_HR_MARROW_PER_SD: Final = 1.00
FRAILTY_SD: Final = 0.35

# --- when ------------------------------------------------------------------------------------
SHORTEST_FOLLOW_UP_MONTHS: Final = 6.0
# Weibull baseline from the shortest follow-up on.
BASELINE_SHAPE: Final = 2.22
BASELINE_SCALE_MONTHS: Final = 82.5
# End of observation: the shortest follow-up plus a gamma variable, one draw per operation.
CENSORING_SHAPE: Final = 2.7
CENSORING_MEAN_MONTHS: Final = 38.9
LAST_REVIEW_MONTHS: Final = 96.0

# --- what the radiograph shows -----------------------------------------------------------------
# A sign's strength is what its stage allows, shifted by severity and by chance of its own. MRI
# finds stage I on radiographs that look next to normal; the crescent and the flattening (below
# 2 mm) define IIIA.
STAGE_VISIBILITY: Final = {"I": 0.35, "II": 0.85, "IIIA": 1.0}


@dataclass(frozen=True)
class Sign:
    """How strong a radiographic sign is: mean + severity * z + chance * noise, clipped."""

    mean: float
    severity: float
    chance: float
    low: float
    high: float


# Severity outweighs chance in each, so that a rater's outline matters less than the hip.
BAND_LOG_MM: Final = Sign(log(3.0), 0.42, 0.25, log(0.6), log(9.0))
LUCENCY: Final = Sign(0.20, 0.09, 0.05, 0.0, 0.50)
MOTTLING: Final = Sign(0.12, 0.045, 0.03, 0.02, 0.26)
PATTERN_LOSS: Final = Sign(0.50, 0.18, 0.13, 0.0, 0.95)
CRESCENT: Final = Sign(0.45, 0.15, 0.12, 0.15, 0.85)
FLATTENING_MM: Final = Sign(1.0, 0.40, 0.25, 0.2, 1.9)
# The whole head, at every stage: pattern and density fade with severity.
LOG_PATTERN: Final = Sign(-0.03, -0.20, 0.10, -0.7, 0.42)
LOG_DENSITY: Final = Sign(0.0, -0.06, 0.05, -0.3, 0.3)

# --- who drew the outlines ---------------------------------------------------------------------
REPEAT_PATIENTS: Final = 30

# --- what the MR shows -------------------------------------------------------------------------
# T1 signal, that of fatty marrow being 1; necrosis keeps the signal of fat until it is replaced.
MARROW_LOSS: Final = Sign(0.28, 0.13, 0.05, 0.0, 0.75)
MARROW_MOTTLING: Final = Sign(0.10, 0.04, 0.02, 0.02, 0.24)
MARROW_BAND_MM: Final = Sign(1.6, 0.40, 0.25, 0.6, 3.2)
OEDEMA_LOSS: Final = 0.22
