"""MNC's two paths, NMS within classes, mask voting, what it finds, files."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jaxtyping
import numpy as np
import pytest
import torch
from evaluation_cases import random_masks
from slow_evaluation import box_iou_pairs
from torch.nn import functional as F

from ifcn_lab.data.masks import cut_to_boxes, tight_boxes
from ifcn_lab.data.scenes import SceneSet
from ifcn_lab.layers.mask_voting import instances, kept_by_class, vote, voted
from ifcn_lab.layers.nms import nms_pairwise
from ifcn_lab.layers.regions import RoiRule
from ifcn_lab.layers.roi import roi_warp
from ifcn_lab.metrics import Precision, to_coco_results
from ifcn_lab.models.instancefcn import InstanceFCN
from ifcn_lab.models.mnc import MNC
from ifcn_lab.segmenter import Instances, to_tensor
from ifcn_lab.windows import propose

NAMES = {2: "disc", 5: "star"}


PROPOSER = {"k": 2, "m": 5, "backbone": "small"}


def untrained(seed: int = 0, **choices: object) -> MNC:
    torch.manual_seed(seed)
    return MNC(NAMES, PROPOSER, width=16, **choices).eval()


def scores_of(net: MNC, picture: Any, boxes: Any, masks: Any) -> torch.Tensor:
    """The mask-level logits."""
    return net.scores(net(picture[None]).features[0], boxes, masks).mask_level


def inputs(n: int = 3) -> tuple[torch.Tensor, ...]:
    rng = np.random.default_rng(4)
    corners = rng.uniform(0, 30, (n, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(4, 20, (n, 2))], 1)
    masks = rng.random((n, 14, 14)) < 0.6
    return (torch.rand(3, 50, 53), torch.tensor(boxes).float(),
            torch.tensor(masks).float())


# The network


def scores_by_hand(net: MNC, picture: Any, box: Any, mask: Any) -> torch.Tensor:
    """The mask-level logits of one proposal, step by step as MNC describes them."""
    whole = F.pad((picture - net.mean[0]) / net.std[0], (0, 3, 0, 2))[None]
    features = net.backbone(whole)[0]
    roi = roi_warp(features, box[None] / 4, 14)[0]                     # (C, 14, 14)
    seen = []
    for path, read in (net.mask_path, roi * mask), (net.box_path, roi):
        pooled = torch.stack([
            torch.stack([read[:, i : i + 2, j : j + 2].amax((1, 2))
                         for j in range(0, 14, 2)], 1)
            for i in range(0, 14, 2)], 1)                              # (C, 7, 7)
        first = F.linear(pooled.flatten(), path[1].weight, path[1].bias).clamp(min=0)
        seen.append(F.linear(first, path[4].weight, path[4].bias).clamp(min=0))
    level = net.mask_level
    return F.linear(torch.cat(seen), level.weight, level.bias)


@torch.no_grad()
def test_scores_are_those_of_the_two_paths_by_hand() -> None:
    net, (picture, boxes, masks) = untrained(), inputs()
    scores = scores_of(net, picture, boxes, masks)
    expected = [scores_by_hand(net, picture, b, m)
                for b, m in zip(boxes, masks, strict=True)]
    torch.testing.assert_close(scores, torch.stack(expected), rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_the_mask_path_sees_the_mask_and_the_box_path_does_not() -> None:
    net, (picture, boxes, masks) = untrained(), inputs()
    net.mask_level.weight[:, 16:] = 0                      # the mask path alone
    nothing = scores_of(net, picture, boxes, torch.zeros_like(masks))
    assert torch.equal(nothing, scores_of(net, 1 - picture, boxes, 0 * masks))
    assert not torch.equal(nothing, scores_of(net, picture, boxes, masks))
    net = untrained()
    net.mask_level.weight[:, :16] = 0                      # the box path alone
    assert torch.equal(scores_of(net, picture, boxes, masks),
                       scores_of(net, picture, boxes, 0 * masks))


@torch.no_grad()
def test_boxes_are_in_pixels_of_the_given_image_whatever_its_size_inside() -> None:
    """Smooth pictures: enlarged by the model or before it, the scores agree."""
    smooth = F.interpolate(torch.rand(1, 3, 5, 5), (48, 48), mode="bicubic")[0]
    box = np.array([[8, 12, 40, 36]])
    one = Instances((48, 48), box, np.ones(1), (np.ones((24, 32), bool),))
    inside = untrained(sides=(96, 200)).probabilities(smooth, one, "float32")
    large = F.interpolate(smooth[None], (96, 96), mode="bilinear", antialias=True)[0]
    two = Instances((96, 96), 2 * box, np.ones(1), (np.ones((48, 64), bool),))
    before = untrained().probabilities(large, two, "float32")
    np.testing.assert_allclose(inside, before, rtol=1e-5)
    assert untrained(sides=(96, 150)).zoom((48, 100)) == 1.5


def test_a_third_stage_on_a_network_has_a_backbone_and_a_proposer_of_its_own() -> None:
    model = InstanceFCN(3, 7, "small", normalisation="caffe")
    net = MNC.on(model, NAMES, width=8)
    ours, theirs = net.backbone.state_dict(), model.backbone.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert torch.equal(net.mean, model.mean) and torch.equal(net.std, model.std)
    mine = {p.data_ptr() for p in net.parameters()}
    assert not mine & {p.data_ptr() for p in model.parameters()}


@torch.no_grad()
def test_vgg16_gives_features_of_its_stride() -> None:
    net = MNC(NAMES, {"backbone": "vgg16"}, width=8, sides=(64, 100)).eval()
    assert net(torch.rand(1, 3, 64, 80)).features.shape == (1, 512, 8, 10)
    assert (net.stride, net.zoom((40, 50))) == (8, 1.6)


def test_mncs_layers_have_their_sizes() -> None:
    with torch.device("meta"):
        net = MNC({n: str(n) for n in range(1, 21)}, {"backbone": "vgg16"})
    path = 25_088 * 4096 + 4096 + 4096 * 4096 + 4096
    assert sum(p.numel() for p in net.mask_path.parameters()) == path
    assert net.mask_level.weight.shape == net.box_level.weight.shape == (21, 8192)


@torch.no_grad()
def test_a_saved_third_stage_comes_back_with_its_proposer(tmp_path: Path) -> None:
    net = untrained(sides=(64, 100), rule=RoiRule(rois=8))
    again = MNC.load(net.save(tmp_path / "mnc.safetensors"))
    assert again.config == net.config and not again.training
    given = inputs()
    assert torch.equal(scores_of(net, *given), scores_of(again, *given))
    torch.testing.assert_close(net.state_dict(), again.state_dict(), rtol=0, atol=0)


def test_a_file_of_something_else_is_named(tmp_path: Path) -> None:
    ours = untrained().save(tmp_path / "ours.safetensors")
    with pytest.raises(ValueError, match=r"ours\.safetensors holds a MNC, not a Inst"):
        InstanceFCN.load(ours)
    theirs = InstanceFCN(2, 5, "small").save(tmp_path / "theirs.safetensors")
    with pytest.raises(ValueError, match=r"theirs\.safetensors holds a InstanceFCN"):
        MNC.load(theirs)
    with pytest.raises(FileNotFoundError, match=r"none\.safetensors"):
        MNC.load(tmp_path / "none.safetensors")


@pytest.mark.parametrize(("choices", "said"), [
    ({"categories": {}}, "no category to tell apart"),
    ({"bins": 7}, "bins is 7; give an even number"),
    ({"dropout": 1.5}, "between 0 and 1, but got 1.5"),
    ({"proposer": {"backbone": "resnet"}}, "unknown backbone 'resnet'"),
])
def test_choices_that_make_no_network_are_named(choices: dict, said: str) -> None:
    wishes = {"categories": NAMES, "proposer": PROPOSER, "width": 8} | choices
    with pytest.raises(ValueError, match=said):
        MNC(**wishes)


@pytest.mark.parametrize("choices", [{"rois": 0}, {"proposals": 0}, {"mask_iou": 1.5},
                                     {"positive_share": 0.0}])
def test_a_rule_of_regions_that_makes_no_sense_is_refused(choices: dict) -> None:
    name, value = next(iter(choices.items()))
    with pytest.raises(ValueError, match=f"at least 1.*above 0 to 1; .*{name}={value}"):
        RoiRule(**choices)


# NMS within classes, and voting


def scored(seed: int, n: int = 14, classes: int = 3) -> tuple[Any, ...]:
    """Masks in a few heaps, their boxes and crops, and scores for some classes."""
    rng = np.random.default_rng(seed)
    heaps = random_masks(rng, 4)
    heaps = heaps[heaps.any((1, 2))]
    masks = np.zeros((n, *heaps.shape[1:]), bool)
    for mask in masks:
        heap = heaps[rng.integers(len(heaps))]
        mask[:] = np.roll(heap, rng.integers(-3, 4, 2), (0, 1))
        mask &= rng.random(mask.shape) < 0.9
    boxes = tight_boxes(masks)
    return masks, boxes, cut_to_boxes(masks, boxes), rng.random((n, classes))


@pytest.mark.parametrize("seed", range(4))
def test_each_class_has_an_nms_of_its_own(seed: int) -> None:
    _, boxes, _, scores = scored(seed)
    kept = kept_by_class(boxes, scores, 0.3)
    for number in range(3):
        expected = nms_pairwise(boxes, scores[:, number], 0.3)
        assert kept[kept[:, 1] == number, 0].tolist() == expected
    order = scores[kept[:, 0], kept[:, 1]]
    assert (np.diff(order) <= 0).all()
    few = kept_by_class(boxes, scores, 0.3, least=0.5)
    assert (scores[few[:, 0], few[:, 1]] >= 0.5).all() and len(few) < len(kept)


def vote_by_pixels(masks: Any, boxes: Any, scores: Any, i: int, c: int) -> np.ndarray:
    """MNC's mask voting for proposal i and class c, a pixel at a time."""
    near = [j for j in range(len(masks))
            if box_iou_pairs(boxes[[i]], boxes[[j]])[0, 0] >= 0.5]
    weight = [scores[j, c] / sum(scores[k, c] for k in near) for j in near]
    voted_ = np.zeros(masks.shape[1:], bool)
    for y, x in np.ndindex(voted_.shape):
        average = sum(w for w, j in zip(weight, near, strict=True) if masks[j, y, x])
        voted_[y, x] = average >= 0.4
    return voted_


