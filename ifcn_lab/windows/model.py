"""What every window model shares: which windows teach, and how proposals are read.

A window model slides one window over score maps. It differs from another in its
network and in how it reads the mask of a window.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from ifcn_lab.data.masks import tight_boxes
from ifcn_lab.layers.backbones import BACKBONES
from ifcn_lab.segmenter import Instances, Segmenter, Terms
from ifcn_lab.views import View
from ifcn_lab.windows.labels import (
    CLOSE,
    WindowRule,
    label_windows,
    mask_targets,
    sample_windows,
)
from ifcn_lab.windows.losses import (
    ScoreMaps,
    WindowTargets,
    window_counts,
    window_losses,
)

RULES = {name: CLOSE if kind.small else WindowRule()
         for name, kind in BACKBONES.items()}
"""The rule of each backbone: the paper's, and the one the lessons train with."""

APART = 0.3
"""Of two answers whose masks have a higher IoU the worse goes."""


class WindowModel(Segmenter):
    """A `Segmenter` whose masks are windows of score maps.

    Args:
        m: window side in places.
        backbone: its name, which also says the usual rule.
        sizes: longest side of the smallest and the largest object to look for, in
            image pixels; the pyramid is built from it. None: the paper's.
        windows: drawn per image in training, half positive and half negative.
        rule: when a window is positive. None: DeepMask's for VGG-16, `CLOSE` for the
            small backbones. Not confirmed for this paper; see `WindowRule`.
        negative_masks: also ask an empty mask of negative windows. No source says; the
            default is no, as in DeepMask.

    Raises:
        ValueError: fewer than 2 windows.
    """

    recipe_changes: Mapping[str, Any] = {}

    score = "objectness"
    """What proposals are ranked by: see `windows.quality`."""

    calibration: Sequence[float] | None = None
    """The line that makes probabilities of this score; None: it is told as it is."""

    def __init__(
        self, m: int, backbone: str, *, sizes: Sequence[float] | None = None,
        windows: int = 256, rule: WindowRule | dict[str, float] | None = None,
        negative_masks: bool = False,
    ) -> None:
        super().__init__()
        if windows < 2:
            raise ValueError(f"windows is {windows}; give at least 2, half of them "
                             "positive")
        self.m, self.backbone_name = m, backbone
        self.sizes = None if sizes is None else tuple(sizes)
        self.drawn, self.negative_masks = windows, negative_masks
        self.rule = (WindowRule(**rule) if isinstance(rule, dict)
                     else rule or RULES.get(backbone, WindowRule()))

    @property
    def canonical(self) -> float:
        """Longest side of an object that fits, as a share of the window's side."""
        return self.rule.canonical

    @property
    def config(self) -> dict[str, Any]:
        """The arguments that build this model again."""
        return {"m": self.m, "backbone": self.backbone_name, "sizes": self.sizes,
                "windows": self.drawn, "rule": asdict(self.rule),
                "negative_masks": self.negative_masks,
                "normalisation": self.normalisation}

    def expect(self, low: float, high: float) -> None:
        """Look for objects of these sizes."""
        self.sizes = low, high

    def windows(
        self, maps: Float[Tensor, "*B C H W"], centers: Int[Tensor, "N axes"],
        fill: float = 0.0,
    ) -> Float[Tensor, "N m m"]:
        """The mask logits of chosen windows.

        Centers are (y, x) on the maps of one image, (image, y, x) in a batch; places
        off the map get `fill`.
        """
        raise NotImplementedError

    def zoom_to(self, box: Int[np.ndarray, "4"], rng: np.random.Generator) -> float:
        """Enlarge until the object fits the window, give or take the tolerance."""
        octaves = rng.uniform(-1, 1) * self.rule.scale_tolerance
        side = self.stride * self.m
        return float(self.rule.canonical * side / max(box[2:] - box[:2]) * 2**octaves)

    def targets(self, view: View, rng: np.random.Generator) -> WindowTargets:
        """Label the windows on the feature map of this view and draw from them."""
        boxes = tight_boxes(view.masks.numpy() >= 0.5)
        large = (boxes[:, 2:] - boxes[:, :2]).min(1, initial=10**9) >= 2
        covered = F.avg_pool2d(view.masks[large][:, None], self.stride)[:, 0].numpy()
        crowd = F.avg_pool2d(view.crowd[None], self.stride)[0].numpy() > 0.5   # (H, W)
        labels = label_windows(boxes[large], crowd.shape, stride=self.stride, m=self.m,
                               rule=self.rule, crowd=crowd)
        rows, columns = (-(-side // self.stride) for side in view.size)
        labels.label[rows:] = labels.label[:, columns:] = -1   # centred on padding
        drawn = sample_windows(labels, self.drawn, rng=rng)
        masked = drawn.label >= (0 if self.negative_masks else 1)
        nothing = np.zeros((1, *crowd.shape), covered.dtype)   # instance -1: a negative
        target, counts = mask_targets(np.concatenate([covered, nothing]),
                                      drawn.centers[masked], drawn.instance[masked],
                                      self.m, crowd)
        centers, label = torch.tensor(drawn.centers), torch.tensor(drawn.label)
        return WindowTargets(centers, label.float(), torch.from_numpy(target).float(),
                             torch.from_numpy(counts))

    def losses(self, out: ScoreMaps, targets: Sequence[WindowTargets]) -> Terms:
        """Objectness of every drawn window, masks of the positive ones."""
        return window_losses(out, targets, self.windows)

    def counts(self, targets: Sequence[WindowTargets]) -> dict[str, float]:
        """How many windows are drawn, and how many have a mask."""
        return window_counts(targets)

    def detect(
        self, images: Sequence[np.ndarray], *, top: int = 100, nms_iou: float = 0.8,
        threshold: float = 0.5, precision: str = "float32", **others: Any,
    ) -> list[Instances]:
        """The best masks of any object in each image: see `windows.proposals`."""
        from ifcn_lab.windows.proposals import propose_many

        return propose_many(self, images, top=top, nms_iou=nms_iou,
                            threshold=threshold, precision=precision, **others)

    def answers(
        self, images: Sequence[np.ndarray], *, nms_iou: float = APART, **others: Any
    ) -> list[Instances]:
        """What is meant as answers, not proposals: masks apart, from the cut on.

        Of two whose mask IoU is above `nms_iou` the worse goes; see `detect`.

        Raises:
            ValueError: nobody has measured a cut for these weights.
        """
        if self.cut is None:
            raise ValueError("these weights have no cut: take `detect` and choose a "
                             "score yourself, with `above`")
        found = self.detect(images, nms="masks", nms_iou=nms_iou, **others)
        return [each.above(self.cut) for each in found]
