"""The options and ways that the papers' claims need, and that their rows can be run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from relatives_cases import check_slopes, four_regions, seeded, two_objects
from test_relatives_networks import fresh

from ifcn_lab.__main__ import main
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.layers.two_stage import Taught, cut_masks, within
from ifcn_lab.league import figures
from ifcn_lab.league.claims import CLAIMS
from ifcn_lab.models.discriminative import Vectors, near_centres
from ifcn_lab.segmenter import Segmenter
from ifcn_lab.views import scale_all

KINDS = {1: "a", 2: "b"}
SCENE = SceneSet(4)[2]


def regions() -> Taught:
    return four_regions().positive()


# Masks by another rule

def test_by_softmax_categories_and_background_share_a_pixel() -> None:
    net = fresh("MaskRCNN", categories=KINDS, mask_rule="softmax").double()
    maps, boxes = seeded(64, 8, 8), regions().boxes
    logits = net.mask_logits(maps, boxes)                          # (3, 3, 28, 28)
    both = [net.masks(maps, boxes, torch.full((3,), kind)) for kind in (0, 1)]
    share = logits.exp() / logits.exp().sum(1, keepdim=True)
    for found, wanted in zip(both, share.unbind(1)[1:], strict=True):
        torch.testing.assert_close(found, wanted)


def test_the_softmaxs_loss_names_the_category_or_the_background() -> None:
    net = fresh("MaskRCNN", categories=KINDS, mask_rule="softmax").double()
    maps, objects, some = seeded(64, 8, 8), two_objects(), regions()
    told = net.mask_logits(maps, some.boxes).log_softmax(1)
    wanted = cut_masks(objects, some, 28)
    loss, count = net.mask_losses(maps, four_regions(), objects)["mask"]
    total = -sum(told[r, int(some.label[r]) if wanted[r, y, x] else 0, y, x]
                 for r in range(3) for y in range(28) for x in range(28))
    torch.testing.assert_close(loss, total)
    assert count == 3 * 28 * 28


def test_an_agnostic_mask_is_the_same_for_every_category() -> None:
    net = fresh("MaskRCNN", categories=KINDS, mask_rule="agnostic")
    assert net.mask_head[-1].out_channels == 1
    maps, boxes = torch.rand(64, 8, 8), regions().boxes.float()
    a, b = (net.masks(maps, boxes, torch.full((3,), kind)) for kind in (0, 1))
    assert torch.equal(a, b)


@pytest.mark.parametrize("rule", ["softmax", "agnostic"])
def test_the_slopes_of_the_other_rules_are_right(rule: str) -> None:
    net = fresh("MaskRCNN", categories=KINDS, mask_rule=rule).double()
    objects = two_objects()
    check_slopes(lambda maps: torch.stack(
        [net.mask_losses(maps, four_regions(), objects)["mask"][0]]), seeded(64, 8, 8))


def test_a_rule_of_masks_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match="mask_rule is one of sigmoid, softmax, agnos"):
        fresh("MaskRCNN", mask_rule="argmax")


# Maps of their own

def test_separate_maps_draw_with_one_and_name_with_the_other() -> None:
    net = fresh("FCIS", k=2, bins=6, joint=False)
    maps, boxes = torch.randn(2 * 2 * 4 + 16, 8, 8), regions().boxes.float()
    pairs, kind = net.assembled(maps, boxes), torch.zeros(3, dtype=torch.long)
    torch.testing.assert_close(net.masks(maps, boxes, kind), pairs[:, 1, 0].sigmoid())
    torch.testing.assert_close(net.read(maps, boxes).category,
                               pairs[:, :, 1].mean((2, 3)))


def test_separate_maps_are_taught_apart() -> None:
    net, objects = fresh("FCIS", k=2, bins=6, joint=False).double(), two_objects()
    objects = objects._replace(label=torch.tensor([1, 1]))
    taught = four_regions()._replace(label=torch.tensor([1, 1, 0, 1]))
    maps = seeded(2 * 2 * 4 + 16, 8, 8)
    drawn = net.mask_losses(maps, taught, objects)["mask"][0]
    named = net.region_losses(maps, taught, objects)["category"][0]
    moved = [torch.autograd.grad(each, maps)[0][:16].unflatten(0, (2, 2, 4)).flatten(2)
             for each in (drawn, named)]             # of category, of pair
    assert [[bool(each[1, side].any()) for side in (0, 1)] for each in moved] == \
        [[True, False], [False, True]]


# The mask alone into the head of the IoU

def test_a_head_that_sees_the_mask_alone_is_the_same_wherever_it_looks() -> None:
    net = fresh("MaskScoringRCNN", features=False)
    boxes, mask = regions().boxes.float(), torch.rand(3, 28, 28)
    a, b = (net.iou(torch.rand(64, 8, 8), boxes, mask) for _ in range(2))
    assert torch.equal(a, b) and not torch.equal(a, net.iou(
        torch.rand(64, 8, 8), boxes, mask.flip(-1)))
    seeing = fresh("MaskScoringRCNN")
    assert not torch.equal(*(seeing.iou(torch.rand(64, 8, 8), boxes, mask)
                             for _ in range(2)))


# Larger boxes

def full(name: str) -> Segmenter:
    """One whose masks fill their boxes, and that answers whatever it sees."""
    net = fresh(name, sides=[24])
    if name == "YOLACT":
        for head in (net.mix, net.prototypes):
            head.bias.data.fill_(9)
    else:
        net.mask_head[-1].bias.data.fill_(99)
    return net


@pytest.mark.parametrize("name", ["YOLACT", "MaskRCNN"])
def test_a_wider_box_draws_a_wider_mask_and_keeps_its_score(name: str) -> None:
    net = full(name)
    usual, wide = ([net.detect([SCENE.image], top=5, least=0)[0]
                    for net.wider in (0.0, 0.5)])
    assert usual.scores.tolist() == wide.scores.tolist()
    sides = usual.boxes[:, 2:] - usual.boxes[:, :2]
    away = np.abs(wide.boxes - usual.boxes)         # and cut by the image
    inside = (usual.boxes >= 12) & (usual.boxes <= 116)
    grown = np.tile(sides, 2) / 4
    atol = 4 if name == "YOLACT" else 1             # YOLACT crops whole places
    assert inside.any() and np.allclose(away[inside], grown[inside], atol=atol)


# The truth, as far as it is told

def test_places_go_with_the_nearest_centre_within_reach() -> None:
    line = torch.tensor([[0.0], [1], [9], [10], [30]])
    own = torch.tensor([1, 1, 3, 3, 0])
    some = torch.tensor([[0.2], [11.0], [4.9], [29.0]])
    groups = [group.tolist() for group in near_centres(some, line, own, 3.0)]
    assert groups == [[0], [1]]
    assert list(near_centres(some, line, own * 0, 3.0)) == []


def test_with_the_true_foreground_and_centres_far_vectors_are_the_objects() -> None:
    net = fresh("Discriminative")
    net.told = ("centres", "foreground")
    view = scale_all(SCENE, 1.0, net.stride)
    labels = net.targets(view, np.random.default_rng(0))
    vectors = 9.0 * torch.eye(8)[labels.own.clamp(min=0)].permute(2, 0, 1)[None]
    blind = Vectors(vectors, torch.zeros(1, 2, 32, 32), torch.zeros(1, 32, 32))
    pieces = list(net.pieces(blind, SCENE.masks.shape[1:], 1.5, 4, iter([labels])))
    assert len(pieces) == len(SCENE.masks)
    iou = [max((piece.mask & mask).sum() / (piece.mask | mask).sum()
               for piece in pieces) for mask in SCENE.masks]
    assert min(iou) > 0.8                           # the outline is that of places


def test_the_league_hands_the_truth_to_whoever_asks_for_it() -> None:
    net = fresh("Discriminative")
    net.told = ("foreground",)
    (_, found), = figures.answered(net, [SCENE], {"top": 100})
    whole = SCENE.masks.any(0)
    seen = found.masks.any(0)
    assert (seen & whole).sum() / (seen | whole).sum() > 0.9
    with pytest.raises(ValueError, match="truth. holds 0 samples for 1 images"):
        net.detect([SCENE.image])


# Proposals of MNC's boxes

def test_proposals_are_the_masks_of_all_boxes_in_their_order() -> None:
    net = fresh("MNCJoint", categories=KINDS)
    net.mask[-2].bias.data.fill_(99)                # masks are whole boxes
    out = net.see(scale_all(SCENE, 1.0, net.stride).image, "float32")
    boxes, _ = net.rpn.proposals(out.objectness[0], out.code[0],
                                 net.rpn.anchors(out.features), (128, 128), 300)
    net.proposing = True
    found = net.detect([SCENE.image], top=20)[0]
    assert found.categories is None
    assert found.boxes.tolist() == [list(within(box, (128, 128))) for box in boxes[:20]]
    assert found.scores.tolist() == [1 / rank for rank in range(1, 21)]


# The rows

def test_rows_of_kinds_and_other_ways_are_measured_and_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(figures, "LOOKED_AT", 1)
    numbers = ["9", "17"]
    assert main(["league", "claims", "--only", *numbers, "--iterations", "1", "--every",
                 "99", "--seeds", "1", "--out", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    for claim in CLAIMS:
        assert (f"## {claim.number}. " in told) == (str(claim.number) in numbers)
    assert "sigmoid masks/AP - softmax masks/AP, between 0 and inf: " in told
    assert told.count(", not shown") == 3           # one seed shows nothing
