"""What a study can choose about deep features: network, weights, crop, averaging, device."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path, PurePath
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from trephine.choices import NetworkSlices, SlicePooling, VolumeAxes
from trephine.errors import MisfitError

Outside = Literal["keep", "blank"]
GreyRange = Literal["crop", "image"]
Averaging = Literal["none", "flips", "shifts", "flips+shifts"]
Device = Literal["auto", "cpu", "cuda", "mps"]
ResNetName = Literal["resnet18", "resnet34", "resnet50"]

RESNETS: tuple[ResNetName, ...] = ("resnet18", "resnet34", "resnet50")
# These are programs, not data: torch runs what they say.
PROGRAMS = (".pt2", ".pt", ".ts", ".torchscript")
NETWORK_FILES = (".onnx", *PROGRAMS)
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

# Part of every digest: a change in what a setting means starts a new cache.
DEFINITION = "trephine-deep-1"

Positive = Annotated[float, Field(gt=0)]
Channels = tuple[float] | tuple[float, float, float]
PositiveChannels = tuple[Positive] | tuple[Positive, Positive, Positive]


class FineTuneSettings(BaseModel):
    """How the last residual block is trained on the Cox partial likelihood.

    Attributes
    ----------
    epochs, patience
        Most passes over the training cases; passes without a better held-back loss before the
        training stops.
    learning_rate, head_learning_rate, weight_decay
        Of AdamW: for the block, for the head that starts from zero, and for both.
    held_back
        Share of the training patients kept back to decide when to stop.
    cases_per_step
        Cases, about, whose risk sets make one step; the events are spread evenly over the steps.
    minimum_events
        Fewer events than this in the training cases, and the training is refused.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: int = Field(default=30, ge=1)
    patience: int = Field(default=5, ge=1)
    learning_rate: float = Field(default=1e-4, gt=0)
    head_learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=1e-2, ge=0)
    held_back: float = Field(default=0.2, gt=0, lt=0.5)
    cases_per_step: int = Field(default=64, ge=16)
    minimum_events: int = Field(default=30, ge=10)


