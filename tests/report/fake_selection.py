"""Made-up selection, agreement and pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from trephine.facts import (
    AgreementFacts,
    CoefficientPath,
    CorrelationFacts,
    EstimateFact,
    IccFacts,
    LassoFacts,
    Outline,
    OverlapFacts,
    PartShare,
    PictureFacts,
    SelectedFeature,
    SelectionFacts,
    SelectionStep,
    ShortFeature,
    ShortSignature,
    SpreadFact,
)
from trephine.facts.selection import RivalFacts


def lasso(rng: np.random.Generator, features: int, entering: int, name: str) -> LassoFacts:
    penalties = np.exp(np.linspace(np.log(0.21), np.log(0.0021), 100))
    starts = np.sort(rng.integers(0, 95, entering))
    slopes = rng.normal(scale=0.25, size=entering)
    position = np.arange(100)
    paths = [
        slope * np.clip((position - start) / 60, 0, None) ** 0.8
        for start, slope in zip(starts, slopes, strict=True)
    ]
    best = 38
    deviance = 10.05 + 0.00012 * (position - best) ** 2 * np.where(position < best, 0.9, 1.6)
    nonzero = (position[None] > starts[:, None]).sum(0)
    return LassoFacts(
        mixture=1.0,
        folds=10,
        features=features,
        penalties=penalties,
        deviance=deviance,
        deviance_se=np.full(100, 0.21),
        nonzero=nonzero,
        lambda_min=penalties[best],
        lambda_1se=penalties[4],
        chosen=penalties[best],
        paths=tuple(
            CoefficientPath(feature=f"{name}_{k}", coefficients=path)
            for k, path in enumerate(paths)
        ),
    )


RADIOMIC = (
    ("wavelet-LH_glcm_JointEntropy", "GLCM", "wavelet-LH", "TU9B", "Joint entropy"),
    ("log-sigma-3-0-mm-2D_firstorder_Skewness", "First order", "LoG 3 mm", "KE2A", "Skewness"),
    ("original_shape2D_Sphericity", "Shape", "original", "QCFX", "Sphericity"),
    ("wavelet-HL_glrlm_RunEntropy", "GLRLM", "wavelet-HL", "HJ9O", "Run entropy"),
    ("original_glszm_ZonePercentage", "GLSZM", "original", "P30P", "Zone percentage"),
    ("square_firstorder_Kurtosis", "First order", "square", "IPH6", "Kurtosis"),
    ("gradient_gldm_DependenceVariance", "GLDM", "gradient", "7WT1", "Dependence variance"),
    ("wavelet-HH_ngtdm_Coarseness", "NGTDM", "wavelet-HH", "QCDE", "Coarseness"),
)


def selection(rng: np.random.Generator, protocol: str, feature_set: str) -> SelectionFacts:
    deep = feature_set == "DL"
    extracted = 512 if deep else 930
    if protocol == "published":
        counts = (extracted, extracted - 4, extracted - 4, 402, 61, 34)
    else:
        counts = (extracted, extracted - 4, extracted - 4, 402, 402, 170)
    names = (
        ("complete and not constant", "no missing value, variance > 0", ""),
        ("z-score", "mean 0, variance 1", ""),
        ("ICC between and within raters", "ICC >= 0.75", ""),
        (
            "Mann-Whitney U" if protocol == "published" else "relevance filter",
            "p < 0.05" if protocol == "published" else "",
            "" if protocol == "published" else "off under this protocol",
        ),
        ("Pearson correlation", "|r| <= 0.9", "the feature with the lower p is kept"),
    )
    kept = 12 if not deep else 14
    steps = [
        SelectionStep(name=n, threshold=t, note=note, features_in=a, features_out=b)
        for (n, t, note), a, b in zip(names, counts, counts[1:], strict=False)
    ]
    steps.append(
        SelectionStep(
            name="LASSO-Cox, tenfold",
            threshold="non-zero at lambda_min",
            features_in=counts[-1],
            features_out=kept,
        )
    )
    weights = sorted(rng.normal(scale=0.22, size=kept), key=abs, reverse=True)
    chosen = []
    for k, weight in enumerate(weights):
        name, family, image, code, title = (
            (f"resnet18_avgpool_{37 * k + 5:03d}", "deep", "crop 224 x 224", "", "")
            if deep
            else RADIOMIC[k % 8]
        )
        if not deep and k >= 8:
            name, image = name.replace("wavelet-LH", "exponential") + f"_{k}", "exponential"
        chosen.append(
            SelectedFeature(
                name=name,
                weight=weight,
                centre=1.2 * k,
                scale=0.8,
                family=family,
                image_type=image,
                ibsi_code=code,
                ibsi_name=title,
                definition="" if deep else "How irregular the grey levels of neighbours are.",
                stability=float(np.clip(0.95 - 0.06 * k, 0.08, 1)),
                same_sign=float(np.clip(0.94 - 0.06 * k, 0.08, 1)),
                weights=SpreadFact(low=weight - 0.3, high=weight + 0.3),
            )
        )
    return SelectionFacts(
        feature_set=feature_set,
        protocol=protocol,
        extracted=extracted,
        steps=tuple(steps),
        lasso=lasso(rng, counts[-1], 26 if deep else 22, feature_set.lower()),
        selected=tuple(chosen),
        resamples=100,
        selected_per_resample=EstimateFact(value=11, low=2, high=27),
        families=() if deep else shares(FAMILY_SHARES),
        image_types=() if deep else shares(IMAGE_SHARES),
        short=short_reading(chosen) if protocol == "sound" else None,
        rivals=rivals() if protocol == "sound" else (),
    )


FAMILY_SHARES = {"GLCM": 0.41, "First order": 0.33, "GLRLM": 0.18, "Shape": 0.1, "GLDM": -0.02}
IMAGE_SHARES = {"Wavelet": 0.62, "Laplacian of Gaussian": 0.27, "Original": 0.11}


def shares(parts: Mapping[str, float]) -> tuple[PartShare, ...]:
    return tuple(PartShare(part=p, features=3 + len(p), share=share) for p, share in parts.items())


def short_reading(whole: Sequence[SelectedFeature]) -> ShortSignature:
    return ShortSignature(
        features=tuple(
            ShortFeature(name=row.name, weight=row.weight, explained=1 - 0.6 * 0.7**k)
            for k, row in enumerate(whole[:5])
        ),
        n_short=5,
        n_long=len(whole),
        r_squared=1 - 0.6 * 0.7**4,
        c_long=EstimateFact(value=0.683, low=0.61, high=0.756),
        c_short=EstimateFact(value=0.674, low=0.6, high=0.748),
        c_lost=EstimateFact(value=0.009, low=-0.004, high=0.022),
    )


def rivals() -> tuple[RivalFacts, ...]:
    own = EstimateFact(value=0.683, low=0.61, high=0.756)
    return (
        RivalFacts(
            learner="Ridge",
            repeats=10,
            concordance=EstimateFact(value=0.671, low=0.596, high=0.746),
            own=own,
            gained=EstimateFact(value=0.012, low=-0.006, high=0.03),
        ),
        RivalFacts(
            learner="Elastic net",
            repeats=2,
            concordance=EstimateFact(value=0.655, low=0.578, high=0.732),
            own=EstimateFact(value=0.68, low=0.607, high=0.753),
            gained=EstimateFact(value=0.025, low=-0.011, high=0.061),
        ),
    )


def correlation(rng: np.random.Generator, features: Sequence[SelectionFacts]) -> CorrelationFacts:
    names = [f.name for s in features for f in s.selected]
    sets = [s.feature_set for s in features for f in s.selected]
    draw = rng.normal(size=(212, len(names))) + 0.5 * rng.normal(size=(212, 1))
    return CorrelationFacts(
        protocol=features[0].protocol,
        features=tuple(names),
        feature_sets=tuple(sets),
        matrix=np.corrcoef(draw.T),
    )


def agreement(rng: np.random.Generator) -> AgreementFacts:
    edges = np.linspace(0, 1, 21)

    def icc(feature_set: str, who: str, n: int) -> IccFacts:
        values = np.clip(1 - rng.gamma(1.4, 0.13, n), 0, 0.9999)
        return IccFacts(
            feature_set=feature_set,
            comparison=who,
            form="ICC(2,1), absolute agreement",
            cases=212 if "b" in who else 44,
            features=n,
            threshold=0.75,
            kept=int((values >= 0.75).sum()),
            bin_edges=edges,
            bin_counts=np.histogram(values, edges)[0],
        )

    whos = ("rater a and rater b", "rater a twice")
    return AgreementFacts(
        icc=tuple(icc(s, w, n) for s, n in (("Radiomics", 926), ("DL", 508)) for w in whos),
        overlap=(
            OverlapFacts(
                comparison=whos[0],
                cases=212,
                dice_median=0.941,
                dice_q1=0.921,
                dice_q3=0.956,
                dice_lowest=0.842,
                hd95_median_mm=2.4,
            ),
            OverlapFacts(
                comparison=whos[1], cases=44, dice_median=0.957, dice_q1=0.944, dice_q3=0.967
            ),
        ),
    )


def pictures(folder: Path, rng: np.random.Generator) -> tuple[PictureFacts, ...]:
    """Two heads in fog, with outlines and a heat map."""
    folder.mkdir(parents=True, exist_ok=True)
    rows, columns = 300, 420
    y, x = np.mgrid[:rows, :columns]
    grey = 60 + 25 * np.sin(x / 60) + 8 * rng.normal(size=(rows, columns))
    for cx in (110, 310):
        head = (x - cx) ** 2 + (y - 140) ** 2 < 62**2
        grey = np.where(head, grey + 95, grey)
    picture = Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))
    ImageDraw.Draw(picture).rectangle((0, 0, columns, 6), fill=0)
    picture.save(folder / "radiograph.png")
    heat = (
        128
        + 110 * np.exp(-((x - 128) ** 2 + (y - 110) ** 2) / 600)
        - 70 * np.exp(-((x - 95) ** 2 + (y - 165) ** 2) / 500)
    )
    Image.fromarray(np.clip(heat, 0, 255).astype(np.uint8)).save(folder / "saliency.png")

    def circle(cx: float, cy: float, r: float, wobble: float) -> np.ndarray:
        turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
        radius = r + wobble * np.sin(5 * turn)
        return np.column_stack([cy + radius * np.sin(turn), cx + radius * np.cos(turn)])

    outlines = tuple(
        Outline(rater=rater, label=label, points=circle(cx + shift, 140, 60 + shift, 2 + shift))
        for rater, shift in (("a", 0.0), ("b", 2.5))
        for cx, label in ((110, "right hip"), (310, "left hip"))
    )
    return (
        PictureFacts(
            type="radiograph",
            file="radiograph.png",
            caption="Pelvic radiograph of one patient with both raters' regions.",
            spacing_mm=0.6,
            outlines=outlines,
            dice=0.947,
        ),
        PictureFacts(
            type="saliency",
            file="radiograph.png",
            heat_file="saliency.png",
            caption="Where the DL signature of one hip comes from.",
            spacing_mm=0.6,
            outlines=outlines[:1],
            heat_limit=0.021,
        ),
    )
