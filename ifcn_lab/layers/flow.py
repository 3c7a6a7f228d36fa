"""Features that move with the picture."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F


def moved(
    features: Float[Tensor, "B C H W"], flow: Float[Tensor, "B 2 H W"]
) -> Float[Tensor, "B C H W"]:
    """A key frame's features brought to another frame, as YolactEdge does.

    Source: Liu et al., ICRA 2021, partial feature transform.

    Args:
        features: of the key frame.
        flow: (x, y) in places: where in the key frame each place comes from, less
            where it is now. Beyond the border the nearest feature stands.

    Example:
        >>> ramp = torch.arange(4.0).expand(1, 1, 1, 4)
        >>> flow = torch.tensor([1.0, 0]).view(1, 2, 1, 1).expand(1, 2, 1, 4)
        >>> moved(ramp, flow).flatten().tolist()
        [1.0, 2.0, 3.0, 3.0]
    """
    h, w = features.shape[2:]
    y, x = torch.meshgrid(torch.arange(h).to(flow), torch.arange(w).to(flow),
                          indexing="ij")
    at = torch.stack([(x + flow[:, 0] + 0.5) / w, (y + flow[:, 1] + 0.5) / h], -1)
    return F.grid_sample(features, at * 2 - 1, padding_mode="border",
                         align_corners=False)
