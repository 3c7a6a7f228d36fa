"""What the relatives' networks do with what they see, apart from what they learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from relatives_cases import seeded
from torch import Tensor, nn
from torch.nn import functional as F

from ifcn_lab.layers.embedding import mean_shift
from ifcn_lab.layers.roi import ps_roi_pool, roi_warp
from ifcn_lab.layers.rpn import RPN
from ifcn_lab.layers.two_stage import paste_part
from ifcn_lab.models import model_class
from ifcn_lab.models.deepmask import DeepMask
from ifcn_lab.models.metric_learning import choose_seeds, square_distance
from ifcn_lab.models.sgn import group_runs, join_crumbs
from ifcn_lab.models.sharpmask import SharpMask
from ifcn_lab.models.yolact import YOLACT, Prototypes, crop


class Given(nn.Module):
    """A backbone that sees what it was given."""

    def __init__(self, maps: Tensor) -> None:
        super().__init__()
        self.maps = maps

    def forward(self, images: Tensor) -> Tensor:
        return self.maps


def fresh(name: str, **options: object) -> nn.Module:
    torch.manual_seed(0)
    return model_class(name)("small", **options).eval()


def test_class_maps_are_enlarged_as_a_deconvolution_would() -> None:
    net, maps = fresh("FCN"), torch.randn(1, 2, 5, 6)
    net.backbone, net.classify = Given(maps), nn.Identity()
    line = torch.tensor([.125, .375, .625, .875, .875, .625, .375, .125])
    kernel = (line[:, None] * line).expand(2, 1, 8, 8)
    wanted = F.conv_transpose2d(maps, kernel, stride=4, padding=2, groups=2)
    found = net(torch.zeros(1, 3, 20, 24)).logits
    torch.testing.assert_close(found[..., 2:-2, 2:-2], wanted[..., 2:-2, 2:-2])


# RPN

def test_logits_and_codes_of_anchors_stand_in_one_order() -> None:
    torch.manual_seed(0)
    rpn, features = RPN(4, 8, [(8., 8.), (16., 8.)]).eval(), torch.randn(1, 4, 3, 5)
    out, seen = rpn(features), rpn.look(features)
    logits, code = rpn.objectness(seen)[0], rpn.code(seen)[0]
    anchors = rpn.anchors(features)
    for y, x, a in np.ndindex(3, 5, 2):
        index = (y * 5 + x) * 2 + a
        assert out.objectness[0, index] == logits[a, y, x]
        assert out.code[0, index].tolist() == code[4 * a:4 * a + 4, y, x].tolist()
        w = 8 * (a + 1)
        assert anchors[index].tolist() == [
            8 * x + 4 - w / 2, 8 * y, 8 * x + 4 + w / 2, 8 * y + 8]


def test_proposals_are_clipped_before_they_are_compared_and_thin_ones_go() -> None:
    anchors = torch.tensor([[0.0, 0, 8, 8], [-20, 0, 8, 8], [7.5, 0, 20, 8],
                            [0, 4, 8, 9]])
    rpn = RPN(4, 4, [(8.0, 8.0)])
    boxes, scores = rpn.proposals(torch.tensor([4.0, 3, 2, 1]), torch.zeros(4, 4),
                                  anchors, (8, 8), 9)
    assert boxes.tolist() == [[0, 0, 8, 8], [0, 4, 8, 8]]
    torch.testing.assert_close(scores, torch.tensor([4.0, 1]).sigmoid())


# Regions

def test_rfcn_votes_with_the_mean_of_its_bins() -> None:
    net, maps = fresh("RFCN", categories={1: "a", 2: "b"}, k=2), seeded(28, 8, 8)
    boxes = torch.tensor([[3.0, 2, 20, 29], [8, 8, 24, 24]]).double()
    read = net.read(maps, boxes)
    pooled = ps_roi_pool(maps, boxes, 2, stride=4).detach()        # (2, 7, 2, 2)
    for n, c in np.ndindex(2, 7):
        vote = sum(pooled[n, c].flatten().tolist()) / 4
        told = read.category[n, c] if c < 3 else read.code[n, c - 3]
        assert told.item() == pytest.approx(vote)


def test_mnc_reads_28_points_and_keeps_the_largest_of_four() -> None:
    net, maps = fresh("MNCJoint"), seeded(16, 9, 9)
    box = torch.tensor([[3.0, 2, 30, 29]]).double()
    points = roi_warp(maps, box / 4, 28)[0]                        # (16, 28, 28)
    wanted = torch.stack([points[:, i::2, j::2] for i in (0, 1) for j in (0, 1)])
    torch.testing.assert_close(net.warped(maps, box)[0], wanted.amax(0))


def test_a_mask_is_a_sigmoid_of_its_own_kind_and_no_other() -> None:
    net = fresh("MaskRCNN", categories={1: "a", 2: "b"})
    maps, boxes = torch.randn(64, 9, 9), torch.tensor([[3.0, 2, 30, 29]] * 2)
    logits = net.mask_logits(maps, boxes)
    found = net.masks(maps, boxes, torch.tensor([1, 0]))
    wanted = 1 / (1 + torch.exp(-logits[[0, 1], [1, 0]]))
    torch.testing.assert_close(found, wanted)


def test_a_mask_is_enlarged_before_it_is_cut_and_its_box_is_not_rounded() -> None:
    part, box = torch.tensor([[0.0, 0.9], [0.0, 0.9]]), torch.tensor([1.4, 0, 5.4, 2])
    wanted = np.interp(np.arange(1, 6) + .5, [2.4, 4.4], [0, .9])
    np.testing.assert_allclose(paste_part(part, box, (1, 0, 6, 2))[0], wanted, 1e-5)
    net, one = fresh("MaskRCNN"), np.ones(1)
    found = net.pasted(part[None], box[None], torch.tensor([0]), one, (2, 6), .52)
    assert found.boxes.tolist() == [[4, 0, 5, 2]]


def test_an_iou_told_above_one_counts_as_one() -> None:
    net, kind = fresh("MaskScoringRCNN"), torch.tensor([0])
    net.iou_head[-1].bias.data.fill_(9)
    maps, box = torch.rand(64, 9, 9), torch.tensor([[3.0, 2, 30, 29]])
    with torch.inference_mode():
        found = net.rescored(maps, box, kind, torch.rand(1, 28, 28), np.array([.7]))
    assert found.tolist() == [.7]


# YOLACT

def yolact(**options: object) -> YOLACT:
    return fresh("YOLACT", k=3, sides=[12], **options)


def test_prototypes_add_and_coefficients_may_subtract() -> None:
    net = yolact()
    net.mix.bias.data = torch.linspace(-9, 9, 9)
    net.prototypes.bias.data[0] = -9
    out = net(torch.rand(1, 3, 32, 32))
    assert out.prototypes.min() == 0
    assert -1 <= out.mix.min() < -.9 and .9 < out.mix.max() <= 1


def answer(prototypes: Tensor, **options: object) -> tuple[YOLACT, Prototypes, list]:
    """The pieces of one sure anchor of an image of 32 x 32."""
    net = yolact(**options)
    category = torch.zeros(1, 48, 2)
    category[..., 0] = 9
    category[0, 16] = torch.tensor([-9.0, 9])
    out = Prototypes(prototypes, category, torch.zeros(1, 48, 4), torch.ones(1, 48, 3))
    return net, out, list(net.pieces(out, (32, 32), .5, .05, .5))


def test_prototypes_that_say_nothing_draw_nothing() -> None:
    *_, (piece,) = answer(torch.zeros(1, 3, 8, 8))
    assert not piece.mask.any()


def test_a_score_is_multiplied_by_the_iou_told_from_the_soft_cropped_mask() -> None:
    prototypes = torch.randn(1, 3, 8, 8).relu() * .3
    net, out, (piece,) = answer(prototypes, rescore=True)
    soft = prototypes[0].sum(0).sigmoid() * crop(net.anchors(out)[16:17] / 4, (8, 8))
    told = net.judge(soft[None]).clamp(0, 1).item()
    category = out.category[0, 16].softmax(0)[1].item()
    assert piece.score == pytest.approx(category * told) and 0 < told < 1


def test_an_iou_told_may_be_below_nothing_so_that_it_can_learn() -> None:
    net = yolact(rescore=True)
    net.judge[-3].bias.data.fill_(-9)
    assert net.judge(torch.rand(2, 1, 8, 8)).max() < 0


# Embeddings

def test_vectors_may_point_anywhere() -> None:
    for name in ("Discriminative", "MetricLearning"):
        assert fresh(name)(torch.rand(1, 3, 32, 32)).vectors.min() < 0


def test_every_vector_is_of_one_group() -> None:
    line = torch.linspace(0, 6, 25)[:, None]
    for seed in range(5):
        groups = mean_shift(line, 1.0, rng=torch.Generator().manual_seed(seed))
        assert torch.cat(list(groups)).sort().values.tolist() == list(range(25))


def test_a_second_seed_is_far_from_the_first_and_never_the_same() -> None:
    score, line = torch.tensor([.9, .8, .5]), torch.tensor([[0.], [.1], [3.]])
    assert list(choose_seeds(score, line, 3, alpha=0.5)) == [0, 2, 1]
    torch.testing.assert_close(square_distance(line, line), (line - line.T) ** 2)
    many = torch.randn(50, 64)
    assert square_distance(many, many).diagonal().eq(0).all()


# After SGN

def test_no_run_goes_on_across_background() -> None:
    there = np.array([[True, False, True], [True, False, True]])
    found = group_runs(there, np.zeros((2, 2)), np.zeros((1, 3)), "rows")
    assert found.tolist() == [[1, 0, 2], [1, 0, 2]]


def test_one_place_that_says_otherwise_does_not_join_two_runs() -> None:
    there, below = np.ones((2, 5), bool), np.array([[.9, .9, .1, .9, .9]])
    found = group_runs(there, np.zeros((2, 4)), below, "rows")
    assert found.tolist() == [[1] * 5, [2] * 5]


def test_a_crumb_joins_what_it_touches_most_and_grows_with_what_joins_it() -> None:
    own = np.array([[1, 1, 1, 2, 3, 3], [1, 1, 1, 2, 3, 3], [1, 1, 4, 4, 4, 3]])
    assert join_crumbs(own, 3).tolist() == [[1, 1, 1, 1, 3, 3], [1, 1, 1, 1, 3, 3],
                                            [1, 1, 4, 4, 4, 3]]
    assert join_crumbs(np.array([[1, 1, 2, 2]]), 3).tolist() == [[2, 2, 2, 2]]


# SharpMask

def test_a_window_is_refined_from_its_own_laterals() -> None:
    torch.manual_seed(0)
    trunk = DeepMask(m=8, backbone="small")
    net, (y, x) = SharpMask(trunk, steps=1, channels=4).eval(), (7, 6)
    maps = net(torch.rand(1, 3, 64, 64)).maps[0]
    mask = net.encode(maps[:trunk.rank, y, x]).view(1, 4, 4, 4)
    first, last = maps[trunk.rank:, y - 4:y + 4, x - 4:x + 4][None].split([4, 2], 1)
    first = first.unflatten(2, (4, 2)).unflatten(4, (4, 2)).mean((3, 5))
    mask = net.refine[0](torch.cat([first, mask.relu()], 1)).relu()
    mask = mask.repeat_interleave(2, 2).repeat_interleave(2, 3)
    wanted = net.refine[1](torch.cat([last, mask], 1))[:, 0]
    torch.testing.assert_close(net.windows(maps, torch.tensor([[y, x]])), wanted)
