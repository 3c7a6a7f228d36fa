"""YOLACT beside the Playground's own network: one drawing seen by two methods."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import traitlets
from jaxtyping import Float, UInt8

from ifcn_lab.widgets.explorable import Explorable
from ifcn_lab.widgets.layer_list import layer_list, rounded

if TYPE_CHECKING:
    from ifcn_lab.models.yolact import YOLACT
    from ifcn_lab.segmenter import Instances

FOUND = 0.7
"""IoU from which a shape counts as found in the words."""
RIVAL_WISHES = {"top": 20, "iou": 0.5, "least": 0.5, "most": 200}
"""Of YOLACT: masks at most, Fast NMS, the least score, anchors before NMS."""


class BesideRival(Explorable):
    """A widget that can show what another method finds in the same picture.

    `beside` is a trait: whether the other method's picture is open.
    """

    beside = traitlets.Bool(False).tag(sync=True)
    rival_weights = traitlets.Bytes(b"").tag(sync=True)
    rival_told, rival_wishes = (traitlets.Dict({}).tag(sync=True) for _ in range(2))

    def challenge(self, model: YOLACT) -> None:
        """Take this network as the rival."""
        from ifcn_lab.layers.anchors import anchor_sizes

        listed = layer_list(model)
        self.rival = rounded(model).eval()
        self.rival_told, self.rival_weights = listed.told(), listed.weights
        sizes = [list(each) for each in anchor_sizes(model.sides)]
        self.rival_wishes = {**RIVAL_WISHES, "stride": model.stride, "sizes": sizes}

    def rival_words(
        self, image: UInt8[np.ndarray, "h w 3"], owner: UInt8[np.ndarray, "h w"],
        count: int,
    ) -> str:
        """What the rival finds, while its picture is open."""
        if not self.beside:
            return ""
        found = self.rival.detect([image], top=RIVAL_WISHES["top"],
                                  least=RIVAL_WISHES["least"])[0]
        return f" Beside it {verdict('YOLACT', owner, count, found)}."


def verdict(
    name: str, owner: UInt8[np.ndarray, "h w"], count: int, found: Instances
) -> str:
    """How many shapes a method finds, and whether it joins or cuts others.

    Joined are shapes that one mask covers by half or more; cut is one that is not
    found although two masks lie in it by half of themselves or more.
    """
    shared = shared_pixels(owner, count, found)
    shapes = np.bincount(owner.ravel(), minlength=count + 1)[1:]
    masks = np.array([crop.sum() for crop in found.crops]).reshape(-1, 1)
    ious = shared / np.maximum(shapes + masks - shared, 1)
    hit = ious.max(0, initial=0) >= FOUND
    joined = int((2 * shared >= np.maximum(shapes, 1)).sum(1).max(initial=0))
    pieces = ((2 * shared >= masks).sum(0) >= 2) & ~hit
    text = f"{name} finds {hit.sum()} of {count}"
    if joined >= 2 and not hit.all():
        text += f", joins {joined}"
    return f"{text}, cuts {pieces.sum()} into pieces" if pieces.any() else text


def shared_pixels(
    owner: UInt8[np.ndarray, "h w"], count: int, found: Instances
) -> Float[np.ndarray, "N count"]:
    """How many pixels each mask shares with each shape."""
    shared = np.zeros((len(found), count))
    for row, crop, (x0, y0, x1, y1) in zip(shared, found.crops, found.boxes.tolist(),
                                           strict=True):
        row[:] = np.bincount(owner[y0:y1, x0:x1][crop], minlength=count + 1)[1:]
    return shared


@lru_cache(maxsize=1)
def default_rival() -> YOLACT:
    """The YOLACT that ships."""
    from ifcn_lab.models.yolact import YOLACT

    return YOLACT.from_pretrained()
