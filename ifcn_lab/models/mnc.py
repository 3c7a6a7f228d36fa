"""MNC's third stage on InstanceFCN's proposals: what kind of object each one is.

InstanceFCN proposes masks; of the best 300 each is read from a second backbone's
features in two ways, within its mask and within its box, and named. As in the paper,
the proposer is trained before and stays as it is. Mask voting joins what agrees.

Left out: MNC's class-wise box regression, as a mask comes from its proposal here and a
box from its mask; and the twice as many bins that its code, not its text, max-pools.

Source: Dai, He and Sun, CVPR 2016 (MNC), stage 3; Dai et al., ECCV 2016, instance
semantic segmentation.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from ifcn_lab.data import Sample
from ifcn_lab.layers.backbones import build_backbone, fused, uses_bfloat16
from ifcn_lab.layers.mask_voting import instances
from ifcn_lab.layers.regions import (
    IGNORED,
    RoiRule,
    Rois,
    as_boxes,
    by_mask_and_box,
    mask_bins,
    two_layers,
)
from ifcn_lab.layers.roi import roi_warp
from ifcn_lab.layers.whole_image import check_finite
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.segmenter import (
    Instances,
    Segmenter,
    Terms,
    as_classes,
    numbered,
    to_tensor,
)
from ifcn_lab.views import View, mirror, scale_all
from ifcn_lab.windows.proposed_regions import ProposedRegions
from ifcn_lab.windows.pyramid import resize_image

if TYPE_CHECKING:
    from ifcn_lab.training.recipe import Recipe


class Features(NamedTuple):
    """The backbone's last map, (B, C, H, W)."""

    features: Float[Tensor, "B C H W"]


class ClassScores(NamedTuple):
    """Logits of N regions for background (0) and C categories (1 ... C).

    `mask_level` is the answer. `box_level` is a second softmax that is there to be
    trained beside it, on labels that come from boxes.
    """

    mask_level: Float[Tensor, "N C1"]
    box_level: Float[Tensor, "N C1"]


