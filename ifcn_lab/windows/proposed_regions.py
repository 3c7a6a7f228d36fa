"""Proposals of a trained window model as regions for a model that names them."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from ifcn_lab.data.masks import cut_to_boxes, tight_boxes
from ifcn_lab.layers.regions import RoiRule, Rois, as_boxes, label_rois, mask_bins
from ifcn_lab.segmenter import Instances
from ifcn_lab.views import View
from ifcn_lab.windows.model import WindowModel
from ifcn_lab.windows.proposals import default_zooms, propose

CACHE_BYTES = 3e9
"""Regions of training images that are kept, 120 kB for 300 of an image."""


class ProposedRegions:
    """The regions of every training image, found when first asked for and then kept.

    The proposer is not trained any more, so its proposals stay the same.

    Args:
        model: the trained proposer.
        rule: how many proposals, and what they are called.
        bins: of their masks, per side.
    """

    def __init__(self, model: WindowModel, rule: RoiRule, bins: int) -> None:
        self.model, self.rule, self.bins = model, rule, bins
        self._kept: dict[int, Rois] = {}

    def of(self, view: View, kinds: Int[np.ndarray, " M"]) -> Rois:
        """All regions of a view; `kinds` are its objects'."""
        key = hash(view.image.numpy().tobytes())
        if key not in self._kept:
            rois = self._find(view, kinds)
            if (len(self._kept) + 1) * sum(x.nbytes for x in rois) > CACHE_BYTES:
                return rois
            self._kept[key] = rois
        rois = self._kept[key]
        return rois._replace(masks=rois.masks.float())

    def _find(self, view: View, kinds: Int[np.ndarray, " M"]) -> Rois:
        h, w = view.size
        found = self.proposals(view.image[:, :h, :w], view.zoom, precision="auto")
        boxes, crops = found.boxes, found.crops
        masks = view.masks.numpy()[:, :h, :w] >= 0.5
        if self.rule.objects:
            there = masks[masks.any((1, 2))]
            own = tight_boxes(there)
            boxes = np.concatenate([boxes, own])
            crops = (*crops, *cut_to_boxes(there, own))
        crowd = view.crowd.numpy()[:h, :w] >= 0.5
        label, box_label = label_rois(boxes, crops, masks, crowd, kinds, self.rule)
        return Rois(as_boxes(boxes), mask_bins(crops, self.bins).half(),
                    torch.from_numpy(label), torch.from_numpy(box_label))

    def proposals(
        self, image: Float[Tensor, "3 h w"], zoom: float = 1.0, *,
        precision: str = "float32",
    ) -> Instances:
        """What the proposer finds in an image that was enlarged by `zoom`."""
        shape = tuple(round(side / zoom) for side in image.shape[1:])
        scales = [each / zoom for each in default_zooms(self.model, shape)]
        return propose(self.model, image.permute(1, 2, 0).numpy(), scales=scales,
                       top=self.rule.proposals, nms_iou=self.rule.nms_iou,
                       threshold=self.rule.threshold, precision=precision)
