"""Deep features: backbones, their weights, the crop they see and what they looked at.

Nothing here imports torch before it is used: ``Embedder`` raises ``MissingExtraError`` where the
extra ``deep`` is not installed.
"""

from trephine.deep.crop import Crop, Window, region_crop
from trephine.deep.embed import Embedder, EmbedderRecord
from trephine.deep.finetune import FineTuned, finetune_last_block
from trephine.deep.last_block import LastBlock
from trephine.deep.maps import BlockInputs, MapStore
from trephine.deep.saliency import SaliencyMap, WeightedSum, signature_map
from trephine.deep.settings import DeepSettings, FineTuneSettings
from trephine.deep.weights import WeightsRecord, load_weights

__all__ = [
    "BlockInputs",
    "Crop",
    "DeepSettings",
    "Embedder",
    "EmbedderRecord",
    "FineTuneSettings",
    "FineTuned",
    "LastBlock",
    "MapStore",
    "SaliencyMap",
    "WeightedSum",
    "WeightsRecord",
    "Window",
    "finetune_last_block",
    "load_weights",
    "region_crop",
    "signature_map",
]
