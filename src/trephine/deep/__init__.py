"""Deep features: backbones, their weights, the crop they see and what they looked at.

Nothing here imports torch before it is used: ``Embedder`` raises ``MissingExtraError`` where the
extra ``deep`` is not installed. A confined process imports the few modules that it needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trephine.face import open_face

if TYPE_CHECKING:
    from trephine.deep.crop import Crop as Crop
    from trephine.deep.crop import Framing as Framing
    from trephine.deep.crop import Window as Window
    from trephine.deep.crop import region_crop as region_crop
    from trephine.deep.embed import Embedder as Embedder
    from trephine.deep.embed import EmbedderRecord as EmbedderRecord
    from trephine.deep.finetune import FineTuned as FineTuned
    from trephine.deep.finetune import finetune_last_block as finetune_last_block
    from trephine.deep.last_block import LastBlock as LastBlock
    from trephine.deep.maps import BlockInputs as BlockInputs
    from trephine.deep.maps import MapStore as MapStore
    from trephine.deep.saliency import SaliencyMap as SaliencyMap
    from trephine.deep.saliency import WeightedSum as WeightedSum
    from trephine.deep.saliency import signature_map as signature_map
    from trephine.deep.settings import DeepSettings as DeepSettings
    from trephine.deep.settings import FineTuneSettings as FineTuneSettings
    from trephine.deep.weights import WeightsRecord as WeightsRecord
    from trephine.deep.weights import load_weights as load_weights

open_face(
    __name__,
    {
        "trephine.deep.crop": (
            "Crop",
            "Framing",
            "Window",
            "region_crop",
        ),
        "trephine.deep.embed": (
            "Embedder",
            "EmbedderRecord",
        ),
        "trephine.deep.finetune": (
            "FineTuned",
            "finetune_last_block",
        ),
        "trephine.deep.last_block": ("LastBlock",),
        "trephine.deep.maps": (
            "BlockInputs",
            "MapStore",
        ),
        "trephine.deep.saliency": (
            "SaliencyMap",
            "WeightedSum",
            "signature_map",
        ),
        "trephine.deep.settings": (
            "DeepSettings",
            "FineTuneSettings",
        ),
        "trephine.deep.weights": (
            "WeightsRecord",
            "load_weights",
        ),
    },
)
