"""The network on every scale of one image, or of several, as few times as it takes.

Scales whose images have one shape, once they are padded to whole cells, go through the
network together. On one image the paper's six scales differ by 1.5, so nothing meets;
photographs of one size meet at every scale.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from ifcn_lab.segmenter import Segmenter
from ifcn_lab.windows.candidates import Level
from ifcn_lab.windows.losses import ScoreMaps
from ifcn_lab.windows.pyramid import resize_image

PIXELS_TOGETHER = 2_000_000
"""In one pass, at most: with VGG-16 in float32 that takes about 1.5 GB."""


def score_level(
    model: Segmenter, image: Float[Tensor, "3 h w"], zoom: float, *,
    half: bool = False,
) -> Level:
    """Run the network at one scale.

    Raises:
        ValueError: the network returns NaN or infinity.
    """
    return score_levels(model, [image], [[zoom]], half=half)[0][0]


@torch.inference_mode()
def score_levels(
    model: Segmenter, images: Sequence[Float[Tensor, "3 _h _w"]],
    zooms: Sequence[Sequence[float]], *, half: bool = False,
) -> list[list[Level]]:
    """Run the network at all scales of all images, batched by shape.

    A batch may take other sums than its images one by one: scores then differ by what
    rounding does. An image whose shape no other has goes alone, and so exactly as in
    `score_level`.

    Args:
        model: the network; its device is where everything happens.
        images: of any sizes, in [0, 1].
        zooms: the scales of each image.
        half: convolutions in bfloat16.

    Raises:
        ValueError: the network returns NaN or infinity.
    """
    device = next(model.parameters()).device
    wanted = [(image.to(device), zoom)
              for image, some in zip(images, zooms, strict=True) for zoom in some]
    scaled = [resize_image(image, zoom, least=model.stride) for image, zoom in wanted]
    levels: dict[int, Level] = {}
    for group in together([tuple(x.shape[1:]) for x in scaled], model.stride):
        batch = stacked(model, [scaled[i] for i in group])         # (B, 3, h, w)
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            scores = model.eval()(batch)
        for i, maps, objectness in zip(group, *scores, strict=True):
            levels[i] = as_level(maps, objectness, wanted[i][0], scaled[i],
                                 model.stride)
    number = iter(range(len(scaled)))
    return [[levels[next(number)] for _ in some] for some in zooms]


def together(
    shapes: Sequence[tuple[int, int]], stride: int, most: int | None = None
) -> Iterator[list[int]]:
    """Which images share a pass: those of one shape in whole cells, up to a limit.

    Args:
        shapes: (h, w) of every image.
        stride: pixels per cell.
        most: pixels in one pass; an image that is larger goes alone. None: 2 million.

    Example:
        >>> list(together([(9, 9), (30, 9), (12, 10), (11, 11)], stride=4, most=300))
        [[0, 2], [3], [1]]
    """
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)
    for i, (h, w) in enumerate(shapes):
        groups[-(-h // stride) * stride, -(-w // stride) * stride].append(i)
    for (h, w), members in groups.items():
        size = max(1, (most or PIXELS_TOGETHER) // (h * w))
        yield from (members[i : i + size] for i in range(0, len(members), size))


def stacked(
    model: Segmenter, images: Sequence[Float[Tensor, "3 _h _w"]]
) -> Float[Tensor, "B 3 h w"]:
    """Images of one shape in whole cells as a batch.

    Where they differ they are padded with the mean colour, which is 0 to the network,
    as its own padding is.
    """
    if len({image.shape for image in images}) == 1:
        return torch.stack(list(images))
    h, w = (-(-max(image.shape[axis] for image in images) // model.stride)
            * model.stride for axis in (1, 2))
    batch = model.mean.expand(len(images), 3, h, w).clone()
    for place, image in zip(batch, images, strict=True):
        place[:, : image.shape[1], : image.shape[2]] = image
    return batch


def as_level(
    maps: Float[Tensor, "kk H W"], objectness: Float[Tensor, "H W"],
    image: Float[Tensor, "3 h w"], scaled: Float[Tensor, "3 hz wz"], stride: int,
) -> Level:
    """One image's scores at one scale.

    Raises:
        ValueError: they hold NaN or infinity.
    """
    maps, objectness = planes(maps), objectness.float().cpu()
    check_finite(ScoreMaps(maps[None], objectness[None]))
    cell = tuple(stride * a / b
                 for a, b in zip(image.shape[1:], scaled.shape[1:], strict=True))
    return Level(maps, objectness, cell)


def planes(maps: Float[Tensor, "kk H W"]) -> Float[Tensor, "kk H W"]:
    """The maps in float32, one after the other in memory, as assembling reads them.

    Convolutions leave the scores of one cell side by side. As a matrix of two axes
    they are turned round about three times faster than as an array of three.
    """
    cells = maps.float().permute(1, 2, 0).flatten(0, 1)            # (H*W, k*k)
    return cells.T.contiguous().view(maps.shape)


def check_finite(scores: tuple[Tensor, ...]) -> None:
    """Raise a ValueError where a score is NaN or infinite."""
    for name, values in zip(scores._fields, scores, strict=True):
        # One sum is quicker than a look at every score, and NaN and infinity survive
        # it. Should finite scores have an infinite sum, the closer look says so.
        if not values.sum().isfinite() and not values.isfinite().all():
            raise ValueError(f"the network's {name} hold NaN or infinity; its weights "
                             "are broken or training diverged")
