"""The network at one scale of an image: score maps and objectness, checked."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from ifcn_lab.segmenter import Segmenter
from ifcn_lab.windows.candidates import Level
from ifcn_lab.windows.losses import ScoreMaps
from ifcn_lab.windows.pyramid import resize_image


@torch.inference_mode()
def score_level(
    model: Segmenter, image: Float[Tensor, "3 h w"], zoom: float, *,
    half: bool = False,
) -> Level:
    """Run the network at one scale, on its own device.

    Args:
        model: the network.
        image: in [0, 1].
        zoom: how much it is enlarged.
        half: convolutions in bfloat16.

    Raises:
        ValueError: the network returns NaN or infinity.
    """
    scaled = resize_image(image.to(model.device), zoom, least=model.stride)
    with torch.autocast(model.device.type, torch.bfloat16, enabled=half):
        scores = model.eval()(scaled[None])
    maps, objectness = planes(scores.maps[0]), scores.objectness[0].float().cpu()
    check_finite(ScoreMaps(maps[None], objectness[None]))
    cell = tuple(model.stride * a / b
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
