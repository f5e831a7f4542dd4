"""The words by which a study file says what its images are, and what may contradict the table."""

from __future__ import annotations

from typing import Literal

# What made an image; a file that does not say so is taken at the plan's word.
ImagingModality = Literal["film", "CT", "MR"]
# How a radiograph shows the patient.
RadiographView = Literal["frontal", "lateral"]

# What in images and masks may contradict the table, each to be accepted by its name.
Acceptable = Literal[
    "sides", "regions", "images", "patient", "sex", "age", "dates", "view", "orientation"
]