class MNC(Segmenter):
    """Masked and unmasked features of a proposal to a category.

    RoIWarp reads each proposal's box from the backbone's last map, in bins x bins
    places. Mask path: these features times the mask, at the same resolution; box path:
    the features as they are. Each path is a 2x2 max-pool and two layers of `width`,
    and both together lead to the scores.

    Args:
        categories: names by category id, as a data set's `categories`.
        proposer: the configuration of the InstanceFCN that proposes, or it itself.
        width: of the fully connected layers; None: MNC's 4096 for VGG-16, 256 for the
            small backbone.
        bins: per side, an even number; 14 in MNC.
        dropout: of the layers' outputs in training; no source at hand names a share.
        sides: enlarge an image until its shorter side has the first number of pixels,
            but its longer side no more than the second; (600, 1000) for photographs.
            600 is confirmed, 1000 is not. None: images as they are.
        frozen: leave the copied backbone as it is. By default it is trained, as in MNC;
            no source says what the paper's two-step training does.
        rule: which regions teach.

    Raises:
        ValueError: no category, or an odd `bins`.
    """

    def __init__(
        self, categories: Mapping[Any, str], proposer: InstanceFCN | dict[str, Any], *,
        width: int | None = None, bins: int = 14, dropout: float = 0.0,
        sides: Sequence[int] | None = None, frozen: bool = False,
        rule: RoiRule | dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.proposer = (proposer if isinstance(proposer, InstanceFCN)
                         else InstanceFCN(**proposer)).requires_grad_(False)
        name = self.proposer.backbone_name
        if bins < 2 or bins % 2:
            raise ValueError(f"bins is {bins}; give an even number, 2 x 2 are pooled")
        self.width = width or (256 if self.proposer.backbone.small else 4096)
        self.classes = as_classes(categories)
        self.bins, self.dropout = bins, dropout
        self.sides, self.frozen = None if sides is None else tuple(sides), frozen
        self.rule = RoiRule(**rule) if isinstance(rule, dict) else rule or RoiRule()
        self.backbone = build_backbone(name).requires_grad_(not frozen)
        self.stride = self.backbone.stride
        features = self.backbone.channels * (bins // 2) ** 2
        self.mask_path, self.box_path = (two_layers(features, self.width, dropout)
                                         for _ in range(2))
        self.mask_level, self.box_level = (
            nn.Linear(2 * self.width, len(self.classes) + 1) for _ in range(2))
        self.normalise_as(self.proposer.normalisation)
        self.regions = ProposedRegions(self.proposer, self.rule, bins)

    @classmethod
    def on(
        cls, model: InstanceFCN, categories: Mapping[int, str], **options: Any
    ) -> MNC:
        """A new third stage on a trained network, with a copy of its backbone.

        Example:
            >>> net = MNC.on(InstanceFCN(backbone="small"), {1: "disc", 7: "star"})
            >>> net.width, net.classes
            (256, {1: 'disc', 7: 'star'})
        """
        net = cls(categories, copy.deepcopy(model), **options)
        net.backbone.load_state_dict(model.backbone.state_dict())
        return net.to(model.device)

    @property
    def config(self) -> dict[str, Any]:
        """The arguments that build this model again."""
        return {"categories": {str(i): name for i, name in self.classes.items()},
                "proposer": self.proposer.config, "width": self.width,
                "bins": self.bins, "dropout": self.dropout, "sides": self.sides,
                "frozen": self.frozen, "rule": asdict(self.rule)}

    def train(self, mode: bool = True) -> MNC:
        """Batch norms keep their statistics: one image alone has none of its own."""
        super().train(mode)
        self.backbone.eval()
        self.proposer.eval()
        return self

    def for_loading(self) -> Segmenter:
        """Itself: the proposer finds the regions, so its weights are needed."""
        return self

    # What it sees and is taught

    def view(self, sample: Sample, recipe: Recipe, rng: np.random.Generator) -> View:
        """The whole image at the size of `sides`, mirrored or not."""
        view = scale_all(sample, self.zoom(sample.image.shape[:2]), self.stride)
        return mirror(view) if recipe.flip and rng.random() < 0.5 else view

    def zoom(self, shape: tuple[int, int]) -> float:
        """How much an image of (h, w) pixels is enlarged."""
        return 1.0 if self.sides is None else min(
            self.sides[0] / min(shape), self.sides[1] / max(shape))

    def targets(self, view: View, rng: np.random.Generator) -> Rois:
        """Regions of the view, positives up to a quarter and the rest background."""
        kinds = np.array(numbered(view.categories, self.classes), int)
        upright = mirror(view) if view.mirrored else view
        drawn = self.regions.of(upright, kinds).drawn(self.rule, rng)
        return drawn.mirrored(view.size[1]) if view.mirrored else drawn

    # The network, and what it loses

    def forward(self, images: Float[Tensor, "B 3 h w"]) -> Features:
        """The feature maps of a batch of images in [0, 1]."""
        return Features(self.backbone(self.normalised(images)))

    def scores(
        self, features: Float[Tensor, "C H W"], boxes: Float[Tensor, "N 4"],
        masks: Float[Tensor, "N bins bins"],
    ) -> ClassScores:
        """Scores of regions of one image, boxes in its pixels."""
        warped = roi_warp(features, boxes / self.stride, self.bins)   # (N, C, b, b)
        seen = by_mask_and_box(warped, masks[:, None], self.mask_path, self.box_path)
        return ClassScores(self.mask_level(seen), self.box_level(seen))

    def losses(self, out: Features, targets: Sequence[Rois]) -> Terms:
        """Two softmax losses, each over the regions that its labels speak of."""
        scores = [self.scores(features, rois.boxes, rois.masks)
                  for features, rois in zip(out.features, targets, strict=True)]
        sums = {name: F.cross_entropy(torch.cat([getattr(s, name) for s in scores]),
                                      torch.cat([getattr(t, label) for t in targets]),
                                      ignore_index=IGNORED, reduction="sum")
                for name, label in LABELS.items()}
        counts = self.counts(targets)
        return {name: (total, counts[name]) for name, total in sums.items()}

    def counts(self, targets: Sequence[Rois]) -> dict[str, float]:
        """How many regions have a label of each kind."""
        return {name: int(sum((getattr(t, label) != IGNORED).sum() for t in targets))
                for name, label in LABELS.items()}

    # What it finds

    def detect(
        self, images: Sequence[np.ndarray], *, top: int = 100, voting: bool = True,
        precision: str = "float32",
    ) -> list[Instances]:
        """The objects of each image, with their categories.

        With `voting` every instance's mask is drawn by MNC's mask voting; otherwise it
        is its proposal's.

        Raises:
            ValueError, TypeError: an image that makes no sense, or scores that are NaN.
        """
        found = []
        for image in map(to_tensor, images):
            proposals = self.regions.proposals(image, precision=precision)
            scores = self.probabilities(image, proposals, precision)
            found.append(instances(proposals, scores, self.classes, voting).top(top))
        return found

    @torch.inference_mode()
    def probabilities(
        self, image: Float[Tensor, "3 h w"], proposals: Instances, precision: str
    ) -> Float[np.ndarray, "N C"]:
        """Probability of each category for each proposal; background has the rest."""
        zoom = self.zoom(tuple(image.shape[1:]))
        net, image = fused(self), resize_image(image, zoom, least=self.stride)
        rois = zoom * as_boxes(proposals.boxes), mask_bins(proposals.crops, self.bins)
        half = uses_bfloat16(precision, self.device.type)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
            features = net(image.to(self.device)[None]).features[0].float()
            scores = net.scores(features, *(x.to(self.device) for x in rois))
        check_finite(**scores._asdict())
        return scores.mask_level.float().softmax(1)[:, 1:].double().cpu().numpy()


LABELS = {"mask_level": "label", "box_level": "box_label"}
"""Which label of `Rois` each softmax learns."""
