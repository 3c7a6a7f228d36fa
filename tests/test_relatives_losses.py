"""Each loss of the relatives beside the paper's sum, written as loops; and slopes."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from relatives_cases import BOXES, check_slopes, four_regions, seeded, two_objects
from torch import Tensor
from torch.nn import functional as F

from ifcn_lab.layers.rpn import RPN, AnchorOutputs, draw, hardest_loss, label_anchors
from ifcn_lab.layers.two_stage import TwoStage, cut_masks
from ifcn_lab.models import model_class
from ifcn_lab.models.fcis import FCIS
from ifcn_lab.models.mask_rcnn import MaskRCNN
from ifcn_lab.models.mask_scoring import MaskScoringRCNN
from ifcn_lab.models.mnc_joint import MNCJoint
from ifcn_lab.models.yolact import YOLACT, Prototypes, crop

KINDS = {1: "disc", 2: "star"}


def close(found: Tensor, wanted: Tensor | float) -> None:
    torch.testing.assert_close(found.double(), torch.as_tensor(wanted).double())


def smooth_l1(x: float, beta: float = 1) -> float:
    return x * x / (2 * beta) if abs(x) < beta else abs(x) - beta / 2


def code_of(box: list[float], anchor: list[float]) -> list[float]:
    """How far and by how much, as R-CNN's appendix has it."""
    x, y, w, h = as_middle(box)
    ax, ay, aw, ah = as_middle(anchor)
    return [(x - ax) / aw, (y - ay) / ah, math.log(w / aw), math.log(h / ah)]


