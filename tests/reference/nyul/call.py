"""Nyul's standard scale by intensity-normalization 3.0.1 (Apache-2.0), on images made by formula.

Run in this folder, in an environment of its own: pip install intensity-normalization==3.0.1
"""

import json
from importlib.metadata import version

import numpy as np
from intensity_normalization.adapters.images import create_image
from intensity_normalization.normalizers.population.nyul import NyulNormalizer


def made(number: int) -> np.ndarray:
    """Return a bright ball with ripples on a dark ground, of its own brightness and contrast."""
    z, y, x = np.indices((6, 24, 20)).astype(float)
    away = ((z - 2.5) / 4) ** 2 + ((y - 12) / 10) ** 2 + ((x - 10) / 8) ** 2
    ripples = np.sin(0.7 * x + number) + np.cos(0.5 * y) + 0.3 * z
    return np.where(away < 1, 200 + 40 * number + (20 + 7 * number) * ripples, 10 + ripples)


images = [made(number) for number in range(5)]
masks = [create_image((image > image.mean()).astype(float)) for image in images]
nyul = NyulNormalizer()
nyul.fit_population([create_image(image) for image in images[:4]], masks[:4])
mapped = nyul.transform(create_image(images[4]), masks[4]).get_data()
found = {
    "_versions": f"intensity-normalization {version('intensity-normalization')}",
    "scale": nyul.standard_scale.tolist(),
    "mapped": {
        ",".join(map(str, at)): float(mapped[at])
        for at in [
            (0, 0, 0),
            (2, 12, 10),
            (3, 8, 12),
            (1, 15, 7),
            (4, 12, 13),
            (2, 5, 10),
            (5, 23, 19),
        ]
    },
    "mean": float(mapped.mean()),
}
with open("expected.json", "w") as file:
    json.dump(found, file, indent=1)
    file.write("\n")
