"""Backbones: VGG-16 with the hole algorithm, the course's light one, a small one.

A backbone turns an image into a feature map. What the rest of the library knows of it:
its `stride` (image pixels per place), its `channels`, how wide heads on it are
(`head_channels`), and whether it is `small`: made for small objects and little time, so
that heads, anchors and the rule of windows are the lessons' and not the papers'. Where
it has a `reach`, no place of its map, nor of a head of two 3x3 convolutions, sees more
pixels than that beyond its own, so that large images can be shown to it in bands.
"""

from __future__ import annotations

import copy
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

VGG16_STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512))
VGG16_HOLE_STAGE = (512, 512, 512)


def conv_relu(inputs: int, outputs: int, dilation: int = 1) -> list[nn.Module]:
    """A 3x3 convolution that keeps the map's size, then ReLU."""
    conv = nn.Conv2d(inputs, outputs, 3, padding=dilation, dilation=dilation)
    return [conv, nn.ReLU(inplace=True)]


def vgg16_layers(pool4: nn.Module, dilation: int) -> nn.Sequential:
    """VGG-16 up to conv5_3, with this pool4, and conv5 with this dilation.

    >>> plain = vgg16_layers(nn.MaxPool2d(2), dilation=1)    # VGG-16 as it was trained
    >>> plain(torch.zeros(1, 3, 64, 80)).shape
    torch.Size([1, 512, 4, 5])
    """
    layers: list[nn.Module] = []
    inputs = 3
    for stage, widths in enumerate(VGG16_STAGES):
        for width in widths:
            layers += conv_relu(inputs, width)
            inputs = width
        layers.append(nn.MaxPool2d(2) if stage < 3 else pool4)
    for width in VGG16_HOLE_STAGE:
        layers += conv_relu(width, width, dilation)
    return nn.Sequential(*layers)


class VGG16Hole(nn.Module):
    """VGG-16's 13 convolutions at output stride 8 instead of 16.

    pool4 keeps its place but moves one place at a time instead of two, so conv5
    sees a map twice as dense as the one it was trained on. The hole algorithm
    gives conv5_1 ... conv5_3 dilation 2: each kernel then touches the same image
    points as before. No source gives pool4's kernel; here it is 3x3 with padding 1,
    which keeps the map's size and stays centred. The layers carry torchvision's
    names (`features.0` ... `features.28`), so its weights load as they are.

    Source: Dai et al., ECCV 2016, section 4.1.

    Example:
        >>> VGG16Hole()(torch.zeros(1, 3, 64, 80)).shape
        torch.Size([1, 512, 8, 10])
    """

    stride = 8
    channels = 512
    head_channels = 512
    small = False

    def __init__(self) -> None:
        super().__init__()
        self.features = vgg16_layers(nn.MaxPool2d(3, 1, 1), dilation=2)

    def forward(self, images: Float[Tensor, "B 3 h w"]) -> Float[Tensor, "B 512 H W"]:
        """Features of images whose sides are multiples of the stride."""
        return self.features(images)


