"""What a RoI operator can lose, without any training.

An ellipse's true mask is averaged to a feature map of one channel; the operator reads
it in a box that is off by up to two pixels, and what was read is pasted into the box
again. Whatever IoU is missing was lost by the operator and the stride. A trained head
can undo a constant shift, but not one that changes from box to box; so only the order
of the operators, and its growth with the stride, is a statement about networks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from ifcn_lab.data.masks import tight_boxes
from ifcn_lab.layers.roi import roi_align, roi_pool, roi_warp
from ifcn_lab.layers.two_stage import paste_part, within
from ifcn_lab.league.table import markdown

SIDE, BINS = 128, 14

SHIFTS = (0.0, -0.5, -0.25, 0.25, 0.5, 0.75)
"""Of the place where it is pasted, in places of the map, the same for every box."""


def released_warp(
    features: Float[Tensor, "C H W"], boxes: Float[Tensor, "N 4"], bins: int
) -> Float[Tensor, "N C P P"]:
    """RoIWarp as MNC's code has it: rounded corners, left and upper edges of bins."""
    return roi_warp(features, (boxes + 0.5).floor(), bins, as_written=True)


OPERATORS: dict[str, Callable[..., Tensor]] = {
    "RoIPool": roi_pool, "released RoIWarp": released_warp,
    "RoIAlign, not aligned": lambda f, b, n: roi_align(f, b, n, aligned=False),
    "RoIAlign": roi_align}


class Kept(NamedTuple):
    """What an operator at a stride left: mean IoU, the share of IoU above 0.9, and the
    mean IoU with the best constant shift, with that shift.
    """

    iou: float
    good: float
    shifted: float
    shift: float

    @classmethod
    def of(cls, ious: Float[np.ndarray, "N S"]) -> Kept:
        """The figures of objects by shifts."""
        means = ious.mean(0)
        best = int(means.argmax())
        return cls(*map(float, (means[0], (ious[:, 0] > 0.9).mean(), means[best],
                                SHIFTS[best])))


def roi_oracle(
    strides: tuple[int, ...] = (4, 8, 16), count: int = 250
) -> dict[tuple[str, int], Kept]:
    """What every operator leaves at every stride.

    Example:
        >>> few = roi_oracle((4,), 20)
        >>> few["RoIAlign", 4].iou > few["RoIPool", 4].iou
        True
    """
    ious: dict[tuple[str, int], list[list[float]]] = {}
    for mask, box in ellipses(count):
        for stride in strides:
            features = F.avg_pool2d(mask.float()[None], stride)
            for name, operator in OPERATORS.items():
                part = operator(features, box[None] / stride, BINS)[0, 0]
                ious.setdefault((name, stride), []).append([
                    pasted_iou(part, box + stride * shift, mask) for shift in SHIFTS])
    return {key: Kept.of(np.array(each)) for key, each in ious.items()}


def ellipses(
    count: int, seed: int = 0
) -> Iterator[tuple[Bool[Tensor, "s s"], Float[Tensor, "4"]]]:
    """Masks with radii of 10 to 26 pixels, each with its box off by up to 2 pixels."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    for _ in range(count):
        (a, b), turn = rng.uniform(10, 26, 2), rng.uniform(0, np.pi)
        cy, cx = rng.uniform(30, SIDE - 30, 2)
        turned = np.exp(-1j * turn) * (x - cx + 1j * (y - cy))
        mask = (turned.real / a) ** 2 + (turned.imag / b) ** 2 <= 1
        box = tight_boxes(mask[None])[0] + rng.uniform(-2, 2, 4)
        yield torch.from_numpy(mask), torch.from_numpy(box).float()


def pasted_iou(
    part: Float[Tensor, "P P"], box: Float[Tensor, "4"], mask: Bool[Tensor, "s s"]
) -> float:
    """The IoU of the object with what is pasted into the box."""
    x0, y0, x1, y1 = pixels = within(box, (SIDE, SIDE))
    found = torch.zeros_like(mask)
    found[y0:y1, x0:x1] = torch.from_numpy(paste_part(part, box, pixels) > 0.5)
    return float((found & mask).sum() / (found | mask).sum())


def oracle_told(oracle: Mapping[tuple[str, int], Kept]) -> str:
    """The RoI operators without training, and whether RoIAlign keeps the most.

    It is shown if RoIAlign's mean IoU is the highest at every stride, and its lead over
    RoIPool grows with the stride; refuted if it is the highest at none.
    """
    strides = sorted({stride for _, stride in oracle})
    best = [max(OPERATORS, key=lambda name: oracle[name, s].iou) for s in strides]
    lead = [oracle["RoIAlign", s].iou - oracle["RoIPool", s].iou for s in strides]
    said = "shown" if set(best) == {"RoIAlign"} and lead == sorted(lead) else \
        "not shown" if "RoIAlign" in best else "refuted here"
    rows = [[str(stride), *(f"{k.iou:.3f} ({k.good:.2f}; {k.shifted:.3f} at "
                            f"{k.shift:+.2f})" for k in
                            (oracle[name, stride] for name in OPERATORS))]
            for stride in strides]
    return "\n".join([
        f"## 0. RoIAlign keeps the most, the more the larger the stride: {said}", "",
        "Mean IoU without training (share above 0.9; with the best constant shift, in "
        "places).", "", *markdown(["stride", *OPERATORS], rows), ""])
