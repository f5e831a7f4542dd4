"""PyRadiomics' features of regions derived from drawn ones, on an MR and a CT made by formula.

The ring, its rim and the head without the lesion are made here voxel by voxel, by the definition:
each voxel's distance to every voxel on the other side. Run in this folder with PyRadiomics 3.0.1
and NumPy 1.26: python call.py
"""

import json

import numpy as np
import SimpleITK as sitk  # noqa: N813
from radiomics.featureextractor import RadiomicsFeatureExtractor

import radiomics

SHAPE, SPACING = (8, 22, 24), (2.5, 0.9, 0.8)
A, B = 0.3, -0.2
TURN = np.array([[1, 0, 0], [0, np.cos(A), -np.sin(A)], [0, np.sin(A), np.cos(A)]]) @ np.array(
    [[np.cos(B), 0, np.sin(B)], [0, 1, 0], [-np.sin(B), 0, np.cos(B)]]
)


def grey(kind):
    """Return grey values of an MR (positive) or a CT (HU)."""
    z, y, x = np.indices(SHAPE).astype(float)
    waves = np.sin(1.3 * x + 0.4 * z) * np.cos(0.9 * y) + 0.5 * np.sin(2.1 * y - x)
    tissue = 40 * np.exp(-((x - 12) ** 2 + (y - 11) ** 2 + 6 * (z - 4) ** 2) / 60)
    if kind == "MR":
        return np.round(400 + 60 * waves + 3 * tissue, 3)
    return np.round(-50 + 150 * waves + 8 * tissue)


def drawn():
    """Return the head with the lesion in it, both as they were drawn."""
    z, y, x = np.indices(SHAPE).astype(float)
    away = ((z - 3.6) * 2.5) ** 2 + ((y - 10.7) * 0.9) ** 2 + ((x - 12.2) * 0.8) ** 2
    inner = ((z - 4.1) * 2.5) ** 2 + ((y - 9.2) * 0.9) ** 2 + ((x - 13.4) * 0.8) ** 2
    return away < 62, inner < 12


def near(points, others, reach):
    """Say which points lie within a distance of any other, all in voxels."""
    apart = (points[:, None, :] - others[None, :, :]) * np.array(SPACING)
    return (np.sqrt((apart**2).sum(axis=2)) <= reach).any(axis=1)


def derived():
    head, lesion = drawn()
    ring, rim = np.zeros(SHAPE, bool), np.zeros(SHAPE, bool)
    inside, outside = np.argwhere(lesion), np.argwhere(~lesion)
    ring[tuple(outside[near(outside, inside, 3.1)].T)] = True
    rim[tuple(inside[near(inside, outside, 1.3)].T)] = True
    return {"ring": ring & head, "rim": rim, "healthy": head & ~lesion}


def itk(values):
    image = sitk.GetImageFromArray(values)
    image.SetSpacing(SPACING[::-1])
    image.SetOrigin((3.0, -20.0, 11.0))
    image.SetDirection(TURN.ravel().tolist())
    return image


found = {"_versions": f"PyRadiomics {radiomics.__version__}, NumPy {np.__version__}"}
for kind, width in (("MR", 20.0), ("CT", 40.0)):
    extractor = RadiomicsFeatureExtractor(binWidth=width, additionalInfo=False)
    extractor.disableAllFeatures()
    for family in ("shape", "firstorder", "glcm", "glszm"):
        extractor.enableFeatureClassByName(family)
    for name, region in derived().items():
        values = extractor.execute(itk(grey(kind)), itk(region.astype(np.uint8)))
        found[f"{kind} {name}"] = {
            "voxels": int(region.sum()),
            "features": {key: float(value) for key, value in values.items()},
        }
with open("expected.json", "w") as file:
    json.dump(found, file, indent=0)
    file.write("\n")
