"""Facts about how features were measured on images."""

from __future__ import annotations

from trephine.facts.base import Count, Fact, Number


class RadiomicsMethod(Fact):
    """How hand-crafted features were extracted."""

    preset: str
    """Name of the settings' preset or of their file, and what the plan changes in them."""
    resampling: str = ""
    """What spacing images and regions were resampled to, or that they were not."""
    bin_width: Number = None
    """Width of grey-level bins after normalisation; null with a fixed number of bins."""
    bin_count: Number = None
    """Number of grey-level bins in each region; null with a fixed width."""
    image_types: tuple[str, ...]
    """Original and filtered images in use."""
    families: tuple[str, ...]
    """Feature families in use."""
    perturbation: str = ""
    """How perturbed copies of the regions were made, for their ICC; empty without."""
    features: Count
    """Features extracted per case."""


class DeepMethod(Fact):
    """How deep features were extracted."""

    backbone: str
    """Network, for example "resnet18"."""
    layer: str
    """Layer that was read out."""
    weights: str
    """Weights as the plan names them."""
    features: Count
    """Features extracted per case."""
    crop: str = ""
    """How the region was cropped, resized and mirrored."""


class ImageMethod(Fact):
    """How one of several images of a case, or one region of it, was measured."""

    name: str
    """Of the image, and of the region after a dot where it has several."""
    modality: str = ""
    """What the image is, as the plan states it: film, CT or MR; may be empty."""
    when: str = ""
    """When it was taken, such as "month 6"; empty at the start of follow-up."""
    drawn_on: str = ""
    """The image on which its regions were drawn; empty where that is this one."""
    change_from: str = ""
    """The earlier image from which changes of its features count; empty where none do."""
    cases: Count
    """Cases that have it."""
    raters: tuple[str, ...]
    """Names of the raters who drew on it."""
    normalisation: str = ""
    """How grey values were normalised; empty without hand-crafted features."""
    radiomics: RadiomicsMethod | None = None
    """Hand-crafted features; null where none were extracted of it."""
    deep: DeepMethod | None = None
    """Deep features; null where none were extracted of it."""