@pytest.mark.parametrize("seed", range(4))
def test_voting_is_a_weighted_average_of_the_neighbours(seed: int) -> None:
    masks, boxes, crops, scores = scored(seed)
    kept = kept_by_class(boxes, scores, 0.3)
    changed = 0
    for (i, c), one in zip(kept.tolist(), voted(boxes, crops, scores, kept),
                           strict=True):
        whole = np.zeros(masks.shape[1:], bool)
        x0, y0, x1, y1 = one.box
        whole[y0:y1, x0:x1] = one.crop
        assert np.array_equal(whole, vote_by_pixels(masks, boxes, scores, i, c))
        assert tuple(tight_boxes(whole[None])[0]) == one.box
        changed += not np.array_equal(whole, masks[i])
    assert changed


def test_who_is_alone_keeps_his_mask_and_nobody_wins_an_even_split_of_three() -> None:
    boxes = np.array([[4, 4, 7, 6]])
    crop = np.array([[True, False, True], [False, True, False]])
    one = vote(boxes, [crop], np.array([0.01]))
    assert one.box == (4, 4, 7, 6) and np.array_equal(one.crop, crop)
    thirds = [np.eye(3, dtype=bool)[[i]] for i in range(3)]
    assert vote(np.array([[4, 4, 7, 6]]), [crop], np.zeros(1)) is None
    boxes = np.array([[0, 0, 3, 1]] * 3)
    assert vote(boxes, thirds, np.ones(3)) is None
    proposals = Instances((4, 4), boxes, np.ones(3), tuple(thirds))
    found = instances(proposals, np.ones((3, 1)), {1: "thing"})
    assert len(found) == 0 and found.masks.shape == (0, 4, 4) and found.rles() == []


