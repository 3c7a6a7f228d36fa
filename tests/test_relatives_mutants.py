"""The bugs that copies of the relatives have, one line each: a test must see each.

A bug is put into the code of the functions that are there, so whoever has imported one
runs it; then the quick tests that should fail are called.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import NamedTuple

import pytest
import test_boxes as boxes
import test_mnc as mnc
import test_relatives as relatives
import test_relatives_losses as losses
import test_relatives_networks as networks
import test_relatives_rules as rules
import test_roi as roi

Fact = Callable[[], None]


class Bug(NamedTuple):
    """A line of a module, what becomes of it, and the test that must fail then."""

    module: str
    old: str
    new: str
    fact: Fact


def every(test: Callable[..., None], *cases: tuple) -> Fact:
    """A test with several cases as one: it fails if any does."""
    def run() -> None:
        for case in cases:
            test(*case)
    return run


def compiled(source: str, path: str) -> dict[str, CodeType]:
    """The code of every function of a source, by its name."""
    found: dict[str, CodeType] = {}

    def gather(code: CodeType) -> None:
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                found[constant.co_qualname] = constant
                gather(constant)

    gather(compile(source, path, "exec", dont_inherit=True))
    return found


def functions(module: ModuleType) -> Iterator[FunctionType]:
    """The functions and methods that the module defines, without their checks."""
    classes = [each for each in vars(module).values()
               if inspect.isclass(each) and each.__module__ == module.__name__]
    for owner in (module, *classes):
        for each in vars(owner).values():
            each = inspect.unwrap(each) if callable(each) else each
            if isinstance(each, FunctionType) and each.__module__ == module.__name__:
                yield each


@contextmanager
def with_bug(bug: Bug) -> Iterator[None]:
    """Run with the piece of code replaced."""
    module = import_module(f"ifcn_lab.{bug.module}")
    source = Path(module.__file__).read_text("utf-8")
    assert bug.old in source, f"{bug.module} has no {bug.old!r} any more"
    right, wrong = (compiled(text, module.__file__)
                    for text in (source, source.replace(bug.old, bug.new, 1)))
    changed = [each for each in functions(module)
               if wrong.get(each.__qualname__) != right.get(each.__qualname__)]
    assert changed, f"{bug.old!r} stands in no function of {bug.module}"
    before = [each.__code__ for each in changed]
    try:
        for each in changed:
            each.__code__ = wrong[each.__qualname__]
        yield
    finally:
        for each, code in zip(changed, before, strict=True):
            each.__code__ = code


BOXES = [
    Bug("layers.boxes", "size = boxes[..., 2:] - boxes[..., :2]",
        "size = boxes[..., 2:] - boxes[..., :2] + 1",
        every(boxes.test_the_code_of_a_box, ((1, 1, 1, 1), [.25, .375, 0, .405465]))),
    Bug("layers.boxes", "b[:, :2])  ", "b[:, :2]) + 1  ",
        boxes.test_which_anchor_learns_what),
    Bug("layers.boxes", ".clamp(max=MOST_GROWTH)", "", boxes.test_growth_is_limited),
    Bug("layers.boxes", "most >= positive", "most > positive",
        boxes.test_which_anchor_learns_what),
    Bug("layers.boxes", "if best and", "if not best and",
        boxes.test_which_anchor_learns_what),
    Bug("layers.boxes", "worst <= iou", "worst < iou",
        boxes.test_an_overlap_of_just_the_threshold_keeps_both),
    Bug("layers.boxes", "triu(diagonal=1)", "triu()",
        boxes.test_a_chain_is_where_fast_nms_differs),
    Bug("layers.anchors", "torch.arange(n) + 0.5", "torch.arange(n)",
        boxes.test_anchors_stand_round_the_middle_of_their_place),
    Bug("layers.anchors", ".flip(-1)[:, None]", "[:, None]",
        boxes.test_anchors_stand_round_the_middle_of_their_place),
    Bug("layers.anchors", "/ ratio ** 0.5", "* ratio ** 0.5",
        boxes.test_anchors_of_py_faster_rcnn),
]

ANCHORS = [
    Bug("layers.rpn", "objectness = self.objectness(seen).permute(0, 2, 3, 1)",
        "objectness = self.objectness(seen)",
        networks.test_logits_and_codes_of_anchors_stand_in_one_order),
    Bug("layers.rpn", "clip_boxes(decode_boxes(code[best], anchors[best]), shape)",
        "decode_boxes(code[best], anchors[best])",
        networks.test_proposals_are_clipped_before_they_are_compared_and_thin_ones_go),
    Bug("layers.rpn", "[:, :2] >= 1)", "[:, :2] >= 0)",
        networks.test_proposals_are_clipped_before_they_are_compared_and_thin_ones_go),
    Bug("layers.rpn", "[: count - len(positive)]", "[:count]",
        losses.test_at_most_half_of_the_drawn_anchors_are_positive),
    Bug("layers.rpn", "beta=SMOOTH_L1_BETA", "beta=1.0",
        losses.test_the_loss_of_anchors_is_the_papers_sum),
    Bug("layers.rpn", "(found == -1)] = -2", "(found == -9)] = -2",
        losses.test_anchors_off_the_picture_and_background_in_a_crowd_say_nothing),
    Bug("layers.rpn", "share * max(len(positive), 1)", "len(nothing)",
        losses.test_yolacts_loss_is_the_papers_sum),
]

ALIGN, POOL, PARTS, WARP = (
    every(roi.test_roi_align, *((key,) for key in roi.ALIGNED)),
    every(roi.test_roi_pool, ((1.5, 1.5, 2.5, 2.5), (22, 23, 32, 33)),
          ((0, 0, 3, 3), (11, 13, 31, 33)), ((0, 0, 2, 2), (11, 12, 21, 22))),
    every(roi.test_position_sensitive_pooling,
          ((0, 0, 2, 2), (5.5, 106.5, 215.5, 316.5)),
          ((0, 0, 4, 4), (11, 112.5, 226, 327.5))),
    every(roi.test_roi_warp_teaches_the_box,
          (False, (8.25, 9.75, 23.25, 24.75), (2, 20, 2, 20)),
          (True, (5.5, 7, 20.5, 22), (3, 30, 1, 10))),
)
REGIONS = [
    Bug("layers.roi", "(start - 0.5, size) if aligned", "(start, size) if aligned",
        ALIGN),
    Bug("layers.roi", "x.clamp(0, n - 1)", "x.clamp(0, n - 2)", ALIGN),
    Bug("layers.roi", "(x >= -1) & (x <= n)", "(x >= 0) & (x <= n - 1)", ALIGN),
    Bug("layers.roi", "(boxes.sign() * (boxes.abs() + 0.5).floor()).long()",
        "boxes.round().long()", POOL),
    Bug("layers.roi", "corners[:, :2]) + 1", "corners[:, :2]) + 0", POOL),
    Bug("layers.roi", "[:, None, None] * k ** 2 + inside",
        "[:, None, None] + classes * inside", PARTS),
    Bug("layers.roi", "edges[:, 1:].ceil().clamp(min=0).minimum(limit)",
        "edges[:, 1:].ceil().clamp(min=0).minimum(limit - 1)", PARTS),
    Bug("layers.roi",
        "whole = boxes.double().sign() * (boxes.double().abs() + 0.5).floor()",
        "whole = boxes.double()", roi.test_position_sensitive_pooling_equals_its_loops),
    Bug("layers.roi", "clamp(min=0.1)", "clamp(min=1)",
        roi.test_position_sensitive_pooling_equals_its_loops),
    Bug("layers.roi", "edges = start[:, None] + steps / bins",
        "edges = start[:, None] + torch.arange(bins + 1)[:, None] / bins "
        "* size[:, None]", roi.test_a_bin_of_whole_places_stays_whole),
    Bug("layers.roi", "height, width = features.shape[1:]",
        "boxes = boxes.round(); height, width = features.shape[1:]", WARP),
    Bug("layers.roi", "share * (past - first)[:, None]", "share * past[:, None]",
        WARP),
    Bug("layers.two_stage", "roi_align(objects.masks, taught.boxes, bins)",
        "roi_align(objects.masks, objects.boxes[taught.object], bins)",
        rules.test_the_regions_own_box_cuts_the_mask),
    Bug("layers.two_stage", "paste_part(part, box, pixels) > threshold",
        "paste_part((part > threshold).float(), box, pixels) > threshold",
        networks.test_a_mask_is_enlarged_before_it_is_cut_and_its_box_is_not_rounded),
    Bug("layers.two_stage", "+ 0.5 - box[0])", "+ 0.5 - box[0].round())",
        networks.test_a_mask_is_enlarged_before_it_is_cut_and_its_box_is_not_rounded),
    Bug("layers.two_stage", "wanted = encode_boxes(objects.boxes[some.object], "
        "some.boxes, BOX_WEIGHTS)",
        "wanted = encode_boxes(objects.boxes[some.object], some.boxes)",
        losses.test_category_and_box_of_regions_are_the_papers_sums),
    Bug("layers.two_stage", "proposals if self.box_gradient else proposals.detach()",
        "proposals.detach()",
        rules.test_masks_teach_the_box_unless_they_are_told_not_to),
    Bug("layers.two_stage", "proposals if self.box_gradient else proposals.detach()",
        "proposals", rules.test_masks_teach_the_box_unless_they_are_told_not_to),
]

TWO_STAGES = [
    Bug("models.mask_rcnn", "of_kind(logits, some.label - 1), wanted",
        "of_kind(logits, some.label * 0), wanted",
        losses.test_mask_rcnn_asks_each_pixel_of_the_true_categorys_mask_only),
    Bug("models.mask_rcnn", "kind).sigmoid()", "kind).sigmoid().sigmoid()",
        networks.test_a_mask_is_a_sigmoid_of_its_own_kind_and_no_other),
    Bug("models.mask_rcnn", "return of_kind(logits, kind).sigmoid()",
        "return of_kind(logits.softmax(1), kind)",
        networks.test_a_mask_is_a_sigmoid_of_its_own_kind_and_no_other),
    Bug("models.mask_scoring", "mask > 0.5, wanted", "mask > 0.62, wanted",
        losses.test_the_iou_head_learns_half_the_squared_error_and_detach_cuts_its_slope),
    Bug("models.mask_scoring", "areas.maximum(wanted.sum((1, 2)) * part)",
        "wanted.sum((1, 2)) * part",
        rules.test_where_a_mask_is_cut_and_how_much_of_the_object_is_seen),
    Bug("models.mask_scoring", "some.boxes, mask), some.label - 1)",
        "some.boxes, mask), some.label * 0)",
        losses.test_the_iou_head_learns_half_the_squared_error_and_detach_cuts_its_slope),
    Bug("models.mask_scoring", "if self.detach", "if not self.detach",
        losses.test_the_iou_head_learns_half_the_squared_error_and_detach_cuts_its_slope),
    Bug("models.mask_scoring", "told.clamp(0, 1)", "(9 * told)",
        networks.test_an_iou_told_above_one_counts_as_one),
    Bug("layers.whole_image", "np.argsort(-scores, kind=\"stable\")",
        "np.arange(len(scores))", rules.test_scoring_changes_the_order_and_no_pixel),
    Bug("models.mnc_joint", "F.max_pool2d(roi_warp(maps, boxes / self.stride, 28), 2)",
        "roi_warp(maps, boxes / self.stride, 14)",
        networks.test_mnc_reads_28_points_and_keeps_the_largest_of_four),
    Bug("models.mnc_joint", ">= self.mask_iou", ">= 0",
        losses.test_mnc_names_a_region_by_its_mask_and_by_its_box),
    Bug("layers.regions", "mask_path(F.max_pool2d(seen * masks, 2))",
        "mask_path(F.max_pool2d(seen, 2))",
        mnc.test_the_mask_path_sees_the_mask_and_the_box_path_does_not),
    Bug("layers.mask_voting", "cut * weights.sum()", "cut * len(weights)",
        rules.test_masks_vote_with_their_scores),
    Bug("layers.mask_voting", "scores[some, number]", "scores[some].sum(1)",
        mnc.test_voting_is_a_weighted_average_of_the_neighbours),
    Bug("models.rfcn", "pooled.mean((2, 3))", "pooled.amax((2, 3))",
        networks.test_rfcn_votes_with_the_mean_of_its_bins),
    Bug("models.rfcn", "pooled.mean((2, 3))", "pooled.softmax(1).mean((2, 3))",
        networks.test_rfcn_votes_with_the_mean_of_its_bins),
    Bug("models.rfcn", "Read(vote[:, :-4], vote[:, -4:])",
        "Read(vote[:, 4:], vote[:, :4])",
        networks.test_rfcn_votes_with_the_mean_of_its_bins),
    Bug("models.fcis", "self.own_pairs(maps, boxes, kind + 1).softmax(1)[:, INSIDE]",
        "self.assembled(maps, boxes).softmax(1)[range(len(kind)), kind + 1, INSIDE]",
        rules.test_softmax_sees_the_difference_and_max_sees_the_level),
    Bug("models.fcis", ".softmax(1)[:, INSIDE]", ".softmax(1)[:, OUTSIDE]",
        rules.test_softmax_sees_the_difference_and_max_sees_the_level),
    Bug("models.fcis", "pairs.amax(2)", "pairs.mean(2)",
        rules.test_softmax_sees_the_difference_and_max_sees_the_level),
    Bug("models.fcis", "pairs.amax(2)", "pairs[:, 1:].amax(2)",
        rules.test_softmax_sees_the_difference_and_max_sees_the_level),
    Bug("models.fcis", "(wanted, INSIDE, OUTSIDE)", "(wanted, OUTSIDE, INSIDE)",
        losses.test_fcis_is_a_softmax_over_the_true_pair),
    Bug("models.fcis", "some.boxes, some.label)", "some.boxes, some.label - 1)",
        losses.test_fcis_is_a_softmax_over_the_true_pair),
    Bug("models.fcis", "side.numel()", "len(side)",
        losses.test_fcis_is_a_softmax_over_the_true_pair),
]

CROPS = every(rules.test_the_crop_leaves_one_place_round_the_box,
              (4, (.25, .75), [0, 1, 2, 3]), (8, (.3, .6), [2, 3, 4, 5]))
PROTOTYPES = [
    Bug("models.yolact", "(x < x1 + 1)", "(x < x1)", CROPS),
    Bug("models.yolact", "(x >= (x0 - 1).clamp(min=0))", "(x >= x0.round())", CROPS),
    Bug("models.yolact", "mix.tanh()", "mix",
        networks.test_prototypes_add_and_coefficients_may_subtract),
    Bug("models.yolact", "mix.tanh()", "mix.relu()",
        networks.test_prototypes_add_and_coefficients_may_subtract),
    Bug("models.yolact", "F.relu(self.prototypes(drawn))", "self.prototypes(drawn)",
        networks.test_prototypes_add_and_coefficients_may_subtract),
    Bug("models.yolact", "box_area(boxes).clamp(min=1)",
        "wanted.sum((1, 2)).clamp(min=1)", losses.test_yolacts_loss_is_the_papers_sum),
    Bug("models.yolact", "/ box_area(boxes).clamp(min=1)", "",
        losses.test_yolacts_loss_is_the_papers_sum),
    Bug("models.yolact", "F.avg_pool2d(objects.masks[:, None], PROTOTYPE_STRIDE)[:, 0]",
        "objects.masks[:, ::4, ::4]", losses.test_yolacts_loss_is_the_papers_sum),
    Bug("models.yolact", "torch.where(inside, loss, LOST * wanted)", "loss",
        rules.test_the_mask_loss_and_what_a_tight_crop_costs),
    Bug("models.yolact", "> threshold).cpu()", ">= threshold).cpu()",
        networks.test_prototypes_that_say_nothing_draw_nothing),
    Bug("models.yolact", "self.judge(masks[:, None])",
        "self.judge((masks > threshold).float()[:, None])",
        networks.test_a_score_is_multiplied_by_the_iou_told_from_the_soft_cropped_mask),
    Bug("models.yolact", "mask = logits.sigmoid() * inside", "mask = logits.sigmoid()",
        losses.test_yolact_judges_the_soft_cropped_mask_by_its_iou_with_the_whole),
    Bug("models.yolact", "nn.Conv2d(32, kinds, 1), nn.AdaptiveMaxPool2d(1)",
        "nn.Conv2d(32, kinds, 1), nn.ReLU(), nn.AdaptiveMaxPool2d(1)",
        networks.test_an_iou_told_may_be_below_nothing_so_that_it_can_learn),
    Bug("layers.flow", "x + flow[:, 0] + 0.5", "x + flow[:, 0] / w + 0.5",
        rules.test_a_key_frames_features_move_with_the_picture),
    Bug("layers.flow", "x + flow[:, 0] + 0.5", "x - flow[:, 0] + 0.5",
        rules.test_a_key_frames_features_move_with_the_picture),
]

DISCRIMINATIVE = rules.test_the_discriminative_loss_equals_its_sums
ALIKE = rules.test_pairs_weigh_by_the_size_of_their_objects
VECTORS = [
    Bug("models.discriminative", "(2 * push - ", "(push - ", DISCRIMINATIVE),
    Bug("models.discriminative", "(away - pull).clamp(min=0).square()",
        "(away - pull).clamp(min=0)", DISCRIMINATIVE),
    Bug("models.discriminative", "near.sum() / count",
        "(near * sizes[number - 1]).mean()", DISCRIMINATIVE),
    Bug("models.discriminative", "some = own > NOTHING", "some = own >= NOTHING",
        DISCRIMINATIVE),
    Bug("models.discriminative", "apart.triu(1).sum() * 2", "apart.sum()",
        DISCRIMINATIVE),
    Bug("models.discriminative", "torch.where(square > 0, square, 1).sqrt()",
        "square.sqrt()", rules.test_gradients_of_the_losses_of_vectors),
    Bug("models.discriminative", "Vectors(self.vectors(seen)",
        "Vectors(self.vectors(seen).relu()", networks.test_vectors_may_point_anywhere),
    Bug("layers.embedding", "bandwidth ** 2) & free", "bandwidth ** 2)",
        networks.test_every_vector_is_of_one_group),
    Bug("models.metric_learning", "+ eps)", ")", ALIKE),
    Bug("models.metric_learning", "(vectors[i] - vectors[j]).square().sum(1)",
        "(vectors[i] - vectors[j]).norm(dim=1)", ALIKE),
    Bug("models.metric_learning", "1 / (sizes[number[i]] * sizes[number[j]])",
        "torch.ones_like(square)", ALIKE),
    Bug("models.metric_learning", "alpha * (far + 1e-12).log()", "0",
        networks.test_a_second_seed_is_far_from_the_first_and_never_the_same),
    Bug("models.metric_learning", "_euclid_dist\").square()", "_euclid_dist\")",
        networks.test_a_second_seed_is_far_from_the_first_and_never_the_same),
]

OTHERS = [
    Bug("layers.whole_image", "align_corners=False", "align_corners=True",
        networks.test_class_maps_are_enlarged_as_a_deconvolution_would),
    Bug("models.fcn", "t.label != IGNORED", "t.label != 99",
        every(losses.test_a_softmax_for_every_place_that_says_something, ("FCN",))),
    Bug("models.sgn", "label[near[:, 2:] != own] = END",
        "label[near[:, 2:] == NOTHING] = END",
        rules.test_runs_are_read_the_same_from_both_ends),
    Bug("models.sgn", "goes_on = there[:, 1:] & there[:, :-1] & ", "goes_on = ",
        networks.test_no_run_goes_on_across_background),
    Bug("models.sgn", "np.divmod(pair[mean < 0.5], count)",
        "np.divmod(upper[cut < 0.5] * count + lower[cut < 0.5], count)",
        networks.test_one_place_that_says_otherwise_does_not_join_two_runs),
    Bug("models.sharpmask", "mode=\"nearest\"", "mode=\"bilinear\"",
        networks.test_a_window_is_refined_from_its_own_laterals),
    Bug("models.sharpmask", "(m // 2, m) * 2", "(m // 2 + 1, m) * 2",
        networks.test_a_window_is_refined_from_its_own_laterals),
    Bug("models.sharpmask", "trunk.requires_grad_(False)", "trunk.requires_grad_(True)",
        relatives.test_sharpmask_trains_its_refinement_and_nothing_else),
]
BUGS = [*BOXES, *ANCHORS, *REGIONS, *TWO_STAGES, *PROTOTYPES, *VECTORS, *OTHERS]


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: f"{bug.module}: {bug.new}")
def test_the_bug_is_seen(bug: Bug) -> None:
    with with_bug(bug), pytest.raises(Exception):  # noqa: B017  (a crash is seen too)
        bug.fact()
