"""ResNet 18, 34 and 50 with torchvision's parameter names, read at the average pool.

He et al. (2016), Deep residual learning for image recognition, CVPR; the layout is torchvision's
(the stride of a bottleneck sits on its 3x3 convolution), so that its state dicts load strictly.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import fuse_conv_bn_eval

from trephine.deep.settings import ResNetName

LAYOUT: dict[ResNetName, tuple[bool, tuple[int, int, int, int]]] = {
    "resnet18": (False, (2, 2, 2, 2)),
    "resnet34": (False, (3, 4, 6, 3)),
    "resnet50": (True, (3, 4, 6, 3)),
}


class ResidualBlock(nn.Module):
    """A residual block: two 3x3 convolutions, or 1x1, 3x3, 1x1 as a bottleneck."""

    def __init__(self, channels: int, width: int, stride: int, bottleneck: bool) -> None:
        super().__init__()
        out = width * (4 if bottleneck else 1)
        shapes = (
            ((channels, width, 1, 1), (width, width, 3, stride), (width, out, 1, 1))
            if bottleneck
            else ((channels, width, 3, stride), (width, out, 3, 1))
        )
        for i, (c_in, c_out, kernel, step) in enumerate(shapes, start=1):
            conv = nn.Conv2d(c_in, c_out, kernel, step, padding=kernel // 2, bias=False)
            self.add_module(f"conv{i}", conv)
            self.add_module(f"bn{i}", nn.BatchNorm2d(c_out))
        self.depth = len(shapes)
        self.out_channels = out
        self.downsample: nn.Sequential | None = None
        if stride != 1 or channels != out:
            shortcut = nn.Conv2d(channels, out, 1, stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(out))

    def forward(self, x: Tensor) -> Tensor:
        """Return relu(shortcut(x) + residual(x))."""
        residual = x
        for i in range(1, self.depth + 1):
            residual = self.get_submodule(f"bn{i}")(self.get_submodule(f"conv{i}")(residual))
            if i < self.depth:
                residual = functional.relu(residual, inplace=True)
        shortcut = x if self.downsample is None else self.downsample(x)
        return functional.relu(residual.add_(shortcut), inplace=True)


class ResNet(nn.Module):
    """A residual network whose output is its average pool.

    Parameters
    ----------
    name
        Which of the published depths.
    classes
        Rows of the classifier ``fc``, which is loaded but not used; None leaves it out.
    """

    def __init__(self, name: ResNetName, classes: int | None = 1000) -> None:
        super().__init__()
        bottleneck, depths = LAYOUT[name]
        self.conv1 = nn.Conv2d(3, 64, 7, 2, padding=3, bias=False)
        self.bn1: nn.Module = nn.BatchNorm2d(64)
        channels = 64
        for i, depth in enumerate(depths):
            width, blocks = 64 << i, []
            for j in range(depth):
                blocks.append(ResidualBlock(channels, width, 2 if i and not j else 1, bottleneck))
                channels = blocks[-1].out_channels
            self.add_module(f"layer{i + 1}", nn.Sequential(*blocks))
        self.dimension = channels
        if classes is not None:
            self.fc = nn.Linear(channels, classes)

    @property
    def last_block(self) -> ResidualBlock:
        """The block that fine-tuning trains."""
        *_, block = self.get_submodule("layer4").children()
        assert isinstance(block, ResidualBlock)
        return block

    def with_last_block(self, block: ResidualBlock) -> ResNet:
        """Return the network with another last block; all else is shared with this one."""
        network = copy.copy(self)
        network._modules = dict(self._modules)
        *kept, _ = self.get_submodule("layer4").children()
        network.add_module("layer4", nn.Sequential(*kept, block))
        return network

    def trunk(self, x: Tensor) -> Tensor:
        """Return what enters the last block, (n, C, h, w), for crops (n, 3, H, W)."""
        x = functional.relu(self.bn1(self.conv1(x)), inplace=True)
        x = functional.max_pool2d(x, 3, 2, padding=1)
        for i in range(1, 4):
            x = self.get_submodule(f"layer{i}")(x)
        for block in list(self.get_submodule("layer4").children())[:-1]:
            x = block(x)
        return x

    def maps(self, x: Tensor) -> Tensor:
        """Return the maps before the average pool, (n, C, h, w), for crops (n, 3, H, W)."""
        maps: Tensor = self.last_block(self.trunk(x))
        return maps

    def forward(self, x: Tensor) -> Tensor:
        """Return the average pool, (n, C)."""
        return pool(self.maps(x))


def last_block_of(name: ResNetName) -> ResidualBlock:
    """Return a ResNet's last block, its weights not set."""
    bottleneck, _ = LAYOUT[name]
    channels = 512 * (4 if bottleneck else 1)
    return ResidualBlock(channels, 512, 1, bottleneck)


def folded(network: ResNet) -> ResNet:
    """Return a network for inference whose batch norms are folded into its convolutions.

    In evaluation mode both are linear, so it computes the same features with fewer passes over
    memory. The products are taken in float64: the features come out nearer to their exact values
    than those of the network as it stands.
    """
    fast = copy.deepcopy(network)
    fast.conv1, fast.bn1 = _fold(fast.conv1, fast.bn1)
    for name, block in network.named_modules():
        if isinstance(block, ResidualBlock):
            fast.set_submodule(name, folded_block(block))
    return fast


def folded_block(block: ResidualBlock) -> ResidualBlock:
    """Return one block for inference, as ``folded`` does."""
    fast = copy.deepcopy(block)
    for i in range(1, block.depth + 1):
        conv, norm = _fold(fast.get_submodule(f"conv{i}"), fast.get_submodule(f"bn{i}"))
        fast.add_module(f"conv{i}", conv)
        fast.add_module(f"bn{i}", norm)
    if fast.downsample is not None:
        fast.downsample = nn.Sequential(*_fold(*fast.downsample.children()))
    return fast


def _fold(conv: nn.Module, norm: nn.Module) -> tuple[nn.Conv2d, nn.Module]:
    assert isinstance(conv, nn.Conv2d)
    assert isinstance(norm, nn.BatchNorm2d)
    # Both are copies by now: float64 for the products, float32 for the result.
    fused = fuse_conv_bn_eval(conv.double(), norm.eval().double())
    return fused.float().requires_grad_(False), nn.Identity()


def pool(maps: Tensor) -> Tensor:
    """Return the mean over a map's cells: (n, C) for (n, C, h, w)."""
    return functional.adaptive_avg_pool2d(maps, 1).flatten(1)


def initialise(network: ResNet, seed: int) -> None:
    """Draw weights as torchvision draws them, from a seed: He-normal by fan-out."""
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(
                module.weight, mode="fan_out", nonlinearity="relu", generator=generator
            )
