"""Instance semantic segmentation: proposals, their categories, voted masks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8

from ifcn_lab.layers.backbones import fused, uses_bfloat16
from ifcn_lab.layers.mask_voting import Vote, kept_by_class, voted
from ifcn_lab.layers.regions import as_boxes, mask_bins
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.models.mnc import Classifier
from ifcn_lab.segmenter import Instances, to_tensor
from ifcn_lab.windows import propose


@dataclass(frozen=True)
class Instances:
    """Instances found in one image, best first.

    Args:
        shape: (h, w) of the image.
        boxes: (N, 4) tight boxes (x0, y0, x1, y1), half-open, in image pixels.
        scores: (N,) probabilities of the category.
        categories: (N,) category ids.
        crops: N masks, each cut to its box.
        names: of the categories, by id.

    `masks` (N, h, w) and `rles()` draw them at image size, as `Instances` does.
    """

    shape: tuple[int, int]
    boxes: Int[np.ndarray, "N 4"]
    scores: Float[np.ndarray, "N"]
    categories: Int[np.ndarray, "N"]
    crops: tuple[Bool[np.ndarray, "_ _"], ...]
    names: dict[int, str]

    # Shape, boxes and crops are kept the same way, so the same two draw them.
    masks = Instances.masks
    rles = Instances.rles

    def __len__(self) -> int:
        return len(self.scores)

    def above(self, score: float) -> Instances:
        """Those with at least this score."""
        n = int((self.scores >= score).sum())
        return Instances(self.shape, self.boxes[:n], self.scores[:n],
                          self.categories[:n], self.crops[:n], self.names)


def detect(
    model: InstanceFCN, classifier: Classifier,
    image: UInt8[np.ndarray, "h w *rgb"] | Float[np.ndarray, "h w *rgb"], n: int = 300,
    *, voting: bool = True, proposal_nms: float = 0.8, threshold: float = 0.5,
    nms_iou: float = 0.3, vote_iou: float = 0.5, cut: float = 0.4, least: float = 1e-3,
    precision: str = "float32",
) -> Instances:
    """Find the objects of an image, with their categories.

    Args:
        model: proposes masks.
        classifier: says what they are.
        image: as for `propose`.
        n: proposals that are classified; the paper's 300.
        voting: draw every instance's mask by MNC's mask voting; otherwise a mask is
            its proposal's.
        proposal_nms, threshold: of the proposals, as for `propose`.
        nms_iou: within a category, of two boxes that overlap more, the worse goes.
        vote_iou, cut: neighbours vote from this box IoU; a pixel needs this share.
        least: instances of a lower score are left out.
        precision: "float32", "bfloat16" or "auto".

    Raises:
        ValueError, TypeError: an image or a wish that makes no sense, see `propose`.

    Source: Dai et al., ECCV 2016, instance semantic segmentation; MNC, section 4.
    """
    proposals = propose(model, image, top=n, nms_iou=proposal_nms, threshold=threshold,
                        precision=precision)
    scores = class_scores(classifier, image, proposals, precision=precision)
    wishes = {"nms_iou": nms_iou, "least": least}
    if voting:
        wishes |= {"vote_iou": vote_iou, "cut": cut}
    return instances(proposals, scores, classifier.categories, **wishes)


@torch.inference_mode()
def class_scores(
    classifier: Classifier, image: np.ndarray, proposals: Instances, *,
    precision: str = "float32",
) -> Float[np.ndarray, "N C"]:
    """Probability of each category for each proposal; background has the rest.

    Raises:
        ValueError: the classifier gives NaN or infinity.
    """
    device = next(classifier.parameters()).device
    inputs = (to_tensor(image), as_boxes(proposals.boxes),
              mask_bins(proposals.crops, classifier.bins))
    with torch.autocast(device.type, torch.bfloat16, enabled=uses_bfloat16(precision)):
        scores = fused(classifier)(*(x.to(device) for x in inputs)).mask_level.float()
    if not scores.isfinite().all():
        raise ValueError("the classifier's scores hold NaN or infinity; its weights "
                         "are broken or training diverged")
    return scores.softmax(1)[:, 1:].double().cpu().numpy()


def instances(
    proposals: Instances, scores: Float[np.ndarray, "N C"], names: dict[int, str], *,
    nms_iou: float = 0.3, least: float = 1e-3, vote_iou: float | None = None,
    cut: float = 0.4,
) -> Instances:
    """From scored proposals to detections; without `vote_iou` masks stay as they are.

    An instance for which no pixel has enough votes is left out.
    """
    boxes, crops = proposals.boxes, proposals.crops
    kept = kept_by_class(boxes, scores, nms_iou, least)             # (K, 2)
    if vote_iou is None:
        drawn = [Vote(tuple(boxes[i].tolist()), crops[i]) for i in kept[:, 0]]
    else:
        drawn = voted(boxes, crops, scores, kept, iou=vote_iou, cut=cut)
    some = np.array([i for i, one in enumerate(drawn) if one is not None], int)
    ids = np.array(sorted(names))
    return Instances(
        shape=proposals.shape,
        boxes=np.array([drawn[i].box for i in some], int).reshape(-1, 4),
        scores=scores[kept[some, 0], kept[some, 1]],
        categories=ids[kept[some, 1]],
        crops=tuple(drawn[i].crop for i in some),
        names=dict(names),
    )