# Instances


@pytest.fixture(scope="module")
def found() -> SimpleNamespace:
    """What an untrained third stage makes of a scene."""
    model, scene = InstanceFCN.from_pretrained("scenes"), SceneSet(1)[0]
    net = MNC.on(model, NAMES, width=16, rule=RoiRule(proposals=40)).eval()
    return SimpleNamespace(model=model, net=net, scene=scene,
                           detections=net.detect([scene.image], top=1000)[0])


def test_detections_are_ranked_and_have_masks_boxes_and_known_categories(
    found: SimpleNamespace,
) -> None:
    one = found.detections
    assert len(one) == len(one.masks) == len(one.rles()) > 2
    assert (np.diff(one.scores) <= 0).all() and set(one.categories) == set(NAMES)
    assert np.array_equal(tight_boxes(one.masks), one.boxes)
    some = one.above(float(one.scores[1]))
    assert len(some) == 2 and some.names == NAMES


def test_without_voting_masks_are_proposals(found: SimpleNamespace) -> None:
    plain, = found.net.detect([found.scene.image], top=1000, voting=False)
    image = to_tensor(found.scene.image)
    proposals = propose(found.model, found.scene.image, top=40)
    scores = found.net.probabilities(image, proposals, "float32")
    known = {mask.tobytes(): i for i, mask in enumerate(proposals.masks)}
    for mask, category, score in zip(plain.masks, plain.categories, plain.scores,
                                     strict=True):
        column = sorted(NAMES).index(category)
        assert scores[known[mask.tobytes()], column] == score
    assert np.array_equal(plain.scores, found.detections.scores)


