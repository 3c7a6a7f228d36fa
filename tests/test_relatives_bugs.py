"""More bugs that copies of the relatives have, and the facts that see them.

`test_relatives_mutants.py` holds the others and says how a bug is put in.
"""

from __future__ import annotations

import numpy as np
import pytest
import test_claims as claims
import test_deepmask as deepmask
import test_fpn as fpn
import test_proposals_slow_twin as slow_twin
import test_relatives_losses as losses
import test_targets as targets
import torch
from relatives_cases import four_regions, seeded, two_objects
from test_relatives_losses import close, softmax_loss, two_stage
from test_relatives_mutants import Bug, every, with_bug
from test_relatives_networks import fresh

from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.layers.embedding import PlaceLabels, draw_places
from ifcn_lab.models.deepmask import DeepMask
from ifcn_lab.models.mask_scoring import MaskScoringRCNN
from ifcn_lab.models.metric_learning import Alike, likeness, square_distance
from ifcn_lab.models.sgn import join_runs
from ifcn_lab.models.yolact import Prototypes
from ifcn_lab.views import scale_all
from ifcn_lab.windows.candidates import Level, best_windows

KINDS = {1: "a", 2: "b"}


# DeepMask

def test_only_windows_on_an_object_have_a_mask_to_learn() -> None:
    net, view = DeepMask(m=21, backbone="light"), scale_all(SceneSet(1)[0], 1.0, 4)
    taught = net.targets(view, np.random.default_rng(0))
    positives = int(taught.label.sum())
    assert 0 < positives < len(taught.label) and len(taught.target) == positives


def test_the_best_window_is_that_of_the_highest_score() -> None:
    objectness = torch.zeros(4, 7)
    objectness[2, 5], objectness[1, 6] = 3.0, 2.0
    windows, _ = best_windows([Level(torch.zeros(9, 4, 7), objectness, (4.0, 4.0))], 2)
    assert windows.tolist() == [[0, 2, 5], [0, 1, 6]]


# Mask Scoring R-CNN, YOLACT++

def test_the_score_of_a_kind_is_multiplied_by_the_iou_told_for_it() -> None:
    net = fresh("MaskScoringRCNN", categories=KINDS)
    net.iou_head[-1].bias.data = torch.tensor([.2, .7])
    net.iou_head[-1].weight.data.zero_()
    maps, boxes = torch.rand(64, 9, 9), torch.tensor([[3.0, 2, 30, 29]] * 2)
    with torch.inference_mode():
        found = net.rescored(maps, boxes, torch.tensor([1, 0]), torch.rand(2, 28, 28),
                             np.array([.5, .5]))
    assert found.tolist() == pytest.approx([.35, .1])


def test_an_empty_mask_teaches_that_its_iou_is_nothing() -> None:
    net, taught, objects = two_stage(MaskScoringRCNN), four_regions(), two_objects()
    net.mask_head[-1].bias.data.fill_(-99)
    maps, some = seeded(64, 8, 8), taught.positive()
    mask = net.masks(maps, some.boxes, some.label - 1)
    told = net.iou(maps, some.boxes, mask)[torch.arange(3), some.label - 1]
    loss, count = net.mask_losses(maps, taught, objects)["iou"]
    assert not (mask > .5).any() and count == 3
    close(loss.detach(), sum(one ** 2 / 2 for one in told.tolist()))


def test_a_mask_of_a_kind_is_judged_as_that_kind() -> None:
    net = fresh("YOLACT", k=3, sides=[12], rescore=True, categories=KINDS)
    net.judge[-3].weight.data.zero_()
    net.judge[-3].bias.data = torch.tensor([.2, .7])
    category = torch.zeros(1, 48, 3)
    category[..., 0] = 99
    category[0, 16], category[0, 40] = torch.tensor([[0., 99, 0], [0, 0, 99]])
    out = Prototypes(torch.ones(1, 3, 8, 8), category, torch.zeros(1, 48, 4),
                     torch.ones(1, 48, 3))
    pieces = net.pieces(out, (32, 32), .5, .05, .5)
    assert [(each.kind, round(each.score, 4)) for each in pieces] == [(0, .2), (1, .7)]


# MNC

