"""Maps of deep signatures: of each image of a case, of a volume's slice, or none and no refusal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from study.bundle_contexts import context_of
from trephine.deep.embed import Embedder
from trephine.deep.settings import DeepSettings
from trephine.errors import InputError
from trephine.imaging import write_nifti
from trephine.modelling.prediction import Predictor
from trephine.modelling.signature import Signature
from trephine.study.image_plans import DEEP, set_name
from trephine.study.locked import NewCase
from trephine.study.locked.context import ExtractionContext
from trephine.study.locked.model import LockedModel
from trephine.study.locked.saliency import (
    case_map,
    draw_saliency,
    drawable,
    saliency_pictures,
)
from trephine.types import Geometry, Image, Mask

SMALL = DeepSettings(weights="random:0", input_size=32)
SHAPES = {"ap": (40, 48), "t1": (5, 40, 48)}


def signature(name: str, seed: int) -> Signature:
    names = Embedder(SMALL).feature_names
    weights = np.random.default_rng(seed).normal(size=len(names))
    one = np.ones(len(names))
    return Signature(name, names, weights, 0 * one, one, -np.inf * one, np.inf * one, 4.0)


def model_of(images: dict[str, DeepSettings]) -> LockedModel:
    """Return a model with a deep signature of each image; of one without a name, the only one."""
    names = {key: set_name(key, DEEP) for key in images}
    signatures = {name: signature(name, seed) for seed, name in enumerate(names.values())}
    nothing = dict(ExtractionContext.of_nothing())
    known = {"mask_label": 1, "weights_sha256": Embedder(SMALL).record.weights.sha256}
    contexts = {
        key: ExtractionContext(**{**nothing, **known, "deep": deep}) for key, deep in images.items()
    }
    context = context_of(deep=images.get(""), **known)
    if "" not in images:
        context = context.model_copy(update={"images": contexts})
    return LockedModel(Predictor(signatures, {}, None, {}), context, "# Card\n")


@pytest.fixture
def files(tmp_path: Path) -> dict[str, tuple[Path, Path]]:
    """An image and a region for each name."""
    rng = np.random.default_rng(3)
    found = {}
    for name, shape in SHAPES.items():
        grid = Geometry.plain((1.0,) * len(shape))
        region = np.zeros(shape, np.uint8)
        region[..., 8:30, 10:40] = 1
        if len(shape) == 3:
            region[[0, 1, 3, 4]] = 0
        pair = tmp_path / f"{name}.nii.gz", tmp_path / f"{name}-mask.nii.gz"
        write_nifti(Image(rng.normal(100, 20, shape), grid), pair[0])
        write_nifti(Mask(region, grid), pair[1])
        found[name] = pair
    return found


def case_of(files: dict[str, tuple[Path, Path]]) -> NewCase:
    return NewCase(
        images={name: pair[0] for name, pair in files.items()},
        masks={name: pair[1] for name, pair in files.items()},
    )


def test_each_image_of_a_case_has_its_map(files, tmp_path) -> None:
    model = model_of({"ap": SMALL, "t1": SMALL})
    written = draw_saliency(model, case_of(files), tmp_path / "seen.png")
    assert [path.name for path in written] == ["seen-ap.png", "seen-t1.png"]
    for path in written:  # of the volume, the slice that the network saw
        with Picture.open(path) as drawn:
            assert drawn.size == (48, 40)
    alone = model_of({"": SMALL})
    one = replace(NewCase(), image=files["ap"][0], mask=files["ap"][1])
    assert draw_saliency(alone, one, tmp_path / "one.png") == [tmp_path / "one.png"]
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "seen-ap.png").read_bytes()


def test_the_map_of_a_volume_lies_in_one_slice(files) -> None:
    model = model_of({"t1": SMALL})
    volume = Image(np.arange(np.prod(SHAPES["t1"]), dtype=float).reshape(SHAPES["t1"]),
                   Geometry.plain((1.0, 1.0, 1.0)))  # fmt: skip
    region = np.zeros(SHAPES["t1"], bool)
    region[2, 8:30, 10:40] = True
    found = case_map(
        Embedder(SMALL), model.predictor.signatures[set_name("t1", DEEP)], volume, region, None
    )
    assert found.window.slice_index == 2
    assert found.values.any(axis=(1, 2)).tolist() == [False, False, True, False, False]


def test_an_image_that_the_case_lacks_has_no_map(files) -> None:
    model = model_of({"ap": SMALL, "t1": SMALL})
    case = case_of({"ap": files["ap"]})
    assert list(saliency_pictures(model, case)) == ["ap"]
    assert list(saliency_pictures(model, case_of(files), {set_name("t1", DEEP)})) == ["t1"]


def test_features_without_maps_are_no_reason_to_refuse_a_prediction(files) -> None:
    """A prediction asks what can be drawn; who wants a map is told that there is none."""
    several = SMALL.model_copy(update={"slices": "all"})
    model = model_of({"ap": several})
    assert drawable(model) == {}
    with pytest.raises(InputError, match="a ResNet's features of one slice"):
        saliency_pictures(model, case_of({"ap": files["ap"]}))
    assert drawable(model_of({"ap": several, "t1": SMALL})) == {"t1": set_name("t1", DEEP)}