class DeepSettings(BaseModel):
    """The ``[deep]`` section of a study.

    Attributes
    ----------
    backbone
        ``resnet18`` (the paper's), ``resnet34``, ``resnet50``, or a network in a file: ONNX
        (``.onnx``), ``torch.export`` (``.pt2``) or TorchScript (``.pt``, ``.ts``,
        ``.torchscript``).
    weights
        ``imagenet`` (torchvision's official file), a ``.pth`` or ``.safetensors`` file with
        torchvision's key names, or ``random:SEED``. Not used with a network file, which holds
        its own.
    sha256
        Full hash that the weights' (or the network's) file must have; None accepts any file.
    trust
        For a ``.pt2`` or TorchScript file: its full sha256, by which you say that you know who
        made it. Such a file is a program. It is opened in a process of its own on the CPU,
        without network, environment or leave to write files. ONNX needs no trust.
    layer
        For a network file: the output or the inner layer to read; None takes its only output.
    input_size
        Height and width in pixels that the network takes; 224 unless stated.
    mean, std
        Per channel, subtracted and divided after grey is scaled to [0, 1]; ImageNet's for the
        ResNets, to be stated for a network file. One value means a network of one channel.
    margin
        Added on each side of the region's bounding box, as a share of its longer side.
    outside
        ``keep`` shows the network what lies around the region, ``blank`` sets it to black.
    grey_range
        Whose percentiles become black and white: the ``crop``'s (of the region, where
        ``outside`` is blank) or the whole ``image``'s.
    grey_percentiles
        Those percentiles.
    mirror_left
        Whether left sides are mirrored, so that medial is on one side for all cases.
    augment
        Averages the features over flips (left-right), small shifts (one step up, down, left and
        right), or both.
    slices
        Of a volume, what the network reads: the slice where the region is ``largest`` with its two
        neighbours, the three ``orthogonal`` ones (largest along each axis of the array), or
        ``all`` slices of the region, each in the window and the greys of the largest one; or, for
        a network file of three dimensions and one channel, the region's ``volume``.
    pooling
        Whether the features of several slices are averaged or the largest taken, each feature for
        itself.
    input_depth, axes
        Of a network of three dimensions: slices that it takes, beside ``input_size`` rows and
        columns, and in which order: ``zyx`` (slices, rows, columns), or ``xyz``.
    batch_size, threads, device
        How it is computed; they change no value beyond float32's last digits. ``threads`` None
        leaves torch's own choice; ``auto`` takes CUDA, then Apple's MPS, then the CPU.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    backbone: str = "resnet18"
    weights: str = "imagenet"
    sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    trust: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    layer: str | None = None
    input_size: int | None = Field(default=None, ge=32, le=2048)
    mean: Channels | None = None
    std: PositiveChannels | None = None
    margin: float = Field(default=0.1, ge=0, le=2)
    outside: Outside = "keep"
    grey_range: GreyRange = "crop"
    grey_percentiles: tuple[float, float] = (1.0, 99.0)
    mirror_left: bool = True
    augment: Averaging = "none"
    slices: NetworkSlices = "largest"
    pooling: SlicePooling = "mean"
    input_depth: int | None = Field(default=None, ge=4, le=512)
    axes: VolumeAxes = "zyx"
    batch_size: int = Field(default=8, ge=1)
    threads: int | None = Field(default=None, ge=1)
    device: Device = "auto"

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        low, high = self.grey_percentiles
        if not 0 <= low < high <= 100:
            raise MisfitError("grey_percentiles", "0 <= low < high <= 100", f"{low:g} and {high:g}")
        if len({len(values) for values in self.normalisation}) > 1:
            raise MisfitError("mean and std", "one value per channel in both")
        if self.trust is not None and not self.is_program:
            raise MisfitError(
                "trust",
                f"a file ending in {', '.join(PROGRAMS)}",
                f"{self.backbone!r}, which needs none; leave trust out, or pin the file with"
                " sha256",
            )
        self._check_volume()
        if self.is_network_file:
            self._check_network_file()
        else:
            self._check_resnet()
        return self

    def _check_volume(self) -> None:
        if self.slices != "volume":
            if self.input_depth is not None or self.axes != "zyx":
                key = "axes" if self.input_depth is None else "input_depth"
                raise MisfitError(key, 'slices = "volume" beside it', repr(self.slices))
            return
        one_channel = len(self.normalisation[0]) == 1
        if not (self.is_network_file and one_channel and self.input_depth is not None):
            expected = "a network file, its input_depth, and mean and std of one channel"
            raise MisfitError("slices", f'{expected} beside "volume"')
        if self.augment != "none":
            raise MisfitError("augment", '"none" beside slices = "volume"', repr(self.augment))

    def _check_network_file(self) -> None:
        if PurePath(self.backbone).suffix.lower() not in NETWORK_FILES:
            expected = f"one of {', '.join(RESNETS)} or a file ending in {', '.join(NETWORK_FILES)}"
            raise MisfitError("backbone", expected, repr(self.backbone))
        absent = [name for name in ("input_size", "mean", "std") if getattr(self, name) is None]
        if absent:
            expected = f"{', '.join(absent)} beside a network file, as it was trained"
            raise MisfitError("backbone", expected, "none")
        if self.weights != "imagenet":
            raise MisfitError(
                "weights",
                "none beside a network file, which holds its own (sha256 pins the file)",
                repr(self.weights),
            )

        if self.is_program and self.device not in ("auto", "cpu"):
            raise MisfitError(
                "device",
                f"the CPU for a {PurePath(self.backbone).suffix} file, which is computed in a"
                " process of its own",
                f"{self.device!r}; export it as ONNX for a GPU",
            )

    def _check_resnet(self) -> None:
        if len(self.normalisation[0]) != 3:
            raise MisfitError(
                "mean and std", "three values, as the ResNets take three channels", "one value"
            )
        if self.layer is not None:
            raise MisfitError(
                "layer", "none beside a ResNet, which gives its average pool", repr(self.layer)
            )
        if self.weights.startswith("random") and self.random_seed is None:
            raise MisfitError("weights", "random:SEED with a whole number", repr(self.weights))

    @property
    def has_maps(self) -> bool:
        """Whether features are means of maps of one slice, so that a signature can be drawn."""
        return not self.is_network_file and self.slices == "largest"

    @property
    def is_network_file(self) -> bool:
        """Whether the backbone is a network in a file."""
        return self.backbone not in RESNETS

    @property
    def is_program(self) -> bool:
        """Whether the backbone is a file that torch would run as a program."""
        return self.is_network_file and PurePath(self.backbone).suffix.lower() in PROGRAMS

    @property
    def random_seed(self) -> int | None:
        """The seed of ``random:SEED`` weights; None for any other."""
        match = re.fullmatch("random:([0-9]{1,18})", self.weights)
        return int(match[1]) if match else None

    @property
    def weights_file(self) -> Path | None:
        """The file of weights that was named; None for official and random weights."""
        if self.is_network_file or self.weights == "imagenet" or self.random_seed is not None:
            return None
        return Path(self.weights)

    @property
    def size(self) -> int:
        """Height and width of the network's input, in pixels."""
        return self.input_size if self.input_size is not None else 224

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Channels and lengths of what the network takes of one case."""
        channels = len(self.normalisation[0])
        if self.input_depth is None:
            return (channels, self.size, self.size)
        lengths = (self.input_depth, self.size, self.size)
        return (channels, *(lengths if self.axes == "zyx" else lengths[::-1]))

    @property
    def dimensions(self) -> int:
        """Dimensions of what the network takes: two or three."""
        return len(self.input_shape) - 1

    @property
    def normalisation(self) -> tuple[Channels, Channels]:
        """Mean and standard deviation per channel that the network was trained with."""
        return self.mean or IMAGENET_MEAN, self.std or IMAGENET_STD

    def resolved(self, folder: Path) -> DeepSettings:
        """Return the settings with relative file names taken from ``folder``."""
        changes: dict[str, str] = {}
        if self.is_network_file:
            changes["backbone"] = str(folder / self.backbone)
        elif self.weights != "imagenet" and self.random_seed is None:
            changes["weights"] = str(folder / self.weights)
        return self.model_copy(update=changes)

    def case_by_case(self) -> DeepSettings:
        """Return these settings with every case alone in its batch, on one thread.

        The last bits of a convolution depend on both on some processors, and a study's features
        have to be those that its model computes for a single case later.
        """
        return self.model_copy(update={"batch_size": 1, "threads": 1})

    def digest(self, file_sha256: str | None = None) -> str:
        """Return the sha256 of everything here that changes a feature's value.

        Batch size, threads and device are left out. With ``file_sha256`` the hash of the
        weights stands in for the names of files, so that a moved file keeps its digest and an
        exchanged one does not (``Embedder.digest`` gives it).
        """
        # By name, so that a section that adds keys of its own has the digest of its settings.
        counted = set(DeepSettings.model_fields) - {
            "batch_size",
            "threads",
            "device",
            "sha256",
            "trust",
        }
        facts = self.model_dump(mode="json", include=counted)
        # What does not count is left out, and digests of before stay.
        apart = set() if self.slices == "volume" else {"input_depth", "axes"}
        apart |= {"slices", "pooling"} if self.slices == "largest" else set()
        apart |= {"pooling"} if self.slices == "volume" else set()
        facts = {key: facts[key] for key in facts if key not in apart}
        facts |= {"definition": DEFINITION, "input_size": self.size}
        facts["mean"], facts["std"] = self.normalisation
        if file_sha256 is not None:
            facts["weights"] = file_sha256
            if self.is_network_file:
                facts["backbone"] = PurePath(self.backbone).suffix.lower()
        text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()