def test_a_bin_is_in_the_taught_mask_from_four_tenths_on() -> None:
    net, objects = two_stage(losses.MNCJoint, m=2), two_objects()
    objects.masks[:] = 0
    objects.masks[0, 8:16, 8:16] = .45              # 45 of 100 of every bin
    objects.masks[1] = .35
    taught = four_regions()._replace(
        boxes=torch.tensor([[8.0, 8, 16, 16]] * 4).double(),
        label=torch.tensor([1, 1, 0, 0]))
    loss, count = net.region_losses(seeded(16, 8, 8), taught, objects)["mask"]
    logits = net.stages(seeded(16, 8, 8), taught.boxes)[0][:2]
    wanted = torch.tensor([1., 0]).double()[:, None, None].expand(2, 2, 2)
    cost = torch.nn.functional.softplus(logits) - logits * wanted
    close(loss.detach(), cost.sum().item())
    assert count == 8


# Metric learning

def test_every_tau_has_a_softmax_of_its_own() -> None:
    net = fresh("MetricLearning", categories=KINDS, drawn=2, taus=[.3, .8])
    own = torch.tensor([[1, 1, 2], [0, 2, -1]])
    kind = torch.tensor([[2, 2, 1], [0, 1, -1]])
    out = Alike(seeded(1, 4, 2, 3), seeded(1, 2, 3, 2, 3, seed=1))
    labels = PlaceLabels(own, kind, torch.tensor(5))
    loss, count = net.losses(out, [labels])["seeds"]
    some = draw_places(own.flatten(), 2, 5)
    vectors = out.vectors[0].flatten(1).T.detach()
    near = likeness(square_distance(vectors[some], vectors))
    wanted = net.grown_kinds(near, own.flatten(), kind.flatten(), some)
    logits = out.seeds[0].flatten(2)                               # (T, C + 1, N)
    close(loss.detach(), sum(
        softmax_loss(logits[t, :, int(n)].tolist(), int(wanted[s, t]))
        for s, n in enumerate(some) for t in range(2)))
    assert count == 2 * len(some)


def test_a_seed_is_as_good_as_its_best_tau_says_by_itself() -> None:
    net = fresh("MetricLearning", taus=[.3, .8])
    seeds = torch.zeros(1, 2, 2, 1, 1)
    seeds[0, 0, 1], seeds[0, 1, 1] = 1.0, 3.0
    out = Alike(torch.zeros(1, 64, 1, 1), seeds)
    piece, = net.pieces(out, (4, 4), 1, .2)
    assert piece.score == pytest.approx(1 / (1 + np.exp(-3)))


# After SGN

def test_the_corner_that_grouping_begins_in_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        there, right, below = (rng.random(shape) for shape in ((6, 7), (6, 6), (5, 7)))
        there = there < .8
        once = join_runs(there, right, below)
        turned = join_runs(there[::-1, ::-1], right[::-1, ::-1], below[::-1, ::-1])
        pairs = {*zip(once.flat, turned[::-1, ::-1].flat, strict=True)}
        assert len(pairs) == len({*once.flat}) == len({*turned.flat})