def test_detections_are_what_the_evaluation_takes(found: SimpleNamespace) -> None:
    sample = found.scene._replace(categories=(2,) * len(found.scene.masks))
    precision = Precision(by_category=True)
    precision.add(found.detections, sample)
    assert 0 < precision.result()[0.5] < 1
    written = to_coco_results([found.detections], [sample])
    assert len(written) == len(found.detections)
    assert {one["category_id"] for one in written} == set(NAMES)


def test_grey_pictures_and_fewer_proposals_will_do(found: SimpleNamespace) -> None:
    grey = found.scene.image[..., 0]
    few = MNC.on(found.model, NAMES, width=16, rule=RoiRule(proposals=3)).eval()
    assert 0 < len(few.detect([grey], voting=False)[0]) <= 6
    assert len(found.net.detect([grey], top=2)[0]) == 2


def test_broken_weights_and_pictures_are_errors(found: SimpleNamespace) -> None:
    net = MNC.on(found.model, NAMES, width=8, rule=RoiRule(proposals=5)).eval()
    torch.nn.init.constant_(net.mask_level.bias, float("nan"))
    with pytest.raises(ValueError, match="mask_level hold NaN"):
        net.detect([found.scene.image])
    with pytest.raises(ValueError, match="at least one pixel"):
        net.detect([np.zeros((0, 4, 3), np.uint8)])


def test_a_picture_without_any_proposal_has_no_detection(
    found: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    none = propose(found.model, found.scene.image, top=1).top(0)
    scores = found.net.probabilities(to_tensor(found.scene.image), none, "float32")
    assert scores.shape == (0, 2)
    assert len(instances(none, scores, NAMES)) == 0