class Residual(nn.Module):
    """Two 3x3 convolutions, the first with holes, added to what came in."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.first = conv_norm(channels, channels, dilation=dilation)
        self.second = conv_norm(channels, channels)

    def forward(self, x: Float[Tensor, "B C H W"]) -> Float[Tensor, "B C H W"]:
        """The input plus what the two convolutions add to it."""
        return torch.relu_(x + self.second(torch.relu_(self.first(x))))


def conv_norm(inputs: int, outputs: int, *, stride: int = 1,
              dilation: int = 1) -> nn.Sequential:
    """A 3x3 convolution followed by batch normalisation."""
    conv = nn.Conv2d(inputs, outputs, 3, stride, dilation, dilation, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs))


class SmallBackbone(nn.Module):
    """Output stride 4, five times the light one's multiply-adds: the course's first.

    Two strided convolutions bring the image to a quarter of its size. A second
    path goes down to stride 8 and looks far with growing holes, because a score
    map must know where the whole object is to say "top left part". Both paths
    are added at stride 4, where the outlines are.

    Example:
        >>> SmallBackbone()(torch.zeros(1, 3, 64, 80)).shape
        torch.Size([1, 64, 16, 20])
    """

    stride = 4
    channels = 64
    head_channels = 96
    small = True
    reach = 160
    dilations = (1, 2, 4, 2, 1)

    def __init__(self) -> None:
        super().__init__()
        fine, coarse = 48, self.channels
        self.stem = nn.Sequential(
            conv_norm(3, 24, stride=2), nn.ReLU(inplace=True),
            conv_norm(24, fine, stride=2), nn.ReLU(inplace=True),
        )
        self.fine = Residual(fine, 1)
        self.down = nn.Sequential(conv_norm(fine, coarse, stride=2),
                                  nn.ReLU(inplace=True))
        self.context = nn.Sequential(*(Residual(coarse, d) for d in self.dilations))
        self.merge = nn.Conv2d(fine, coarse, 1)
        self.last = Residual(coarse, 1)

    def forward(self, images: Float[Tensor, "B 3 h w"]) -> Float[Tensor, "B C H W"]:
        """Features of images whose sides are multiples of the stride."""
        fine = self.fine(self.stem(images))                     # (B, 48, H, W)
        far = self.context(self.down(fine))                     # (B, C, H/2, W/2)
        far = nn.functional.interpolate(
            far, size=fine.shape[-2:], mode="bilinear", align_corners=False
        )                                                       # (B, C, H, W)
        return self.last(torch.relu_(self.merge(fine) + far))


class LightBackbone(nn.Module):
    """The backbone of the course: a U down to stride 16, output stride 4.

    A fifth of the small one's multiply-adds. Each level halves the map and widens it.
    Far is looked at where the map has few places, so no holes are needed; on the way up
    a level is enlarged and added to the one above it, and one convolution looks at the
    sum.

    Example:
        >>> LightBackbone()(torch.zeros(1, 3, 64, 80)).shape
        torch.Size([1, 32, 16, 20])
    """

    stride = 4
    channels = 32
    head_channels = 32
    small = True
    reach = 112
    widths = (32, 48, 64)

    def __init__(self) -> None:
        super().__init__()
        fine, middle, coarse = self.widths
        self.stem = convolved(3, 16, 2)
        self.levels = nn.ModuleList([
            nn.Sequential(convolved(16, fine, 2), convolved(fine, fine)),
            nn.Sequential(convolved(fine, middle, 2), convolved(middle, middle)),
            nn.Sequential(convolved(middle, coarse, 2), convolved(coarse, coarse),
                          convolved(coarse, coarse)),
        ])
        self.narrow = nn.ModuleList([nn.Conv2d(middle, fine, 1),
                                     nn.Conv2d(coarse, middle, 1)])
        self.last = nn.ModuleList([convolved(fine, fine), convolved(middle, middle)])

    def forward(self, images: Float[Tensor, "B 3 h w"]) -> Float[Tensor, "B C H W"]:
        """Features of images whose sides are multiples of the stride."""
        maps = [self.stem(images)]
        for level in self.levels:
            maps.append(level(maps[-1]))
        far = maps.pop()                                        # (B, 64, H/4, W/4)
        for level in (1, 0):
            near = maps.pop()
            far = nn.functional.interpolate(
                self.narrow[level](far), size=near.shape[-2:], mode="bilinear",
                align_corners=False)
            far = self.last[level](torch.relu_(near + far))
        return far                                              # (B, 32, H, W)


def convolved(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """A 3x3 convolution, batch normalisation, ReLU."""
    return nn.Sequential(*conv_norm(inputs, outputs, stride=stride),
                         nn.ReLU(inplace=True))


BACKBONES: dict[str, type[nn.Module]] = {
    "vgg16": VGG16Hole,
    "small": SmallBackbone,
    "light": LightBackbone,
}


def build_backbone(name: str) -> nn.Module:
    """The backbone of that name, freshly initialised.

    Raises:
        ValueError: no backbone has that name.
    """
    if name not in BACKBONES:
        raise ValueError(f"unknown backbone {name!r}; choose from {sorted(BACKBONES)}")
    return BACKBONES[name]()


def fused(module: nn.Module) -> nn.Module:
    """A copy for inference, its batch norms gone into the convolutions before them.

    A trained batch norm multiplies and adds, channel by channel, and a convolution's
    weights can do that as well. The copy shares every other tensor with the module,
    which stays as it is.

    Measured with the small backbone at 640 x 480, three scales, one thread of a
    processor with bfloat16 units (`python -m benchmarks.convolutions`): a copy takes
    1.5 ms. Forward passes then take 440 ms instead of 472 in float32 and 122 instead
    of 143 in bfloat16; logits differ by less than 1e-4 in float32, and in bfloat16 as
    much as they did. In the layout `channels_last` they take 440 ms, in the ordinary
    one 512. Weights turned to bfloat16 as a whole save another 6 ms, but scores move
    by 0.07 instead of 0.04: not used.

    Example:
        >>> net = conv_norm(3, 8).eval()
        >>> image = torch.rand(1, 3, 9, 9)
        >>> torch.allclose(fused(net)(image), net(image), atol=1e-5)
        True
    """
    twin = copy.copy(module)
    twin.training = False
    twin._modules = {name: fused(child) for name, child in module._modules.items()}
    if isinstance(module, nn.Sequential):
        for here, (conv, norm) in enumerate(pairwise(twin)):
            if (isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d)
                    and norm.running_var is not None):
                twin[here] = fuse_conv_bn_eval(conv, norm)
                twin[here + 1] = nn.Identity().eval()
    return twin


def uses_bfloat16(precision: str, device: str = "cpu") -> bool:
    """Whether convolutions run in bfloat16; "auto": where the hardware has it.

    On a processor: with AMX a step of the small backbone takes half the time; with
    AVX512_BF16 alone 63 ms instead of 83 (processor time, one thread, the lesson
    recipe), and a forward pass at 640 x 480 39 instead of 86. Without instructions for
    it, it would take several times as long.

    Args:
        precision: "float32", "bfloat16" or "auto".
        device: "cpu" or "cuda", whichever the network is on.

    Raises:
        ValueError: another precision.
    """
    if precision not in ("float32", "bfloat16", "auto"):
        raise ValueError(
            f"precision is 'float32', 'bfloat16' or 'auto', got {precision!r}"
        )
    if precision == "auto" and device == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if precision == "auto":
        return (torch.cpu._is_amx_tile_supported()
                or torch.cpu._is_avx512_bf16_supported())
    return precision == "bfloat16"
