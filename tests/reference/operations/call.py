"""What scripts ask of PyRadiomics' classes of features and operations on images.

``answers`` takes the package: PyRadiomics 3.0.1 (NumPy 1.26) wrote expected.json, in this folder:
python call.py. A test gives it Trephine's package of the same names.
"""

import json
import logging

import numpy as np
import SimpleITK as sitk  # noqa: N813

SPACING, ORIGIN = (0.8, 0.9, 2.0), (5.0, -3.0, 10.0)


def itk(values, spacing=SPACING, origin=ORIGIN):
    image = sitk.GetImageFromArray(values)
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    return image


def made():
    """Return a volume and its mask, of label 2, by formula."""
    z, y, x = np.indices((11, 15, 16)).astype(float)
    grey = 60 * np.sin(0.9 * x + 0.3 * z) * np.cos(0.7 * y) + 30 * np.sin(1.7 * y - x) - 4 * z
    away = ((z - 5) / 4) ** 2 + ((y - 7.2) / 5) ** 2 + ((x - 8.1) / 5.5) ** 2
    return itk(np.round(grey).astype(np.int16)), itk(2 * (away < 1).astype(np.uint8))


def told(image):
    """Return a few numbers by which an image is known."""
    pixels = sitk.GetArrayFromImage(image).astype(float)
    places = pixels.ravel()[:: max(pixels.size // 17, 1)]
    place = [list(image.GetSize()), list(image.GetSpacing()), list(image.GetOrigin())]
    return [*place, [pixels.mean(), (pixels**2).mean()], places.tolist()]


def operations(package, image, mask):
    ops = package.imageoperations
    label = {"label": 2}
    box, corrected = ops.checkMask(image, mask, **label)
    aside = itk(np.repeat(sitk.GetArrayFromImage(mask), 2, 0), (0.8, 0.9, 1.0))
    _, placed = ops.checkMask(image, aside, correctMask=True, **label)
    found = {"box": np.asarray(box).tolist(), "corrected": corrected, "placed": told(placed)}
    found["crop"] = [told(i) for i in ops.cropToTumorMask(image, mask, box)]
    found["padded"] = [told(i) for i in ops.cropToTumorMask(image, mask, box, padDistance=2)]
    for spacing in ([1.0, 1.0, 1.5], [0.8, 0.9, 2.0]):
        pair = ops.resampleImage(image, mask, resampledPixelSpacing=spacing, **label)
        found[f"resampled {spacing}"] = [told(i) for i in pair]
    found["normal"] = told(ops.normalizeImage(image, normalizeScale=10, removeOutliers=1.5))
    for mode, ends in (("absolute", [-20, 40]), ("relative", [0.1]), ("sigma", [-1, 1])):
        kept = ops.resegmentMask(image, mask, resegmentRange=ends, resegmentMode=mode, **label)
        found[f"resegmented {mode}"] = told(kept)
    pixels, inside = sitk.GetArrayFromImage(image), sitk.GetArrayFromImage(mask) == 2
    for given in ({"binWidth": 12}, {"binCount": 7}):
        levels, edges = ops.binImage(pixels, inside, **given)
        found[f"bins {given}"] = [np.asarray(edges).tolist(), levels[inside][::40].tolist()]
    found["labels"] = told(ops.getMask(mask, **label))
    return found


def filters(package, image, mask):
    given = {
        "LoG": {"sigma": [1.0, 2.5]},
        "Wavelet": {"wavelet": "haar", "level": 2},
        "LBP2D": {"force2D": True},
        "LBP3D": {"label": 2},
    }
    found = {}
    for kind in package.getImageTypes():
        filtered = getattr(package.imageoperations, f"get{kind}Image")
        for derived, name, _ in filtered(image, mask, **given.get(kind, {})):
            pixels = sitk.GetArrayFromImage(derived).astype(float)
            if kind == "LBP3D":  # PyRadiomics leaves what is outside as the memory was
                pixels[sitk.GetArrayFromImage(mask) != 2] = 0
            found[name] = told(itk(pixels))
    return found


def classes(package, image, mask):
    settings = {"binWidth": 12, "label": 2, "resampledPixelSpacing": None, "interpolator": 3}
    found = {}
    for family, kind in package.getFeatureClasses().items():
        pair = (image[:, :, 5], mask[:, :, 5]) if family == "shape2D" else (image, mask)
        made_of = kind(*pair, **settings)
        made_of.enableAllFeatures()
        values = {name: float(value) for name, value in made_of.execute().items()}
        found[family] = dict(sorted(values.items()))
    maps = package.firstorder.RadiomicsFirstOrder(
        image, mask, label=2, binWidth=12, voxelBased=True, kernelRadius=1
    )
    maps.enableFeatureByName("Mean")
    maps.enableFeatureByName("Entropy")
    found["maps"] = {name: told(value) for name, value in sorted(maps.execute().items())}
    return found


def answers(package):
    image, mask = made()
    return {
        "operations": operations(package, image, mask),
        "filters": filters(package, image, mask),
        "classes": classes(package, image, mask),
    }


def main():
    import radiomics
    from radiomics import imageoperations  # noqa: F401 - made known to the package

    radiomics.setVerbosity(logging.ERROR)
    radiomics.getFeatureClasses()
    with open("expected.json", "w") as file:
        json.dump(answers(radiomics), file, indent=0)


if __name__ == "__main__":
    main()