def as_middle(box: list[float]) -> tuple[float, ...]:
    x0, y0, x1, y1 = box
    return (x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0


def log_loss(logit: float, yes: bool) -> float:
    return math.log1p(math.exp(-logit if yes else logit))


def softmax_loss(logits: list[float], right: int) -> float:
    return math.log(sum(map(math.exp, logits))) - logits[right]


# RPN

ANCHORS = torch.tensor([[2.0, 3, 14, 11], [1, 3, 15, 12], [15, 5, 29, 23],
                        [0, 16, 12, 28], [20, 20, 40, 30], [0, 0, 6, 6]]).double()


def rpn(drawn: int = 6) -> RPN:
    return RPN(4, 4, [(8.0, 8.0)], drawn=drawn)


def test_the_loss_of_anchors_is_the_papers_sum() -> None:
    logits, code, objects = seeded(1, 6), seeded(1, 6, 4, seed=1), two_objects()
    found = label_anchors(ANCHORS, objects, .7, .3)
    some = draw(found, 6, .5, objects.rng()).tolist()
    terms = rpn().losses(AnchorOutputs(logits, code), ANCHORS, [objects])
    said = sum(log_loss(logits[0, i].item(), found[i] >= 0) for i in some)
    moved = sum(smooth_l1(told - right, 1 / 9) for i in some if found[i] >= 0
                for told, right in zip(
                    code[0, i].tolist(),
                    code_of(BOXES[found[i]].tolist(), ANCHORS[i].tolist()),
                    strict=True))
    assert sorted(found.tolist()) == [-1, -1, -1, 0, 0, 1] and len(some) == 6
    for name, wanted in (("anchors", said), ("anchor_boxes", moved)):
        close(terms[name][0].detach(), wanted)
        assert terms[name][1] == 6


def test_at_most_half_of_the_drawn_anchors_are_positive() -> None:
    label = torch.tensor([0] * 9 + [-1] * 3 + [-2] * 5)
    drawn = draw(label, 8, .5, torch.Generator().manual_seed(0))
    assert sorted(label[drawn].tolist()) == [-1] * 3 + [0] * 4
    assert len(drawn.unique()) == 7  # no more background than there is
    assert len(draw(label[:9], 8, .5, torch.Generator())) == 4
    assert len(draw(label[5:12].repeat(9), 8, .5, torch.Generator())) == 8


def test_anchors_off_the_picture_and_background_in_a_crowd_say_nothing() -> None:
    crowd = torch.zeros(32, 32)
    crowd[16:] = 1
    objects = two_objects(crowd)._replace(size=torch.tensor([32, 29]))
    assert label_anchors(ANCHORS, objects, .7, .3).tolist() == [0, 0, 1, -2, -2, -1]


# Two stages

def two_stage(kind: type[TwoStage], **options: object) -> TwoStage:
    torch.manual_seed(0)
    return kind("small", KINDS, sides=[16], **options).double().eval()


def test_category_and_box_of_regions_are_the_papers_sums() -> None:
    net, taught, objects = two_stage(MaskRCNN), four_regions(), two_objects()
    maps = seeded(64, 8, 8)
    read = net.read(maps, taught.boxes)
    terms = net.region_losses(maps, taught, objects)
    named = sum(map(softmax_loss, read.category.tolist(), taught.label.tolist()))
    moved = sum(smooth_l1(told - weight * right) for i in (0, 1, 3)
                for told, right, weight in zip(
                    read.code[i].tolist(), code_of(
                        BOXES[taught.object[i]].tolist(), taught.boxes[i].tolist()),
                    (10, 10, 5, 5), strict=True))
    close(terms["category"][0].detach(), named)
    close(terms["box"][0].detach(), moved)
    assert terms["category"][1] == terms["box"][1] == 4


def test_mask_rcnn_asks_each_pixel_of_the_true_categorys_mask_only() -> None:
    net, taught, objects = two_stage(MaskRCNN), four_regions(), two_objects()
    maps, some = seeded(64, 8, 8), four_regions().positive()
    logits = net.mask_logits(maps, some.boxes).detach()
    wanted = cut_masks(objects, some, 28)
    loss, count = net.mask_losses(maps, taught, objects)["mask"]
    close(loss.detach(), sum(
        log_loss(float(logits[r, int(some.label[r]) - 1, y, x]), bool(wanted[r, y, x]))
        for r in range(3) for y in range(28) for x in range(28)))
    assert count == 3 * 28 * 28


def test_the_iou_head_learns_half_the_squared_error_and_detach_cuts_its_slope() -> None:
    taught, objects, slopes = four_regions(), two_objects(), []
    for detach in (False, True):
        net, maps = two_stage(MaskScoringRCNN, detach=detach), seeded(64, 8, 8)
        some = taught.positive()
        mask = net.masks(maps, some.boxes, some.label - 1)
        told = net.iou(maps, some.boxes, mask)[torch.arange(3), some.label - 1]
        loss, count = net.mask_losses(maps, taught, objects)["iou"]
        wanted = cut_masks(objects, some, 28)
        area = (some.boxes[:, 2:] - some.boxes[:, :2]).prod(1) / 28 ** 2
        shared = ((mask > .5) & wanted).sum((1, 2)) * area
        whole = objects.masks[some.object].sum((1, 2))
        true = shared / ((mask > .5).sum((1, 2)) * area + whole - shared)
        close(loss.detach(), sum((a - b) ** 2 / 2 for a, b in
                                 zip(told.tolist(), true.tolist(), strict=True)))
        assert count == 3
        slope = torch.autograd.grad(loss, [maps, net.mask_head[0][0].weight],
                                    allow_unused=True)
        slopes.append([each is not None and bool(each.any()) for each in slope])
    assert slopes == [[True, True], [False, False]]


def test_fcis_is_a_softmax_over_the_true_pair() -> None:
    net, taught, objects = two_stage(FCIS, k=2, bins=6), four_regions(), two_objects()
    maps, some = seeded(4 * 2 * 3 + 16, 8, 8), four_regions().positive()
    pairs = net.assembled(maps, some.boxes).detach()
    wanted = cut_masks(objects, some, 6)
    loss, count = net.mask_losses(maps, taught, objects)["mask"]
    close(loss.detach(), sum(
        softmax_loss(pairs[r, int(some.label[r]), :, y, x].tolist(),
                     0 if wanted[r, y, x] else 1)
        for r in range(3) for y in range(6) for x in range(6)))
    assert count == 3 * 36


def test_mnc_names_a_region_by_its_mask_and_by_its_box() -> None:
    taught, objects = four_regions(), two_objects()
    net, maps = two_stage(MNCJoint, m=6), seeded(16, 8, 8)
    taught.boxes[3] = torch.tensor([4, 0, 32, 30])  # mostly empty
    net.mask[-2].bias.data.fill_(9)                 # and all masks are full
    logits, seen = net.stages(maps, taught.boxes)
    wanted = cut_masks(objects, taught.positive(), 6, .4)
    own = logits[taught.label > 0] > 0
    good = [int((a & b).sum()) >= .5 * int((a | b).sum())
            for a, b in zip(own, wanted, strict=True)]
    by_mask = [0, 0, 0, 0]
    for r, fits in zip((0, 1, 3), good, strict=True):
        by_mask[r] = int(taught.label[r]) * fits
    terms = net.region_losses(maps, taught, objects)
    for name, head, label in (("category", net.mask_level, by_mask),
                              ("box_category", net.box_level, taught.label.tolist())):
        close(terms[name][0].detach(),
              sum(map(softmax_loss, head(seen).tolist(), label)))
    close(terms["mask"][0].detach(), sum(
        log_loss(one.item(), bool(right))
        for one, right in zip(logits[taught.label > 0].flatten(), wanted.flatten(),
                              strict=True)))
    assert terms["mask"][1] == 3 * 36
    assert good == [True, True, False]


@pytest.mark.parametrize("kind, channels", [
    (MaskRCNN, 64), (MaskScoringRCNN, 64), (FCIS, 200), (MNCJoint, 16)])
def test_slopes_of_region_losses_are_those_of_small_differences(
        kind: type[TwoStage], channels: int) -> None:
    net, taught, objects = two_stage(kind), four_regions(), two_objects()
    if kind is FCIS:
        net, channels = two_stage(FCIS, k=2, bins=6), 40
    maps = seeded(channels, 8, 8)

    def loss(maps: Tensor) -> Tensor:
        terms = net.region_losses(maps, taught, objects)
        terms |= net.mask_losses(maps, taught, objects)
        return torch.stack([each for each, _ in terms.values()])

    check_slopes(loss, maps)


# YOLACT

def yolact(rescore: bool = False) -> YOLACT:
    torch.manual_seed(0)
    return YOLACT("small", KINDS, k=3, sides=[12], rescore=rescore).double().eval()


def outputs(seed: int = 0) -> Prototypes:
    """4 x 4 places of three anchors, and prototypes of 8 x 8 places."""
    return Prototypes(seeded(1, 3, 8, 8, seed=seed).relu(), seeded(1, 48, 3, seed=1),
                      seeded(1, 48, 4, seed=2), seeded(1, 48, 3, seed=3).tanh())


def test_yolacts_loss_is_the_papers_sum() -> None:
    net, out, objects = yolact(), outputs(), two_objects()
    anchors = net.anchors(out).double()
    found = label_anchors(anchors, objects, .5, .4)
    some = (found >= 0).nonzero()[:, 0].tolist()
    terms = net.losses(out, [objects])
    assert len(some) > 2 and {count for _, count in terms.values()} == {len(some)}
    close(terms["box"][0].detach(), 1.5 * sum(
        smooth_l1(told - weight * right) for i in some for told, right, weight in zip(
            out.code[0, i].tolist(), code_of(BOXES[found[i]].tolist(),
                                             anchors[i].tolist()),
            (10, 10, 5, 5), strict=True)))
    mask = 0.0
    for i in some:
        box = BOXES[found[i]] / 4
        inside = crop(box[None], (8, 8))[0]
        solid = F.avg_pool2d(objects.masks[found[i]][None], 4)[0] >= .5
        area = float((box[2:] - box[:2]).prod())
        for y, x in np.ndindex(8, 8):
            logit = sum(float(out.prototypes[0, c, y, x] * out.mix[0, i, c])
                        for c in range(3))
            own = bool(solid[y, x])
            cost = log_loss(logit, own) if inside[y, x] else 100 * own
            mask += 6.125 * cost / area
    close(terms["mask"][0].detach(), mask)
    named = sum(softmax_loss(out.category[0, i].tolist(),
                             int(objects.label[found[i]])) for i in some)
    background = sorted((softmax_loss(out.category[0, i].tolist(), 0)
                         for i in (found == -1).nonzero()[:, 0].tolist()), reverse=True)
    close(terms["category"][0].detach(), named + sum(background[:3 * len(some)]))


def test_where_there_is_no_object_three_anchors_teach_background() -> None:
    category = seeded(10, 3)
    loss = hardest_loss(category, torch.full((10,), -1), torch.zeros(0).long())
    each = sorted((softmax_loss(row, 0) for row in category.tolist()), reverse=True)
    close(loss.detach(), sum(each[:3]))


def test_yolact_judges_the_soft_cropped_mask_by_its_iou_with_the_whole() -> None:
    net, out, objects = yolact(rescore=True), outputs(), two_objects()
    found = label_anchors(net.anchors(out), objects, .5, .4)
    some = (found >= 0).nonzero()[:, 0].tolist()
    wanted = 0.0
    for i in some:
        logits = torch.einsum("chw,c->hw", out.prototypes[0], out.mix[0, i])
        inside = crop(BOXES[found[i]][None] / 4, (8, 8))[0]
        mask = (logits.sigmoid() * inside).detach()
        solid = F.avg_pool2d(objects.masks[found[i]][None], 4)[0] >= .5
        true = ((mask > .5) & solid).sum() / ((mask > .5) | solid).sum()
        told = net.judge(mask[None, None])[0, int(objects.label[found[i]]) - 1]
        wanted += float((told - true) ** 2) / 2
    close(net.losses(out, [objects])["iou"][0].detach(), wanted)


@pytest.mark.parametrize("rescore", [False, True])
def test_slopes_of_yolacts_loss_are_those_of_small_differences(rescore: bool) -> None:
    net, objects = yolact(rescore), two_objects()

    def loss(*out: Tensor) -> Tensor:
        terms = net.losses(Prototypes(*out), [objects])
        return torch.stack([each for each, _ in terms.values()])

    # Where a logit is 0 the true IoU, a mere number to the loss, would jump.
    out = outputs()._replace(prototypes=outputs().prototypes + .1)
    check_slopes(loss, *(each.detach().requires_grad_() for each in out))


def test_slopes_of_the_loss_of_anchors_are_those_of_small_differences() -> None:
    def loss(logits: Tensor, code: Tensor) -> Tensor:
        terms = rpn().losses(AnchorOutputs(logits, code), ANCHORS, [two_objects()])
        return torch.stack([each for each, _ in terms.values()])

    assert torch.autograd.gradcheck(loss, (seeded(1, 6), seeded(1, 6, 4, seed=1)))


# Whole maps

@pytest.mark.parametrize("name", ["FCN", "AfterSGN"])
def test_a_softmax_for_every_place_that_says_something(name: str) -> None:
    net = model_class(name)("small", KINDS)
    out, target, counted = maps_and_labels(name)
    terms = net.losses(out, [target])
    for term, (logits, label) in counted.items():
        own = [softmax_loss(logits[0, :, y, x].tolist(), int(label[y, x]))
               for y in range(4) for x in range(5) if label[y, x] >= 0]
        close(terms[term][0].detach(), sum(own))
        assert terms[term][1] == len(own) == 16


def maps_and_labels(name: str) -> tuple:
    """A model's outputs and targets of 4 x 5 places, by the loss's terms."""
    from ifcn_lab.models.fcn import ClassMaps, PixelLabels
    from ifcn_lab.models.sgn import Breakpoints, RunLabels

    def label(most: int) -> Tensor:
        some = torch.arange(20).view(4, 5) % most
        some[0, 1:] = -1
        return some

    if name == "FCN":
        logits = seeded(1, 3, 4, 5)
        return ClassMaps(logits), PixelLabels(label(3)), {"pixel": (logits, label(3))}
    out = Breakpoints(seeded(1, 4, 4, 5), seeded(1, 4, 4, 5, seed=1),
                      seeded(1, 3, 4, 5, seed=2))
    labels = RunLabels(label(4), label(4), label(3))
    return out, labels, {term: (getattr(out, term), getattr(labels, term))
                         for term in ("row", "column", "kind")}
