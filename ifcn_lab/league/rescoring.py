"""Scores that know how good a mask is: the same masks in another order.

The answers of a YOLACT with the IoU that each has with the nearest object, so that any
order of them can be measured; and Mask Scoring R-CNN's last head, trained alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, UInt8
from torch import Tensor

from ifcn_lab.data import Sample
from ifcn_lab.data.masks import cut_to_boxes, tight_boxes
from ifcn_lab.layers.boxes import grow_boxes
from ifcn_lab.layers.rpn import Objects
from ifcn_lab.layers.two_stage import Taught, cut_masks
from ifcn_lab.layers.whole_image import enlarged
from ifcn_lab.metrics import mask_iou
from ifcn_lab.metrics.precision import CocoPrecision, CocoReport
from ifcn_lab.models.mask_scoring import MaskScoringRCNN
from ifcn_lab.models.yolact import (
    PROTOTYPE_STRIDE,
    YOLACT,
    Prototypes,
    assembled,
    crop,
)
from ifcn_lab.segmenter import Instances
from ifcn_lab.training.recipe import LESSON
from ifcn_lab.views import View

SMALLEST = 0.05
"""Answers of a lower score are left out, as in YOLACT."""


class Replies(NamedTuple):
    """The answers to one picture: soft masks in places, masks, scores, and true IoUs.
    """

    soft: Float32[np.ndarray, "N H W"]
    masks: Bool[np.ndarray, "N h w"]
    scores: Float[np.ndarray, " N"]
    iou: Float[np.ndarray, " N"]


def prototypes_of(
    net: YOLACT, image: UInt8[np.ndarray, "h w 3"]
) -> tuple[Float32[np.ndarray, "k H W"], Float32[np.ndarray, "N k"]]:
    """The prototypes of a picture, and the coefficients of each object found in it."""
    own, out, shape = next(iter(net.seen_images([image], "float32")))
    mixes = [each.mix.numpy() for each in own.found(out, shape)]
    return out.prototypes[0].numpy(), np.concatenate(mixes)


def answers(net: YOLACT, samples: Sequence[Sample], wider: float = 0) -> list[Replies]:
    """What a network of one category says of each sample.

    Args:
        net: the network.
        samples: pictures and their objects.
        wider: every box is made wider and higher by this share of itself before it
            cuts its mask.
    """
    seen = net.seen_images([each.image for each in samples], "float32")
    return [_answers(own, out, sample, wider)
            for (own, out, _), sample in zip(seen, samples, strict=True)]


@torch.inference_mode()
def _answers(net: YOLACT, out: Prototypes, sample: Sample, wider: float) -> Replies:
    shape = sample.image.shape[:2]
    (found,) = net.found(out, shape, least=SMALLEST)
    boxes = grow_boxes(found.boxes, wider, shape)
    soft = assembled(out.prototypes[0], found.mix).sigmoid()          # (N, H, W)
    soft = soft * crop(boxes / PROTOTYPE_STRIDE, soft.shape[1:])
    masks = (enlarged(soft[:, None], PROTOTYPE_STRIDE, shape)[:, 0] > 0.5).numpy()
    some = masks.any((1, 2))
    iou = mask_iou(masks[some], sample.masks).max(1, initial=0)
    return Replies(soft.numpy()[some], masks[some],
                   found.scores.numpy()[some].astype(float), iou)


def nearest(
    found: Sequence[Replies], samples: Sequence[Sample]
) -> Float[np.ndarray, " objects"]:
    """The IoU of the nearest answer to each object of all samples."""
    ious = [mask_iou(each.masks, sample.masks).max(0, initial=0)
            for each, sample in zip(found, samples, strict=True)]
    return np.concatenate(ious)


def precision(
    found: Sequence[Replies], samples: Sequence[Sample],
    score: Callable[[Replies], Float[np.ndarray, " N"]],
) -> CocoReport:
    """COCO's AP of the same masks with scores of one's own.

    Args:
        found: the answers.
        samples: what they answer.
        score: of the answers to one picture.
    """
    return CocoPrecision(sizes=False).over(
        [_ranked(each, score(each)) for each in found], samples)


def _ranked(each: Replies, score: Float[np.ndarray, " N"]) -> Instances:
    boxes, order = tight_boxes(each.masks), np.argsort(-score, kind="stable")
    found = Instances(each.masks.shape[1:], boxes, np.asarray(score),
                      cut_to_boxes(each.masks, boxes))
    return found.take(order)


def qualities(
    found: Sequence[Instances], samples: Sequence[Sample]
) -> list[Float[np.ndarray, " _"]]:
    """The IoU that each mask has with the nearest object."""
    return [mask_iou(each.masks, sample.masks).max(1, initial=0)
            for each, sample in zip(found, samples, strict=True)]


def reordered(
    found: Sequence[Instances], scores: Sequence[Float[np.ndarray, " _"]]
) -> list[Instances]:
    """The same masks with other scores, best first."""
    return [replace(each, scores=np.asarray(score)).take(
                np.argsort(-score, kind="stable"))
            for each, score in zip(found, scores, strict=True)]


class Seen(NamedTuple):
    """A picture as a head sees it: maps, regions that teach, and masks there."""

    maps: Float[Tensor, "C H W"]
    some: Taught
    objects: Objects
    mask: Float[Tensor, "R P P"]
    wanted: Bool[Tensor, "R P P"]


def seen_once(net: MaskScoringRCNN, samples: Sequence[Sample]) -> list[Seen]:
    """Each sample through all of the network but its last head.

    Regions are drawn as in training: proposals and the objects' own boxes.
    """
    rng = np.random.default_rng(0)
    return [_seen(net, net.view(sample, LESSON, rng), rng) for sample in samples]


@torch.no_grad()
def _seen(net: MaskScoringRCNN, view: View, rng: np.random.Generator) -> Seen:
    objects, out = net.targets(view, rng), net(view.image[None])
    anchors, shape = net.rpn.anchors(out.features), tuple(objects.size.tolist())
    boxes, _ = net.rpn.proposals(out.objectness[0], out.code[0], anchors, shape, 300)
    some = net.draw(boxes, objects).positive()
    mask = net.masks(out.maps[0], some.boxes, some.label - 1)
    wanted = cut_masks(objects, some, mask.shape[-1])
    return Seen(out.maps[0], some, objects, mask, wanted)


def new_head(net: MaskScoringRCNN, seed: int = 0) -> MaskScoringRCNN:
    """The same network, with a head for the IoU that has learned nothing."""
    torch.manual_seed(seed)
    other, fresh = deepcopy(net), MaskScoringRCNN(**net.config)
    other.iou_head = fresh.iou_head
    return other.eval()


def teach_head(
    net: MaskScoringRCNN, seen: Sequence[Seen], steps: int = 120, batch: int = 4
) -> list[float]:
    """Train the head for the IoU and nothing else; the loss of every step.

    Args:
        net: its head learns, the rest stays as it is.
        seen: pictures of training, as `seen_once` gives them.
        steps: of gradient descent.
        batch: pictures a step.
    """
    head, losses = net.iou_head.train(), []
    optimizer = torch.optim.AdamW(head.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    for step in range(steps):
        terms = [net.score_losses(*seen[(step * batch + n) % len(seen)])["iou"]
                 for n in range(batch)]
        loss = sum(each for each, _ in terms) / sum(count for _, count in terms)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    head.eval()
    return losses