BUGS = [
    Bug("models.deepmask", "self.spread(self.squeezed(features))",
        "self.spread(torch.relu(self.squeezed(features)))",
        every(deepmask.test_the_head_computes_two_linear_layers_of_the_window, (7, 5))),
    Bug("windows.labels", "(distance < rule.negative_center)",
        "(distance < rule.center_tolerance)",
        every(targets.test_positives_reach_12_pixels_and_negatives_begin_at_24,
              (0, 23.9, -1))),
    Bug("windows.labels", "stride * (np.arange(length) - m // 2 + m / 2)",
        "stride * np.arange(length)",
        targets.test_the_window_of_21_cells_at_stride_8_is_168_pixels_round_its_cell),
    Bug("windows.model", "(0 if self.negative_masks else 1)", "0",
        test_only_windows_on_an_object_have_a_mask_to_learn),
    Bug("windows.candidates", "places - np.append(0, past)[of], widths[of])",
        "places - np.append(0, past)[of] + 1, widths[of])",
        test_the_best_window_is_that_of_the_highest_score),
    Bug("windows.candidates", "[zoomed.left[x], zoomed.top[y]]",
        "[zoomed.left[y], zoomed.top[x]]",
        every(slow_twin.test_scenes_give_what_whole_masks_one_at_a_time_give, (0,))),
    Bug("models.mask_scoring", "of_kind(self.iou(maps, boxes, parts), kind)",
        "of_kind(self.iou(maps, boxes, parts), kind * 0)",
        test_the_score_of_a_kind_is_multiplied_by_the_iou_told_for_it),
    Bug("models.mask_scoring", "(told - true).square().sum()",
        "((told - true) * (true > 0)).square().sum()",
        test_an_empty_mask_teaches_that_its_iou_is_nothing),
    Bug("models.yolact", "self.judge(masks[:, None])[:, kind]",
        "self.judge(masks[:, None])[:, 0]",
        test_a_mask_of_a_kind_is_judged_as_that_kind),
    Bug("models.mnc_joint", "self.m, 0.4)", "self.m)",
        test_a_bin_is_in_the_taught_mask_from_four_tenths_on),
    Bug("models.metric_learning", "F.cross_entropy(logits, wanted, reduction=\"sum\")",
        "F.nll_loss(logits.flatten(1).log_softmax(1).view_as(logits), wanted, "
        "reduction=\"sum\")", test_every_tau_has_a_softmax_of_its_own),
    Bug("models.metric_learning", "out.seeds[0].softmax(1)[:, 1:]",
        "out.seeds[0].flatten(0, 1).softmax(0).view_as(out.seeds[0])[:, 1:]",
        test_a_seed_is_as_good_as_its_best_tau_says_by_itself),
    Bug("models.sgn",
        "mean = np.bincount(which, cut, len(pair)) / np.bincount(which, minlength="
        "len(pair))", "mean = np.zeros(len(pair)); mean[which] = cut",
        test_the_corner_that_grouping_begins_in_does_not_matter),
    # options that the papers' claims ask for, and the pyramid
    Bug("models.mask_rcnn", "of_kind(logits.softmax(1), kind + 1)",
        "of_kind(logits.softmax(1), kind)",
        claims.test_by_softmax_categories_and_background_share_a_pixel),
    Bug("models.mask_rcnn", "wanted * some.label[:, None, None]",
        "wanted.long()",
        claims.test_the_softmaxs_loss_names_the_category_or_the_background),
    Bug("models.fcis", "pairs[:, :, OUTSIDE]", "pairs[:, :, INSIDE]",
        claims.test_separate_maps_draw_with_one_and_name_with_the_other),
    Bug("models.fcis", "pair if self.joint else pair *", "pair if True else pair *",
        claims.test_separate_maps_draw_with_one_and_name_with_the_other),
    Bug("models.discriminative", "away[:, number] < bandwidth", "away[:, number] < 99",
        claims.test_places_go_with_the_nearest_centre_within_reach),
    Bug("models.mnc_joint", "1 / (1 - found.scores)", "1 / (2 - found.scores)",
        claims.test_proposals_are_the_masks_of_all_boxes_in_their_order),
    Bug("layers.fpn", ".log2()", ".log()",
        every(fpn.test_the_papers_level_of_a_box, (1000, 6))),
    Bug("layers.fpn", ".floor()", ".round()",
        every(fpn.test_the_papers_level_of_a_box, (223, 3))),
    Bug("layers.fpn", "[torch.cat(order).argsort()]", "",
        fpn.test_a_box_is_read_from_its_own_level_and_stands_in_its_own_place),
    Bug("layers.fpn", "boxes[some] / (self.stride << n)", "boxes[some] / self.stride",
        fpn.test_a_box_is_read_from_its_own_level_and_stands_in_its_own_place),
    Bug("layers.fpn", "sums[-1], scale_factor=2",
        "sums[-1], scale_factor=2, mode=\"bilinear\"",
        fpn.test_levels_are_the_papers_sums_by_loops),
    Bug("layers.rpn", "self.sizes[n::self.levels]", "self.sizes[:len(self.sizes) // "
        "self.levels]", every(fpn.test_every_level_has_the_anchors_of_one_side,
                              ("light", (4, 8, 16)))),
]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: f"{bug.module}: {bug.new}")
def test_the_bug_is_seen(bug: Bug) -> None:
    with with_bug(bug), pytest.raises(Exception):  # noqa: B017  (a crash is seen too)
        bug.fact()
